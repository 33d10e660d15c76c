"""Files of the kinds that people have: read with the right values, or refused; never read with wrong ones."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope import locate
from ergoscope.simulator import Dialect, Trajectories, read_recording

FILES = Path(__file__).parent / "files"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FILES / "expected.json").read_text())
STEPS = {"1 day": 86_400.0, "22.675 us": 22.675e-6}


def read(name: str) -> Trajectories:
    want = EXPECTED[name]
    column = {"2nd": "2"}.get(want.get("column", "y"), want.get("column", "y"))
    sort = Dialect(sort=True) if "--sort" in want.get("note", "") else None
    return read_recording(FILES / name, [column], time=want.get("time"), dialect=sort)


@pytest.mark.parametrize("name", [name for name, want in EXPECTED.items() if want["expect"] == "read"])
def test_what_must_be_read(name: str) -> None:
    want, found = EXPECTED[name], read(name)
    reading = found.reading
    assert reading is not None
    if "y" in want:
        np.testing.assert_array_equal(found.outputs[0, :, 0], np.array(want["y"], np.float64))
        assert reading.rows == len(want["y"])
        assert reading.missing == sum(y is None for y in want["y"])
    if "step" in want:
        assert found.dt == reading.step == pytest.approx(STEPS[want["step"]], rel=1e-12)
        assert f"step {want['step']}" in reading.words
    assert dict(reading.units) == want.get("units", {})
    assert found.outputs.shape[1] == want.get("samples", found.outputs.shape[1])


@pytest.mark.parametrize("name", [name for name, want in EXPECTED.items() if want["expect"] == "read"])
def test_a_file_that_is_read_with_what_was_found_is_the_same(name: str) -> None:
    want, found = EXPECTED[name], read(name)
    assert found.reading is not None
    again = read_recording(FILES / name, found.output_names, time=want.get("time"), dialect=found.reading.dialect)
    np.testing.assert_array_equal(again.outputs, found.outputs)
    assert again.reading == found.reading


def test_what_must_be_refused() -> None:
    with pytest.raises(ValueError, match="1,5 in row 1 may be one number with a decimal comma.*--decimal"):
        read("short_rows_decimal_comma.csv")
    with pytest.raises(ValueError, match="time must increase.*--sort"):
        read_recording(FILES / "unsorted.csv", ["y"], time="t")


def test_all_samples_of_a_signal_that_stands_still_count() -> None:
    found = locate(read("standstill.csv"), sizes=range(3), model=False)
    assert found.horizon == EXPECTED["standstill.csv"]["samples"] and found.trust_horizon is None


@pytest.mark.parametrize("name", ["run[1].csv", "run[1].parquet", "a*.csv", "a?.csv", "[ab].csv", "**.csv"])
def test_the_name_of_a_file_is_no_pattern(tmp_path: Path, name: str) -> None:
    for other in ("run1", "a1", "ab", "a", "b"):
        shutil.copy(FILES / "run1.csv", tmp_path / f"{other}.csv")
    if name.endswith(".parquet"):
        import polars as pl

        pl.DataFrame({"y": [9.0, 8.0]}).write_parquet(tmp_path / "run1.parquet")
        pl.DataFrame({"y": [1.0, 2.0, 3.0]}).write_parquet(tmp_path / name)
    else:
        shutil.copy(FILES / "run[1].csv", tmp_path / name)
    found = read_recording(tmp_path / name)
    assert found.outputs[0, :, 0].tolist() == [1, 2, 3]
    assert found.reading is not None and found.reading[:5] == (3, 0, None, 1.0, (name,))


def test_brackets_in_a_name_that_is_missing_are_no_pattern(tmp_path: Path) -> None:
    shutil.copy(FILES / "run1.csv", tmp_path / "run1.csv")
    with pytest.raises(FileNotFoundError, match="did you mean 'run1.csv'"):
        read_recording(tmp_path / "run[1].csv")


def test_a_pattern_in_a_folder_with_brackets(tmp_path: Path) -> None:
    for folder in ("day [1]", "day 1"):
        (tmp_path / folder).mkdir()
    (tmp_path / "day [1]" / "a.csv").write_text("y\n1\n2\n")
    (tmp_path / "day 1" / "a.csv").write_text("y\n3\n4\n")
    assert read_recording(tmp_path / "day [1]" / "*.csv").outputs[0, :, 0].tolist() == [1, 2]
    assert read_recording(tmp_path / "day [1]").outputs[0, :, 0].tolist() == [1, 2]
