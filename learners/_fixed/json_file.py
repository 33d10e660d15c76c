"""Fixed predictors as JSON: one object in a file, or a list of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ..._core.files import write_text
from ..._core.json_values import json_text
from .arx import ARXPredictor
from .predictor import FixedPredictor
from .state_space import StateSpacePredictor

VERSION = 1
Shape = tuple[str, ...]
# The axes of each array: "output" and "input" are given by the names, the others by the array itself.
ARX: dict[str, Shape] = dict(
    constant=("output",),
    direct=("output", "input"),
    output_taps=("lag", "output", "output"),
    input_taps=("lag", "output", "input"),
)
STATE_SPACE: dict[str, Shape] = dict(
    F=("state", "state"),
    L=("state", "output"),
    G=("state", "input"),
    C=("output", "state"),
    D=("output", "input"),
)
KINDS: dict[str, tuple[type[FixedPredictor], dict[str, Shape]]] = {
    "arx": (ARXPredictor, ARX),
    "state-space": (StateSpacePredictor, STATE_SPACE),
}


def predictor_json(predictors: FixedPredictor | Iterable[FixedPredictor]) -> str:
    """Return one predictor as the text of a JSON object, or several as that of a list."""
    if isinstance(predictors, FixedPredictor):
        return json_text(_written(predictors)) + "\n"
    lines = ",\n".join(json.dumps(_written(predictor), allow_nan=False) for predictor in predictors)
    return f"[\n{lines}\n]\n"


def write_predictor(predictor: FixedPredictor, path: str | os.PathLike[str]) -> None:
    """Write a predictor as a JSON file, whole or not at all; ``read_predictor`` reads it back.

    Raises:
        ValueError: The folder does not exist or cannot be written to.
    """
    write_text(path, predictor_json(predictor))


def _written(predictor: FixedPredictor) -> dict[str, Any]:
    return dict(format="ergoscope-predictor", version=VERSION) | predictor.to_dict()


def read_predictor(path: str | os.PathLike[str]) -> FixedPredictor:
    """Read a predictor from a JSON file: ``ergoscope export .. --to json``, or one written by hand.

    Raises:
        ValueError: It is no such file, or its numbers do not fit together; the message says where.
    """
    read = _parsed(path)
    if isinstance(read, list):
        raise ValueError(
            f"{os.fspath(path)} holds {len(read)} predictors, one a size: write one of them with `ergoscope export "
            "FOLDER --size N --to json`."
        )
    return predictor_of(read, os.fspath(path))


def read_predictors(path: str | os.PathLike[str]) -> list[FixedPredictor]:
    """Read every predictor of a JSON file, as ``ergoscope locate`` writes them."""
    read = _parsed(path)
    return [predictor_of(one, os.fspath(path)) for one in (read if isinstance(read, list) else [read])]


def _parsed(path: str | os.PathLike[str]) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as exc:
        raise ValueError(f"{os.fspath(path)} cannot be read: {exc.strerror}.") from exc
    except (ValueError, RecursionError) as exc:
        raise ValueError(
            f"{os.fspath(path)} is not JSON ({exc}): expected a predictor.json of `ergoscope export`. Of a recording, "
            "run `ergoscope locate` first."
        ) from exc


def predictor_of(read: Any, where: str) -> FixedPredictor:
    """Return the predictor of a JSON object, checked.

    Raises:
        ValueError: See ``read_predictor``.
    """
    if not isinstance(read, dict) or read.get("format") != "ergoscope-predictor":
        raise ValueError(f"{where} is no predictor: expected a JSON object with format 'ergoscope-predictor'.")
    if read.get("version") != VERSION:
        raise ValueError(f"{where} has version {read.get('version')!r} of the format, expected {VERSION}: export anew.")
    kind = read.get("kind")
    if kind not in KINDS:
        raise ValueError(f"{where}: kind must be one of {', '.join(KINDS)}, got {kind!r}.")
    make, shapes = KINDS[kind]
    names = {word: read.get(word) for word in ("outputs", "inputs")}
    for word, given in names.items():
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            raise ValueError(f"{where}: {word} must be a list of names, got {given!r}.")
    dt, about = read.get("dt"), read.get("about", {})
    if dt is not None and not (isinstance(dt, int | float) and not isinstance(dt, bool) and 0 < dt < np.inf):
        raise ValueError(f"{where}: dt must be a positive number of seconds or null, got {dt!r}.")
    if not isinstance(about, dict):
        raise ValueError(f"{where}: about must be an object, got {about!r}.")
    lengths = dict(output=len(names["outputs"] or []), input=len(names["inputs"] or []))
    if not lengths["output"]:
        raise ValueError(f"{where}: outputs must name at least one output.")
    arrays = {}
    for word, axes in shapes.items():
        arrays[word] = _array(where, word, read.get(word), axes, lengths)
    return make(
        output_names=tuple(names["outputs"] or []),
        input_names=tuple(names["inputs"] or []),
        dt=None if dt is None else float(dt),
        about=about,
        **arrays,
    )


def _array(where: str, word: str, given: Any, axes: Shape, lengths: dict[str, int]) -> Any:
    """Return an array of the axes; an axis whose length is not known yet becomes known."""
    try:
        if not _numbers(given):
            raise ValueError
        array = np.array(given, np.float64)
        if not array.size:
            known = [lengths.get(axis, len(given) if axis == axes[0] else 0) for axis in axes]
            array = array.reshape(known)
    except (ValueError, TypeError):
        raise ValueError(f"{where}: {word} must be lists of numbers ({', '.join(axes)}).") from None
    for axis, length in zip(axes, array.shape, strict=False):
        lengths.setdefault(axis, length)
    expected = tuple(lengths.get(axis, 0) for axis in axes)
    if array.shape != expected:
        raise ValueError(f"{where}: {word} must have the shape {expected} ({', '.join(axes)}), got {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{where}: {word} must be finite.")
    return array


def _numbers(given: Any) -> bool:
    if isinstance(given, list):
        return all(_numbers(part) for part in given)
    return isinstance(given, int | float) and not isinstance(given, bool)
