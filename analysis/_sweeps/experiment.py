"""An experiment: a grid of systems, learners, noise, horizons and seeds in one TOML file, checked when it is read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from ..._core.devices import Precision
from ..._core.ranges import parse_range
from ..._core.text import did_you_mean
from ...simulator import LinearSystem, find_system
from ...simulator._simulation.noise import Noise

MOST_BYTES = 1_000_000  # of the file


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


def read_experiment(path: str | Path) -> Experiment:
    """Read an experiment from a TOML file.

    ``[grid]`` holds ``systems`` and ``learners`` (lists of words), and where wanted ``noise`` (factors on R),
    ``horizons``, ``seeds`` and ``sizes`` (lists of whole numbers, or text such as ``"0..9"``). ``[options]`` may hold
    ``replicates``, ``lookaheads``, ``inputs``, ``law``, ``precision``, ``device`` and ``out``. A system is a name of
    the zoo, a TOML file or ``module.py:name``, which is **run as Python**; files are looked for beside the experiment.

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
    for table, values in tables.items():
        if table not in KEYS or not isinstance(values, dict):
            what = "is no table." if table in KEYS else "is not known" + _near(table, "", KEYS)
            raise ValueError(f"{file}{_line(text, '', table)}: {table} {what} The tables are [grid] and [options].")
        for key, value in values.items():
            where = f"{file}{_line(text, table, key)}: {_head(table)} {key}"
            if key not in KEYS[table]:
                hint = _near(key, table, KEYS[table])
                raise ValueError(f"{where} is not known{hint} The keys are {', '.join(KEYS[table])}.")
            try:
                given[key] = KEYS[table][key](value)
            except ValueError as exc:
                raise ValueError(f"{where} {exc}") from exc
    for key in ("systems", "learners"):
        if key not in given:
            raise ValueError(f"{file}: [grid] {key} is missing: a list of words, such as {EXAMPLES[key]}.")
    plants = {}
    for word in given.pop("systems"):
        try:
            plants[word] = _system(word, file.parent)
        except (ValueError, OSError) as exc:
            raise ValueError(f"{file}{_line(text, 'grid', 'systems')}: [grid] systems: {exc}") from exc
    given["out"] = Path(given.get("out", Path("runs") / file.stem))
    return Experiment(file.stem, text, plants, **given)


def _system(word: str, folder: Path) -> LinearSystem:
    """Return the system that a word names, with the word as its name; look for files beside the experiment."""
    source, colon, name = word.partition(":") if ".py:" in word else (word, "", "")
    if source.lower().endswith((".toml", ".py")):
        source = str(folder / Path(source).expanduser())
    return find_system(source + colon + name).replace(name=word)


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) and word for word in value):
        raise ValueError(f'must be a list of at least one word, such as ["double-integrator"], got {value!r}.')
    return _once(value)


def _factors(value: Any) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    numbers = [isinstance(x, (int, float)) and not isinstance(x, bool) and isfinite(x) and x > 0 for x in values]
    if not values or not all(numbers):
        raise ValueError(f"must be a list of at least one positive number, such as [0.1, 1, 10], got {value!r}.")
    return _once([float(x) for x in values])


def _numbers(least: int) -> Callable[[Any], tuple[int, ...]]:
    def read(value: Any) -> tuple[int, ...]:
        values = value if isinstance(value, list) else [value]
        if isinstance(value, str):
            values = parse_range("the numbers", value)
        if not values or not all(isinstance(x, int) and not isinstance(x, bool) and x < 2**31 for x in values):
            raise ValueError(f'must be a list of at least one whole number, or text such as "0..9", got {value!r}.')
        if values[0] < least or any(a >= b for a, b in zip(values, values[1:], strict=False)):
            raise ValueError(f"must rise, from {least} on, got {value!r}.")
        return tuple(values)

    return read


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"must be a whole number of at least 1, got {value!r}.")
    return value


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, got {value!r}.")
        return str(value)

    return read


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be text, got {value!r}.")
    return value


def _once(values: list[Any]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        raise ValueError(f"must not hold a value twice, got {values}: leave one out.")
    return tuple(values)


def _head(table: str) -> str:
    return f"[{table}]"


def _near(key: str, table: str, known: Any) -> str:
    """Return the nearest known key as a question, or the table that the key belongs to."""
    for other, keys in KEYS.items():
        if other != table and table and key in keys:
            return f" there, but in {_head(other)}."
    return did_you_mean(key, known)


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


KEYS: dict[str, dict[str, Callable[[Any], Any]]] = {
    "grid": dict(
        systems=_words,
        learners=_words,
        noise=_factors,
        horizons=_numbers(1),
        seeds=_numbers(0),
        sizes=_numbers(0),
    ),
    "options": dict(
        replicates=_count,
        lookaheads=_numbers(1),
        inputs=_one_of("zero", "white", "prbs", "sweep"),
        law=_one_of("normal", "student-t", "uniform", "impulsive"),
        precision=_one_of("float32", "float64"),
        device=_text,
        out=_text,
    ),
}
EXAMPLES = dict(systems='["double-integrator", "plant.toml"]', learners='["ladder", "ladder:forgetting=0.999"]')
