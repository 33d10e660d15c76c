"""Addition, digit by digit, as lines of characters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...._core.jax_later import Array, jnp
from ..process import Examples, Process, one_kind, permuted

CHARACTERS = "$+0123456789="
FORMATS = ("plain", "reverse")


@lru_cache
def addition(digits: int = 3, format: str = "plain") -> Process:
    pairs = 10 ** (2 * digits)

    def chosen(key: Array, rows: int, last: bool) -> Examples:
        order = permuted(key, pairs, rows, last).astype("int32")
        line = jnp.stack(_line(order // 10**digits, order % 10**digits, digits, format), axis=1).astype("int8")
        return Examples(line[:, :-1], line[:, -digits - 1 :].astype("int32"), one_kind(rows))

    return Process(
        name=f"addition:digits={digits},format={format}",
        about="",
        theory="",
        inputs=3 * digits + 2,
        symbols=len(CHARACTERS),
        classes=len(CHARACTERS),
        kinds=("all",),
        frequency=(1.0,),
        chance=float(np.log(10)),
        domain=pairs,
        rows=2000,
        draw=lambda key, rows: chosen(key, rows, False),
        exam=lambda key, rows: chosen(key, rows, True),
        characters=CHARACTERS,
        asked=digits + 1,
    )


def _line(a: Any, b: Any, digits: int, format: str) -> list[Any]:
    zero, plus, equals = (CHARACTERS.index(c) for c in "0+=")

    def of(number: Any, count: int) -> list[Any]:
        return [number // 10**k % 10 + zero for k in reversed(range(count))]

    answer = of(a + b, digits + 1)
    return [
        *of(a, digits),
        0 * a + plus,
        *of(b, digits),
        0 * a + equals,
        *(answer[::-1] if format == "reverse" else answer),
    ]
