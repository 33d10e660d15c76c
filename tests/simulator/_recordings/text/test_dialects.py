"""How a text is written: what is certain is read, what is not is refused with the option that tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.simulator import Dialect, Trajectories, read_recording

nan = np.nan


def read(folder: Path, text: str | bytes, *columns: str, time: str | None = None, **told: Any) -> Trajectories:
    file = folder / "a.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_recording(file, columns, time=time, dialect=Dialect(**told) if told else None)


@pytest.mark.parametrize(
    ("text", "column", "values", "words"),
    [
        ("t;y\n0;1.299,99\n1;999,50\n", "y", [1299.99, 999.5], "separator ';', decimal ','"),
        ("t;y\n0;1 299,5\n1;2'000,25\n", "y", [1299.5, 2000.25], "decimal ','"),
        ("t;y\n0;1\u00a0299,5\n1;2,25\n", "y", [1299.5, 2.25], "decimal ','"),
        ("t;y\n0;22,041\n1;21,958\n", "y", [22.041, 21.958], "decimal ','"),
        ('t,y\n0,"1,299.99"\n1,"999.5"\n', "y", [1299.99, 999.5], "2 rows, no"),
        ('t,y\n0,"1,299,000"\n1,"2,000,000"\n', "y", [1299000, 2000000], "2 rows, no"),
        ('t,y\n0,"22,041"\n1,"23,5"\n', "y", [22.041, 23.5], "2 rows, decimal ','"),
        ('t,y\n0,"22,041"\n1,1234\n', "y", [22.041, 1234], "decimal ','"),
        ("t\ty\n0\t22,041\n1\t0,511\n", "y", [22.041, 0.511], "separator tab, decimal ','"),
        ("t|y\n0|22.041\n1|21.511\n", "y", [22.041, 21.511], "separator '|'"),
        ("t\ty\n0\t22.041\n1\t21.511\n", "y", [22.041, 21.511], "separator tab"),
        ("0.5 1.5e0\n1.0 2.5e-1\n", "2", [1.5, 0.25], "separator blanks, no header"),
        ("  0.0000e+00   1.5e+00\n  1.0e+00  -2.5e+00\n", "2", [1.5, -2.5], "separator blanks, no header"),
        ("# t y\n0.5 1.5\n1.0 2.5\n", "y", [1.5, 2.5], "separator blanks, comments after #"),
        ("# a b c\n% t y\n0.5 1.5\n1.0 2.5\n", "y", [1.5, 2.5], "column names in line 2, comments after # %"),
        ("time [s]   y [V]\n0.5 1.5\n1.0 2.5\n", "y [V]", [1.5, 2.5], "separator blanks"),
        ("t\ty\tnote\n0\t1.5\ta b\n1\t2.5\tc\n", "y", [1.5, 2.5], "separator tab"),
        ("t,y\n0,1.5\n# restarted\n1,2.5\n", "y", None, "row 2 is '# restarted': if it is a comment, --comment '#'"),
        ("# a\nt,y\n0,1.5\n# restarted\n1,2.5\n", "y", [1.5, 2.5], "comments after #"),
        ("\n\nt,y\n0,1.5\n1,2.5\n", "y", [1.5, 2.5], "column names in line 3"),
        ("t,y,\n0,1.5,\n1,2.5,\n", "y", [1.5, 2.5], "2 rows, no"),
        ("t,y\n0,1.5,\n1,2.5,\n", "y", [1.5, 2.5], "2 rows, no"),
        ("t,y,\n0,1.5\n1,2.5\n", "y", [1.5, 2.5], "2 rows, no"),
        (",0,1\n0,1.5,2\n1,2.5,3\n", "0", [1.5, 2.5], "2 rows, no"),
        ("time,y\ns,degC\n0,1.5\n1,2.5\n", "y", [1.5, 2.5], "a row of units, y in degC"),
        ("time,y\n,degC\n2024-01-01,1.5\n2024-01-02,2.5\n", "y", [1.5, 2.5], "a row of units, y in degC"),
        ("t,y\n0,ERR\n1,2.5\n2,1.5\n", "y", None, "holds 'ERR' in row 1.*--missing 'ERR'"),
        ("a;y\n0;\u2212,5\n1;2,5\n2;-3\n", "y", [-0.5, 2.5, -3], "decimal ','"),
        ("a,y\n0,\u221212.5\n1,3e\u22121\n", "y", [-12.5, 0.3], "2 rows, no"),
        ("t,y\n0,12 %\n1,13 %\n", "y", None, r"'12 %' in row 1.*write 12; the header may hold it: y \[%\]"),
        ("t,y\n0,12.5kW\n1,13\n", "y", None, r"write 12.5; the header may hold it: y \[kW\]"),
        ("t,y\n0,\u20ac 5\n1,13\n", "y", None, r"write 5; the header may hold it"),
        ("t,y\n0,(12.5)\n1,13.5\n", "y", None, r"brackets mean a negative number, write -12.5"),
        ("t,y\n0,1.5\n1,2\nt,y\n2,3\n", "y", None, "'y' in row 3.*the header is repeated there: remove that row"),
        ("t,y\n0,=A2\n1,2\n", "y", None, "a formula is not computed here: open the file in its program, and save it"),
        ("t,y\n0,5*\n1,2\n", "y", None, r"--missing '5\*'"),
        ("t,y\n0,-\n1,2.5\n2,#DIV/0!\n3,1\n", "y", [nan, 2.5, nan, 1], "'#DIV/0!', '-' missing"),
        ("température,y\n0,1\n1,2\n".encode("cp1252"), "température", [0, 1], "encoding cp1252"),
        ("t,y\n0,1.5\n1,2\n".encode("utf-16-le"), "y", [1.5, 2], "encoding utf-16-le"),
        ("t,y\n0,1.5\n1,2\n".encode("utf-16-be"), "y", [1.5, 2], "encoding utf-16-be"),
        ("t,y\n0,1.5\n1,2\n".encode("utf-32"), "y", [1.5, 2], "encoding utf-32"),
        ("\ufeffsep=;\nt;y\n0;1,5\n1;2,25\n", "y", [1.5, 2.25], "separator ';', decimal ',', column names in line 2"),
        ("t,y\n0,1.5\n1,2.5\n", "2", [1.5, 2.5], "2 rows, no"),
        ("0.0D+00 1.5D+00\n1.0D+00 -2.5d-1\n", "2", [1.5, -0.25], "separator blanks, no header"),
        ("t,1,2\n0,5,7\n1,6,8\n", "2", [7, 8], "2 rows, no"),
        ("t,101\n0,5.5\n1,6.5\n", "101", [5.5, 6.5], "2 rows, no"),
        ("t;y;z\n0;1,5;1.250\n1;2,5;2.500\n", "y", [1.5, 2.5], "decimal ','"),
        ("t;y;z\n0;0.5;1,5\n1;1.25;2,5\n", "y", [0.5, 1.25], "separator ';'"),
        ('t,y,note\n0,1.234,"a 1,5"\n1,1.5,"b"\n', "y", [1.234, 1.5], "2 rows, no"),
        ("0,1\n1,2\n2,3\n3,4\n", "1", None, "may be one number"),
        ("0,1,2\n1,2,7\n2,3,9\n3,4,7\n", "3", None, "may hold column numbers"),
        ("0,10\n1,12\n2,30\n3,5\n", "2", [10, 12, 30, 5], "no header"),
        ("2019,100\n2020,90\n2021,101\n", "2", [100, 90, 101], "no header"),
        ("100,700\n99,65\n98,-10\n", "2", [700, 65, -10], "no header"),
        ("1990,1991\n1991,-1400\n1992,1650\n", "2", [1991, -1400, 1650], "no header"),
        ("100,700,30\n99,650,25\n98,-10,1\n", "3", [30, 25, 1], "no header"),
        ("P1,5,6\nP2,7,8\nP3,9,9\n", "2", None, "has words and numbers"),
        ("0,ERR\n1,5.5\n2,6.5\n", "2", None, "has words and numbers"),
        ('"y" "u"\n"1" 1.5 2\n"2" 2.5 3\n', "y", None, "row 1 has 3 cells under 2 column names"),
        ("x\tz\nX\ty\tNote\n0.0\t1.5\n0.1\t2.5\n", "y", None, "has 3 cells under 2 column names.*--header LINE"),
    ],
)
def test_what_is_certain_is_read(
    tmp_path: Path, text: str | bytes, column: str, values: list[float] | None, words: str
) -> None:
    if values is None:
        with pytest.raises(ValueError, match=words):
            read(tmp_path, text, column)
        return
    found = read(tmp_path, text, column)
    np.testing.assert_array_equal(found.outputs[0, :, 0], values)
    assert found.reading is not None and words in found.reading.words


@pytest.mark.parametrize(
    ("text", "column", "words", "told"),
    [
        ("t;y\n0;1.299\n1;999\n", "y", "'1.299' may be 1.299 or 1299", [dict(decimal=","), dict(decimal=".")]),
        ('t,y\n0,"22,041"\n1,"23,511"\n', "y", "'22,041' may be", [dict(decimal=","), dict(decimal=".")]),
        ("t\ty\n0\t22,041\n1\t23,511\n", "y", "'22,041' may be", [dict(decimal=","), dict(decimal=".")]),
        ("t;y\n0;12,5\n1;1.234\n", "y", "holds '1.234', and other numbers", [dict(decimal=",")]),
        ("t;y\n0;1,5\n1;2.5\n", "y", "is a comma or a point the decimal mark", []),
        (
            "t;y\n0;1,234\n1;2.345\n",
            "y",
            "is a comma or a point the decimal mark",
            [dict(decimal=","), dict(decimal=".")],
        ),
        ("y\n1,5\n2,25\n", "y", "--decimal ','", [dict(decimal=",")]),
        ("t;y;z\n0;1,500;1.5\n1;2,500;1.5\n", "y", "other numbers of the file have '.'", [dict(decimal=",")]),
        ("t;y;z\n0;1,5;1.5\n1;2,5;1.5\n", "y", "is a comma or a point the decimal mark", []),
        (
            't,y,z\n0,1.234,"1,5"\n1,2.345,"1,5"\n',
            "y",
            "holds '1.234', and other",
            [dict(decimal="."), dict(decimal=",")],
        ),
        ("1,5\n2,25\n", "2", "1,5 in row 1 may be one number", [dict(decimal=".")]),
        ("10,5\n11,5\n12,5\n", "1", "--decimal ','.*--separator ','", [dict(decimal=","), dict(separator=",")]),
        ("10,2\n11,7\n", "1", "10,2 in row 1 may be one number", [dict(decimal=","), dict(separator=",")]),
        ("-10,20\n11,20\n", "1", "-10,20 in row 1 may be one number", [dict(decimal=","), dict(separator=",")]),
        ("1,5,2,5\n3,5,4,5\n5,5,6,5\n", "1", "1,5 in row 1 may be one number", [dict(decimal=".")]),
        ("a,b,y,u\n10,0,10,0\n11,0,11,0\n", "y", "10,0 in row 1 may be one number", [dict(decimal=".")]),
        ("2019,2020\n1,2\n3,41\n5,6\n", "2", "may hold column numbers", [dict(header=0), dict(header=1)]),
        ("2019,2020\n1500,1200\n1400,1900\n", "2", "may hold column numbers", [dict(header=0, decimal=".")]),
        ("101,205\n1,2\n3,40\n5,6\n", "2", "may hold column numbers", [dict(header=0), dict(header=1)]),
        ("0,1\n1,2\n2,5\n", "2", "may hold column numbers or a sample", [dict(header=0, decimal="."), dict(header=1)]),
        ("101,102\n0.5,1.5\n0.25,1.75\n", "2", "may hold column numbers", [dict(header=0), dict(header=1)]),
        ("P1,5.5\nP2,6.5\nP3,7.5\n", "2", "has words and numbers", [dict(header=0), dict(header=1)]),
        ("Station X\nLat 5\nt;y\n0;1.5\n1;2.5\n", "2", "--header 3", [dict(header=3)]),
        ("a,b;c\n1,x;2\n4,z;5\n", "a", "both commas and semicolons", [dict(separator=",")]),
        ("t,y\n0,5\n1,x\n", "y", "--missing 'x'", [dict(missing=("x",))]),
    ],
)
def test_what_is_not_certain_is_refused_with_the_option(
    tmp_path: Path, text: str, column: str, words: str, told: list[dict[str, Any]]
) -> None:
    with pytest.raises(ValueError, match=words):
        read(tmp_path, text, column)
    for options in told:
        names = text.split("\n")[0].replace(";", ",").split(",")
        used = names[1] if options.get("header") == 1 else column
        found = read(tmp_path, text, used, **options)
        assert found.reading is not None
        assert all(getattr(found.reading.dialect, word) == value for word, value in options.items())


def test_forced_values(tmp_path: Path) -> None:
    text = "t;y\n0;1.299\n1;999\n"
    assert read(tmp_path, text, "y", decimal=",").outputs[0, :, 0].tolist() == [1299, 999]
    assert read(tmp_path, text, "y", decimal=".").outputs[0, :, 0].tolist() == [1.299, 999]
    with pytest.raises(ValueError, match="holds '1.5' in row 1, and ',' is the decimal mark"):
        read(tmp_path, "t;y\n0;1.5\n1;2\n", "y", decimal=",")
    with pytest.raises(ValueError, match="row 1 has 3 cells|no column"):
        read(tmp_path, "time,y,note\n0,1,5\n1,2,25\n", "y", decimal=",")
    found = read(tmp_path, "t;y\n0;-999\n1;2,5\n2;x\n3;-999,0\n", "y", missing=("-999", "x"))
    np.testing.assert_array_equal(found.outputs[0, :, 0], [nan, 2.5, nan, nan])
    assert read(tmp_path, "t,y\n0,-999\n1,2.5\n", "y").outputs[0, 0, 0] == -999
    np.testing.assert_array_equal(
        read(tmp_path, "t,y\n0,-999\n1,2.5\n", "y", missing=-999).outputs[0, :, 0], [nan, 2.5]
    )
    assert read(tmp_path, "y\nV\n1.5\n2\n", "y", units_row=True).outputs[0, :, 0].tolist() == [1.5, 2]
    with pytest.raises(ValueError, match="holds 'V' in row 1"):
        read(tmp_path, "y\nV\n1.5\n2\n", "y", units_row=False)
    with pytest.raises(ValueError, match="the first line has no commas.*--header 2"):
        read(tmp_path, "# a\nt,y\n0,1\n1,2\n", "y", comment="")


@pytest.mark.parametrize(
    ("stamps", "step", "form"),
    [
        (["28/10/2022", "29/10/2022", "30/10/2022"], 86_400, "%d/%m/%Y"),
        (["10/29/22 14:05", "10/29/22 14:10", "10/29/22 14:15"], 300, "%m/%d/%y %H:%M"),
        (["10/11/22 14:05", "10/12/22 14:05", "10/13/22 14:05"], 86_400, "%m/%d/%y %H:%M"),
        (["10/31/2022 11:30 PM", "11/01/2022 12:30 AM", "11/01/2022 1:30 AM"], 3600, "%m/%d/%Y %I:%M %p"),
        (["01.02.2024 00:00:00", "01.02.2024 00:00:01", "01.02.2024 00:00:02"], 1, "%d.%m.%Y %H:%M:%S"),
        (["1.2.24 0:00", "1.2.24 0:30", "1.2.24 1:00"], 1800, "%d.%m.%y %H:%M"),
        (["2024/01/02", "2024/01/03", "2024/01/04"], 86_400, "%Y/%m/%d"),
        (["31-Jan-2024 00:00:00.5", "31-Jan-2024 00:00:01", "31-Jan-2024 00:00:01.5"], 0.5, "%d-%b-%Y %H:%M:%S.%f"),
        (["20240102T030405", "20240102T030406", "20240102T030407"], 1, "%Y%m%dT%H%M%S"),
        (["2024-01", "2024-02", "2024-03"], 30.436875 * 86_400, "%Y-%m"),
        (["Jan 31 2024", "Feb 1 2024", "Feb 2 2024"], 86_400, "%b %d %Y"),
        (["Jan 31, 2024 5:00 PM", "Jan 31, 2024 6:00 PM", "Jan 31, 2024 7:00 PM"], 3600, "%b %d, %Y %I:%M %p"),
        (["Nov 2024", "Dec 2024", "Jan 2025"], 30.436875 * 86_400, "%b %Y"),
        (["00:00:05", "00:00:10", "00:00:15"], 5, "%H:%M:%S"),
        (["23:59:59", "24:00:00", "24:00:01"], 1, "%H:%M:%S"),
        (["00:05.0", "00:05.5", "00:06.0"], 0.5, "%M:%S"),
        (["2024-05-01 00:00:00,125", "2024-05-01 00:00:00,250", "2024-05-01 00:00:00,375"], 0.125, None),
        (["01/02/2024 00:00:01", "01/02/2024 00:00:02", "01/02/2024 00:00:03"], 1, "%d/%m/%Y %H:%M:%S"),
    ],
)
def test_dates_in_other_orders(tmp_path: Path, stamps: list[str], step: float, form: str | None) -> None:
    text = "time;y\n" + "".join(f"{stamp};{k}\n" for k, stamp in enumerate(stamps))
    found = read(tmp_path, text, "y", time="time")
    assert found.dt == pytest.approx(step, rel=1e-12) and found.lengths.tolist() == [3]
    assert found.reading is not None and found.reading.dialect.time_format == form
    if form is not None:
        again = read(tmp_path, text, "y", time="time", time_format=form)
        assert again.dt == found.dt and again.reading == found.reading


@pytest.mark.parametrize(
    ("stamps", "words", "forms"),
    [
        (
            ["10/11/22", "10/12/22"],
            "may be %d/%m/%y or %m/%d/%y: give the --time-format",
            {"%d/%m/%y": 30, "%m/%d/%y": 1},
        ),
        (["22-10-28", "22-10-29"], "may be %d-%m-%y or %y-%m-%d: give the --time-format", {"%y-%m-%d": 1}),
        (["00:05", "00:10"], "hours and minutes or minutes and seconds", {"%H:%M": 300 / 86_400, "%M:%S": 5 / 86_400}),
        (["2000Q1", "2000Q2"], "quarters have no format: write the first month of each, 2000-01", {}),
        (["Q4 2000", "Q1 2001"], "quarters have no format: write the first month of each, 2000-10", {}),
        (["Monday", "Tuesday"], "no time that is known.*give their --time-format", {}),
    ],
)
def test_dates_that_are_not_certain(tmp_path: Path, stamps: list[str], words: str, forms: dict[str, float]) -> None:
    text = "time,y\n" + "".join(f"{stamp},{k}\n" for k, stamp in enumerate(stamps))
    with pytest.raises(ValueError, match=words):
        read(tmp_path, text, "y", time="time")
    for form, days in forms.items():
        assert read(tmp_path, text, "y", time="time", time_format=form).dt == pytest.approx(days * 86_400)
    with pytest.raises(ValueError, match=r"in row 1; expected dates written as %Y"):
        read(tmp_path, text, "y", time="time", time_format="%Y %j")


@pytest.mark.parametrize(
    ("name", "unit", "stamps", "step", "words"),
    [
        ("t [ms]", None, ["0", "5", "10"], 0.005, "time in ms"),
        ("t (min)", None, ["0", "0.5", "1.0"], 30, "time in min"),
        ("time_us", None, ["0", "5", "10"], 5e-6, "step 5 us"),
        ("t", "h", ["0", "1", "2"], 3600, "step 1 h"),
        ("year", None, ["1871", "1872", "1873"], 365.2425 * 86_400, "time in years, no sample missing, step 1 year"),
        ("t", None, ["0", "5", "10"], 5, "step 5 s"),
        ("day", None, ["20240130", "20240131", "20240201"], 86_400, "step 1 day"),
    ],
)
def test_the_unit_of_the_time(
    tmp_path: Path, name: str, unit: str | None, stamps: list[str], step: float, words: str
) -> None:
    text = f"{name},y\n" + (f"{unit},V\n" if unit else "") + "".join(f"{t},{k}.5\n" for k, t in enumerate(stamps))
    found = read(tmp_path, text, "y", time=name)
    assert found.dt == pytest.approx(step, rel=1e-12) and found.reading is not None and words in found.reading.words
    assert read(tmp_path, text, "y", time=name, time_format="h").dt == 3600 * (float(stamps[1]) - float(stamps[0]))


def test_units_are_told_once(tmp_path: Path) -> None:
    for text in ("time,y\ns,m\n0,1.5\n1,2\n", "time (s),y [m]\n0,1.5\n1,2\n"):
        found = read(tmp_path, text, "2", time="1")
        assert found.reading is not None and found.reading.words.count("in s") == 1
        assert found.reading.words.count("y in m") == (",y\n" in text)  # else it is in the name
        assert list(found.reading.units.values()) == ["m"]


@pytest.mark.parametrize(
    ("header", "named", "time", "full"),
    [
        ("time [h],y [m/s],u", "y", "time", "y [m/s]"),
        ("time [h],y [m/s],u", "y [m/s]", "time [h]", "y [m/s]"),
        ("time (h),y,y [m]", "y", "time", "y"),
        ("time,y [a],y [b]", "y", "time", None),
        ("time,z [a],b", "y", "time", None),
    ],
)
def test_a_name_without_its_unit(tmp_path: Path, header: str, named: str, time: str, full: str | None) -> None:
    text = f"{header}\n0,1.5,2\n1,2.5,4\n"
    if full is None:
        with pytest.raises(ValueError, match="no column is called 'y'"):
            read(tmp_path, text, named, time=time)
        return
    found = read(tmp_path, text, named, time=time)
    assert found.output_names == (full,) and found.dt == 3600 and found.outputs[0, 0, 0] == 1.5


def test_what_is_no_unit_of_time(tmp_path: Path) -> None:
    text = "t [ticks],y\n0,1\n5,2\n10,3\n"
    with pytest.raises(ValueError, match="counts 'ticks', which is no unit of time: give the --time-format"):
        read(tmp_path, text, "y", time="t [ticks]")
    assert read(tmp_path, text, "y", time="t [ticks]", time_format="ms").dt == 0.005
    assert read(tmp_path, "t,y\nminutes since 2024-01-01,V\n0,1\n1,2\n", "y", time="t").dt == 60
    assert read(tmp_path, "time_a,y\n0,1\n5,2\n10,3\n", "y", time="time_a").dt == 5.0


def test_date_and_time_of_day_in_two_columns(tmp_path: Path) -> None:
    text = "date;clock;y\n01.02.2024;23:59:59;1\n02.02.2024;00:00:00;2\n02.02.2024;00:00:01;1\n"
    assert read(tmp_path, text, "y", time="date,clock").dt == 1.0


def test_rows_out_of_order_and_rough_stamps(tmp_path: Path) -> None:
    text = "r,t,y\na,3,4\nb,1,20\na,0,1\nb,0,10\na,1,2\nb,2,30\na,2,3\n"
    (tmp_path / "r.csv").write_text(text)
    found = read_recording(tmp_path / "r.csv", ["y"], by="r", time="t", dialect=Dialect(sort=True))
    np.testing.assert_array_equal(found.outputs[..., 0], [[1, 2, 3, 4], [10, 20, 30, nan]])
    rough = read(tmp_path, "t,y\n0,1\n1,2\n1,3\n2.5,4\n1.5,5\n", "y", time="t", time_order=True)
    assert rough.outputs[0, :, 0].tolist() == [1, 2, 3, 4, 5] and rough.dt == 1.0
    with pytest.raises(ValueError, match="sampling is irregular.*--time-order"):
        read(tmp_path, "t,y\n0,1\n1,2\n2.5,3\n", "y", time="t")
    with pytest.raises(ValueError, match="have the same time.*--time-order"):
        read(tmp_path, "t,y\n0,1\n1,2\n1,3\n", "y", time="t")
    with pytest.raises(ValueError, match="goes back by 3600 s.*--sort.*clock was set back, --time-order"):
        read(tmp_path, "t,y\n2024-10-27 02:00,1\n2024-10-27 03:00,2\n2024-10-27 02:00,3\n", "y", time="t")


def test_weekends_without_samples_are_told(tmp_path: Path) -> None:
    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    days = days[np.is_busday(days, holidays=["2024-02-14"])]
    text = "d,y\n" + "".join(f"{day},{k % 5}\n" for k, day in enumerate(days))
    found = read(tmp_path, text, "y", time="d")
    assert found.reading is not None
    assert found.reading.notes == ("dates: one day apart, 28 % missing: are weekends no samples? Then --time-order",)
    plain = read(tmp_path, text, "y", time="d", time_order=True)
    assert plain.reading is not None and plain.reading.missing == 0 and plain.reading.notes == ()
    assert plain.dt == 86_400 and len(days) == plain.lengths[0]


def test_a_number_that_may_stand_for_missing_is_told(tmp_path: Path) -> None:
    text = "t,y,u\n" + "".join(f"{k},{-999 if k % 7 == 3 else k % 5},{k - 999}\n" for k in range(40))
    found = read(tmp_path, text, "y", "u")
    assert found.reading is not None
    assert found.reading.notes == ("y is -999 in 6 rows: missing? Then --missing -999",)
    assert found.outputs[0, 3, 0] == -999  # as the file says, until the user says otherwise
    told = read(tmp_path, text, "y", "u", missing="-999")
    assert told.reading is not None and told.reading.notes == () and np.isnan(told.outputs[0, 3, 0])


def test_a_column_of_dates_that_is_not_used_is_told(tmp_path: Path) -> None:
    found = read(tmp_path, "when,y\n2024-01-01,1\n2024-01-02,2\n2024-01-05,1\n")
    assert found.reading is not None and found.dt is None
    assert "column 'when' holds dates or times (--time)" in found.reading.words
    with pytest.raises(ValueError, match=r"numbers are y, u; when holds dates or times \(--time\)"):
        read(tmp_path, "when,y,u\n2024-01-01,1,1\n2024-01-02,2,3\n")


def test_files_of_several_dialects(tmp_path: Path) -> None:
    for name, text in {"a": "t,y\n0,1.5\n1,2.5\n", "b": "t;y\n0;1,5\n1;2,5\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    found = read_recording(tmp_path, ["y"], time="t")
    np.testing.assert_array_equal(found.outputs[0], found.outputs[1])
    assert found.reading is not None
    assert found.reading.notes == ("one file is written in another dialect than a.csv, b.csv for instance",)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (dict(separator=",,"), "separator must be one character"),
        (dict(separator="1"), "separator must be one character"),
        (dict(decimal="'"), "decimal must be a point or a comma, got"),
        (dict(encoding="utf-99"), "encoding must be one that Python knows"),
        (dict(encoding="base64"), "encoding must be one that Python knows"),
        (dict(header=-1), "header must be the number of the line"),
        (dict(time_format="fortnight"), "time_format must be a format such as"),
    ],
)
def test_options_that_are_none(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Dialect(**told)


def test_options_that_do_not_belong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--table names a part of a file that holds several, and this is a text"):
        read(tmp_path, "y\n1\n2\n", "y", table="a")
    with pytest.raises(ValueError, match="there is no time format '%Q'|expected dates written as %Q"):
        read(tmp_path, "t,y\n1,1\n2,2\n", "y", time="t", time_format="%Q")
