"""The whole answer: that of the commands for the curves that they write, levels, and honest sentences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import (
    critical_size,
    emerge,
    emergence,
    first_passages,
    growth_laws,
    locate,
    locate_curves,
    save_curves,
)
from ergoscope.analysis._growth.curves import SCHEMA
from ergoscope.analysis._growth.summary import located

STEPS = [1, 2, 5, 10, 20, 50, 100]


def stream_curves(lookaheads: tuple[int, ...] = (1,)) -> pl.DataFrame:
    """Curves as ``locate`` writes them: sizes 0 and 1 grow, 2 and 3 do not."""
    random, rows = np.random.default_rng(0), []
    edges = np.unique(np.round(2 ** np.arange(0, 11, 0.25)).astype(int))
    for lookahead in lookaheads:
        for size in range(4):
            for first, last in zip(np.append(1, edges[:-1] + 1).tolist(), edges.tolist(), strict=True):
                for group in range(16):
                    for metric, level in (("error", 1.0), ("excess", 0.1)):
                        growth = (first + last) / 2 if size < 2 else 1 + 4 / last
                        value = level * growth * np.exp(0.1 * random.standard_normal())
                        rows.append(("", "plant", "ladder", size, size, lookahead, first, last, (first + last) / 2,
                                     group, metric, value, last - first + 1.0))  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").filter(pl.col("first") <= pl.col("last"))


def training_curves(passes: dict[int, int], runs: int = 8, diverged: bool = False) -> pl.DataFrame:
    """Curves as ``emerge`` writes them: of each number of rows so many runs pass, at an early step."""
    rows = []
    for run, (size, k) in enumerate((size, k) for size in passes for k in range(runs)):
        for step in STEPS:
            right = 0.995 if k < passes[size] and step >= 10 * (1 + k % 3) else 0.5
            right = float("nan") if diverged and run == 0 and step == 100 else right
            for metric, value in (("exam accuracy", right), ("exam loss", 1 - right)):
                rows.append((run, 1000 + run, 64, size, 0.1, step, metric, "all", value))
    names = ["run", "seed", "size", "rows", "decay", "step", "metric", "kind", "value"]
    return pl.DataFrame(rows, schema=names, orient="row")


def test_curves_of_locate_give_its_answer(tmp_path: Path) -> None:
    curves = stream_curves()
    curves.write_parquet(tmp_path / "curves.parquet")
    laws = growth_laws(curves)
    for source in (curves, tmp_path / "curves.parquet"):
        found = locate_curves(source)
        assert found.kind == "locate" and found.sizes.equals(laws)
        assert found.name == ("curves" if source is curves else tmp_path.name)
        assert found.located is not None and found.located.equals(located(curves))
        assert found.threshold.size == critical_size(laws).size == 2
    assert "the critical size is 2, with the 95 % interval 2 to 2" in found.sentence and found.law is None


def test_a_real_location_and_its_curves_agree() -> None:
    y = np.cumsum(np.random.default_rng(0).standard_normal((12, 300)), axis=1)[..., None]
    answer = locate(y, sizes=range(3))
    found = locate_curves(answer.curves)
    assert found.sizes.equals(answer.rungs.select(found.sizes.columns))
    assert found.located is not None and found.located["verdict"].item() == answer.verdict
    assert found.located["critical_size"].item() == answer.critical_size


def test_several_look_aheads_are_refused_with_the_remedy() -> None:
    curves = stream_curves((1, 5))
    with pytest.raises(ValueError, match=r"lookahead has 2 values, 1, 5: choose one.*--where 'lookahead=1'"):
        locate_curves(curves)
    one = locate_curves(curves, where=dict(lookahead=5))
    assert one.sizes.equals(growth_laws(curves.filter(pl.col("lookahead") == 5)))


@pytest.mark.parametrize("diverged", [False, True])
def test_curves_of_emerge_give_its_answer(diverged: bool) -> None:
    curves = training_curves({100: 0, 200: 2, 400: 6, 800: 8}, diverged=diverged)
    passages = first_passages(curves.drop("seed"), "exam accuracy", 0.99, below=False)
    theirs = emergence(passages, "rows")
    found = locate_curves(curves, size="rows", where={"metric": "exam accuracy"}, level=0.99, higher_is_better=True)
    assert found.kind == "emerge" and found.level is not None and found.level.emergence is not None
    ours = found.level.emergence
    for name in ("verdict", "value", "low", "high", "width", "isotonic", "reason", "runs", "diverged", "within"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.shares.drop("rows").equals(theirs.shares.drop("rows"))
    assert theirs.verdict == "located" and theirs.diverged == diverged
    assert "in half of the runs value reaches 0.99 from rows" in found.sentence.lower()


def test_the_command_emerge_and_its_curves_agree(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--campaign"):
        pytest.skip("the long form trains networks: --campaign")
    answer = emerge(
        "parity:bits=6,k=2", "rows", (8, 16, 24, 32, 48), "mlp:width=16,decay=0.1", runs=4, steps=300, level=0.9
    )
    assert answer.emergence.verdict == "located"
    found = locate_curves(
        answer.curves, size="rows", where={"metric": "exam accuracy"}, level=0.9, higher_is_better=True
    )
    assert found.level is not None and found.level.emergence is not None
    for name in ("verdict", "value", "low", "high", "reason", "diverged"):
        assert getattr(found.level.emergence, name) == getattr(answer.emergence, name)


def test_metrics_and_kinds_must_be_chosen() -> None:
    curves = training_curves({100: 0, 200: 2})
    with pytest.raises(ValueError, match=r"metric has 2 values, exam accuracy, exam loss: choose one"):
        locate_curves(curves, size="rows")
    with pytest.raises(ValueError, match=r"which columns hold the size\?"):
        locate_curves(curves)


def sweep(runs: int, seed: int = 0, along: float = 1.0) -> pl.DataFrame:
    """A sweep of four sizes whose error falls to 1 / size."""
    random = np.random.default_rng(seed)
    rows = [
        (size, step * along, run, float((1 / size + 3 / step) * np.exp(0.02 * random.standard_normal())))
        for size in (1, 2, 4, 8)
        for run in range(runs)
        for step in (10, 20, 40, 80, 160, 320)
    ]
    return pl.DataFrame(rows, schema=["width", "epoch", "seed", "mse"], orient="row")


def test_a_level_has_its_interval_with_four_runs_and_says_so_with_fewer() -> None:
    columns = dict(size="width", along="epoch", error="mse", run="seed", level=0.3, law=False)
    found = locate_curves(sweep(4), **columns)
    assert found.level is not None and found.level.emergence is not None
    assert found.level.emergence.value == pytest.approx(2.83, abs=0.01)  # every run from width 4 on, none below
    assert "in half of the runs mse gets down to 0.3 from width 2.83 [" in found.sentence.lower()
    few = locate_curves(sweep(1), **columns)
    assert "mse gets down to 0.3 at width 4, the smallest that does (1 run of a size" in few.sentence.lower()
    assert "fewer than three runs of a size have no interval" in few.sentence
    assert "none" not in few.sentence.lower() and few.level is not None
    assert few.level.sizes["passed"].to_list() == [0, 0, 1, 1]
    # By hand: 1/4 + 3/step is below 0.3 from step 60 on, 1/8 + 3/step from step 17 on.
    assert few.level.sizes["place"].to_list() == [None, None, 80.0, 20.0]


def test_a_run_that_falls_back_has_not_passed() -> None:
    """Down to the level at step 20, above it again at 40, below it for good from 80 on: it passes at 80."""
    errors = {1: [1.0, 0.2, 0.9, 0.2, 0.1], 2: [1.0, 0.2, 0.9, 0.9, 0.9]}
    rows = [
        (size, step, error) for size in errors for step, error in zip((10, 20, 40, 80, 160), errors[size], strict=True)
    ]
    table = pl.DataFrame(rows, schema=["width", "epoch", "mse"], orient="row")
    found = locate_curves(table, size="width", along="epoch", error="mse", level=0.3, law=False)
    assert found.level is not None
    assert found.level.sizes["passed"].to_list() == [1, 0] and found.level.sizes["place"].to_list() == [80.0, None]
    assert "mse gets down to 0.3 at width 1, the smallest that does (1 run of a size" in found.sentence.lower()


def test_places_that_are_no_whole_numbers_keep_their_values() -> None:
    columns = dict(size="width", along="epoch", error="mse", run="seed", level=0.3, law=False)
    whole, broken = (locate_curves(sweep(8, along=scale), **columns).level for scale in (1.0, 0.37))
    assert whole is not None and broken is not None
    np.testing.assert_allclose(broken.sizes["place"][2:], 0.37 * whole.sizes["place"][2:].to_numpy())
    np.testing.assert_allclose(broken.passages["high"].drop_nulls(), 0.37 * whole.passages["high"].drop_nulls())
    assert broken.emergence is not None and whole.emergence is not None
    assert broken.emergence.value == whole.emergence.value


def test_the_law_of_a_sweep_and_the_best_width() -> None:
    found = locate_curves(sweep(4), size="width", along="epoch", error="mse", run="seed", draws=50)
    assert found.law is not None and found.law.units == 16 and found.law.rows == 96
    for name, value in (("alpha", 1.0), ("beta", 1.0), ("A", 1.0), ("B", 3.0)):
        row = found.law.table.row(by_predicate=pl.col("name") == name, named=True)
        assert row["value"] == pytest.approx(value, rel=0.1), row
    assert "at epoch 320, of 4 sizes, width 8, the largest there, is better than every other" in found.sentence.lower()
    assert found.sizes["verdict"].to_list() == ["falling"] * 4  # five places say nothing of a floor


def test_what_is_saved_is_the_answer(tmp_path: Path) -> None:
    found = locate_curves(sweep(4), size="width", along="epoch", error="mse", run="seed", level=0.3, draws=20)
    files = save_curves(found, tmp_path / "out", ["ergoscope", "locate-curves"])
    names = [file.name for file in files]
    assert names[0] == "report.html" and all(file.is_file() for file in files)
    assert {"own-curves.png", "own-exponents.png", "own-level.png", "own-law.parquet", "own-table.parquet"} < {*names}
    answer = json.loads((tmp_path / "out" / "own-curves.json").read_text())
    assert answer["sentence"] == found.sentence and answer["settings"]["command"] == ["ergoscope", "locate-curves"]
    assert answer["level"]["emergence"]["value"] == found.level.emergence.value  # type: ignore[union-attr]
    page = (tmp_path / "out" / "report.html").read_text()
    for words in (found.sentence.split("]")[0].split(": ", 1)[1], "The joint scaling law", "Growth by size"):
        assert words in page
