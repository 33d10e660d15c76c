"""Lines of arithmetic, built as text in plain Python: the twin of the columns. And what a task draws, as text."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import numpy as np

from ergoscope.simulator import decode
from ergoscope.simulator._tasks.process import Examples, Process, world_keys


def sum_by_hand(a: int, b: int, digits: int, format: str, padded: bool) -> str:
    """Return the line of a + b, without wrap and end."""

    def shown(number: int, width: int) -> str:
        return str(number).zfill(width) if padded else str(number)

    question = f"{shown(a, digits)}+{shown(b, digits)}="
    answer = shown(a + b, digits + 1)
    if format == "plain":
        return question + answer
    if format == "reverse":
        return question + answer[::-1]
    steps, carry, left, right = [], 0, a, b
    for k in range(digits if padded else max(len(str(a)), len(str(b)))):
        column = left % 10 + right % 10 + carry
        found = f"A{column % 10}C{column // 10}"
        if format == "detailed":
            width = digits - k
            found = f"{left % 10}+{right % 10}+{carry}={shown(column, 2)}{found};"
            found = f"{shown(left, width)}+{shown(right, width)},{found}"
        steps.append(found)
        carry, left, right = column // 10, left // 10, right // 10
    return question + "".join(steps) + ("=" if format == "simplified" else "") + answer


class Shown(NamedTuple):
    """A row as text: its inputs, what is asked after each place of the label (a dot: nothing), and its kind."""

    x: str
    asked: str
    kind: int


def shown(process: Process, examples: Examples) -> list[Shown]:
    """Return examples as text, and check their shapes and types."""
    assert examples.x.dtype == np.int8 and examples.y.dtype == np.int32 and examples.kind.dtype == np.int32
    assert examples.x.shape[1:] == (process.inputs,) and examples.y.shape[1:] == (process.asked,)
    assert process.symbols == process.classes == len(process.characters)
    return [
        Shown(decode(x, process.characters), "".join("~" if t < 0 else process.characters[t] for t in y), int(kind))
        for x, y, kind in zip(*(np.asarray(part) for part in examples), strict=True)
    ]


def drawn_by(process: Process, rows: int, exam: int, seed: int = 1) -> tuple[list[Shown], list[Shown]]:
    """Return a set and an exam of one world; one program, compiled in haste."""
    key = world_keys(seed)[0]
    both = _compiled(process, rows, exam)(key)
    return shown(process, both[0]), shown(process, both[1])


@lru_cache
def _compiled(process: Process, rows: int, exam: int) -> Callable[..., Any]:
    program = jax.jit(lambda key: (process.draw(key, rows), process.exam(key, exam)))
    compiled: Callable[..., Any] = program.lower(world_keys(0)[0]).compile({"xla_backend_optimization_level": 0})
    return compiled


def numbers(line: str) -> tuple[int, int]:
    """Return the two numbers of the question of a sum."""
    a, b = line.split("=")[0].strip("$").split("+")
    return int(a), int(b)
