"""Checkpoints: arrays and plain JSON in one file, with a checksum; a file is whole or absent; the last two are kept.

This file knows the container alone. The fields are those of ``Service.state``: raise ``SCHEMA`` with them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.files import atomic_path, private_folder
from .._sources.interfaces import log

SCHEMA = 6
KEPT = 2
_WORDS = "words.json"
Arrays = dict[str, NDArray[Any]]


def write_checkpoint(folder: Path, arrays: Arrays, words: dict[str, Any]) -> None:
    """Write the next checkpoint, then remove all but the last two.

    Raises:
        ValueError: The folder cannot be made or written, for example because the disk is full; the others stay.
    """
    private_folder(folder)
    for left in folder.glob(".state-*.tmp.npz"):  # of a process that was killed while writing
        left.unlink(missing_ok=True)
    there = _generations(folder)
    number = there[-1][0] + 1 if there else 1
    document = words | dict(schema=SCHEMA)
    document["checksum"] = _checksum(arrays, document)
    raw = np.frombuffer(json.dumps(document).encode(), np.uint8)
    try:
        with atomic_path(folder / f"state-{number:08d}.npz", 0o600) as path, path.open("wb") as handle:
            assert not any(array.dtype.hasobject for array in arrays.values())  # these would be pickled
            whole: Any = {_WORDS: raw, **arrays}
            np.savez(handle, **whole)  # not allow_pickle=False: numpy 2.1 takes that for an array
    except OSError as exc:
        raise ValueError(
            f"cannot write a checkpoint in {str(folder)!r}: {exc.strerror}. The one before stays: make room and "
            "start again."
        ) from exc
    for _, old in there[: max(len(there) + 1 - KEPT, 0)]:
        old.unlink(missing_ok=True)


def read_checkpoint(
    folder: Path, use: Callable[[Arrays, dict[str, Any]], object] = lambda arrays, words: None, needed: bool = True
) -> tuple[Arrays, dict[str, Any]] | None:
    """Return the newest checkpoint that is whole and usable; None if there is none at all, or none that is needed.

    Newer checkpoints that are not usable are renamed to ``.damaged``: otherwise one of them would stay as one of the
    last two, and a usable one would be removed.

    Args:
        folder: State folder.
        use: Called with arrays and words; it raises ``NotUsable`` to get the one before.
        needed: Whether what a checkpoint holds is nowhere else, as in a journal that begins with the first record.

    Raises:
        ValueError: There are checkpoints, none is usable, and one is needed; or ``use`` raises it.
    """
    there, damaged = _generations(folder), list[Path]()
    found = None
    for number, path in reversed(there):
        try:
            found = _read(path)
            use(*found)
            break
        except NotUsable as exc:
            found = None
            instead = "the one before is tried" if number > there[0][0] else "there is none before it"
            log.warning("%s %s; %s.", path, exc, instead)
            damaged.append(path)
    if there and found is None and needed:
        raise ValueError(f"no checkpoint in {str(folder)!r} can be read: remove the folder to start again.")
    if there and found is None:
        log.warning("no checkpoint in %s can be read; everything is learned again from the journal.", folder)
    for file in damaged:
        file.replace(file.with_name(f"{file.name}.damaged"))
    return found


class NotUsable(ValueError):
    """A file that is no whole checkpoint, or holds something else."""


def _generations(folder: Path) -> list[tuple[int, Path]]:
    found = [(path.stem[6:], path) for path in folder.glob("state-*.npz")]
    return sorted((int(number), path) for number, path in found if number.isdecimal())


def _read(path: Path) -> tuple[Arrays, dict[str, Any]]:
    if path.is_symlink() or not path.is_file():
        raise NotUsable("is no regular file")
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        words = json.loads(arrays.pop(_WORDS).tobytes())
        checksum = words.pop("checksum")
    except Exception as exc:  # zipfile, zlib and numpy raise many kinds for damaged bytes
        raise NotUsable("is damaged") from exc
    if words.get("schema") != SCHEMA:
        raise ValueError(
            f"{path} is a checkpoint of schema {words.get('schema')}, this version reads {SCHEMA}: name another folder."
        )
    if checksum != _checksum(arrays, words):
        raise NotUsable("does not have its checksum")
    return arrays, words


def _checksum(arrays: Arrays, words: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
