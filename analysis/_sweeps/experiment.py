"""An experiment: a grid of systems, learners, noise, horizons and seeds in one TOML file, checked when it is read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from ..._core.devices import Precision
from ..._core.text import did_you_mean
from ...simulator import LinearSystem, find_system
from ...simulator._simulation.noise import Noise
from ...simulator._tasks.find import find_task
from .task_experiment import TaskExperiment
from .values import count, decays, factors, numbers, one_of, text, words

MOST_BYTES = 1_000_000  # of the file
_Keys: TypeAlias = dict[str, dict[str, Callable[[Any], Any]]]


class Experiment(NamedTuple):
    """A grid of points and the settings that they share.

    Attributes:
        name: Name of the file, without its ending.
        text: Content of the file.
        plants: The systems by the words that name them.
        learners: ``NAME`` or ``NAME:option=value,..``.
        noise: Factors on the covariance R of the measurement noise.
        horizons: Samples of each run, rising.
        seeds: Seeds of the simulation, rising.
        sizes: Sizes of every learner, all predicted at once; None: those of ``locate``.
        replicates: Independent runs of each point.
        lookaheads: Samples ahead to forecast, rising.
        inputs: Known input of the systems, as in ``locate``.
        law: Law of the noise, as in ``simulate``.
        precision: ``"float32"`` or ``"float64"``.
        device: As in ``find_devices``; None: JAX chooses.
        out: Folder for the results.
    """

    name: str
    text: str
    plants: dict[str, LinearSystem]
    learners: tuple[str, ...]
    noise: tuple[float, ...] = (1.0,)
    horizons: tuple[int, ...] = (20_000,)
    seeds: tuple[int, ...] = (0,)
    sizes: tuple[int, ...] | None = None
    replicates: int = 64
    lookaheads: tuple[int, ...] = (1,)
    inputs: str = "zero"
    law: Noise = "normal"
    precision: Precision = "float64"
    device: str | None = None
    out: Path = Path("runs")

    @property
    def grid(self) -> dict[str, tuple[Any, ...]]:
        """The values of each axis of the grid."""
        words = ("learners", "noise", "horizons", "seeds")
        return dict(systems=tuple(self.plants)) | {word: getattr(self, word) for word in words}

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that all points share and that their numbers depend on."""
        words = ("sizes", "replicates", "lookaheads", "inputs", "law", "precision", "device")
        return {word: getattr(self, word) for word in words}


AnyExperiment: TypeAlias = Experiment | TaskExperiment


def read_experiment(path: str | Path) -> AnyExperiment:
    """Read an experiment from a TOML file.

    ``[grid]`` holds ``systems`` and ``learners`` (lists of words), and where wanted ``noise`` (factors on R),
    ``horizons``, ``seeds`` and ``sizes`` (lists of whole numbers, or text such as ``"0..9"``). ``[options]`` may hold
    ``replicates``, ``lookaheads``, ``inputs``, ``law``, ``precision``, ``device`` and ``out``. A system is a name of
    the zoo, a TOML file or ``module.py:name``, which is **run as Python**; files are looked for beside the experiment.

    An experiment of tasks has ``tasks`` instead of ``systems``, and where wanted ``sizes``, ``rows``, ``decay`` and
    ``seeds``; its options are ``steps``, ``exam``, ``precision``, ``device`` and ``out``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is no TOML, a key is unknown, or a value is wrong; the message names the line.
    """
    file = Path(path).expanduser()
    if file.exists() and (not file.is_file() or file.stat().st_size > MOST_BYTES):
        raise ValueError(f"{file} must be a TOML file of at most {MOST_BYTES} bytes: name the file of an experiment.")
    try:
        text = file.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except ValueError as exc:
        raise ValueError(f"{file} cannot be read as TOML: {exc}") from exc
    given: dict[str, Any] = {}
    keys = _kind(file, text, tables)
    for table, values in tables.items():
        if table not in keys or not isinstance(values, dict):
            what = "is no table." if table in keys else "is not known" + _near(table, "", keys)
            raise ValueError(f"{file}{_line(text, '', table)}: {table} {what} The tables are [grid] and [options].")
        for key, value in values.items():
            where = f"{file}{_line(text, table, key)}: {_head(table)} {key}"
            if key not in keys[table]:
                hint = _near(key, table, keys)
                raise ValueError(f"{where} is not known{hint} The keys are {', '.join(keys[table])}.")
            try:
                given[key] = keys[table][key](value)
            except ValueError as exc:
                raise ValueError(f"{where} {exc}") from exc
    subjects = "tasks" if keys is TASK_KEYS else "systems"
    for key in (subjects, "learners"):
        if key not in given:
            raise ValueError(f"{file}: [grid] {key} is missing: a list of words, such as {EXAMPLES[key]}.")
    found: dict[str, Any] = {}
    for word in given.pop(subjects):
        try:
            found[word] = find_task(word) if subjects == "tasks" else _system(word, file.parent)
        except (ValueError, OSError) as exc:
            raise ValueError(f"{file}{_line(text, 'grid', subjects)}: [grid] {subjects}: {exc}") from exc
    given["out"] = Path(given.get("out", Path("runs") / file.stem))
    if subjects == "tasks":
        return TaskExperiment(file.stem, text, tuple(found), **given)
    return Experiment(file.stem, text, found, **given)


