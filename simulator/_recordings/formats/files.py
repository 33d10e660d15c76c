"""Formats by their content: which reader takes a file."""

from __future__ import annotations

import zipfile
from pathlib import Path

MAGIC = (
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"\xff\xff\xff\xff", "Arrow stream"),
    (b"\x93NUMPY", "NumPy"),
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"MATLAB 7.3", "HDF5"),
    (b"MATLAB 5.0", "MATLAB"),
    (b"TDSm", "TDMS"),
    (b"MDF     ", "MDF"),
    (b"\xd0\xcf\x11\xe0", "Excel"),
)
COMPRESSED = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"Rar!", "RAR"),
)
SUFFIXES = {".parquet": "Parquet", ".feather": "Arrow", ".arrow": "Arrow", ".npy": "NumPy", ".tdms": "TDMS"}
JSON = (".json", ".ndjson", ".jsonl")


def format_of(file: Path) -> str:
    """Return the name of the format: by its first bytes; of a text ``"text"`` or ``"JSON"``.

    Raises:
        ValueError: The file is empty, cannot be opened, is compressed, or is not what its suffix says.
    """
    try:
        with file.open("rb") as handle:
            head = handle.read(4096)
    except OSError as exc:
        raise ValueError(f"{file} cannot be opened: {exc.strerror}.") from exc
    found = next((name for mark, name in MAGIC if head.startswith(mark)), None)
    if found is None and head.startswith(b"PK\x03\x04"):
        found = _in_zip(file)
    suffix = file.suffix.lower()
    if found is None and suffix == ".mat" and b"\0" in head:
        found = "MATLAB"  # version 4 has no mark
    if found is not None:
        return found
    if suffix in SUFFIXES:
        raise ValueError(f"{file} is not a {SUFFIXES[suffix]} file, whatever its name says.")
    if not head.strip():
        raise ValueError(f"{file} is empty: expected a line of column names and at least two rows.")
    if packed := next((name for mark, name in COMPRESSED if head.startswith(mark)), None):
        raise ValueError(f"{file} is compressed ({packed}): unpack it first.")
    return "JSON" if suffix in JSON or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[{")) else "text"


def _in_zip(file: Path) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError) as exc:
        raise ValueError(f"{file} cannot be read: {exc}.") from exc
    if names and all(name.endswith(".npy") for name in names):
        return "NumPy"
    if any(name.startswith(("xl/", "content.xml")) for name in names):
        return "Excel"
    raise ValueError(f"{file} is a ZIP archive: unpack it first.")
