"""Networks trained online by gradients, the common part: what they are given, and one step of Adam a sample.

Time: after sample n the newest row is (u[n+1] if direct else u[n], d[n]), and the network forecasts d[n+1].
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import NDArray

from ..._core.jax_later import Array, jax, jnp
from .._base import Learner
from .._least_squares.channels import Channels, check_channels, coming_inputs, start_channels, take_inputs
from .online_adam import Moments, adam_step, start_moments

FADING = 0.99  # the units are those of the last hundred samples or so
LIMIT = 10.0  # an error or a value of so many units counts as this: Huber's loss


class Network(NamedTuple):
    """A network of one size, for streams side by side: the lane is the last axis of every array that it is given.

    Attributes:
        start: ``(random, size, channels, outputs) -> parameters``, a NamedTuple of arrays of NumPy, without lanes.
        forward: ``(parameters, carried, rows) -> Float["output lane"]``; ``rows`` is ``(window, channel, lane)``, the
            newest first.
        advance: ``(parameters, carried, row) -> carried`` takes the row in that leaves the window.
        carried: Numbers that a network of this size carries on from before the window.
    """

    start: Callable[[np.random.Generator, int, int, int], Any]
    forward: Callable[[Any, Array, Array], Array]
    advance: Callable[[Any, Array, Array], Array] = lambda parameters, carried, row: carried
    carried: Callable[[int], int] = lambda size: 0


class Training(NamedTuple):
    """The channels of the stream, and the options of the factories."""

    outputs: int
    inputs: int
    direct: bool
    window: int
    rate: float
    seed: int
    differences: bool


class OnlineState(NamedTuple):
    """What the networks are given, and the networks themselves, one entry of a tuple for each size."""

    channels: Channels  # of the inputs: their units and last values
    last: Float[Array, "output lane"]  # y[n]; gaps filled
    seen: Bool[Array, "output lane"]  # whether an output was observed
    power: Float[Array, "channel lane"]  # fading sum of the squares of (u, d)
    weight: Float[Array, " lane"]  # fading number of samples
    newest: Float[Array, "channel lane"]  # (u[n], d[n])
    rows: Float[Array, "window channel lane"]  # before it, the newest first
    loss: Float[Array, "size output lane"]  # fading sum of squared errors: the best one fills a gap
    carried: tuple[Float[Array, "unit lane"], ...]
    parameters: tuple[Any, ...]
    moments: tuple[Moments, ...]


def online_learner(
    name: str, network: Network, sizes: Iterable[int], training: Training, size_label: str
) -> Learner[OnlineState]:
    """Return a ladder of networks, each of its own size and trained on its own, by one step of Adam a sample.

        yhat[t] = y[t-1] + s network(rows / s),   rows = (d[t-1], .., d[t-L]),   d[t] = y[t] - y[t-1]
        s^2 = mean of d^2, fading over a hundred samples,   loss = Huber((y[t] - yhat[t]) / s)

    Without ``differences`` d is y itself, and the forecast is s network(rows / s). What is handed in, and which laws
    hold, stands in the docstrings of ``gru``, ``attention`` and ``mlp``. Nothing is learned before the first nonzero d.

    Args:
        name: Of the learner.
        network: Of one size.
        sizes: Rising, from 0 on; size 0 learns a constant.
        training: Channels and options.
        size_label: What a size is.

    Raises:
        ValueError: An option out of range, or a direct term without inputs.
    """
    sizes = tuple(sizes)
    p, m, direct, window, rate, seed, differences = training
    if direct and not m:
        raise ValueError("a direct term needs inputs, got inputs=0: name them, or leave direct out.")
    if not (1 <= window <= 1024 and 0 < rate < 1 and seed >= 0):
        raise ValueError(
            f"{name} needs a window from 1 to 1024, a rate between 0 and 1 and a seed of at least 0; got "
            f"window={window}, rate={rate}, seed={seed}."
        )
    started = [network.start(np.random.default_rng([seed, size]), size, m + p, p) for size in sizes]

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> OnlineState:
        check_channels(name, outputs, inputs, (p, m))
        parameters = tuple(
            jax.tree.map(lambda array: jnp.asarray(np.repeat(array[..., None], lanes, axis=-1), dtype), one)
            for one in started
        )
        return OnlineState(
            start_channels(outputs, inputs, lanes, dtype),
            jnp.zeros((p, lanes), dtype),
            jnp.zeros((p, lanes), bool),
            jnp.zeros((m + p, lanes), dtype),
            jnp.zeros(lanes, dtype),
            jnp.zeros((m + p, lanes), dtype),
            jnp.zeros((window, m + p, lanes), dtype),
            jnp.zeros((len(sizes), p, lanes), dtype),
            tuple(jnp.zeros((network.carried(size), lanes), dtype) for size in sizes),
            parameters,
            tuple(start_moments(one, lanes, dtype) for one in parameters),
        )

    def given(state: OnlineState, u: Array) -> tuple[Array, Array, Array]:
        """Return the rows with the newest, their unit, and the rows divided by it; ``u`` is the input of the target."""
        newest = jnp.concatenate([u, state.newest[m:]]) if direct else state.newest
        rows = jnp.concatenate([newest[None], state.rows[:-1]])
        unit = jnp.sqrt(state.power / jnp.where(state.weight > 0, state.weight, 1)[None])
        begun = jnp.broadcast_to(unit > 0, rows.shape)
        values = rows / jnp.where(unit > 0, unit, 1)[None]
        return rows, unit, jnp.where(begun, jnp.clip(values, -LIMIT, LIMIT), 0)

    def base(state: OnlineState) -> Float[Array, "output lane"]:
        return state.last if differences else jnp.zeros_like(state.last)

    def predict(state: OnlineState, inputs: Array) -> Float[Array, "1 size output lane"]:
        _, unit, rows = given(state, coming_inputs(state.channels, inputs, 1)[0] if direct else inputs[0])
        made = jnp.stack([network.forward(*own, rows) for own in zip(state.parameters, state.carried, strict=True)])
        return (base(state)[None] + unit[None, m:] * made)[None]

    def update(state: OnlineState, output: Array, input: Array, observed: Array) -> OnlineState:
        channels = take_inputs(state.channels, input, jnp.abs) if m else state.channels
        rows, unit, seen = given(state, channels.held)
        passes = [
            jax.vjp(lambda own, carried=carried: network.forward(own, carried, seen), own)
            for own, carried in zip(state.parameters, state.carried, strict=True)
        ]
        made = jnp.stack([out for out, _ in passes])
        forecast = base(state)[None] + unit[None, m:] * made
        best = jnp.take_along_axis(forecast, jnp.argmin(state.loss, axis=0)[None], axis=0)[0]
        y = jnp.where(observed, output, best)
        loss = FADING * state.loss + jnp.where(observed[None], (y[None] - forecast) ** 2, 0)
        target = (y - base(state)) / jnp.where(unit[m:] > 0, unit[m:], 1)
        learns = observed.all(axis=0) & (unit[m:] > 0).any(axis=0)
        counts = learns[None] & (unit[m:] > 0)
        slopes = jnp.where(counts[None], jnp.clip(made - target[None], -LIMIT, LIMIT), 0)
        parameters, moments, carried = [], [], []
        for k, (_, pull) in enumerate(passes):
            (gradient,) = pull(slopes[k])
            old = state.parameters[k], state.moments[k]
            own, after = _where(learns, adam_step(old[0], gradient, old[1], rate), old)
            parameters.append(own)
            moments.append(after)
            carried.append(network.advance(own, state.carried[k], seen[-1]))
        known = state.seen | observed
        d = jnp.where(state.seen, y - state.last, 0) if differences else y
        newest = jnp.concatenate([channels.held, d])
        return OnlineState(
            channels,
            y,
            known,
            FADING * state.power + newest * newest,
            FADING * state.weight + 1,
            newest,
            rows,
            loss,
            tuple(carried),
            tuple(parameters),
            tuple(moments),
        )

    parameters = tuple(sum(array.size for array in jax.tree.leaves(one)) for one in started)
    return Learner(name, init, predict, update, sizes, parameters, scaled=True, size_label=size_label)


def apply(weights: Float[Array, "row column lane"], values: Float[Array, "column lane"]) -> Float[Array, "row lane"]:
    """Return the matrix of each lane times its vector."""
    return (weights * values[None]).sum(axis=1)


def drawn(random: np.random.Generator, *shape: int) -> NDArray[np.float64]:
    """Return normal weights, the last axis being summed over: of variance one over its length (LeCun 1998)."""
    return np.asarray(random.standard_normal(shape) / np.sqrt(max(shape[-1], 1)))


def _where(lanes: Bool[Array, " lane"], new: Any, old: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(jnp.broadcast_to(lanes, a.shape), a, b), new, old)
