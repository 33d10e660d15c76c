from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest

from ergoscope.simulator import read_recording

ROOT = Path(__file__).parents[3]
DAISY = ROOT.parent / "shared" / "data" / "daisy"
Write = Callable[..., Path]
nan = np.nan


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str | bytes, name: str = "a.csv") -> Path:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


def column(values: list[float]) -> np.ndarray:
    return np.array(values)[None, :, None]


def test_one_file_against_loadtxt(tmp_path: Path) -> None:
    table = np.random.default_rng(0).standard_normal((50, 4))
    file = tmp_path / "run.csv"
    np.savetxt(file, table, delimiter=",", header="a,b,c,d", comments="", fmt="%.18e")
    read = read_recording(file, outputs=["d", "b"], inputs=["a"])
    np.testing.assert_array_equal(read.outputs, table[None][..., [3, 1]])
    np.testing.assert_array_equal(read.inputs, table[None][..., [0]])
    assert read.outputs.dtype == np.float64
    assert (read.output_names, read.input_names, read.run_names) == (("d", "b"), ("a",), ("run",))
    assert read.dt is None and read.lengths.tolist() == [50] and read.states is None


def test_missing_samples_and_blanks_around_numbers(write: Write) -> None:
    text = 't,y\n0, 1 \n1,\n2,NaN\n3,nan\n4,"3"\n5,null\n6,NA\n7,1e1\n8, \n9,+2\n'
    read = read_recording(write(text), outputs=["y"])
    np.testing.assert_array_equal(read.outputs, column([1, nan, nan, nan, 3, nan, nan, 10, nan, 2]))
    plain = read_recording(write("y\n1\n\nNaN\n2\n\n\n"), outputs=["y"])
    np.testing.assert_array_equal(plain.outputs, column([1, nan, nan, 2]))


def test_header_with_blanks_and_byte_order_mark(write: Write) -> None:
    read = read_recording(write("\ufeff u , y\r\n1,2\r\n3,4\r\n"), outputs="y", inputs="u")
    np.testing.assert_array_equal(read.outputs, column([2, 4]))
    np.testing.assert_array_equal(read.inputs, column([1, 3]))


def test_only_the_named_columns_are_parsed(write: Write) -> None:
    read = read_recording(write("note,y\nhello,1\ninf,2\n"), outputs=["y"])
    np.testing.assert_array_equal(read.outputs, column([1, 2]))


def test_the_only_column_of_numbers_is_the_output(write: Write, tmp_path: Path) -> None:
    file = write("t,run,note,u,y\n0,1,a,5, 1\n1,1,b,6,\n2,1,c,7,3\n")
    read = read_recording(file, inputs=["u"], by="run", time="t")
    assert read.output_names == ("y",)
    with pytest.raises(ValueError, match="which column is the output.* are run, u, y"):
        read_recording(file, time="t")
    with pytest.raises(ValueError, match="there is no column of numbers"):
        read_recording(write("note\na\nb\n"))
    pl.DataFrame({"s": ["a", "b"], "n": [1, 2]}).write_parquet(tmp_path / "a.parquet")
    assert read_recording(tmp_path / "a.parquet").output_names == ("n",)


def test_parquet_equals_csv_in_order_and_missing(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    y = [None if x < 0.1 else nan if x < 0.2 else x for x in rng.random(5000)]
    frame = pl.DataFrame({"y": y, "u": rng.integers(0, 9, 5000), "note": ["x"] * 5000})
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=100)
    frame.write_csv(tmp_path / "a.csv")
    one, two = (read_recording(tmp_path / f"a.{s}", ["y"], ["u"]) for s in ("parquet", "csv"))
    np.testing.assert_array_equal(one.outputs, two.outputs)
    np.testing.assert_array_equal(one.inputs, two.inputs)
    np.testing.assert_array_equal(one.outputs[0, :, 0], np.array(y, dtype=float))


def test_by_makes_runs_in_the_order_of_their_first_rows(write: Write) -> None:
    read = read_recording(write("y,run\n1,b\n10,a\n2, b\n20,a\n3,b\n"), ["y"], by="run")
    assert read.run_names == ("b", "a")
    assert read.lengths.tolist() == [3, 2]
    np.testing.assert_array_equal(read.outputs[..., 0], [[1, 2, 3], [10, 20, nan]])
    assert read.inputs.shape == (2, 3, 0)


