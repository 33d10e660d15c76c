"""Files appear whole or not at all: written beside their place, flushed to the disk, then renamed into it."""

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
    import polars as pl  # slow to load, and commands that write no table need none

_unfinished: set[Path] = set()


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the same folder; what the block writes there becomes ``path`` when the block ends well.

    A block that raises leaves ``path`` as it was and nothing beside it.

    Args:
        path: Where the file is to be; its folder must exist. A link is followed, and stays a link.

    Yields:
        An empty file with the suffix of ``path``, to be written by name.

    Raises:
        ValueError: The folder is missing or cannot be written in, or ``path`` is a folder.
        OSError: What is written does not fit on the disk, or the like; ``filename`` is ``path``.
    """
    target = Path(path).expanduser().resolve()
    if target.is_dir():
        raise ValueError(f"cannot write {str(path)!r}: it is a folder; name a file in it.")
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(6)}.tmp{target.suffix}")
    with _kept_track_of(temporary):
        try:
            # Opened here, not by tempfile, which would leave the result readable by its owner only.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except OSError as exc:
            raise ValueError(
                f"cannot write {str(path)!r}: {exc.strerror} (folder {str(target.parent)!r}); choose a folder that "
                "exists and that you may write in."
            ) from exc
        try:
            yield temporary
            _flush(temporary)
            os.replace(temporary, target)
            if os.name == "posix":  # elsewhere a folder cannot be opened
                _flush(target.parent)
        except Exception as exc:  # polars, which is slow to load, has errors of its own
            number = _error_number(exc)
            if number is None or getattr(exc, "filename", None) not in (None, str(temporary)):
                raise
            raise OSError(number, os.strerror(number), str(path)) from exc


@contextmanager
def temporary_folder(path: Path) -> Iterator[Path]:
    """Make a folder that is gone, with what is in it, when the block ends."""
    with _kept_track_of(path):
        path.mkdir()
        yield path


def drop_unfinished() -> None:
    """Remove what blocks that have not ended have written: for a process that ends without ending them."""
    for path in tuple(_unfinished):
        _drop(path)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file (UTF-8) whole or not at all; see ``atomic_path`` for what is refused."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def _kept_track_of(path: Path) -> Iterator[None]:
    _unfinished.add(path)
    try:
        yield
    finally:
        _drop(path)
        _unfinished.discard(path)


def _drop(path: Path) -> None:
    if not path.is_dir():
        with suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
    for _ in range(100):  # a thread that was left writing may add a file while they are removed
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)


def _error_number(exc: Exception) -> int | None:
    """Return the number that the system gave an error; polars keeps it in its message alone."""
    said = re.search(r"\(os error (\d+)\)", str(exc))
    return getattr(exc, "errno", None) or (int(said[1]) if said else None)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check_folder(folder: str | Path) -> Path:
    """Return the folder if it is there, or could be made, and may be written in; ask before long work is done for it.

    Raises:
        ValueError: It cannot; nothing was made.
    """
    folder = Path(folder).expanduser()
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(
            f"cannot write into {str(folder)!r}: {there} is no folder that you may write in; choose another."
        )
    return folder


def save_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame as Parquet, whole or not at all."""
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary)
