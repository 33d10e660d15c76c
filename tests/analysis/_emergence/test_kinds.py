"""A task of several kinds: an answer for each kind, what is told in one sentence, and the mean over all kinds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import emerge, save_emergence, write_report
from ergoscope.analysis._emergence.emerged import Emerged
from ergoscope.analysis._emergence.kinds import emergence_by_kind, kinds_sentence, kinds_table, learned_counts
from ergoscope.analysis._emergence.training import _frame
from ergoscope.learners._neural.train import Curves, Run
from ergoscope.simulator._tasks.sparse_parity import sparse_parity

TASK, NETWORK = "sparse-parity:tasks=4,bits=24,k=1,alpha=1", "mlp:rate=0.02,decay=0,batch=64"
SIZES, RUNS = [1, 2, 4, 8, 16], 4


def passages(learned: dict[str, dict[int, int]]) -> pl.DataFrame:
    """Return passages of 4 runs of each size, of which the given number learn each kind."""
    rows = [
        dict(run=4 * i + j, seed=4 * i + j, size=size, kind=kind, low=5, high=10 if j < passed else None)
        | dict(censored=j >= passed, diverged=False, relapsed=False, last=100)
        for kind, by_size in learned.items()
        for i, (size, passed) in enumerate(by_size.items())
        for j in range(4)
    ]
    return pl.DataFrame(rows, schema_overrides=dict(high=pl.Int64))


LEARNED = {
    "often": {1: 0, 2: 0, 4: 4, 8: 4, 16: 4},
    "rare": {1: 0, 2: 0, 4: 0, 8: 0, 16: 0},
    "easy": {1: 4, 2: 4, 4: 4, 8: 4, 16: 4},
}


def test_each_kind_has_the_answer_that_it_has_alone() -> None:
    frame = passages(LEARNED)
    found = emergence_by_kind(frame, "size", lambda kind: f"learns {kind}", 100, 3)
    alone = emergence_by_kind(frame.filter(kind="often"), "size", lambda kind: f"learns {kind}", 100, 3)
    assert list(found) == ["often", "rare", "easy"] and found["often"].to_dict() == alone["often"].to_dict()
    assert [one.verdict for one in found.values()] == ["located", "above", "undecided"]
    table = kinds_table(found, dict(often=0.6, rare=0.1, easy=0.3))
    assert table.select("kind", "frequency", "passed", "runs").rows() == [
        ("often", 0.6, 4, 4), ("rare", 0.1, 0, 4), ("easy", 0.3, 4, 4)
    ]  # fmt: skip
    assert table["everywhere"].to_list() == [False, False, True]
    assert 2 < table["value"][0] < 4 and table["value"][1:].null_count() == 2
    sentence = kinds_sentence(found)
    assert sentence.startswith("within 100 steps half of the runs learn 2 of 3 kinds of examples: often from size 2.8")
    assert sentence.endswith("easy from the smallest size tried on; 1 at no size tried.")
    doubtful = dict(LEARNED, rare={1: 0, 2: 0, 4: 0, 8: 1, 16: 3})
    found = emergence_by_kind(passages(doubtful), "size", str, 100, 3)
    assert kinds_sentence(found).endswith("on; undecided: rare.")


def test_kinds_learned_are_counted_run_by_run() -> None:
    counts = learned_counts(passages(LEARNED), "size")
    assert counts.height == 20 and counts.columns == ["run", "size", "seed", "learned"]
    assert counts.group_by("size").agg(pl.col("learned").unique()).sort("size")["learned"].to_list() == [
        [1], [1], [2], [2], [2]
    ]  # fmt: skip


def test_the_mean_has_the_frequencies_and_kinds_that_a_batch_lacks_are_left_out() -> None:
    process = sparse_parity(tasks=3, alpha=1.0)  # frequencies 36, 9, 4 of 49
    scores = np.full((1, 3, 4, 3), np.nan)
    scores[0, 0] = [[1.0, 2.0, np.nan], [0.5, 0.0, np.nan], [3.0, 2.0, 1.0], [0.5, 0.5, 1.0]]
    scores[0, 1, 2:] = [[np.inf, 1.0, 1.0], [0.5, 0.5, 0.5]]
    curves = Curves(
        (Run(4, None, 0),), np.array([0, 1, 2]), process.kinds, scores, np.zeros((1, 3, 0)), (), np.array([2]), ({},), 1
    )
    frame = _frame(curves, process)

    def values(metric: str, kind: str) -> list[float]:
        return frame.filter(metric=metric, kind=kind).sort("step")["value"].to_list()

    assert values("loss", "all")[0] == pytest.approx((36 * 1 + 9 * 2) / 45)
    assert values("exam loss", "all")[0] == pytest.approx((36 * 3 + 9 * 2 + 4) / 49)
    assert values("exam loss", "all")[1] == np.inf and np.isnan(values("exam loss", "all")[2])
    assert values("loss", "task 1")[0] == 1 and len(values("loss", "task 3")) == 2  # not at 0; at 1 and 2 it diverged
    assert len(values("exam loss", "task 3")) == 3 and np.isnan(values("loss", "task 3")).all()


@pytest.fixture(scope="module")
def found() -> Emerged:
    """Single bits asked for by four control bits: the first tasks are learned, whose wide networks know more."""
    return emerge(TASK, "size", [1, 32], NETWORK, runs=RUNS, steps=300, fresh=True, exam=400)


def test_wider_networks_learn_more_kinds_and_frequent_ones_first(found: Emerged) -> None:
    learned = found.learned.group_by("size").agg(pl.col("learned").median()).sort("size")["learned"].to_list()
    assert learned == sorted(learned) and learned[0] <= 1 and learned[-1] >= 2
    passed = found.kinds["passed"].to_list()
    assert passed == sorted(passed, reverse=True) and passed[0] == RUNS
    assert found.settings["metric"] == "loss" and found.settings["level"] == 0.1
    assert found.sentence.endswith(
        "Learned: a loss on its exam of at most 0.1 of that of who knows nothing, to the end."
    )
    with pytest.raises(ValueError, match="has 4 kinds of examples: see emergences"):
        found.emergence  # noqa: B018


def test_passages_are_at_a_tenth_of_a_bit(found: Emerged) -> None:
    last = found.curves.filter((pl.col("metric") == "exam loss") & (pl.col("step") == 300) & (pl.col("kind") != "all"))
    below = last.join(found.passages, on=["run", "kind"])
    assert (below["censored"] == (below["value"] > 0.1 * np.log(2))).all()
    assert below["censored"].n_unique() == 2


def test_the_mean_is_judged_early_where_that_is_asked(found: Emerged) -> None:
    """On 40 rows again and again the loss on the exam has a least value, and the runs are judged there."""
    words = dict(learner="mlp:width=32,rate=0.02,decay=0,batch=20", runs=2, steps=200, exam=400)
    early = emerge(TASK, "rows", [20, 21], early_stopping=True, **words)
    assert early.passages["last"].max() < 200 and early.settings["early_stopping"]
    assert early.emergences["task 1"].within == 200 and "where its mean loss is least." in early.sentence


def test_the_files_and_the_report(found: Emerged, tmp_path: Path) -> None:
    files = {file.name for file in save_emergence(found, tmp_path)}
    assert {"losses.png", "thresholds.png", "learned.png", "kinds.parquet", "shares.parquet"} < files
    assert pl.read_parquet(tmp_path / "shares.parquet")["kind"].n_unique() == 4
    answer = json.loads((tmp_path / "emergence.json").read_text())
    assert list(answer["kinds"]) == [f"task {i}" for i in range(1, 5)] and answer["sentence"] == found.sentence
    page = write_report(tmp_path).read_text()
    assert "from where on is an ability there?" in page and "How many kinds are learned" in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (dict(along="steps", metric="acuracy"), "did you mean 'accuracy'"),
        (dict(along="steps", level=1.0), "loss over that of who knows nothing, above 0"),
        (dict(along="steps", level=0.0), "loss over that of who knows nothing, above 0"),
        (dict(along="steps", metric="accuracy", level=2), "share of the exam that must be right"),
        (dict(along="steps", early_stopping=True), "leave early stopping out"),
        (dict(along="steps", exam=3), "give it 4 rows or more, got 3"),
        (dict(along="steps", learner="embedding-mlp"), "takes symbols"),
    ],
)
def test_what_cannot_be_is_refused(words: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        emerge(TASK, **words)
