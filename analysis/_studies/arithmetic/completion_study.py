"""Completion of the addition map beside theory: how much is determined, and when all is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from ...._core.progress import Progress, no_progress
from ..._exact.completion import addition_singular_values, determining_load
from ..claims import Claim, at_least, at_most
from ..study import FALSE_ALARM, binomial_quantile
from .completion_runs import (
    HALF,
    complete_table,
    contiguous_table,
    low_rank_table,
    passage_table,
    share_table,
)
from .excluded_study import excluded_claims, excluded_table

RANK_SIZES = (10, 30, 100)
SHARE_SIZES, LOADS, CLOSE = (100, 1000), (1.5, 2.0, 2.64, 4.0), 0.01  # the last size is claimed, at these loads
FURTHER_LOADS = (0.5, 1.0, 1.25, 3.0, 5.0)  # drawn only: near 1 a finite map is not at its limit
COMPLETE_SIZES, PASSAGE_SIZES = (20, 50, 100, 200, 500), (100, 300, 1000)
BLOCK_SAMPLES = {
    20: (60, 80, 100, 120),
    50: (325, 375, 425, 475),
    100: (900, 1050, 1200, 1350, 1500, 1650, 1800),
    200: (4000, 4500, 5000, 5500),
}
BLOCK_SIZE, FEW_BLOCKS, MANY_BLOCKS, BELOW, ABOVE = 100, 1200, 1800, 0.2, 0.9
LOW_RANK_SIZE, OF_FREEDOM, LEAST_RECOVERED = 20, (0.9, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0), 0.9
EXCLUDED_SIZE, EXCLUDED = 100, (1, 2, 5, 10)
SAMPLED = dict(share=400, complete=2000, passages=400, blocks=400, low_rank=40, excluded=400)
QUICK = dict(share=100, complete=300, passages=100, blocks=200, low_rank=4, excluded=100)
WORK = dict(low_rank=100)  # of a run, in runs of the other parts, about


class Completion(NamedTuple):
    """What was found on the addition map M_ij = i + j.

    Attributes:
        ranks: Of ``rank_table``.
        shares: Of ``share_table``: the share determined, beside that of the giant component.
        complete: Of ``complete_table``: how often all is determined at m = n log(2n).
        passages: Of ``passage_table``: the first passage of each run through half of the entries.
        medians: Of ``median_table``.
        blocks: Of ``contiguous_table``: how often contiguous 2 x 2 blocks fill the map.
        low_rank: Of ``low_rank_table``: alternating least squares.
        excluded: Of ``excluded_table``: what is determined if some numbers never come.
        claims: What is claimed and reported.
    """

    ranks: pl.DataFrame
    shares: pl.DataFrame
    complete: pl.DataFrame
    passages: pl.DataFrame
    medians: pl.DataFrame
    blocks: pl.DataFrame
    low_rank: pl.DataFrame
    excluded: pl.DataFrame
    claims: list[Claim]


def study_completion(seed: int = 0, quick: bool = False, progress: Progress = no_progress) -> Completion:
    """Return how the addition map is completed from random entries, beside the exact laws.

    Args:
        seed: Of the runs.
        quick: A quarter of the runs or less.
        progress: Called with the work done, and all.
    """
    runs = QUICK if quick else SAMPLED
    parts = dict(
        share=len(SHARE_SIZES),
        complete=len(COMPLETE_SIZES),
        passages=len(PASSAGE_SIZES),
        blocks=sum(map(len, BLOCK_SAMPLES.values())),
        low_rank=len(OF_FREEDOM),
        excluded=2 * len(EXCLUDED),
    )
    total, before = sum(runs[part] * WORK.get(part, 1) * count for part, count in parts.items()), 0

    def after(part: str) -> Progress:
        nonlocal before
        work = WORK.get(part, 1)
        start, before = before, before + runs[part] * work * parts[part]
        return lambda done, _: progress(start + work * done, total)

    shares = share_table(SHARE_SIZES, sorted({*LOADS, *FURTHER_LOADS}), runs["share"], seed, after("share"))
    complete = complete_table(COMPLETE_SIZES, runs["complete"], seed, after("complete"))
    passages = passage_table(PASSAGE_SIZES, runs["passages"], seed, after("passages"))
    blocks = contiguous_table(BLOCK_SAMPLES, runs["blocks"], seed, after("blocks"))
    freedom = 4 * LOW_RANK_SIZE - 4
    counts = [int(part * freedom) for part in OF_FREEDOM]
    low_rank = low_rank_table(LOW_RANK_SIZE, counts, runs["low_rank"], seed, after("low_rank"))
    excluded = excluded_table(EXCLUDED_SIZE, EXCLUDED, runs["excluded"], seed, after("excluded"))
    ranks, medians = rank_table(RANK_SIZES), median_table(passages)
    claims = [
        *_rank_claims(ranks),
        *_share_claims(shares),
        *_complete_claims(complete),
        *_passage_claims(medians),
        *_block_claims(blocks),
        *_low_rank_claims(low_rank),
        *excluded_claims(excluded, CLOSE),
    ]
    return Completion(ranks, shares, complete, passages, medians, blocks, low_rank, excluded, claims)


def rank_table(sizes: Sequence[int]) -> pl.DataFrame:
    """Return the singular values of addition maps: ``size, rank, first, second, third, exact_first, exact_second``.

    The rank counts singular values above n eps times the first.
    """
    rows = []
    for size in sizes:
        found = np.linalg.svd(np.add.outer(np.arange(size), np.arange(size)).astype(float), compute_uv=False)
        rank = int((found > size * np.finfo(float).eps * found[0]).sum())
        rows.append((size, rank, *found[:3].tolist(), *addition_singular_values(size).tolist()))
    names = ["size", "rank", "first", "second", "third", "exact_first", "exact_second"]
    return pl.DataFrame(rows, schema=names, orient="row")


def median_table(passages: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each size: ``size, runs, median, low, high, spread, before, exact``.

    ``low`` and ``high`` are the order statistics that hold the true median with probability .95. ``spread`` is sqrt(n)
    times the standard deviation, and ``before`` the share of the runs that pass before the exact load for many rows.
    """
    exact, rows = float(determining_load(HALF)), []
    for (size,), part in passages.sort("size").group_by("size", maintain_order=True):
        loads = np.sort(part["load"].to_numpy())
        runs = len(loads)
        place = binomial_quantile(0.025, runs, 0.5)
        ends = loads[max(place - 1, 0)], loads[min(runs - place, runs - 1)]
        spread = float(loads.std(ddof=1) * np.sqrt(size))
        rows.append((size, runs, float(np.median(loads)), *ends, spread, float((loads < exact).mean()), exact))
    names = ["size", "runs", "median", "low", "high", "spread", "before", "exact"]
    return pl.DataFrame(rows, schema=names, orient="row")


