"""Atomic writes: a file is written under a temporary name, flushed to the disk, then renamed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl  # slow to import; not every command needs it

TABLE_SUFFIXES = (".csv", ".parquet")  # that are written
RECORDING_SUFFIXES = (  # that a folder is searched for; a file that is named may have any
    *TABLE_SUFFIXES, ".tsv", ".dat", ".feather", ".arrow", ".ipc", ".npy", ".npz", ".mat", ".json", ".ndjson", ".jsonl",
    ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".h5", ".hdf5", ".tdms", ".mdf", ".mf4",
)  # fmt: skip
PATTERN_MARKS = "*?"  # brackets are no marks: run[1].csv is the name of a file

_unfinished: set[Path] = set()


@contextmanager
def atomic_path(path: str | os.PathLike[str], mode: int = 0o666) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to ``path`` when the block ends without an error.

    If the block raises, ``path`` is unchanged and the temporary file is removed.

    Args:
        path: The file to write. Its folder must exist. A symbolic link is followed and kept.

    Yields:
        The path of an empty file with the suffix of ``path``.

    Raises:
        ValueError: The folder does not exist, the folder is not writable, or ``path`` is a folder.
        OSError: Writing failed, for example because the disk is full; ``filename`` is ``path``.
    """
    target = Path(path).expanduser().resolve()
    if target.is_dir():
        raise ValueError(f"cannot write {str(path)!r}: it is a folder; name a file in it.")
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(6)}.tmp{target.suffix}")
    with _registered(temporary):
        try:
            # Not tempfile: it would make the file readable by its owner only.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        except OSError as exc:
            raise ValueError(
                f"cannot write {str(path)!r}: {exc.strerror} (folder {str(target.parent)!r}); choose a folder that "
                "exists and that you may write to."
            ) from exc
        try:
            yield temporary
            _flush(temporary)
            os.replace(temporary, target)
            if os.name == "posix":  # other systems cannot open a folder
                _flush(target.parent)
        except Exception as exc:  # polars has its own error classes; importing it for them is slow
            number = _error_number(exc)
            if number is None or getattr(exc, "filename", None) not in (None, str(temporary)):
                raise
            raise OSError(number, os.strerror(number), str(path)) from exc


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Make a folder; remove it with its files when the block ends."""
    with _registered(path):
        path.mkdir()
        yield path


def remove_unfinished() -> None:
    """Remove the files of all blocks that still run. A process calls this before it exits inside such a block."""
    for path in tuple(_unfinished):
        _remove(path)


def write_text(path: str | os.PathLike[str], text: str, mode: int = 0o666) -> None:
    """Write a text file (UTF-8) atomically; the errors are those of ``atomic_path``."""
    with atomic_path(path, mode) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def _registered(path: Path) -> Iterator[None]:
    _unfinished.add(path)
    try:
        yield
    finally:
        _remove(path)
        _unfinished.discard(path)


def _remove(path: Path) -> None:
    if not path.is_dir():
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
    for _ in range(100):  # another thread may still add files
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _error_number(exc: Exception) -> int | None:
    """Return the error number of the operating system; polars has it in its message only."""
    said = re.search(r"\(os error (\d+)\)", str(exc))
    return getattr(exc, "errno", None) or (int(said[1]) if said else None)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_folder(folder: str | Path) -> Path:
    """Return the folder if it can be written to, or can be made. Call this before long work; it makes nothing.

    Raises:
        ValueError: The folder cannot be made or written to.
    """
    folder = Path(folder).expanduser()
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(
            f"cannot write into {str(folder)!r}: {there} is not a folder that you may write to; choose another."
        )
    return folder


def parquet_schema(path: Path) -> pl.Schema:
    """Return the columns of a Parquet file. Brackets in its name are no pattern, as they are for polars by itself."""
    import polars as pl  # here, because it is slow to load

    return pl.scan_parquet(path, glob=False).collect_schema()


def save_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, atomically."""
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary)


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can read, if it does not exist.

    Raises:
        ValueError: It cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as exc:
        raise ValueError(f"cannot make the folder {str(folder)!r}: {exc.strerror}; name another.") from exc
