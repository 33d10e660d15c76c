"""The 95 % interval of a mean over independent runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

FEWEST = 3  # of two runs the interval is 12.7 standard errors to each side


def mean_interval(values: NDArray[np.float64]) -> float | None:
    """Return half of the length of the 95 % interval of the mean of runs, by Student's law; None with under 3 runs."""
    runs = len(values)
    if runs < FEWEST:
        return None
    return float(stdtrit(runs - 1, 0.975) * values.std(ddof=1) / np.sqrt(runs))
