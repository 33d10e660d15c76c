"""Arrays, frames and files of the same samples are one recording; what cannot be told is refused with the remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from ergoscope import locate
from ergoscope.learners import ladder, replay
from ergoscope.simulator import LinearSystem, Missing, Trajectories, find_recording, read_frame, read_recording, zoo
from ergoscope.simulator._recordings.find import is_data

RANDOM = np.random.default_rng(0)
Y, U = RANDOM.standard_normal(300).cumsum(), RANDOM.standard_normal(300)
Y[7] = np.nan
SECONDS = 10.0 * np.arange(300)
DATES = pd.date_range("2026-01-01", periods=300, freq="10s")


def same(one: Trajectories, other: Trajectories) -> None:
    for word in ("outputs", "inputs", "lengths"):
        np.testing.assert_array_equal(getattr(one, word), getattr(other, word))
    assert (one.dt, one.output_names, one.input_names) == (other.dt, other.output_names, other.input_names)
    assert one.reading is not None and other.reading is not None
    assert one.reading[:4] == other.reading[:4]


def test_a_file_a_frame_and_arrays_of_the_same_samples_are_the_same_recording(tmp_path: Path) -> None:
    made = Trajectories.of(Y, U, 10.0)
    columns = dict(time=SECONDS, y=Y, u=U)
    pl.DataFrame(columns).fill_nan(None).write_csv(tmp_path / "run.csv")
    named: Any = dict(output="y", input="u")
    frames = (pl.DataFrame(columns), pd.DataFrame(columns), columns, tmp_path / "run.csv", str(tmp_path / "run.csv"))
    for source in frames:
        same(find_recording(source, **named, time="time"), made)
    same(find_recording(Y, input=U, dt=10.0), made)
    same(find_recording(Y.tolist(), input=U.tolist(), dt=10.0), made)
    same(find_recording(pl.Series(Y), input=pd.Series(U), dt=10.0), made)
    assert find_recording(made) is made


@pytest.mark.parametrize("index", [DATES, DATES.tz_localize("Europe/Berlin"), DATES - DATES[0], DATES.to_period("s")])
def test_an_index_of_dates_is_the_time(index: Any) -> None:
    frame = pd.DataFrame(dict(y=Y, u=U), index=index)
    same(read_frame(frame, "y", "u"), Trajectories.of(Y, U, 10.0))
    holes = read_frame(frame.drop(frame.index[100:110]), ["y"])
    assert int(holes.lengths[0]) == 300 and np.isnan(holes.outputs[0, 100:110]).all()
    assert read_frame(frame.reset_index(names="when"), "y", time="when").dt == 10.0


@pytest.mark.parametrize("index", [DATES, DATES.tz_localize("Europe/Berlin"), DATES - DATES[0], DATES.to_period("s")])
def test_a_series_is_a_column_with_its_name_and_dates(index: Any) -> None:
    series = pd.Series(Y, index=index, name="flow")
    same(find_recording(series), replace(Trajectories.of(Y, dt=10.0), output_names=("flow",)))
    assert find_recording(series, output="level").output_names == ("level",)
    assert find_recording(series.rename(None)).output_names == ("y",)
    holes = find_recording(series.drop(series.index[100:110]))
    assert int(holes.lengths[0]) == 300 and np.isnan(holes.outputs[0, 100:110]).all()
    with pytest.raises(ValueError, match="time must increase"):
        find_recording(series.iloc[::-1])
    with pytest.raises(ValueError, match="give one data frame with both columns"):
        find_recording(series, input=U)
    for plain in (pl.Series("flow", Y), pd.Series(Y, name="flow")):
        found = find_recording(plain, input=U, dt=0.5)
        assert found.output_names == ("flow",) and found.dt == 0.5
        np.testing.assert_array_equal(found.inputs[0, :, 0], U)


def test_an_index_with_a_zone_keeps_its_nanoseconds() -> None:
    index = pd.date_range("2026-01-01", periods=300, freq="1500ns", tz="Europe/Berlin")
    assert read_frame(pd.DataFrame(dict(y=Y), index=index)).dt == 1.5e-6


def test_numbers_of_pandas_with_missing_values() -> None:
    frame = pd.DataFrame(dict(y=pd.array([1, None, 3, 4], dtype="Int64"), n=["a", "b", "c", "d"], ok=[True] * 4))
    np.testing.assert_array_equal(read_frame(frame).outputs[0, :, 0], [1, np.nan, 3, 4])
    np.testing.assert_array_equal(read_frame(pd.DataFrame({1: Y, "x": U}), "1").outputs[0, :, 0], Y)
    for missing in (None, np.nan, pd.NA, pd.NaT):
        cells = pd.DataFrame(dict(y=[1.5, missing, 3]), dtype=object)
        np.testing.assert_array_equal(read_frame(cells, "y").outputs[0, :, 0], [1.5, np.nan, 3])
        np.testing.assert_array_equal(find_recording(dict(y=[1.5, missing, 3])).outputs[0, :, 0], [1.5, np.nan, 3])
    np.testing.assert_array_equal(find_recording(pl.DataFrame(dict(y=Y)).lazy()).outputs[0, :, 0], Y)


def test_runs_of_a_frame_and_of_arrays() -> None:
    frame = pl.DataFrame(dict(y=Y, run=["a"] * 200 + ["b"] * 100))
    for source in (frame, pd.DataFrame(dict(y=Y, run=frame["run"].to_list()))):
        made = find_recording(source, "y", by="run")
        assert made.run_names == ("a", "b") and made.lengths.tolist() == [200, 100]
    arrays = Trajectories.of([Y[:200], Y[200:]])
    np.testing.assert_array_equal(made.outputs, arrays.outputs)
    np.testing.assert_array_equal(Trajectories.of(part for part in (Y[:200], Y[200:])).outputs, arrays.outputs)
    cube = Trajectories.of(np.stack([Y, U])[:, :, None])
    np.testing.assert_array_equal(cube.outputs, Trajectories.of((Y, U)).outputs)
    np.testing.assert_array_equal(Trajectories.of(np.stack([Y, U], axis=1)).outputs[0].T, [Y, U])


def test_masked_entries_and_none_are_missing_and_other_arrays_are_taken() -> None:
    import jax.numpy as jnp

    masked = np.ma.masked_where(np.arange(300) == 5, U)
    assert np.flatnonzero(np.isnan(Trajectories.of(masked).outputs)).tolist() == [5]
    listed = [None if k == 5 else float(u) for k, u in enumerate(U)]
    assert np.flatnonzero(np.isnan(Trajectories.of(listed).outputs)).tolist() == [5]
    assert Trajectories.of(jnp.arange(5)).outputs.shape == (1, 5, 1)
    assert Trajectories.of(np.arange(9, dtype=np.uint8)).outputs.dtype == np.float64


def test_a_frame_and_a_file_without_times_take_a_step(tmp_path: Path) -> None:
    pl.DataFrame(dict(y=Y)).write_csv(tmp_path / "y.csv")
    for source in (dict(y=Y), tmp_path / "y.csv"):
        found = find_recording(source, "y", dt=0.5)
        assert found.dt == 0.5 and found.reading is not None and found.reading.step == 0.5


@pytest.mark.parametrize(
    ("message", "call"),
    [
        ("400 channels of 2 samples: transpose it", lambda: Trajectories.of(np.zeros((2, 400)))),
        ("different lengths: .* a list of arrays", lambda: Trajectories.of([[1, 2, 3], [1, 2]])),
        ("at least two samples, got 0", lambda: Trajectories.of([])),
        ("at least two samples, got 1", lambda: Trajectories.of([1.0])),
        ("dt must be a positive number of seconds, or None, got '0.1'", lambda: find_recording([1, 2], dt="0.1")),  # type: ignore[arg-type]
        ("must be finite, NaN where missing; got inf", lambda: Trajectories.of([1.0, np.inf, 2.0])),
        ("outputs must be samples, got .*'a'", lambda: Trajectories.of(["a", "b"])),
        (r"got shape \(2, 2, 2, 2\)", lambda: Trajectories.of(np.zeros((2, 2, 2, 2)))),
        ("must be real", lambda: Trajectories.of(np.array([1j, 2.0]))),
        ("the same channels; got", lambda: Trajectories.of([np.zeros(9), np.zeros((9, 2))])),
        ("the samples of the outputs, 300; got 5", lambda: Trajectories.of(Y, U[:5])),
        ("2 different names", lambda: Trajectories.of(np.stack([Y, U], axis=1), output_names=["a"])),
        ("run_names must be 1 names", lambda: Trajectories.of(Y, run_names=["a", "b"])),
        ("dt must be a positive number", lambda: Trajectories.of(Y, dt=0.0)),
        ("which column is the output.* y, u", lambda: find_recording(dict(y=Y, u=U))),
        ("no column is called 'yy'; did you mean 'y'", lambda: find_recording(dict(y=Y), "yy")),
        ("named twice", lambda: find_recording(dict(y=Y), "y", "y")),
        ("all of one length", lambda: find_recording(dict(y=Y, u=U[:3]), "y")),
        ("has no rows", lambda: find_recording(dict(y=np.zeros(0)), "y")),
        ("holds 'a' in row 1", lambda: find_recording(pd.DataFrame(dict(y=["a", "b"])), "y")),
        ("holds 'x' in row 3", lambda: read_frame(pd.DataFrame(dict(y=[1.5, None, "x"])), "y")),
        (
            "'run', which names the run, is empty in row 2",
            lambda: read_frame(pd.DataFrame(dict(y=[1.5, 2, 3], run=["a", None, "a"])), "y", by="run"),
        ),
        ("two columns are called 'y'", lambda: read_frame(pd.DataFrame(np.ones((5, 2)), columns=["y", "y"]), "y")),
        (
            "has times, which give its step",
            lambda: find_recording(dict(y=Y, t=np.arange(300.0)), "y", time="t", dt=1.0),
        ),
        ("dt must be a positive number", lambda: find_recording(dict(y=Y), dt=-1.0)),
        ("by names a column", lambda: find_recording(Y, by="run")),
        ("give the samples, input=u", lambda: find_recording(Y, input="u")),
        ("join them into one", lambda: find_recording([pl.DataFrame(dict(y=Y))])),
        ("are named, such as", lambda: find_recording(dict(y=Y), "y", input=U)),
        ("have their own columns and step", lambda: find_recording(Trajectories.of(Y), "y")),
        ("always 1: there is nothing to predict", lambda: locate(np.ones(50))),
        ("constant within every run: there is nothing", lambda: locate([np.zeros(50), np.ones(50)])),
        ("every sample is missing", lambda: find_recording(np.full(50, np.nan))),
        ("random-walk is a system: leave them out", lambda: locate("random-walk", output="y")),
        ("that of a recording is input", lambda: locate(Y, inputs=U)),
        ("^Q, delay: for a system", lambda: locate(Y, Q=1.0, delay=1)),
        ("^noise, missing: for a system", lambda: locate(Y, noise="uniform", missing=Missing(0.1))),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_remedy(message: str, call: Any) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_systems_are_not_samples() -> None:
    import control

    plants = (zoo("random-walk"), control.ss([[1.0]], [[1.0]], [[1.0]], 0, True), lambda: zoo("random-walk"), "y.csv")
    assert not any(map(is_data, plants))
    assert isinstance(zoo("random-walk"), LinearSystem)
    assert all(map(is_data, (Y, [1.0], dict(y=Y), pl.DataFrame(), Trajectories.of(Y), iter([Y]))))


def test_locate_and_replay_take_them(tmp_path: Path) -> None:
    pl.DataFrame(dict(y=Y, u=U)).fill_nan(None).write_csv(tmp_path / "run.csv")
    options: Any = dict(sizes=range(3), model=False)
    answers = [
        locate(Y, input=U, **options),
        locate(pd.DataFrame(dict(y=Y, u=U)), output="y", input="u", **options),
        locate(tmp_path / "run.csv", output=["y"], input=["u"], **options),
        locate(read_recording(tmp_path / "run.csv", ["y"], ["u"]), **options),
    ]
    for answer in answers[1:]:
        assert answer.rungs.equals(answers[0].rungs)
        assert answer.sentence == answers[0].sentence
    np.testing.assert_array_equal(replay(ladder(range(3)), Y), replay(ladder(range(3)), Trajectories.of(Y)))


def test_one_missing_sample_is_not_several() -> None:
    answer = locate(Y, sizes=range(3), model=False, center=0.5)
    assert "read: 300 rows, 1 of 300 samples missing (0.3 %)" in answer.sentence
    assert answer.settings["center"] == [0.5]
