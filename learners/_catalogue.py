"""Every learner by its name, and words such as ``ladder:forgetting=0.99`` with options.

The parameters ``sizes``, ``lookaheads``, ``outputs``, ``inputs``, ``direct``, ``system`` and ``gain`` of a factory are
filled in from the stream; all its other parameters are options for the user.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, get_args, get_type_hints

from .._core.named_options import read_options
from .._core.text import did_you_mean
from ._base import Learner
from ._full_state.charts import block_chart, random_chart, rank
from ._full_state.submatrix import submatrix
from ._least_squares.ladder import ladder
from ._least_squares.lattice import lattice
from ._least_squares.qr_array import qr_array
from ._least_squares.rls import naive_rls, square_root_rls
from ._least_squares.sliding_window import sliding_window
from ._neural.attention import attention
from ._neural.gru import gru
from ._neural.ssm import ssm
from ._neural.window_mlp import mlp
from ._online.doubling_epochs import doubling_epochs
from ._online.gradient_descent import gradient_descent
from ._online.length_mixture import length_mixture
from ._online.lms import affine_projection, lms, nlms
from ._online.newton_step import newton_step
from ._online.vovk import vovk
from ._state_space.kalman import truncated_kalman
from ._state_space.misspecified_kalman import misspecified_kalman
from ._state_space.smoothing import exponential_smoothing, holt, linear_extrapolation, persistence, zero
from ._state_space.spectral_filter import spectral_filter
from ._state_space.subspace import subspace

FILLED_IN = ("sizes", "lookaheads", "outputs", "inputs", "direct", "system", "gain")


class Entry(NamedTuple):
    """One learner of the catalogue.

    Attributes:
        make: The factory; its docstring has equation, options and references.
        size_label: What a size is.
        serves: The streams that it predicts: ``"one output"``, any ``"outputs"``, ``"outputs and inputs"``, or outputs
            that are the ``"whole state"``.
        cost: Operations a step and lane: M the largest size, q the channels, p the outputs, n the states.
        about: One line.
        shifts: A constant added to the outputs is added to every forecast, also without centering.
    """

    make: Callable[..., Learner]
    size_label: str
    serves: str
    cost: str
    about: str
    shifts: bool = False


EVERY, CHANNELS, STATE = "outputs", "outputs and inputs", "whole state"
LENGTH, WINDOW = "filter length", "window length"
CATALOGUE: dict[str, Entry] = {
    "ladder": Entry(ladder, LENGTH, "one output", "30 M", "least squares of every length, by the lattice"),
    "lattice": Entry(lattice, WINDOW, CHANNELS, "M q^3", "least squares of every window, by the lattice"),
    "qr-array": Entry(qr_array, WINDOW, CHANNELS, "6 (M q)^2", "least squares of every window; gaps are left out"),
    "square-root-rls": Entry(
        square_root_rls, WINDOW, CHANNELS, "2 M^3 q^2", "least squares, window by window (Potter)"
    ),
    "naive-rls": Entry(naive_rls, WINDOW, CHANNELS, "1.3 M^3 q^2", "textbook least squares, which fails: an opponent"),
    "sliding-window": Entry(
        sliding_window, WINDOW, CHANNELS, "18 (M q)^2", "least squares on the last N samples alone"
    ),
    "lms": Entry(lms, WINDOW, CHANNELS, "2 M^2 q", "least mean squares, fixed step"),
    "nlms": Entry(nlms, WINDOW, CHANNELS, "3 M^2 q", "normalised least mean squares"),
    "affine-projection": Entry(affine_projection, WINDOW, CHANNELS, "16 M^2 q", "steps that fit the last few samples"),
    "gradient-descent": Entry(gradient_descent, WINDOW, CHANNELS, "4 M^2 q", "regret of the order of sqrt(T)"),
    "newton-step": Entry(newton_step, WINDOW, CHANNELS, "3 p M^3 q^2", "regret of the order of log T, range known"),
    "vovk": Entry(vovk, WINDOW, CHANNELS, "3 M^3 q^2", "regret of the order of log T on any data (VAW)"),
    "spectral-filter": Entry(
        spectral_filter,
        "number of filters",
        CHANNELS,
        "6 (P M q)^2 + N P M q",
        "least squares on fixed filters of a long past",
    ),
    "subspace": Entry(subspace, "state order", CHANNELS, "M (M + q)", "state-space models of every order, re-fitted"),
    "doubling-epochs": Entry(
        doubling_epochs, "longest window", CHANNELS, "as the ladder", "a length that grows like log t (Tsiamis-Pappas)"
    ),
    "length-mixture": Entry(
        length_mixture, "longest window", CHANNELS, "as the ladder", "exponential weights over all lengths"
    ),
    "ssm": Entry(ssm, "number of features", CHANNELS, "6 (M q)^2", "least squares on the states of fixed poles"),
    "gru": Entry(
        gru,
        "number of hidden units",
        CHANNELS,
        "72 M^2",
        "gradients, recurrent: an opponent, given the last value",
        shifts=True,
    ),
    "attention": Entry(
        attention, "width", CHANNELS, "160 M^2", "gradients, attention: an opponent, given the last value", shifts=True
    ),
    "mlp": Entry(
        mlp,
        "number of hidden units",
        CHANNELS,
        "200 M q",
        "gradients, one layer: an opponent, given the last value",
        shifts=True,
    ),
    "submatrix": Entry(submatrix, "block size", STATE, "n^3", "least squares on k x k blocks"),
    "rank": Entry(rank, "rank", STATE, "n^3", "least squares of every rank"),
    "random-chart": Entry(random_chart, "parameters", STATE, "n^6", "least squares in d random directions"),
    "block-chart": Entry(block_chart, "parameters", STATE, "n^2 d^2", "a free block for each growing eigenvalue"),
    "kalman": Entry(misspecified_kalman, "state order", CHANNELS, "n^3", "the Kalman predictor, also of a wrong model"),
    "truncated-kalman": Entry(truncated_kalman, LENGTH, CHANNELS, "M (n + q)", "the Kalman predictor cut off"),
    "zero": Entry(zero, "memory", EVERY, "0", "nothing: the weakest baseline"),
    "persistence": Entry(persistence, "memory", EVERY, "p", "the last sample", shifts=True),
    "linear-extrapolation": Entry(
        linear_extrapolation, "memory", EVERY, "4 p", "the line through two samples", shifts=True
    ),
    "exponential-smoothing": Entry(exponential_smoothing, "memory", EVERY, "3 p", "a level, fixed gain", shifts=True),
    "holt": Entry(holt, "memory", EVERY, "6 p", "a level and a trend, fixed gains", shifts=True),
}


def learner_names() -> dict[str, Entry]:
    """Return every learner of ``make_learner``, by its name."""
    return dict(CATALOGUE)


def learner_entry(name: str) -> Entry:
    """Return one learner of the catalogue.

    Raises:
        ValueError: No such name.
    """
    if name not in CATALOGUE:
        raise ValueError(
            f"no learner is called {name!r}{did_you_mean(name, CATALOGUE)} There are {', '.join(CATALOGUE)}."
        )
    return CATALOGUE[name]


def default_learner(outputs: int, inputs: int, further: bool = False, whole_state: bool = False) -> str:
    """Return the name of the default learner.

    Args:
        outputs, inputs: Of the stream.
        further: More than one sample ahead is forecast.
        whole_state: The outputs are the whole state of the plant, measured without noise.
    """
    if outputs + inputs == 1:
        return "ladder"
    return "qr-array" if further else "submatrix" if whole_state else "lattice"


def sized_by_length(words: str) -> bool:
    """Return whether the sizes of a learner, ``NAME`` or ``NAME:option=value,..``, count the samples of a window."""
    return learner_entry(words.partition(":")[0]).size_label in (LENGTH, WINDOW)


def make_learner(words: str, given: Mapping[str, Any]) -> Learner:
    """Return the learner that ``NAME`` or ``NAME:option=value,..`` names.

    Args:
        words: Name and options.
        given: Values for the names in ``FILLED_IN``, and defaults for options; a name that is missing or None keeps the
            default of the factory.

    Raises:
        ValueError: No such learner or option, a value of another kind, a learner that needs a system where none is
            given, or a look-ahead that it does not offer.
    """
    name, _, rest = words.partition(":")
    entry, options = learner_entry(name), learner_options(name)
    takes = inspect.signature(entry.make).parameters
    known = {word: value for word, value in given.items() if value is not None}
    lookaheads = tuple(known.get("lookaheads", (1,)))
    if "lookaheads" not in takes and lookaheads != (1,):
        far = ", ".join(name for name, other in CATALOGUE.items() if "lookaheads" in signature(other.make))
        raise ValueError(f"{name} forecasts one sample ahead, not {lookaheads}: choose one of {far}.")
    if "sizes" not in takes and "sizes" in known:
        raise ValueError(f"{name} has one size: leave sizes out.")
    if "system" in takes and "system" not in known:
        raise ValueError(f"{name} needs a system; a recording has none.")
    filled = {word: value for word, value in known.items() if word in takes}
    chosen = read_options(name, rest, {word: kind for word, (kind, _) in options.items()})
    return entry.make(**filled | chosen)


def find_learner(learner: Learner | str, outputs: int, inputs: int) -> Learner:
    """Return the learner itself, or that with this name, with an intercept, for a stream of these outputs and inputs.

    Raises:
        ValueError: There is no such learner, or it needs a system.
    """
    if isinstance(learner, str):
        return make_learner(learner, dict(outputs=outputs, inputs=inputs, intercept=True))
    if not isinstance(learner, Learner):
        raise ValueError(f"a learner must be a Learner or a name such as 'ladder', got {learner!r}.")
    return learner


def learner_options(name: str) -> dict[str, tuple[type, Any]]:
    """Return the options of a learner: kind and default of each."""
    make = learner_entry(name).make
    kinds = get_type_hints(make)
    return {word: (_kind(kinds[word]), default) for word, default in signature(make).items() if word not in FILLED_IN}


@cache
def signature(make: Callable[..., Learner]) -> dict[str, Any]:
    """Return the parameters of a factory with their defaults."""
    return {word: parameter.default for word, parameter in inspect.signature(make).parameters.items()}


def _kind(annotation: Any) -> type:
    """Return the kind of a value: the first kind of a union that is not None."""
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType] or [annotation]
    return kinds[0] if isinstance(kinds[0], type) else str


def named_learner(name: str | None, sizes: Sequence[int] | None) -> Callable[[int, int], Learner]:
    """Return a function from outputs and inputs to the learner of such streams.

    Args:
        name: As for ``make_learner``; None: the default learner.
        sizes: Sizes to try; None: lengths 0..16 if the learner has lengths, else its own sizes.

    Raises:
        ValueError: There is no such learner.
    """

    def make(outputs: int, inputs: int) -> Learner:
        chosen = name or default_learner(outputs, inputs)
        tried = range(17) if sizes is None and sized_by_length(chosen) else sizes
        # No future input is known: y[t+1] is forecast from u[t] and earlier inputs. Streams have a level.
        return make_learner(chosen, dict(sizes=tried, outputs=outputs, inputs=inputs, direct=False, intercept=True))

    if name is not None:
        learner_entry(name.partition(":")[0])  # a wrong name is an error before the first sample
    return make
