"""The captions of the studies of emergence, by the name of the file."""

from __future__ import annotations

from .caption import CLAIMS, Caption

STUDY_CAPTIONS = {
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
    "arithmetic-lines.png": Caption(
        "How many lines each format takes",
        "The share of the exam that is answered right, whole answers, of pairs that no line had. Left: networks after "
        "2000 updates, each a point, and their medians. Right: what the source measured with a network 190 times as "
        "large. Where a line crosses one half moves with the network and the updates.",
    ),
    "arithmetic-steps.png": Caption(
        "The jump in time",
        "The same share over the updates, for sets of several lengths; each line is a network. With the least digit "
        "first each digit of an answer needs two digits and a carry; with the first digit first it needs them all.",
    ),
    "arithmetic-beyond.png": Caption(
        "Lines unlike those learned",
        "The same share where the exam has longer numbers, or numbers that are in no line, neither first nor second; "
        "and where rows of two lines are learned, with and without text among them: questions alone, and behind an "
        "example. Each point is a network, dashes are medians.",
    ),
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
        f"arithmetic-{word}.parquet": Caption(f"The {what}", "one row for each", shown=False)
        for word, what in (
            ("answers", "answers of the networks at the end"),
            ("steps", "first steps with nine of ten answers right"),
            ("curves", "answers of the networks over the updates"),
            ("published", "answers that the source published"),
            ("beyond", "answers to lines unlike those learned"),
            ("prompts", "answers to questions alone and behind an example"),
        )
    },
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
}
