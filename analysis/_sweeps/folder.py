"""The folder of an experiment: experiment.json holds the settings, and each point that is done has one part.

A part appears whole or not at all: a point whose part exists is done, all others are still to run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..._core.files import check_folder, write_text
from ..._core.part_folder import locked_folder
from ..._core.text import versions
from ..._core.user_warning import warn_user
from ...simulator import LinearSystem
from ...simulator._systems.read_system import system_of, table_of
from .experiment import AnyExperiment
from .task_experiment import TaskExperiment

EXPERIMENT = "experiment.json"
VERSION = 1  # of the layout of the folder


@contextmanager
def experiment_folder(experiment: AnyExperiment, folder: Path) -> Iterator[Path]:
    """Make or open the folder of an experiment, for this process alone while the block runs.

    Raises:
        ValueError: It cannot be written to, another process sweeps into it, or it is of another experiment.
    """
    folder = check_folder(folder)
    before = check_recorded(experiment, folder)
    busy = f"another sweep writes into {str(folder)!r}: wait until it ends, or choose another --out."
    with locked_folder(folder, busy):
        known = [] if before is None else before["versions"]
        if known and known[-1] != versions():
            warn_user(f"{folder} was begun with other versions of the packages: its parts may differ in the last bits.")
        known = [*(one for one in known if one != versions()), versions()]
        write_text(folder / EXPERIMENT, json.dumps(_record(experiment, known), indent=2) + "\n")
        yield folder


def check_recorded(experiment: AnyExperiment, folder: Path) -> dict[str, Any] | None:
    """Return the record of the folder's experiment, None if the folder is new.

    The grid may have grown since; existing parts stay as they are.

    Raises:
        ValueError: It is of another experiment or another version, or holds something else.
    """
    remedy = "choose another --out, or another name"
    if not (folder / EXPERIMENT).is_file():
        if folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise ValueError(f"{str(folder)!r} is not empty and is no folder of an experiment: {remedy}.")
        return None
    before = read_recorded(folder)
    now = json.loads(json.dumps(_record(experiment, [])))
    if ("tasks" in before) != ("tasks" in now):
        kinds = "tasks, the experiment has systems" if "tasks" in before else "systems, the experiment has tasks"
        raise ValueError(f"{str(folder)!r} was made with {kinds}: {remedy}.")
    for word, value in now["settings"].items():
        if before["settings"].get(word) != value:
            was = json.dumps(before["settings"].get(word))
            raise ValueError(
                f"{str(folder)!r} was made with {word} = {was}, the experiment has {json.dumps(value)}: {remedy}."
            )
    for axis, values in before["grid"].items():
        gone = [value for value in values if value not in now["grid"][axis]]
        if gone:
            raise ValueError(
                f"{str(folder)!r} has {axis} that are not in the experiment, {json.dumps(gone)}: {remedy}."
            )
    for word, system in before["systems"].items():
        if now["systems"][word] != system:
            raise ValueError(f"{str(folder)!r} was made with another system {word!r}: {remedy}.")
    for word, meaning in before.get("tasks", {}).items():
        if now["tasks"][word] != meaning:
            raise ValueError(f"{str(folder)!r} was made with {word!r} as {meaning}: {remedy}.")
    return before


def read_recorded(folder: Path) -> dict[str, Any]:
    """Return experiment.json.

    Raises:
        ValueError: It is of another version, or was changed.
    """
    try:
        record = json.loads((folder / EXPERIMENT).read_text(encoding="utf-8"))
        version = record["schema"]
        if version == VERSION:
            record["settings"], record["grid"], record["systems"], record["versions"], record["toml"]
    except (ValueError, KeyError, TypeError) as exc:
        raise ValueError(f"{folder / EXPERIMENT} is not in ergoscope's format ({exc}): choose another folder.") from exc
    if version != VERSION:
        raise ValueError(
            f"{folder / EXPERIMENT} has version {version}, this ergoscope reads {VERSION}: use the version of "
            "ergoscope that wrote it, or choose another folder."
        )
    return dict(record)


def swept_systems(folder: str | Path) -> dict[str, LinearSystem]:
    """Return the systems of a sweep by name, before the noise factors.

    Args:
        folder: What ``sweep`` has written, done or not.

    Returns:
        The systems that do not vary in time; the folder holds no matrices of the others.

    Raises:
        ValueError: The folder is none of a sweep.
    """
    folder = Path(folder).expanduser()
    if not (folder / EXPERIMENT).is_file():
        raise ValueError(f"{str(folder)!r} holds no {EXPERIMENT}: name a folder of `ergoscope sweep`.")
    systems = read_recorded(folder)["systems"].items()
    return {
        word: system_of(table, f"{folder / EXPERIMENT}, {word}") for word, table in systems if isinstance(table, dict)
    }


def _record(experiment: AnyExperiment, known: list[dict[str, str]]) -> dict[str, Any]:
    if isinstance(experiment, TaskExperiment):
        meanings: dict[str, Any] = dict(systems={}, tasks=experiment.meanings)
    else:
        meanings = dict(systems={word: _fingerprint(plant) for word, plant in experiment.plants.items()})
    return dict(
        schema=VERSION,
        name=experiment.name,
        settings=experiment.settings,
        grid=experiment.grid,
        **meanings,
        versions=known,
        toml=experiment.text,
    )


def _fingerprint(system: LinearSystem) -> Any:
    """Return the matrices; of a system that varies in time, which has many, their SHA-256."""
    if not system.time_varying:
        return table_of(system)
    digest = hashlib.sha256(repr((system.dt, system.periodic)).encode())
    for matrix in (system.A, system.B, system.C, system.D, system.Q, system.R):
        digest.update(repr(matrix.shape).encode() + matrix.tobytes())
    return digest.hexdigest()
