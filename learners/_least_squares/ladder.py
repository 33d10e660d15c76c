"""Every filter length at once: the least-squares lattice, one step without a loop over its stages.

Time: in ``update`` the state is that of ``n - 1`` and ``y`` is ``y[n]``; symbols as in Haykin.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.jax_later import Array, jnp
from .._base import Kernel, Learner, Weights
from .._learner_factory import learner_factory
from .._linalg.prefix_sums import choose, prefix_sums
from .channels import check_weights, next_ridge
from .intercept import Intercept, advance_intercept, start_intercept, with_intercept
from .iterated_forecasts import Ahead, advance_ahead, start_ahead
from .ladder_kernel import ladder_constants, ladder_parts
from .learned_weights import Gains, lattice_taps
from .wavefront import wavefront


class LadderState(NamedTuple):
    """The lattice after sample n, stage m = 0 .. M-1."""

    forward_gain: Float[Array, "stage lane"]  # kf
    backward_gain: Float[Array, "stage lane"]  # kb
    forward_energy: Float[Array, "stage lane"]  # F
    backward_energy: Float[Array, "stage lane"]  # B
    backward_error: Float[Array, "stage lane"]  # beta
    conversion: Float[Array, "stage lane"]  # gamma
    forecast: Float[Array, "length lane"]  # of y[n+1], lengths 0 .. M, without the intercept
    loss: Float[Array, "length lane"]  # fading sum of squared errors: which length fills a gap
    ridge: Float[Array, " lane"]  # delta; 0 until the first nonzero sample; with forgetting it fades
    ahead: Ahead | None = None  # where more than one sample ahead is forecast
    intercept: Intercept | None = None


@learner_factory
def ladder(
    sizes: Iterable[int] = range(33), forgetting: float = 1.0, ridge: float = 1e-2, lookaheads: Iterable[int] = (1,),
    intercept: bool = False,
) -> Learner[LadderState]:  # fmt: skip
    """Recursive least squares on the last h samples, for every length h = 0 .. M in one pass of O(M) a step.

        yhat_h[t] = sum_{k=1..h} w_k y[t-k],
        w = argmin  sum_{s<t} forgetting^(t-1-s) (y[s] - sum_k w_k y[s-k])^2
                    + forgetting^(t-1-t0) ridge y[t0]^2 sum_k forgetting^(1-k) w_k^2

    with y[t0] the first nonzero sample. Nothing is learned before it, and the unit of the stream does not matter.
    Samples before the first count as zero. This is the a-priori lattice with error feedback, its two recursions over
    the stages written as prefix sums:

        eta_h = y - yhat_h,   beta_0 = y,   beta_{m+1} = beta_m(n-1) + kb_m eta_m
        F_m = forgetting F_m + gamma_m(n-1) eta_m^2,   B_m = forgetting B_m + gamma_m beta_m^2
        kf_m -= gamma_m(n-1) beta_m(n-1) eta_{m+1} / B_m(n-1),   kb_m -= gamma_m(n-1) eta_m beta_{m+1} / F_m
        1/gamma_{m+1} = 1 + sum_{i<=m} beta_i^2 / (forgetting B_i(n-1)),   yhat_h[n+1] = -sum_{m<h} kf_m beta_m

    With forgetting, the energies F and B are kept above delta / 2: else a flat stretch would end in 0/0.

        delta[t0] = ridge y[t0]^2,   delta[t] = max(forgetting delta[t-1], min(delta[t-1], 2^-20 ridge y[t]^2))

    Where this bound is not active, forecasts are those of recursive least squares with forgetting. After a first sample
    that is large against the later ones it fades like the ridge itself. It stays active where the outputs are over
    some 2^10 sqrt(2 / (ridge (1 - forgetting))) times as large as the errors: 84 000 times with forgetting 0.97 and the
    default ridge.

    A missing sample is filled, for all lengths, with the forecast of the length that was best recently: the result is
    least squares on the filled series. Cost per step and lane: about 30 operations and 9 numbers a length.

    Lookaheads H > 1 are **iterated** one-step forecasts: each length uses its own forecasts and its weights at the time
    of issue, exact up to H times the rounding of one step. (``qr_array`` fits a filter to y[t+H] itself.) The
    cost per length rises by about 3 H log2(M) + H^2 operations and 2 H numbers.

    With an **intercept**, a constant is fitted beside the taps of each length: yhat_h = c + sum w_k y[t-k], with
    forgetting^(t-t0) ridge c^2 added to the sum, which begins after t0. It is exact least squares with a column of
    ones: the lattice predicts the ones, 1hat_h, too, and adds alpha_h (1 - 1hat_h), alpha_h the regression of eta_h
    on what is left of the ones. A level then costs no taps. About 15 operations and 4 numbers a length more.

    Args:
        sizes: Filter lengths to report, rising; all lengths up to the largest are computed.
        forgetting: Weight of a sample one step older, in (0, 1].
        ridge: Regularisation in units of the first nonzero sample's square, positive.
        lookaheads: Samples ahead to forecast, rising.
        intercept: Whether a constant is fitted beside the taps.

    Returns:
        A learner for streams with one output; inputs are not used. Parameters of length h: h, and the intercept.

    Raises:
        ValueError: Sizes or lookaheads not rising, ridge or forgetting out of range, or forgetting^M <= 1/2: with a
            memory shorter than the longest filter, only the ridge would determine its last stages.

    References:
        S. Haykin, *Adaptive Filter Theory*, chapter on order-recursive adaptive filters (least-squares lattice with
        a-priori errors and error feedback).
    """
    sizes, lookaheads = tuple(sizes), tuple(lookaheads)
    stages = max(sizes[-1], 1)
    check_weights(stages, forgetting, ridge)
    fading = 0.9  # a gap is filled by the length that was best over the last ten samples or so

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> LadderState:
        if outputs != 1:
            raise ValueError(f"ladder predicts one output, got {outputs}: choose one of them.")

        def zeros(rows: int) -> Any:
            return np.zeros((rows, lanes), dtype)

        def ones(rows: int) -> Any:
            return np.ones((rows, lanes), dtype)

        return LadderState(
            zeros(stages), zeros(stages), ones(stages), ones(stages), zeros(stages), ones(stages),
            zeros(stages + 1), zeros(stages + 1), zeros(1)[0],
            start_ahead(stages, lookaheads, lanes, dtype) if lookaheads[-1] > 1 else None,
            start_intercept(stages, ridge, lanes, dtype) if intercept else None,
        )  # fmt: skip

    def predict(state: LadderState, inputs: Array) -> Float[Array, "lookahead size 1 lane"]:
        del inputs
        if state.ahead is None:
            return choose(with_intercept(state.forecast, state.intercept), sizes)[None, :, None]
        return jnp.stack([choose(forecast, sizes) for forecast in state.ahead.forecast])[:, :, None]

    def update(state: LadderState, output: Array, input: Array, observed: Array) -> LadderState:
        del input
        kf, kb, F, B, beta_before, gamma_before, forecast, loss, ridge_before, ahead, level = state
        expected = with_intercept(forecast, level)
        fill = jnp.take_along_axis(expected, jnp.argmin(loss, axis=0)[None], axis=0)[0]
        y = jnp.where(observed[0], output[0], fill)

        delta, first = next_ridge(ridge_before, y, ridge, forgetting)
        age = jnp.asarray(forgetting ** -np.arange(stages), y.dtype)[:, None]
        F = jnp.where(first[None], delta[None], F)
        B = jnp.where(first[None], delta[None] * age, B)

        eta = y[None] - forecast
        beta_after = beta_before + kb * eta[:-1]
        beta = jnp.concatenate([y[None], beta_after[:-1]])
        floor = jnp.where(delta > 0, delta / 2, 1)[None]
        F_kept, B_kept = jnp.maximum(forgetting * F, floor), jnp.maximum(forgetting * B, floor)
        conversion = 1 + prefix_sums(beta * beta / B_kept)
        gamma = jnp.concatenate([jnp.ones_like(y)[None], 1 / conversion[:-1]])
        error = y[None] - expected
        F_now = F_kept + gamma_before * eta[:-1] ** 2
        B_now = B_kept + gamma * beta * beta
        kf = kf - gamma_before * beta_before * eta[1:] / B
        kb = kb - gamma_before * eta[:-1] * beta_after / F_now
        forecast = jnp.concatenate([jnp.zeros_like(y)[None], -prefix_sums(kf * beta)])
        loss = fading * loss + jnp.where(observed, error * error, 0)
        if level is not None:
            ones = (ridge_before > 0).astype(y.dtype)
            before = gamma_before, beta_before, B
            level = advance_intercept(level, ones, error, before, beta, 1 / conversion[-1], forgetting, ridge)
        if ahead is not None:
            ahead = advance_ahead(ahead, y, kf, kb, with_intercept(forecast, level), lookaheads, level)
        return LadderState(kf, kb, F_now, B_now, beta, gamma, forecast, loss, delta, ahead, level)

    def weights(state: LadderState) -> Weights:
        gain, level = state.conversion * state.backward_error / state.backward_energy, state.intercept
        forward = [state.forward_gain] if level is None else [state.forward_gain, level.gain]
        channel = (np.asarray(leaf)[:, None] for leaf in (state.backward_gain, state.backward_error, gain))
        backward, error, weighted = channel
        taps = lattice_taps(Gains(np.stack(forward, axis=1)[:, None], backward[:, None], error, weighted))
        lagged = taps[:, 0] if level is None else taps[:, 0] - np.asarray(level.weight)[:, None, None] * taps[:, 1]
        chosen = lagged[list(sizes)][:, :, :, None]
        constant = np.zeros_like(chosen[:, 0, 0]) if level is None else np.asarray(level.weight)[list(sizes)][:, None]
        return Weights(constant, np.zeros_like(chosen[:, 0, :0]), chosen)

    parameters = tuple(size + intercept for size in sizes)
    labels: dict[str, Any] = dict(
        weights=weights, sizes=sizes, parameters=parameters, lookaheads=lookaheads, intercept=intercept
    )
    labels |= dict(size_label="filter length", tends_to="filters" if forgetting == 1 else None)
    if forgetting == 1:
        labels["forgetful"] = lambda faded: ladder(sizes, faded, ridge, lookaheads, intercept)
    batch = wavefront(stages, forgetting, ridge) if lookaheads == (1,) and not intercept else None
    constants = ladder_constants(stages, forgetting, ridge, fading, sizes, lookaheads)
    kernel = Kernel(ladder_parts(lookaheads != (1,), intercept), constants, fixed=True)
    return Learner("ladder", init, predict, update, **labels, scaled=True, batch=batch, kernel=kernel)
