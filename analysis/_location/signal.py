"""The last samples of one run beside their forecasts, for the picture in every report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...learners._engine.replay import RunEnd
from .advice import Advice

SHOWN = 200  # samples
CLEAR = 0.1  # further error that a picture shows


class Signal(NamedTuple):
    """The end of one run, with the forecasts of one or two sizes.

    Attributes:
        first: Number of the first sample; the run begins with 0.
        names: Names of the outputs.
        output: Measured, NaN where missing, ``(time, output)``.
        sizes: The size to look at, and a smaller one for contrast, if there is one.
        forecast: Made before each sample, ``(time, size, output)``.
    """

    first: int
    names: tuple[str, ...]
    output: NDArray[np.floating]
    sizes: tuple[int, ...]
    forecast: NDArray[np.floating]


def longest_run(lengths: NDArray[np.int64]) -> RunEnd:
    """Return what keeps the end of the longest run: 200 samples, fewer of a short run, whose start is not learned."""
    run = int(lengths.argmax())
    return RunEnd(run, max(int(lengths[run]) - SHOWN, int(lengths[run]) // 20))


def signal_of(
    end: RunEnd,
    length: int,
    names: Sequence[str],
    sizes: Sequence[int],
    place: int,
    shown: tuple[int, ...],
    unit: NDArray[np.float64] | float = 1.0,
) -> Signal | None:
    """Return the signal of one look-ahead; None if nothing was kept.

    Args:
        end: What was kept while scoring.
        length: Samples of its run.
        names: Names of the outputs.
        sizes: Sizes of the learner.
        place: Which look-ahead.
        shown: Sizes to show.
        unit: What outputs and forecasts are multiplied with, ``(output,)``.
    """
    if not end.kept:
        return None
    output, forecast = end.arrays(length)
    columns = [list(sizes).index(size) for size in shown]
    return Signal(end.first, tuple(names), output * unit, shown, forecast[:, place, columns] * unit)


def signal_frame(signals: Sequence[tuple[int, Signal | None]]) -> pl.DataFrame:
    """Return signals as a tidy frame ``lookahead, sample, output, measured, size, forecast``.

    Args:
        signals: Look-ahead and signal of each.
    """
    parts = []
    for lookahead, signal in signals:
        if signal is None:
            continue
        for j, name in enumerate(signal.names):
            for k, size in enumerate(signal.sizes):
                columns = dict(
                    lookahead=np.full(len(signal.output), lookahead),
                    sample=signal.first + np.arange(len(signal.output)),
                    output=[name] * len(signal.output),
                    measured=signal.output[:, j].astype(float),
                    size=np.full(len(signal.output), size),
                    forecast=signal.forecast[:, k, j].astype(float),
                )
                parts.append(pl.DataFrame(columns))
    return pl.concat(parts)


def signal_from(frame: pl.DataFrame, lookahead: int) -> Signal | None:
    """Return the signal of one look-ahead from such a frame; None if it has none."""
    rows = frame.filter(pl.col("lookahead") == lookahead)
    if rows.is_empty():
        return None
    names = tuple(rows["output"].unique(maintain_order=True))
    sizes = tuple(rows["size"].unique(maintain_order=True))
    shape = len(names), len(sizes), -1
    measured, forecast = (rows[word].to_numpy().reshape(shape) for word in ("measured", "forecast"))
    return Signal(int(rows["sample"][0]), names, measured[:, 0].T, sizes, forecast.transpose(2, 1, 0))


def sizes_to_show(best: int, critical: int | None, sizes: Sequence[int], advice: Advice | None) -> tuple[int, ...]:
    """Return the size to look at, and a smaller one for contrast if there is one.

    They are the size to use and the largest size that costs a tenth; without an advice the best size and the one before
    the critical size. If no size is so, the contrast is the smallest one tried.
    """
    size = best if advice is None else advice.size
    clear = [other for other in sizes if critical is not None and other < min(critical, size)]
    if advice is not None:
        clear = advice.costs.filter((pl.col("size") < size) & (pl.col("above") >= CLEAR))["size"].to_list()
    return tuple(dict.fromkeys([size, clear[-1] if clear else min(size, sizes[0])]))
