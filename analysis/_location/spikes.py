"""Single samples far from their neighbours: they make up most of an error, and often they are faults of a sensor."""

from __future__ import annotations

import numpy as np

from ...simulator import Trajectories

FAR = 30.0  # times the usual distance of neighbours
MOST = 0.02  # share of the samples; more of them are the signal itself


def spike_note(recording: Trajectories) -> str:
    """Return a note on samples far from both neighbours and on the same side of them; empty if there are none.

    With d[t] = y[t] - y[t-1] and m the median of |d|, a sample is far if d[t] and -d[t+1] have one sign and are both
    over 30 m in size. A step of the signal is not: it is far from one neighbour only.
    """
    counts = {}
    for k, name in enumerate(recording.output_names):
        steps = np.diff(np.asarray(recording.outputs[:, :, k], np.float64), axis=1)
        usual = float(np.nanmedian(np.abs(steps))) if np.isfinite(steps).any() else 0.0
        before, after = steps[:, :-1], -steps[:, 1:]
        far = (np.minimum(np.abs(before), np.abs(after)) > FAR * usual) & (before * after > 0)
        if usual > 0 and 0 < far.sum() <= MOST * np.isfinite(recording.outputs[:, :, k]).sum():
            counts[name] = int(far.sum())
    if not counts:
        return ""
    some = "; ".join(
        f"{count} sample{'s' * (count > 1)} of {name} {'are' if count > 1 else 'is'} over {FAR:.0f} times as far from "
        "both neighbours as usual"
        for name, count in counts.items()
    )
    return f"{some}: if they are no measurements, leave them empty, for they make up most of the error"
