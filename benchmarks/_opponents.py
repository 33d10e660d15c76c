"""Recursive least squares as people usually run it: one filter length after the other, or padded to the longest.

Each takes ``y`` ``(time, stream)`` and returns the sum of squared a-priori errors over all samples and streams, of each
length ``1 .. M`` or of length M alone. These sums are compared before the clock starts.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ergoscope._core.devices import computing

Run = Callable[[np.ndarray], Any]


def rls_step(P: Any, w: Any, x: Any, y: Any) -> Any:
    error, Px = y - x @ w, P @ x
    gain = Px / (1 + x @ Px)
    return P - jnp.outer(gain, Px), w + gain * error, error


@partial(jax.jit, static_argnames=("M", "ridge"))
def padded(y: Any, M: int, ridge: float) -> Any:
    """All lengths at once as one vmapped covariance RLS, each padded to the longest."""
    mask = (np.arange(M) < np.arange(1, M + 1)[:, None]).astype(y.dtype)
    many = jax.vmap(jax.vmap(rls_step, (0, 0, 0, None)))

    def step(carry: Any, now: Any) -> Any:
        P, w, window = carry
        P, w, error = many(P, w, window[:, None] * mask[None], now)
        return (P, w, jnp.concatenate([now[:, None], window[:, :-1]], 1)), (error * error).sum(0)

    streams, zeros = y.shape[1], partial(jnp.zeros, dtype=y.dtype)
    P = jnp.broadcast_to(jnp.eye(M, dtype=y.dtype) / ridge, (streams, M, M, M))
    return jax.lax.scan(step, (P, zeros((streams, M, M)), zeros((streams, M))), y)[1].sum(0)


@partial(jax.jit, static_argnames=("M", "ridge"))
def vmapped(y: Any, M: int, ridge: float) -> Any:
    """ONE length: vmap of a scan."""

    def one(y: Any) -> Any:
        def step(carry: Any, now: Any) -> Any:
            P, w, window = carry
            P, w, error = rls_step(P, w, window, now)
            return (P, w, jnp.concatenate([now[None], window[:-1]])), error * error

        zeros = jnp.zeros(M, y.dtype)
        return jax.lax.scan(step, (jnp.eye(M, dtype=y.dtype) / ridge, zeros, zeros), y)[1].sum()

    return jax.vmap(one, 1)(y).sum()


@partial(jax.jit, static_argnames=("M", "ridge"))
def in_chunks(y: Any, M: int, ridge: float) -> Any:
    """ONE length: 128 streams at a time, which is kinder to the caches."""
    tiles = jnp.moveaxis(y.reshape(len(y), -1, min(128, y.shape[1])), 1, 0)
    return jax.lax.map(lambda tile: vmapped(tile, M, ridge), tiles).sum()


@partial(jax.jit, static_argnames=("M", "ridge"))
def batch_last(y: Any, M: int, ridge: float) -> Any:
    """ONE length: the streams innermost."""

    def step(carry: Any, now: Any) -> Any:
        P, w, window = carry
        error, Px = now - (window * w).sum(0), (P * window[None]).sum(1)
        gain = Px / (1 + (window * Px).sum(0))
        w = w + gain * error
        return (P - gain[:, None] * Px[None], w, jnp.concatenate([now[None], window[:-1]])), error * error

    P = jnp.broadcast_to(jnp.eye(M, dtype=y.dtype)[:, :, None] / ridge, (M, M, y.shape[1]))
    zeros = jnp.zeros((M, y.shape[1]), y.dtype)
    return jax.lax.scan(step, (P, zeros, zeros), y)[1].sum()


def on_device(form: Callable[..., Any], M: int, ridge: float, precision: Any) -> Run:
    def run(y: np.ndarray) -> Any:
        with computing(precision):
            return np.asarray(form(jnp.asarray(y), M, ridge))

    return run


def padasip(M: int, ridge: float) -> Run:
    """A loop over lengths, streams and samples with padasip's FilterRLS."""
    from padasip.filters import FilterRLS

    def learn(stream: np.ndarray, length: int) -> float:
        learner, window, total = FilterRLS(n=length, mu=1.0, eps=ridge, w="zeros"), np.zeros(length), 0.0
        for now in stream:
            total += (now - learner.predict(window)) ** 2
            learner.adapt(now, window)
            window = np.concatenate([[now], window[:-1]])
        return total

    return partial(_each, learn, range(1, M + 1))


