"""The noise of each output: the unit in which the errors of several outputs are summed, whatever the learner."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...simulator import LinearSystem, Trajectories
from .._exact.riccati import innovation_covariances
from .autoregression import autoregression

ORDER = 8  # largest order of the autoregressions


def system_noise(system: LinearSystem, horizon: int) -> NDArray[np.float64]:
    """Return the standard deviation of the innovation of each output at a horizon, ``(output,)``.

    It is 1 for a single output, for an output without noise, and for a system that varies in time.
    """
    if system.outputs == 1 or system.time_varying:
        return np.ones(system.outputs)
    variances = np.diag(innovation_covariances(system, [horizon])[0])
    return np.sqrt(np.where(np.isfinite(variances) & (variances > 0), variances, 1.0))


def recording_noise(recording: Trajectories) -> NDArray[np.float64]:
    """Return the standard deviation of the noise of each output, ``(output,)``.

    It is that of the residuals of an autoregression of the output alone; if none can be fitted, the root mean square of
    its steps y[t] - y[t-1]. It is 1 for a single output and for an output that never moves.
    """
    outputs = recording.outputs.shape[2]
    if outputs == 1:
        return np.ones(1)
    none = recording.inputs[:, :, :0]
    found = []
    for k, name in enumerate(recording.output_names):
        alone = replace(
            recording, outputs=recording.outputs[:, :, [k]], inputs=none, output_names=(name,), input_names=()
        )
        fitted = autoregression(alone, ORDER)
        if fitted is None:
            steps = np.diff(np.asarray(alone.outputs, float), axis=1)
            steps = steps[np.isfinite(steps)]
            found.append(float(np.sqrt(np.mean(steps**2))) if steps.any() else 1.0)
        else:
            found.append(float(np.sqrt(fitted.covariance[0, 0])))
    return np.array(found)
