"""The constructed network: brute force over every pair, and the closed form of its logits."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis import five_neurons
from ergoscope.analysis._studies.grokking.constructed_study import constructed_claims, constructed_table


def by_hand(p: int, neurons: int, a: int, b: int, square: bool) -> list[float]:
    """Return the logits of one pair, neuron by neuron, by the angles alone."""
    w, logits = 2 * np.pi / p, [0.0] * p
    for i in range(neurons):
        t = 2 * np.pi * i / neurons
        z = np.cos(w * a - t) + np.cos(w * b - t)
        s = z * z if square else max(z, 0.0)
        for c in range(p):
            logits[c] += s * np.cos(w * c - 2 * t)
    return logits


@pytest.mark.parametrize("square", [True, False])
@pytest.mark.parametrize("neurons", [3, 5, 6])
def test_every_pair_by_brute_force(neurons: int, square: bool) -> None:
    p, right = 11, 0
    for a in range(p):
        for b in range(p):
            logits = by_hand(p, neurons, a, b, square)
            answer = logits.pop((a + b) % p)
            right += answer > max(logits) + 1e-9
    found = five_neurons(p, neurons, "square" if square else "relu")
    assert found.accuracy == right / p**2
    assert found.exact == (right == p**2)


def test_the_logits_of_the_square_have_their_closed_form() -> None:
    for p, neurons in ((67, 3), (67, 5), (31, 7), (67, 10)):
        net = five_neurons(p, neurons, "square")
        a, b = np.divmod(np.arange(p * p), p)
        logits = ((net.embedding[a] + net.embedding[b]) @ net.inputs) ** 2 @ net.outputs @ net.embedding.T
        w, c = 2 * np.pi / p, np.arange(p)
        expected = neurons * np.cos((a - b) * w / 2)[:, None] ** 2 * np.cos((a + b)[:, None] * w - c * w)
        np.testing.assert_allclose(logits, expected, atol=1e-11)


def test_where_it_is_exact_and_where_it_breaks() -> None:
    square = {n: five_neurons(67, n, "square") for n in range(1, 11)}
    assert [n for n, net in square.items() if net.exact] == [3, 5, 6, 7, 8, 9, 10]  # all but the divisors of 4
    assert max(square[n].accuracy for n in (1, 2, 4)) < 0.05
    relu = {n: five_neurons(67, n, "relu").accuracy for n in range(1, 11)}
    assert [n for n, share in relu.items() if share == 1] == [5, 7, 9, 10]
    assert relu[6] == pytest.approx(0.19, abs=0.01)  # studies.md, 1.2
    assert relu[8] == pytest.approx(0.64, abs=0.01)
    assert all(one.agrees is True for one in constructed_claims(constructed_table()))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="odd modulus p of at least 3, got 8"):
        five_neurons(8)
    with pytest.raises(ValueError, match="at least 1 neuron, got 0"):
        five_neurons(67, 0)
    with pytest.raises(ValueError, match="relu or square, got 'tanh'"):
        five_neurons(67, 5, "tanh")