def river_bayesian(M: int, ridge: float) -> Run:
    """River's BayesianLinearRegression, which with unit noise is recursive least squares."""
    from river.linear_model import BayesianLinearRegression

    return partial(_each, partial(_river, lambda: BayesianLinearRegression(alpha=ridge, beta=1.0)), range(1, M + 1))


def river_gradient(M: int, ridge: float) -> Run:
    """River's LinearRegression by stochastic gradients: cheaper, and another answer."""
    from river.linear_model import LinearRegression
    from river.optim import SGD

    del ridge
    return partial(_each, partial(_river, lambda: LinearRegression(SGD(1e-5), intercept_lr=0)), range(1, M + 1))


def _river(make: Callable[[], Any], stream: np.ndarray, length: int) -> float:
    learner, window, total = make(), deque([0.0] * length, maxlen=length), 0.0
    for now in stream.tolist():
        features = dict(enumerate(window))
        total += (now - learner.predict_one(features)) ** 2
        learner.learn_one(features, now)
        window.appendleft(now)
    return total


def filterpy(M: int, ridge: float) -> Run:
    """filterpy's KalmanFilter with the weights as a constant state and the window as the measurement matrix."""
    from filterpy.kalman import KalmanFilter

    def learn(stream: np.ndarray, length: int) -> float:
        learner, window, total = KalmanFilter(dim_x=length, dim_z=1), np.zeros((1, length)), 0.0
        learner.P = np.eye(length) / ridge
        for now in stream:
            learner.update(np.array([[now]]), H=window)
            total += learner.y[0, 0] ** 2
            window = np.concatenate([[[now]], window[:, :-1]], axis=1)
        return total

    return partial(_each, learn, range(1, M + 1))


def _each(learn: Callable[[np.ndarray, int], float], lengths: Iterable[int], y: np.ndarray) -> np.ndarray:
    return np.array([sum(learn(stream, length) for stream in y.T) for length in lengths])


def in_c(lengths: Iterable[int], ridge: float, precision: str) -> Run:
    """``rls.c``, the streams shared out to one thread a core.

    Raises:
        ImportError: No compiler, or one that fails; what it said.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise ImportError("no C compiler called cc")
    real = {"float64": ctypes.c_double, "float32": ctypes.c_float}[precision]
    with tempfile.TemporaryDirectory() as folder:  # once loaded, the library is no longer needed there
        library = Path(folder) / "rls.so"
        source = Path(__file__).with_name("rls.c")
        flags = [
            "-O3",
            "-march=native",
            "-shared",
            "-fPIC",
            f"-DREAL={'double' if real is ctypes.c_double else 'float'}",
        ]
        made = subprocess.run([compiler, *flags, "-o", str(library), str(source)], capture_output=True, text=True)
        if made.returncode:
            raise ImportError(f"cc failed: {made.stderr.strip().splitlines()[-1]}")
        rls = ctypes.CDLL(str(library)).rls
    pointer = ctypes.POINTER(real)
    rls.argtypes = [pointer, ctypes.c_long, ctypes.c_long, ctypes.c_long, real, pointer, pointer, pointer]
    rls.restype = ctypes.c_double
    cores, asked = os.cpu_count() or 1, list(lengths)

    def learn(y: np.ndarray, length: int) -> float:
        rows = np.concatenate([np.zeros((y.shape[1], length), precision), y.T], axis=1)
        room = [np.empty(size, precision) for size in (length * length, length, length)]
        arrays = [array.ctypes.data_as(pointer) for array in (rows, *room)]
        return float(rls(arrays[0], len(y), y.shape[1], length, ridge, *arrays[1:]))

    def run(y: np.ndarray) -> np.ndarray:
        shares = np.array_split(y, cores, axis=1)
        with ThreadPoolExecutor(cores) as workers:  # a call of ctypes lets other threads run
            return np.array([sum(workers.map(partial(learn, length=length), shares)) for length in asked])

    return run
