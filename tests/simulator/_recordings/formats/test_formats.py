"""The same samples come out of every format; damaged and unclear files are refused with what to do."""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.io

from ergoscope.simulator import Dialect, read_recording
from ergoscope.simulator._recordings.formats import laboratory

RNG = np.random.default_rng(5)
N = 60
T = 0.5 * np.arange(N)
Y = RNG.standard_normal(N)
U = RNG.standard_normal(N) * 1e-9
Y[7] = np.nan


def write_npz(file: Path) -> None:
    np.savez(file, t=T, y=Y, u=U, gain=np.array(3.0))


def write_structured(file: Path) -> None:
    table = np.zeros(N, [("t", float), ("y", float), ("u", float)])
    table["t"], table["y"], table["u"] = T, Y, U
    np.save(file, table)


def write_mat(file: Path) -> None:
    scipy.io.savemat(file, dict(t=T, y=Y, u=U[:, None], name="run 1"))


def write_old_mat(file: Path) -> None:
    scipy.io.savemat(file, dict(t=T, y=Y, u=U), format="4")


def write_arrow(file: Path) -> None:
    pl.DataFrame(dict(t=T, y=Y, u=U)).write_ipc(file)


def write_arrow_stream(file: Path) -> None:
    pl.DataFrame(dict(t=T, y=Y, u=U)).write_ipc_stream(file)


def objects(file: Path) -> list[dict[str, Any]]:
    return [dict(t=t, y=None if y != y else y, u=u) for t, y, u in zip(T, Y, U, strict=True)]


def write_lines(file: Path) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in objects(file)))


def write_python_lines(file: Path) -> None:
    file.write_text("".join(json.dumps(row | dict(y=row["y"] or np.nan)) + "\n" for row in objects(file)))


def write_array(file: Path) -> None:
    file.write_text(json.dumps(objects(file)))


def write_columns(file: Path) -> None:
    file.write_text(json.dumps(dict(t=T.tolist(), y=[None if y != y else y for y in Y], u=U.tolist(), name="x")))


