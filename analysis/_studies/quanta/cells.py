"""The networks of the study: which ones are trained, on what, for how long."""

from __future__ import annotations

from collections.abc import Iterable

from ....learners._neural.recipe import read_recipe
from ....learners._neural.train import Run
from ....simulator._tasks.find import find_task
from ..._emergence.training import Training
from ..parts import Part

ALPHA = 0.4
TASK = f"sparse-parity:tasks=30,bits=30,k=3,alpha={ALPHA}"
WIDTHS = (8, 16, 32, 64, 128)
WIDEST = WIDTHS[-1]
SEEDS = 3
FRESH, STEPS, LONG = "mlp:rate=0.003,decay=0,batch=1000", 4000, 20_000
ROWS, QUICK_ROWS = (8000, 16_000, 32_000, 64_000, 128_000, 256_000), (8000, 16_000, 32_000)
REPLAYED, ROWS_STEPS, LONG_ROWS_STEPS = "mlp:rate=0.003,decay=0,batch=500", 3000, 10_000
ALIKE = "sparse-parity:tasks=8,bits=30,k=3,alpha=0.1"
KNOWING, KNOWING_STEPS = "mlp:rate=0.005,decay=0,batch=500", 3000


def parts(seed: int, quick: bool) -> dict[str, Part]:
    """Return the parts of the study by their names; the seeds of the runs count up from ``seed``.

    ``sizes``: widths on fresh batches; ``steps``: the widest one for longer, in a quick study it is that of ``sizes``;
    ``rows``: the widest one on sets of several lengths, again and again; ``discovery``: one network that has learned 8
    tasks of nearly one frequency.
    """
    seeds = range(seed, seed + SEEDS)
    made = [_part("sizes", TASK, FRESH, STEPS, [(width, None, one) for width in WIDTHS for one in seeds])]
    if not quick:
        made.append(_kept(_part("steps", TASK, FRESH, LONG, [(WIDEST, None, one) for one in seeds])))
    lengths = [(rows, one) for rows in (QUICK_ROWS if quick else ROWS) for one in (seeds[:2] if quick else seeds)]
    steps = ROWS_STEPS if quick else LONG_ROWS_STEPS
    made.append(_part("rows", TASK, REPLAYED, steps, [(WIDEST, rows, one) for rows, one in lengths]))
    made.append(_kept(_part("discovery", ALIKE, KNOWING, KNOWING_STEPS, [(WIDEST, None, seed)])))
    return {part.name: part for part in made}


def _part(name: str, task: str, network: str, steps: int, runs: Iterable[tuple[int, int | None, int]]) -> Part:
    """Return the networks of one width, rows and seed each."""
    process = find_task(task)
    recipe = read_recipe(network, process)
    made = tuple(Run(width, rows, seed, recipe.knobs) for width, rows, seed in runs)
    return Part(name, Training(process, recipe, steps), made)


def _kept(part: Part) -> Part:
    """Return the part with the parameters of its networks kept at the last step."""
    return part._replace(training=part.training._replace(keep=(part.training.steps,)))
