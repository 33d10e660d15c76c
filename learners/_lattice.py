"""Every window length of several outputs and inputs at once: the multichannel least-squares lattice.

Time: in ``update`` the state is that of ``n - 1``, and ``z`` holds ``u[n]`` and ``y[n]``, inputs first; symbols as in ``ladder``,
with vectors for eta and beta and matrices for the gains and energies.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._base import Learner, check_sizes, choose
from ._channels import Channels, check_channels, check_weights, coming_inputs, first_nonzero, start_channels, take_inputs

# Written out between materialised steps: left to itself the compiler repeats whole solutions for each of the numbers made of them.
settle = jax.lax.optimization_barrier


class LatticeState(NamedTuple):
    """The lattice after sample n, stage m = 0 .. M-1; a length h = 0 .. M is a stage of the forward energies too.

    The two energies lie behind one another on one axis, B of every stage and then F of every length, as L D L'.
    """

    channels: Channels
    forward_gain: Float[Array, "from_channel to_channel stage lane"]  # Kf
    backward_gain: Float[Array, "from_channel to_channel stage lane"]  # Kb
    factor: Float[Array, "column row both lane"]  # L without its unit diagonal, zero above it
    energy: Float[Array, "channel both lane"]  # D
    backward_error: Float[Array, "channel stage lane"]  # beta
    backward_weight: Float[Array, "channel stage lane"]  # gamma B^-1 beta
    conversion: Float[Array, "length lane"]  # gamma
    forecast: Float[Array, "channel length lane"]  # of z[n+1] from the past
    loss: Float[Array, "output length lane"]  # fading sum of squared errors: which length fills a gap


def lattice(
    sizes: Iterable[int] = range(33),
    forgetting: float = 1.0,
    ridge: float = 1e-2,
    direct: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner:
    """Recursive least squares on the last h samples of all outputs and inputs, for every h = 0 .. M in one pass.

        yhat_h[t] = sum_{k=1..h} W_k z[t-k]  (+ W_0 u[t] where ``direct``),    z = (u, y)

    Weights and ridge as in ``ladder``: coefficient c of lag k is held by ridge z_c^2 forgetting^(1-k), z_c the first
    nonzero sample of channel c, so that units do not matter. The recursion of ``ladder`` with q x q gains and energies:

        eta_{m+1} = eta_m + Kf_m' beta_m(n-1),    beta_{m+1} = beta_m(n-1) + Kb_m' eta_m
        F_m = forgetting F_m + gamma_m(n-1) eta_m eta_m',    B_m = forgetting B_m + gamma_m beta_m beta_m'
        Kf_m -= gamma_m(n-1) B_m(n-1)^-1 beta_m(n-1) eta_{m+1}',    Kb_m -= gamma_m(n-1) F_m^-1 eta_m beta_{m+1}'
        1/gamma_{m+1} = 1 + sum_{i<=m} beta_i' (forgetting B_i(n-1))^-1 beta_i

    F and B are kept as L D L' and updated as such, for formed matrices would lose half the digits where outputs share a
    mode that has grown. The direct term is a regression of residual on residual (Frisch-Waugh), e = eta_y - F_yu F_uu^-1
    eta_u with F before the sample: the leading block of L, inputs being first.

    Missing outputs are filled with the forecast of the length best of late, a missing input with its last value; the
    result is least squares on the filled series. Cost per step, lane and length: about 14 q^2 operations, 4 q^2 numbers.

    Args:
        sizes: Window lengths to report, rising; all up to the largest are computed.
        forgetting: Weight of a sample one step older, in (0, 1].
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        direct: Whether ``u[t]`` is known when ``y[t]`` is predicted.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream.

    Returns:
        A learner that forecasts one sample ahead. Parameters of length h: outputs (h q + inputs where direct).

    Raises:
        ValueError: Sizes not rising, ridge or forgetting out of range, forgetting^M <= 1/2, or a direct term without inputs.

    References:
        S. Haykin, *Adaptive Filter Theory*, chapter on order-recursive adaptive filters; F. Ling, J. G. Proakis, A
        generalized multichannel least squares lattice algorithm based on sequential processing stages, 1984. Rank-one
        update of L D L': P. Gill, G. Golub, W. Murray, M. Saunders, Methods for modifying matrix factorizations, 1974, C1.
    """
    return _lattice(check_sizes(sizes), float(forgetting), float(ridge), bool(direct), int(outputs), int(inputs))


@lru_cache(maxsize=64)  # one learner, one compiled kernel
def _lattice(sizes: tuple[int, ...], forgetting: float, ridge: float, direct: bool, outputs: int, inputs: int) -> Learner:
    stages, m, q = max(sizes[-1], 1), inputs, inputs + outputs
    check_weights(stages, forgetting, ridge)
    if direct and not inputs:
        raise ValueError("a direct term needs inputs, got inputs=0: name them, or leave direct out.")
    expected, fading = (outputs, inputs), 0.99
    age = np.concatenate([forgetting ** -np.arange(float(stages)), np.ones(stages + 1)])

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> LatticeState:
        check_channels("lattice", outputs, inputs, expected)
        zeros, ones = (lambda *n: jnp.zeros((*n, lanes), dtype)), (lambda *n: jnp.ones((*n, lanes), dtype))
        return LatticeState(
            start_channels(outputs, inputs, lanes, dtype), zeros(q, q, stages), zeros(q, q, stages),
            zeros(q, q, 2 * stages + 1), ones(q, 2 * stages + 1), zeros(q, stages), zeros(q, stages), ones(stages + 1),
            zeros(q, stages + 1), zeros(outputs, stages + 1),
        )  # fmt: skip

    def with_direct(forecast: Array, factor: Array, u: Array) -> Array:
        """Return the forecasts of y, with the part that the news in u explains where it is known: L_yu L_uu^-1 eta_u."""
        if not direct:
            return forecast[m:]
        residue = jnp.concatenate([u[:, None] - forecast[:m], -forecast[m:]])
        for j in range(m):
            residue = residue - factor[j, :, stages:] * residue[j : j + 1]
        return -residue[m:]

    def predict(state: LatticeState, inputs: Array) -> Float[Array, "1 size output lane"]:
        u = coming_inputs(state.channels, inputs, 1)[0] if direct else inputs[0]
        return choose(with_direct(state.forecast, state.factor, u).swapaxes(0, 1), sizes)[None]

    def update(state: LatticeState, output: Array, input: Array, observed: Array) -> LatticeState:
        _, Kf, Kb, factor, energy, beta_before, weight_before, gamma_before, forecast, loss = state
        channels = take_inputs(state.channels, input) if m else state.channels
        expected = with_direct(forecast, factor, channels.held)
        best = jnp.argmin(loss, axis=1)[:, None]
        fill = jnp.take_along_axis(expected, best, axis=1)[:, 0]
        y = jnp.where(observed, output, fill)
        z = jnp.concatenate([channels.held, y])
        channels, first = first_nonzero(channels, z, ridge)
        delta = channels.ridge[:, None]
        start = delta * jnp.asarray(age, y.dtype)[None, :, None]
        floor = jnp.where(delta == 0, 1, delta / 2)  # 1 while all is zero, or a long wait would run them to 0/0
        energy = forgetting * jnp.where(first[:, None], start, energy)

        z, energy = settle((z, energy))
        eta = z[:, None] - forecast
        beta_after = settle(beta_before + _times(Kb, eta[:, :-1]))
        both = settle(jnp.concatenate([z[:, None], beta_after[:, :-1], eta], axis=1))
        left = _eliminate(factor, both)
        weights, powers = _weights(factor, energy, left[-1])
        gamma = 1 / (1 + settle(running_sums(powers[-1][:stages])))
        gamma = settle(jnp.concatenate([jnp.ones_like(gamma[:1]), gamma]))
        before = jnp.concatenate([gamma[:-1], gamma_before])
        after = settle(before / (1 + before * powers[-1]))
        factor, energy = _rotate(factor, energy, left, before, powers, floor)
        weights = settle(after[None] * weights)

        Kf = settle(Kf - weight_before[:, None] * eta[None, :, 1:])
        Kb = Kb - weights[:, None, stages:-1] * beta_after[None]
        sums = running_sums(settle(_times(Kf, both[:, :stages])), axis=1)
        forecast = settle(jnp.concatenate([jnp.zeros_like(z)[:, None], -sums], axis=1))
        error = y[:, None] - expected
        loss = fading * loss + jnp.where(observed[:, None], error * error, 0)
        return LatticeState(
            channels, Kf, Kb, factor, energy, both[:, :stages], weights[:, :stages], gamma, forecast, loss
        )

    parameters = tuple(outputs * (h * q + direct * inputs) for h in sizes)
    return Learner("lattice", init, predict, update, sizes=sizes, parameters=parameters, scaled=True)


# Small matrices are written out over their channels, elementwise in stage and lane, as in ``kalman``.
def _times(K: Float[Array, "from_channel to_channel stage lane"], vector: Float[Array, "from_channel stage lane"]) -> Array:
    """Return K' vector."""
    total = K[0] * vector[:1]
    for i in range(1, len(K)):
        total = total + K[i] * vector[i : i + 1]
    return total


