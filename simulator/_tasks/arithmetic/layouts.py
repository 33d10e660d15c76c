"""Lines of arithmetic, column by column: each column is a character code, made of whole numbers.

The same code takes arrays of NumPy and of JAX.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .alphabet import END

ZERO = ord("0")


class Column(NamedTuple):
    """One place of a line.

    Attributes:
        code: ASCII code of the character: a number, or an array with one of each line.
        there: Whether the line has this character: True, or an array with one truth of each line.
    """

    code: Any
    there: Any = True


class Line(NamedTuple):
    """The columns of lines, and how many of them are the question, up to the first ``=``."""

    columns: tuple[Column, ...]
    question: int


def number(value: Any, width: int, padded: bool) -> list[Column]:
    """Return whole numbers from 0 as columns, most significant digit first; unpadded without leading zeros."""
    return shown(digits_of(value, width), padded)


def digits_of(value: Any, width: int) -> list[Any]:
    """Return the digits of whole numbers from 0, least digit first."""
    return [value // 10**k % 10 for k in range(width)]


def shown(digits: list[Any], padded: bool) -> list[Column]:
    """Return digits, least digit first, as the columns of a number, without leading zeros if it is not padded."""
    columns: list[Column] = []
    begun: Any = False
    for k in reversed(range(len(digits))):
        begun = digits[k] > 0 if begun is False else begun | (digits[k] > 0)
        columns.append(Column(digits[k] + ZERO, True if padded or k == 0 else begun))
    return columns


def words(text: str) -> list[Column]:
    """Return a fixed text as columns."""
    return [Column(ord(character)) for character in text]


def ended(question: list[Column], rest: list[Column], wrap: bool, ends: bool) -> Line:
    """Return a line of a question and what comes after it; it ends with ``$`` if wanted, wrapped it begins so, too."""
    first, last = words(END * wrap), words(END * (wrap or ends))
    return Line((*first, *question, *rest, *last), len(first) + len(question))


def answered(answer: list[Column], format: str) -> list[Column]:
    """Return an answer in the order of its format."""
    return answer[::-1] if format == "reverse" else answer


def sum_line(a: Any, b: Any, digits: int, format: str, padded: bool) -> tuple[list[Column], list[Column]]:
    """Return the question of sums, and what comes after it in one of the four formats of ``addition``.

    Args:
        a: First numbers, of up to ``digits`` digits.
        b: Second numbers.
        digits: The most digits of a number.
        format: Plain, reverse, simplified or detailed.
        padded: With leading zeros.
    """
    first, second = digits_of(a, digits), digits_of(b, digits)
    question = [*shown(first, padded), *words("+"), *shown(second, padded), *words("=")]
    answer = number(a + b, digits + 1, padded)
    if format in ("plain", "reverse"):
        return question, answered(answer, format)
    steps: list[Column] = []
    carry = 0 * a
    for k in range(digits):
        column = first[k] + second[k] + carry
        carried = column // 10
        found = [*words("A"), Column(column % 10 + ZERO), *words("C"), Column(carried + ZERO)]
        if format == "detailed":
            left = [*shown(first[k:], padded), *words("+"), *shown(second[k:], padded), *words(",")]
            parts = [Column(first[k] + ZERO), *words("+"), Column(second[k] + ZERO), *words("+"), Column(carry + ZERO)]
            total = [*words("="), *shown([column % 10, carried], padded)]
            found = [*left, *parts, *total, *found, *words(";")]
        if not padded and k:
            longer = sum(first[k:] + second[k:]) > 0
            found = [Column(each.code, longer if each.there is True else each.there & longer) for each in found]
        steps += found
        carry = carried
    return question, [*steps, *(words("=") if format == "simplified" else []), *answer]
