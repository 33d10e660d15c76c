"""Compiled programs that several threads ask for: made once, so that they are compiled once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar

KEPT = 64  # programs of one maker
Maker = TypeVar("Maker", bound=Callable[..., Any])


def kept_programs(make: Maker) -> Maker:
    """Return a maker of programs that keeps the newest: threads that ask for the same one get the same one.

    ``lru_cache`` alone lets threads that ask at once make one each. JAX compiles each of them: on 64 cores, 64 times.
    """
    kept, lock = lru_cache(maxsize=KEPT)(make), Lock()

    def program(*arguments: Any) -> Any:
        with lock:
            return kept(*arguments)

    return program  # type: ignore[return-value]