def _kind(file: Path, text: str, tables: dict[str, Any]) -> _Keys:
    """Return the keys of an experiment of systems, or those of one of tasks."""
    grid = tables.get("grid")
    if not isinstance(grid, dict) or "tasks" not in grid:
        return KEYS
    if "systems" in grid:
        raise ValueError(
            f"{file}{_line(text, 'grid', 'tasks')}: [grid] holds systems and tasks: write them into two files."
        )
    return TASK_KEYS


def _system(word: str, folder: Path) -> LinearSystem:
    """Return the system that a word names, with the word as its name; look for files beside the experiment."""
    source, colon, name = word.partition(":") if ".py:" in word else (word, "", "")
    if source.lower().endswith((".toml", ".py")):
        source = str(folder / Path(source).expanduser())
    return find_system(source + colon + name).replace(name=word)


def _head(table: str) -> str:
    return f"[{table}]"


def _near(key: str, table: str, keys: _Keys) -> str:
    """Return the nearest known key as a question, or the table or the kind of experiment that the key belongs to."""
    for other, known in keys.items():
        if other != table and table and key in known:
            return f" there, but in {_head(other)}."
    others, kind = (TASK_KEYS, "tasks") if keys is KEYS else (KEYS, "systems")
    if table and key in others[table]:
        return f" here: it belongs to an experiment of {kind}."
    return did_you_mean(key, keys[table] if table else keys)


def _line(text: str, table: str, key: str) -> str:
    """Return the line of a key of a table, for a message; nothing if it is written in another form."""
    now = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if head := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            now = head[1]
            if not table and now == key:
                return f", line {number}"
        elif now == table and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line):
            return f", line {number}"
    return ""


KEYS: _Keys = {
    "grid": dict(
        systems=words,
        learners=words,
        noise=factors,
        horizons=numbers(1),
        seeds=numbers(0),
        sizes=numbers(0),
    ),
    "options": dict(
        replicates=count,
        lookaheads=numbers(1),
        inputs=one_of("zero", "white", "prbs", "sweep"),
        law=one_of("normal", "student-t", "uniform", "impulsive"),
        precision=one_of("float32", "float64"),
        device=text,
        out=text,
    ),
}
TASK_KEYS: _Keys = {
    "grid": dict(
        tasks=words,
        learners=words,
        sizes=numbers(1),
        rows=numbers(1),
        decay=decays,
        seeds=numbers(0),
    ),
    "options": dict(
        steps=count,
        exam=count,
        precision=one_of("float32", "float64"),
        device=text,
        out=text,
    ),
}
EXAMPLES = dict(
    systems='["double-integrator", "plant.toml"]',
    tasks='["parity"]',
    learners='["ladder", "ladder:forgetting=0.999"] for systems, ["mlp"] for tasks',
)
