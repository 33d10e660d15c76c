"""Every window length of several outputs and inputs at once: the multichannel least-squares lattice.

Time: in ``update`` the state is that of ``n - 1``, and ``z`` holds ``u[n]`` and ``y[n]``, inputs first; symbols as in
``ladder``, with vectors for eta and beta and matrices for the gains and energies.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float

from ..._core.jax_later import Array, jax, jnp
from .._base import Kernel, Learner, Weights
from .._learner_factory import learner_factory
from .._linalg.prefix_sums import choose, prefix_sums
from .channels import (
    Channels,
    check_channels,
    check_weights,
    coming_inputs,
    first_nonzero,
    start_channels,
    take_inputs,
    with_ones,
)
from .ladder import ladder
from .lattice_kernel import lattice_constants, lattice_parts
from .learned_weights import Gains, by_columns, in_units, lattice_taps, regressed

# L of L D L', unit lower triangular: one array ("stage", rows below, "lane") for each column.
Columns: TypeAlias = list[Array]

Computed = TypeVar("Computed")


class Factor(NamedTuple):
    """An energy matrix L D L' of every stage: square-root precision without square roots."""

    lower: Float[Array, "stage below lane"]  # L below its diagonal, column after column
    energy: Float[Array, "stage channel lane"]  # D

    def columns(self) -> Columns:
        """Return the columns of L."""
        ends = [0, *accumulate(range(self.energy.shape[1] - 1, -1, -1))]
        return [self.lower[:, first:end] for first, end in pairwise(ends)]

    def rows(self, first: int) -> Float[Array, "stage row column lane"]:
        """Return L without its first rows and columns."""
        n, one = self.energy.shape[1], jnp.ones_like(self.energy[:, :1])
        columns = [jnp.concatenate([one, column], axis=1) for column in self.columns()[first:]]
        padded = [jnp.pad(column, [(0, 0), (n - first - column.shape[1], 0), (0, 0)]) for column in columns]
        return jnp.stack(padded, axis=2)


class LatticeState(NamedTuple):
    """The lattice after sample n, stage m = 0 .. M-1; the forward energies and ``conversion`` to M.

    With an intercept, the ones are a last forward channel; else the forward channels are the channels.
    """

    channels: Channels
    forward_gain: Float[Array, "stage from_channel to_forward lane"]  # Kf
    backward_gain: Float[Array, "stage from_channel to_channel lane"]  # Kb
    forward: Factor  # F, of the channels and the ones
    backward: Factor  # B
    backward_error: Float[Array, "stage channel lane"]  # beta
    backward_weight: Float[Array, "stage channel lane"]  # gamma B^-1 beta
    conversion: Float[Array, "length lane"]  # gamma
    forecast: Float[Array, "length forward lane"]  # of z[n+1] and the ones from the past, lengths 0 .. M
    loss: Float[Array, "length output lane"]  # fading sum of squared errors: which length fills a gap


