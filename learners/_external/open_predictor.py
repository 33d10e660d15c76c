"""How the words that name a predictor become one."""

from __future__ import annotations

import math
import os
import shlex
import shutil

from ..._core.text import did_you_mean
from .._catalogue import CATALOGUE
from .adapters import ADAPTERS
from .catalogue_predictor import Catalogued
from .factory import find_factory
from .predictor import ExternalPredictor
from .sessions import Child, InProcess, Lines


def open_predictor(words: str, *, limit: float = 1.0, in_process: bool = False) -> ExternalPredictor:
    """Return the predictor that a user names, ready to run.

    * ``FILE.py:NAME`` or ``MODULE:NAME``: a ``Predictor``; a pair of functions ``predict()``, ``update(y, u)``; or a
      class or function that returns one, called with those of ``outputs=``, ``inputs=``, ``dt=`` that its parameters
      name.
    * ``filterpy:``, ``river:``, ``sklearn:`` or ``control:`` before that: an object of this library, by an adapter.
    * ``./program`` and arguments: lines of JSON over its standard input and output, in any language.
    * A learner of the catalogue, such as ``ladder:size=4,forgetting=0.99``; without ``size`` its largest. It runs over
      the whole series at once.

    docs/predictors.md has an example of each, and what is guaranteed.

    Args:
        words: As above.
        limit: Seconds that each answer may take; the start and the first answer have a minute.
        in_process: Run Python in this process: faster; then there is no limit, a predictor could look at the data to
            come, and what its modules keep stays from one run to the next. Programs run in their own in any case.

    Returns:
        The predictor, to be closed after use.

    Raises:
        ValueError: No predictor is named so, the file fails, or the limit is not positive.
    """
    if not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"the limit of a step must be a positive number of seconds, got {limit}.")
    head = words.partition(":")[0]
    if head in CATALOGUE:
        return Catalogued(words)
    source, _, name = words.rpartition(":")
    named = name.isidentifier() and (source.endswith(".py") or (source and " " not in source))
    if head in ADAPTERS or named:
        if in_process:
            maker = find_factory(words)
            return ExternalPredictor(words, lambda: InProcess(maker))
        _check_system()
        return ExternalPredictor(words, lambda: Child(words, limit))
    _check_system()
    command = _command(words)
    return ExternalPredictor(words, lambda: Lines(command, limit))


def _check_system() -> None:
    if os.name != "posix":
        raise ValueError("a process of its own for a predictor needs Linux or macOS; here, run it in-process.")


def _command(words: str) -> list[str]:
    """Return a program and its arguments."""
    try:
        first, *rest = [words] if os.path.isfile(words) else shlex.split(words)
    except ValueError:
        first, rest = words, []
    program = shutil.which(first)
    if program is not None:
        return [os.path.abspath(program), *rest]
    if os.path.isfile(first):
        hint = f"write {first}:NAME" if first.endswith(".py") else f"make it so with chmod +x {shlex.quote(first)}"
        raise ValueError(f"{first} is a file, but not executable: {hint}.")
    hint = did_you_mean(first.partition(":")[0], CATALOGUE)
    raise ValueError(
        f"{words!r} names no predictor{hint} Expected FILE.py:NAME, "
        f"MODULE:NAME, one of {', '.join(ADAPTERS)} and a colon before that, a program such as ./predictor, or a "
        "learner (see: ergoscope learners)."
    )
