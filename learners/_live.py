"""One stream sample by sample, and all forecasts of a recording; the learner may be given by its name."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ..simulator import Trajectories, find_recording
from ._base import Learner
from ._catalogue import find_learner
from ._engine import replay as engine


class Live(engine.Live):
    """One stream, sample by sample; as ``replay`` of its recording.

    The bits are the same for learners with a compiled step (``ladder``, ``lattice``, ``kalman``,
    ``truncated_kalman``), and for all others where both have the same ``width`` of lanes.

    Args:
        learner: The predictor, or its name, such as ``"ladder"`` or ``"ladder:forgetting=0.99"``; by name, least
            squares has an intercept unless it says ``intercept=no``.
        outputs: Outputs of the stream.
        inputs: Inputs of the stream.
        **options: Oracle, center, precision and device of the driver; ``bands``, the share of the samples that bands
            around the forecasts cover, such as 0.95: then there are ``band`` and ``coverage``.

    Examples:
        >>> live = Live(ladder(range(3)))
        >>> for y in [1.0, 2.0, 3.0, 4.0]:
        ...     live.observe(y)
        >>> live.forecast[0, :, 0].round(2).tolist()  # of the next sample, by each size
        [0.0, 5.71, 5.03]
    """

    def __init__(self, learner: Learner | str, outputs: int = 1, inputs: int = 0, **options: Any) -> None:
        super().__init__(find_learner(learner, outputs, inputs), outputs, inputs, **options)


def replay(
    learner: Learner | str, recording: Trajectories | Any, **options: Any
) -> Float[np.ndarray, "batch time lookahead size output"]:
    """Return every forecast of a recording: entry t of lookahead H was made when y[t-H] was the last sample known.

    Args:
        learner: The predictor, or its name, such as ``"ladder"`` or ``"ladder:forgetting=0.99"``; by name, least
            squares has an intercept unless it says ``intercept=no``.
        recording: One or many runs; NaN marks missing samples. Or what ``find_recording`` takes: an array, a frame with
            one column of numbers, ..
        **options: Oracle, center, precision and device of the driver.

    Raises:
        ValueError: There is no such learner, or it does not serve the recording.
    """
    recording = find_recording(recording)
    outputs, inputs = recording.outputs.shape[2], recording.inputs.shape[2]
    return engine.replay(find_learner(learner, outputs, inputs), recording, **options)
