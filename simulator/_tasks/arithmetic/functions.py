"""Sine and square root of decimal numbers as lines of characters."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import isqrt, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...._core.jax_later import jnp
from ..process import Process
from .alphabet import alphabet
from .chance import counted_chance
from .layouts import Column, Line, answered, ended, number, words
from .pairs import finite
from .rows import check_word, line_task, named

FORMATS = ("plain", "reverse")
MOST_DECIMALS = 4


@lru_cache
def sine(decimals: int = 4, format: str = "plain", asked: str = "answer") -> Process:
    """Return the task: lines such as ``sin(+0.6488)=+0.6042``.

        x = floor(10^D v) / 10^D for -pi/2 <= v <= pi/2,    answer floor(10^D sin x) / 10^D

    Signs and all D decimals are always written, so that all lines are of one length. (The source writes no sign of a
    positive number, and leaves out zeros at the end.) The domain is finite: a set and its exam share no line.

    Args:
        decimals: D, 1 to 4.
        format: ``"plain"``, or ``"reverse"``: the characters of the answer from the last to the first.
        asked: ``"answer"`` or ``"line"``, as in ``addition``.

    Raises:
        ValueError: The decimals are out of their range, or there is no such word.

    References:
        N. Lee et al., Teaching arithmetic to small transformers, ICLR 2024 (arXiv 2307.03381).
    """
    _check("sine", decimals, format)
    scale = 10**decimals
    first, last = int(np.floor(-pi / 2 * scale)), int(np.floor(pi / 2 * scale))
    x = np.arange(first, last + 1, dtype=np.int32)
    values = np.floor(np.sin(x / scale) * scale).astype(np.int32)
    return _task(
        "sine", sine, "sin", "+-", decimals, format, asked, x, values, signed,
        about=f"sines from -pi/2 to pi/2 with {decimals} decimals",
        theory="the first digits of the answer need the first digits of the number alone, the last one needs all",
    )  # fmt: skip


@lru_cache
def square_root(decimals: int = 4, format: str = "plain", asked: str = "answer") -> Process:
    """Return the task: lines such as ``sqrt(7.6764)=2.7706``.

        x = k / 10^D for 1 <= x < 10,    answer floor(10^D sqrt(x)) / 10^D

    The answers are exact, by whole square roots. The domain is finite: a set and its exam share no line.

    Args:
        decimals: D, 1 to 4.
        format: ``"plain"``, or ``"reverse"``: the characters of the answer from the last to the first.
        asked: ``"answer"`` or ``"line"``, as in ``addition``.

    Raises:
        ValueError: The decimals are out of their range, or there is no such word.

    References:
        N. Lee et al., Teaching arithmetic to small transformers, ICLR 2024 (arXiv 2307.03381).
    """
    _check("square-root", decimals, format)
    scale = 10**decimals
    x = np.arange(scale, 10 * scale, dtype=np.int32)
    values = np.array([isqrt(k * scale) for k in range(scale, 10 * scale)], np.int32)
    return _task(
        "square-root", square_root, "sqrt", "", decimals, format, asked, x, values, decimal,
        about=f"square roots from 1 to 10 with {decimals} decimals",
        theory="the first digits of the answer need the first digits of the number alone, the last one needs all",
    )  # fmt: skip


def decimal(value: Any, decimals: int) -> list[Column]:
    """Return numbers of one digit before the point, given in units of the last decimal, as columns."""
    whole, *rest = number(value, decimals + 1, True)
    return [whole, *words("."), *rest]


def signed(value: Any, decimals: int) -> list[Column]:
    """Return the same with a sign in front; that of 0 is +."""
    xp = np if isinstance(value, np.ndarray) else jnp
    sign = xp.where(value < 0, ord("-"), ord("+"))
    return [Column(sign), *decimal(abs(value), decimals)]


def _check(name: str, decimals: int, format: str) -> None:
    check_word(f"the format of {name}", format, FORMATS)
    if not 1 <= decimals <= MOST_DECIMALS:
        raise ValueError(f"{name} takes 1 to {MOST_DECIMALS} decimals, got {decimals}.")


def _task(
    name: str,
    maker: Callable[..., Process],
    word: str,
    signs: str,
    decimals: int,
    format: str,
    asked: str,
    x: NDArray[np.int32],
    values: NDArray[np.int32],
    written: Callable[[Any, int], list[Column]],
    *,
    about: str,
    theory: str,
) -> Process:
    """Return the task of a function that is a table: its numbers and its values, in units of the last decimal."""

    def line(a: Any, b: Any) -> Line:
        xp = np if isinstance(a, np.ndarray) else jnp
        given, value = xp.asarray(x)[a], xp.asarray(values)[a]
        question = [*words(f"{word}("), *written(given, decimals), *words(")=")]
        return ended(question, answered(written(value, decimals), format), False, False)

    pairs = finite(len(x), lambda place: (place, 0 * place))
    return line_task(
        name=named(name, maker, decimals=decimals, format=format, asked=asked),
        about=f"{about}, written as lines of characters, {format}",
        theory=theory,
        characters=alphabet(f"{word}().=", signs),
        line=line,
        pairs=pairs,
        chance=counted_chance(line, *pairs.counted()),
        asked=asked,
    )
