"""One decorator for every factory of learners: checked arguments, and one learner for equal arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

from ._base import Learner, check_lookaheads, check_sizes

Arguments = ParamSpec("Arguments")
State = TypeVar("State")
KEPT = 64  # learners of one factory; one learner is one compiled kernel


def learner_factory(make: Callable[Arguments, Learner[State]]) -> Callable[Arguments, Learner[State]]:
    """Return the factory with its arguments checked by their annotations, and its learners kept.

    ``sizes`` and ``lookaheads`` become rising tuples; a ``float``, an ``int`` and a ``bool`` become just that. Equal
    arguments give the same learner, so that its kernel is compiled once. Other arguments must be hashable.

    Args:
        make: ``(arguments) -> Learner``.

    Raises:
        ValueError: When the factory is called: sizes or look-aheads that do not rise, a text where a number is
            expected, a fraction where a whole number is expected.
    """
    signature, kinds = inspect.signature(make), get_type_hints(make)
    kept = lru_cache(maxsize=KEPT)(make)

    @wraps(make)
    def factory(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Learner[State]:
        try:
            given = signature.bind(*args, **kwargs)
        except TypeError as exc:
            raise TypeError(f"{make.__name__}: {exc}") from None
        given.apply_defaults()
        checked = {word: _checked(word, kinds[word], value) for word, value in given.arguments.items()}
        given.arguments.update(checked)
        return kept(*given.args, **given.kwargs)

    return factory


def _checked(word: str, kind: Any, value: Any) -> Any:
    if word == "sizes":
        return check_sizes(value)
    if word == "lookaheads":
        return check_lookaheads(value)
    if kind not in (float, int, bool):
        return value
    try:
        number = kind(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or isinstance(value, str) or (kind is not float and number != value):
        wanted = {float: "a number", int: "a whole number", bool: "True or False"}[kind]
        raise ValueError(f"{word} must be {wanted}, got {value!r}.")
    return number
