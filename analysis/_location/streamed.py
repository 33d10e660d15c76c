"""Locate on running streams, from sums only: no sample is kept.

The rules are those of a recording (``locate``). The size of low regret and the fitted models need the samples, so they
are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...learners import Learner
from ...learners._engine.replay import Scores
from ...simulator import LinearSystem
from .._exact.theory import trust_horizon
from .._growth.critical_size import Best, Critical, best_size, critical_size
from .._growth.curves import curves
from .._growth.laws import FEWEST_GROUPS, growth_laws
from .._growth.output_units import in_noise_units, noise_scales
from .advice import Advice, advise
from .growth_plan import growth_more
from .more_data import More
from .options import SHORTEST
from .recording import claimed, late_losses
from .sentences import recording_sentence
from .theory_check import check_theory, expected_size
from .told_apart import samples_to_tell_apart, undecided_pair

LARGEST = np.finfo(np.float64).max


class Streamed(NamedTuple):
    """The answer for streams so far.

    Attributes:
        critical: The critical size; undecided for fewer than 8 streams. Each stream counts as one run.
        best: The size of least error after the first twentieth; None if there are too few samples.
        advice: The size to use now; None if there are too few samples, or only one size.
        sentence: The answer as a sentence.
        horizon: Samples of the longest stream.
        more: How many samples or streams would decide what is undecided; empty if nothing is.
    """

    critical: Critical
    best: Best | None
    sentence: str
    horizon: int
    advice: Advice | None = None
    more: tuple[More, ...] = ()


def locate_streamed(
    sums: Scores,
    losses: NDArray[np.float64],
    samples: NDArray[np.float64],
    learner: Learner,
    name: str,
    seed: int = 0,
    draws: int = 500,
    plant: LinearSystem | None = None,
) -> Streamed:
    """Locate the size from which on the error of streams stops growing, from their sums.

    Args:
        sums: Sums over the stretches of ``log_edges``. Each entry of the batch axis is one stream; all streams count as
            runs of one plant.
        losses: Sums of squares in blocks of consecutive samples after the first twentieth, ``(block, size)``.
        samples: Scored samples of each block.
        learner: The learner of the streams; gives the labels.
        name: Name of the stream or streams.
        seed: Seed of the bootstrap.
        draws: Number of draws of the bootstrap.
        plant: The plant of all streams, if it is known. A size below that of its theory is not visible yet. A size
            above it stands: a stream may begin in any state.
    """
    horizon, runs = int(sums.edges[-1]), sums.samples.shape[-1]
    used, finite = samples > 0, np.isfinite(losses).all(axis=0).any()
    # A size whose error has overflowed counts as the worst.
    losses = np.where(np.isfinite(losses), losses, LARGEST / (8 * max(len(losses), 1)))
    if horizon < SHORTEST or used.sum() < 2:
        few = f"{horizon} samples are too few; at least {SHORTEST} are needed."
        critical = Critical(None, "undecided", few)
        sentence = f"{name}: the critical {learner.size_label} is undecided: {few}"
        least = More((), None, SHORTEST, False, None, f"at least {SHORTEST} samples are needed")
        return Streamed(critical, None, sentence, horizon, more=(least,))
    if not finite:
        reason = "the errors of every size have overflowed: divide the outputs by a large number."
        critical = Critical(None, "undecided", reason)
        return Streamed(critical, None, f"{name}: the critical {learner.size_label} is undecided: {reason}", horizon)
    scaled = in_noise_units(sums, noise_scales(sums))
    if sums.error.shape[3] > 1:  # the blocks are in the units of the outputs, the stretches are not
        losses, samples = late_losses(scaled, 0)
        losses, used = np.where(np.isfinite(losses), losses, LARGEST / (8 * max(len(losses), 1))), samples > 0
    best = best_size(losses[used], samples[used], list(learner.sizes), seed, draws)
    critical, laws = claimed(Critical(None, "undecided", ""), runs, None), None
    if runs >= FEWEST_GROUPS:
        if np.isfinite(sums.error).all():
            try:
                laws = growth_laws(curves(scaled, learner, name), seed, draws)
                critical = critical_size(laws).with_rise()
            except ValueError as exc:  # most of the late samples are missing
                critical = Critical(None, "undecided", str(exc))
        else:
            critical = Critical(None, "undecided", "an error has overflowed: leave out its stream.")
    if plant is not None and critical.bounded is not None:
        critical = _visible(critical, plant, learner, horizon)
    advice = advise(
        losses[used], samples[used], learner.sizes, best, critical, runs, learner.size_label, "", seed, draws
    )
    pair = undecided_pair(advice, best.alike, list(learner.sizes))
    apart = samples_to_tell_apart(
        losses[used], samples[used], learner, pair, runs, horizon, sums.error.shape[3], learner.lookaheads[0]
    )
    grows = None
    if laws is not None or runs < FEWEST_GROUPS:
        grows = growth_more(pl.DataFrame() if laws is None else laws, critical, runs, horizon, word="streams")
    more = tuple(each for each in (apart, grows) if each is not None)
    sentence = recording_sentence(
        name, learner.size_label, learner.sizes, critical, advice, None, None, horizon, horizon, runs, None, more
    )
    return Streamed(critical, best, sentence, horizon, advice, more)


def _visible(critical: Critical, plant: LinearSystem, learner: Learner, horizon: int) -> Critical:
    """Return the size found, or that it is not visible yet if theory names a larger one."""
    try:
        named, exact = expected_size(plant, learner, plant.inputs > 0, 1)
        if named is None or critical.bounded is None or named <= critical.bounded:
            return critical
        trust = trust_horizon(plant, "float64")
        return check_theory(critical, named, learner.sizes, plant if exact else None, horizon, trust, 1).critical
    except (ValueError, np.linalg.LinAlgError):  # a plant that a stranger published may have no theory
        return critical
