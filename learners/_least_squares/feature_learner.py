"""Fixed features of the past as regressors: least squares on the first k of them, for every k by one triangular array.

Time: in ``update`` the state is that of ``n - 1``, and ``z`` holds ``u[n]`` and ``y[n]``, inputs first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from jaxtyping import Float

from ..._core.jax_later import Array, jnp
from .._base import Learner, check_ridge
from .._linalg.triangular_factor import Triangle, eliminate, flat, residues
from .channels import Channels, check_channels, coming_inputs, first_nonzero, start_channels, take_inputs, with_ones

FADING = 0.99  # a gap is filled by the size that was best over the last hundred samples or so
Memory = TypeVar("Memory")


class Features(NamedTuple, Generic[Memory]):
    """Features of the past of each channel.

    Attributes:
        start: ``(channels, lanes, dtype) -> memory`` before the first sample: all features are zero.
        advance: ``(memory, z) -> (memory, Float["feature channel lane"])`` takes ``z[n]`` ``(channel, lane)`` in and
            returns the features for the forecast of ``y[n+1]``.
        counts: Features of each size; the last is their number.
    """

    start: Callable[[int, int, Any], Memory]
    advance: Callable[[Memory, Array], tuple[Memory, Array]]
    counts: tuple[int, ...]


class Fit(NamedTuple):
    """The channels of the stream, and the weights of the fit: the options of the factories."""

    outputs: int
    inputs: int
    direct: bool
    intercept: bool
    forgetting: float
    ridge: float


class FeatureState(NamedTuple, Generic[Memory]):
    """The array, what the features remember, and the features."""

    channels: Channels
    triangle: Triangle
    memory: Memory
    features: Float[Array, "column lane"]  # of y[n+1], without u[n+1]
    loss: Float[Array, "size output lane"]  # fading: which size fills a gap


def feature_learner(
    name: str,
    sizes: tuple[int, ...],
    features: Features[Memory],
    fit: Fit,
    size_label: str,
    tends_to: Literal["features"] | None = None,
) -> Learner[FeatureState[Memory]]:
    """Return the recursive least squares of y[t] on the first features of all channels, for every size at once.

    Columns are the ones of the intercept, u[t] if ``direct``, then the features, all channels of each. So one
    triangular array serves all sizes, as in ``qr_array``. A missing output is filled with the forecast of the
    size that was best recently, a missing input with its last value. A row with a missing target is not learned from.

    Args:
        name: Of the learner.
        sizes: Labels of the sizes, rising.
        features: Of one channel; the same for all.
        fit: Channels and weights.
        size_label: What a size is.
        tends_to: As in ``Learner``.

    Raises:
        ValueError: A ridge that is not positive, or a direct term without inputs.
    """
    outputs, inputs, direct, intercept, forgetting, ridge = fit
    check_ridge(ridge)
    if direct and not inputs:
        raise ValueError("a direct term needs inputs, got inputs=0: name them, or leave direct out.")
    m, q, known = inputs, inputs + outputs, inputs * direct
    first_column = intercept + known  # with a feature
    ends = [first_column + q * count for count in features.counts]
    columns = ends[-1]

    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> FeatureState[Memory]:
        check_channels(name.replace("-", "_"), outputs, inputs, (q - m, m))
        return FeatureState(
            start_channels(outputs, inputs, lanes, dtype, intercept),
            Triangle(jnp.zeros((columns, columns + outputs, lanes), dtype), jnp.ones((columns, lanes), dtype)),
            features.start(q, lanes, dtype),
            jnp.zeros((columns - first_column, lanes), dtype),
            jnp.zeros((len(sizes), outputs, lanes), dtype),
        )

    def at_sizes(left: Array) -> Array:
        return jnp.stack([left[end] for end in ends])

    def predict(state: FeatureState[Memory], inputs: Array) -> Float[Array, "1 size output lane"]:
        u = coming_inputs(state.channels, inputs, 1)[0] if direct else state.channels.held[:0]
        row = jnp.concatenate([state.channels.ones(q), u, state.features])
        return -at_sizes(residues(state.triangle, row, outputs))[None]

    def update(state: FeatureState[Memory], output: Array, input: Array, observed: Array) -> FeatureState[Memory]:
        channels = take_inputs(state.channels, input) if m else state.channels
        u, y = channels.held, jnp.where(observed, output, 0)
        channels, first = first_nonzero(channels, with_ones(channels, jnp.concatenate([u, y])), ridge, forgetting)

        def by_column(channel: Array) -> Array:
            every = jnp.tile(channel[:q], ((columns - first_column) // q, 1))
            return jnp.concatenate([channel[q:], channel[:known], every])

        delta = by_column(channels.ridge)
        kept = jnp.maximum(forgetting * state.triangle.energy, jnp.where(delta == 0, 1, delta / 2))
        triangle = state.triangle._replace(energy=jnp.where(by_column(first), delta, kept))
        weight = observed.all(axis=0).astype(y.dtype)
        triangle, left = eliminate(triangle, jnp.concatenate([channels.ones(q), u[:known], state.features]), y, weight)
        # The target of a gap is zero, so its residual is minus its forecast.
        errors, best = at_sizes(left), jnp.argmin(state.loss, axis=0)[None]
        y = jnp.where(observed, y, -jnp.take_along_axis(errors, best, axis=0)[0])
        loss = FADING * state.loss + jnp.where(observed[None], errors * errors, 0)
        memory, row = features.advance(state.memory, jnp.concatenate([u, y]))
        return FeatureState(channels, triangle, memory, flat(row), loss)

    parameters = tuple(outputs * end for end in ends)
    labels: dict[str, Any] = dict(scaled=True, size_label=size_label, intercept=intercept, tends_to=tends_to)
    return Learner(name, init, predict, update, sizes, parameters, **labels)
