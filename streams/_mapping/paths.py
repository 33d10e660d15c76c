r"""Paths into a record: ``DS18B20.Temperature``, ``values.0``, ``.`` for the whole record.

A dot parts the keys and the indices of a path; an index counts from 0, and ``values[0]`` is ``values.0``. In a key a
backslash stands before a dot, a bracket and a backslash. A key that is the whole text needs no backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .._messages.errors import RejectedMessage
from .values import shown_path

WHOLE = "."
MOST_LEAVES = 4096  # of a record, for messages and for the search of a number
_STEP = re.compile(r"\[(\d+)\]|((?:\\.|[^.\\\[\]])+)")
_PATH = re.compile(rf"(?:{_STEP.pattern})(?:\.(?:{_STEP.pattern})|\[\d+\])*".replace("(\\d+)", "\\d+"))


def check_path(path: str) -> str:
    """Return a path.

    Raises:
        ValueError: It is none.
    """
    if path != WHOLE and not _PATH.fullmatch(path):
        raise ValueError(
            f"a path is written temperature, DS18B20.Temperature, values.0, or . for the whole payload, got {path!r}."
        )
    return path


def find(record: Any, path: str) -> list[Any]:
    """Return the value at a path in a list, and an empty list if there is none.

    Raises:
        RejectedMessage: ``schema``: the path has two readings, as a key and as keys in keys.
    """
    if path == WHOLE:
        return [record]
    whole = [record[path]] if isinstance(record, dict) and path in record else []
    steps = [index or re.sub(r"\\(.)", r"\1", key) for index, key in _STEP.findall(path)]
    if len(steps) == 1 and whole:
        return whole
    walked: list[Any] = [record]
    for step in steps:
        walked = [part for one in walked for part in _child(one, step)]
    if whole and walked:
        raise RejectedMessage(
            "schema", rf"{shown_path(path)} is a key, and keys in keys: write the key with a backslash before each dot."
        )
    return whole or walked


def leaves(record: Any) -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each leaf, at most ``MOST_LEAVES``; a record of one value has the path ``.``."""
    count = 0
    waiting = [("", record)]  # the next one last
    while waiting and count < MOST_LEAVES:
        path, value = waiting.pop()
        if isinstance(value, dict | list):
            pairs = value.items() if isinstance(value, dict) else enumerate(value)
            steps = [(written(str(key)), part) for key, part in islice(pairs, MOST_LEAVES)]
            waiting += [(f"{path}.{step}" if path else step, part) for step, part in reversed(steps)]
        else:
            count += 1
            yield path or WHOLE, value


def written(key: str) -> str:
    """Return a key as a path has it."""
    return re.sub(r"([.\\\[\]])", r"\\\1", key)


def _child(value: Any, step: str) -> list[Any]:
    if isinstance(value, dict):
        return [value[step]] if step in value else []
    if isinstance(value, list) and step.isascii() and step.isdecimal() and len(step) < 7:
        return value[int(step) : int(step) + 1]
    return []
