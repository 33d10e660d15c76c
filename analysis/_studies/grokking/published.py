"""The published map of parity: 1125 networks, as far as its counts are known cell by cell."""

from __future__ import annotations

from itertools import product

from ....learners._neural.recipe import read_recipe
from ....learners._neural.train import Run
from ....simulator._tasks.find import find_task
from ..._emergence.training import Training
from ..parts import Part

WIDTHS, ROWS, DECAYS, SEEDS = (16, 32, 64, 128, 258), (750, 1000, 1250, 1500, 1750), (0.01, 0.03, 0.1, 0.3, 1.0), 9
TOTALS = {"G": 435, "M": 390, "N": 152, "T": 148}
Cell = tuple[int, int, float]


def _known() -> dict[Cell, str]:
    cells: dict[Cell, str] = {(width, rows, 0.01): "M9" for width, rows in product((64, 128, 258), ROWS)}
    cells |= {(width, rows, 0.1): "G9" for width, rows in product((64, 128, 258), ROWS)}  # but one of 135, a T
    cells |= {(16, rows, 0.1): "T9" for rows in ROWS} | {(16, 750, 0.1): "G5 M3 N1", (16, 1000, 0.1): "G7 T2"}
    cells |= {(width, rows, 1.0): "N9" for width, rows in product((16, 32, 64), ROWS)}
    for width, counts in ((128, "M9,M9,M7 G2,G5 M4,G8 T1"), (258, "M9,M9,M8 G1,G8 M1,G9")):
        cells |= {(width, rows, 1.0): words for rows, words in zip(ROWS, counts.split(","), strict=True)}
    return cells | {
        (128, rows, 0.03): words for rows, words in zip(ROWS, ("M9", "M9", "M9", "G7 M2", "G9"), strict=True)
    }


KNOWN = _known()


def grid(seeds: int, corner: bool = False, steps: int = 20_000) -> Part:
    """Return the networks of the published grid, or of a corner of it.

    Inputs are 0 and 1 with a column of ones, there are no biases, and the rate is 3e-3. The source's tables say
    b1 = .99; here it is .9, with which our trials agree better.

    Args:
        seeds: Networks of each cell; the source has nine.
        corner: Two widths, two sets and two decays alone.
        steps: Updates of each network; the source has 20 000.
    """
    process = find_task("parity:coding=bits")
    recipe = read_recipe("mlp:bias=no,rate=0.003,b1=0.9,b2=0.98", process)
    axes = ((16, 64), (750, 1750), (0.1, 1.0)) if corner else (WIDTHS, ROWS, DECAYS)
    runs = [
        Run(width, rows, seed, recipe.knobs._replace(decay=decay))
        for width, rows, decay in product(*axes)
        for seed in range(seeds)
    ]
    return Part("grid", Training(process, recipe, steps, 20, exam=5000), tuple(runs))
