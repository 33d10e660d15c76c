"""Whatever reads a CSV file, its rows are those of Python's csv module."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from ergoscope.simulator import read_recording
from ergoscope.simulator._recordings.text import columns
from ergoscope.simulator._recordings.text.csv_structure import scan

CELL = st.text("ab\" ,;\t'", max_size=6)
WILD = st.text('a1" ,;\t\n\r', max_size=8)
NEWLINE = st.sampled_from(["\n", "\r\n", "\r"])


def records(text: str) -> list[list[str]]:
    """Return the rows that the csv module sees, without blank lines."""
    rows = csv.reader(io.StringIO(text, newline=""))
    return [row for row in rows if "".join(row).strip() or len(row) > 1][1:]


def quoted(cells: list[str]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="").writerow(cells)
    return made.getvalue()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.integers(-99, 99), CELL, st.booleans()), min_size=3, max_size=8),
    end=NEWLINE,
    blank=st.sets(st.integers(0, 8), max_size=2),
    last=st.booleans(),
)
def test_rows_equal_those_of_csv(
    tmp_path: Path, rows: list[tuple[int, str, bool]], end: str, blank: set[int], last: bool
) -> None:
    lines = ["y,note"]
    for i, (y, note, whole) in enumerate(rows):
        lines += [""] * (i in blank) + [quoted([f"{y}.5", note]) if whole else f"{y}.5,{note}"]
    text = end.join(lines) + end * last
    file = tmp_path / "a.csv"
    file.write_bytes(text.encode())
    want = records(text)
    try:
        found = read_recording(file, ["y"])
    except ValueError as refused:
        words = str(refused)
        event(words.removeprefix(str(file))[:30])
        wide = any(len(row) > 2 for row in want)
        constant = len({row[0] for row in want}) == 1
        joined = any("\n" in cell or "\r" in cell for row in want for cell in row) or len(want) < 2
        assert wide or constant or joined, words
        return
    event("read")
    assert found.reading is not None and found.reading.rows == len(want)
    assert found.outputs[0, :, 0].tolist() == [float(row[0]) for row in want]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=WILD, tail=WILD, rows=st.integers(2, 5))
def test_what_is_read_of_any_text_equals_csv(tmp_path: Path, text: str, tail: str, rows: int) -> None:
    whole = "y,note\n" + "".join(f"{i}.5,x\n" for i in range(rows)) + text + "\n7.5,x" + tail + "\n1.5,x"
    file = tmp_path / "a.csv"
    file.write_bytes(whole.encode())
    try:
        found = read_recording(file, ["y"])
    except ValueError:
        return
    want = [row[0].strip() for row in records(whole)]
    assert found.outputs[0, :, 0].tolist() == pytest.approx([float(y) if y else np.nan for y in want], nan_ok=True)


def test_stray_quote_marks_swallow_no_rows(tmp_path: Path) -> None:
    rows = [f"{i}.5,note {i}" for i in range(10_000)]
    rows[2000] = '2000.5,5" pipe'
    rows[9999] = '9999.5,7" pipe'
    (tmp_path / "a.csv").write_text("y,note\n" + "\n".join(rows))
    found = read_recording(tmp_path / "a.csv", ["y"])
    np.testing.assert_array_equal(found.outputs[0, :, 0], np.arange(10_000) + 0.5)


def test_quoted_cells_with_newlines_and_separators_are_one_cell(tmp_path: Path) -> None:
    rows = [f'"a\n{i}, ""b""",{i}.5' for i in range(50)]
    (tmp_path / "a.csv").write_text("note,y\n" + "\n".join(rows) + "\n")
    assert read_recording(tmp_path / "a.csv", ["y"]).outputs[0, :, 0].tolist() == [i + 0.5 for i in range(50)]


def test_a_quote_mark_that_is_never_closed_is_refused(tmp_path: Path) -> None:
    rows = [f"{i}.5,ok" for i in range(100)]
    rows[3] = '3.5,"5 pipe'
    (tmp_path / "a.csv").write_text("y,note\n" + "\n".join(rows))
    with pytest.raises(ValueError, match="a quote mark opens a cell and is not closed"):
        read_recording(tmp_path / "a.csv", ["y"])
    rows[70] = '70.5,"7 pipe'
    (tmp_path / "a.csv").write_text("y,note\n" + "\n".join(rows))
    with pytest.raises(ValueError, match="a quote mark opens a cell and is not closed"):
        read_recording(tmp_path / "a.csv", ["y"])