@learner_factory
def lattice(
    sizes: Iterable[int] = range(33),
    forgetting: float = 1.0,
    ridge: float = 1e-2,
    direct: bool = False,
    intercept: bool = False,
    *,
    outputs: int = 1,
    inputs: int = 0,
) -> Learner[LatticeState]:
    """Recursive least squares on the last h samples of all outputs and inputs, for every h = 0 .. M in one pass.

        yhat_h[t] = sum_{k=1..h} W_k z[t-k]  (+ W_0 u[t] where ``direct``),    z = (u, y)

    Weights and ridge as in ``ladder``: coefficient c of lag k has the ridge z_c^2 forgetting^(1-k), with z_c the first
    nonzero sample of channel c, so units do not matter. The recursion of ``ladder`` with q x q gains and energies:

        eta_{m+1} = eta_m + Kf_m' beta_m(n-1),    beta_{m+1} = beta_m(n-1) + Kb_m' eta_m
        F_m = forgetting F_m + gamma_m(n-1) eta_m eta_m',    B_m = forgetting B_m + gamma_m beta_m beta_m'
        Kf_m -= gamma_m(n-1) B_m(n-1)^-1 beta_m(n-1) eta_{m+1}',    Kb_m -= gamma_m(n-1) F_m^-1 eta_m beta_{m+1}'
        1/gamma_{m+1} = 1 + sum_{i<=m} beta_i' (forgetting B_i(n-1))^-1 beta_i

    F and B are kept and updated as L D L': the formed matrices would lose half the digits where outputs share a mode
    that has grown. The direct term is a regression of residual on residual (Frisch-Waugh),
    e = eta_y - F_yu F_uu^-1 eta_u with F before the sample: the leading block of L, inputs being first.

    With an **intercept**, a constant is fitted beside the taps, as in ``ladder``: a column of ones, after the first
    nonzero output, joins the forward errors behind the outputs. The constant of the outputs is their regression
    on it, from F = L D L' and with the known inputs left out:

        yhat_c += sum_j L_cj D_j L_1j (1 - 1hat) / sum_j L_1j^2 D_j

    Missing outputs are filled with the forecast of the length that was best recently, a missing input with its last
    value; the result is least squares on the filled series. Cost per step, lane and length: about 14 q^2 operations and
    3 q^2 numbers. To leave rows out instead, or to forecast more than one sample ahead, use ``qr_array``.

    Args:
        sizes: Window lengths to report, rising; all lengths up to the largest are computed.
        forgetting: Weight of a sample one step older, in (0, 1].
        ridge: Regularisation in units of the square of each channel's first nonzero sample, positive.
        direct: Whether ``u[t]`` is known when ``y[t]`` is predicted.
        intercept: Whether a constant is fitted beside the taps.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream.

    Returns:
        A learner that forecasts one sample ahead. Parameters of length h: outputs (h q, + inputs where direct, + 1 with
        an intercept).

    Raises:
        ValueError: Sizes not rising, ridge or forgetting out of range, forgetting^M <= 1/2, or a direct term without
            inputs.

    References:
        S. Haykin, *Adaptive Filter Theory*, chapter on order-recursive adaptive filters; F. Ling, J. G. Proakis, A
        generalized multichannel least squares lattice algorithm based on sequential processing stages, 1984. Rank-one
        update of L D L': P. Gill, G. Golub, W. Murray, M. Saunders, Methods for modifying matrix factorizations, 1974,
        method C1.
    """
    sizes = tuple(sizes)
    stages, m, q = max(sizes[-1], 1), inputs, inputs + outputs
    check_weights(stages, forgetting, ridge)
    if direct and not inputs:
        raise ValueError("a direct term needs inputs, got inputs=0: name them, or leave direct out.")
    expected, fading, age = (outputs, inputs), 0.9, forgetting ** -np.arange(stages + 1.0)

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> LatticeState:
        check_channels("lattice", outputs, inputs, expected)

        def zeros(*shape: int) -> Any:
            return np.zeros((*shape, lanes), dtype)

        def ones(*shape: int) -> Any:
            return np.ones((*shape, lanes), dtype)

        def factor(rows: int, channels: int) -> Factor:
            return Factor(zeros(rows, channels * (channels - 1) // 2), ones(rows, channels))

        f = q + intercept
        return LatticeState(
            start_channels(outputs, inputs, lanes, dtype, intercept),
            zeros(stages, q, f), zeros(stages, q, q), factor(stages + 1, f), factor(stages, q), zeros(stages, q),
            zeros(stages, q), ones(stages + 1), zeros(stages + 1, f), zeros(stages + 1, outputs),
        )  # fmt: skip

    def expect(forecast: Array, forward: Factor, u: Array) -> Array:
        """Return the forecasts of y; where u is known, with the direct term L_yu L_uu^-1 eta_u, and the constant."""
        columns, known = forward.columns(), m * direct
        if direct:
            residue = jnp.concatenate([u[None] - forecast[:, :m], -forecast[:, m:]], axis=1)
            for j in range(m):
                residue = residue[:, 1:] - columns[j] * residue[:, :1]
            forecast = -residue
        if not intercept:
            return forecast[:, m - known :]
        rows, energy = forward.rows(known), forward.energy[:, known:]
        ones = rows[:, -1:] * energy[:, None]
        weight = (rows * ones).sum(axis=2)
        weight = weight[:, m - known : -1] / weight[:, -1:]
        return forecast[:, m - known : -1] + weight * (1 - forecast[:, -1:])

    def predict(state: LatticeState, inputs: Array) -> Float[Array, "1 size output lane"]:
        u = coming_inputs(state.channels, inputs, 1)[0] if direct else inputs[0]
        return choose(expect(state.forecast, state.forward, u), sizes)[None]

    def update(state: LatticeState, output: Array, input: Array, observed: Array) -> LatticeState:
        _, Kf, Kb, forward, backward, beta_before, weight_before, gamma_before, forecast, loss = state
        channels = take_inputs(state.channels, input) if m else state.channels
        expected = expect(forecast, forward, channels.held)
        fill = jnp.take_along_axis(expected, jnp.argmin(loss, axis=0)[None], axis=0)[0]
        y = jnp.where(observed, output, fill)
        z = jnp.concatenate([channels.held, y])
        seen = with_ones(channels, z)
        channels, first = first_nonzero(channels, seen, ridge, forgetting)
        delta = channels.ridge
        starting = delta[None, :q] * jnp.asarray(age, y.dtype)[:, None, None]
        floor = jnp.where(delta == 0, 1, delta / 2)[None]  # 1 while all is zero: else a long wait would end in 0/0
        expected = compute_once(expected)
        F = forward._replace(energy=forgetting * jnp.where(first[None], delta[None], forward.energy))
        B = backward._replace(energy=forgetting * jnp.where(first[None, :q], starting[:-1], backward.energy))

        F, B = compute_once((F, B))
        eta = seen[None] - forecast
        beta_after = beta_before + _times(Kb, eta[:-1, :q])
        beta = jnp.concatenate([z[None], beta_after[:-1]])
        beta_after, beta, eta = compute_once((beta_after, beta, eta))
        news, weights, power = _solve(B, beta)
        gamma = compute_once(jnp.concatenate([jnp.ones_like(power[:1]), 1 / (1 + prefix_sums(compute_once(power)))]))
        backward = _rotate(B, news, gamma[:-1], floor[:, :q])
        backward_weight = gamma[1:, None] * weights
        news, weights, power = _solve(F, eta, q)
        forward = _rotate(F, news, gamma_before, floor)
        forward_weight = compute_once((gamma_before / (1 + gamma_before * power))[:, None] * weights)

        Kf = Kf - weight_before[:, :, None] * eta[1:, None]
        Kb = Kb - forward_weight[:-1, :, None] * beta_after[:, None]
        forecast = jnp.concatenate(
            [jnp.zeros_like(seen)[None], -prefix_sums(compute_once(_times(compute_once(Kf), beta)))]
        )
        error = y[None] - expected
        loss = fading * loss + jnp.where(observed[None], error * error, 0)
        return LatticeState(channels, Kf, Kb, forward, backward, beta, backward_weight, gamma, forecast, loss)

    def weights(state: LatticeState) -> Weights:
        taps = lattice_taps(Gains(state.forward_gain, state.backward_gain, state.backward_error, state.backward_weight))
        factor = np.asarray(state.forward.lower), np.asarray(state.forward.energy)
        columns = regressed(taps, *factor, m, direct, intercept)
        return in_units(by_columns(columns[list(sizes)], intercept, m * direct, q), m, state.channels.scale)

    parameters = tuple(outputs * (h * q + direct * inputs + intercept) for h in sizes)
    labels: dict[str, Any] = dict(
        weights=weights,
        size_label="window length",
        intercept=intercept,
        tends_to="filters" if forgetting == 1 else None,
    )
    if forgetting == 1:
        channels_ = dict(outputs=outputs, inputs=inputs)
        labels["forgetful"] = lambda faded: lattice(sizes, faded, ridge, direct, intercept, **channels_)
    constants = lattice_constants(forgetting, ridge, fading, age, sizes, outputs, inputs, direct, intercept)
    kernel = Kernel(lattice_parts, constants, fixed=True)
    return Learner("lattice", init, predict, update, sizes, parameters, scaled=True, kernel=kernel, **labels)


def compute_once(value: Computed) -> Computed:
    """Compute a value once: without this the compiler repeats whole solutions and takes 2.5 times as long."""
    computed: Computed = jax.lax.optimization_barrier(value)  # type: ignore[no-untyped-call]
    return computed


# Small matrices are written as sums over their channels, elementwise in stage and lane, as in ``kalman``.
def _times(
    K: Float[Array, "stage from_channel to_channel lane"], vector: Float[Array, "stage from_channel lane"]
) -> Array:
    """Return K' vector."""
    total = K[:, 0] * vector[:, :1]
    for i in range(1, K.shape[1]):
        total = total + K[:, i] * vector[:, i : i + 1]
    return total


def _solve(
    factor: Factor, vector: Float[Array, "stage channel lane"], channels: int | None = None
) -> tuple[list[Array], Array, Array]:
    """Return the residuals of the vector after each column of L, x = (L D L')^-1 vector, and vector' x.

    Where only the first channels count, x and vector' x are of these.
    """
    residue, left, columns = vector, [], factor.columns()
    for column in columns:
        left.append(residue)
        residue = compute_once(residue[:, 1:] - column * residue[:, :1])
    scaled = compute_once([rest[:, :1] / factor.energy[:, j : j + 1] for j, rest in enumerate(left[:channels])])
    power = sum(rest[:, 0] * value[:, 0] for rest, value in zip(left[:channels], scaled, strict=True))
    solution: list[Array] = []
    for column, value in zip(reversed(columns[:channels]), reversed(scaled), strict=True):
        for r, known in enumerate(solution):
            value = value - column[:, r : r + 1] * known
        solution.insert(0, compute_once(value))
    return left, jnp.concatenate(solution, axis=1), jnp.asarray(power)


def _rotate(factor: Factor, left: list[Array], weight: Float[Array, "stage lane"], floor: Array) -> Factor:
    """Return the factor of L D L' + weight v v', from the residuals of v that ``_solve`` returns."""
    weight, columns, energies = weight[:, None], [], []
    for j, column in enumerate(factor.columns()):
        energy, news = factor.energy[:, j : j + 1], left[j][:, :1]
        risen = compute_once(energy + weight * news * news)
        if j + 1 < len(left):
            columns.append(column + (weight * news / risen) * left[j + 1])
        else:
            columns.append(column)
        energies.append(risen)
        weight = compute_once(weight * (energy / risen))
    return Factor(jnp.concatenate(columns, axis=1), jnp.maximum(jnp.concatenate(energies, axis=1), floor))


def every_length(
    longest: int, forgetting: float, ridge: float, direct: bool, intercept: bool, outputs: int, inputs: int
) -> Learner:
    """Return least squares of the lengths 0 .. longest: ``ladder`` for one output without inputs, else ``lattice``."""
    sizes = range(longest + 1)
    if outputs == 1 and inputs == 0 and not direct:
        return ladder(sizes, forgetting, ridge, intercept=intercept)
    return lattice(sizes, forgetting, ridge, direct, intercept, outputs=outputs, inputs=inputs)
