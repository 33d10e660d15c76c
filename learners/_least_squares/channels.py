"""The channels of a multichannel regression: inputs first, then outputs, each in its own unit.

Inputs come first. So the leading block of a triangular factor belongs to them, and a direct term is read from it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float


class Channels(NamedTuple):
    """Units of the channels, and the last inputs."""

    scale: Float[Array, "input lane"]  # a power of two; 0 until the first nonzero value
    held: Float[Array, "input lane"]  # in that unit
    ridge: Float[Array, "channel lane"]  # delta; 0 until the first nonzero value


def start_channels(outputs: int, inputs: int, lanes: int, dtype: Any) -> Channels:
    """Return the channels before the first sample."""
    return Channels(*(jnp.zeros((n, lanes), dtype) for n in (inputs, inputs, inputs + outputs)))


def take_inputs(channels: Channels, raw: Float[Array, "input lane"]) -> Channels:
    """Take one sample of the inputs in: NaN holds the last value; the first nonzero one sets the unit."""
    known = ~jnp.isnan(raw)
    value = jnp.where(known, raw, 0)
    _, exponent = jnp.frexp(value)
    first = (channels.scale == 0) & (value != 0)
    scale = jnp.where(first, jnp.ldexp(jnp.ones_like(value), exponent), channels.scale)
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
    channels: Channels, z: Float[Array, "channel lane"], ridge: float
) -> tuple[Channels, Bool[Array, "channel lane"]]:
    """Set the ridge of the channels whose first nonzero value this is, and return which these are."""
    first = (channels.ridge == 0) & (z != 0)
    return channels._replace(ridge=jnp.where(first, ridge * z * z, channels.ridge)), first


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
    if not (np.isfinite(ridge) and ridge > 0):
        raise ValueError(f"ridge must be positive, got {ridge}.")


def check_channels(name: str, outputs: int, inputs: int, expected: tuple[int, int]) -> None:
    """Refuse a stream whose channels are not those that the learner was made for."""
    if (outputs, inputs) != expected:
        raise ValueError(
            f"{name} was made for {expected[0]} outputs and {expected[1]} inputs, "
            f"the stream has {outputs} and {inputs}: pass outputs={outputs}, inputs={inputs}."
        )
