"""The title and the caption of each file in a folder of results, by the name of the file."""

from __future__ import annotations

from typing import NamedTuple


class Caption(NamedTuple):
    """Title and caption of a file of results; ``shown`` in the report, or only listed there."""

    name: str
    seen: str
    shown: bool = True


CLAIMS = Caption(
    "Measured beside expected",
    "low and high: where the value must lie; without them it is reported only. ground: who says so, theory, the "
    "source, or an earlier trial of ours.",
)

CAPTIONS = {
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
    "quanta.parquet": CLAIMS,
    "quanta-losses.png": Caption(
        "Tasks are learned one by one",
        "The loss on the exam of the most frequent tasks over the updates, the median of three networks, in bits. Each "
        "falls steeply. Black is the mean over all tasks, with their frequencies: the sum of these steps, and smooth.",
    ),
    "quanta-scaling.png": Caption(
        "The mean loss along three axes",
        "Above: the mean loss on the exam against updates, parameters and rows of the set, on log scales; thin lines "
        "are single networks. The line is the power law of the window. Dotted, along the updates: that of the exact "
        "loss of 30 tasks that are learned at the steps measured. Below: the exponents of neighbouring points, as "
        "measured and with the tail added that 30 tasks lack.",
    ),
    "quanta-order.png": Caption(
        "The rarer, the later",
        "Left: when each network passes .9 and .1 bit on a task, against the frequency of the task; lines are the "
        "theory and the power that the source measured. Middle and right: tasks learned by width, and by rows of the "
        "set.",
    ),
    "quanta-ideal.png": Caption(
        "What a finite number of tasks does",
        "The exact loss of the ideal learner, and its local exponent, for a million tasks, for 500, and for 500 with "
        "the tail added that they lack. The dash-dotted line is the exponent that the source measured with 500 tasks.",
    ),
    "quanta-similarity.png": Caption(
        "How alike the gradients are",
        "Angular similarity of the gradients of single examples, sorted by task and then by the pattern of its bits. "
        "Bright blocks are patterns, not tasks.",
    ),
    "quanta-envelope.png": Caption(
        "Sizes of clusters",
        "Sizes of the clusters of gradients by rank, for several numbers of clusters, and their upper envelope, beside "
        "the law of the tasks.",
    ),
    **{
        f"quanta-{word}.parquet": Caption(f"The {what}", "one row for each", shown=False)
        for word, what in (
            ("curves", "losses of the tasks"),
            ("falls", "falls of single tasks"),
            ("order", "tasks by frequency"),
            ("scaling", "mean losses"),
            ("exponents", "exponents of the mean losses"),
            ("local", "local exponents of the mean losses"),
            ("sizes", "networks of several widths"),
            ("rows", "networks on several sets"),
            ("ideal-exponents", "exponents of the exact losses"),
            ("ideal", "exact losses"),
            ("rand", "Rand indices"),
            ("similarity", "similarities of the gradients"),
            ("envelope", "sizes of the clusters"),
            ("bias", "errors of slopes on clusters that are known"),
        )
    },
    "skills.parquet": CLAIMS,
    "skills-curves.png": Caption(
        "Concepts are learned all at once",
        "Left: the share of R concepts that a stream of texts has taught, against the texts for each concept. Each "
        "line is a stream; dashed is the exact curve for many concepts. Right: the share of streams that have learned "
        "half of their concepts. Times sqrt(R) the streams of all sizes lie equally far apart, as the exact law says, "
        "and not as far as the signs published say. Those of few concepts lie further right, by R^(-2/3).",
    ),
    "skills-split.png": Caption(
        "The best use of computation",
        "Left: the numbers of concepts and of texts with which most is learned, for each budget, and their limits. "
        "Right: the same as parameters and tokens, on the scale that the source chose for its plots, and Chinchilla.",
    ),
    "skills-giant.png": Caption(
        "The giant component",
        "The share of the nodes of a random graph that are in its largest component: sampled, and exact. Skills of a "
        "level are acquired when there is one.",
    ),
    "skills-levels.png": Caption(
        "Skills level by level",
        "The share of the skills of a level that is acquired, against the budget, exactly. Each level jumps; a higher "
        "one takes more concepts, and skills of the level before.",
    ),
    "skills-plateaus.png": Caption(
        "Plateaus",
        "The share of tasks that are solved, exactly. Where the levels of the tasks lie apart, accuracy rests between "
        "them: at .4 and at .8, the weights of the levels that have been acquired.",
    ),
    **{
        f"skills-{word}.parquet": Caption(f"The {what}", "one row for each", shown=False)
        for word, what in (
            ("thresholds", "exact thresholds"),
            ("passages", "thresholds of single streams"),
            ("streams", "thresholds by number of concepts"),
            ("curves", "learned shares of streams"),
            ("split", "best splits of budgets"),
            ("giant", "sampled graphs"),
            ("acquired", "skills by level"),
            ("accuracy", "accuracies"),
            ("plateaus", "plateaus"),
        )
    },
    "arithmetic.parquet": CLAIMS,
    "arithmetic-completion-share.png": Caption(
        "How much of the addition map samples determine",
        "The sum of two numbers is an entry of a map with n rows and n columns. m different entries are seen; a sum is "
        "determined if seen ones link its row to its column. Left: the share of all pairs that is determined, with "
        "95 % intervals, most of them within the markers. The line is x^2 with x = 1 - exp(-x m / n). Right: samples "
        "come one after the other; each point is a run, at the load with which it has determined half. The median of "
        "the runs has its 95 % interval; the line is the load at which theory says one half.",
    ),
    "arithmetic-completion-all.png": Caption(
        "When all is determined",
        "Left: how often n log(2n) samples determine all, with 95 % intervals. What fails is mostly an empty row "
        "or column. Of many numbers the share tends to exp(-1); few do better, because no sample comes twice. Right: "
        "the same for one map, by the number of samples, beside a rule that looks at contiguous blocks of four entries "
        "only, and fills the fourth from three.",
    ),
    "arithmetic-completion-limits.png": Caption(
        "What completion cannot do",
        "Left: where the rank of the map is known, and not that it is a sum, alternating least squares needs more "
        "samples; below the degrees of freedom nothing is determined. Bars are 95 % intervals. Right: where some "
        "numbers never come, neither first nor second, no pair with one of them is determined, even if all other pairs "
        "are given.",
    ),
    **{
        f"arithmetic-completion-{word}.parquet": Caption(f"The {what}", "one row for each", shown=False)
        for word, what in (
            ("shares", "shares determined"),
            ("all", "shares of runs with all determined"),
            ("passages", "loads of single runs"),
            ("medians", "medians of these loads"),
            ("blocks", "shares of runs filled by blocks"),
            ("low-rank", "runs of alternating least squares"),
            ("excluded", "shares with numbers that never come"),
            ("ranks", "singular values of addition maps"),
        )
    },
    "grokking.parquet": CLAIMS,
    "grokking-curves.png": Caption(
        "Memorise first, generalise later",
        "Networks on the parity of 3 of 30 bits, each a line, for three sizes of the set. Above: the accuracy on the "
        "set and on an exam that no update sees; middle: the losses; below: the norm of the weights from the 27 bits "
        "that do not count, over that of the 3 that do. Where it falls below 1 (dotted) the network generalises.",
    ),
    "grokking-map.png": Caption(
        "Map of regions",
        "What the networks of each cell do, by the source's rule, with their number. N: the training loss never falls "
        "to 1e-5. M: the loss on the exam never does. G: both do, and between them the loss on the exam is 5e4 times "
        "the training loss or more. T: both do, together. Empty: not trained.",
    ),
    "grokking-axis.png": Caption(
        "How many rows it takes",
        "When networks memorise and when they generalise, against the rows of the set, and the share of networks that "
        "generalise. The band is the 95 % interval of the rows at which half do.",
    ),
    "grokking-weights.png": Caption(
        "The weights over time",
        "Input weights of one network on parity. It memorises with all inputs; then decay removes the weights from the "
        "distractors, and few units are left, on the three bits that count.",
    ),
    "grokking-addition.png": Caption(
        "Addition modulo 67",
        "Networks on a + b modulo 67, each a line: accuracy on the set and on the exam, the share of a neuron's power "
        "at its strongest frequency, and the norm of all weights.",
    ),
    "grokking-circles.png": Caption(
        "Circles of weights",
        "A network that generalised, in frequencies: each neuron is a point, at the angle and the strength of its "
        "strongest frequency. Right: the output weights have twice the angle of the input weights, as those of the "
        "constructed network.",
    ),
    "grokking-constructed.png": Caption(
        "The network built by hand",
        "Left: the weights of the constructed network with five neurons. Right: the share of all pairs that it answers "
        "right, for each number of neurons.",
    ),
    "grokking-other-ways.png": Caption(
        "Without weight decay",
        "How many networks on parity memorise and generalise with dropout, with a constant pull towards zero (L1), or "
        "with few neurons. Bars of zero are not drawn.",
    ),
    **{
        f"grokking-{word}.parquet": Caption(f"The {what}", "one row for each", shown=False)
        for word, what in (
            ("curves", "curves of the networks"),
            ("runs", "networks on parity"),
            ("passages", "passages to generalising"),
            ("regions", "regions of the networks"),
            ("axes", "shares along an axis"),
            ("addition", "networks on addition"),
            ("constructed", "constructed networks"),
            ("circles", "neurons of a network"),
            ("weights", "input weights over time"),
            ("other-ways", "networks without decay"),
        )
    },
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
    return CAPTIONS.get(file, Caption(other, ""))
