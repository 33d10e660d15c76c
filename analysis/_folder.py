"""Folders that results are written into, and tables in them."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from .._core.files import atomic_path


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