def _eliminate(L: Float[Array, "column row both lane"], vector: Float[Array, "row both lane"]) -> list[Array]:
    """Return what is left of the vector after each column of L; the last is L^-1 vector."""
    left = [vector]
    for j in range(len(L) - 1):
        left.append(settle(left[-1] - L[j] * left[-1][j : j + 1]))
    return left


def _weights(L: Array, D: Array, news: Array) -> tuple[Array, list[Array]]:
    """Return (L D L')^-1 vector from L^-1 vector, and the running sums over its channels of news^2 / D."""
    weights = settle(news / D)
    powers = [weights[0] * news[0]]
    for j in range(1, len(L)):
        powers.append(powers[-1] + weights[j] * news[j])
    for r in reversed(range(1, len(L))):
        weights = settle(weights - L[:, r] * weights[r : r + 1])
    return weights, settle(powers)


def _rotate(
    L: Array, D: Array, left: list[Array], weight: Float[Array, "both lane"], powers: list[Array], floor: Array
) -> tuple[Array, Array]:
    """Return the factors of L D L' + weight v v', given what ``_eliminate`` left of v and its running powers."""
    grown = settle(jnp.stack([jnp.ones_like(weight), *(1 + weight * power for power in powers)]))
    news, below = left[-1], np.tri(len(L), k=-1)
    gain = settle(weight[None] * news / (D * grown[1:]))
    rows = [L[j] + gain[j : j + 1] * (jnp.asarray(below[:, j], L.dtype)[:, None, None] * left[j + 1]) for j in range(len(L) - 1)]
    energy = jnp.maximum(D + weight[None] * news * news / grown[:-1], floor)
    return jnp.stack([*rows, L[-1]]), energy


def running_sums(terms: Array, axis: int = 0) -> Array:
    """Return the inclusive prefix sums by rounds of three shifted additions: fewer passes than ``prefix_sums``, another order."""
    terms, reach = jnp.moveaxis(terms, axis, 0), 1
    while reach < len(terms):
        shifted = [terms]
        for shift in (reach, 2 * reach, 3 * reach):
            if shift < len(terms):
                shifted.append(jnp.pad(terms[:-shift], [(shift, 0)] + [(0, 0)] * (terms.ndim - 1)))
        terms, reach = settle(sum(shifted[1:], shifted[0])), 4 * reach
    return jnp.moveaxis(terms, 0, axis)
