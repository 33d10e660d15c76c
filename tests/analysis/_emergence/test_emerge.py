"""Networks along an axis of a small task: whose runs these are, what is kept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from ergoscope.analysis import emerge, save_emergence, write_report
from ergoscope.analysis._emergence import training as module
from ergoscope.analysis._emergence.emerge import Emerged

TASK, NETWORK = "parity:bits=6,k=2", "mlp:width=16,decay=0.1"
SMALL = dict(runs=4, steps=300)


def small(folder: Path | None = None, **words) -> Emerged:
    given = SMALL | words
    return emerge(TASK, "rows", given.pop("values", [8, 16, 48]), NETWORK, folder=folder, **given)


@pytest.fixture(scope="module")
def found() -> Emerged:
    return small()


def test_more_rows_let_more_networks_generalise(found: Emerged) -> None:
    """48 rows of 64 leave little to guess; 8 rows do not tell two bits from fourteen other pairs."""
    passed = dict(found.shares.select("rows", "passed").iter_rows())
    assert passed[8] == 0 and passed[48] == 4
    assert "memorise" in found.sentence and "within 300 steps" in found.sentence
    own = found.set_passages.filter(pl.col("rows") == 8)
    assert not own["censored"].any()


def test_an_axis_of_numbers_reaches_the_runs() -> None:
    found = emerge(TASK, "decay", [0.0, 0.5], "mlp:width=16", rows=16, runs=1, steps=20, exam=40)
    assert sorted(found.curves["decay"].unique()) == [0.0, 0.5] and found.curves["rows"].unique().to_list() == [16]
    norms = found.curves.filter((pl.col("metric") == "norm") & (pl.col("step") == 20))
    assert norms.sort("decay")["value"].is_sorted(descending=True)


def test_sizes_are_the_widths() -> None:
    found = emerge(TASK, "size", [2, 8], "mlp:decay=0.1", rows=16, runs=1, steps=5, exam=40)
    assert found.passages["size"].to_list() == [2, 8]


def test_the_axis_of_steps_has_one_setting() -> None:
    found = emerge(TASK, "steps", None, NETWORK, rows=48, runs=6, steps=300)
    assert found.emergence.verdict == "located"
    times = found.passages["high"].sort()
    assert times[0] <= found.emergence.value <= times[-1]


def test_runs_of_a_value_do_not_depend_on_the_other_values(found: Emerged) -> None:
    alone = small(values=[16, 20])
    columns = ["seed", "step", "metric", "value"]
    same = [frame.curves.filter(pl.col("rows") == 16).select(columns) for frame in (found, alone)]
    assert same[0].equals(same[1])


def test_a_folder_keeps_what_has_ended(tmp_path: Path, found: Emerged, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []
    inner = module.train

    def counting(*words, **options):
        trained.append(len(words[2]))
        return inner(*words, **options)

    monkeypatch.setattr(module, "train", counting)
    small(tmp_path, values=[8, 16])
    kept = small(tmp_path)
    assert trained == [8, 4]
    assert kept.curves.equals(found.curves) and kept.sentence == found.sentence
    with pytest.raises(ValueError, match="was made with steps = 300, not 200"):
        small(tmp_path, steps=200)
    with pytest.raises(ValueError, match='was made with along = "rows"'):
        emerge(TASK, "steps", None, NETWORK, rows=16, folder=tmp_path, steps=300)
    part = next(tmp_path.rglob("seed-*.parquet"))
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(ValueError, match="is broken .* remove it"):
        small(tmp_path)
    (tmp_path / "training.json").write_text("no JSON")
    with pytest.raises(ValueError, match="not in ergoscope's format"):
        small(tmp_path)


def test_a_folder_of_another_command_is_refused(tmp_path: Path) -> None:
    (tmp_path / "location.json").write_text("{}")
    with pytest.raises(ValueError, match="it is of another command"):
        small(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == ["location.json"]


@pytest.mark.parametrize("learner", ["mlp:width=4", "mlp:width=100000000000"])
def test_what_cannot_be_trained_claims_no_folder(learner: str, tmp_path: Path) -> None:
    """Rows without an exam, a width beyond the memory: found before the folder."""
    values = [20, 64] if learner == "mlp:width=4" else [20, 40]
    with pytest.raises(ValueError, match=r"leave 0 for an exam|GiB are free"):
        emerge(TASK, "rows", values, learner, runs=1, steps=10, folder=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_interrupt_leaves_whole_runs(tmp_path: Path, found: Emerged) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(tmp_path, progress=interrupt)
    parts = list(tmp_path.rglob("*.parquet"))
    assert 0 < len(parts) < 12 and not list(tmp_path.rglob("*.tmp*"))
    done: list[tuple[int, int]] = []
    assert small(tmp_path, progress=lambda *count: done.append(count)).curves.equals(found.curves)
    assert done[-1] == ((12 - len(parts)) * 300,) * 2


def test_a_report_of_its_folder(tmp_path: Path, found: Emerged) -> None:
    files = save_emergence(found, tmp_path, ["ergoscope", "emerge"])
    assert all(file.is_file() for file in files)
    page = write_report(tmp_path).read_text()
    assert found.emergence.sentence.split(",")[0] in page and "from where on is an ability there?" in page
    answer = json.loads((tmp_path / "emergence.json").read_text())
    assert answer["sentence"] == found.sentence and answer["settings"]["values"] == [8, 16, 48]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (dict(along="width"), "there is no axis 'width'"),
        (dict(along="rows"), "at least two values"),
        (dict(along="rows", values=[5, 5]), "must differ"),
        (dict(along="rows", values=[5.5, 6]), "whole numbers of at least 1"),
        (dict(along="size", values=[0, 4]), "whole numbers of at least 1"),
        (dict(along="steps", values=[1, 2]), "has no values"),
        (dict(along="rows", values=[5, 6], fresh=True, learner="mlp:batch=4"), "has no rows"),
        (dict(along="steps", fresh=True), "fresh examples come in batches"),
        (dict(along="steps", steps=0), "steps must be a whole number of at least 1"),
        (dict(along="steps", runs=0), "runs must be a whole number of at least 1"),
        (dict(along="steps", level=1.5), "level is the share"),
        (dict(along="decay", values=[-1, 1]), "decay must be at least 0"),
        (dict(along="rows", values=[5, 6], rows=4), "rows is the axis"),
        (dict(along="decay", values=[0, 1], learner="mlp:decay=0.1"), "decay is the axis"),
        (dict(along="size", values=[4, 8], learner="mlp:width=4"), "width is the axis"),
        (dict(along="rows", values=[32, 64]), "leave 0 for an exam"),
        (dict(along="steps", runs=10**9), "at most 100 000 networks"),
        (dict(along="steps", steps=10**12), "at most 1 000 000 000 updates"),
        (dict(along="steps", task="parity:bits=100000"), "at most 4096 bits"),
        (dict(along="steps", task="modular-addition:p=100000"), "at most 2000"),
        (dict(along="steps", learner="mlp:width=0"), "width must be at least 1"),
        (dict(along="steps", learner="embedding-mlp"), "takes symbols"),
        (dict(along="size", values=[10**11, 10**12]), "GiB are free: choose smaller ones"),
        (dict(along="steps", task="parity", exam=10**13), "GiB are free: choose smaller ones"),
        (dict(along="steps", precision="float16"), "precision must be float32 or float64"),
        (dict(along="steps", task="modular-addition:p=7", rows=28), "leave 0 for an exam"),
        (dict(along="steps", task="modular-addition:p=7", rows=20, exam=9), "leave 8 for an exam of 9"),
    ],
)
def test_what_cannot_be_is_refused(words: dict, message: str) -> None:
    given = dict(task=TASK) | words
    with pytest.raises(ValueError, match=message):
        emerge(given.pop("task"), **given)


def test_a_network_that_diverges_is_named() -> None:
    found = emerge(TASK, "steps", None, "mlp:width=8,rate=1e30", rows=16, runs=6, steps=20, exam=40)
    assert (
        found.emergence.diverged == 6
        and "none of 6 runs generalises within 20 steps, for every one diverged" in found.sentence
    )
    assert found.emergence.verdict == "above" and found.emergence.value is None