def test_folder_and_glob_and_by(write: Write, tmp_path: Path) -> None:
    write("y,k\n3,1\n4,1\n", "d/b.csv")
    write("y,k\n1,1\n2,1\n5,2\n6,2\n", "d/a.csv")
    write("nothing", "d/notes.txt")
    pl.DataFrame({"y": [7, 8], "k": [1, 1]}).write_parquet(tmp_path / "d" / "c.parquet")
    folder = read_recording(tmp_path / "d", ["y"])
    assert folder.run_names == ("a", "b", "c")
    np.testing.assert_array_equal(folder.outputs[:, :2, 0], [[1, 2], [3, 4], [7, 8]])
    both = read_recording(str(tmp_path / "d" / "*.csv"), ["y"], by="k")
    assert both.run_names == ("a/1", "a/2", "b/1")
    np.testing.assert_array_equal(both.outputs[..., 0], [[1, 2], [5, 6], [3, 4]])
    write("y\n1\n2\n", "d/e/a.csv")
    assert read_recording(str(tmp_path / "d" / "**" / "a.csv"), ["y"]).run_names == ("a.csv", "e/a.csv")


def test_time_gives_dt_and_fills_holes(write: Write) -> None:
    read = read_recording(write("t,y,u\n5.0,1,1\n5.1,2,2\n5.2,3,3\n5.5,4,4\n5.6,,5\n"), ["y"], ["u"], time="t")
    assert read.dt == 0.1
    np.testing.assert_array_equal(read.outputs, column([1, 2, 3, nan, nan, 4, nan]))
    np.testing.assert_array_equal(read.inputs, column([1, 2, 3, nan, nan, 4, 5]))
    two = read_recording(write("t,y\n0,1\n1,2\n3,4\n"), ["y"], time="t")
    assert two.dt == 1.0 and two.lengths.tolist() == [4]


