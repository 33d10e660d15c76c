"""Curves of many runs, lazily, against the same runs one by one."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from ergoscope.analysis import each_run, growth_laws, locate, located, regret_size, scan_curves
from ergoscope.analysis._growth.regret_size import RegretSize


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, pl.DataFrame]]:
    folder, curves = tmp_path_factory.mktemp("parts"), {}
    for name in ("random-walk", "double-integrator"):
        curves[name] = locate(name, sizes=range(5), horizon=2000, replicates=32).curves
        curves[name].with_columns(run=pl.lit(f"run of {name}")).write_parquet(folder / f"{name}.parquet")
    return folder, curves


def test_each_run_is_analysed_as_if_alone(runs: tuple[Path, dict[str, pl.DataFrame]]) -> None:
    folder, curves = runs
    laws = each_run(scan_curves(folder))
    assert laws.columns[:5] == ["run", "system", "learner", "lookahead", "size"]
    for name, alone in curves.items():
        found = laws.filter(pl.col("system") == name).drop("run", "system", "learner", "lookahead")
        assert found.equals(growth_laws(alone))
    assert each_run(pl.concat([pl.read_parquet(file) for file in sorted(folder.glob("*"))])).equals(laws)


def test_the_located_sizes_are_those_of_locate(runs: tuple[Path, dict[str, pl.DataFrame]]) -> None:
    rows = each_run(scan_curves(runs[0]), located)
    for row in rows.iter_rows(named=True):
        whole = locate(row["system"], sizes=range(5), horizon=2000, replicates=32)
        assert whole.regret is not None
        assert (row["critical_size"], row["verdict"]) == (whole.critical_size, whole.verdict)
        assert (row["low"], row["high"]) == whole.interval
        assert (row["regret_size"], row["regret_low"], row["regret_high"]) == whole.regret[:3]


def test_what_is_no_curve_is_refused(runs: tuple[Path, dict[str, pl.DataFrame]], tmp_path: Path) -> None:
    _, curves = runs
    with pytest.raises(ValueError, match="no Parquet file"):
        scan_curves(tmp_path)
    curves["random-walk"].drop("value").write_parquet(tmp_path / "part.parquet")
    with pytest.raises(ValueError, match="needs the column 'value'"):
        scan_curves(tmp_path)
    with pytest.raises(ValueError, match="must be Int64, got Float64"):
        each_run(curves["random-walk"].with_columns(pl.col("size").cast(pl.Float64)))
    with pytest.raises(ValueError, match="no run"):
        each_run(curves["random-walk"].head(0))


def test_the_answer_does_not_hang_on_what_is_read_together(
    runs: tuple[Path, dict[str, pl.DataFrame]], monkeypatch: pytest.MonkeyPatch
) -> None:
    most, read = 0, pl.LazyFrame.collect

    def watched(frame: pl.LazyFrame, **options: object) -> pl.DataFrame:
        nonlocal most
        found = read(frame, **options)  # type: ignore[call-overload]
        most = max(most, found.height)
        return found

    together = each_run(scan_curves(runs[0]), located)
    for rows, at_once in ((1, 64), (10**9, 1)):
        monkeypatch.setattr("ergoscope.analysis._sweeps.reader.ROWS", rows)
        monkeypatch.setattr("ergoscope.analysis._sweeps.reader.KEYS_AT_ONCE", at_once)
        with monkeypatch.context() as patch:
            patch.setattr(pl.LazyFrame, "collect", watched)
            assert each_run(scan_curves(runs[0]), located).equals(together)
    assert most == max(curves.height for curves in runs[1].values())


def test_a_function_of_ones_own_is_applied_to_each_run(runs: tuple[Path, dict[str, pl.DataFrame]]) -> None:
    def regret(curves: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame([regret_size(curves)._asdict()])

    found = each_run(scan_curves(runs[0]), regret)
    for row in found.iter_rows(named=True):
        assert {name: row[name] for name in RegretSize._fields} == regret_size(runs[1][row["system"]])._asdict()


def test_a_run_without_a_name_is_refused(runs: tuple[Path, dict[str, pl.DataFrame]]) -> None:
    with pytest.raises(ValueError, match="run, system, learner, lookahead must have no null"):
        each_run(runs[1]["random-walk"].with_columns(run=pl.lit(None, pl.String)))


def test_brackets_in_the_name_of_a_folder_are_no_pattern(
    runs: tuple[Path, dict[str, pl.DataFrame]], tmp_path: Path
) -> None:
    folder = tmp_path / "run[1]"
    shutil.copytree(runs[0], folder)
    assert scan_curves(folder).collect().equals(scan_curves(runs[0]).collect())
