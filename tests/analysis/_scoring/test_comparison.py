"""A predictor beside every size: intervals against plain Python, verdicts and sentences on errors made for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from ergoscope.analysis import compare
from ergoscope.analysis._scoring.comparison import beside_sentence

SIZES = range(4)


def blocks(levels: list[float], own: float, common: float = 1.0, apart: float = 0.01, seed: int = 0) -> Any:
    """Return losses of 60 blocks of 20 samples: errors that vary together, and a little apart."""
    rng = np.random.default_rng(seed)
    shared = 1 + common * rng.random((60, 1))
    noise = 1 + apart * rng.standard_normal((60, len(levels) + 1))
    return 20 * np.array([*levels, own]) * shared * noise, np.full(60, 20.0)


def test_ratios_and_intervals_are_those_of_a_loop() -> None:
    losses, samples = blocks([9.0, 4.0, 2.0, 1.0], 3.0, apart=0.3)
    samples[:5] = [3, 0, 20, 7, 1]
    found = compare(losses, samples, SIZES, "filter length", seed=5, draws=200)
    used = samples > 0
    counts = np.random.default_rng(5).multinomial(used.sum(), np.full(used.sum(), 1 / used.sum()), size=200)
    assert found is not None and found.samples == samples.sum()
    assert found.error == pytest.approx(losses[used, -1].sum() / samples.sum(), rel=1e-13)
    for k, row in enumerate(found.sizes.to_dicts()):
        total = losses[used].sum(axis=0)
        assert row["ratio"] == pytest.approx(total[-1] / total[k], rel=1e-12)
        savings = []
        for drawn in counts:
            own = others = 0.0
            for times, loss in zip(drawn, losses[used], strict=True):
                own, others = own + times * loss[-1], others + times * loss[k]
            savings.append(1 - others / own)
        low, high = np.quantile(savings, [0.025, 0.975])
        assert (1 - 1 / row["high"], 1 - 1 / row["low"]) == pytest.approx((high, low), rel=1e-9)
    assert found.saving is not None and found.saving.size == 3
    assert (found.saving.low, found.saving.high) == pytest.approx((low, high), rel=1e-9)


def test_the_interval_of_a_saving_holds_the_truth_in_95_of_100() -> None:
    rng, held, trials = np.random.default_rng(1), 0, 200
    for trial in range(trials):
        e = rng.standard_normal((100, 20))
        own = 1.1 * e + 0.5 * rng.standard_normal(e.shape)  # 1.21 + 0.25: a saving of 1 - 1 / 1.46
        losses = np.stack([2 * (e**2).sum(1), (e**2).sum(1), (own**2).sum(1)], axis=1)
        saving = compare(losses, np.full(100, 20.0), [0, 1], "filter length", seed=trial, draws=200).saving  # type: ignore[union-attr]
        assert saving is not None and saving.size == 1
        held += saving.low <= 1 - 1 / 1.46 <= saving.high
    low, high = stats.binom.ppf([5e-5, 1 - 5e-5], trials, 0.95)
    assert low <= held <= high


LEVELS = [9.0, 4.0, 2.0, 1.0]
CASES: dict[str, tuple[list[float], float, int | None, str]] = {
    "equal": (LEVELS, 2.0, 2, "as good as 2 taps; 3 taps would save 50 % of its squared error (paired, 95 % interval "),
    "one": (LEVELS, 4.0, 1, "as good as 1 tap; 3 taps would save 75 % of its squared error (paired, 95 % interval "),
    "within 1 %": (LEVELS, 2.006, 2, "as good as 2 taps; 3 taps would save 50 %"),
    "between": (
        LEVELS,
        3.0,
        None,
        "better than 1 tap, worse than 2 taps; 3 taps would save 67 % of its squared error ",
    ),
    "worst": (LEVELS, 20.0, None, "worse than every size tried; 3 taps would save 95 % of its squared error "),
    "best": (LEVELS, 0.4, None, "better than every size tried; the best choice among them, 3 taps, has 2.5 times the "),
    "a little better": (
        LEVELS,
        0.95,
        None,
        "the best choice among them, 3 taps, costs 5.1 % more squared error (paired, 95",
    ),
    "a bend": (
        [1.0, 9.0, 9.0, 9.0],
        3.0,
        None,
        "worse than 0 taps, the smallest size tried; 0 taps would save 67 % of",
    ),
    "inner best": ([9.0, 1.0, 2.0, 3.0], 1.0, 1, "as good as 1 tap; no size tried is shown to save more than 1 %"),
    "infinite": (LEVELS, np.inf, None, "worse than every size tried; 3 taps would save 100 % of its squared error "),
    "perfect": (LEVELS, 0.0, None, "the best choice among them, 3 taps, has over a million times the squared error"),
    "all perfect": ([0.0, 0.0, 0.0, 0.0], 0.0, 0, "as good as 0 taps; no size tried is shown to save more than 1 %"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_standing_of_errors_made_for_it(name: str) -> None:
    levels, own, equal, words = CASES[name]
    with np.errstate(invalid="ignore"):
        losses, samples = blocks(levels, own, apart=0.003)
    found = compare(losses, samples, SIZES, "filter length")
    assert found is not None and found.as_good_as == equal and words in found.clause
    edge = ". It is the largest size tried, and a larger one may save more" in found.clause
    assert edge == ("3 taps would save" in words)
    record = found.to_dict()
    assert record["standing"] == found.standing and len(record["sizes"]) == 4 and "Infinity" not in str(record)


def test_few_samples_show_little_and_the_words_say_so() -> None:
    losses, samples = blocks(LEVELS, 2.0, apart=1.5)
    found = compare(losses[:10], samples[:10], SIZES, "filter length")
    assert found is not None and found.standing.startswith("not told apart from ")
    assert compare(losses[:7], samples[:7], SIZES, "filter length") is None
    assert compare(losses, np.where(np.arange(60) < 7, samples, 0), SIZES, "filter length") is None
    with pytest.raises(ValueError, match=r"losses must have shape \(60, 3\)"):
        compare(losses, samples, [0, 1], "filter length")


def test_one_size_and_other_labels() -> None:
    losses, samples = blocks([1.0], 2.0)
    found = compare(losses, samples, [3], "state order")
    assert found is not None and found.standing == "worse than every size tried"
    assert found.clause.startswith("worse than every size tried; state order 3 would save 50 %")


def test_the_sentences() -> None:
    losses, samples = blocks(LEVELS, 2.0)
    found = compare(losses, samples, SIZES, "filter length")
    assert found is not None
    assert beside_sentence("mine", found, None) == (
        f"mine: {found.clause}. Compared over 1 200 samples, those after the first twentieth."
    )
    assert beside_sentence("mine", found, "failed at sample 7: why").startswith(
        "mine failed at sample 7: why. Until then as"
    )
    assert beside_sentence("mine", None, None) == "mine: too few samples could be compared."
    assert beside_sentence("mine", None, "failed at sample 0: why") == (
        "mine failed at sample 0: why. Until then too few samples could be compared."
    )
