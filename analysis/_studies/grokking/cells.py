"""The networks of the study: which ones are trained, on what, for how long."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from ....learners._neural.optimiser import Knobs
from ....learners._neural.recipe import read_recipe
from ....learners._neural.train import Run
from ....simulator._tasks.find import find_task
from ..._emergence.training import Training
from ..parts import Part

DEMO_ROWS, DEMO_DECAY, DEMO_SEEDS = (600, 1000, 1600), 0.1, 8
ROWS = (600, 800, 1000, 1200, 1400, 1600)
DECAYS = (0.01, 0.03, 0.1, 0.3, 1.0)
MIDDLE = 1200  # rows of the axis of decay
TOO_MUCH, TOO_MUCH_ROWS = 1.0, 1000  # decay at which no network generalises, and the rows for it
STEPS = 4000  # of parity
PER_DECADE = 20  # edges
SPREAD = 3.8633  # sqrt(2 x 500 / 67): the first embedding of the source has variance 2 / symbols


def parts(seed: int, quick: bool) -> dict[str, Part]:
    """Return the parts of the study by their names; the seeds of the runs count up from ``seed``."""
    made = [_parity(seed, quick), _small_addition(seed)]
    if not quick:
        made += [_other_ways(seed), *_additions(seed)]
    return {part.name: part for part in made}


def _parity(seed: int, quick: bool) -> Part:
    """Return the cells of rows, decay and width; more seeds where something is claimed."""
    process = find_task("parity")
    recipe = read_recipe(f"mlp:width=64,rate=0.01,decay={DEMO_DECAY}", process)
    cells = {(64, rows, DEMO_DECAY): DEMO_SEEDS for rows in (DEMO_ROWS if quick else ROWS)}
    if quick:
        cells |= {(64, rows, decay): 1 for rows, decay in product(DEMO_ROWS, (0.01, TOO_MUCH))}
        cells[64, TOO_MUCH_ROWS, TOO_MUCH] = 3
    else:
        cells |= {(64, rows, decay): 2 for rows, decay in product(ROWS, DECAYS) if decay != DEMO_DECAY}
        cells |= {(64, MIDDLE, decay): DEMO_SEEDS for decay in DECAYS}
        cells |= {(64, TOO_MUCH_ROWS, TOO_MUCH): 3}
        cells |= dict.fromkeys(product((16, 128), DEMO_ROWS, (0.01, 0.1, 1.0)), 2)
    runs = [
        Run(width, rows, seed + k, recipe.knobs._replace(decay=decay))
        for (width, rows, decay), seeds in cells.items()
        for k in range(seeds)
    ]
    return Part(
        "parity", Training(process, recipe, STEPS, PER_DECADE, keep=(0, 250, 500, 1000, 2000, STEPS)), tuple(runs)
    )


def _other_ways(seed: int) -> Part:
    """Return networks that something other than decay keeps from memorising: dropout, L1, few neurons."""
    process = find_task("parity")
    recipe = read_recipe("mlp:width=64,rate=0.01,decay=0", process)
    rows = 1200
    ways = [
        *((64, Knobs(rate=0.01, dropout=dropout)) for dropout in (0.0, 0.2, 0.5)),
        (32, Knobs(rate=3e-3, l1=1e-4)),
        *((width, Knobs(rate=0.01)) for width in (4, 8, 16)),
    ]
    runs = [Run(width, rows, seed + k, knobs) for width, knobs in ways for k in range(4)]
    return Part("other-ways", Training(process, recipe, STEPS, PER_DECADE), tuple(runs))


def _small_addition(seed: int) -> Part:
    keep = (0, 100, 200, 300, 500, 800, 1500, 3000)
    return _addition("addition-small", "embedding-mlp:embedding=128,width=48", 0.6, 3000, range(seed, seed + 3), keep)


def _additions(seed: int) -> Iterable[Part]:
    """Return the networks of the source for modular addition."""
    source = f"embedding-mlp:embedding=500,width=24,spread={SPREAD}"
    keep = (0, 1000, 2000, 5000, 10_000, 20_000, 50_000)
    four, two = range(seed, seed + 4), range(seed, seed + 2)
    yield _addition("addition", source, 0.4, 50_000, four, keep)
    direct = _addition("unfactored", "embedding-mlp:form=unfactored,width=24", 0.4, 50_000, two, keep)
    weaker = tuple(
        run._replace(knobs=run.knobs._replace(decay=0.1)) for run in direct.runs
    )  # at decay 1 none memorises
    yield direct._replace(runs=direct.runs + weaker)
    yield _addition("five-neurons", "fixed-embedding-mlp:width=5", 0.3, 15_000, range(seed, seed + 8), (0, 15_000))
    yield _addition("reverse", "embedding-mlp:embedding=5,width=10,decay=0", 0.4, 20_000, range(seed, seed + 8), (), 50)
    yield _addition("to-and-fro", "embedding-mlp:embedding=8,width=16,decay=0.05", 0.7, 80_000, four, (), 50)


def _addition(
    name: str, words: str, share: float, steps: int, seeds: range, keep: tuple[int, ...], per_decade: int = PER_DECADE
) -> Part:
    process = find_task(f"modular-addition:share={share}")
    recipe = read_recipe(words, process)
    training = Training(process, recipe, steps, per_decade, precision="float64", keep=keep)
    return Part(name, training, tuple(Run(recipe.size, process.rows, one, recipe.knobs) for one in seeds))
