"""The characters of lines, and lines as numbers and back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

END = "$"  # ends a line, and fills a row
DIGITS = "0123456789"
WORDS = " .abcdefghijklmnopqrstuvwxyz"  # of the text beside the lines


def alphabet(*parts: str) -> str:
    """Return the characters of a task, each once and in the order of their codes: the end, digits and further ones."""
    return "".join(sorted({END, *DIGITS, *"".join(parts)}))


def encode(text: str, characters: str) -> NDArray[np.int8]:
    """Return the numbers of the characters of a text, ``(character,)``, as a task with these characters has them.

    Args:
        text: Such as ``"128+367="``.
        characters: Of a task: ``Process.characters``.

    Raises:
        ValueError: The text has a character that the task does not know.
    """
    known = {character: number for number, character in enumerate(characters)}
    if unknown := [character for character in dict.fromkeys(text) if character not in known]:
        raise ValueError(f"a line of this task cannot have {_named(unknown)}: its characters are {_named(characters)}.")
    return np.array([known[character] for character in text], np.int8)


def decode(tokens: ArrayLike, characters: str) -> str:
    """Return the text that a row of numbers stands for: the reverse of ``encode``.

    Args:
        tokens: Numbers of characters, ``(character,)``.
        characters: Of a task: ``Process.characters``.

    Raises:
        ValueError: There is no character with such a number, or the numbers are no row of whole numbers.
    """
    row = np.asarray(tokens)
    if row.ndim != 1 or not (row.size == 0 or np.issubdtype(row.dtype, np.integer)):
        raise ValueError(f"expected a row of whole numbers, got {row.dtype} of shape {row.shape}: decode row by row.")
    if unknown := sorted({int(number) for number in row if not 0 <= number < len(characters)}):
        raise ValueError(
            f"characters are numbered from 0 to {len(characters) - 1}, got {', '.join(map(str, unknown))}: "
            f"they are {_named(characters)}."
        )
    return "".join(characters[int(number)] for number in row)


def codes_to_tokens(characters: str) -> NDArray[np.int32]:
    """Return the number of the character with each ASCII code, ``(128,)``; -1 of one that the task does not know."""
    table = np.full(128, -1, np.int32)
    table[[ord(character) for character in characters]] = np.arange(len(characters))
    return table


def _named(characters: Iterable[str]) -> str:
    return " ".join(repr(character) if character == " " or not character.isprintable() else character
                    for character in characters)  # fmt: skip
