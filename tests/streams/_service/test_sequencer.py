"""The order of a stream, held against a twin that knows single samples only: every small case and many random ones."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import Observation, observation
from ergoscope.streams._service.sequencer import LONGEST, Sequencer


class Twin:
    """The same rules, one sample at a time, without a thought for speed."""

    def __init__(self, window: int) -> None:
        self.window, self.epoch, self.expected, self.known = window, -1, 0, False
        self.held: dict[int, float] = {}
        self.out: list[tuple[int, int, float | None]] = []  # epoch, number, value; None where lost
        self.repeated = self.lost = self.outdated = 0

    def take(self, epoch: int, first: int | None, values: list[float]) -> None:
        if epoch < self.epoch:
            self.outdated += len(values)
            return
        if epoch > self.epoch:
            self.release(0)
            self.epoch = epoch
            self.expected = first if not self.known and first is not None and first > self.window else 0
            self.known = True
        if first is None:
            self.release(0)
            first = self.expected
        for number, value in enumerate(values, first):
            if number < self.expected or number in self.held:
                self.repeated += 1
            else:
                self.held[number] = value
        self.release(self.window)

    def release(self, window: int) -> None:
        while self.held:
            if self.expected in self.held:
                self.out.append((self.epoch, self.expected, self.held.pop(self.expected)))
            elif max(self.held) - self.expected >= window:
                self.out.append((self.epoch, self.expected, None))
                self.lost += 1
            else:
                return
            self.expected += 1


def sample(number: int | None, values: list[float], epoch: int = 0) -> Observation:
    return observation("a", np.array(values)[:, None], sequence=number, epoch=epoch)


def left(parts: list[Observation]) -> list[tuple[int, int, float | None]]:
    rows = []
    for part in parts:
        assert part.sequence is not None
        for k, value in enumerate(part.output[:, 0].tolist()):
            rows.append((part.epoch, part.sequence + k, None if np.isnan(value) else value))
    return rows


def run(messages: list[Observation], window: int) -> tuple[Sequencer, list[tuple[int, int, float | None]]]:
    """Take all messages, held against the twin after each."""
    sequencer, twin, out = Sequencer(window), Twin(window), []
    for message in messages:
        out += left(sequencer.take(message))
        twin.take(message.epoch, message.sequence, message.output[:, 0].tolist())
        assert out == twin.out
        counts = sequencer.counts
        assert (counts.repeated, counts.lost, counts.outdated) == (twin.repeated, twin.lost, twin.outdated)
    out += left(sequencer.flush())
    twin.release(0)
    assert out == twin.out and not sequencer.held
    assert sequencer.counts.taken == sum(value is not None for *_, value in out)
    return sequencer, out


@pytest.mark.parametrize("window", [0, 1, 2, 4])
def test_every_order_of_six_messages(window: int) -> None:
    for order in itertools.permutations(range(6)):
        moved = max(max(order[: k + 1]) - number for k, number in enumerate(order))
        sequencer, out = run([sample(k, [float(k)]) for k in order], window)
        if order[0] <= window and moved < max(window, 1):
            assert out == [(0, k, float(k)) for k in range(6)] and sequencer.counts.lost == 0


@pytest.mark.parametrize("seed", range(300))
def test_random_blocks_losses_repeats_and_epochs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    messages = []
    for epoch in range(rng.integers(1, 4)):
        for _ in range(rng.integers(1, 30)):
            first, steps = int(rng.integers(0, 40)), int(rng.integers(1, 6))
            messages.append(sample(first, [float(first + k) for k in range(steps)], epoch))
    if seed % 3:
        order = np.argsort(np.arange(len(messages)) + rng.uniform(0, 6, len(messages)))
        messages = [messages[k] for k in order]
    run(messages, int(rng.integers(0, 12)))


@pytest.mark.parametrize("seed", range(50))
def test_what_is_shuffled_inside_the_window_comes_out_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    window = int(rng.integers(2, 20))
    keys = np.arange(500) + rng.uniform(0, window - 1, 500)
    keys[0] = -1
    numbers = np.argsort(keys)
    again = np.repeat(numbers, rng.integers(1, 3, 500))  # some twice
    sequencer, out = run([sample(int(k), [float(k)]) for k in again], window)
    assert [number for _, number, _ in out] == list(range(500)) and sequencer.counts.lost == 0
    assert sequencer.counts.repeated == len(again) - 500


def test_samples_without_a_number_are_the_next_ones() -> None:
    _, out = run([sample(None, [1.0]), sample(None, [2.0, 3.0]), sample(5, [6.0]), sample(None, [7.0])], 8)
    assert out == [(0, 0, 1.0), (0, 1, 2.0), (0, 2, 3.0), (0, 3, None), (0, 4, None), (0, 5, 6.0), (0, 6, 7.0)]


def test_a_publisher_that_has_long_been_running_is_met_where_it_is() -> None:
    sequencer, out = run([sample(70_000, [1.0]), sample(70_001, [2.0])], 64)
    assert out == [(0, 70_000, 1.0), (0, 70_001, 2.0)] and sequencer.counts.lost == 0


def test_a_new_epoch_of_a_known_stream_counts_from_zero() -> None:
    sequencer, out = run([sample(0, [1.0]), sample(3, [4.0], epoch=1), sample(1, [2.0])], 2)
    assert out == [(0, 0, 1.0), (1, 0, None), (1, 1, None), (1, 2, None), (1, 3, 4.0)]
    assert sequencer.counts.outdated == 1


def test_a_wrong_number_costs_a_bounded_time_and_is_counted_in_full() -> None:
    sequencer = Sequencer()
    sequencer.take(sample(0, [1.0]))
    out = sequencer.take(sample(2**50, [1.0])) + sequencer.flush()
    assert sum(part.steps for part in out) <= 2 * LONGEST + 1
    assert sequencer.counts.lost == 2**50 - 1


def test_a_publisher_whose_clock_was_set_back_is_told_so_once_and_a_greater_epoch_mends_it(caplog: Any) -> None:
    sequencer = Sequencer(4)
    sequencer.take(sample(0, [1.0], epoch=1_000))
    assert all(sequencer.take(sample(k, [1.0], epoch=500)) == [] for k in range(40))
    assert sequencer.counts.outdated == 40
    assert [record.message for record in caplog.records] == [
        "a: samples of epoch 500 are dropped, because epoch 1000 came before. If a clock was set back, start the "
        "publisher with a greater epoch."
    ]
    assert left(sequencer.take(sample(0, [2.0], epoch=1_001))) == [(1_001, 0, 2.0)]


def test_a_wrong_number_is_said_once_and_a_greater_epoch_mends_it(caplog: Any) -> None:
    sequencer = Sequencer(4)
    for number in (0, 2**50, 2**51, 1):
        sequencer.take(sample(number, [1.0], epoch=7))
    assert sequencer.counts.repeated == 1
    (said,) = (record.message for record in caplog.records)
    assert (
        said.startswith(f"a: the samples 1 to {2**50 - 4} of epoch 7 are lost.")
        and "start the publisher with a greater epoch" in said
    )
    assert left(sequencer.take(sample(0, [2.0], epoch=8)))[-1] == (8, 0, 2.0)


@pytest.mark.parametrize("numbers", [[1, 2, 3], [0, 1, 2], [3, 4, 9, 10]])
def test_samples_that_come_in_order_are_not_reordered(numbers: list[int]) -> None:
    sequencer = Sequencer(8)
    for number in numbers:
        sequencer.take(sample(number, [1.0]))
    sequencer.flush()
    assert sequencer.counts.reordered == 0 and sequencer.counts.taken == len(numbers)


def test_each_sample_that_comes_after_a_later_one_is_reordered() -> None:
    sequencer = Sequencer(8)
    for number in (0, 3, 1, 2, 5, 4, 6):
        sequencer.take(sample(number, [1.0]))
    assert sequencer.counts.reordered == 3 and sequencer.counts.taken == 7
