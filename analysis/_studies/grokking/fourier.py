"""The weights of a network for sums modulo p, in frequencies: how many it uses, and how outputs follow inputs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

USED = 0.01  # of the power: what a frequency holds at least that counts as used


class Spectrum(NamedTuple):
    """The discrete Fourier transform of input and output weights over the symbols, without the mean.

    Attributes:
        inputs, outputs: ``(frequency, neuron)``, complex; row k is frequency k + 1.
    """

    inputs: NDArray[np.complex128]
    outputs: NDArray[np.complex128]

    @property
    def top(self) -> NDArray[np.int64]:
        """The row of the strongest frequency of the input weights of each neuron, ``(neuron,)``."""
        return np.asarray(np.abs(self.inputs).argmax(axis=0))

    @property
    def used(self) -> list[int]:
        """The frequencies that hold at least 1 % of the power of the input weights."""
        power = (np.abs(self.inputs) ** 2).sum(axis=1)
        return [int(k) + 1 for k in np.flatnonzero(power >= USED * power.sum())]

    @property
    def top_shares(self) -> tuple[float, float]:
        """The share of the power of a neuron at its strongest frequency, of input and of output weights.

        It is averaged over the neurons by their power. 1: every neuron is one cosine. Of weights without pattern it is
        small, about log(m) / m for m frequencies.
        """
        shares = []
        for part in self:
            power = np.abs(part) ** 2
            shares.append(float(power.max(axis=0).sum() / power.sum()))
        return shares[0], shares[1]

    @property
    def doubling(self) -> float:
        """How well the phase of the output weights is twice that of the input weights, from -1 to 1.

        The constructed network has neurons cos(w a - t) whose outputs are cos(w c - 2 t). With V and W a neuron's
        transforms at its strongest frequency this is the sum of Re(W conj(V)^2) over that of |W| |V|^2.
        """
        neurons = np.arange(self.inputs.shape[1])
        v, w = self.inputs[self.top, neurons], self.outputs[self.top, neurons]
        return float((w * v.conj() ** 2).real.sum() / (np.abs(w) * np.abs(v) ** 2).sum())


def spectrum(inputs: NDArray[np.float64], outputs: NDArray[np.float64]) -> Spectrum:
    """Return the transforms of input weights ``(symbol, neuron)`` and output weights ``(neuron, class)``."""
    return Spectrum(np.fft.rfft(inputs, axis=0)[1:], np.fft.rfft(outputs.T, axis=0)[1:])
