"""Stochastic gradients with fixed steps: LMS, its normalised form, and affine projection.

Time: ``learn`` takes the pair (phi[t], y[t]) in, e = y - w' phi being the error made with the weights before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from jaxtyping import Float

from ..._core.jax_later import Array, jnp
from .._base import Learner
from .._learner_factory import learner_factory
from .._least_squares.window_learner import (
    Rule,
    Shape,
    Stream,
    WindowState,
    keep_where,
    kept_weights,
    mask,
    weighted,
    window_learner,
)
from .._linalg.batched import right_divide

TINY = 1e-12  # power of a regressor, in units of the first sample squared, below which it carries no information


class GradientState(NamedTuple):
    """Weights, and the pairs that affine projection remembers."""

    weights: Float[Array, "size column output lane"]
    regressors: Float[Array, "pair column lane"]
    targets: Float[Array, "pair output lane"]


@learner_factory
def lms(
    sizes: Iterable[int] = range(17),
    step: float = 0.01,
    leakage: float = 0.0,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[GradientState]]:
    """Least mean squares of every window length.

        w = (1 - step leakage) w + min(step, 1 / |phi|^2) phi e

    It converges in the mean for 0 < step < 2 / (largest eigenvalue of E phi phi'). No fixed step satisfies this where
    the samples grow. So the step is cut to 1 / |phi|^2, which fits this sample exactly, and the weights stay bounded.
    Where it is not cut, this is plain LMS. The step has the unit of one over the outputs squared, and nothing is
    scaled: for outputs twice as large the same result needs a quarter of the step.

    Gaps and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane and length: 4 h q operations.

    Args:
        sizes: Window lengths, rising.
        step: Positive, in units of one over the outputs squared.
        leakage: Share of the weights that a step of one takes away, from 0 on; step x leakage below 1.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q + inputs if direct).

    Raises:
        ValueError: Sizes not rising, step or leakage out of range, a direct term without inputs.

    References:
        B. Widrow, M. E. Hoff, Adaptive switching circuits, 1960. S. Haykin, *Adaptive Filter Theory*, chapters on LMS
        and normalised LMS.
    """
    if not (step > 0 and leakage >= 0 and step * leakage < 1):
        raise ValueError(f"lms needs a step above 0 and 0 <= step x leakage < 1, got {step} and {leakage}.")
    return _gradient("lms", Stream(sizes, outputs, inputs, direct), step, leakage, 0.0, 1)


@learner_factory
def nlms(
    sizes: Iterable[int] = range(17),
    step: float = 0.5,
    leakage: float = 0.0,
    regularisation: float = 1e-3,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[GradientState]]:
    """Normalised least mean squares of every window length.

        w = (1 - step leakage) w + step phi e / (regularisation + |phi|^2)

    Stable for 0 < step < 2 for all samples; 1 fits the newest sample exactly.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step, lane and length: 6 h q operations.

    Args:
        sizes: Window lengths, rising.
        step: Between 0 and 2, both excluded.
        leakage: Share of the weights that a step of one takes away, from 0 on; step x leakage below 1.
        regularisation: In units of the square of each channel's first nonzero sample, from 0 on.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q + inputs if direct).

    Raises:
        ValueError: Sizes not rising, step, leakage or regularisation out of range, a direct term without inputs.

    References:
        J. Nagumo, A. Noda, A learning method for system identification, 1967. S. Haykin, *Adaptive Filter Theory*.
    """
    _check_step("nlms", step, leakage, regularisation)
    return _gradient("nlms", Stream(sizes, outputs, inputs, direct), step, leakage, regularisation, 1)


@learner_factory
def affine_projection(
    sizes: Iterable[int] = range(17),
    step: float = 0.5,
    order: int = 4,
    regularisation: float = 1e-3,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[GradientState]]:
    """Affine projection of every window length: a step towards fitting the last few samples all at once.

        w += step X (regularisation I + X' X)^-1 (d - X' w),   X = [phi[t], .., phi[t-order+1]],   d = their targets

    Order 1 is NLMS; samples before the first count as zero. Stable for 0 < step < 2.

    Gaps, units and channels as in ``window_learner``: a sample with a missing output is neither learned from nor
    remembered. Cost per step, lane and length: about 2 order^2 h q operations.

    Args:
        sizes: Window lengths, rising.
        step: Between 0 and 2, both excluded.
        order: Samples fitted at a time, from 1 on.
        regularisation: In units of the square of each channel's first nonzero sample, positive.
        direct: y[t] depends on u[t], which is known when it is predicted.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q + inputs if direct).

    Raises:
        ValueError: Sizes not rising, step, order or regularisation out of range, a direct term without inputs.

    References:
        K. Ozeki, T. Umeda, An adaptive filtering algorithm using an orthogonal projection to an affine subspace, 1984.
    """
    _check_step("affine-projection", step, 0.0, regularisation)
    if not 1 <= order <= 32:
        raise ValueError(f"order must be a whole number from 1 to 32, got {order}.")
    return _gradient("affine-projection", Stream(sizes, outputs, inputs, direct), step, 0.0, regularisation, order)


def _check_step(name: str, step: float, leakage: float, regularisation: float) -> None:
    if not 0 < step < 2:
        raise ValueError(f"{name} is stable for a step between 0 and 2, got {step}.")
    if not (leakage >= 0 and step * leakage < 1 and 0 <= regularisation < float("inf")):
        raise ValueError(
            f"{name} needs 0 <= step x leakage < 1 and a regularisation of at least 0, "
            f"got leakage {leakage} and regularisation {regularisation}."
        )


def _gradient(
    name: str, stream: Stream, step: float, leakage: float, regularisation: float, order: int
) -> Learner[WindowState[GradientState]]:
    memory = order if name == "affine-projection" else 0

    def start(shape: Shape, lanes: int, dtype: Any) -> GradientState:
        rows = (len(shape.sizes), shape.columns, shape.outputs), (memory, shape.columns), (memory, shape.outputs)
        return GradientState(*(jnp.zeros((*row, lanes), dtype) for row in rows))

    def forecast(shape: Shape, state: GradientState, phi: Array) -> Array:
        return weighted(state.weights, phi)

    def learn(shape: Shape, state: GradientState, phi: Array, y: Array, forecast: Array, whole: Array) -> GradientState:
        weights, regressors, targets = state
        seen = mask(shape, phi.dtype)
        if memory:
            regressors = jnp.concatenate([phi[None], regressors[:-1]])
            targets = jnp.concatenate([y[None], targets[:-1]])
            moved = weights + step * _towards_all(weights, regressors, targets, seen, regularisation)
        else:
            visible = phi[None] * seen
            power = (visible * visible).sum(axis=1, keepdims=True)
            if name == "lms":
                gain = jnp.where(step * power > 1, 1 / jnp.where(power > 0, power, 1), step)
            else:
                gain = step / jnp.where(regularisation + power > TINY, regularisation + power, jnp.inf)
            moved = (1 - step * leakage) * weights + (gain * visible)[:, :, None] * (y[None] - forecast)[:, None]
        return GradientState(
            keep_where(whole, moved, weights),
            keep_where(whole, regressors, state.regressors),
            keep_where(whole, targets, state.targets),
        )

    return window_learner(name, Rule(start, forecast, learn, weights=kept_weights), stream, scaled=name != "lms")


def _towards_all(
    weights: Float[Array, "size column output lane"],
    regressors: Float[Array, "pair column lane"],
    targets: Float[Array, "pair output lane"],
    seen: Float[Array, "size column 1"],
    regularisation: float,
) -> Float[Array, "size column output lane"]:
    """Return X (regularisation I + X' X)^-1 (d - X' w) for each size."""
    X = regressors[None] * seen[:, None]  # (size, pair, column, lane)
    pairs, size, lane = X.shape[1], X.shape[0], X.shape[-1]
    error = targets[None] - (X[:, :, :, None] * weights[:, None]).sum(axis=2)
    gram = (X[:, :, None] * X[:, None]).sum(axis=3)
    gram = gram + regularisation * jnp.eye(pairs, dtype=X.dtype)[None, :, :, None]

    def flat(array: Array) -> Array:  # each size and lane is a problem of its own
        return jnp.moveaxis(array, 0, -2).reshape(*array.shape[1:-1], size * lane)

    solved = right_divide(flat(error).swapaxes(0, 1), flat(gram))
    multipliers = jnp.moveaxis(solved.reshape(-1, pairs, size, lane), 2, 0)  # (size, output, pair, lane)
    return (multipliers.swapaxes(1, 2)[:, :, None] * X[:, :, :, None]).sum(axis=1)
