"""Checkpoints: arrays and plain JSON in one file, with a checksum; a file is whole or absent; the last two are kept."""

from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.files import atomic_path
from .._sources.interfaces import log

SCHEMA = 4
KEPT = 2
_WORDS = "words.json"
Arrays = dict[str, NDArray[Any]]


def write_checkpoint(folder: Path, arrays: Arrays, words: dict[str, Any]) -> None:
    """Write the next checkpoint, then remove all but the last two.

    Raises:
        ValueError: The folder cannot be made or written, for example because the disk is full; the others stay.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ValueError(f"cannot make the folder {str(folder)!r}: {exc.strerror}; name another.") from exc
    for left in folder.glob(".state-*.tmp.npz"):  # of a process that was killed while writing
        left.unlink(missing_ok=True)
    there = _generations(folder)
    number = there[-1][0] + 1 if there else 1
    document = words | dict(schema=SCHEMA)
    document["checksum"] = _checksum(arrays, document)
    raw = np.frombuffer(json.dumps(document).encode(), np.uint8)
    try:
        with atomic_path(folder / f"state-{number:08d}.npz") as path, path.open("wb") as handle:
            np.savez(handle, allow_pickle=False, **{_WORDS: raw}, **arrays)
    except OSError as exc:
        raise ValueError(
            f"cannot write a checkpoint in {str(folder)!r}: {exc.strerror}. The one before stays: make room and "
            "start again."
        ) from exc
    for _, old in there[: max(len(there) + 1 - KEPT, 0)]:
        old.unlink(missing_ok=True)


def read_checkpoint(folder: Path) -> tuple[Arrays, dict[str, Any]] | None:
    """Return the newest checkpoint that is whole, or None where there is none at all; damaged newer ones are removed.

    Raises:
        ValueError: There are some, and none can be used.
    """
    there, damaged = _generations(folder), list[Path]()
    for _, path in reversed(there):
        try:
            found = _read(path)
        except _Damaged as exc:
            log.warning("%s %s; the one before it is taken.", path, exc)
            damaged.append(path)
            continue
        for file in damaged:  # else it would be kept as one of the last two, and a good one go
            file.unlink()
        return found
    if there:
        raise ValueError(f"no checkpoint in {str(folder)!r} can be read: remove the folder to start anew.")
    return None


class _Damaged(ValueError):
    """A file that is no whole checkpoint."""


def _generations(folder: Path) -> list[tuple[int, Path]]:
    found = [(path.stem[6:], path) for path in folder.glob("state-*.npz")]
    return sorted((int(number), path) for number, path in found if number.isdecimal())


def _read(path: Path) -> tuple[Arrays, dict[str, Any]]:
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        words = json.loads(arrays.pop(_WORDS).tobytes())
        checksum = words.pop("checksum")
    except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, zipfile.BadZipFile) as exc:
        raise _Damaged("is damaged") from exc
    if words.get("schema") != SCHEMA:
        raise ValueError(
            f"{path} is a checkpoint of schema {words.get('schema')}, this version reads {SCHEMA}: name another folder."
        )
    if checksum != _checksum(arrays, words):
        raise _Damaged("does not have its checksum")
    return arrays, words


def _checksum(arrays: Arrays, words: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
