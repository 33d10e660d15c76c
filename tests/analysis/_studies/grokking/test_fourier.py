"""The spectrum of weights: planted frequencies, phases and noise come back."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis._studies.grokking.five_neurons import five_neurons
from ergoscope.analysis._studies.grokking.fourier import spectrum

P = 67


def planted(frequencies: list[int], seed: int, doubled: bool = True) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    phases, sizes = random.uniform(0, 2 * np.pi, len(frequencies)), random.uniform(0.5, 2, len(frequencies))
    a, k = np.arange(P)[:, None], np.array(frequencies)
    inputs = sizes * np.cos(2 * np.pi * k * a / P - phases) + 3.0  # the mean is no frequency
    later = 2 * phases if doubled else random.uniform(0, 2 * np.pi, len(frequencies))
    return inputs, (sizes * np.cos(2 * np.pi * k * a / P - later)).T


def test_planted_frequencies_and_phases_come_back() -> None:
    found = spectrum(*planted([4, 4, 7, 26, 26, 26], 0))
    assert found.used == [4, 7, 26]
    assert (found.top + 1).tolist() == [4, 4, 7, 26, 26, 26]
    assert found.top_shares == pytest.approx((1.0, 1.0))
    assert found.doubling == pytest.approx(1.0)


def test_another_phase_would_be_seen() -> None:
    found = spectrum(*planted([5] * 40, 1, doubled=False))
    assert abs(found.doubling) < 5 / np.sqrt(2 * 40) * 1.3  # a mean of cosines of random phases


def test_noise_has_a_small_share_and_every_frequency() -> None:
    random = np.random.default_rng(2)
    found = spectrum(random.standard_normal((P, 48)), random.standard_normal((48, P)))
    expected = sum(1 / k for k in range(1, 34)) / 33  # the largest of 33 exponentials over their sum
    assert found.top_shares[0] == pytest.approx(expected, abs=0.03)
    assert len(found.used) == 33


def test_the_share_of_a_frequency_below_the_noise_of_others() -> None:
    inputs, outputs = planted([9] * 4, 3)
    found = spectrum(inputs + 0.5 * planted([20] * 4, 3)[0], outputs)  # a quarter of the power beside it
    assert found.top_shares[0] == pytest.approx(0.8)
    assert found.used == [9, 20]


def test_the_constructed_network_has_one_frequency_and_doubled_phases() -> None:
    net = five_neurons(P, 5, "relu")
    found = spectrum(net.embedding @ net.inputs, net.outputs @ net.embedding.T)
    assert found.used == [1]
    assert found.top_shares == pytest.approx((1.0, 1.0))
    assert found.doubling == pytest.approx(1.0)
