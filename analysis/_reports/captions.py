"""What lies in a folder of results: for each file, by its name, what it is called and what is seen in it."""

from __future__ import annotations

from typing import NamedTuple


class Caption(NamedTuple):
    """What a file of results is called, and what is seen in it; ``shown`` in the report, or only listed there."""

    name: str
    seen: str
    shown: bool = True


CAPTIONS = {
    "growth.png": Caption(
        "Growth of the error",
        "Mean squared prediction error against the horizon, both on a log scale: a line that rises belongs to a "
        "size whose error grows for ever, a level one to a size whose error stays bounded. The critical size is "
        "drawn thick. Where the system is known, dotted lines are the exact error of the best filter of that "
        "length, and the dashed one that of the Kalman predictor, which knows the system. At the very left "
        "nothing is learned yet.",
    ),
    "sizes.png": Caption(
        "Error against the size",
        "Above, the mean squared prediction error of each size at three horizons, crosses being exact theory: "
        "left of the threshold the curves part, right of it they lie on one another. Below, the exponent p of the "
        "growth law t^p; a size is called bounded or growing only where its exponent is clear of the border at "
        "1/2 (grey). Bars are 95 % intervals over the replicates. The band marks the size found, paler its "
        "interval, the dash-dotted line what theory says; circles, in a recording, the sizes that are not told apart "
        "from the best.",
    ),
    "regret.png": Caption(
        "Regret",
        "What a predictor of each size loses to the Kalman predictor, which knows the system, summed from a twentieth "
        "of the horizon on: too short a one loses the same again and again, too long a one loses while it learns. Bars "
        "are 95 % intervals over the replicates; crosses, where there are some, theory.",
    ),
    "horizon-scaling.png": Caption(
        "Size against horizon",
        "How the filter length of least regret grows with the horizon, measured beside exact theory.",
    ),
    "surface.png": Caption(
        "Error over size and look-ahead",
        "The mean squared error at the horizon against how far ahead is forecast, one line a size; the dashed line is "
        "the Kalman forecast of the same look-ahead, below which none can be.",
    ),
    "figure-1.png": Caption(
        "Figure 1 of the paper",
        "log(1 + mean squared prediction error) against the size k of the fitted block, one line a horizon T, one "
        "panel a system; crosses are exact theory. Left of the band at k = 4 the error grows with the horizon, "
        "from there on it does not.",
    ),
    "figure-1.parquet": Caption(
        "Measured beside exact",
        "All in log(1 + mean squared prediction error); limit is the most that the measured one may be, at 1 in "
        "10 000.",
    ),
    "theorem-2.png": Caption(
        "How many parameters a seen state needs",
        "The exponent of the error's growth against the number of parameters, one panel a system, one line a family of "
        "predictors; measured points lie on exact curves.",
    ),
    "hidden-random-walk.png": Caption(
        "How long a filter must be",
        "The excess of learned filters against their length, and of truncated Kalman filters against the time; "
        "measured points lie on exact curves, bars are the limits that they must lie in.",
    ),
    "growth-laws.png": Caption(
        "The laws of growth",
        "The exponent of the error's growth against the filter length, one panel a system; where the growth is "
        "exponential, its rate.",
    ),
    "power.png": Caption(
        "How many runs a verdict takes",
        "How often the critical length is located, over many seeds, against the number of runs, one row a horizon and "
        "one column a system. Hatched: a weak mode is still under the rest of the error at this horizon, and the "
        "length found is that of the exact error by then. Orange, crossed: wrong.",
    ),
    "regret-bounds.png": Caption(
        "Regret within its bounds",
        "What learners lose, in units of the variance of the innovations, to the best fixed weights in hindsight (left "
        "and middle) and to the best single length (right), against the horizon. Marks and solid lines: "
        "measured, mean over the runs; dashed: the mean of the bounds, which no run exceeds.",
    ),
    "curves.parquet": Caption(
        "Error curves", "one row a size, replicate group, stretch of time and metric", shown=False
    ),
    "against.png": Caption(
        "Error against the reference",
        "Mean squared error of the predictor (circles) and of the ladder (diamonds) in each case, in units of the "
        "reference's, which knows the plant: 1, dashed, is the best that is possible where the reference is exact. "
        "Steady cases over the last half, stress cases from the fault on; crossed names do not pass.",
    ),
    "steady.png": Caption(
        "Error over the horizon",
        "Mean squared error in the steady cases, in units of the reference's: a line that stays level belongs to a "
        "predictor whose error does not grow. The plant is drawn thick, coloured and named is what does not pass.",
    ),
    "stress.png": Caption(
        "Error around each fault",
        "Mean squared error in units of the reference's; the fault is shaded. A predictor that recovers comes back to "
        "the level it had before.",
    ),
    "scorecard.parquet": Caption("The scorecard", "one row a case", shown=False),
    "scorecard.json": Caption(
        "The answer and the settings", "for programs; docs/json.md says what is in it", shown=False
    ),
    "location.json": Caption(
        "The answer and the settings", "for programs; docs/json.md says what is in it", shown=False
    ),
    "report.html": Caption("This report", "in one file that can be sent on", shown=False),
}


def caption_of(file: str) -> Caption:
    """Return the caption of a file by its name; one that is not in the table is called by its name."""
    if file.startswith("reproduction-"):
        return CAPTIONS["location.json"]
    other = "Measured beside exact" if file.endswith(".parquet") else file.removesuffix(".png")
    return CAPTIONS.get(file, Caption(other, ""))
