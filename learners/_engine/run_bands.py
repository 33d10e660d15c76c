"""The bands of all runs of a recording, kept by ``score`` on its way: sums only, so that memory does not grow."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from .band_sums import BandSums, pooled
from .band_tracker import LEVEL, BandTracker
from .driver import Driver
from .scored import scored_ahead


class RunBands:
    """The bands of all runs.

    Args:
        level: The share of samples that the bands are to cover.
    """

    def __init__(self, level: float = LEVEL) -> None:
        self.level = level
        self._trackers: dict[int, BandTracker] = {}  # by the first run of a tile

    def begin(self, driver: Driver, runs: slice) -> None:
        """Begin a tile of runs."""
        shape = driver.learner.lookaheads, len(driver.learner.sizes), driver.outputs, runs.stop - runs.start
        self._trackers[runs.start] = BandTracker(*shape, self.level)

    def take(
        self,
        driver: Driver,
        runs: slice,
        record: NDArray[np.floating],
        outputs: NDArray[np.floating],
        centered: Int[np.ndarray, "output lane"],
        end: Int[np.ndarray, " lane"],
    ) -> None:
        """Take in the rows of a block: forecasts, outputs, and what the driver knew before them."""
        lanes, rows = runs.stop - runs.start, int(end.max(initial=0))
        output = np.asarray(outputs[:rows, :, :lanes], np.float64)
        scored = scored_ahead(output, centered[:, :lanes], driver.learner.lookaheads)
        self._trackers[runs.start].take(record[:rows, ..., :lanes].astype(np.float64), output, scored, end[:lanes])

    @property
    def sums(self) -> BandSums:
        """The sums of all runs together."""
        return pooled(tracker.lane(i) for tracker in self._trackers.values() for i in range(len(tracker.age)))

    def newest(self, run: int) -> Float[np.ndarray, "lookahead size output"]:
        """Return the half-widths of the forecasts after the last sample of a run."""
        first = max(start for start in self._trackers if start <= run)
        return self._trackers[first].ahead([run - first])[..., 0]
