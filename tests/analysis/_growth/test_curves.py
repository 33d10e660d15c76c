"""Every function that takes a frame of curves or laws refuses a wrong one, and its message says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import (
    best_size,
    critical_size,
    curves,
    each_run,
    growth_laws,
    located,
    regret_size,
    scan_curves,
)
from ergoscope.analysis._growth.curves import SCHEMA, log_edges, rebin
from ergoscope.learners import ladder
from ergoscope.learners._engine.replay import Scores

SIZES, GROUPS, HORIZON = 4, 16, 2000


def scores() -> Scores:
    """Error 3 + t below size 2 and 3 from there on, excess 1 less, both with a factor for each group."""
    rng, edges = np.random.default_rng(0), log_edges(HORIZON)
    width, t = np.diff(edges).astype(float), (edges[:-1] + edges[1:]) / 2
    law = 3 + np.where(np.arange(SIZES) < 2, t[:, None], 0.0)
    error = law[:, None, :, None, None] * np.exp(0.2 * rng.standard_normal((1, 1, SIZES, 1, GROUPS)))
    weight = width[:, None, None, None, None]
    samples = np.broadcast_to(width[:, None, None, None], (len(width), 1, 1, GROUPS)).copy()
    return Scores(edges, error * weight, (error - 1) * weight, samples)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return curves(scores(), ladder(range(SIZES)), "made")


def swept(analyse: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Any], pl.DataFrame]:
    return lambda frame: each_run(frame, analyse)


TAKERS: dict[str, Callable[[Any], Any]] = {
    "growth_laws": growth_laws,
    "regret_size": regret_size,
    "located": located,
    "each_run": each_run,
    "each_run, lazily": lambda frame: each_run(frame.lazy() if isinstance(frame, pl.DataFrame) else frame),
    "each_run of located": swept(located),
}
SPOILT: dict[str, tuple[Callable[[pl.DataFrame], Any], str]] = {
    "no frame": (lambda f: f.to_dict(), "must be a polars (DataFrame|frame, lazy or not), got dict"),
    **{
        f"no {name}": (lambda f, name=name: f.drop(name), f"needs the column '{name}'; there are")  # type: ignore[misc]
        for name in SCHEMA
    },
    "sizes that are no whole numbers": (
        lambda f: f.with_columns(pl.col("size").cast(pl.Float64)),
        "column 'size' of the frame of error curves must be Int64, got Float64: cast it",
    ),
    "values that are words": (
        lambda f: f.with_columns(pl.col("value").cast(pl.String)),
        "column 'value' of the frame of error curves must be Float64, got String: cast it",
    ),
    "no rows": (lambda f: f.head(0), "must have rows, got none|the curves hold no run"),
    "one horizon": (
        lambda f: f.filter(pl.col("last") == HORIZON),
        "a growth law needs a longer horizon than",
    ),
    "all NaN": (lambda f: f.with_columns(value=pl.lit(np.nan)), "every value of the metric '(error|excess)' is NaN"),
    "all null": (
        lambda f: f.with_columns(value=pl.lit(None, pl.Float64)),
        "every value of the metric '(error|excess)' is NaN or null",
    ),
    "rows twice": (lambda f: pl.concat([f, f]), "one row for each size, group and stretch, got several"),
    "a size that is null": (
        lambda f: f.with_columns(size=pl.when(pl.col("size") > 0).then("size")),
        "one row for each size, group and stretch, got several or null",
    ),
    "another metric": (
        lambda f: f.with_columns(metric=pl.lit("loss")),
        "expected curves of the metric 'error', got loss|needs the excess over an oracle",
    ),
}


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("spoil", SPOILT)
def test_what_is_no_frame_of_curves_is_refused(taker: str, spoil: str, frame: pl.DataFrame) -> None:
    change, words = SPOILT[spoil]
    if (taker, spoil) == ("regret_size", "one horizon"):  # one stretch is enough for a sum, if it is a late one
        assert regret_size(change(frame)).size == 2
        frame, words = frame.with_columns(first=pl.lit(1, pl.Int64)), "got one stretch for the whole horizon"
    with pytest.raises(ValueError, match=words):
        TAKERS[taker](change(frame))


@pytest.mark.parametrize("taker", ["growth_laws", "regret_size", "located"])
@pytest.mark.parametrize("word", ["run", "system", "learner", "lookahead"])
def test_curves_of_several_runs_are_not_mixed(taker: str, word: str, frame: pl.DataFrame) -> None:
    other = frame.with_columns(pl.lit(7 if word == "lookahead" else "other", SCHEMA[word]).alias(word))
    with pytest.raises(ValueError, match=f"choose one {word} of .* first, or use each_run"):
        TAKERS[taker](pl.concat([frame, other]))
    assert each_run(pl.concat([frame, other])).height == 2 * SIZES


@pytest.mark.parametrize("taker", TAKERS)
def test_the_order_of_the_rows_does_not_matter(taker: str, frame: pl.DataFrame) -> None:
    expected, found = (TAKERS[taker](each) for each in (frame, frame.sample(fraction=1.0, shuffle=True, seed=1)))
    assert found.equals(expected) if isinstance(expected, pl.DataFrame) else found == expected


def test_one_replicate_decides_nothing(frame: pl.DataFrame) -> None:
    one = frame.filter(pl.col("group") == 0)
    laws = growth_laws(one)
    assert set(laws["verdict"]) == {"undecided"}
    assert laws["reason"][0].startswith("1 replicate, and one path does not average")
    with pytest.raises(ValueError, match="an interval needs at least two groups of replicates, got 1"):
        regret_size(one)
    row = located(one).to_dicts()[0]
    assert row["verdict"] == "undecided"
    assert row["critical_size"] is row["regret_size"] is None


def test_one_size_that_is_nan_is_undecided_alone(frame: pl.DataFrame) -> None:
    value = pl.when(pl.col("size") == 1).then(np.nan).otherwise("value")
    assert growth_laws(frame.with_columns(value=value))["verdict"].to_list() == [
        "growing", "undecided", "bounded", "bounded",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.to_dicts(), "must be a polars DataFrame, got list"),
        (lambda f: f.lazy(), "must be a polars DataFrame, got LazyFrame: call collect"),
        (lambda f: f.drop("verdict"), "needs the column 'verdict'; there are size, law"),
        (lambda f: f.with_columns(pl.col("size").cast(pl.String)), "column 'size' .* must be Int64, got String"),
        (lambda f: f.head(0), "must have rows, got none"),
        (lambda f: pl.concat([f, f]), "one growth law for each size, got several"),
    ],
)
def test_what_are_no_growth_laws_is_refused(spoil: Any, words: str, frame: pl.DataFrame) -> None:
    laws = growth_laws(frame)
    assert critical_size(laws[::-1]) == critical_size(laws)
    assert critical_size(laws).size == 2
    with pytest.raises(ValueError, match=words):
        critical_size(spoil(laws))


@pytest.mark.parametrize(
    ("losses", "samples", "sizes", "words"),
    [
        (np.ones((5, 2)), np.ones(4), [0, 1], r"losses must have shape \(4, 2\), \(block, size\), got \(5, 2\)"),
        (np.ones(5), np.ones(5), [0], r"losses must have shape \(5, 1\)"),
        (np.ones((5, 2)), np.ones(5), [1, 0], r"sizes must rise, .* got \[1, 0\]: sort the columns"),
        (np.ones((5, 2)), np.ones(5), [1, 1], "sizes must rise"),
        (np.ones((1, 2)), np.ones(1), [0, 1], "at least two blocks must hold samples, .* got 1"),
        (np.ones((5, 2)), np.eye(5)[0], [0, 1], "at least two blocks must hold samples, .* got 1"),
        (np.full((5, 2), np.nan), np.ones(5), [0, 1], "losses must be numbers, got NaN"),
    ],
)
def test_losses_that_cannot_be_compared_are_refused(
    losses: np.ndarray, samples: np.ndarray, sizes: list[int], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        best_size(losses, samples, sizes)


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([0, 3, 2, HORIZON], "edges must rise from 0"),
        ([1, 2, HORIZON], "edges must rise from 0"),
        ([], "edges must rise from 0"),
        ([0, 1.5, HORIZON], "edges must be whole numbers"),
        ([0, 1000], "among the finer edges"),
        ([0, 1001, HORIZON], "among the finer edges"),
    ],
)
def test_edges_that_do_not_fit_are_refused(edges: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rebin(scores(), np.array(edges))


def test_scores_of_another_learner_are_refused() -> None:
    with pytest.raises(ValueError, match="the learner's 3 sizes, and groups must be at least 1; got 4 sizes"):
        curves(scores(), ladder(range(3)))
    with pytest.raises(ValueError, match="0 groups"):
        curves(scores(), ladder(range(4)), groups=0)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "part.parquet").write_text("size,value\n1,2\n")
    with pytest.raises(ValueError, match="part.parquet' must be a Parquet file"):
        scan_curves(tmp_path)
    with pytest.raises(ValueError, match="holds no Parquet file"):
        scan_curves(tmp_path / "nowhere")
