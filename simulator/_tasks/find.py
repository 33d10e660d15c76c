"""Every task by its name, and words such as ``parity:bits=40,k=4``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TypeVar, get_type_hints

from ..._core.named_options import read_options
from ..._core.text import did_you_mean
from .arithmetic.addition import addition
from .arithmetic.functions import sine, square_root
from .arithmetic.operations import multiplication, subtraction
from .modular_addition import modular_addition
from .parity import parity
from .process import Process
from .skills import skills
from .sparse_parity import sparse_parity
from .texts import TextStream

T = TypeVar("T")
TASKS: dict[str, Callable[..., Process]] = {
    "parity": parity,
    "modular-addition": modular_addition,
    "sparse-parity": sparse_parity,
    "addition": addition,
    "subtraction": subtraction,
    "multiplication": multiplication,
    "sine": sine,
    "square-root": square_root,
}
TEXTS: dict[str, Callable[..., TextStream]] = {"skills": skills}


def task_names() -> dict[str, str]:
    """Return the name of every task, with what it is and what is known of it."""
    made = {name: make() for name, make in (TASKS | TEXTS).items()}
    return {name: f"{task.about}; {task.theory}" for name, task in made.items()}


def is_task(words: str) -> bool:
    """Return whether a text begins with the name of a task."""
    return words.partition(":")[0] in TASKS | TEXTS


def is_texts(words: str) -> bool:
    """Return whether a text begins with the name of a stream of texts."""
    return words.partition(":")[0] in TEXTS


def find_task(words: str | Process) -> Process:
    """Return the task that ``NAME`` or ``NAME:option=value,..`` names.

    Raises:
        ValueError: There is no such task or option, a value is of another kind or cannot be, or it is a stream of
            texts, which has no examples.
    """
    if isinstance(words, Process):
        return words
    if is_texts(words):
        raise ValueError(
            f"{words} is a stream of texts, which have no labels for a network: see ergoscope emerge "
            f"{words.partition(':')[0]} --along texts, or analysis.emerge_texts."
        )
    return _made(words, TASKS)


def find_texts(words: str | TextStream) -> TextStream:
    """Return the stream of texts that ``NAME`` or ``NAME:option=value,..`` names.

    Raises:
        ValueError: There is no such stream or option, or a value is of another kind or cannot be.
    """
    return words if isinstance(words, TextStream) else _made(words, TEXTS)


def _made(words: str, makers: Mapping[str, Callable[..., T]]) -> T:
    name, _, rest = words.partition(":")
    if name not in makers:
        known = TASKS | TEXTS if makers is TASKS else makers
        what = "task" if makers is TASKS else "stream of texts"
        raise ValueError(f"no {what} is called {name!r}{did_you_mean(name, known)} There are {', '.join(known)}.")
    make = makers[name]
    kinds, usual = get_type_hints(make), inspect.signature(make).parameters
    chosen = read_options(name, rest, {word: kinds[word] for word in usual})
    return make(**{word: parameter.default for word, parameter in usual.items()} | chosen)
