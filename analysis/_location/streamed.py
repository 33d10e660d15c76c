"""What streams show so far: their verdict from sums alone, for no sample is kept.

The rules are those of a recording (``locate``); what needs the samples themselves, the size that regret asks for and
the models fitted to it, is left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...learners import Learner, Scores
from .._growth.critical_size import Best, Critical, best_size, critical_size
from .._growth.curves import curves
from .._growth.laws import FEWEST_GROUPS, growth_laws
from .options import SHORTEST
from .recording import claimed
from .sentences import recording_sentence


class Streamed(NamedTuple):
    """What is found of streams by now.

    Attributes:
        critical: The critical size; undecided of fewer than 8 streams, which stand for as many runs.
        best: The size of least error after the first twentieth; None where nothing can be said yet.
        sentence: The answer in words.
        horizon: Samples of the longest stream.
    """

    critical: Critical
    best: Best | None
    sentence: str
    horizon: int


def locate_streamed(
    sums: Scores,
    losses: NDArray[np.float64],
    samples: NDArray[np.float64],
    learner: Learner,
    name: str,
    seed: int = 0,
    draws: int = 500,
) -> Streamed:
    """Locate the size from which on the error of streams stops growing, from what they have summed to.

    Args:
        sums: Over the stretches of ``log_edges``; each entry of its batch axis is one stream, and all are taken for
            runs of one plant.
        losses: Sums of squares in blocks of consecutive samples after the first twentieth, ``(block, size)``.
        samples: Scored samples of each block.
        learner: Whose labels stand in the answer.
        name: Of the stream or streams.
        seed: Of the bootstrap.
        draws: Of the bootstrap.
    """
    horizon, runs = int(sums.edges[-1]), sums.samples.shape[-1]
    used = samples > 0
    # A size whose error has overflowed is the worst one.
    losses = np.where(np.isfinite(losses), losses, np.finfo(np.float64).max / (8 * max(len(losses), 1)))
    if horizon < SHORTEST or used.sum() < 2:
        few = f"{horizon} samples say nothing yet; {SHORTEST} are the fewest."
        critical = Critical(None, "undecided", few)
        return Streamed(critical, None, f"{name}: the critical {learner.size_label} is undecided: {few}", horizon)
    best = best_size(losses[used], samples[used], list(learner.sizes), seed, draws)
    critical = claimed(Critical(None, "undecided", ""), runs, None)
    if runs >= FEWEST_GROUPS:
        if np.isfinite(sums.error).all():
            critical = critical_size(growth_laws(curves(sums, learner, name), seed, draws))
        else:
            critical = Critical(None, "undecided", "an error has overflowed: leave out the stream that it is of.")
    sentence = recording_sentence(name, learner.size_label, critical, best, None, None, horizon, horizon, runs)
    return Streamed(critical, best, sentence, horizon)
