"""Subtraction and multiplication, digit by digit, as lines of characters."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import mul, sub
from typing import Any

from ..process import Process
from .alphabet import alphabet
from .chance import counted_chance
from .layouts import Line, answered, ended, number, words
from .pairs import Pairs, endless, falling, finite, folded, square
from .rows import check_word, line_task, named

FORMATS = ("plain", "reverse")
FINITE = 3  # digits of the largest domain that is divided into a set and an exam
MOST_DIGITS = 9


@lru_cache
def subtraction(
    digits: int = 3, format: str = "plain", padding: bool = True, wrap: bool = False, asked: str = "answer"
) -> Process:
    """Return the task: lines such as ``367-128=239``, the first number not below the second.

    Up to three digits the domain is finite: a set and its exam share no pair. With 4 to 9 digits pairs are drawn anew
    each time. All pairs a >= b are equally likely. The other options are those of ``addition``.

    Args:
        digits: The most digits of a number, 1 to 9.
        format: ``"plain"``, or ``"reverse"``: the least digit of the answer first.
        padding: Numbers have leading zeros.
        wrap: The line stands between two ``$``.
        asked: ``"answer"`` or ``"line"``.

    Raises:
        ValueError: The digits are out of their range, or there is no such word.

    References:
        N. Lee et al., Teaching arithmetic to small transformers, ICLR 2024 (arXiv 2307.03381).
    """
    check_word("the format of subtraction", format, FORMATS)
    if not 1 <= digits <= MOST_DIGITS:
        raise ValueError(f"subtraction takes numbers of 1 to {MOST_DIGITS} digits, got {digits}.")
    side = 10**digits
    if digits <= FINITE:
        pairs = finite(side * (side + 1) // 2, falling(side))
    else:
        pairs = endless((side // 2, side + 1), folded(side))
    return _task(
        "subtraction", subtraction, "-", sub, digits, pairs,
        dict(digits=digits, format=format, padding=padding, wrap=wrap, asked=asked),
        about=f"differences a - b >= 0 of numbers of up to {digits} digits",
        theory="each digit of the answer needs two digits and what the columns right of it borrow",
    )  # fmt: skip


@lru_cache
def multiplication(
    digits: int = 2, format: str = "plain", padding: bool = True, wrap: bool = False, asked: str = "answer"
) -> Process:
    """Return the task: lines such as ``12*34=0408``.

    The domain is finite: a set and its exam share no pair. The other options are those of ``addition``.

    Args:
        digits: The most digits of a number, 1 to 3; the product has twice as many.
        format: ``"plain"``, or ``"reverse"``: the least digit of the answer first.
        padding: Numbers have leading zeros.
        wrap: The line stands between two ``$``.
        asked: ``"answer"`` or ``"line"``.

    Raises:
        ValueError: The digits are out of their range, or there is no such word.

    References:
        N. Lee et al., Teaching arithmetic to small transformers, ICLR 2024 (arXiv 2307.03381).
    """
    check_word("the format of multiplication", format, FORMATS)
    if not 1 <= digits <= FINITE:
        raise ValueError(f"multiplication takes numbers of 1 to {FINITE} digits, got {digits}.")

    return _task(
        "multiplication", multiplication, "*", mul, 2 * digits, finite(10 ** (2 * digits), square(10**digits)),
        dict(digits=digits, format=format, padding=padding, wrap=wrap, asked=asked),
        about=f"products of two numbers of up to {digits} digits",
        theory="the last digit needs two digits alone, those in the middle need all",
    )  # fmt: skip


def _task(
    name: str,
    maker: Callable[..., Process],
    sign: str,
    result: Callable[[Any, Any], Any],
    width: int,
    pairs: Pairs,
    options: dict[str, Any],
    *,
    about: str,
    theory: str,
) -> Process:
    """Return the task of an operation on two numbers, whose results have up to ``width`` digits."""
    digits, format, padding, wrap, asked = options.values()

    def line(a: Any, b: Any) -> Line:
        question = [*number(a, digits, padding), *words(sign), *number(b, digits, padding), *words("=")]
        return ended(question, answered(number(result(a, b), width, padding), format), wrap, not padding)

    return line_task(
        name=named(name, maker, **options),
        about=f"{about}, written as lines of characters, {format}",
        theory=theory,
        characters=alphabet(f"{sign}="),
        line=line,
        pairs=pairs,
        chance=counted_chance(line, *pairs.counted()),
        asked=asked,
    )
