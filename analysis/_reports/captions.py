"""The title and the caption of each file in a folder of results, by the name of the file."""

from __future__ import annotations

from .caption import Caption
from .curve_captions import CURVE_CAPTIONS
from .study_captions import STUDY_CAPTIONS

CAPTIONS = STUDY_CAPTIONS | {
    "signal.png": Caption(
        "Measured and predicted",
        "The last samples of one run, and the forecast of each, made before it from past samples only. Gaps are "
        "missing samples. Dashed, for contrast: a smaller size. Below: the errors of the forecasts; those of the "
        "smaller size may be cut off.",
    ),
    "growth.png": Caption(
        "Growth of the error",
        "Mean squared prediction error against the horizon, both on a log scale. The error of a size whose line "
        "rises grows for ever; a level line means a bounded error. The critical size is drawn thick. For a known "
        "system, dotted lines are the exact error of the best filter of each length, and the dashed line is the "
        "error of the Kalman predictor, which knows the system. At the very left nothing is learned yet.",
    ),
    "sizes.png": Caption(
        "Error against the size",
        "Above: the mean squared prediction error of each size at three horizons; crosses are exact theory. Left of "
        "the threshold the curves separate, right of it they coincide. The band marks the size found, the paler band "
        "its interval, the dash-dotted line the size of theory; in a recording of few runs the band marks the size to "
        "use, and circles the sizes that are not told apart from that of least error. Below, of many runs: the "
        "exponent p of the growth law t^p. A size is called bounded or growing only if its exponent is clear of the "
        "border at 1/2 (grey). Below, of few runs: the mean squared error after the first twentieth, above that of the "
        "size to use. Bars are 95 % intervals.",
    ),
    "shares.png": Caption(
        "Where the ability appears",
        "The share of runs that are able within the steps, for each value of the axis, with 95 % intervals; the curve "
        "is the S-shaped fit, the dashed line the fit that only knows the direction. The band is the interval of the "
        "value at which half of the runs are able.",
    ),
    "passages.png": Caption(
        "When the runs pass",
        "The share of runs that have become able by each step (Kaplan and Meier). A line that ends below 1 has runs "
        "that never did.",
    ),
    "training.png": Caption(
        "Training",
        "The share of right answers over the updates. Thin lines are the exam of single runs, thick lines its median; "
        "dashed is the median on the runs' own examples. Where the dashed line is at 1 and the thick one at chance, "
        "the runs have memorised.",
    ),
    "shares.parquet": Caption(
        "The shares behind the figure",
        "runs: of each value; passed: those that are able at the end; low, high: 95 % interval of the share; "
        "median: updates until a run is able, over all runs of the value.",
    ),
    "losses.png": Caption(
        "The loss of each kind",
        "The loss on the exam of each of the most frequent kinds of examples, in bits, the median over the runs. Black "
        "is the mean over all kinds, with their frequencies. The line is the loss that counts as learned.",
    ),
    "slots.png": Caption(
        "How many concepts are learned",
        "The share of streams of texts that teach so many of their concepts within the texts, for each number of "
        "concepts, with 95 % intervals; the curve is the S-shaped fit, the dashed line the fit that only knows the "
        "direction. The band is the interval of the number up to which half of the streams do.",
    ),
    "streams.png": Caption(
        "When the streams pass",
        "The share of streams that have taught so many of their concepts by each text.",
    ),
    "texts.png": Caption(
        "Concepts learned",
        "The share of the concepts that a stream has taught by each text, up to its passage. Each line is a stream.",
    ),
    "thresholds.png": Caption(
        "Where each kind is learned",
        "From where on along the axis half of the runs learn a kind, with 95 % intervals, against its frequency, both "
        "on a log scale. At the top are kinds that half of the runs learn at no value tried, below them the undecided "
        "ones, at the bottom those that they learn at every value tried.",
    ),
    "learned.png": Caption(
        "How many kinds are learned", "The number of kinds that the runs have learned, along the axis."
    ),
    "kinds.parquet": Caption(
        "Kinds of examples",
        "value: from where on half of the runs learn it, with its 95 % interval, if that is located; everywhere: they "
        "do at every value tried; passed of runs learn it at the best value.",
    ),
    "passages.parquet": Caption("Passages", "when each run passed the level on the exam, or that it did not", False),
    "regret.png": Caption(
        "Regret",
        "The excess error of each size over the Kalman predictor, which knows the system, summed from a twentieth of "
        "the horizon on. A size that is too small loses at every sample, a size that is too large loses while it "
        "learns. Bars are 95 % intervals over the replicates; crosses are theory.",
    ),
    "horizon-scaling.png": Caption(
        "Size against horizon",
        "How the filter length of least regret grows with the horizon, measured beside exact theory.",
    ),
    "surface.png": Caption(
        "Error over size and look-ahead",
        "The mean squared error at the horizon against the look-ahead, one line for each size. The dashed line is "
        "the Kalman forecast of the same look-ahead: no forecast is better.",
    ),
    "figure-1.png": Caption(
        "Figure 1 of the paper",
        "log(1 + mean squared prediction error) against the size k of the fitted block, one line for each horizon T, "
        "one panel for each system; crosses are exact theory. Left of the band at k = 4 the error grows with the "
        "horizon; from k = 4 on it does not.",
    ),
    "figure-1.parquet": Caption(
        "Measured beside exact",
        "Errors as log(1 + mean squared prediction error). limit: the measured value exceeds it by chance in 1 of "
        "10 000 cases.",
    ),
    "theorem-2.png": Caption(
        "How many parameters a seen state needs",
        "The exponent of the error's growth against the number of parameters, one panel for each system, one line for "
        "each family of predictors. Points are measured, curves are exact.",
    ),
    "hidden-random-walk.png": Caption(
        "How long a filter must be",
        "The excess of learned filters against their length, and of truncated Kalman filters against the time. Points "
        "are measured, curves are exact; each point must lie within its bar.",
    ),
    "growth-laws.png": Caption(
        "The laws of growth",
        "The exponent of the error's growth against the filter length, one panel for each system; for exponential "
        "growth, its rate.",
    ),
    "power.png": Caption(
        "How many runs a verdict takes",
        "How often the critical length is located, over many seeds, against the number of runs; one row for each "
        "horizon, one column for each system. Hatched: a weak mode does not show yet at this horizon, and the length "
        "found is that of the exact error so far. Orange, crossed: wrong.",
    ),
    "regret-bounds.png": Caption(
        "Regret within its bounds",
        "The loss of learners against the horizon, in units of the innovation variance: to the best fixed weights in "
        "hindsight (left and middle), and to the best single length (right). Marks and solid lines: measured, mean "
        "over the runs. Dashed: the mean of the bounds, which no run exceeds.",
    ),
    "networks-on-plants.png": Caption(
        "Networks on plants",
        "The mean squared error of the second half of each run, divided by that of the Kalman predictor (dashed), "
        "against the number of parameters. Filled marks: the error is bounded. Open marks: it grows, still falls or is "
        "undecided. Opponents are given the last value, which is one unit root, but for those called without.",
    ),
    "curves.parquet": Caption(
        "Error curves", "one row for each size, replicate group, interval of time and metric", shown=False
    ),
    "signal.parquet": Caption("The samples of the picture", "measured and forecast, one row for each", shown=False),
    "predictors.json": Caption(
        "The predictors",
        "the weights that each size had learned by the end; `ergoscope export` makes C or Python of one",
        shown=False,
    ),
    "against.png": Caption(
        "Error against the reference",
        "Mean squared error of the predictor (circles) and of the ladder (diamonds) in each case, divided by that of "
        "the reference, which knows the plant. If the reference is exact, 1 (dashed) is the best possible. Steady "
        "cases: the last half; stress cases: from the fault on. Crossed names do not pass.",
    ),
    "steady.png": Caption(
        "Error over the horizon",
        "Mean squared error in the steady cases, divided by that of the reference: a level line means that the error "
        "does not grow. The plant is drawn thick; cases that do not pass are coloured and named.",
    ),
    "stress.png": Caption(
        "Error around each fault",
        "Mean squared error, divided by that of the reference; the fault is shaded. A predictor that recovers returns "
        "to its level before the fault.",
    ),
    "beside_sizes.png": Caption(
        "The predictor among the sizes",
        "Above: the mean squared error of each size, learned online, and the line of the predictor. Below: the error "
        "of the predictor divided by that of each size, with 95 % intervals, paired sample by sample: above 1 the size "
        "is better. Within the grey band, 1 %, two are called alike. Ratios beyond 50 are drawn there.",
    ),
    "beside_growth.png": Caption(
        "The errors over time",
        "Mean squared error over stretches of the recording, of some sizes and, dashed, of the predictor. At the very "
        "left nothing is learned yet; it is not compared.",
    ),
    "beside_sizes.parquet": Caption("The table of the sizes", "one row for each size", shown=False),
    "beside.json": Caption("The answer and the settings", 'for programs; see "JSON" in the documentation', shown=False),
    "scorecard.parquet": Caption("The scorecard", "one row for each case", shown=False),
    "scorecard.json": Caption(
        "The answer and the settings", 'for programs; see "JSON" in the documentation', shown=False
    ),
    "location.json": Caption(
        "The answer and the settings", 'for programs; see "JSON" in the documentation', shown=False
    ),
    "report.html": Caption("This report", "one file that opens anywhere", shown=False),
}


def caption_of(file: str) -> Caption:
    """Return the caption of a file by its name; a file that is not in the table is called by its name."""
    if file.startswith("reproduction-"):
        return CAPTIONS["location.json"]
    other = "Measured beside exact" if file.endswith(".parquet") else file.removesuffix(".png")
    return (CAPTIONS | CURVE_CAPTIONS).get(file, Caption(other, ""))
