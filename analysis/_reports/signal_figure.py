"""The end of one run: measured and predicted, and the errors of the forecasts below. Written as PNG."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..._core.text import printable
from .._location.location import Location
from .._location.signal import Signal
from .style import BLUE, ORANGE, canvas, legend, title

MOST_OUTPUTS = 3
STYLES = (dict(color=ORANGE, ls="-", lw=1.6, zorder=3), dict(color=BLUE, ls="--", lw=1.1, zorder=2))


def signal_figure(location: Location, ax: Axes | None = None) -> Figure | None:
    """Draw the last samples and their forecasts, for each look-ahead, or for up to three outputs; None without any.

    On ``ax``, axes of your own, the first output one look-ahead on is drawn, without the errors below.
    """
    parts = [(part, 0) for part in location.each if part.signal is not None]
    if not parts:
        return None
    if len(location.each) == 1 and location.signal is not None:
        parts = [(location, k) for k in range(min(len(location.signal.names), MOST_OUTPUTS))]
    figure, panels = canvas(len(parts), below=True, ax=ax)
    if ax is not None:
        _draw(ax, None, *parts[0])
        return figure
    for upper, lower, (part, output) in zip(panels[::2], panels[1::2], parts, strict=True):
        upper.sharex(lower)
        _draw(upper, lower, part, output)
    return figure


def _draw(upper: Axes, lower: Axes | None, part: Location, output: int) -> None:
    signal = part.signal
    assert isinstance(signal, Signal)
    word, name = part.settings["size_label"], signal.names[output]
    measured = np.asarray(signal.output[:, output], float)
    forecasts = np.asarray(signal.forecast[..., output], float)
    times = signal.first + np.arange(len(measured))
    upper.plot(times, measured, "o-", color="0.15", ms=2.5, lw=0.6, label="measured", zorder=4)
    for k, size in enumerate(signal.sizes):
        label = f"{word} {size}" + ", for contrast" * (k > 0)
        upper.plot(times, forecasts[:, k], label=f"forecast, {label}", **STYLES[k])  # type: ignore[arg-type]
    if part.changes is not None:
        for since in part.changes["since"].to_list():
            if times[0] <= since <= times[-1]:
                upper.axvline(since, color="0.3", lw=1.2, ls=":", label="change")
    _limit(upper, np.concatenate([measured, forecasts[:, 0]]))
    ahead = "" if part.lookahead == 1 else f", made {part.lookahead} samples before"
    subject = part.system if len(signal.names) == 1 or part.system == name else f"{part.system}: {name}"
    title(upper, subject, f"the last {len(times)} samples and their forecasts{ahead}")
    upper.set_ylabel(printable(name), parse_math=False)
    lowest = upper if lower is None else lower
    lowest.set_xlabel("sample")
    lowest.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(upper, 1, below=-0.16 if lower is None else -0.02)
    if lower is not None:
        upper.tick_params(labelbottom=False)
        _draw_errors(lower, times, forecasts - measured[:, None])


def _draw_errors(axes: Axes, times: NDArray[np.int64], errors: NDArray[np.float64]) -> None:
    for k in range(errors.shape[1]):
        axes.plot(times, errors[:, k], **STYLES[k])  # type: ignore[arg-type]
    axes.axhline(0, color="0.3", lw=0.8)
    reach, wide = _largest(np.abs(errors[:, 0])), _largest(np.abs(errors))
    if reach > 0 and np.isfinite(wide):
        axes.set_ylim(-1.1 * min(wide, 5 * reach), 1.1 * min(wide, 5 * reach))
    axes.set_ylabel("forecast - measured")


def _largest(values: NDArray[np.float64]) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else 0.0


def _limit(axes: Axes, values: NDArray[np.float64]) -> None:
    """Limit the axis to what was measured and the forecasts of the size to look at."""
    finite = values[np.isfinite(values)]
    if finite.size and np.ptp(finite) > 0:
        axes.set_ylim(finite.min() - 0.08 * np.ptp(finite), finite.max() + 0.08 * np.ptp(finite))
