"""From what a learner has learned to predictors with fixed weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._base import Learner
from .._engine.replay import RunEnd
from .._engine.tile_state import map_leaves
from .arx import ARXPredictor


def learned_predictors(
    learner: Learner,
    end: RunEnd,
    output_names: Sequence[str],
    input_names: Sequence[str],
    dt: float | None = None,
    about: dict[str, Any] | None = None,
    units: NDArray[np.float64] | None = None,
) -> tuple[ARXPredictor, ...]:
    """Return what a learner knew at the end of a run, one predictor for each size.

    With c the center of the stream and s its scale, the learner forecasts (y - c)/s. So

        yhat = c + s (constant + direct u + sum_k (A_k (y[t-k] - c)/s + B_k u[t-k]))

    Args:
        learner: Of the run.
        end: Of the run.
        output_names, input_names: Of the stream.
        dt: Sampling time in seconds.
        about: What the stream is.
        units: The unit of each output of the stream, ``(output,)``, in the units of the predictor; one by default.

    Returns:
        One for each size; none where the learner has no weights on a window of samples, where they do not forecast the
        next sample, where they have overflowed, or where no state was kept.
    """
    if learner.weights is None or learner.lookaheads[0] != 1 or end.tile is None:
        return ()
    one = slice(end.lane, end.lane + 1)
    lane = map_leaves(lambda leaf: np.asarray(leaf)[..., one], end.tile)
    weights = map_leaves(lambda leaf: np.asarray(leaf, np.float64)[..., 0], learner.weights(lane.state))
    p = len(output_names)
    center, scale = (np.asarray(leaf, np.float64)[:, 0] for leaf in (lane.center, lane.scale))
    unit = np.where(scale == 0, 1, scale) * (1 if units is None else units)
    level = center if units is None else center * units
    made = []
    for i, size in enumerate(learner.sizes):
        lagged = weights.lagged[i, :size] * unit  # (lag, channel, output)
        inputs, outputs = lagged[:, :-p].swapaxes(1, 2), (lagged[:, -p:] / unit[:, None]).swapaxes(1, 2)
        direct = (weights.direct[i] * unit).T
        constant = level + weights.constant[i] * unit - outputs.sum(axis=0) @ level
        predictor = ARXPredictor(
            output_names=tuple(output_names),
            input_names=tuple(input_names),
            dt=dt,
            about=dict(learner=learner.name) | (about or {}) | dict(size=size, parameters=learner.parameters[i]),
            constant=constant,
            output_taps=outputs,
            input_taps=inputs,
            direct=direct if direct.shape[1] else np.zeros((p, len(input_names))),
        )
        if not all(np.isfinite(part).all() for part in (constant, outputs, inputs, direct)):
            return ()
        made.append(predictor)
    return tuple(made)
