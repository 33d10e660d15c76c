import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.simulator import Trajectories, read_recording, write_trajectories
from ergoscope.simulator._recordings import write as _write


def some(seed: int = 0, dt: float | None = 0.1, states: int | None = 2, dtype: type = np.float64) -> Trajectories:
    rng = np.random.default_rng(seed)
    y, u = rng.standard_normal((3, 40, 2)).astype(dtype), rng.standard_normal((3, 40, 1)).astype(dtype)
    x = None if states is None else rng.standard_normal((3, 40, states)).astype(dtype)
    lengths = np.array([40, 25, 31])
    y[0, 5:8], y[1, 3, 1] = np.nan, np.nan
    for array in (y, u, *(() if x is None else (x,))):
        array[np.arange(40) >= lengths[:, None]] = np.nan
    return Trajectories(y, u, lengths, dt, ("y1", "y2"), ("u",), ("0", "1", "2"), x)


def stretches(whole: Trajectories, *borders: int) -> Iterator[Trajectories]:
    for a, b in zip((0, *borders), (*borders, whole.outputs.shape[1]), strict=True):
        x = None if whole.states is None else whole.states[:, a:b]
        lengths = np.clip(whole.lengths - a, 0, b - a)
        yield dataclasses.replace(
            whole, outputs=whole.outputs[:, a:b], inputs=whole.inputs[:, a:b], states=x, lengths=lengths
        )


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_round_trip(tmp_path: Path, suffix: str, dtype: type) -> None:
    whole = some(dtype=dtype)
    file = tmp_path / f"a.{suffix}"
    write_trajectories(whole, file)
    read = read_recording(file, ["y1", "y2"], ["u"], by="run", time="time")
    np.testing.assert_array_equal(read.outputs, whole.outputs.astype(np.float64))
    np.testing.assert_array_equal(read.inputs, whole.inputs.astype(np.float64))
    np.testing.assert_array_equal(read.lengths, whole.lengths)
    assert (read.dt, read.run_names) == (0.1, ("0", "1", "2"))
    states = read_recording(file, ["x1", "x2"], by="run", time="time").outputs
    np.testing.assert_array_equal(states, np.asarray(whole.states, dtype=np.float64))
    assert os.listdir(tmp_path) == [file.name]


@pytest.mark.parametrize("dt", [1 / 3, 1e-6, 0.7, 86400.0])
def test_round_trip_of_the_sampling_time(tmp_path: Path, dt: float) -> None:
    write_trajectories(some(dt=dt), tmp_path / "a.csv")
    assert read_recording(tmp_path / "a.csv", ["y1"], by="run", time="time").dt == pytest.approx(dt, rel=1e-12)


def test_columns_against_a_loop(tmp_path: Path) -> None:
    whole = some()
    write_trajectories(whole, tmp_path / "a.parquet")
    assert whole.states is not None
    rows = []
    for run, length in enumerate(whole.lengths.tolist()):
        for t in range(length):
            y, u, x = whole.outputs[run, t], whole.inputs[run, t], whole.states[run, t]
            rows.append((run, t, 0.1 * t, *(None if np.isnan(v) else v for v in y), *u, *x))
    frame = pl.read_parquet(tmp_path / "a.parquet")
    assert frame.columns == ["run", "t", "time", "y1", "y2", "u", "x1", "x2"]
    assert frame.rows() == rows


def test_without_dt_and_states(tmp_path: Path) -> None:
    whole = some(dt=None, states=None)
    write_trajectories(whole, tmp_path / "a.csv")
    assert pl.read_csv(tmp_path / "a.csv").columns == ["run", "t", "y1", "y2", "u"]
    np.testing.assert_array_equal(read_recording(tmp_path / "a.csv", ["y1", "y2"], by="run").outputs, whole.outputs)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("at_once", [1, 50, 1 << 18])
def test_stretches_equal_the_whole(tmp_path: Path, suffix: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_write, "ROWS_AT_ONCE", at_once)
    whole = some()
    write_trajectories(whole, tmp_path / f"a.{suffix}")
    write_trajectories(stretches(whole, 1, 7, 26, 33), tmp_path / f"b.{suffix}")
    read = pl.read_parquet if suffix == "parquet" else pl.read_csv
    one, two = read(tmp_path / f"a.{suffix}"), read(tmp_path / f"b.{suffix}")
    assert two.sort("run", "t").equals(one)
    # Stretch by stretch: within a run time goes on, and no stretch comes before an earlier one.
    ends = np.searchsorted([1, 7, 26, 33], two["t"].to_numpy(), side="right")
    assert (np.diff(ends) >= 0).all()
    assert sorted(os.listdir(tmp_path)) == [f"a.{suffix}", f"b.{suffix}"]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_few_stretches_are_held_at_once(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_write, "ROWS_AT_ONCE", 100)
    alive, most = 0, 0

    class Counted(Trajectories):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def chunks() -> Iterator[Trajectories]:
        nonlocal alive, most
        for i in range(50):
            piece = some(i)
            alive += 1
            most = max(most, alive)
            yield Counted(**{f.name: getattr(piece, f.name) for f in dataclasses.fields(piece)})

    write_trajectories(chunks(), tmp_path / f"a.{suffix}")
    assert most <= 3


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_nothing_is_left_of_a_failure(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_write, "ROWS_AT_ONCE", 1)

    def broken() -> Iterator[Trajectories]:
        yield some()
        yield some()
        raise RuntimeError("power cut")

    file = tmp_path / f"a.{suffix}"
    with pytest.raises(RuntimeError, match="power cut"):
        write_trajectories(broken(), file)
    assert os.listdir(tmp_path) == []
    write_trajectories(some(1), file)
    before = file.read_bytes()
    with pytest.raises(RuntimeError, match="power cut"):
        write_trajectories(broken(), file)
    assert os.listdir(tmp_path) == [file.name] and file.read_bytes() == before


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.parquet or \.csv"):
        write_trajectories(some(), tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match="choose a folder that exists"):
        write_trajectories(some(), tmp_path / "none" / "a.csv")
    with pytest.raises(ValueError, match="is empty"):
        write_trajectories([], tmp_path / "a.csv")
    with pytest.raises(ValueError, match="two columns would be called 't'"):
        write_trajectories(dataclasses.replace(some(), output_names=("t", "y")), tmp_path / "a.csv")
    with pytest.raises(ValueError, match="two columns would be called 'x1'"):
        write_trajectories(dataclasses.replace(some(), input_names=("x1",)), tmp_path / "a.csv")
    for other, words in ((some(dt=0.2), "dt"), (some(states=None), "states")):
        with pytest.raises(ValueError, match=f"must belong to the same runs; {words} changed"):
            write_trajectories([some(), other], tmp_path / "a.parquet")
    assert os.listdir(tmp_path) == []
