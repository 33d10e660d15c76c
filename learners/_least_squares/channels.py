"""The channels of a multichannel regression: inputs first, then outputs, each in its own unit.

Inputs come first. So the leading block of a triangular factor belongs to them, and a direct term is read from it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ..._core.compiled import called
from ..._core.jax_later import Array, jnp
from .._base import check_ridge
from .._linalg.units import power_of_two

FADED = 2.0**-20  # least share of the ridge of a recent value that forgetting leaves


class Channels(NamedTuple):
    """Units of the channels, and the last inputs."""

    scale: Float[Array, "input lane"]  # the unit, from the first nonzero value; 0 before it
    held: Float[Array, "input lane"]  # in that unit
    ridge: Float[Array, "channel lane"]  # delta; 0 until the first nonzero value; with forgetting it fades

    def ones(self, channels: int) -> Float[Array, "ones lane"]:
        """Return 1 where the ones have begun, for those behind so many channels: one row, or none."""
        return (self.ridge[channels:] != 0).astype(self.ridge.dtype)


def start_channels(outputs: int, inputs: int, lanes: int, dtype: Any, intercept: bool = False) -> Channels:
    """Return the channels before the first sample; for an intercept the ones are a last channel, with a ridge."""
    rows: Any = (np.zeros((n, lanes), dtype) for n in (inputs, inputs, inputs + outputs + intercept))
    return Channels(*rows)


def with_ones(channels: Channels, z: Float[Array, "channel lane"]) -> Float[Array, "forward lane"]:
    """Return a sample of the channels and, for an intercept, the ones: 1 after the first nonzero output.

    That output itself is no row of the constant: it stands before a window of zeros, and would tie the constant to it.
    """
    if len(z) == len(channels.ridge):
        return z
    begun = (channels.ridge[len(channels.held) : -1] != 0).any(axis=0)
    return jnp.concatenate([z, begun[None].astype(z.dtype)])


def take_inputs(
    channels: Channels, raw: Float[Array, "input lane"], unit_of: Callable[[Array], Array] = power_of_two
) -> Channels:
    """Take one sample of the inputs in: NaN holds the last value; the first nonzero one sets the unit."""
    known = ~jnp.isnan(raw)
    value = jnp.where(known, raw, 0)
    first = (channels.scale == 0) & (value != 0)
    scale = jnp.where(first, unit_of(value), channels.scale)
    held = jnp.where(known, value / jnp.where(scale == 0, 1, scale), channels.held)
    return channels._replace(scale=scale, held=held)


def coming_inputs(
    channels: Channels, raw: Float[Array, "ahead input lane"], ahead: int
) -> Float[Array, "reach input lane"]:
    """Return the inputs of the next samples in their units, the last known value held where one is NaN."""
    unit = jnp.where(channels.scale == 0, 1, channels.scale)
    rows, held = [], channels.held
    for j in range(ahead):
        held = jnp.where(jnp.isnan(raw[j]), held, raw[j] / unit)
        rows.append(held)
    return jnp.stack(rows)


def first_nonzero(
    channels: Channels, z: Float[Array, "channel lane"], ridge: float, forgetting: float = 1.0
) -> tuple[Channels, Bool[Array, "channel lane"]]:
    """Set the ridge of the channels whose first nonzero value this is, and return which these are."""
    delta, first = next_ridge(channels.ridge, z, ridge, forgetting)
    return channels._replace(ridge=delta), first


def next_ridge(
    delta: Float[Array, "*channel lane"], z: Float[Array, "*channel lane"], ridge: float, forgetting: float
) -> tuple[Float[Array, "*channel lane"], Bool[Array, "*channel lane"]]:
    """Return the ridge after one more value, and whether this is the first nonzero one.

    delta = ridge z[t0]^2 at the first, then delta <- max(forgetting delta, min(delta, 2^-20 ridge z^2)): with
    forgetting it fades like the data, but not below this share of the square of a recent value. Half of it is the
    least energy.
    """
    first = (delta == 0) & (z != 0)
    before = faded_ridge(delta, ridge * z * z, forgetting) if forgetting < 1 else delta
    return jnp.where(first, ridge * z * z, before), first


def faded_ridge(
    delta: Float[Array, "*channel lane"], energy: Float[Array, "*channel lane"], forgetting: float
) -> Float[Array, "*channel lane"]:
    """Return the ridge after one more value, with energy = ridge z^2; 0 stays 0."""
    least = float(np.sqrt(np.finfo(delta.dtype).tiny))  # its inverse square is still finite
    faded = jnp.maximum(jnp.maximum(forgetting * delta, jnp.minimum(delta, FADED * energy)), least)
    return jnp.where(delta == 0, 0, faded)


@called
def ridge_of_lane(delta: float, energy: float, forgetting: float, least: float) -> float:
    """Return the ridge after one more value of a compiled lane: ``next_ridge``, with energy = ridge z^2."""
    if delta == 0:
        return energy
    return max(max(forgetting * delta, min(delta, type(energy)(FADED) * energy)), least) if forgetting < 1 else delta


@called
def hold_inputs(
    scale: Float[np.ndarray, "input lane"], held: Float[np.ndarray, "input lane"], raw: Float[np.ndarray, "input lane"]
) -> None:
    """Set ``held`` to the inputs of compiled lanes in their units; those missing keep what they were."""
    one = held.dtype.type(1)
    for c in range(len(raw)):
        for w in range(raw.shape[1]):
            if raw[c, w] == raw[c, w]:
                held[c, w] = raw[c, w] / (scale[c, w] if scale[c, w] != 0 else one)


def check_weights(stages: int, forgetting: float, ridge: float) -> None:
    """Refuse a forgetting that is shorter than the longest window, and a ridge that is not positive."""
    if not 0 < forgetting <= 1:
        raise ValueError(f"forgetting must be in (0, 1], got {forgetting}; 1 forgets nothing.")
    if forgetting**stages <= 0.5:
        longest = int(np.ceil(np.log(0.5) / np.log(forgetting))) - 1
        raise ValueError(
            f"forgetting {forgetting} is a memory shorter than a window of {stages}: use sizes up to {longest}, "
            f"or forgetting above {0.5 ** (1 / stages):.4f}."
        )
    check_ridge(ridge)


def check_channels(name: str, outputs: int, inputs: int, expected: tuple[int, int]) -> None:
    """Refuse a stream whose channels are not those that the learner was made for."""
    if (outputs, inputs) != expected:
        raise ValueError(
            f"{name} was made for {expected[0]} outputs and {expected[1]} inputs, "
            f"the stream has {outputs} and {inputs}: pass outputs={outputs}, inputs={inputs}."
        )
