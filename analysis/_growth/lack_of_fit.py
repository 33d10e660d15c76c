"""Tests that a power law fits: a level that jumps, a level after T/2, and growth that is that of the inputs.

All three ask whether the verdict of a power law holds under another law. Level, jump, level is not a power law: it
shows that the excitation, the noise or the plant has changed, and not that the error grows for ever.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

FEWEST = 2  # stretches on each side of a jump
SURE = 0.95  # share of the draws
QUIET = 1e-12  # least power of an input, as a share of its largest


class Jump(NamedTuple):
    """The power law with one jump, log error = a + b log t + d [t > s], in each draw.

    Attributes:
        place: Number of stretches before s, where the jump fits best.
        size: d, ``(draw,)``.
        slopes: b, ``(draw,)``.
        better: Whether the jump fits better than a curvature (log t)^2 in its place, ``(draw,)``.
    """

    place: int
    size: NDArray[np.float64]
    slopes: NDArray[np.float64]
    better: NDArray[np.bool_]


def fit_jump(axis: NDArray[np.float64], means: NDArray[np.float64]) -> Jump | None:
    """Fit a power law with a jump at the place that is best for the first row of ``means``.

    Args:
        axis: log t of the stretches, ``(time,)``.
        means: Log means, first of all replicates, then of each draw, ``(draw, time)``.

    Returns:
        The fit; None if there are too few stretches.

    References:
        D. W. K. Andrews, Tests for parameter instability and structural change with unknown change point, 1993.
    """
    count = len(axis)
    if count < 2 * FEWEST + 3:
        return None
    x = axis - axis.mean()
    steps = (np.arange(count) >= np.arange(FEWEST, count - FEWEST + 1)[:, None]).astype(float)
    others = np.vstack([steps, x**2])
    along = others @ x / (x @ x)
    others = others - others.mean(axis=1, keepdims=True) - along[:, None] * x
    norms = (others**2).sum(axis=1)
    gains = (others @ means[0]) ** 2 / norms
    best = int(gains[:-1].argmax())
    size = means @ others[best] / norms[best]
    slopes = means @ x / (x @ x) - size * along[best]
    better = size**2 * norms[best] > (means @ others[-1]) ** 2 / norms[-1]
    return Jump(best + FEWEST, np.asarray(size), np.asarray(slopes), np.asarray(better))


def jump_reason(axis: NDArray[np.float64], means: NDArray[np.float64], bounded: bool, border: float) -> str | None:
    """Return why a jump changes the verdict; None if it does not in 95 % of the draws.

    Args:
        axis: log t of the stretches, ``(time,)``.
        means: Log means, first of all replicates, then of each draw, ``(draw, time)``.
        bounded: The verdict of the power law.
        border: The exponent between bounded and growing.
    """
    jump = fit_jump(axis, means)
    if jump is None:
        return None
    changed = ((jump.slopes < border) != bounded) & jump.better
    if not changed[0] or np.mean(changed[1:]) < SURE:
        return None
    factor, place = float(np.exp(jump.size[0])), float(np.exp((axis[jump.place - 1] + axis[jump.place]) / 2))
    word = f"rises {factor:.3g}-fold" if factor > 1 else f"falls to {100 * factor:.2g} %"
    return (
        f"the error {word} at about sample {place:.0f} and then follows t^{jump.slopes[0]:.2f}. That is no power law: "
        "the excitation, the noise or the plant has changed there"
    )


def level_reason(axis: NDArray[np.float64], means: NDArray[np.float64], border: float) -> str | None:
    """Return why growth has ended: it is below the border over the last octave in 95 % of the draws; else None."""
    late = axis > axis[-1] - np.log(2)
    if late.sum() < 2 * FEWEST:
        return None
    x = axis[late] - axis[late].mean()
    slopes = means[:, late] @ x / (x @ x)
    if slopes[0] >= border or np.mean(slopes[1:] < border) < SURE:
        return None
    return (
        f"the error has grown only up to half of the horizon, and follows t^{slopes[0]:.2f} since: "
        "the excitation, the noise or the plant has changed"
    )


def input_reason(
    axis: NDArray[np.float64],
    means: NDArray[np.float64],
    powers: dict[str, NDArray[np.float64]],
    border: float,
) -> str | None:
    """Return which input's own power explains that an error grows; None if none does.

    An input explains it if its power grows and error over power does not grow in 95 % of the draws.

    Args:
        axis: log t of the stretches, ``(time,)``.
        means: Log mean error, ``(draw, time)``.
        powers: Log mean power of each input, ``(draw, time)``.
        border: The exponent between bounded and growing.
    """
    x = axis - axis.mean()
    for name, power in powers.items():
        own, ratio = power @ x / (x @ x), (means - power) @ x / (x @ x)
        grows = own[0] >= border and np.mean(own[1:] >= border) >= SURE
        if grows and np.mean(ratio[1:] >= border) < SURE:
            return (
                f"the power of the input {name} itself grows, like t^{own[0]:.2f}, and the error over it like "
                f"t^{ratio[0]:.2f}: the excitation makes the error grow"
            )
    return None


def input_power(
    inputs: NDArray[np.floating], names: tuple[str, ...], edges: NDArray[np.int64], groups: int
) -> pl.DataFrame:
    """Return the mean power of each input in each stretch, for the groups of replicates of ``curves``.

    The power is that of the deviation from the first known value of the run.

    Args:
        inputs: ``(batch, time, input)``, NaN where missing.
        names: Name of each input.
        edges: Edges of the stretches.
        groups: As in ``curves``.

    Returns:
        Columns ``input, horizon, group, power``.
    """
    batch, steps, _ = inputs.shape
    groups = min(groups, batch)
    starts, known = np.arange(groups) * batch // groups, ~np.isnan(inputs)
    first = np.take_along_axis(inputs, known.argmax(axis=1)[:, None], axis=1)
    squares = np.where(known, (inputs - first) ** 2, 0.0)
    cuts = edges[:-1][edges[:-1] < steps]

    def mean_of(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(np.add.reduceat(values, cuts, axis=1), starts, axis=0), np.float64)

    with np.errstate(invalid="ignore", divide="ignore"):
        power = mean_of(squares) / mean_of(known)
    horizon = (edges[:-1] + 1 + edges[1:])[: len(cuts)] / 2
    index = np.indices(power.shape).reshape(3, -1)
    return pl.DataFrame(
        {
            "input": np.array(names, dtype=object)[index[2]].tolist(),
            "horizon": horizon[index[1]],
            "group": index[0],
            "power": power.ravel(),
        },
        schema_overrides={"input": pl.String, "group": pl.Int64},
    )


def power_arrays(frame: pl.DataFrame, horizon: NDArray[np.float64], groups: int) -> dict[str, NDArray[np.float64]]:
    """Return the powers on the grid of error curves, ``(time, group)``; inputs that never move are left out."""
    found = {}
    for (name,), part in frame.group_by("input", maintain_order=True):
        values = np.full((len(horizon), groups), np.nan)
        places = np.searchsorted(horizon, part["horizon"].to_numpy())
        kept = (places < len(horizon)) & (part["group"].to_numpy() < groups)
        kept[kept] = horizon[places[kept]] == part["horizon"].to_numpy()[kept]
        values[places[kept], part["group"].to_numpy()[kept]] = part["power"].to_numpy()[kept]
        if np.isfinite(values).all() and values.any():
            found[str(name)] = np.maximum(values, QUIET * values.max())
    return found
