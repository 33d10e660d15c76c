"""Regular stamps are regular however they were rounded, and the grid is the one that they were rounded from."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.simulator import Trajectories, read_recording

RATES = (24, 30, 60, 90, 120, 128, 144, 256, 400)


def rounded(rate: float | Fraction, count: int, digits: int, cut: bool) -> list[int]:
    """Return the stamps k / rate in units of 10^-digits seconds, rounded or cut, as whole numbers."""
    exact = [Fraction(k) / Fraction(rate) * 10**digits for k in range(count)]
    return [int(x) if cut else round(x) for x in exact]


def decimal(ticks: int, digits: int) -> str:
    return f"{ticks // 10**digits}.{ticks % 10**digits:0{digits}d}"


def read(tmp_path: Path, stamps: list[object], suffix: str = "csv") -> Trajectories:
    y = np.random.default_rng(0).standard_normal(len(stamps))
    frame = pl.DataFrame({"t": stamps, "y": y})
    file = tmp_path / f"a.{suffix}"
    (frame.write_csv if suffix == "csv" else frame.write_parquet)(file)
    found = read_recording(file, ["y"], time="t")
    kept = found.outputs[0, :, 0]
    np.testing.assert_array_equal(kept[~np.isnan(kept)], y)
    assert found.reading is not None and found.reading.rows == len(stamps) and found.reading.step == found.dt
    return found


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("rate", [*RATES, 3, 7, 50, 300, 375, 600, Fraction(30_000, 1001)])
def test_whole_milliseconds(tmp_path: Path, rate: int | Fraction, cut: bool) -> None:
    for count in (50, 4000):
        stamps = [decimal(t, 3) for t in rounded(rate, count, 3, cut)]
        found = read(tmp_path, list(stamps))
        assert found.lengths.tolist() == [count]
        # The ends are known to a digit: dt to one over the length; where it has few digits, to the last bit.
        assert found.dt == pytest.approx(1 / rate, rel=1e-12 if rate in RATES and count > 50 else 2e-3 / (count / rate))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000, 192_000])
def test_seconds_as_floats(tmp_path: Path, rate: int, suffix: str) -> None:
    for start in (0.0, 1.7e9):
        if (
            start and rate > 100_000
        ):  # doubles at 1.7e9 are 0.24 us apart, samples 5.2 us: but for the rounding, as below
            continue
        stamps = [start + k / rate for k in range(3000)]
        found = read(tmp_path, list(stamps), suffix)
        assert found.lengths.tolist() == [3000] and found.dt == pytest.approx(1 / rate, rel=1e-12)


@pytest.mark.parametrize("digits", [6, 7, 9])
def test_seconds_with_few_decimals_at_audio_rate(tmp_path: Path, digits: int) -> None:
    for rate in (44_100, 48_000):
        for start in (0, 1_700_000_000):
            ticks = [t + start * 10**digits for t in rounded(rate, 5000, digits, False)]
            found = read(tmp_path, [decimal(t, digits) for t in ticks])
            assert found.lengths.tolist() == [5000] and found.dt == pytest.approx(1 / rate, rel=1e-12)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("places", [3, 6, 9])
def test_whole_numbers_since_1970(tmp_path: Path, suffix: str, places: int) -> None:
    start = 1_700_000_000 * 10**places
    for rate in (100, 24, 400 if places == 3 else 44_100):
        stamps = [start + t for t in rounded(rate, 3000, places, False)]
        found = read(tmp_path, list(stamps), suffix)
        assert found.lengths.tolist() == [3000] and found.dt == pytest.approx(1 / rate, rel=1e-12)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_dates_with_decimals(tmp_path: Path, unit: str) -> None:
    places = {"ms": 3, "us": 6, "ns": 9}[unit]
    start = 1_704_067_200 * 10**places
    for rate in (24, 400 if unit == "ms" else 44_100):
        ticks = [start + t for t in rounded(rate, 2000, places, True)]
        stamps = pl.Series("t", ticks, pl.Int64).cast(pl.Datetime(unit))  # type: ignore[arg-type]
        for given, suffix in ((stamps, "parquet"), (stamps.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.{places}f"), "csv")):
            found = read(tmp_path, list(given), suffix) if suffix == "csv" else read(tmp_path, given, suffix)  # type: ignore[arg-type]
            assert found.lengths.tolist() == [2000] and found.dt == pytest.approx(1 / rate, rel=1e-12)


def test_holes_between_rounded_stamps(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for rate in (24, 30, 144, 256):
        kept = np.flatnonzero(rng.random(4000) > 0.1)
        ticks = np.array(rounded(rate, 4000, 3, False))[kept]
        found = read(tmp_path, [decimal(int(t), 3) for t in ticks])
        assert found.dt == pytest.approx(1 / rate, rel=1e-12)
        np.testing.assert_array_equal(np.flatnonzero(~np.isnan(found.outputs[0, :, 0])), kept - kept[0])


def test_irregular_stamps_stay_irregular(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        steps = rng.choice([2, 3], 1000)  # the steps of 400 Hz, in an order that no grid has
        with pytest.raises(ValueError, match="sampling is irregular; .* Leave the time column out"):
            read(tmp_path, [decimal(int(t), 3) for t in np.cumsum(steps)])


def test_two_grids_are_refused(tmp_path: Path) -> None:
    every_third_missing = [t for t in range(300) if t % 3 != 2]
    with pytest.raises(ValueError, match="fit two grids: 1 s with 99 samples missing, and 1.5 s with 0 missing"):
        read(tmp_path, list(every_third_missing))
    # Whole milliseconds at 700 Hz are as close to 1000 Hz with holes.
    with pytest.raises(ValueError, match="fit two grids.* If no sample is missing, leave the time column out"):
        read(tmp_path, [decimal(t, 3) for t in rounded(700, 1000, 3, False)])
    assert read(tmp_path, [0, 1, 3, 4]).lengths.tolist() == [5]  # one hole is chance


def test_equal_stamps_name_the_remedy_that_keeps_all_samples(tmp_path: Path) -> None:
    stamps = [decimal(t, 3) for t in rounded(2000, 100, 3, True)]
    with pytest.raises(ValueError, match="rows 1 and 2 have the same time.* Leave the time column out"):
        read(tmp_path, list(stamps))


def test_several_runs_share_the_fitted_grid(tmp_path: Path) -> None:
    ticks = rounded(30, 1000, 3, False)
    y = np.random.default_rng(3).standard_normal(1800)
    frame = pl.DataFrame({
        "r": [0] * 1000 + [1] * 800, "t": [decimal(t, 3) for t in ticks + [5000 + t for t in ticks[:800]]], "y": y
    })  # fmt: skip
    frame.write_csv(tmp_path / "a.csv")
    found = read_recording(tmp_path / "a.csv", ["y"], by="r", time="t")
    assert found.dt == 1 / 30 and found.lengths.tolist() == [1000, 800]
