"""Files of the kinds that people have: read with the right values, or refused; never read with wrong ones."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.simulator import Reading, Trajectories, read_recording

FILES = Path(__file__).parent / "files"
EXPECTED: dict[str, dict[str, Any]] = json.loads((FILES / "expected.json").read_text())
READ = (
    "blank_lines.csv",
    "cr_only.csv",
    "iso_nanoseconds.csv",
    "quotes_in_other_column.csv",
    "run[1].csv",
    "semicolon.csv",
    "semicolon_comma_header.csv",
    "yyyymmdd.csv",
)
STEPS = {"1 day": 86_400.0, "22.675 us": 22.675e-6}


def read(name: str, folder: Path = FILES) -> Trajectories:
    want = EXPECTED[name]
    return read_recording(folder / name, [want.get("column", "y")], time=want.get("time"))


def check(name: str, found: Trajectories) -> None:
    want = EXPECTED[name]
    assert want["expect"] == "read"
    np.testing.assert_array_equal(found.outputs[0, :, 0], np.array(want["y"], np.float64))
    assert found.reading is not None and found.reading.rows == len(want["y"])
    if "step" in want:
        assert found.dt == found.reading.step == pytest.approx(STEPS[want["step"]], rel=1e-12)
    if "missing" in want:
        assert found.reading.missing == want["missing"]


@pytest.mark.parametrize("name", READ)
def test_what_must_be_read(name: str) -> None:
    check(name, read(name))


@pytest.mark.parametrize("name", EXPECTED)
def test_no_file_is_read_with_wrong_values(name: str) -> None:
    try:
        found = read(name)
    except ValueError:
        assert name not in READ
    else:
        check(name, found)


def test_digits_behind_a_decimal_comma_are_never_samples() -> None:
    with pytest.raises(ValueError, match="1,5 in row 1 may be one number with a decimal comma"):
        read("short_rows_decimal_comma.csv")


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
    assert found.reading == Reading(rows=3, missing=0, step=None, filled=1.0, files=(name,))


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