@pytest.mark.parametrize("at", [3, 5000])
def test_a_row_that_is_too_long_is_found_far_down(tmp_path: Path, at: int) -> None:
    rows = [f"{i}.5,x" for i in range(6000)]
    rows[at] += ",5"
    (tmp_path / "a.csv").write_text("y,note\n" + "\n".join(rows))
    with pytest.raises(ValueError, match=f"row {at + 1} has 3 cells under 2 column names"):
        read_recording(tmp_path / "a.csv", ["y"])


def test_blank_lines_are_no_samples_in_several_columns_and_missing_ones_in_one(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    for text in ("y,u\n1.5,1\n\n2.5,2\n  \n3.5,3\n\n", "y,u\r\n1.5,1\r\n\r\n2.5,2\r\n3.5,3\r\n\r\n"):
        file.write_bytes(text.encode())
        assert read_recording(file, ["y"], ["u"]).outputs[0, :, 0].tolist() == [1.5, 2.5, 3.5]
        assert read_recording(file, ["y"]).outputs[0, :, 0].tolist() == [1.5, 2.5, 3.5]
    file.write_text("y,u\n1.5,1\n,2\n3.5,3\n")  # a cell is missing, not a line
    assert np.isnan(read_recording(file, ["y"]).outputs[0, 1, 0])
    file.write_text("y\n1\n\n3\n")
    assert np.isnan(read_recording(file, ["y"]).outputs[0, 1, 0])


def test_semicolons_tabs_and_decimal_commas(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    want = [1.5, -2.25, 3.0]
    for mark in ";\t":
        for text in ("1,5{0}x\n-2,25{0}y\n3{0}z\n", "1.5{0}x\n-2.25{0}y\n3{0}z\n", '"1,5"{0}x\n"-2,25"{0}y\n"3"{0}z\n'):
            file.write_text(f"y{mark}note\n" + text.format(mark))
            assert read_recording(file).outputs[0, :, 0].tolist() == want
            assert read_recording(file, ["y"]).outputs[0, :, 0].tolist() == want
    file.write_text("t;y\n0,0;1,5\n0,5;2,5\n1,0;1,5\n")
    assert read_recording(file, ["y"], time="t").dt == 0.5
    file.write_text("y;u\n1,5;1\n2.5;1\n3,5;1\n")
    with pytest.raises(ValueError, match="is a comma or a point the decimal mark"):
        read_recording(file, ["y"])


def test_semicolons_in_cells_of_a_file_with_commas(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("t,y,note\n0,1.5,a;b\n1,2.5,c;d\n2,1.5,e;f\n")
    assert read_recording(file, ["y"], time="t").outputs[0, :, 0].tolist() == [1.5, 2.5, 1.5]
    file.write_text("t,note;more,y\n0,a;b,1.5\n1,c;d,2.5\n2,e;f,1.5\n")
    assert read_recording(file, ["y"], time="t").outputs[0, :, 0].tolist() == [1.5, 2.5, 1.5]
    file.write_text("t,y;note\n0,1;b\n1,2;d\n")
    with pytest.raises(ValueError, match="both commas and semicolons"):
        read_recording(file, ["t"])


def test_the_fast_reader_is_used_where_it_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the slow reader was used")

    monkeypatch.setattr(columns, "_careful", never)
    file = tmp_path / "a.csv"
    for text in ("y,note\n1,a\n2,b\n", 'y,note\n1,"a"\n2,"b, c"\n', '"y","note"\r\n"1","a"\r\n"2","b"\r\n'):
        file.write_bytes(text.encode())
        assert read_recording(file, ["y"]).outputs[0, :, 0].tolist() == [1, 2]


def test_the_structure_does_not_depend_on_the_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.csv"
    file.write_text("y,note\n" + "".join(f'{i},"a{i}"\n' for i in range(500)))
    whole = scan(file, ",", 2)
    assert whole == (501, True)
    for block in (1, 7, 100, 4096):
        monkeypatch.setattr("ergoscope.simulator._recordings.text.csv_structure.BLOCK", block)
        assert scan(file, ",", 2) == whole


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text("1,\r\n", min_size=1, max_size=30), block=st.sampled_from([1, 2, 3, 5, 1000]))
def test_a_simple_file_has_the_records_of_csv(tmp_path: Path, text: str, block: int) -> None:
    file = tmp_path / "a.csv"
    whole = "y,u" + text
    file.write_bytes(whole.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ergoscope.simulator._recordings.text.csv_structure.BLOCK", block)
        found = scan(file, ",", 2)
    rows = list(csv.reader(io.StringIO(whole, newline="")))
    if found.simple:
        assert found.records == len(rows) and all(len(row) == 2 for row in rows)
    elif all(len(row) == 2 for row in rows):
        assert "\r" in whole.replace("\r\n", "")
