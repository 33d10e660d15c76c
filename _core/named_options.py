"""Words such as ``ladder:forgetting=0.99``: a name and its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .text import did_you_mean

WANTED = {bool: "yes or no", int: "a whole number", float: "a number"}


def read_options(name: str, text: str, kinds: Mapping[str, type]) -> dict[str, Any]:
    """Return the options of a text such as ``forgetting=0.99,reset=50``; no text has none.

    Args:
        name: What they are options of, for messages.
        text: What stands behind ``NAME:``.
        kinds: Kind of each option: ``bool``, written yes or no, ``int``, ``float`` or ``str``.

    Raises:
        ValueError: There is no such option, it is written in another form or twice, or its value is of another kind.
    """
    there = f"its options are {', '.join(kinds)}" if kinds else "it has none"
    chosen: dict[str, Any] = {}
    for part in text.split(",") if text else []:
        word, equals, value = (piece.strip() for piece in part.partition("="))
        if equals and word not in kinds:
            raise ValueError(f"{name} has no option {word!r}{did_you_mean(word, kinds)} {there.capitalize()}.")
        if not equals:
            raise ValueError(f"write options of {name} as {name}:option=value,.., got {part!r}; {there}.")
        if word in chosen:
            raise ValueError(f"{name} is given {word} twice: leave one out.")
        chosen[word] = _value(f"{name}: {word}", value, kinds[word])
    return chosen


def _value(word: str, text: str, kind: type) -> Any:
    try:
        if kind is bool:
            return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        return kind(text)
    except (KeyError, ValueError):
        raise ValueError(f"{word} must be {WANTED.get(kind, 'a word')}, got {text!r}.") from None
