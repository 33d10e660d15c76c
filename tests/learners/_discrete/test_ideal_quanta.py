"""The ideal learner against a plain loop over examples, and its mean against the exact loss."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from ergoscope.analysis import Quanta
from ergoscope.learners import ideal_quanta
from ergoscope.learners._discrete.ideal_quanta import IdealQuanta


def loop(stream: list[int], kinds: int, uses: int, slots: int) -> tuple[list[float], list[bool]]:
    """The textbook, one example after another: the loss on each, and which kinds hold a slot in the end."""
    met, last, holders, losses = [0] * kinds, [-1] * kinds, set[int](), []
    for time, kind in enumerate(stream):
        losses.append(0.5 if kind in holders else 1.5)
        met[kind], last[kind] = met[kind] + 1, time
        if met[kind] >= uses and kind not in holders:
            if len(holders) < slots:
                holders.add(kind)
            else:
                least = min(holders, key=lambda other: (met[other], -last[other]))
                if met[kind] > met[least]:
                    holders = holders - {least} | {kind}
    return losses, [kind in holders for kind in range(kinds)]


def most_met(stream: list[int], kinds: int, uses: int, slots: int) -> list[bool]:
    """Which kinds were met most often; of those met equally often, the first to be so."""
    met = [stream.count(kind) for kind in range(kinds)]
    last = [max((i for i, other in enumerate(stream) if other == kind), default=-1) for kind in range(kinds)]
    ranked = sorted((kind for kind in range(kinds) if met[kind] >= uses), key=lambda kind: (-met[kind], last[kind]))
    return [kind in ranked[:slots] for kind in range(kinds)]


@given(
    kinds=st.integers(1, 7),
    uses=st.integers(1, 4),
    slots=st.integers(1, 8),
    length=st.integers(0, 80),
    seed=st.integers(0, 2**32),
    cuts=st.lists(st.integers(0, 80), max_size=3),
)
def test_blocks_of_any_lengths_are_the_loop_over_examples(
    kinds: int, uses: int, slots: int, length: int, seed: int, cuts: list[int]
) -> None:
    stream = np.random.default_rng(seed).integers(kinds, size=length).tolist()
    learner = ideal_quanta(kinds, uses, slots, unlearned=1.5, learned=0.5)
    state, losses = learner.start(), list[float]()
    for block in np.split(np.array(stream, int), np.sort(cuts)):
        state, scored = learner.take(state, block)
        losses += scored.tolist()
    expected, learned = loop(stream, kinds, uses, slots)
    assert losses == expected
    assert state.learned.tolist() == learned == most_met(stream, kinds, uses, slots)
    assert state.met.tolist() == [stream.count(kind) for kind in range(kinds)]
    assert state.seen == len(stream)
    assert learner.kind_losses(state).tolist() == [0.5 if one else 1.5 for one in learned]


@pytest.mark.parametrize(("uses", "slots"), [(1, 5), (3, 20), (20, None)])
def test_a_long_stream_is_the_loop_over_examples(uses: int, slots: int | None) -> None:
    p = Quanta(0.4, 60).frequency(np.arange(1, 61))
    stream = np.random.default_rng(1).choice(60, size=4000, p=p)
    state, losses = run(ideal_quanta(60, uses, slots, 1.5, 0.5), stream)
    expected, learned = loop(stream.tolist(), 60, uses, slots or 60)
    assert losses.tolist() == expected
    assert state.tolist() == learned


def run(learner: IdealQuanta, stream: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    state, losses = learner.take(learner.start(), stream)
    return state.learned, losses


def test_over_all_streams_the_mean_is_the_exact_loss() -> None:
    """3 kinds, 6 examples: every stream with its probability, scored at every example before it is taken."""
    quanta, learner = Quanta(0.7, 3, 1.5, 0.5), ideal_quanta(3, 2, None, 1.5, 0.5)
    p, mean = quanta.frequency([1, 2, 3]), np.zeros(6)
    for stream in itertools.product(range(3), repeat=6):
        mean += np.prod(p[list(stream)]) * run(learner, np.array(stream))[1]
    np.testing.assert_allclose(mean, quanta.loss_by_data(np.arange(6), uses=2), rtol=1e-13)


@pytest.mark.parametrize(("alpha", "uses"), [(0.4, 1), (0.4, 5), (0.8, 3)])
def test_over_seeds_the_mean_is_the_exact_loss(alpha: float, uses: int) -> None:
    """Counts of a stream are negatively associated: the spread is at most that of independent kinds."""
    seeds, ends = 150, [30, 300, 1500]
    quanta, learner = Quanta(alpha, 40), ideal_quanta(40, uses)
    p = quanta.frequency(np.arange(1, 41))
    met = np.zeros((seeds, 3))
    for seed in range(seeds):
        stream, state = np.random.default_rng(seed).choice(40, size=1500, p=p), learner.start()
        for k, block in enumerate(np.split(stream, ends[:-1])):
            state, _ = learner.take(state, block)
            met[seed, k] = p @ learner.kind_losses(state)
    unlearned = binom.cdf(uses - 1, np.array(ends)[:, None], p)
    spread = np.sqrt((p**2 * unlearned * (1 - unlearned)).sum(axis=1) / seeds)
    z = norm.isf(0.5e-4 / 3)  # two-sided 1e-4 over three ends
    assert (np.abs(met.mean(axis=0) - quanta.loss_by_data(ends, uses)) < z * spread).all()


@pytest.mark.parametrize("uses", [1, 10])
def test_slots_come_to_hold_the_most_frequent_kinds(uses: int) -> None:
    """After 20 000 examples the counts of kinds 4 and 5 are 8 standard deviations apart, and those of others further.

    After 100 examples kind 5 leads with probability 0.29: all of 30 seeds are right with less than 1e-4.
    """
    quanta, learner = Quanta(1.0, 12), ideal_quanta(12, uses, slots=4)
    p = quanta.frequency(np.arange(1, 13))
    early, late = [], []
    for seed in range(30):
        stream, state = np.random.default_rng(seed).choice(12, size=20_000, p=p), learner.start()
        state, _ = learner.take(state, stream[:100])
        early.append(p @ learner.kind_losses(state))
        state, _ = learner.take(state, stream[100:])
        late.append(p @ learner.kind_losses(state))
    exact = quanta.loss_by_size(4)
    np.testing.assert_allclose(late, np.repeat(exact, 30), rtol=1e-12)
    assert min(early) >= exact - 1e-12
    assert max(early) > exact + 0.005  # p_4 - p_5 is 0.009


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ideal_quanta(0), "kinds must be a whole number of at least 1, got 0"),
        (lambda: ideal_quanta(3, uses=0), "uses must be a whole number"),
        (lambda: ideal_quanta(3, slots=0), "slots must be a whole number"),
        (lambda: ideal_quanta(3, unlearned=np.inf), "losses must be finite"),
        (lambda: take([0, 3]), "kinds must be below 3, got 3"),
        (lambda: take([-1]), "whole numbers of at least 0"),
        (lambda: take([0.5]), "whole numbers of at least 0"),
    ],
)
def test_bad_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def take(kinds: list[float]) -> object:
    learner = ideal_quanta(3)
    return learner.take(learner.start(), kinds)
