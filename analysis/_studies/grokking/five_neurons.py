"""The network that adds modulo p with a handful of neurons: built by hand, with its logits in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ACTIVATIONS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "relu": lambda z: np.maximum(z, 0.0),
    "square": np.square,
}
TIE = 1e-9  # of the largest logit: below it the answer hangs on rounding, and counts as wrong


class FiveNeurons(NamedTuple):
    """The constructed network.

    Attributes:
        accuracy: Share of all p^2 pairs whose sum has the largest logit, with a margin over every other class.
        embedding: E, ``(p, 2)``.
        inputs: H, ``(2, neuron)``.
        outputs: O, ``(neuron, 2)``.
    """

    accuracy: float
    embedding: NDArray[np.float64]
    inputs: NDArray[np.float64]
    outputs: NDArray[np.float64]

    @property
    def exact(self) -> bool:
        """Whether every pair is answered right."""
        return self.accuracy == 1.0


def five_neurons(p: int = 67, neurons: int = 5, activation: str = "square") -> FiveNeurons:
    """Return the constructed network for a + b modulo p, and how many of the p^2 pairs it answers right.

        logits = s((E[a] + E[b]) H) O E^T
        E[a] = (cos(w a), sin(w a)),  w = 2 pi / p
        H[:, i] = (cos(t_i), sin(t_i)),   O[i] = (cos(2 t_i), sin(2 t_i)),   t_i = 2 pi i / N

    Neuron i sees 2 cos((a - b) w/2) cos((a + b) w/2 - t_i). With s(z) = z^2 the sum over the neurons leaves one term

        logit_c = N cos^2((a - b) w/2) cos((a + b - c) w)

    for every N except 1, 2 and 4, where a second term, cos((a + b + c) w), stays. So N = 3 is enough. ReLU has further
    harmonics, 4, 6, 8, .. of the angle. Those that are 2 or -2 modulo N stay: for N = 5 the first is the eighth, which
    is too weak to change an answer; for N = 6 it is the fourth, which changes most.

    Args:
        p: The modulus, odd and at least 3. For an even p the two numbers of a pair can be opposite on the circle: their
            sum is zero in every neuron, and nothing is left to answer with.
        neurons: N.
        activation: s: ``"relu"``, or ``"square"``, s(z) = z^2.

    Raises:
        ValueError: p is even or below 3, there is no neuron, or there is no such activation.

    References:
        A. Pearce et al., Do machine learning models memorize or generalize?, PAIR explorables, 2023.
    """
    if p < 3 or p % 2 == 0:
        raise ValueError(f"the constructed network needs an odd modulus p of at least 3, got {p}.")
    if neurons < 1:
        raise ValueError(f"the constructed network needs at least 1 neuron, got {neurons}.")
    if activation not in ACTIVATIONS:
        raise ValueError(f"the activation must be {' or '.join(ACTIVATIONS)}, got {activation!r}.")
    embedding = circle(2 * np.pi * np.arange(p) / p)
    angles = 2 * np.pi * np.arange(neurons) / neurons
    inputs, outputs = circle(angles).T, circle(2 * angles)
    a, b = np.divmod(np.arange(p * p), p)
    logits = ACTIVATIONS[activation]((embedding[a] + embedding[b]) @ inputs) @ outputs @ embedding.T
    right = logits[np.arange(p * p), (a + b) % p].copy()
    logits[np.arange(p * p), (a + b) % p] = -np.inf
    margin = TIE * max(float(np.abs(right).max()), 1.0)
    return FiveNeurons(float((right - logits.max(axis=1) > margin).mean()), embedding, inputs, outputs)


def circle(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points ``(angle, 2)`` of the unit circle."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
