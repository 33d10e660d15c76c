"""What a recording must be to be learned from, with every size."""

from __future__ import annotations

import numpy as np

from ...simulator import Trajectories
from .constant_outputs import refuse_constant
from .options import SHORTEST

LARGEST = 1e150  # absolute value of a sample


def check_recording(recording: Trajectories, largest_size: int) -> None:
    """Raise ValueError if a recording is too short for a size, constant, or in a unit in which squares overflow."""
    horizon = int(recording.lengths.max())
    if horizon < SHORTEST:
        raise ValueError(f"a recording needs at least {SHORTEST} samples, got {horizon}.")
    refuse_constant(recording)
    if largest_size > horizon // 2:
        raise ValueError(f"size {largest_size} is beyond the data: {horizon} samples allow sizes up to {horizon // 2}.")
    largest = float(np.nanmax(np.abs(recording.outputs), initial=0.0))
    if largest > LARGEST or 0 < largest < 1 / LARGEST:
        raise ValueError(
            f"the largest value of a recording must be from {1 / LARGEST:g} to {LARGEST:g}, for its square; "
            f"got {largest:.3g}: write it in another unit."
        )
