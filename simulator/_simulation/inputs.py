"""Known inputs as functions of time: any stretch can be computed without the stretch before it.

Time: ``signal(t)`` for an integer array ``t`` of samples from 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import real_array

Signal = Callable[[NDArray[np.int64]], NDArray[np.float64]]
KINDS = ("zero", "white", "prbs", "sweep")


def input_signal(kind: str | ArrayLike, inputs: int, amplitude: float = 1.0, seed: int = 0) -> Signal:
    """Return a known input, one column per channel, as a function of the sample number.

    * ``"zero"``: u = 0.
    * ``"white"``: independent Gaussian samples of standard deviation ``amplitude``.
    * ``"prbs"``: a maximum-length binary sequence of +-``amplitude``, period 2047; channels are shifted copies.
    * ``"sweep"``: amplitude * sin(phase). The frequency rises from 0 to half the sampling rate in 4096 samples, then
      starts again; channels are shifted copies.
    * an array ``(time, input)``: its rows; after its end the last row holds.

    Args:
        kind: One of the names, or the array.
        inputs: Number of channels.
        amplitude: Amplitude in the unit of the input.
        seed: Seed of the white input.

    Returns:
        A function from an integer array ``(time,)`` to ``(time, input)``.

    Raises:
        ValueError: The name is unknown, or the array has another width.
    """
    if not isinstance(kind, str):
        given = real_array("the input", kind, "a word or an array of numbers")
        if given.ndim != 2 or given.shape[1] != inputs or len(given) == 0 or not np.isfinite(given).all():
            raise ValueError(f"the input must be finite, of shape (time, {inputs}), got {given.shape}.")
        return lambda t: np.asarray(given[np.minimum(t, len(given) - 1)])
    if kind not in KINDS:
        raise ValueError(f"no input is called {kind!r}; there are {', '.join(KINDS)}, or an array (time, {inputs}).")
    if kind == "zero" or inputs == 0:
        return lambda t: np.zeros((len(t), inputs))
    return partial(
        {"white": _white, "prbs": _prbs, "sweep": _sweep}[kind], inputs=inputs, amplitude=amplitude, seed=seed
    )


def _white(t: NDArray[np.int64], inputs: int, amplitude: float, seed: int) -> NDArray[np.float64]:
    block = 1024
    parts = {
        b: np.random.default_rng((seed, b)).standard_normal((block, inputs)) for b in np.unique(t // block).tolist()
    }
    rows = [parts[b][i] for b, i in zip((t // block).tolist(), (t % block).tolist(), strict=True)]
    return amplitude * np.array(rows).reshape(len(t), inputs)


def _prbs(t: NDArray[np.int64], inputs: int, amplitude: float, seed: int) -> NDArray[np.float64]:
    from scipy.signal import max_len_seq  # here: the import takes 1.5 s

    del seed
    sequence = 2.0 * max_len_seq(11)[0] - 1.0
    shifts = np.arange(inputs) * len(sequence) // inputs
    return np.asarray(amplitude * sequence[(t[:, None] + shifts) % len(sequence)])


def _sweep(t: NDArray[np.int64], inputs: int, amplitude: float, seed: int) -> NDArray[np.float64]:
    del seed
    period = 4096
    shifts = np.arange(inputs) * period // inputs
    s = (t[:, None] + shifts) % period
    return amplitude * np.sin(np.pi * s**2 / (2 * period))
