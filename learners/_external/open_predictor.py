"""Open a predictor by its name."""

from __future__ import annotations

import math
import os
import shlex
import shutil

from ..._core.text import did_you_mean
from .._catalogue import CATALOGUE
from .adapters import ADAPTERS
from .catalogue_predictor import CataloguePredictor
from .factory import find_factory
from .fixed_weights import FixedWeights
from .predictor import ExternalPredictor
from .sessions import InProcessSession, ProgramSession, WorkerSession


def open_predictor(words: str, *, limit: float = 1.0, in_process: bool = False) -> ExternalPredictor:
    """Return the predictor with this name, ready to run.

    * ``FILE.py:NAME`` or ``MODULE:NAME``: a ``Predictor``; a pair of functions ``predict()``, ``update(y, u)``; or a
      class or function that returns one of these. It is called with those of ``outputs=``, ``inputs=``, ``dt=`` that
      are among its parameters.
    * ``filterpy:``, ``river:``, ``sklearn:`` or ``control:`` and one of the above: an object of this library.
    * ``./program`` and arguments: a program in any language that reads and writes lines of JSON.
    * ``predictor.json``, as ``ergoscope export`` writes it: fixed weights.
    * A learner of the catalogue, such as ``ladder:size=4,forgetting=0.99``; without ``size`` its largest. It runs over
      the whole series at once.

    docs/predictors.md has an example of each, and the guarantees.

    Args:
        words: As above.
        limit: Seconds for each answer; the start and the first answer have a minute.
        in_process: Run Python in this process. This is faster, but there is no time limit, a predictor could look at
            later samples, and its modules keep their state from one run to the next. Programs always run in a process
            of their own.

    Returns:
        The predictor, to be closed after use.

    Raises:
        ValueError: No predictor has this name, the file fails, or the limit is not positive.
    """
    if not (math.isfinite(limit) and limit > 0):
        raise ValueError(f"the limit of a step must be a positive number of seconds, got {limit}.")
    head = words.partition(":")[0]
    if head in CATALOGUE:
        return CataloguePredictor(words)
    if words.endswith(".json"):
        return FixedWeights(words)
    source, _, name = words.rpartition(":")
    named = name.isidentifier() and (source.endswith(".py") or (source and " " not in source))
    if head in ADAPTERS or named:
        if in_process:
            factory = find_factory(words)
            return ExternalPredictor(words, lambda: InProcessSession(factory))
        _check_system()
        return ExternalPredictor(words, lambda: WorkerSession(words, limit))
    _check_system()
    command = _command(words)
    return ExternalPredictor(words, lambda: ProgramSession(command, limit))


def _check_system() -> None:
    if os.name != "posix":
        raise ValueError("a process of its own needs Linux or macOS; here, run the predictor in-process.")


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
        hint = f"write {first}:NAME" if first.endswith(".py") else f"run chmod +x {shlex.quote(first)}"
        raise ValueError(f"{first} is a file, but not executable: {hint}.")
    hint = did_you_mean(first.partition(":")[0], CATALOGUE)
    raise ValueError(
        f"{words!r} names no predictor{hint} Expected FILE.py:NAME, "
        f"MODULE:NAME, one of {', '.join(ADAPTERS)} and a colon before that, a program such as ./predictor, or a "
        "learner (see: ergoscope learners)."
    )