def test_random_holes_against_a_dictionary(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for dt in (0.1, 1 / 3, 2.5e-4, 3600.0):
        kept = np.flatnonzero(rng.random(400) > 0.3)
        y = rng.standard_normal(len(kept))
        pl.DataFrame({"t": 17.0 + kept * dt, "y": y}).write_csv(tmp_path / "a.csv")
        read = read_recording(tmp_path / "a.csv", ["y"], time="t")
        twin = dict(zip((kept - kept[0]).tolist(), y.tolist(), strict=True))
        want = [twin.get(t, nan) for t in range(kept[-1] - kept[0] + 1)]
        np.testing.assert_array_equal(read.outputs, column(want))
        assert read.dt == pytest.approx(dt, rel=1e-10)


def test_a_small_jitter_is_let_pass_and_a_large_one_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for spread, fine in ((0.002, True), (0.05, False)):
        # Steps differ from 1 by at most twice the spread: 0.4 % passes, 10 % does not.
        times = np.arange(200) + rng.uniform(-spread, spread, 200)
        pl.DataFrame({"t": times, "y": rng.standard_normal(200)}).write_csv(tmp_path / "a.csv")
        if fine:
            assert read_recording(tmp_path / "a.csv", ["y"], time="t").lengths.tolist() == [200]
        else:
            with pytest.raises(ValueError, match="irregular"):
                read_recording(tmp_path / "a.csv", ["y"], time="t")


def test_the_border_is_one_per_cent_of_dt(write: Write) -> None:
    rows = "".join(f"{t},{t % 3}\n" for t in range(9))
    assert read_recording(write("t,y\n" + rows + "9.0095,1\n"), ["y"], time="t").lengths.tolist() == [10]
    for late in ("9.0105", "8.5", "8.004"):
        with pytest.raises(ValueError, match="sampling is irregular; the step to row 10"):
            read_recording(write("t,y\n" + rows + f"{late},1\n"), ["y"], time="t")


@pytest.mark.parametrize("dates", [False, True])
def test_the_remedy_keeps_every_value_as_it_was_measured(tmp_path: Path, dates: bool) -> None:
    rng = np.random.default_rng(4)
    times = np.arange(100) * 0.5 + rng.uniform(-0.1, 0.1, 100)
    stamps = [datetime(2026, 5, 31) + timedelta(seconds=t) for t in times] if dates else times
    y = rng.standard_normal(100)
    file = tmp_path / "a.parquet"
    pl.DataFrame({"t": stamps, "y": y}).write_parquet(file)
    with pytest.raises(ValueError, match="Leave the time column out, .*, in polars: ") as refused:
        read_recording(file, ["y"], time="t")
    recipe = str(refused.value).split("in polars: ")[1].split("; values")[0]
    evaluated: pl.DataFrame = eval(recipe, {"pl": pl, "frame": pl.read_parquet(file)})  # noqa: S307
    evaluated.write_csv(tmp_path / "b.csv")
    read = read_recording(tmp_path / "b.csv", ["y"], time="t")
    assert read.dt == pytest.approx(0.5, rel=0.01)  # ends move by 0.1 of 49.5
    np.testing.assert_array_equal(read.outputs[0, :, 0], y)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_dates(tmp_path: Path, suffix: str, unit: Literal["ms", "us", "ns"]) -> None:
    start = datetime(2026, 5, 31, 23, 59, 59)
    stamps = pl.Series("t", [start + timedelta(milliseconds=250 * i) for i in (0, 1, 2, 5)], dtype=pl.Datetime(unit))
    frame = pl.DataFrame({"t": stamps, "y": [1, 2, 3, 4]})
    file = tmp_path / f"a.{suffix}"
    (frame.write_csv if suffix == "csv" else frame.write_parquet)(file)
    read = read_recording(file, ["y"], time="t")
    assert read.dt == 0.25
    np.testing.assert_array_equal(read.outputs, column([1, 2, 3, nan, nan, 4]))


def test_dates_a_few_microseconds_apart(tmp_path: Path) -> None:
    start = datetime(2026, 5, 31)
    frame = pl.DataFrame({"t": [start + timedelta(microseconds=3 * i) for i in (0, 1, 2, 4)], "y": [1, 2, 3, 4]})
    frame.write_csv(tmp_path / "a.csv")
    read = read_recording(tmp_path / "a.csv", ["y"], time="t")
    assert read.dt == pytest.approx(3e-6, rel=1e-9)
    np.testing.assert_array_equal(read.outputs, column([1, 2, 3, nan, 4]))


def test_times_with_blanks_around(write: Write) -> None:
    assert read_recording(write("t,y\n 0 ,1\n 2,2\n 4 ,3\n"), ["y"], time="t").dt == 2.0
    dates = write("t,y\n 2026-01-01,1\n2026-01-02 ,2\n 2026-01-03,1\n")
    assert read_recording(dates, ["y"], time="t").dt == 86400.0


def test_days_and_zones_and_durations(write: Write, tmp_path: Path) -> None:
    days = read_recording(write("t,y\n2026-01-30,1\n2026-01-31,2\n2026-02-01,3\n2026-02-03,4\n"), time="t")
    assert days.dt == 86400.0 and days.lengths.tolist() == [5]
    zoned = write("t,y\n2026-01-01T00:00:00+01:00,1\n2025-12-31T23:00:01Z,2\n2026-01-01T01:00:02.000+02:00,3\n")
    assert read_recording(zoned, ["y"], time="t").dt == 1.0
    days_of = [date(2026, 1, i) for i in (1, 2, 3)]
    columns = {"t": [timedelta(seconds=2 * i) for i in range(3)], "d": days_of, "k": [clock(12)] * 3, "y": [1, 2, 3]}
    pl.DataFrame(columns).write_parquet(tmp_path / "a.parquet")
    assert read_recording(tmp_path / "a.parquet", ["y"], time="t").dt == 2.0
    assert read_recording(tmp_path / "a.parquet", ["y"], time="d").dt == 86400.0
    with pytest.raises(ValueError, match="have the same time"):
        read_recording(tmp_path / "a.parquet", ["y"], time="k")


def test_blank_lines_count_for_nothing_where_time_tells_the_place(write: Write) -> None:
    read = read_recording(write("t,y\n0,1\n\n1,2\n2,3\n\n\n"), ["y"], time="t")
    np.testing.assert_array_equal(read.outputs, column([1, 2, 3]))
    with pytest.raises(ValueError, match="rows 3 and 4"):
        read_recording(write("t,y\n0,1\n\n1,2\n1,3\n"), ["y"], time="t")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        (" \n \n", "is empty"),
        ("t,y\n", "a header and no rows"),
        ("t,y\n0,1\n", "has one row; at least two"),
        ("t,x\n0,1\n1,2\n", "no column is called 'y'.*The columns are: t, x"),
        ("t,Y1\n0,1\n1,2\n", "did you mean 'Y1'|The columns are: t, Y1"),
        ("t,y,y\n0,1,1\n1,2,2\n", "two columns are called 'y'"),
        ("t,y\n0,1\n1,two\n2,3\n", "column 'y' holds 'two' in row 2, which is not a number"),
        ("t,y\n0,1\n1,1_0\n2,3\n", "column 'y' holds '1_0' in row 2"),
        ("t,y\n0,1\n1,2\n2,inf\n", "column 'y' holds inf in row 3"),
        ("t,y\n0,1\n1,2\n2, -Infinity\n", "column 'y' holds -inf in row 3"),
        ("t,y\n0,1\n1,2\n2,1e999\n", "column 'y' holds inf in row 3"),
        ("t,y\n0,\n1,NaN\n2,\n", "every sample is missing"),
        ("t,y\n0,1\n1,2,5\n2,3\n", "row 2 has 3 cells under 2 column names.*decimal mark"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary data"),
        (b"t,y\n0,1\n1,\xb0C\n2,4\n", "holds '.C' in row 2, which is not a number"),
        (b"t,y\n0,1\n1,\x81\n2,4\n", "is not text in cp1252: give its --encoding"),
        ('t,y\n0,1\n1,"2\n2,3\n', "a quote mark opens a cell and is not closed"),
        ("t,y\n0,1\n1,2\n1,3\n", "rows 2 and 3 have the same time"),
        ("t,y\n0,1\n2,2\n1,3\n", "goes back by 1 s between rows 2 and 3.*\\(by\\)"),
        ("t,y\n0,1\n1,2\n,3\n", "time column 't' is empty in row 3"),
        ("t,y\n0,1\n1,2\nsoon,3\n", "time column 't' holds 'soon' in row 3"),
        ("t,y\n0,1\n1,2\nnan,3\n", "time column 't' holds 'nan' in row 3"),
        ("t,y\n2026-01-01,1\n2026-01-02,2\nsoon,3\n", "time column 't' holds 'soon' in row 3"),
        ("t,y\n2026-01-41,1\n2026-01-42,2\n", "dates|holds '2026-01-41' in row 1"),
        ("t,y\n01/02/2026,1\n02/02/2026,2\n", "may be %d/%m/%Y or %m/%d/%Y: give the --time-format"),
        ("t,y\n0,1\n1,2\n2,1\n403,3\n", "longest hole, 401 s, ends at row 4"),
    ],
)
def test_what_is_refused(write: Write, text: str | bytes, words: str) -> None:
    file = write(text)
    with pytest.raises(ValueError, match="(?s)" + words) as refused:
        read_recording(file, ["y"], time="t")
    assert str(file) in str(refused.value)