def write_excel(file: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", exc_type=ImportError)
    pytest.importorskip("fastexcel", exc_type=ImportError)
    book = openpyxl.Workbook()
    book.active.append(["t", "y", "u"])
    for row in objects(file):
        book.active.append(list(row.values()))
    book.save(file)


def write_hdf5(file: Path) -> None:
    h5py = pytest.importorskip("h5py", exc_type=ImportError)
    with h5py.File(file, "w") as opened:
        for name, values in dict(t=T, y=Y, u=U).items():
            opened[f"run/{name}"] = values


def write_tdms(file: Path) -> None:
    nptdms = pytest.importorskip("nptdms", exc_type=ImportError)
    with nptdms.TdmsWriter(file) as writer:
        for name, values in dict(t=T, y=Y, u=U).items():
            writer.write_segment([nptdms.ChannelObject("run", name, values)])


def write_mdf(file: Path) -> None:
    asammdf = pytest.importorskip("asammdf", exc_type=ImportError)
    signals = [asammdf.Signal(values, T, name=name) for name, values in dict(t=T, y=Y, u=U).items()]
    with asammdf.MDF(version="4.10") as opened:
        opened.append(signals)
        opened.save(file, overwrite=True)


WRITERS: dict[str, Callable[[Path], None]] = {
    "a.npz": write_npz,
    "a.npy": write_structured,
    "a.mat": write_mat,
    "old.mat": write_old_mat,
    "a.feather": write_arrow,
    "a.arrows": write_arrow_stream,
    "a.ndjson": write_lines,
    "python.jsonl": write_python_lines,
    "a.json": write_array,
    "columns.json": write_columns,
    "a.xlsx": write_excel,
    "a.h5": write_hdf5,
    "a.tdms": write_tdms,
    "a.mf4": write_mdf,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:asammdf")
def test_the_same_samples_come_out_of_every_format(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    found = read_recording(tmp_path / name, ["y"], ["u"], time="t")
    digits = 16 if name == "a.xlsx" else 17  # openpyxl writes no more
    np.testing.assert_array_equal(found.outputs[0, :, 0], [float(f"{y:.{digits}g}") for y in Y])
    np.testing.assert_array_equal(found.inputs[0, :, 0], [float(f"{u:.{digits}g}") for u in U])
    assert found.dt == 0.5
    assert found.reading is not None and found.reading.missing == 1 and found.reading.format in found.reading.words
    again = read_recording(tmp_path / name, ["y"], ["u"], time="t", dialect=found.reading.dialect)
    assert again.reading == found.reading


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "a.mf4"])  # whose library raises when deleted
@pytest.mark.filterwarnings("ignore")  # of libraries that read what is broken
def test_a_damaged_file_is_refused_or_read_as_it_was(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    WRITERS[name](file)
    whole, rng = file.read_bytes(), np.random.default_rng(2)
    broken = [whole[:cut] for cut in (len(whole) // 3, len(whole) - 7, *rng.integers(10, len(whole), 5))]
    broken += [whole[:at] + bytes([whole[at] ^ 0x5A]) + whole[at + 1 :] for at in rng.integers(0, len(whole), 10)]
    for data in broken:
        file.write_bytes(data)
        with contextlib.suppress(ValueError, OSError):
            read_recording(file, ["y"], ["u"], time="t")
    gc.collect()  # some libraries raise while they are deleted: here, where it is only a warning


def test_one_array(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", Y)
    assert np.array_equal(read_recording(tmp_path / "a.npy").outputs[0, :, 0], Y, equal_nan=True)
    np.save(tmp_path / "b.npy", np.column_stack([T, Y]))
    assert read_recording(tmp_path / "b.npy", ["2"], time="1").dt == 0.5
    np.save(tmp_path / "c.npy", np.zeros((2, 5, 3)))
    with pytest.raises(ValueError, match=r"shape \(2, 5, 3\).*give the array itself"):
        read_recording(tmp_path / "c.npy", ["2"])
    np.save(tmp_path / "d.npy", np.zeros((2, 50)))
    with pytest.raises(ValueError, match="50 columns of 2 samples: transpose"):
        read_recording(tmp_path / "d.npy", ["2"])
    np.save(tmp_path / "e.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(ValueError, match="cannot be read as NumPy"):
        read_recording(tmp_path / "e.npy", ["2"])


def test_one_array_with_a_name(tmp_path: Path) -> None:
    both = np.column_stack([T, Y])
    np.savez(tmp_path / "a.npz", y=both)
    scipy.io.savemat(tmp_path / "a.mat", dict(y=both, fs=2.0))
    for name in ("a.npz", "a.mat"):
        for column in ("y2", "2"):
            assert np.array_equal(read_recording(tmp_path / name, [column]).outputs[0, :, 0], Y, equal_nan=True)
        alone = read_recording(tmp_path / name, ["2"], dialect=Dialect(table="y"))
        assert alone.output_names == ("2",) and np.array_equal(alone.outputs[0, :, 0], Y, equal_nan=True)


def test_arrays_of_several_lengths_need_a_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y=Y, other=np.arange(9.0))
    with pytest.raises(ValueError, match=r"several lengths: y \(60,\), other \(9,\).*--table"):
        read_recording(tmp_path / "a.npz", ["y"])
    assert read_recording(tmp_path / "a.npz", dialect=Dialect(table="other")).outputs.shape == (1, 9, 1)
    with pytest.raises(ValueError, match="no array is called 'othr'; did you mean 'other'"):
        read_recording(tmp_path / "a.npz", dialect=Dialect(table="othr"))
    with pytest.raises(ValueError, match="--separator is an option of text files, and this is NumPy: leave it out"):
        read_recording(tmp_path / "a.npz", dialect=Dialect(separator=";"))


def test_a_struct_of_matlab(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", dict(data=dict(t=T, y=Y, more=dict(u=U)), fs=2.0))
    found = read_recording(tmp_path / "a.mat", ["data.y"], ["data.more.u"], time="data.t")
    np.testing.assert_array_equal(found.inputs[0, :, 0], U)


def test_matlab_7_3_is_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", exc_type=ImportError)
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as opened:
        opened["data"] = np.column_stack([T, Y]).T  # as MATLAB stores columns
    with (tmp_path / "a.mat").open("r+b") as handle:
        handle.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    found = read_recording(tmp_path / "a.mat", ["2"], time="1")
    np.testing.assert_array_equal(found.outputs[0, :, 0], Y)


def test_nested_objects_are_columns(tmp_path: Path) -> None:
    rows = [
        dict(Time=str(datetime(2024, 5, 1) + timedelta(seconds=k)), DS18B20=dict(Temperature=y))
        for k, y in enumerate(T)
    ]
    (tmp_path / "a.ndjson").write_text("\n".join(map(json.dumps, rows)))
    found = read_recording(tmp_path / "a.ndjson", ["DS18B20.Temperature"], time="Time")
    assert found.dt == 1.0 and np.array_equal(found.outputs[0, :, 0], T)
    (tmp_path / "a.json").write_text('"text"')
    with pytest.raises(ValueError, match="expected a JSON object a line"):
        read_recording(tmp_path / "a.json")


def test_numbers_in_strings_keep_their_digits(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text("".join(f'{{"y":"{y!r}"}}\n' for y in (T + 0.1).tolist()))
    np.testing.assert_array_equal(read_recording(tmp_path / "a.ndjson", ["y"]).outputs[0, :, 0], T + 0.1)


def test_sheets_of_excel(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", exc_type=ImportError)
    pytest.importorskip("fastexcel", exc_type=ImportError)
    book = openpyxl.Workbook()
    book.active.title = "notes"
    sheet = book.create_sheet("data")
    sheet.append(["time", "flow", "note"])
    sheet.append(["", "m3/h", ""])
    for k in range(5):
        sheet.append([datetime(2024, 5, 1) + timedelta(milliseconds=500 * k), 1.25e-10 * k, "a"])
    sheet["B5"] = "N/A"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match="several sheets, notes, data: name one with --table"):
        read_recording(tmp_path / "a.xlsx", ["flow"])
    found = read_recording(tmp_path / "a.xlsx", time="time", dialect=Dialect(table="data"))
    np.testing.assert_array_equal(found.outputs[0, :, 0], [0, 1.25e-10, np.nan, 3.75e-10, 5e-10])
    assert found.dt == 0.5 and found.reading is not None and dict(found.reading.units) == {"flow": "m3/h"}
    sheet["B6"] = "1,5"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match="is a comma or a point the decimal mark"):
        read_recording(tmp_path / "a.xlsx", ["flow"], dialect=Dialect(table="data"))


def test_groups_and_units_of_hdf5(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", exc_type=ImportError)
    with h5py.File(tmp_path / "a.h5", "w") as opened:
        opened["one/y"] = T
        opened["two/y"] = Y
        opened["two/y"].attrs["units"] = "V"
    with pytest.raises(ValueError, match="several groups, one, two: name one with --table"):
        read_recording(tmp_path / "a.h5", ["y"])
    for name in ("two", "/two", "two/y"):
        found = read_recording(tmp_path / "a.h5", dialect=Dialect(table=name))
        np.testing.assert_array_equal(found.outputs[0, :, 0], Y)
    assert found.reading is not None and dict(found.reading.units) == {"y": "V"}


def test_packed_numbers_of_netcdf(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py", exc_type=ImportError)
    stored = np.array([[150, 7], [-32_768, 8], [-300, -6], [412, 10]], "i2")
    with h5py.File(tmp_path / "a.nc", "w") as opened:
        opened["t"], opened["y"], opened["raw"], opened["byte"] = range(4), stored, [1.0, -999, 3, 4], stored[:, 1]
        opened["t"].attrs["units"] = "hours since 2000-01-01 00:00:00"
        opened["y"].attrs.update(scale_factor=0.5, add_offset=np.array([273.15]), _FillValue=np.int16(-32_768))
        opened["y"].attrs["units"] = "K"
        opened["raw"].attrs["missing_value"] = -999.0
        opened["byte"].attrs["_Unsigned"] = "true"
    found = read_recording(tmp_path / "a.nc", ["y1", "y2"], ["raw", "byte"], time="t")
    want = np.where(stored == -32_768, np.nan, stored * 0.5 + 273.15)
    np.testing.assert_array_equal(found.outputs[0], want)
    np.testing.assert_array_equal(found.inputs[0, :, 0], [1, np.nan, 3, 4])
    np.testing.assert_array_equal(found.inputs[0, :, 1], [7, 8, 65_530, 10])
    assert found.dt == 3600 and found.reading is not None and dict(found.reading.units) == dict(y1="K", y2="K")
    assert found.reading.notes == (
        "y = 0.5 * stored number + 273.15, -32768 stored for missing",
        "raw: -999 stored for missing",
    )
    alone = read_recording(tmp_path / "a.nc", ["2"], dialect=Dialect(table="y"))
    np.testing.assert_array_equal(alone.outputs[0, :, 0], want[:, 1])
    assert alone.reading is not None and dict(alone.reading.units) == {"2": "K"} and len(alone.reading.notes) == 1
    with h5py.File(tmp_path / "a.nc", "a") as opened:
        opened["y"].attrs["scale_factor"] = "half"
    with pytest.raises(ValueError, match="y: scale_factor must be a number, got 'half'"):
        read_recording(tmp_path / "a.nc", ["raw"])


@pytest.mark.parametrize("form", ["columns", "index", "split", "records", "table", "values"])
def test_what_pandas_writes_as_json(tmp_path: Path, form: Any) -> None:
    file, y = tmp_path / "a.json", np.array([1.5, -2, 10, 4, 0, 7, 1, 1, 1, 1, 2, 2.5])
    hours = pd.date_range("2024-01-01", periods=12, freq="h")
    for index in (None, hours.drop(hours[3]).append(hours[-1:] + pd.Timedelta("1h"))):
        pd.DataFrame(dict(y=y, u=2 * y), index=index).to_json(file, orient=form, date_format="iso")
        if form == "values":
            with pytest.raises(ValueError, match=r"a.json: expected.*orient='records'"):
                read_recording(file, ["y"])
            continue
        plain = read_recording(file, ["y"])
        np.testing.assert_array_equal(plain.outputs[0, :, 0], y)
        if index is not None and form != "records":
            assert plain.reading is not None and "column 'index' holds dates" in plain.reading.words
            found = read_recording(file, ["y"], time="index")
            assert found.dt == 3600 and np.flatnonzero(np.isnan(found.outputs)).tolist() == [3]
    for text, words in [
        (pd.Series(y).to_json(), "orient='records'"),
        (pd.DataFrame(np.column_stack([y, y])).to_json(), "do not tell rows from columns"),
        ('{"a": {"0": 1}, "b": {"1": 1}}', "must have the same keys"),
        ('{"columns": ["y"], "data": [[1, 2]]}', "do not fit the names"),
        ('{"data": [{"y": 1}], "more": 3}', "orient='records'"),
    ]:
        file.write_text(text)
        with pytest.raises(ValueError, match=f"a.json: .*{words}"):
            read_recording(file, ["y"])


def test_formulas_that_were_never_computed(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", exc_type=ImportError)
    pytest.importorskip("fastexcel", exc_type=ImportError)
    book = openpyxl.Workbook()
    for row in [["t", "y"], *([k, f"=A{k + 2}*2"] for k in range(5))]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match="every cell of 'y' is empty. If it holds formulas.*open it in Excel"):
        read_recording(tmp_path / "a.xlsx", ["y"])
    assert read_recording(tmp_path / "a.xlsx", ["t"]).outputs[0, :, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_step_and_units_of_tdms(tmp_path: Path) -> None:
    nptdms = pytest.importorskip("nptdms", exc_type=ImportError)
    known = dict(wf_increment=0.25, unit_string="V")
    with nptdms.TdmsWriter(tmp_path / "a.tdms") as writer:
        writer.write_segment([nptdms.ChannelObject("one", "y", Y, properties=known)])
    found = read_recording(tmp_path / "a.tdms", ["y"], time="time")
    assert found.dt == 0.25 and found.reading is not None and found.reading.units["y"] == "V"
    with nptdms.TdmsWriter(tmp_path / "b.tdms") as writer:
        writer.write_segment([nptdms.ChannelObject(group, "y", Y) for group in ("one", "two")])
    with pytest.raises(ValueError, match="several groups, one, two: name one with --table"):
        read_recording(tmp_path / "b.tdms", ["y"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:asammdf")
def test_groups_and_the_master_of_mdf(tmp_path: Path) -> None:
    asammdf = pytest.importorskip("asammdf", exc_type=ImportError)
    with asammdf.MDF(version="4.10") as opened:
        opened.append([asammdf.Signal(Y, T, name="y", unit="V")])
        opened.append([asammdf.Signal(U[:20], 2 * T[:20], name="u")])
        opened.save(tmp_path / "a.mf4", overwrite=True)
    with pytest.raises(ValueError, match=r"several groups, 0 \(.*y.*\), 1 \(.*u.*\): name one with --table"):
        read_recording(tmp_path / "a.mf4", ["y"])
    found = read_recording(tmp_path / "a.mf4", ["y"], time="time", dialect=Dialect(table="0"))
    np.testing.assert_array_equal(found.outputs[0, :, 0], Y)
    assert found.dt == 0.5 and found.reading is not None and found.reading.units["y"] == "V"


def test_a_library_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(laboratory.importlib, "import_module", missing)
    (tmp_path / "a.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ValueError, match=r"is HDF5, which needs h5py. In a checkout: pip install '.\[files\]'"):
        read_recording(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\x1f\x8b" + bytes(20), r"is compressed \(gzip\): unpack it first"),
        (b"PK\x03\x04" + bytes(20), "cannot be read"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no format that is read here: it holds binary data"),
    ],
)
def test_other_binary_data_is_refused(tmp_path: Path, head: bytes, words: str) -> None:
    (tmp_path / "a.csv").write_bytes(head)
    with pytest.raises(ValueError, match=words):
        read_recording(tmp_path / "a.csv")


def test_a_folder_of_several_formats(tmp_path: Path) -> None:
    write_mat(tmp_path / "a.mat")
    write_npz(tmp_path / "b.npz")
    (tmp_path / "c.dat").write_text("".join(f"{t} {y} {u}\n" for t, y, u in zip(T, Y, U, strict=True)))
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(ValueError, match="c.dat: no column is called 'y'"):
        read_recording(tmp_path, ["y"])
    (tmp_path / "c.dat").unlink()
    found = read_recording(tmp_path, ["y"], time="t")
    assert found.run_names == ("a", "b") and found.dt == 0.5
