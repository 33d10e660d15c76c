"""Samples far from their neighbours are told; steps, noise and rough signals are not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ergoscope.analysis import locate
from ergoscope.analysis._location.spikes import spike_note
from ergoscope.simulator import Trajectories

RNG = np.random.default_rng(4)
NOISE = RNG.standard_normal(1000)


def note(*outputs: NDArray[np.float64]) -> str:
    return spike_note(Trajectories.of(np.stack(outputs, axis=1)))


def spiked(y: NDArray[np.float64], places: list[int], size: float = 200.0) -> NDArray[np.float64]:
    y = y.copy()
    y[places] += size
    return y


@pytest.mark.parametrize("y", [NOISE, NOISE.cumsum(), 100 + np.sin(np.arange(1000) / 5)])
def test_spikes_are_counted(y: NDArray[np.float64]) -> None:
    assert note(spiked(y, [100, 300, 301, 700])).startswith("2 samples of y are over 30 times as far")  # a pair is none
    assert note(spiked(y, [100], -200.0)).startswith("1 sample of y is over 30 times")


@pytest.mark.parametrize(
    "y",
    [
        NOISE,
        RNG.standard_t(2, 1000),
        NOISE.cumsum(),
        NOISE + 300 * (np.arange(1000) > 500),  # a step
        np.where(np.arange(1000) % 40 < 20, 0.0, 500.0) + NOISE,  # a square wave
        np.where(np.arange(1000) % 10 == 0, 500.0, 0.0) + NOISE,  # one in ten: the signal itself
        np.repeat(np.arange(100.0), 10),  # most samples repeat the one before
        np.full(1000, np.nan),
    ],
)
def test_a_signal_without_spikes_has_no_note(y: NDArray[np.float64]) -> None:
    assert note(y) == ""


def test_each_output_is_named_and_the_answer_tells_it() -> None:
    assert "1 sample of y1" in note(spiked(NOISE, [5]), NOISE) and "y2" not in note(spiked(NOISE, [5]), NOISE)
    found = locate(spiked(NOISE, [10, 500]), sizes=range(3), model=False)
    assert "2 samples of y are over 30 times as far from both neighbours" in found.sentence
    assert found.reading is not None and len(found.reading.notes) == 1
    assert locate(NOISE, sizes=range(3), model=False).reading.notes == ()  # type: ignore[union-attr]
