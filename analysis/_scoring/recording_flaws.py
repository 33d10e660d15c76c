"""Flaws of a predictor that a recording shows, without knowing the plant: it runs over a part of it again, and changed.

It cannot see later samples, because each is sent to its process after the forecast of it has come. But it could know
the recording: from its file, from a clock, or from what it stored in another run.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ...learners._external.predictor import ExternalPredictor
from .flaws import Flaw

LENGTH = 2000  # samples
SAME = 1e-9  # of the size of the forecasts


def recording_flaws(
    predictor: ExternalPredictor,
    outputs: Float[np.ndarray, "time output"],
    inputs: Float[np.ndarray, "time input"],
    dt: float,
) -> list[Flaw]:
    """Run the first 2000 samples of a run three times and name what they show.

    * ``non-deterministic``: the same samples twice give forecasts that differ by over 1e-9 of their size.
    * ``ignores the samples``: with another second half, z[t] = 2 y[s-1] - y[t] for t >= s, it forecasts the same, and
      not a constant. It may know the recording; or it follows its inputs or a clock alone, which is no fault.

    Args:
        predictor: An open one.
        outputs, inputs: Of one run.
        dt: Sampling time in seconds.
    """
    y, u = outputs[:LENGTH], inputs[:LENGTH]
    s = len(y) // 2
    known = y[:s][~np.isnan(y[:s]).any(axis=1)]
    if not len(known):
        return []
    changed = y.copy()
    changed[s:] = 2 * known[-1] - y[s:]
    first, again, other = (predictor.run(series, u, dt).forecast for series in (y, y, changed))
    size = float(np.nanstd(first)) + float(np.nanstd(y - first)) if np.isfinite(first).any() else 0.0
    apart = np.abs(again - first)
    if (np.isnan(again) != np.isnan(first)).any() or np.nanmax(apart, initial=0.0) > SAME * size:
        far = np.nanmax(apart, initial=0.0)
        why = (
            f"the same samples twice give forecasts that differ by up to {far:.3g}" if far else "it fails only at times"
        )
        return [Flaw("non-deterministic", why)]
    late, moved = first[s + 1 :], np.abs(other - first)[s + 1 :]
    there = np.isfinite(moved).all(axis=1)
    if not there.any() or np.ptp(late[there], axis=0).max() <= SAME * size:
        return []
    if moved[there].max() <= SAME * size:
        why = "when the samples change, its forecasts stay the same: it may know the recording"
        return [Flaw("ignores the samples", f"{why}, or follow its inputs or a clock alone")]
    return []
