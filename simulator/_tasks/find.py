"""Every task by its name, and words such as ``parity:bits=40,k=4``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import get_type_hints

from ..._core.named_options import read_options
from ..._core.text import did_you_mean
from .modular_addition import modular_addition
from .parity import parity
from .process import Process
from .sparse_parity import sparse_parity

TASKS: dict[str, Callable[..., Process]] = {
    "parity": parity,
    "modular-addition": modular_addition,
    "sparse-parity": sparse_parity,
}


def task_names() -> dict[str, str]:
    """Return the name of every task, with what it is and what is known of it."""
    made = {name: make() for name, make in TASKS.items()}
    return {name: f"{process.about}; {process.theory}" for name, process in made.items()}


def is_task(words: str) -> bool:
    """Return whether a text begins with the name of a task."""
    return words.partition(":")[0] in TASKS


def find_task(words: str | Process) -> Process:
    """Return the task that ``NAME`` or ``NAME:option=value,..`` names.

    Raises:
        ValueError: There is no such task or option, or a value is of another kind or cannot be.
    """
    if isinstance(words, Process):
        return words
    name, _, rest = words.partition(":")
    if name not in TASKS:
        raise ValueError(f"no task is called {name!r}{did_you_mean(name, TASKS)} There are {', '.join(TASKS)}.")
    make = TASKS[name]
    kinds, usual = get_type_hints(make), inspect.signature(make).parameters
    chosen = read_options(name, rest, {word: kinds[word] for word in usual})
    return make(**{word: parameter.default for word, parameter in usual.items()} | chosen)
