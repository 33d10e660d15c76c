"""Whether frequent kinds of examples are learned first, and by which power of the frequency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.text import counted, did_you_mean
from .passages import check_passages, setting_names
from .run_interval import FEWEST, mean_interval
from .sentences import estimate_words

FEWEST_KINDS = 3


@dataclass(frozen=True, repr=False)
class LearningOrder:
    """The answer of ``order_against_frequency``.

    Attributes:
        spearman: Rank correlation of frequency and passage; -1: in order of frequency. None with fewer than three kinds
            that passed in every run, or if they all have one frequency or one passage.
        exponent: s of passage ~ frequency^-s; None as above.
        low, high: Its 95 % interval over further runs of the same kinds; None with fewer than three runs.
        kinds: Kinds that passed in every run, which the answer is of.
        left_out: Kinds that a run at least did not pass.
        runs: Number of runs.
        table: One row for each kind, by falling frequency: ``kind, frequency, passed`` (runs that passed) and ``step``
            (geometric mean of their passages; null if a run did not pass).
        reason: Why there is no answer, or no interval; empty if there are both.
    """

    spearman: float | None
    exponent: float | None
    low: float | None
    high: float | None
    kinds: int
    left_out: int
    runs: int
    table: pl.DataFrame
    reason: str

    @property
    def sentence(self) -> str:
        """The answer in words."""
        out = f"{self.left_out} of {counted(self.kinds + self.left_out, 'kind')} did not pass in every run"
        if self.spearman is None or self.exponent is None:
            return f"the order of {counted(self.kinds, 'kind')} is not known: {self.reason}; {out}."
        power = estimate_words((-self.exponent, *(None if end is None else -end for end in (self.high, self.low))))
        why = f"; {self.reason}" if self.reason else ""
        return (
            f"passage ~ frequency^{power}, rank correlation {self.spearman:.2f} ({counted(self.kinds, 'kind')}, "
            f"{counted(self.runs, 'run')}){why}; {out}."
        )

    def __repr__(self) -> str:
        return self.sentence


def order_against_frequency(passages: pl.DataFrame, frequency: Mapping[str, float]) -> LearningOrder:
    """Return whether kinds are learned in the order of their frequencies, and s of S_k ~ p_k^-s.

    S_k is the first edge from which on a run has passed on kind k, averaged over the runs in the logarithm. The
    correlation is Spearman's, of frequency and S_k. s is minus the least-squares slope of log S_k against log p_k, the
    mean of the slopes of the runs; its interval is that of Student for their mean.

    Only kinds that passed in every run count; ``left_out`` counts the others. To put the last edge in the place of
    their passages would make s too small. Near the end of the training, kinds that pass early for their frequency still
    have a better chance to count: if many are left out, train longer.

    Args:
        passages: The frame of ``first_passages`` of runs of one setting. The kind ``"all"``, the mean over all kinds,
            does not count.
        frequency: Share of each kind among the examples, above 0.

    Raises:
        ValueError: The frame is none of passages, a kind has no frequency, a run lacks a kind or has it twice, the runs
            have several settings, or a frequency is not above 0.

    References:
        E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
        (arXiv 2303.13506), section 3: s = 0.81 is measured there, 1 is the theory.
    """
    frame = _checked(passages, frequency)
    runs = frame["run"].n_unique()
    rows = frame.group_by("kind").agg(
        passed=(~pl.col("censored")).sum().cast(pl.Int64),
        step=pl.when(pl.col("high").is_not_null().all()).then(pl.col("high").log().mean().exp()),
    )
    shares = pl.DataFrame(dict(kind=list(frequency), frequency=[float(share) for share in frequency.values()]))
    table = shares.join(rows, on="kind").sort("frequency", "kind", descending=[True, False])
    used = table.filter(pl.col("step").is_not_null())
    p, steps = np.log(used["frequency"].to_numpy()), used["step"].to_numpy()
    spearman, exponent, half, reason = None, None, None, ""
    if len(used) < FEWEST_KINDS or np.ptp(p) == 0 or np.ptp(steps) == 0:
        reason = f"it takes {FEWEST_KINDS} kinds that pass in every run, of different frequencies, at different edges"
    else:
        spearman = float(np.corrcoef(pl.Series(p).rank(), pl.Series(steps).rank())[0, 1])
        slopes = _slopes(frame, used["kind"].to_list(), p)
        exponent, half = float(slopes.mean()), mean_interval(slopes)
        reason = "" if runs >= FEWEST else f"an interval needs {FEWEST} runs"
    return LearningOrder(
        spearman,
        exponent,
        None if exponent is None or half is None else exponent - half,
        None if exponent is None or half is None else exponent + half,
        kinds=len(used),
        left_out=len(table) - len(used),
        runs=runs,
        table=table,
        reason=reason,
    )


def _slopes(frame: pl.DataFrame, kinds: list[str], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return minus the slope of log passage against log frequency p, for each run."""
    passages = frame.filter(pl.col("kind").is_in(kinds)).pivot("kind", index="run", values="high")
    centred = p - p.mean()
    return np.asarray(-np.log(passages.select(kinds).to_numpy()) @ centred / (centred @ centred))


def _checked(passages: pl.DataFrame, frequency: Mapping[str, float]) -> pl.DataFrame:
    """Return the passages of all kinds that have a frequency, or raise ValueError that says what is wrong."""
    frame = check_passages(passages)
    if "all" not in frequency:
        frame = frame.filter(pl.col("kind") != "all")
    for kind in frame["kind"].unique().sort().to_list():
        if kind not in frequency:
            raise ValueError(f"the kind {kind!r} has no frequency{did_you_mean(kind, frequency)}")
        share = frequency[kind]
        if not (math.isfinite(share) and share > 0):
            raise ValueError(f"the frequency of {kind!r} must be above 0, got {share}: leave the kind out.")
    if frame.is_empty():
        raise ValueError("expected passages of kinds, got only those of the mean, 'all': ask for passages by kind.")
    for name in setting_names(frame):
        values = frame[name].unique().sort().to_list()
        if len(values) > 1:
            raise ValueError(f"choose one {name} of {values} first: passages.filter(pl.col({name!r}) == ..).")
    several = frame.group_by("run", "kind").len().filter(pl.col("len") > 1)
    if len(several) or len(frame) != frame["run"].n_unique() * frame["kind"].n_unique():
        raise ValueError("expected one row for each run and kind: number the runs one by one, and score every kind.")
    return frame
