"""Systems from TOML files, Python files and modules."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ..._core.text import did_you_mean
from ..._core.user_code import existing_file, named_object, user_code
from .control import from_control
from .covariance import covariance, noise_at_the_input
from .linear_system import ARRAY_FIELDS, LinearSystem

KEYS = ("A", "B", "C", "D", "Q", "R", "dt", "name")


def read_system(
    where: str,
    Q: ArrayLike | None = None,
    R: ArrayLike | None = None,
    dt: float | None = None,
    delay: ArrayLike | None = None,
    input_noise: ArrayLike | None = None,
) -> LinearSystem:
    """Read a system from a TOML file, a Python file or a module.

    * ``plant.toml``: A, C, Q, R; with inputs also B, D; optional dt (seconds, default 1) and name. A matrix is a list
      of rows. Q and R may also be a list (the diagonal) or a number (times the identity).
    * ``plant.py:name`` or ``package.module:name``: a LinearSystem, a ``StateSpace`` or ``TransferFunction`` of
      python-control (R, and Q or ``input_noise``, are then needed, and dt if it is continuous; see ``from_control``),
      or a function without arguments that returns one of them. **The file is run as Python**: name only files that
      you trust. The code can import from the folder of the file; a module can import from the working folder.

    Args:
        where: As above.
        Q: Process noise that replaces that of the file, as in ``from_control``.
        R: Measurement noise that replaces that of the file.
        dt: Sampling time in seconds, for a python-control plant without one.
        delay: Dead time of the inputs in seconds, of a python-control plant.
        input_noise: Process noise that adds to the inputs, Q = B V B', in place of Q.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file cannot be read or run, or its object is not a system; the message says what is wrong.
    """
    if where.lower().endswith(".toml"):
        if dt is not None:
            raise ValueError(f"{where} has its own dt: write it there.")
        if delay is not None:
            raise ValueError(f"{where} is a discrete system: write the delayed inputs as states, or leave delay out.")
        return _from_toml(Path(where).expanduser(), Q, R, input_noise)
    source, _, name = where.rpartition(":")
    if not source or not name.isidentifier():
        raise ValueError(
            f"{where!r} names no system: expected FILE.toml, FILE.py:NAME or MODULE:NAME. NAME is a LinearSystem, a "
            "python-control plant, or a function that returns one."
        )
    return as_system(named_object(source, name), where, Q, R, dt, delay, input_noise, name)


def _from_toml(file: Path, Q: ArrayLike | None, R: ArrayLike | None, input_noise: ArrayLike | None) -> LinearSystem:
    try:
        table = tomllib.loads(existing_file(file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as exc:
        raise ValueError(f"{file} cannot be read as TOML: {exc}") from exc
    except RecursionError as exc:
        raise ValueError(f"{file} cannot be read as TOML: its brackets are nested too deep.") from exc
    given = {word: value for word, value in (("Q", Q), ("R", R)) if value is not None}
    if input_noise is None:
        return system_of(dict(name=file.stem) | table | given, str(file))
    system = system_of(dict(name=file.stem, Q=0.0) | table | given, str(file))
    return system.replace(Q=noise_at_the_input(system.B, input_noise, Q))


def system_of(table: dict[str, Any], where: str) -> LinearSystem:
    """Return the system of a table with the keys and short forms of ``plant.toml``.

    Args:
        table: As read from TOML or JSON.
        where: Name of the table, for messages.

    Raises:
        ValueError: A key is unknown or missing, or its value is not valid; the message says which.
    """
    for key in table:
        if key not in KEYS:
            hint = did_you_mean(key, KEYS)
            raise ValueError(f"{where}: {key!r} is not known{hint} The keys are {', '.join(KEYS)}.")
    absent = [key for key in ("A", "C", "Q", "R") if key not in table]
    if absent:
        raise ValueError(f"{where}: {', '.join(absent)} missing; A, C, Q and R are needed, B, D, dt and name are not.")
    for key, kind, words in (("dt", (int, float), "a number of seconds"), ("name", str, "text")):
        if key in table and (not isinstance(table[key], kind) or isinstance(table[key], bool)):
            raise ValueError(f"{where}: {key} must be {words}, got {table[key]!r}.")
    try:
        return LinearSystem(**table)
    except ValueError as exc:
        raise ValueError(f"{where}: {exc}") from exc


def table_of(system: LinearSystem) -> dict[str, Any]:
    """Return a system as a table of numbers; ``system_of`` reads it back bit for bit.

    Raises:
        ValueError: The system varies in time: a table holds one matrix of each kind.
    """
    if system.time_varying:
        raise ValueError(f"{system.name} varies in time; a table holds one matrix of each kind.")
    matrices = {word: getattr(system, word).tolist() for word in ARRAY_FIELDS if getattr(system, word).size}
    return matrices | dict(dt=system.dt, name=system.name)


def as_system(
    found: Any,
    where: str,
    Q: ArrayLike | None = None,
    R: ArrayLike | None = None,
    dt: float | None = None,
    delay: ArrayLike | None = None,
    input_noise: ArrayLike | None = None,
    name: str | None = None,
) -> LinearSystem:
    """Return the system of an object: a LinearSystem, a python-control plant, or a function that returns one.

    Args:
        found: The object.
        where: Name of the object in messages.
        Q, R, dt, delay, input_noise: As in ``read_system``.
        name: Name of a system made from a python-control plant; by default the name of the plant.

    Raises:
        ValueError: The object is not a system, or Q, R or dt is missing.
    """
    if not isinstance(found, LinearSystem):
        import control  # here: it imports matplotlib, and most systems need neither

        plants = (control.StateSpace, control.TransferFunction)
        if callable(found) and not isinstance(found, plants):
            with user_code(f"calling {where}"):
                found = found()
    if isinstance(found, LinearSystem):
        for word, given in (("dt", dt), ("delay", delay)):
            if given is not None:
                raise ValueError(f"{where} is a LinearSystem, sampled every {found.dt:g} s: leave {word} out.")
        noise = {"Q": (Q, found.states), "R": (R, found.outputs)}
        others = {word: covariance(word, v, size) for word, (v, size) in noise.items() if v is not None}
        if input_noise is not None:
            others["Q"] = noise_at_the_input(found.B, input_noise, Q)
        return found.replace(**others) if others else found  # a new one would warn again
    if not isinstance(found, plants):
        raise ValueError(
            f"{where} gives {type(found).__name__}; expected a LinearSystem, a StateSpace or TransferFunction of "
            "python-control, or a function without arguments that returns one."
        )
    if (Q is None and input_noise is None) or R is None:
        raise ValueError(
            f"{where} is a python-control plant, which has no noise: give the covariances R (measurement, --r) and Q "
            "(process, --q) or input_noise (process noise at the inputs, --input-noise); a number means that number "
            "times the identity."
        )
    try:
        system = from_control(found, Q, R, dt, 0.0 if delay is None else delay, input_noise)
        return system if name is None else system.replace(name=name)
    except ValueError as exc:
        raise ValueError(f"{where}: {exc}") from exc
