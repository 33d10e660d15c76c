"""The networks of the study: which ones are trained, on which lines, for how long."""

from __future__ import annotations

from collections.abc import Iterable

from ....learners._neural.recipe import read_recipe
from ....learners._neural.train import Run
from ....simulator._tasks.find import find_task
from ..._emergence.training import Training
from ..parts import Part

NETWORK, WIDTH, PARAMETERS = "transformer:width=48,layers=2,heads=4,rate=0.002,decay=0.1,batch=64", 48, 56_688
STEPS, PER_DECADE, EXAM = 2000, 20, 1000
FEW, MANY = 500, 2000  # lines at which something is claimed
LINES = (350, 500, 600, 700, 1000, 1400, 2000)
SEEDS, FEW_SEEDS = 4, 2  # four locate a half-point; with steps written out a network costs three to ten times as much
FORMATS = {
    "plain": ((*LINES, 2800, 4000), SEEDS),
    "reverse": (LINES, SEEDS),
    "simplified": ((250, 500, 1000), FEW_SEEDS),
    "detailed": ((125, 250), FEW_SEEDS),
}
SHORT, LONG = 3, 4  # digits of the lines learned, and of those that are asked beyond them
EXCLUDED = 100  # of 1000 numbers
MIXED, SHARE = 4000, 0.5  # rows of two lines, and the share of them that is text


def parts(seed: int, quick: bool) -> dict[str, Part]:
    """Return the parts of the study by their names; the seeds of the runs count up from ``seed``.

    A part for each format has sets of several lengths; ``longer`` is asked for lines of four digits, ``excluded`` for
    numbers that no line has, ``text`` and ``alone`` have rows of two lines with and without text among them.
    """
    if quick:
        made = [_format(name, (FEW, MANY), range(seed, seed + 1)) for name in ("plain", "reverse")]
    else:
        few = range(seed, seed + FEW_SEEDS)
        made = [_format(name, lines, range(seed, seed + count)) for name, (lines, count) in FORMATS.items()]
        two_lines = "addition:format=reverse,asked=line,lines=2,text={}"
        made[2:2] = [
            _part("longer", f"addition:format=reverse,held_out={LONG}", [MANY], few),
            _part("excluded", f"addition:format=reverse,excluded={EXCLUDED}", [MANY], few),
            _kept(_part("text", two_lines.format(SHARE), [MIXED], few)),
            _kept(_part("alone", two_lines.format(0), [MIXED], few)),
        ]
    return {part.name: part for part in made}


def _format(name: str, lines: Iterable[int], seeds: range) -> Part:
    return _part(name, f"addition:digits={SHORT},format={name}", lines, seeds)


def _part(name: str, task: str, lines: Iterable[int], seeds: range) -> Part:
    """Return the networks of each number of lines and seed."""
    process = find_task(task)
    recipe = read_recipe(NETWORK, process)
    runs = tuple(Run(WIDTH, rows, seed, recipe.knobs) for rows in lines for seed in seeds)
    return Part(name, Training(process, recipe, STEPS, PER_DECADE, exam=EXAM), runs)


def _kept(part: Part) -> Part:
    """Return the part with the parameters of its networks kept at the last step."""
    return part._replace(training=part.training._replace(keep=(part.training.steps,)))
