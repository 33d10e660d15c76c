"""The ladder's wave through the stages in JAX: its state, and the functions that move it on.

Time: at tick ``k`` stage ``m`` handles sample ``k - m``; symbols as in ``wavefront``.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.jax_later import Array, jax, jit, jnp
from .._engine.partition import PartitionedLearner
from .channels import faded_ridge

# Of error, and of excess where there is an oracle: length h in row h + STRIDE, a margin of STRIDE rows on either side.
Closed: TypeAlias = tuple[Float[Array, "bin row sum"], ...]

TICKS = 256
STRIDE = 4  # ticks between two checks of which stretches have ended


class Wave(NamedTuple):
    """The state of the lattice between two ticks; each stage is at its own sample."""

    forward_gain: Float[Array, "stage lane"]  # kf
    backward_gain: Float[Array, "stage lane"]  # kb
    forward_energy: Float[Array, "stage lane"]  # F
    backward_energy: Float[Array, "stage lane"]  # B
    beta_before: Float[Array, "stage lane"]
    ratio: Float[Array, "stage lane"]  # gamma / B of the sample before
    eta: Float[Array, "stage lane"]  # the input of the next stage
    beta: Float[Array, "stage lane"]
    gamma: Float[Array, "stage lane"]
    error: Float[Array, "length lane"]  # sums of the open stretches
    excess: Float[Array, "length lane"]  # no lengths without an oracle
    ridge: Float[Array, "stage lane"]  # delta at the sample of each stage; no stages without forgetting


class Ticks(NamedTuple):
    """One block of ticks and the stretches that end in it, the same for all tiles."""

    start: np.int32
    strides: np.int32
    ends: Int[np.ndarray, " bin"]  # last sample of each stretch
    closing: Int[np.ndarray, "two stride"]  # first, and one after the last, of the stretches that some length closes
    goes_on: Bool[np.ndarray, " sample"]  # whether a stretch continues at a sample, the newest first, back to start - M


class Start(NamedTuple):
    """The start of each lane."""

    born: Int[np.ndarray, " lane"]  # its first nonzero sample; -1 before that
    ridge: Float[np.ndarray, " lane"]  # delta
    scale: Float[np.ndarray, " lane"]  # a power of two
    unit: Float[np.ndarray, ""]  # of sums over several lanes


@partial(jit, static_argnums=range(1, 7))
def first_wave(
    oracle: PartitionedLearner | None,
    inputs: int,
    stages: tuple[int, int],
    bins: int,
    width: int,
    share: int,
    dtype: Any,
) -> tuple[Wave, Closed, Array, Any]:
    """Return the wave before the first sample, no stretch closed, no error under way, and the oracle's state."""

    def full(rows: int, value: float) -> Array:
        return jnp.full((rows, width), value, dtype)

    measures, (M, fading) = 1 if oracle is None else 2, stages
    arrays = dict(zip(Wave._fields, (full(M, value) for value in (0, 0, 1, 1, 0, 1, 0, 0, 1)), strict=False))
    excess = full((M + 1) * (measures - 1), 0)
    wave = Wave(**arrays, error=full(M + 1, 0), excess=excess, ridge=full(fading, 1))
    closed = tuple(jnp.zeros((bins, M + 1 + 2 * STRIDE, width // share), dtype) for _ in range(measures))
    state = None if oracle is None else oracle.learner.init(1, inputs, width, dtype)
    return wave, closed, jnp.zeros((M, width * (measures - 1)), dtype), state


@jit
def innovations(
    parts: PartitionedLearner, before: Any, late: Array, moved: Array, inputs: Array, scale: Array, used: Array
) -> tuple[Any, Array]:
    """Return the oracle's errors in the unit of the wave, newest first, those that are still under way at the end."""
    oracle, seen = parts.learner, jnp.ones(moved.shape[1:], bool)

    def step(state: Any, row: tuple[Array, Array]) -> tuple[Any, Array]:
        y, u = row
        expected = oracle.predict(state, u[None])[0, 0, 0]
        return oracle.update(state, y, u, seen), jnp.where(used, (y[0] - expected) / scale, 0)

    after, errors = jax.lax.scan(step, before, (moved, inputs.astype(moved.dtype)))
    return after, jnp.concatenate([errors[::-1], late])


@partial(jit, static_argnames=("forgetting",), donate_argnames=("wave",))
def start_lanes(forgetting: float, wave: Wave, new: Array, ridge: Array, wait: Array) -> Wave:
    """Return the wave with the energies that are the ridge when the first sample of a new lane reaches each stage."""
    stage = jnp.arange(wave.eta.shape[0], dtype=ridge.dtype)[:, None]
    weight = jnp.asarray(1 / forgetting, ridge.dtype)
    F = ridge[None] * weight ** (wait[None].astype(ridge.dtype) + stage)
    B = F * weight**stage
    old = wave.forward_energy, wave.backward_energy, wave.ratio
    F, B, ratio = (jnp.where(new[None], now, was) for now, was in zip((F, B, 1 / B), old, strict=True))
    # It fades to the ridge at the first sample.
    delta = jnp.broadcast_to(ridge[None] * weight ** (1 + wait[None].astype(ridge.dtype)), wave.ridge.shape)
    delta = jnp.where(new[None], delta, wave.ridge)
    return wave._replace(forward_energy=F, backward_energy=B, ratio=ratio, ridge=delta)


@partial(jit, static_argnames=("forgetting", "ridge", "share"), donate_argnames=("wave", "closed"))
def advance_wave(
    forgetting: float,
    ridge: float,
    share: int,
    wave: Wave,
    closed: Closed,
    y: Array,
    oracle_errors: Array,
    ticks: Ticks,
    begin: Start,
) -> tuple[Wave, Closed]:
    """Move the wave on, ``STRIDE`` ticks at a time, and then note the sums of the stretches that ended in them."""
    M, lanes = wave.eta.shape
    weight, born = (begin.scale / begin.unit)[None] ** 2, jnp.asarray(begin.born[None] >= 0)
    newest = jnp.zeros((), jnp.int32)

    def advance(tick: Array, wave: Wave) -> Wave:
        errors = jnp.concatenate([jax.lax.dynamic_slice_in_dim(y, tick, 1), wave.eta])
        wave = _tick(forgetting, ridge, wave, errors[:-1], born)
        goes_on = jax.lax.dynamic_slice_in_dim(ticks.goes_on, TICKS - 1 - tick, M + 1)[:, None]
        wave = wave._replace(error=jnp.where(goes_on, wave.error, 0) + errors * errors)
        if len(closed) > 1:
            gap = jax.lax.dynamic_slice_in_dim(oracle_errors, TICKS - 1 - tick, M + 1) - errors
            wave = wave._replace(excess=jnp.where(goes_on, wave.excess, 0) + gap * gap)
        return wave

    def close(first: Array, sums: list[Array], closed: Array) -> Array:
        def once(i: Array, closed: Array) -> Array:
            length = ticks.start + first - ticks.ends[i]  # that closes at the first of these ticks
            rows = jnp.concatenate([jax.lax.dynamic_slice_in_dim(open_, length + j, 1) for j, open_ in enumerate(sums)])
            rows = (rows * weight).reshape(STRIDE, lanes // share, share).sum(axis=2) if share > 1 else rows
            return jax.lax.dynamic_update_slice(closed, rows[None], (i, length + STRIDE, newest))

        stretches = ticks.closing[:, first // STRIDE]
        filled: Array = jax.lax.fori_loop(stretches[0], stretches[1], once, closed)
        return filled

    def stride(i: Array, carry: tuple[Wave, Closed]) -> tuple[Wave, Closed]:
        wave, closed = carry
        first, errors, excesses = i * STRIDE, [], []
        for j in range(STRIDE):
            wave = advance(first + j, wave)
            errors.append(wave.error)
            excesses.append(wave.excess)
        sums = zip((errors, excesses), closed, strict=False)
        return wave, tuple(close(first, open_, kept) for open_, kept in sums)

    after: tuple[Wave, Closed] = jax.lax.fori_loop(newest, ticks.strides, stride, (wave, closed))
    return after


def _tick(forgetting: float, ridge: float, wave: Wave, eta: Array, born: Array) -> Wave:
    """Move every stage on by one sample; ``eta`` are the forward errors that reach the stages.

    XLA on a CPU makes one pass over memory for each array that comes out: the fewer are carried, the faster, and a
    division costs less than a pass. So gamma of the sample before is taken from its ratio to B, and 1/B is not kept.
    """
    kf, kb, F, B, beta_before, ratio = wave[:6]
    beta = jnp.concatenate([eta[:1], wave.beta[:-1]])
    gamma = jnp.concatenate([jnp.ones_like(eta[:1]), wave.gamma[:-1]])
    weighted = ratio * B * eta
    delta = wave.ridge
    if forgetting < 1:
        newest = faded_ridge(delta[:1], ridge * eta[:1] * eta[:1], forgetting)
        delta = jnp.concatenate([newest, delta[:-1]])
        floor = jnp.where(born, delta / 2, 1)
        F, B = jnp.maximum(forgetting * F, floor), jnp.maximum(forgetting * B, floor)
    F_now = F + weighted * eta
    B_now = B + gamma * beta * beta
    eta_after = eta + kf * beta_before
    beta_after = beta_before + kb * eta
    ratio_now = gamma / B_now
    return wave._replace(
        forward_gain=kf - ratio * beta_before * eta_after,
        backward_gain=kb - weighted * beta_after / F_now,
        forward_energy=F_now,
        backward_energy=B_now,
        beta_before=beta,
        ratio=ratio_now,
        eta=eta_after,
        beta=beta_after,
        gamma=B * ratio_now,
        ridge=delta,
    )
