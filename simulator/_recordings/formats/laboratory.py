"""HDF5, TDMS and MDF files, read by libraries of the extra ``files``."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..dialect import Dialect
from ..frames import series_of
from ..opened import Opened, of_frame
from .arrays import chosen, listed, table_of_arrays
from .packing import unpacked


def library(file: Path, module: str, format: str) -> Any:
    """Return a module that reads a format.

    Raises:
        ValueError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as exc:
        raise ValueError(
            f"{file} is {format}, which needs {module}. In a checkout: pip install '.[files]'. Or export it as CSV."
        ) from exc


def open_hdf5(file: Path, dialect: Dialect) -> Opened:
    """Return the columns of the data sets of an HDF5 file; MATLAB writes such files, too, from version 7.3 on.

    Data sets of one group that have the same length belong together. ``table`` is a data set, or a group of them.
    Packed numbers are unpacked as netCDF-4 has it.

    Raises:
        ValueError: The file is damaged, or its data sets are no table.
    """
    h5py = library(file, "h5py", "HDF5")
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    units: dict[str, dict[str, str]] = {}  # by group and column
    notes: dict[str, dict[str, str]] = {}

    def visit(name: str, node: Any) -> None:
        if not isinstance(node, h5py.Dataset) or name.startswith("#") or not node.shape:
            return
        group, _, own = name.rpartition("/")
        array, note = unpacked(name, np.asarray(node), node.attrs)
        if array.ndim == 2 and array.shape[0] < array.shape[1] and b"MATLAB" in head:
            array = array.T  # MATLAB stores columns first
        groups.setdefault(group, {})[own] = array
        columns = [own, *(f"{own}{k}" for k in range(1, array.shape[1] + 1))] if array.ndim == 2 else [own]
        if isinstance(unit := node.attrs.get("units", node.attrs.get("unit")), str | bytes):
            text = unit.decode("utf-8", "replace") if isinstance(unit, bytes) else unit
            units.setdefault(group, {}).update(dict.fromkeys(columns, text))
        if note:
            notes.setdefault(group, {}).update(dict.fromkeys(columns, note))

    with file.open("rb") as handle:
        head = handle.read(128)
    try:
        with h5py.File(file, "r") as opened:
            opened.visititems(visit)
    except Exception as exc:  # a damaged file raises whatever its bytes lead to
        raise ValueError(f"{file} cannot be read as HDF5: {exc!s:.200}.") from exc
    where, table = str(file), None if dialect.table is None else dialect.table.strip("/")
    group, _, own = (table or "").rpartition("/")
    if table is not None and table not in groups and own in groups.get(group, {}):
        frame = table_of_arrays(where, groups[group], own)
        columns = {name: f"{own}{name}" if name.isdigit() else name for name in frame.columns}
    else:
        names = [name or "/" for name in groups]
        if not groups:
            raise ValueError(f"{where} holds no data set.")
        part = chosen(where, "data set or group", names, "/" if dialect.table == "/" else table)
        if part is None:
            raise ValueError(f"{where} holds several groups, {listed(names)}: name one with --table.")
        group = "" if part == "/" else part
        frame = table_of_arrays(where, groups[group], None)
        columns = {name: name for name in frame.columns}
    told, remarks = ({c: d[group][n] for c, n in columns.items() if n in d.get(group, {})} for d in (units, notes))
    return of_frame("HDF5", frame, dialect, told, remarks)


def open_tdms(file: Path, dialect: Dialect) -> Opened:
    """Return the channels of a group of a TDMS file (LabVIEW). Where they have a step, ``time`` is a column in seconds.

    Raises:
        ValueError: The file is damaged, or has several groups and none is named.
    """
    nptdms = library(file, "nptdms", "TDMS")
    try:
        groups = {group.name: group for group in nptdms.TdmsFile.read(file).groups() if group.channels()}
    except Exception as exc:  # a damaged file raises whatever its bytes lead to
        raise ValueError(f"{file} cannot be read as TDMS: {exc!s:.200}.") from exc
    where = str(file)
    if not groups:
        raise ValueError(f"{where} holds no channel.")
    part = chosen(where, "group", list(groups), dialect.table)
    if part is None:
        raise ValueError(f"{where} holds several groups, {listed(list(groups))}: name one with --table.")
    channels = groups[part].channels()
    arrays = {channel.name: np.asarray(channel[:]) for channel in channels}
    units = {
        channel.name: str(channel.properties["unit_string"])
        for channel in channels
        if channel.properties.get("unit_string")
    }
    steps = {float(channel.properties.get("wf_increment", 0.0)) for channel in channels}
    if len(steps) == 1 and (step := steps.pop()) > 0 and "time" not in arrays:
        arrays = {"time": np.arange(max(map(len, arrays.values()))) * step} | arrays
        units["time"] = "s"
    return of_frame("TDMS", table_of_arrays(where, arrays, None), dialect, units)


def open_mdf(file: Path, dialect: Dialect) -> Opened:
    """Return the channels of a group of an MDF file (ASAM MDF, versions 3 and 4); ``time`` is its master, in seconds.

    ``table`` is the number of the group, from 0, or the name of its acquisition.

    Raises:
        ValueError: The file is damaged, or has several groups and none is named.
    """
    asammdf = library(file, "asammdf", "MDF")
    where = str(file)
    try:
        with asammdf.MDF(file) as opened:
            kept = {
                k: [channel.name for channel in group.channels]
                for k, group in enumerate(opened.groups)
                if group.channel_group.cycles_nr
            }
            if not kept:
                raise ValueError("it holds no samples")
            names = {str(k): k for k in kept}
            for k in kept:
                if acquired := getattr(opened.groups[k].channel_group, "acq_name", ""):
                    names.setdefault(str(acquired), k)
            part = chosen(
                where, "group", [str(k) for k in kept] if dialect.table is None else list(names), dialect.table
            )
            if part is None:
                shown = listed([f"{k} ({', '.join(channels[:5])})" for k, channels in kept.items()])
                raise ValueError(f"it holds several groups, {shown}: name one with --table")
            signals = [signal for signal in _signals(opened, names[part]) if np.ndim(signal.samples) == 1]
            stamps = signals[0].timestamps
    except Exception as exc:  # a damaged file raises whatever its bytes lead to
        raise ValueError(f"{file} cannot be read as MDF: {exc!s:.300}.") from exc
    columns = [series_of("time", np.asarray(stamps))]
    columns += [series_of(signal.name, np.asarray(signal.samples)) for signal in signals if signal.name != "time"]
    units = {"time": "s"} | {signal.name: signal.unit for signal in signals if signal.unit}
    return of_frame("MDF", pl.DataFrame(columns), dialect, units)


def _signals(opened: Any, group: int) -> list[Any]:
    masters = opened.masters_db.get(group)
    count = len(opened.groups[group].channels)
    return [opened.get(group=group, index=k) for k in range(count) if k != masters]
