"""The samples that tell two sizes apart: the law of the paired difference, and the number that follows from it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from ergoscope.analysis._growth.critical_size import Critical, best_size
from ergoscope.analysis._growth.curves import block_edges
from ergoscope.analysis._location.advice import Advice, advise
from ergoscope.analysis._location.recording import late_losses
from ergoscope.analysis._location.told_apart import gain_that_shows, samples_to_tell_apart, undecided_pair
from ergoscope.learners import Learner, ladder
from ergoscope.learners._engine.replay import score_recording
from ergoscope.simulator import LinearSystem, simulate

OPEN = Critical(None, "undecided", "1 run cannot show it.")
LEARNER = ladder([0, 1, 2], intercept=True)


def losses_of(gain: float, blocks: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Losses of two sizes in blocks of 10 samples whose difference sums to a gain minus log 20, at a noise of 2."""
    rng = np.random.default_rng(0)
    large = rng.chisquare(10, blocks)
    large *= 2 * 10 * blocks / large.sum()
    wobble = 0.3 * rng.standard_normal(blocks)
    wobble -= wobble.mean()
    small = large + 2 * (gain - math.log(20)) / blocks + wobble
    return np.stack([small, large, large + 1], axis=1), np.full(blocks, 10.0)


@pytest.mark.parametrize("cost", [0.1, 3.0, 40.0])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_gain_that_shows_is_a_root_of_the_power(cost: float, share: float) -> None:
    """The twin: a root finder on the probability that normal(G - L, 4 (G + L)) lies 1.96 deviations above 0."""

    def lacks(gain: float) -> float:
        return float(norm.sf(1.96 - (gain - cost) / (2 * math.sqrt(gain + cost)))) - share

    assert gain_that_shows(cost, float(norm.ppf(share))) == pytest.approx(brentq(lacks, cost, 1e4), rel=1e-6)


def test_the_number_is_that_of_the_law() -> None:
    losses, samples = losses_of(12.0)
    found = samples_to_tell_apart(losses, samples, LEARNER, (0, 1), 1, 1050)
    assert found is not None and found.samples is not None
    exact = 1050 * gain_that_shows(math.log(20)) / 12
    assert exact <= found.samples <= 1.1 * exact  # two digits, rounded up
    assert (found.sizes, found.runs, found.enough, found.power) == ((0, 1), None, True, 0.9)
    assert found.sentence == "about 4 500 samples in all (4.3 times as many) would tell 1 from 0 (90 %)"
    several = samples_to_tell_apart(losses, samples, LEARNER, (0, 1), 3, 350)
    assert several is not None and "samples of each run in all" in several.sentence


def test_a_unit_of_the_output_changes_nothing() -> None:
    losses, samples = losses_of(12.0)
    one, other = (samples_to_tell_apart(scale * losses, samples, LEARNER, (0, 1), 1, 1050) for scale in (1.0, 1e12))
    assert one == other


def test_no_gain_gives_a_lower_bound_and_no_power() -> None:
    losses, samples = losses_of(0.0)
    found = samples_to_tell_apart(losses, samples, LEARNER, (0, 1), 1, 1050)
    assert found is not None and found.samples is not None
    assert (found.enough, found.power) == (False, None)
    limit = 2 * 1.6449 * math.sqrt(math.log(20))  # upper limit of the gain by the law: wider than that of these blocks
    exact = 1050 * gain_that_shows(math.log(20), 0.0) / limit
    assert 0.9 * exact <= found.samples <= exact
    words = f"{found.samples // 1000} {found.samples % 1000:03d} samples"
    assert found.sentence == f"telling 1 from 0 takes more than {words}, if they differ at all"


def test_wild_blocks_give_no_number_of_samples() -> None:
    losses, samples = losses_of(0.0)
    losses[:, 0] += 500 * np.random.default_rng(1).permutation(np.repeat([-1.0, 1.0], 50))
    found = samples_to_tell_apart(losses, samples, LEARNER, (0, 1), 1, 1050)
    assert found is not None and found.samples == 1050 // 10 * 10 - 50  # two digits, rounded down: 1 000
    assert "these do not say how many" in found.sentence


def test_a_learner_that_forgets_takes_the_difference_as_it_is() -> None:
    losses, samples = losses_of(10.0)
    forgets = ladder([0, 1, 2], forgetting=0.99)
    found = samples_to_tell_apart(losses, samples, forgets, (0, 1), 1, 1050)
    difference = losses[:, 0] - losses[:, 1]
    level = difference.sum() / math.sqrt(((difference - difference.mean()) ** 2).sum())
    assert found is not None and found.enough == (level >= 1.5)
    flat = samples_to_tell_apart(losses, samples, forgets, (1, 1), 1, 1050)
    assert flat is not None and not flat.enough


def test_nothing_is_asked_for_without_a_pair_or_without_noise() -> None:
    losses, samples = losses_of(1.0)
    assert samples_to_tell_apart(losses, samples, LEARNER, None, 1, 1050) is None
    assert samples_to_tell_apart(0 * losses, samples, LEARNER, (0, 1), 1, 1050) is None
    assert samples_to_tell_apart(losses + np.inf, samples, LEARNER, (0, 1), 1, 1050) is None


def advice_of(*means: float) -> tuple[Advice, list[int]]:
    losses = np.array(means) * np.random.default_rng(0).standard_normal((4000, len(means))) ** 2
    best = best_size(losses, np.ones(4000), list(range(len(means))))
    advice = advise(losses, np.ones(4000), range(len(means)), best, OPEN, 1, "filter length")
    assert advice is not None
    return advice, best.alike


def test_the_pair_is_the_size_to_use_and_one_that_may_be_better() -> None:
    advice, alike = advice_of(2, 1, 1, 1)
    larger = advice.least if advice.least > advice.size else advice.size + 1
    assert undecided_pair(advice, alike, [0, 1, 2, 3]) == (advice.size, larger)
    assert undecided_pair(*advice_of(1, 2, 3), [0, 1, 2]) is None  # the larger ones are shown to be worse
    assert undecided_pair(None, [0], [0]) is None


def gains(learner: Learner, root: float, samples: int, runs: int) -> np.ndarray:
    """The summed difference of the losses of sizes 0 and 1, in noise powers, of independent runs."""
    system = LinearSystem([[root]], [[1.0]], [[1.0]], [[0.0]])
    edges = block_edges(samples)
    sums = score_recording(learner, simulate(1, system, samples, runs), edges.tolist())
    found = []
    for k in range(runs):
        one = sums._replace(error=sums.error[..., k : k + 1], excess=sums.excess[..., k : k + 1],
                            samples=sums.samples[..., k : k + 1])  # fmt: skip
        losses, _ = late_losses(one, 0)
        found.append((losses[:, 0] - losses[:, 1]).sum())
    return np.array(found)


def test_the_law_of_the_paired_difference() -> None:
    """Of an autoregression of order 1: a gain of b = a^2 / (1 - a^2) noise powers a sample, and a cost of log 20."""
    samples, runs, root = 800, 400, 0.15
    D = gains(LEARNER, root, samples, runs)
    gain, cost = 0.95 * samples * root**2 / (1 - root**2), math.log(20)
    assert (
        abs(D.mean() - (gain - cost)) < norm.isf(0.5e-4) * D.std() / math.sqrt(runs) + 0.3
    )  # the start: 1/t is no law
    spread = D.var() / (4 * (gain + cost))
    assert 0.75 < spread < 1.6  # the squared learning error adds 4 (log 20 - 0.95)
