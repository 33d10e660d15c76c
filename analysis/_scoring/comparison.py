"""A predictor beside learners of every size, on the same samples: which size it equals, and what the best one saves.

    r_k = sum_t e_k[t]^2 / sum_t e[t]^2 - 1,    e the error of the predictor, e_k that of size k,

over the samples that both have forecast, with its 95 % interval by the paired block bootstrap of ``advise``. The two
are alike where the interval contains 0, or lies within 1 % of it: of enough samples even two filters that differ by a
level alone are told apart. Else the predictor is better than size k where the interval is above 0, worse where it is
below.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.json_values import json_value
from ..._core.text import counted, spaced
from .._growth.critical_size import Critical, best_size, drawn_means
from .._location.advice import LARGEST, advise, cost_words, percent
from .._location.size_words import sized

ALIKE = 0.01  # of the error: a difference that is smaller makes no size another one
NEAR = 0.1  # of the error: a size is only called as good if the interval lies within this
FEWEST_BLOCKS = 8  # of the bootstrap: an interval from fewer is too narrow
HUGE = float(np.finfo(np.float64).max)
SIZES = {
    "size": pl.Int64,
    "error": pl.Float64,
    "ratio": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
}


class Saving(NamedTuple):
    """What a size would save: ``share`` of the squared error of the predictor, with its 95 % interval."""

    size: int
    share: float
    low: float
    high: float


class Comparison(NamedTuple):
    """A predictor compared with every size.

    Attributes:
        samples: Samples that were compared.
        error: Mean squared error of the predictor.
        sizes: One row for each size: ``size, error, ratio, low, high, verdict``. ``ratio`` is the error of the
            predictor divided by that of the size, ``low`` and ``high`` its 95 % interval; ``verdict`` is that of the
            predictor: better, worse or alike.
        as_good_as: The smallest size that the predictor is alike; None if there is none.
        best: The size of least error.
        use: The smallest size that no larger one beats, as in ``Advice``.
        excess: Error of the predictor above that of ``use``, as a share of the latter.
        saving: What a size that beats the predictor would save: ``use`` if it does; None if none does.
        at_edge: Whether ``best`` is the largest size tried, so that a larger one may be better.
        size_label: What a size is, such as ``filter length``.
    """

    samples: int
    error: float
    sizes: pl.DataFrame
    as_good_as: int | None
    best: int
    use: int
    excess: float
    saving: Saving | None
    at_edge: bool
    size_label: str

    @property
    def standing(self) -> str:
        """The size that the predictor equals, or those that it lies between: ``better than 4 taps, worse than 5 taps``.

        Where the interval of the ratio is wider than 10 %: ``not told apart from 5 taps``.
        """
        if self.as_good_as is not None:
            row = self.sizes.row(by_predicate=pl.col("size") == self.as_good_as, named=True)
            near = row["low"] >= 1 - NEAR and row["high"] <= 1 + NEAR
            return f"{'as good as' if near else 'not told apart from'} {self._sized(self.as_good_as)}"
        verdicts, sizes = self.sizes["verdict"].to_list(), self.sizes["size"].to_list()
        if "worse" not in verdicts:
            return "better than every size tried"
        if set(verdicts) == {"worse"}:
            return "worse than every size tried"
        first = verdicts.index("worse")
        if first == 0:
            return f"worse than {self._sized(sizes[0])}, the smallest size tried"
        return f"better than {self._sized(sizes[first - 1])}, worse than {self._sized(sizes[first])}"

    @property
    def clause(self) -> str:
        """The answer as a clause: ``as good as 5 taps; 7 taps would save 12 % of its squared error (..)``."""
        if self.saving is not None:
            size, share, low, high = self.saving
            text = f"{self.standing}; {self._sized(size)} would save {percent(share)} of its squared error"
            text += f" (paired, 95 % interval {percent(low)[:-2]} to {percent(high)})"
            wider = size == self.best and self.at_edge
            return text + ". It is the largest size tried, and a larger one may save more" * wider
        if self.as_good_as is None:  # better than every size
            row = self.sizes.row(by_predicate=pl.col("size") == self.use, named=True)
            ratio, low, high = (float(row[word]) for word in ("ratio", "low", "high"))
            cost = cost_words(self.use, _inverse(ratio) - 1, _inverse(high) - 1, _inverse(low) - 1)
            cost = cost.removeprefix(f"{self.use} ").replace("(95 %", "(paired, 95 %")
            return f"{self.standing}; the best choice among them, {self._sized(self.use)}, {cost}"
        return f"{self.standing}; no size tried is shown to save more than {100 * ALIKE:g} %"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        saving = None if self.saving is None else self.saving._asdict()
        words = dict(as_good_as=self.as_good_as, standing=self.standing, best=self.best, use=self.use)
        return dict(samples=self.samples, error=json_value(self.error), sizes=json_value(self.sizes.to_dicts())) | (
            words | dict(excess=json_value(self.excess), saving=saving, at_edge=self.at_edge)
        )

    def _sized(self, size: int) -> str:
        return sized(self.size_label, size)


def compare(
    losses: NDArray[np.float64],
    samples: NDArray[np.float64],
    sizes: Sequence[int],
    size_label: str,
    seed: int = 0,
    draws: int = 2000,
) -> Comparison | None:
    """Compare a predictor with every size by a paired block bootstrap.

    Args:
        losses: Sums of squared errors, ``(block, size + 1)``: of each size, last of the predictor. An infinite one
            counts as the largest number.
        samples: Samples in each block that all have forecast, ``(block,)``.
        sizes: Size of each column, rising.
        size_label: What a size is.
        seed: Seed of the draws.
        draws: Number of draws.

    Returns:
        None if fewer than 8 blocks hold samples: there is too little to compare.

    Raises:
        ValueError: The shapes do not fit.

    References:
        H. R. Kuensch, The jackknife and the bootstrap for general stationary observations, 1989.
    """
    if losses.ndim != 2 or losses.shape != (len(samples), len(sizes) + 1):
        raise ValueError(f"losses must have shape {(len(samples), len(sizes) + 1)}, got {losses.shape}.")
    used = samples > 0
    if used.sum() < FEWEST_BLOCKS:
        return None
    losses, samples = losses[used], samples[used]
    losses = np.where(np.isfinite(losses), losses, HUGE / (8 * len(losses)))
    tried, known = list(sizes), losses[:, :-1]
    best = best_size(known, samples, tried, seed, draws)
    advice = advise(known, samples, tried, best, Critical(None, "undecided", ""), 1, size_label, "", seed, draws)
    use = best.size if advice is None else advice.size
    drawn, mean = drawn_means(losses, samples, seed, draws), losses.sum(axis=0) / samples.sum()
    above = _above(mean)
    lows, highs = np.quantile(_above(drawn), [0.025, 0.975], axis=0)
    verdicts = [_verdict(low, high) for low, high in zip(lows.tolist(), highs.tolist(), strict=True)]
    rows = dict(size=tried, error=mean[:-1], ratio=_inverse(1 + above), low=_inverse(1 + highs))
    table = pl.DataFrame(rows | dict(high=_inverse(1 + lows), verdict=verdicts), schema=SIZES)
    beating = [size for size, verdict in zip(tried, verdicts, strict=True) if verdict == "worse"]
    named = next((size for size in (use, best.size, *beating) if size in beating), None)
    saving = None
    if named is not None:
        k = tried.index(named)
        saving = Saving(named, -float(above[k]), -float(highs[k]), -float(lows[k]))
    return Comparison(
        samples=round(float(samples.sum())),
        error=float(mean[-1]),
        sizes=table,
        as_good_as=_as_good_as(table),
        best=best.size,
        use=use,
        excess=float(table["ratio"][tried.index(use)]) - 1,
        saving=saving,
        at_edge=best.size == tried[-1],
        size_label=size_label,
    )


def beside_sentence(subject: str, comparison: Comparison | None, failed: str | None) -> str:
    """Return the answer on a predictor as sentences.

    Args:
        subject: The predictor.
        comparison: With every size; None if too few samples were compared.
        failed: ``failed at sample 1000: ..`` without a full stop, or None.
    """
    if comparison is None:
        few = "too few samples could be compared"
        return f"{subject}: {few}." if failed is None else f"{subject} {failed}. Until then {few}."
    over = f"Compared over {counted_samples(comparison.samples)}, those after the first twentieth."
    if failed is None:
        return f"{subject}: {comparison.clause}. {over}"
    return f"{subject} {failed}. Until then {comparison.clause}. {over}"


def counted_samples(samples: int) -> str:
    """Return ``19 000 samples``."""
    return f"{spaced(samples)} sample{'s' * (samples != 1)}" if samples >= 1000 else counted(samples, "sample")


def _as_good_as(table: pl.DataFrame) -> int | None:
    """Return the smallest size that is alike; behind one that beats the predictor only if its interval is narrow."""
    rest = table.filter(pl.col("verdict") != "better")
    if rest["verdict"].head(1).to_list() == ["worse"]:
        rest = rest.filter(pl.col("low") >= 1 - NEAR, pl.col("high") <= 1 + NEAR)
    alike = rest.filter(pl.col("verdict") == "alike")["size"]
    return int(alike[0]) if len(alike) else None


def _verdict(low: float, high: float) -> str:
    if low <= 0 <= high or max(-low, high) <= ALIKE:
        return "alike"
    return "better" if low > 0 else "worse"


def _above(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the error of each size above that of the predictor, in the last column, as a share of the latter."""
    own, others = means[..., -1:], means[..., :-1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        above = np.where(own > 0, others / own - 1, np.where(others > 0, LARGEST, 0.0))
    return np.asarray(np.minimum(above, LARGEST))


def _inverse(ratio: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.minimum(1 / np.asarray(ratio, np.float64), LARGEST)
