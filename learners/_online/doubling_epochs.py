"""A filter length that follows a schedule: longer at each doubling of time.

Time: after sample n the inner ladder has forecast y[n+1] with every length.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ..._core.jax_later import Array, jnp
from .._base import Learner
from .._learner_factory import learner_factory
from .._least_squares.lattice import every_length


class DoublingState(NamedTuple):
    """The ladder, and the number of samples so far."""

    ladder: Any
    age: Int[Array, " lane"]


@learner_factory
def doubling_epochs(
    beta: float = 4.0,
    longest: int = 32,
    first: int = 16,
    ridge: float = 1e-2,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[DoublingState]:
    """Truncated regression with a length that grows like the logarithm of time, in steps at each doubling of time.

        epoch i: first 2^i <= t < first 2^(i+1),   yhat[t] = w' (z[t-1], .., z[t-p]),   p = ceil(beta log(first 2^i)),

    with w the regularised least-squares fit of that length to *all* samples so far, z = (u, y). Where the bias of a
    length falls like rho^(2 p), beta = 1 / (2 |log rho|) makes it as small as the cost of learning, and the regret is
    of the order of a power of log T, also with unit roots. One ladder computes all lengths, so a change of length at
    the start of an epoch costs nothing and forgets nothing. Before the first epoch p is that of its start.

    Gaps are filled as in the inner ladder (``ladder`` for one output without inputs, else ``lattice``). Cost per step
    and lane: that of the ladder.

    Args:
        beta: Taps for each unit of log t, positive.
        longest: Largest p; later epochs keep it.
        first: Samples of the first epoch.
        ridge: As in ``ladder``.
        direct: y[t] depends on u[t], which is known when it is predicted.
        intercept: A constant is fitted beside the taps, as in ``ladder``.
        outputs: Of the stream.
        inputs: Of the stream.

    Returns:
        A learner of one rung, its size the longest p. Parameters as of the ladder's longest rung.

    Raises:
        ValueError: beta, longest, first or ridge out of range, a direct term without inputs.

    References:
        A. Tsiamis, G. J. Pappas, Online learning of the Kalman filter with logarithmic regret, 2020, Algorithm 1.
    """
    if not (0 < beta < float("inf") and longest >= 1 and first >= 2):
        raise ValueError(
            f"doubling-epochs needs beta above 0, longest from 1 and first from 2 on, got {beta}, {longest}, {first}."
        )
    inner = every_length(longest, 1.0, ridge, direct, intercept, outputs, inputs)
    starts = first * 2 ** np.arange(24)
    lengths = np.minimum(np.ceil(beta * np.log(starts)), longest).astype(np.int32)

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> DoublingState:
        return DoublingState(inner.init(outputs, inputs, lanes, dtype), jnp.zeros(lanes, jnp.int32))

    def predict(state: DoublingState, inputs: Array) -> Float[Array, "1 1 output lane"]:
        begun = state.age[None] >= jnp.asarray(starts, jnp.int32)[:, None]
        epoch = jnp.maximum(begun.sum(axis=0, dtype=jnp.int32) - 1, 0)
        length = jnp.asarray(lengths)[epoch]
        return jnp.take_along_axis(inner.predict(state.ladder, inputs), length[None, None, None], axis=1)

    def update(state: DoublingState, output: Array, input: Array, observed: Array) -> DoublingState:
        return DoublingState(inner.update(state.ladder, output, input, observed), state.age + 1)

    labels: dict[str, Any] = dict(scaled=True, size_label="longest window", intercept=intercept)
    return Learner("doubling-epochs", init, predict, update, (longest,), inner.parameters[-1:], **labels)
