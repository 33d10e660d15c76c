"""The folder of an experiment: what was asked for in experiment.json, and a part for each point that is done.

A part appears whole or not at all, so that what is there is done, and what is missing is still to be run.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..._core.files import check_folder, write_text
from ..._core.text import versions
from ...simulator import LinearSystem
from ...simulator._systems.read_system import system_of, table_of
from .experiment import Experiment

EXPERIMENT = "experiment.json"
VERSION = 1  # of what the folder looks like


@contextmanager
def experiment_folder(experiment: Experiment, folder: Path) -> Iterator[Path]:
    """Make or take up the folder of an experiment, for this process alone while the block runs.

    Raises:
        ValueError: It cannot be written in, another process sweeps into it, or it is not of this experiment.
    """
    folder = check_folder(folder)
    before = check_recorded(experiment, folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"another sweep is writing into {str(folder)!r}: wait for it, or choose another --out."
        ) from None
    try:
        _drop_unfinished(folder)
        known = [] if before is None else before["versions"]
        if known and known[-1] != versions():
            warnings.warn(
                f"{folder} was begun with other versions: last bits may differ between its parts.", stacklevel=2
            )
        known = [*(one for one in known if one != versions()), versions()]
        write_text(folder / EXPERIMENT, json.dumps(_record(experiment, known), indent=2) + "\n")
        yield folder
        _drop_unfinished(folder)
    finally:
        lock.release()


def _drop_unfinished(folder: Path) -> None:
    """Remove what processes that were killed have left, of this sweep's workers too."""
    for unfinished in folder.rglob(".*.tmp.*"):
        unfinished.unlink(missing_ok=True)


def check_recorded(experiment: Experiment, folder: Path) -> dict[str, Any] | None:
    """Return what the folder says of its experiment, None where it is new.

    The grid may have grown since; then what is there stays as it is.

    Raises:
        ValueError: It is of another experiment, of another version, or of something else.
    """
    remedy = "choose another --out, or another name"
    if not (folder / EXPERIMENT).is_file():
        if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise ValueError(f"{str(folder)!r} is not empty and holds no experiment: {remedy}.")
        return None
    before = read_recorded(folder)
    now = json.loads(json.dumps(_record(experiment, [])))
    for word, value in now["settings"].items():
        if before["settings"].get(word) != value:
            was = json.dumps(before["settings"].get(word))
            raise ValueError(f"{str(folder)!r} holds {word} = {was}, asked for is {json.dumps(value)}: {remedy}.")
    for axis, values in before["grid"].items():
        gone = [value for value in values if value not in now["grid"][axis]]
        if gone:
            raise ValueError(f"{str(folder)!r} has {axis} that are not asked for now, {json.dumps(gone)}: {remedy}.")
    for word, system in before["systems"].items():
        if now["systems"][word] != system:
            raise ValueError(f"{str(folder)!r} was made with another system {word!r}: {remedy}.")
    return before


def read_recorded(folder: Path) -> dict[str, Any]:
    """Return experiment.json.

    Raises:
        ValueError: It is of another version, or not as it was written.
    """
    try:
        record = json.loads((folder / EXPERIMENT).read_text(encoding="utf-8"))
        version = record["schema"]
        if version == VERSION:
            record["settings"], record["grid"], record["systems"], record["versions"], record["toml"]
    except (ValueError, KeyError, TypeError) as exc:
        raise ValueError(
            f"{folder / EXPERIMENT} is not as ergoscope writes it ({exc}): choose another folder."
        ) from exc
    if version != VERSION:
        raise ValueError(
            f"{folder / EXPERIMENT} is of version {version}, this ergoscope reads {VERSION}: use the ergoscope that "
            "wrote it, or choose another folder."
        )
    return dict(record)


def swept_systems(folder: str | Path) -> dict[str, LinearSystem]:
    """Return the systems of a sweep by the words that name them, as they were before a factor came on their noise.

    Args:
        folder: What ``sweep`` has written, done or not.

    Returns:
        Those that do not vary in time: of the others the folder holds no matrices.

    Raises:
        ValueError: It is no folder of a sweep.
    """
    folder = Path(folder).expanduser()
    if not (folder / EXPERIMENT).is_file():
        raise ValueError(f"{str(folder)!r} holds no {EXPERIMENT}: name a folder that ergoscope sweep has written.")
    systems = read_recorded(folder)["systems"].items()
    return {
        word: system_of(table, f"{folder / EXPERIMENT}, {word}") for word, table in systems if isinstance(table, dict)
    }


def _record(experiment: Experiment, known: list[dict[str, str]]) -> dict[str, Any]:
    systems = {word: _fingerprint(plant) for word, plant in experiment.plants.items()}
    return dict(
        schema=VERSION,
        name=experiment.name,
        settings=experiment.settings,
        grid=experiment.grid,
        systems=systems,
        versions=known,
        toml=experiment.text,
    )


def _fingerprint(system: LinearSystem) -> Any:
    """Return the matrices, or what tells them from others where they vary in time and are many."""
    if not system.time_varying:
        return table_of(system)
    digest = hashlib.sha256(repr((system.dt, system.periodic)).encode())
    for matrix in (system.A, system.B, system.C, system.D, system.Q, system.R):
        digest.update(repr(matrix.shape).encode() + matrix.tobytes())
    return digest.hexdigest()
