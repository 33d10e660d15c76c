"""A folder of parts: one file for each piece of long work that is done, whole or not at all.

A piece whose part exists is done. One process writes at a time. What a killed process left unfinished has a hidden
name, and is removed by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from filelock import FileLock, Timeout

from .files import save_frame

if TYPE_CHECKING:
    import polars as pl


@contextmanager
def locked_folder(folder: Path, busy: str) -> Iterator[Path]:
    """Make the folder, for this process alone while the block runs.

    Raises:
        ValueError: Another process has it; the message is ``busy``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(busy) from None
    try:
        _drop_unfinished(folder)
        yield folder
        _drop_unfinished(folder)  # of workers, too
    finally:
        lock.release()


def part_path(words: Mapping[str, object], seed: int) -> Path:
    """Return the path of a part in its folder: Hive partitions, one file for each seed."""
    return Path(*(f"{key}={quote(str(value), safe='')}" for key, value in words.items()), f"seed-{seed}.parquet")


def write_part(frame: pl.DataFrame, part: Path) -> None:
    """Write a part, whole or not at all."""
    part.parent.mkdir(parents=True, exist_ok=True)
    save_frame(frame, part)


def _drop_unfinished(folder: Path) -> None:
    for unfinished in folder.rglob(".*.tmp.*"):
        unfinished.unlink(missing_ok=True)
