"""The captions of the files that ``save_curves`` writes."""

from __future__ import annotations

from .caption import Caption

CURVE_CAPTIONS = {
    "own-curves.png": Caption(
        "The errors along the axis",
        "The mean error of each size over its runs, both axes on a log scale where all numbers are above 0; shaded "
        "from the least to the largest run. A line that rises is an error that grows. Of many sizes some are drawn, "
        "the others are grey points. Dotted: the joint scaling law of size and axis.",
    ),
    "own-exponents.png": Caption(
        "What the error of each size does",
        "The exponent p of error ~ along^p for each size, with its 95 % interval over the runs. Above 0.2 (grey) with "
        "the whole interval the error grows; below 0 it falls.",
    ),
    "own-level.png": Caption(
        "Where the level is passed",
        "The share of the runs of each size that pass the level for good, with 95 % intervals; the curve is the "
        "S-shaped fit, the dashed line the fit that only knows the direction. The band is the interval of the size at "
        "which half of the runs pass.",
    ),
    "own-sizes.parquet": Caption(
        "Growth by size",
        "exponent: of the error along the axis, from first to last, with its 95 % interval over the runs (low, high); "
        "late: the exponent of the later half; error: the mean at last.",
    ),
    "own-budgets.parquet": Caption(
        "The best size at each place along the axis",
        "size: the smallest that no larger one is shown to beat there; least: of least error; alike: not told apart "
        "from it (empty: too few runs for an interval); at_edge: the least error is that of the largest size there.",
    ),
    "own-level.parquet": Caption(
        "Passages of the level",
        "passed: runs that pass for good; place: where half of the runs have passed, with its 95 % interval (six runs "
        "or more).",
    ),
    "own-law.parquet": Caption(
        "The joint scaling law",
        "L = E + A / N^alpha + B / D^beta, N the size and D the axis; error: standard error; low, high: 95 % interval "
        "of the bootstrap; split: beta / (alpha + beta), the power of N D with which the best size grows.",
    ),
    "own-table.parquet": Caption("The table", "size, along, run, error: one row for each error read", shown=False),
    "own-curves.json": Caption("The answer and the settings", "for programs; see docs/curves.md", shown=False),
}
