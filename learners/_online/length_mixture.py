"""Weights over all filter lengths that follow their losses.

Time: after sample n the inner ladder has forecast y[n+1] with every length.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.jax_later import Array, jnp
from .._base import Learner, Weights
from .._learner_factory import learner_factory
from .._least_squares.lattice import every_length

SETTLING = 16  # samples for each coefficient until a filter counts as fitted


class MixtureState(NamedTuple):
    """The ladder, and the losses of its lengths."""

    ladder: Any
    behind: Float[Array, "length output lane"]  # loss of each above that of the best one
    cost: Float[Array, "output lane"]  # Delta: the cost of mixing so far
    age: Int[Array, " lane"]


@learner_factory
def length_mixture(
    longest: int = 16,
    share: float = 0.0,
    forgetting: float = 1.0,
    ridge: float = 1e-2,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[MixtureState]:
    """Mix the forecasts of all lengths by exponential weights: no length has to be chosen in advance.

        yhat = sum_h p_h yhat_h,   p_h ~ exp(-eta L_h),   h = 0 .. M,   eta = log(M + 1) / Delta,
        Delta += max(0, (y - yhat)^2 + log(sum_h p_h exp(-eta (y - yhat_h)^2)) / eta)

    where L_h is the loss of length h so far and Delta the cost of mixing: the loss of the mixture above the mix loss.
    The rate eta follows it (AdaHedge, for the mean forecast of a convex loss). During the first s = 16 (M + 1) q
    samples, while the filters are learned, Delta is held at zero and L_h fades by 1 - 8/s a sample: the mixture follows
    the length that was best recently. After that, against each length h, on any data and at every T,

        regret(T) <= 2 Delta(T) + L_h(s) - min L(s),   Delta <= 8 B^2 log(M + 1) + 4 B^2

    with B the largest error of a length that has weight: once eta is below 1 / (8 B^2) the squared loss is exp-concave
    and Delta stops growing, so the regret stays bounded for any T. With ``share`` a part of the weights is distributed
    evenly at each step: so the mixture follows a system that changes.

    Each output has its own weights. Gaps are filled as in the inner ladder, and add no loss to any length.
    Cost per step and lane: that of the ladder and about 20 operations a length.

    Args:
        longest: M.
        share: Part of the weights that is distributed evenly at each step, in [0, 1).
        forgetting: As in ``ladder``.
        ridge: As in ``ladder``.
        direct: y[t] depends on u[t], which is known when it is predicted.
        intercept: A constant is fitted beside the taps, as in ``ladder``.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner of one rung, its size M. Parameters as of the ladder's longest rung.

    Raises:
        ValueError: longest, share, forgetting or ridge out of range, a direct term without inputs.

    References:
        A. Singer, M. Feder, Universal linear prediction by model order weighting, 1999. The rate: T. van Erven, P.
        Gruenwald, W. Koolen, S. de Rooij, Adaptive hedge, 2011. Exp-concavity: N. Cesa-Bianchi, G. Lugosi,
        *Prediction, Learning, and Games*, 2006, section 3.3. Sharing: M. Herbster, M. K. Warmuth, Tracking the best
        expert, 1998.
    """
    if not (longest >= 1 and 0 <= share < 1):
        raise ValueError(f"length-mixture needs longest from 1 on and 0 <= share < 1, got {longest} and {share}.")
    inner = every_length(longest, forgetting, ridge, direct, intercept, outputs, inputs)
    settled, count = SETTLING * (longest + 1) * (outputs + inputs), longest + 1

    def weights(behind: Array, cost: Array) -> Array:
        """Return exp(-eta L_h), the largest 1; while Delta is 0, eta is infinite and the best length has all weight."""
        some = jnp.where(cost > 0, cost, 1)
        return jnp.where(
            (cost > 0)[None], jnp.exp(-np.log(count) / some[None] * behind), (behind == 0).astype(behind.dtype)
        )

    def mixed(state: MixtureState, inputs: Array) -> tuple[Array, Array]:
        each = inner.predict(state.ladder, inputs)[0]
        p = weights(state.behind, state.cost)
        return each, (p * each).sum(axis=0) / p.sum(axis=0)

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> MixtureState:
        zeros = jnp.zeros((count, outputs, lanes), dtype)
        return MixtureState(inner.init(outputs, inputs, lanes, dtype), zeros, zeros[0], jnp.zeros(lanes, jnp.int32))

    def predict(state: MixtureState, inputs: Array) -> Float[Array, "1 1 output lane"]:
        return mixed(state, inputs)[1][None, None]

    def update(state: MixtureState, output: Array, input: Array, observed: Array) -> MixtureState:
        each, forecast = mixed(state, input[None])
        loss = jnp.where(observed[None], (output[None] - each) ** 2, 0)
        own = jnp.where(observed, (output - forecast) ** 2, 0)
        counts = (state.age >= settled)[None]
        lost = jnp.where(counts, 1, 1 - 8 / settled)[None] * state.behind + loss
        least = lost.min(axis=0)
        behind = lost - least[None]
        # The mix loss: the increase of -log(sum_h exp(-eta L_h)) / eta.
        before = weights(state.behind, state.cost).sum(axis=0)
        after = weights(behind, state.cost).sum(axis=0)
        mix = least - jnp.where(state.cost > 0, state.cost / np.log(count) * jnp.log(after / before), 0)
        cost = state.cost + jnp.where(counts, jnp.maximum(own - mix, 0), 0)
        if share:
            p = weights(behind, cost)
            p = (1 - share) * p + share * p.mean(axis=0)[None]
            behind = jnp.where((cost > 0)[None], -(cost / np.log(count))[None] * jnp.log(p), behind)
            behind = behind - behind.min(axis=0)[None]
        return MixtureState(inner.update(state.ladder, output, input, observed), behind, cost, state.age + 1)

    def mixed_weights(state: MixtureState) -> Weights:
        assert inner.weights is not None
        behind, cost = np.asarray(state.behind), np.asarray(state.cost)
        rate = np.log(count) / np.where(cost > 0, cost, 1)
        p = np.where(cost > 0, np.exp(-rate * behind), behind == 0)
        p = p / p.sum(axis=0)
        each = inner.weights(state.ladder)
        share = p, p[:, None], p[:, None, None]
        return Weights(*((part * leaf).sum(axis=0)[None] for part, leaf in zip(share, each, strict=True)))

    labels: dict[str, Any] = dict(scaled=True, size_label="longest window", intercept=intercept, weights=mixed_weights)
    return Learner("length-mixture", init, predict, update, (longest,), inner.parameters[-1:], **labels)
