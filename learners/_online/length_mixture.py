"""Weights over all filter lengths that follow their losses.

Time: after sample n the ladder beneath has forecast y[n+1] with every length.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from .._base import Learner
from .._least_squares.lattice import every_length

SETTLING = 16  # samples for each coefficient before a filter is taken to be fitted


class MixtureState(NamedTuple):
    """The ladder, and what its lengths have lost."""

    ladder: Any
    behind: Float[Array, "length output lane"]  # what each has lost more than the best one
    cost: Float[Array, "output lane"]  # Delta: what mixing has cost so far
    age: Int[Array, " lane"]


def length_mixture(
    longest: int = 16,
    share: float = 0.0,
    forgetting: float = 1.0,
    ridge: float = 1e-2,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner:
    """Mix the forecasts of all lengths by exponential weights: no length has to be chosen beforehand.

        yhat = sum_h p_h yhat_h,   p_h ~ exp(-eta L_h),   h = 0 .. M,   eta = log(M + 1) / Delta,
        Delta += max(0, (y - yhat)^2 + log(sum_h p_h exp(-eta (y - yhat_h)^2)) / eta)

    where L_h is what length h has lost so far and Delta what mixing has cost: the loss of the mixture over the mix
    loss, which the rate eta follows (AdaHedge, for the mean forecast of a convex loss). While the filters are being
    learned, the first s = 16 (M + 1) q samples, Delta is held at zero, so that the mixture follows the length that has
    been best of late: till then L_h fades, by 1 - 8/s a sample. From there on, against each length h, on any data and
    at every T,

        regret(T) <= 2 Delta(T) + L_h(s) - min L(s),   Delta <= 8 B^2 log(M + 1) + 4 B^2

    with B the largest error of a length that has weight: once eta is below 1 / (8 B^2) the squared loss is exp-concave
    and Delta stops growing, so the regret stays bounded however long it runs. With ``share`` a part of the weights is
    shared out evenly at each step, so that it follows a system that changes.

    One set of weights for each output. Gaps are filled as the ladder beneath fills them, and cost no length anything.
    Cost per step and lane: that of the ladder and about 20 operations a length.

    Args:
        longest: M.
        share: Part of the weights that is shared out at each step, in [0, 1).
        forgetting: As in ``ladder``.
        ridge: As in ``ladder``.
        direct: y[t] depends on u[t], which is known when it is predicted.
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
    return _mixture(
        int(longest), float(share), float(forgetting), float(ridge), bool(direct), int(outputs), int(inputs)
    )  # fmt: skip


@lru_cache(maxsize=64)  # one learner, one compiled kernel
def _mixture(
    longest: int, share: float, forgetting: float, ridge: float, direct: bool, outputs: int, inputs: int
) -> Learner:
    beneath = every_length(longest, forgetting, ridge, direct, outputs, inputs)
    settled, count = SETTLING * (longest + 1) * (outputs + inputs), longest + 1

    def weights(behind: Array, cost: Array) -> Array:
        """Return exp(-eta L_h), the largest 1; while Delta is zero eta is infinite and the best length has all."""
        some = jnp.where(cost > 0, cost, 1)
        return jnp.where(
            (cost > 0)[None], jnp.exp(-np.log(count) / some[None] * behind), (behind == 0).astype(behind.dtype)
        )

    def mixed(state: MixtureState, inputs: Array) -> tuple[Array, Array]:
        said = beneath.predict(state.ladder, inputs)[0]
        p = weights(state.behind, state.cost)
        return said, (p * said).sum(axis=0) / p.sum(axis=0)

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> MixtureState:
        zeros = jnp.zeros((count, outputs, lanes), dtype)
        return MixtureState(beneath.init(outputs, inputs, lanes, dtype), zeros, zeros[0], jnp.zeros(lanes, jnp.int32))

    def predict(state: MixtureState, inputs: Array) -> Float[Array, "1 1 output lane"]:
        return mixed(state, inputs)[1][None, None]

    def update(state: MixtureState, output: Array, input: Array, observed: Array) -> MixtureState:
        said, forecast = mixed(state, input[None])
        loss = jnp.where(observed[None], (output[None] - said) ** 2, 0)
        own = jnp.where(observed, (output - forecast) ** 2, 0)
        counts = (state.age >= settled)[None]
        lost = jnp.where(counts, 1, 1 - 8 / settled)[None] * state.behind + loss
        least = lost.min(axis=0)
        behind = lost - least[None]
        # The mix loss: what -log(sum_h exp(-eta L_h)) / eta has gained.
        before = weights(state.behind, state.cost).sum(axis=0)
        after = weights(behind, state.cost).sum(axis=0)
        mix = least - jnp.where(state.cost > 0, state.cost / np.log(count) * jnp.log(after / before), 0)
        cost = state.cost + jnp.where(counts, jnp.maximum(own - mix, 0), 0)
        if share:
            p = weights(behind, cost)
            p = (1 - share) * p + share * p.mean(axis=0)[None]
            behind = jnp.where((cost > 0)[None], -(cost / np.log(count))[None] * jnp.log(p), behind)
            behind = behind - behind.min(axis=0)[None]
        return MixtureState(beneath.update(state.ladder, output, input, observed), behind, cost, state.age + 1)

    labels: dict[str, Any] = dict(scaled=True, size_label="longest window")
    return Learner("length-mixture", init, predict, update, (longest,), beneath.parameters[-1:], **labels)