def share_limits(runs: int, low: float, high: float, entries: int) -> tuple[float, float]:
    """Return the limits of a measured share whose probability lies from ``low`` to ``high``.

    The share of so many independent runs lies outside with probability 1e-4 / entries at most.
    """
    tail = FALSE_ALARM / entries / 2
    return binomial_quantile(tail, runs, low) / runs, binomial_quantile(1 - tail, runs, high) / runs


def _rank_claims(ranks: pl.DataFrame) -> list[Claim]:
    last = ranks.row(-1, named=True)
    part = f"addition map, {last['size']} rows"
    rounding = last["size"] * np.finfo(float).eps * last["exact_first"]
    return [
        Claim(part, "rank", last["rank"], 2, 2, "theory"),
        *(
            Claim(part, f"{word} singular value", last[word], exact - rounding, exact + rounding, "theory")
            for word, exact in (("first", last["exact_first"]), ("second", last["exact_second"]))
        ),
    ]


def _share_claims(shares: pl.DataFrame) -> list[Claim]:
    shares = shares.filter(pl.col("size") == SHARE_SIZES[-1], pl.col("load").is_in(LOADS))
    return [
        Claim(f"share determined, {size} rows", f"at {load:g} n samples", share, exact - CLOSE, exact + CLOSE, "theory")
        for size, load, share, exact in shares.select("size", "load", "share", "exact").iter_rows()
    ]


def _complete_claims(complete: pl.DataFrame) -> list[Claim]:
    claims = []
    known = complete.filter(pl.col("exact").is_not_null())
    for row in known.iter_rows(named=True):
        part = f"all determined, {row['size']} rows, {row['samples']} samples"
        exact, entries = row["exact"], 2 * known.height
        within = share_limits(row["runs"], exact, exact, entries)
        claims.append(Claim(part, "runs without an empty line (share)", row["no_empty"], *within, "theory"))
        within = share_limits(row["runs"], exact - row["isolated"], exact, entries)
        claims.append(Claim(part, "runs with all determined (share)", row["complete"], *within, "theory"))
    last = complete.row(-1, named=True)
    part = f"all determined, {last['size']} rows, {last['samples']} samples"
    return [
        *claims,
        Claim(part, "runs with all determined (share)", last["complete"]),
        Claim(part, "the same for many rows: exp(-1) but for rounding", last["limit"]),
        Claim(part, "no empty line without replacement, exact for each line", last["product"]),
    ]


def _passage_claims(medians: pl.DataFrame) -> list[Claim]:
    last = medians.row(-1, named=True)
    part, skew = (
        f"single runs, {last['size']} rows",
        last["size"] ** -0.5,
    )  # of finite maps: the median is not the limit
    half = share_limits(last["runs"], 0.5 - skew, 0.5 + skew, 1)
    return [
        Claim(part, "runs that pass half before the exact load (share)", last["before"], *half, "theory"),
        Claim(part, "their median load m/n", last["median"]),
        Claim(part, "the exact load for many rows", last["exact"]),
    ]


def _block_claims(blocks: pl.DataFrame) -> list[Claim]:
    part = f"contiguous 2 x 2 blocks, {BLOCK_SIZE} rows"
    few, many = (
        blocks.filter(size=BLOCK_SIZE, samples=count).row(0, named=True) for count in (FEW_BLOCKS, MANY_BLOCKS)
    )
    what = "maps filled at {} samples (share)"
    return [
        at_most(part, what.format(few["samples"]), few["filled"], BELOW, "trial"),
        at_least(part, what.format(many["samples"]), many["filled"], ABOVE, "trial"),
    ]


def _low_rank_claims(low_rank: pl.DataFrame) -> list[Claim]:
    part = f"alternating least squares, {LOW_RANK_SIZE} rows"
    few = low_rank.filter(pl.col("samples") < pl.col("freedom"))["determined"].to_list()
    last = low_rank.row(-1, named=True)
    return [
        at_most(part, "runs with fewer samples than 4n - 4 called determined", max(few), 0, "theory"),
        at_most(part, "runs called determined that are wrong", float(np.max(low_rank["wrong"].to_numpy())), 0, "trial"),
        at_least(
            part,
            f"runs recovered at {last['samples']} samples (share)",
            last["recovered"],
            LEAST_RECOVERED,
            "trial",
        ),
    ]
