from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.simulator import Trajectories, read_recording
from ergoscope.simulator._recordings.calendar_numbers import MONTH

DAY = 86_400.0


def read(tmp_path: Path, stamps: list[object], suffix: str = "csv") -> Trajectories:
    frame = pl.DataFrame({"t": stamps, "y": np.random.default_rng(0).standard_normal(len(stamps))})
    file = tmp_path / f"a.{suffix}"
    (frame.write_csv if suffix == "csv" else frame.write_parquet)(file)
    return read_recording(file, ["y"], time="t")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("form", "step", "seconds"),
    [
        ("%Y%m%d", timedelta(days=1), DAY),
        ("%Y%m%d", timedelta(days=7), 7 * DAY),
        ("%Y%m%d%H", timedelta(hours=1), 3600.0),
        ("%Y%m%d%H%M", timedelta(minutes=10), 600.0),
        ("%Y%m%d%H%M%S", timedelta(seconds=1), 1.0),
        ("%Y%m%d%H%M%S", timedelta(seconds=7), 7.0),
        ("%H%M%S", timedelta(seconds=1), 1.0),
        ("%H%M%S", timedelta(seconds=13), 13.0),
    ],
)
def test_spelled_dates_are_a_regular_grid(
    tmp_path: Path, form: str, step: timedelta, seconds: float, suffix: str
) -> None:
    start = datetime(2023, 11, 20, 0, 0, 0) if "Y" in form else datetime(2023, 11, 20, 9, 58, 17)
    for dtype in (int, float):
        stamps = [dtype((start + i * step).strftime(form)) for i in range(200)]
        found = read(tmp_path, list(stamps), suffix)
        assert found.dt == seconds and found.lengths.tolist() == [200]
        assert found.reading is not None and found.reading.missing == 0
        del stamps[50:52]
        found = read(tmp_path, list(stamps), suffix)
        assert found.dt == seconds and found.lengths.tolist() == [200]
        assert np.isnan(found.outputs[0, 50:52, 0]).all()


def test_days_within_one_month_are_days(tmp_path: Path) -> None:
    assert read(tmp_path, [20240101, 20240102, 20240103]).dt == DAY


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_months(tmp_path: Path, suffix: str) -> None:
    months = [(1990 + i // 12, i % 12 + 1) for i in range(100)]
    last = [date(y + m // 12, m % 12 + 1, 1) - timedelta(days=1) for y, m in months]
    for stamps in (
        [100 * y + m for y, m in months],
        [10_000 * y + 100 * m + 15 for y, m in months],
        [date(y, m, 1) for y, m in months],
        last,
    ):
        found = read(tmp_path, list(stamps), suffix)
        assert found.dt == pytest.approx(MONTH, rel=1e-12) and found.lengths.tolist() == [100]
        found = read(tmp_path, [*stamps[:40], *stamps[43:]], suffix)
        assert found.dt == pytest.approx(MONTH, rel=1e-12) and found.lengths.tolist() == [100]


def test_months_or_times_of_day_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="may be months .YYYYMM. or times of day .HHMMSS."):
        read(tmp_path, [202401, 202402, 202403, 202404])


def test_times_of_day_with_decimals(tmp_path: Path) -> None:
    start = datetime(2023, 11, 20, 9, 58, 17)
    stamps = [(start + timedelta(milliseconds=250 * i)).strftime("%H%M%S.%f")[:-4] for i in range(2000)]
    found = read(tmp_path, list(stamps))
    assert found.dt == 0.25 and found.lengths.tolist() == [2000]


@pytest.mark.parametrize(
    "stamps",
    [
        range(2000), range(100_000, 101_000), range(0, 200_000, 50), range(20_240_101, 20_240_301),
        range(202_401, 202_801), [0, 1, 2, 5, 6, 7, 8], range(1871, 1971), range(1_700_000_000, 1_700_001_000),
    ],
)  # fmt: skip
def test_counts_of_seconds_stay_counts(tmp_path: Path, stamps: list[int]) -> None:
    found = read(tmp_path, list(stamps))
    step = stamps[1] - stamps[0]
    assert found.dt == step and found.lengths.tolist() == [(stamps[-1] - stamps[0]) // step + 1]
