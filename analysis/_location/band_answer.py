"""The bands of each size: what they have covered, how wide they are, and the smallest size that they can be used of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.json_values import json_value
from ...learners import BandSums
from .._growth.critical_size import Best, Critical
from .advice import Advice


class BandAnswer(NamedTuple):
    """The bands of one lookahead, by size, without about the first twentieth of the samples.

    Attributes:
        level: The share of samples that the bands are to cover.
        samples: Samples of each size that had a band; exact hits are not among them.
        coverage: The share of them inside their bands, all outputs together.
        half_width: The mean half-width, in units of the outputs, ``(size, output)``.
        calibrated: Whether chance explains the misses (``BandSums.calibrated``).
        size: The smallest size that is calibrated and bounded. Where boundedness is not known, the smallest calibrated
            one from the size to use on; None if there is none, or if every size grows.
        sentence: The answer as a sentence; empty before there is a band.
        newest: The half-widths of the next forecast, ``(size, output)``; None where there are several streams.
    """

    level: float
    samples: list[int]
    coverage: list[float]
    half_width: NDArray[np.float64]
    calibrated: list[bool]
    size: int | None
    sentence: str
    newest: NDArray[np.float64] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON; a single output has no last axis."""
        words = self._asdict() | dict(coverage=json_value(self.coverage), half_width=_plain(self.half_width))
        newest = words.pop("newest")
        return words if newest is None else words | dict(newest=_plain(newest))


def band_answer(
    sums: BandSums,
    sizes: Sequence[int],
    critical: Critical,
    best: Best | None,
    advice: Advice | None,
    place: int = 0,
    newest: NDArray[np.float64] | None = None,
) -> BandAnswer:
    """Return what the bands of one lookahead have shown.

    Args:
        sums: Of one stream, or of several together.
        sizes: The sizes.
        critical, best, advice: Of the same samples.
        place: Place of the lookahead.
        newest: The half-widths of the next forecast, ``(size, output)``.
    """
    calibrated, coverage = sums.calibrated[place].tolist(), sums.coverage[place].tolist()
    first, known = critical.bounded, critical.bounded is not None
    if first is None and critical.verdict == "undecided":
        first = advice.size if advice is not None else best.size if best is not None else None
    pairs = zip(sizes, calibrated, strict=True)
    size = None if first is None else next((size for size, fits in pairs if size >= first and fits), None)
    return BandAnswer(
        sums.level,
        sums.samples[place].sum(axis=1).astype(int).tolist(),
        coverage,
        sums.half_width[place],
        calibrated,
        size,
        _sentence(sums.level, [share for share in coverage if share == share], size, known),
        newest,
    )


def _sentence(level: float, coverage: list[float], size: int | None, known: bool) -> str:
    if not coverage:
        return ""
    low, high = f"{100 * min(coverage):.1f}", f"{100 * max(coverage):.1f}"
    range_ = f"{low} %" if low == high else f"{low} to {high} %"
    text = f"The bands for {100 * level:.4g} % have covered {range_} of the samples, by size"
    if size is None:
        return f"{text}."
    what = "bounded and calibrated" if known else "calibrated, from the size to use on,"
    return f"{text}; the smallest size that is {what} is {size}."


def with_bands(rungs: pl.DataFrame, bands: BandAnswer) -> pl.DataFrame:
    """Return a table of rungs with the ``coverage`` and the newest ``half_width`` of each size; lists for outputs."""
    newest = bands.half_width if bands.newest is None else bands.newest
    widths = newest[:, 0] if newest.shape[1] == 1 else newest.tolist()
    return rungs.with_columns(coverage=pl.Series(bands.coverage), half_width=pl.Series(widths))


def bands_from(record: dict[str, Any]) -> BandAnswer:
    """Return what ``BandAnswer.to_dict`` described; what was not finite is NaN."""
    fields = dict(record)
    for word in ("half_width", "newest"):
        if word in record:
            fields[word] = np.array(record[word], np.float64).reshape(len(record["coverage"]), -1)
    return BandAnswer(**fields)


def _plain(widths: NDArray[np.float64]) -> Any:
    return json_value((widths[:, 0] if widths.shape[1] == 1 else widths).tolist())
