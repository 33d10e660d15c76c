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
NETWORK = "mlp:rate=0.003,decay=0"
WIDTHS = (8, 16, 32, 64, 128)
WIDEST = WIDTHS[-1]
SEEDS = 3
STEPS, LONG = 4000, 20_000
ROWS, QUICK_ROWS = (8000, 16_000, 32_000, 64_000, 128_000, 256_000), (8000, 16_000, 32_000)
BATCH, ROWS_BATCH = 1000, 500


def parts(seed: int, quick: bool) -> dict[str, Part]:
    """Return the parts of the study by their names; the seeds of the runs count up from ``seed``.

    ``sizes``: widths on fresh batches; ``steps``: the widest one for longer, in a quick study it is that of ``sizes``;
    ``rows``: the widest one on sets of several lengths, again and again.
    """
    seeds = range(seed, seed + SEEDS)
    made = [_part("sizes", STEPS, BATCH, [(width, None, one) for width in WIDTHS for one in seeds])]
    if not quick:
        made.append(_part("steps", LONG, BATCH, [(WIDEST, None, one) for one in seeds]))
    few = seeds[:2] if quick else seeds
    lengths = [(WIDEST, rows, one) for rows in (QUICK_ROWS if quick else ROWS) for one in few]
    made.append(_part("rows", 3000 if quick else 10_000, ROWS_BATCH, lengths))
    return {part.name: part for part in made}


def _part(name: str, steps: int, batch: int, runs: Iterable[tuple[int, int | None, int]]) -> Part:
    process = find_task(TASK)
    recipe = read_recipe(f"{NETWORK},batch={batch}", process)
    made = tuple(Run(width, rows, seed, recipe.knobs) for width, rows, seed in runs)
    return Part(name, Training(process, recipe, steps), made)
