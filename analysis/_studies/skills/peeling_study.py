"""Peeling: what texts teach, beside density evolution; the thresholds of single streams, beside the exact one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from ...._core.progress import Progress, no_progress
from ..._exact.density_evolution import learned_share, learning_jump
from ..._exact.threshold_spread import code_spread, stream_spread
from ..claims import Claim, at_most
from .passages import Extrapolated, extrapolated, first_passages_of_streams, learned_shares, passage_summary

MEAN = 6.0
THRESHOLDS = {3.0: 1.037886, 4.0: 1.466350, 6.0: 4.532990, 8.0: 18.351698}
NO_JUMP = 2.0
CLOSE = 1e-4
SIZES, STREAMS, QUICK_STREAMS = (1000, 3000, 10_000), 300, 60
CURVE_SIZES, CURVE_STREAMS = (100, 1000, 10_000), 8
MOST_ERROR = 0.03
SPREAD = (7.0, 13.5)  # of single streams: sqrt(R) times the standard deviation, at the largest size


class Peeling(NamedTuple):
    """What was found on streams of texts.

    Attributes:
        thresholds: Exact, one row for each mean: ``mean, load, below, above, spread, code, published``: the jump, and
            sqrt(R) sd(T / R) of streams and of codes with either sign.
        passages: ``concepts, seed, load``: the first passage of each stream through half of its concepts.
        summary: Of ``passage_summary``.
        limit: The threshold for many concepts.
        curves: Of ``share_curves``.
        claims: What is claimed and reported.
    """

    thresholds: pl.DataFrame
    passages: pl.DataFrame
    summary: pl.DataFrame
    limit: Extrapolated
    curves: pl.DataFrame
    claims: list[Claim]


def study_peeling(seed: int = 0, quick: bool = False, progress: Progress = no_progress) -> Peeling:
    """Return the thresholds of streams of texts beside the exact ones.

    Args:
        seed: First seed of the streams.
        quick: 60 streams of each size in place of 300.
        progress: Called with the concepts of the streams done, and of all.
    """
    streams = QUICK_STREAMS if quick else STREAMS
    total = streams * sum(SIZES) + CURVE_STREAMS * sum(CURVE_SIZES)
    passages = first_passages_of_streams(SIZES, streams, seed, MEAN, progress=lambda done, _: progress(done, total))
    curves = share_curves(CURVE_SIZES, CURVE_STREAMS, seed)
    progress(total, total)
    thresholds, summary = threshold_table(), passage_summary(passages)
    limit = extrapolated(summary)
    claims = [*_exact_claims(thresholds), *_stream_claims(summary, limit)]
    return Peeling(thresholds, passages, summary, limit, curves, claims)


def threshold_table(means: Sequence[float] = (NO_JUMP, *THRESHOLDS)) -> pl.DataFrame:
    """Return the exact thresholds: ``mean, load, below, above, spread, code, published``; null where nothing jumps."""
    d = np.array(means, float)
    columns = learning_jump(d)._asdict() | dict(
        spread=stream_spread(d), code=code_spread(d), published=code_spread(d, signs="published")
    )
    return pl.DataFrame(dict(mean=d) | columns).fill_nan(None)


def share_curves(
    sizes: Sequence[int], streams: int, seed: int = 0, mean: float = MEAN, points: int = 61
) -> pl.DataFrame:
    """Return the learned share over the load, for several numbers of concepts.

    Args:
        sizes: R.
        streams: Streams of each, with seeds that count up.
        seed: Of the first.
        mean: d, above e.
        points: Loads, from .6 to 1.6 of the threshold.

    Returns:
        ``concepts, seed, load, learned, exact, scaled``: the share of the stream, that of density evolution, and
        (T / R - c*) sqrt(R), over which the curves of all sizes fall together.
    """
    threshold = float(learning_jump(mean).load)
    loads = threshold * np.linspace(0.6, 1.6, points)
    exact = learned_share(loads, mean)
    frames = [
        pl.DataFrame(
            dict(
                load=loads,
                learned=learned_shares(concepts, number, loads, mean),
                exact=exact,
                scaled=(loads - threshold) * np.sqrt(concepts),
            )
        ).select(pl.lit(concepts, pl.Int64).alias("concepts"), pl.lit(number, pl.Int64).alias("seed"), pl.all())
        for concepts in sizes
        for number in range(seed, seed + streams)
    ]
    return pl.concat(frames)


def _exact_claims(thresholds: pl.DataFrame) -> list[Claim]:
    part = "density evolution"
    jumps = [
        Claim(part, f"threshold T/R, {mean:g} concepts a text", load, known - CLOSE, known + CLOSE, "trial")
        for mean, known in THRESHOLDS.items()
        for load in thresholds.filter(mean=mean)["load"]
    ]
    none = float(thresholds.filter(mean=NO_JUMP)["load"].is_not_null().sum())
    return [*jumps, at_most(part, f"thresholds, {NO_JUMP:g} concepts a text (number)", none, 0, "theory")]


def _stream_claims(summary: pl.DataFrame, limit: Extrapolated) -> list[Claim]:
    part, exact = "single streams", float(learning_jump(MEAN).load)
    last = summary.row(-1, named=True)
    at = f"{last['concepts']} concepts"
    four = 4 * limit.error
    return [
        Claim(part, "threshold T/R, extrapolated to many concepts", limit.load, exact - four, exact + four, "theory"),
        at_most(part, "its standard error", limit.error, MOST_ERROR, "trial"),
        Claim(part, f"sd of T/R times sqrt(R), {at}", last["spread"], *SPREAD, "theory"),
        Claim(part, "the same, exact for streams of texts", float(stream_spread(MEAN))),
        Claim(part, "the same, exact for codes with half of the symbols erased", float(code_spread(MEAN))),
        Claim(part, "the same, with the signs as published", float(code_spread(MEAN, signs="published"))),
    ]
