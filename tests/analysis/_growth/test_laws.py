"""Growth laws and critical sizes on curves whose law is known."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import best_size, critical_size, growth_laws
from ergoscope.analysis._growth.curves import SCHEMA, log_edges
from ergoscope.analysis._growth.laws import critical_interval


def made(laws: list, horizon: int = 20_000, groups: int = 64, noise: float = 0.3, seed: int = 0) -> pl.DataFrame:
    """Curves ``law(t)`` times an independent lognormal factor for each group."""
    rng = np.random.default_rng(seed)
    edges = log_edges(horizon)
    first, last = edges[:-1] + 1, edges[1:]
    t = (first + last) / 2
    rows = []
    for size, law in enumerate(laws):
        factors = np.exp(noise * rng.standard_normal(groups))
        for group in range(groups):
            rows.append(
                pl.DataFrame(
                    dict(
                        run="", system="made", learner="made", size=size, parameters=size, lookahead=1, first=first,
                        last=last, horizon=t, group=group, metric="error", value=law(t) * factors[group],
                        samples=(last - first + 1).astype(float),
                    )
                )
            )  # fmt: skip
    return pl.concat(rows).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def test_laws_of_every_class() -> None:
    laws = growth_laws(
        made(
            [
                lambda t: np.exp(0.02 * t),
                lambda t: t**5,
                lambda t: t**3,
                lambda t: 3 + t,
                lambda t: 2 + 40 / t,
                lambda t: np.full_like(t, 2.0),
            ],
            horizon=2000,
        )
    )
    assert laws["law"].to_list() == ["exponential", "t^5", "t^3", "t^1", "bounded", "bounded"]
    assert laws["verdict"].to_list() == ["growing"] * 4 + ["bounded"] * 2
    assert laws["rate"][0] == pytest.approx(0.02, rel=1e-6)
    np.testing.assert_allclose(laws["exponent"][1:3], [5, 3], rtol=1e-9)
    assert critical_size(laws)[:2] == (4, "located")


def test_a_threshold_in_the_grey_is_undecided() -> None:
    laws = growth_laws(made([lambda t: t, lambda t: t**0.45, lambda t: np.ones_like(t)]))
    assert laws["verdict"].to_list() == ["growing", "undecided", "bounded"]
    assert "more runs or longer ones" in laws["reason"][1]
    assert critical_size(laws)[:2] == (None, "undecided")


def test_a_weak_mode_on_its_way_up_is_undecided() -> None:
    # flat over t > T/20 on the whole, but rising in its last quarter
    laws = growth_laws(made([lambda t: t, lambda t: 1 + (t / 14_000) ** 4]))
    assert laws["verdict"][1] == "undecided"


def test_an_error_that_still_falls_at_the_horizon_is_not_settled() -> None:
    """A network that still learns: its error may hide growth. The cost of learning of least squares is settled."""
    laws = growth_laws(
        made(
            [
                lambda t: 2 + 1e6 * t**-1.1,
                lambda t: 5.0 * t**-0.3,
                lambda t: 2 + 2 * 17 * np.log(t) / t,  # 17 weights at an innovation variance of 2
                lambda t: 5.0 * t**-0.15,
            ]
        )
    )
    assert laws["verdict"].to_list() == ["undecided", "undecided", "bounded", "bounded"]
    assert laws["reason"][0] == "the error still falls like t^-1.0 at the horizon: not settled"
    assert critical_size(laws)[:2] == (None, "undecided")
    later = growth_laws(made([lambda t: 2 + 1e6 * t**-1.1], horizon=10_000_000))  # a longer horizon decides it
    assert later["verdict"].to_list() == ["bounded"]


def test_all_growing_is_above() -> None:
    found = critical_size(growth_laws(made([lambda t: t**3, lambda t: t])))
    assert found[:2] == (None, "above")


def test_a_size_before_it_that_was_not_tried_leaves_an_upper_end() -> None:
    flat, grows = np.ones_like, lambda t: t
    for sizes, laws, size, interval in (
        ([3, 4, 5], [flat, flat, flat], 3, (None, 3)),
        ([0, 1, 4], [grows, grows, flat], 4, (2, 4)),
        ([0, 1, 2], [flat, flat, flat], None, (0, 0)),
    ):
        frame = made(laws).with_columns(
            size=pl.col("size").replace_strict(dict(enumerate(sizes)), return_dtype=pl.Int64)
        )
        found = critical_size(growth_laws(frame))
        assert (found.verdict, found.size) == ("at most", None) if size else ("located", 0)
        assert found.bounded == (size or 0)
        assert critical_interval(frame) == interval
        untried = {3: "not tried: 0..2", 4: "not tried: 2..3"}.get(size or 0, "bounded at 0")
        assert untried in found.reason


def test_an_error_that_still_rises_is_said() -> None:
    """As that of one tap on a local linear trend of variances 0.5, 1e-4 and 1, whose local slope is 0.17 at 20 000."""
    rising = critical_size(growth_laws(made([lambda t: t, lambda t: t**0.17])))
    assert (rising.size, rising.verdict, rising.rise) == (1, "located", pytest.approx(0.17))
    assert "the error still rises like t^0.17: a longer horizon may show a larger size" in rising.with_rise().reason
    settled = critical_size(growth_laws(made([lambda t: t, lambda t: 1 - 1 / t])))
    assert settled.with_rise() == settled and settled.rise is None
    falling = critical_size(growth_laws(made([lambda t: t, lambda t: 1 + 40 / t])))
    assert falling.rise is None


def test_a_size_that_grows_again_is_undecided() -> None:
    found = critical_size(growth_laws(made([lambda t: t, lambda t: np.ones_like(t), lambda t: t])))
    assert found.verdict == "undecided"
    assert "grow again" in found.reason


def test_few_groups_are_undecided() -> None:
    laws = growth_laws(made([lambda t: t, lambda t: np.ones_like(t)], groups=7))
    assert set(laws["verdict"]) == {"undecided"}
    assert laws["low"].is_null().all()


@pytest.mark.parametrize(
    ("words", "spoil"),
    [
        ("needs the column 'size'", lambda f: f.drop("size")),
        ("must be Float64", lambda f: f.with_columns(pl.col("value").cast(pl.String))),
        ("longer horizon", lambda f: f.filter(pl.col("last") > 19_000)),
    ],
)
def test_bad_frames_are_refused(words: str, spoil) -> None:
    with pytest.raises(ValueError, match=words):
        growth_laws(spoil(made([lambda t: t])))


def test_an_error_of_zero_or_infinity_is_undecided() -> None:
    laws = growth_laws(made([lambda t: np.zeros_like(t), lambda t: np.full_like(t, np.inf)]))
    assert laws["verdict"].to_list() == ["undecided", "undecided"]


def test_pairs_are_told_apart_when_they_differ_and_not_when_they_do_not() -> None:
    rng = np.random.default_rng(0)
    common = rng.standard_normal(400) ** 2
    losses = np.stack([common + 1, common + 0.5, common + 0.5 + 0.01 * rng.standard_normal(400)], axis=1)
    best = best_size(losses, np.ones(400), [0, 1, 2])
    assert best.pairs["verdict"].to_list() == ["better", "alike"]
    assert best.alike == [1, 2]
    assert best.pairs["difference"][0] == pytest.approx(-0.5)


def test_the_interval_of_a_paired_difference_covers() -> None:
    # 400 recordings of 200 blocks: the share of intervals that hold the true difference, at two-sided 1e-4
    rng, hits, trials = np.random.default_rng(1), 0, 400
    for trial in range(trials):
        losses = rng.standard_normal((200, 2)) ** 2 * [1.0, 1.2]
        pair = best_size(losses, np.ones(200), [0, 1], seed=trial, draws=400).pairs.row(0, named=True)
        hits += pair["low"] <= 0.2 <= pair["high"]
    assert hits / trials == pytest.approx(0.95, abs=3.89 * np.sqrt(0.95 * 0.05 / trials) + 0.01)


def test_no_weighting_of_the_stretches_makes_the_interval_of_a_random_walk_narrower() -> None:
    """docs/theory.md: the variance of the best linear unbiased slope is 4 / (N (L + L^2/2 + L^3/12))."""
    runs, L = 64, np.log(20)
    u = np.linspace(0, L, 400)
    covariance = 2 / runs * np.exp(-np.abs(u[:, None] - u))
    x = np.stack([np.ones_like(u), u], axis=1)
    best = np.linalg.inv(x.T @ np.linalg.solve(covariance, x))[1, 1]
    assert best == pytest.approx(4 / (runs * (L + L**2 / 2 + L**3 / 12)), rel=1e-3)
    fitted = np.linalg.pinv(x)[1]
    widths = 2 * 1.96 * np.sqrt([best, fitted @ covariance @ fitted])
    np.testing.assert_allclose(widths, [0.314, 0.359], atol=0.006)
    assert 70 < runs * (widths[0] / 0.3) ** 2 <= 71
