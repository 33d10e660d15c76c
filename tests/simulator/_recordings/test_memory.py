from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.simulator import read_recording

FREE = "ergoscope.simulator._recordings.memory.free_memory"


def test_a_small_file_of_many_rows_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.parquet"
    y = np.zeros(1_000_000)
    y[0] = 1
    pl.DataFrame({"y": y}).write_parquet(file)
    assert file.stat().st_size < 100_000
    monkeypatch.setattr(FREE, lambda: 40_000_000)
    monkeypatch.setattr(pl.LazyFrame, "sort", lambda *_: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="1000000 rows of 1 columns take about 0.0 GB of memory, more than half"):
        read_recording(file)


def test_runs_of_very_different_lengths_are_refused_before_they_are_padded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = np.repeat(np.arange(1001), [10_000, *[2] * 1000])
    pl.DataFrame({"r": runs, "y": np.arange(len(runs)) % 7}).write_parquet(tmp_path / "a.parquet")
    assert read_recording(tmp_path / "a.parquet", ["y"], by="r").outputs.shape == (1001, 10_000, 1)
    monkeypatch.setattr(FREE, lambda: 500_000_000)
    with pytest.raises(ValueError, match="10010000 rows of 1 columns take about 0.4 GB"):
        read_recording(tmp_path / "a.parquet", ["y"], by="r")


def test_a_file_that_unpacks_to_gigabytes_is_refused_however_much_memory_there_is(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    part = tmp_path / "part.parquet"
    pl.DataFrame({"y": np.zeros(2_000_000)}).write_parquet(part)
    pl.scan_parquet([part] * 70).sink_parquet(file)
    with pytest.raises(ValueError, match="140000000 rows in .* MB: nearly all values are equal"):
        read_recording(file, ["y"])
