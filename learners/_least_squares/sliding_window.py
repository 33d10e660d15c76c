"""Least squares over the last N samples, for every window length: new rows are added and old rows removed.

Time: ``learn`` adds the pair (phi[t], y[t]) and removes the pair of t - N.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray

from ..._core.jax_later import Array, jax, jnp
from .._base import Learner
from .._learner_factory import learner_factory
from .._linalg.triangular_factor import Triangle, eliminate, residues
from .channels import check_weights
from .learned_weights import triangle_weights
from .window_learner import Rule, Shape, Stream, WindowState, window_learner


class SlidingState(NamedTuple):
    """The factor of the last N pairs, a young one that will replace it, and the pairs themselves."""

    triangle: Triangle
    young: Triangle  # of the pairs since its start
    regressors: Float[Array, "pair column lane"]  # newest first
    targets: Float[Array, "pair output lane"]
    whole: Float[Array, "pair lane"]  # 1 where a pair was learned from
    short: Bool[Array, " lane"]  # the factor holds the same pairs as the young one
    age: Int[Array, " lane"]


@learner_factory
def sliding_window(
    sizes: Iterable[int] = range(17),
    samples: int = 200,
    ridge: float = 1e-2,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[WindowState[SlidingState]]:
    """Least squares on the last h samples, fitted to the last N pairs and to nothing older, for every h at once.

        w = argmin  sum_{t-N <= s < t} |y[s] - w' phi[s]|^2 + ridge |w|^2

    A triangular factor L D L' takes each new pair in and removes the pair of N samples ago, by the same rotations with
    a weight of minus one. Removing loses digits where the old pair is much larger than the rest. So a second factor,
    which only takes pairs in, starts every N samples; N samples later it holds exactly the last N pairs and replaces
    the first. No rounding error lives longer than that. Where rounding has destroyed the first factor earlier, the
    second replaces it at once, with fewer pairs. All lengths are prefixes of one factor, as in ``qr_array``.

    Gaps, units and channels as in ``window_learner``: nothing is learned from a sample with a missing output. Cost per
    step and lane: 18 (M q)^2 operations, and N M q numbers to move.

    Args:
        sizes: Window lengths, rising; all lengths up to the largest are computed.
        samples: N, more than the columns of the longest window.
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        direct: y[t] depends on u[t], which is known when it is predicted.
        intercept: A constant is fitted beside the taps, as in ``ladder``.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner. Parameters of window h with q channels, p of them outputs: p (h q, + inputs if direct, + 1 with an
        intercept).

    Raises:
        ValueError: Sizes not rising, too few samples, a ridge that is not positive, a direct term without inputs.

    References:
        P. Gill, G. Golub, W. Murray, M. Saunders, Methods for modifying matrix factorizations, 1974, C1. B.-Y. Choi, Z.
        Bien, Sliding-windowed weighted recursive least-squares method for parameter estimation, 1989.
    """
    check_weights(1, 1.0, ridge)

    def fresh(shape: Shape, lanes: int, dtype: Any) -> Triangle:
        columns = shape.columns
        return Triangle(
            jnp.zeros((columns, columns + shape.outputs, lanes), dtype), jnp.full((columns, lanes), ridge, dtype)
        )

    def start(shape: Shape, lanes: int, dtype: Any) -> SlidingState:
        if samples <= shape.columns:
            raise ValueError(f"a window of {shape.columns} columns needs more samples than that, got {samples}.")
        return SlidingState(
            fresh(shape, lanes, dtype),
            fresh(shape, lanes, dtype),
            jnp.zeros((samples, shape.columns, lanes), dtype),
            jnp.zeros((samples, shape.outputs, lanes), dtype),
            jnp.zeros((samples, lanes), dtype),
            jnp.zeros(lanes, bool),
            jnp.zeros(lanes, jnp.int32),
        )

    def forecast(shape: Shape, state: SlidingState, phi: Array) -> Float[Array, "size output lane"]:
        left = residues(state.triangle, phi, shape.outputs)
        return jnp.stack([-left[count] for count in shape.counts])

    def learn(shape: Shape, state: SlidingState, phi: Array, y: Array, forecast: Array, whole: Array) -> SlidingState:
        del forecast
        weight, age = whole.astype(phi.dtype), state.age + 1
        grown, _ = eliminate(state.triangle, phi, y, weight)
        young, _ = eliminate(state.young, phi, y, weight)
        old = jnp.where(state.short, 0, state.whole[-1])
        less, _ = eliminate(grown, state.regressors[-1], state.targets[-1], -old)
        sound = (less.energy >= ridge / 2).all(axis=0) & jnp.isfinite(less.columns).all(axis=(0, 1))
        full = age % samples == 0
        short = (state.short | ~sound) & ~full
        empty = fresh(shape, len(age), phi.dtype)
        return SlidingState(
            _where(short | full, young, less),
            _where(full, empty, young),
            jnp.concatenate([phi[None], state.regressors[:-1]]),
            jnp.concatenate([y[None], state.targets[:-1]]),
            jnp.concatenate([weight[None], state.whole[:-1]]),
            short,
            age,
        )

    def weights(shape: Shape, state: SlidingState) -> NDArray[np.float64]:
        return triangle_weights(state.triangle.columns, list(shape.counts))

    return window_learner(
        "sliding-window",
        Rule(start, forecast, learn, weights=weights),
        Stream(sizes, outputs, inputs, direct, intercept),
    )


def _where(lanes: Array, one: Triangle, other: Triangle) -> Triangle:
    return Triangle(*jax.tree.map(lambda a, b: jnp.where(jnp.broadcast_to(lanes, a.shape), a, b), one, other))