def test_the_first_bad_row_is_found_far_down(write: Write) -> None:
    rows = ["0"] * 200_000
    rows[150_000:150_002] = ["oops", "oops"]
    with pytest.raises(ValueError, match="row 150001"):
        read_recording(write("y\n" + "\n".join(rows)), ["y"])


def test_a_hundred_times_the_data_is_the_limit(write: Write) -> None:
    rows = "t,y\n0,1\n1,2\n2,1\n"
    assert read_recording(write(rows + "399,3\n"), ["y"], time="t").lengths.tolist() == [400]
    with pytest.raises(ValueError, match="longest hole, 398 s, ends at row 4"):
        read_recording(write(rows + "400,3\n"), ["y"], time="t")


def test_what_is_refused_over_several_runs(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run 'b'.* usual step is 2 s, that of all runs together 1 s"):
        read_recording(write("r,t,y\na,0,1\na,1,2\na,2,3\nb,0,1\nb,2,2\n"), ["y"], by="r", time="t")
    with pytest.raises(ValueError, match="run 'b' has one row.*is 'r' the column"):
        read_recording(write("r,y\na,0\na,1\nb,2\n"), ["y"], by="r")
    assert read_recording(write("r,y\na,0\na,0\nb,2\nb,3\n"), ["y"], by="r").run_names == ("a", "b")
    with pytest.raises(ValueError, match="run 'b' has no value of y"):
        read_recording(write("r,y\na,0\na,1\nb,\nb,\n"), ["y"], by="r")
    with pytest.raises(ValueError, match="'r', which names the run, is empty in row 2"):
        read_recording(write("r,y\na,0\n,1\na,2\n"), ["y"], by="r")
    with pytest.raises(ValueError, match="output 'z' has no value in any run"):
        read_recording(write("y,z\n0,\n1,\n"), ["y", "z"])
    with pytest.raises(ValueError, match="'y' is named twice"):
        read_recording(write("y\n0\n1\n"), ["y"], ["y"])
    (tmp_path / "bare").mkdir()
    with pytest.raises(FileNotFoundError, match=r"holds no \.csv, \.parquet or other"):
        read_recording(tmp_path / "bare", ["y"])
    with pytest.raises(FileNotFoundError, match="no file matches"):
        read_recording(str(tmp_path / "none*.csv"), ["y"])
    with pytest.raises(FileNotFoundError, match="no file or folder.*did you mean 'a.csv'"):
        read_recording(tmp_path / "a.cvs", ["y"])


def test_parquet_that_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a Parquet file"):
        read_recording(write("y\n1\n2\n", "a.parquet"), ["y"])
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        read_recording(write(b"PAR1" + bytes(50), "b.parquet"), ["y"])
    file = tmp_path / "c.parquet"
    pl.DataFrame(
        {"y": ["1", "x"], "b": [True, False], "f": [1.0, np.inf], "n": [None, None], "g": [1, 2]}
    ).write_parquet(file)
    with pytest.raises(ValueError, match="'y' holds 'x' in row 2"):
        read_recording(file, ["y"])
    with pytest.raises(ValueError, match="'b' must hold numbers.*Boolean"):
        read_recording(file, ["b"])
    with pytest.raises(ValueError, match="'f' holds inf in row 2"):
        read_recording(file, ["f"])
    with pytest.raises(ValueError, match="is empty"):
        read_recording(file, ["n"])
    with pytest.raises(ValueError, match="time column 'b' must hold seconds"):
        read_recording(file, ["g"], time="b")


def test_nile() -> None:
    read = read_recording(ROOT / "examples" / "data" / "nile.csv", time="year")
    assert read.output_names == ("flow",) and read.dt == 365.2425 * 86_400
    assert read.outputs.shape == (1, 100, 1) and not np.isnan(read.outputs).any()
    # Mean and standard deviation as in Durbin and Koopman, and the first and last value.
    assert read.outputs.mean() == pytest.approx(919.35)
    assert read.outputs[0, [0, -1], 0].tolist() == [1120, 740]


@pytest.mark.skipif(not DAISY.is_dir(), reason="the DaISy recordings are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "u", "y", "time", "rows", "dt"),
    [
        ("ball-and-beam", "u", "y", None, 1000, None),
        ("robot-arm", "u", "y", None, 1024, None),
        ("exchanger", "q", "th", "ts", 4000, 1.0),
    ],
)
def test_daisy(name: str, u: str, y: str, time: str | None, rows: int, dt: float | None) -> None:
    file = DAISY / f"{name}.csv"
    read = read_recording(file, [y], [u], time=time)
    twin = np.genfromtxt(file, delimiter=",", names=True)
    np.testing.assert_array_equal(read.outputs[0, :, 0], twin[y])
    np.testing.assert_array_equal(read.inputs[0, :, 0], twin[u])
    assert read.dt == dt and read.lengths.tolist() == [rows]


def test_the_reading_counts_rows_missing_samples_and_files(write: Write) -> None:
    read = read_recording(write("t,y,u\n5.0,1,1\n5.1,2,2\n5.2,3,3\n5.5,4,4\n5.6,,5\n"), ["y"], ["u"], time="t")
    assert read.reading is not None and read.reading[:5] == (5, 3, 0.1, 4 / 7, ("a.csv",))
    two = read_recording(write("r,y,z\na,1,1\na,2,\na,3,3\nb,2,2\nb,3,3\n"), ["y", "z"], by="r")
    assert two.reading is not None and two.reading[:5] == (5, 1, None, 4 / 5, ("a.csv",))
