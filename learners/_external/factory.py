"""A fresh predictor for each run, from an object, class or function in a user's file."""

from __future__ import annotations

import inspect
import time
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from ..._core.user_code import named_object, user_code
from .adapters import ADAPTERS, OWN, Adapter
from .validation import Answer, Failed, read_forecast, read_parameters, read_variance

OFFERED = ("outputs", "inputs", "dt")  # the arguments that a factory may take, by these names


class PredictorFactory(NamedTuple):
    """A predictor, or a class or function that returns one.

    Attributes:
        where: ``FILE.py:NAME`` or ``MODULE:NAME``.
        found: The object with that name.
        adapter: How it becomes a predictor.
        makes: ``found`` is a class or a function that returns a predictor.
        takes: The names of ``OFFERED`` that it is called with.
        once: Only one run is made, so an object need not be copied.
    """

    where: str
    found: Any
    adapter: Adapter
    makes: bool
    takes: tuple[str, ...]
    once: bool

    def make(self, outputs: int, inputs: int, dt: float) -> Any:
        """Return a new predictor for a stream of this shape.

        Raises:
            ValueError: The result is no predictor, the call fails, or the predictor does not serve such a stream.
        """
        fresh = self.fresh(outputs, inputs, dt)
        with user_code(f"adapting {self.where}"):
            return self.adapter.adapt(fresh, outputs, inputs)

    def fresh(self, outputs: int, inputs: int, dt: float) -> Any:
        """Return a new object for the adapter."""
        known = dict(zip(OFFERED, (outputs, inputs, dt), strict=True))
        with user_code(f"making {self.where}"):
            if self.makes:
                fresh = self.found(**{word: known[word] for word in self.takes})
            else:
                fresh = self.found if self.once else deepcopy(self.found)
        _check_library(self.where, fresh, self.adapter)
        if not self.adapter.fits(fresh):
            raise ValueError(f"{self.where} gives {type(fresh).__name__}; expected {self.adapter.wanted}.")
        if self.adapter is OWN:
            methods = fresh if isinstance(fresh, (tuple, list)) else (fresh.predict, fresh.update)
            _check_call(self.where, "predict", methods[0])
            _check_call(self.where, "update", methods[1], "y", "u")
        return fresh


def find_factory(words: str, once: bool = False) -> PredictorFactory:
    """Return the factory of ``FILE.py:NAME``, ``MODULE:NAME``, or ``ADAPTER:`` and one of the two.

    Raises:
        ValueError: No such file, module or name; the file fails; the object is no predictor; a factory needs arguments
            that are not offered.
    """
    kind, _, rest = words.partition(":")
    adapter, where = (ADAPTERS[kind], rest) if kind in ADAPTERS else (OWN, words)
    source, _, name = where.rpartition(":")
    if not source or not name.isidentifier():
        raise ValueError(f"{words!r} names no predictor: expected FILE.py:NAME or MODULE:NAME, got {where!r}.")
    try:
        found = named_object(source, name)
    except FileNotFoundError as exc:
        raise ValueError(str(exc)) from exc
    _check_library(where, found, adapter)
    makes = not adapter.fits(found)
    if makes and not callable(found):
        raise ValueError(
            f"{where} is {type(found).__name__}, not callable and no predictor; expected {adapter.wanted}, or a class "
            "or function that returns one."
        )
    factory = PredictorFactory(where, found, adapter, makes, _arguments(where, found) if makes else (), once)
    if not factory.takes:
        factory.fresh(1, 0, 1.0)
    return factory


class Stepper:
    """A predictor with its answers checked; its errors become ``Failed``.

    Args:
        factory: Makes the predictor.
        outputs, inputs, dt: Of the stream.

    Raises:
        Failed: The factory fails.
    """

    def __init__(self, factory: PredictorFactory, outputs: int, inputs: int, dt: float) -> None:
        try:
            self._predictor = factory.make(outputs, inputs, dt)
        except ValueError as exc:
            raise Failed("start", str(exc)) from exc
        self._outputs, self._samples = outputs, 0
        self._variance = getattr(self._predictor, "variance", None)
        self.parameters = read_parameters(getattr(self._predictor, "parameters", None))

    def first(self) -> Answer:
        """Return the forecast before any sample."""
        return self._forecast(time.perf_counter())

    def next(self, y: Float[np.ndarray, " output"], u: Float[np.ndarray, " input"]) -> Answer:
        """Take a sample in and return the forecast of the next one; the predictor may keep the arrays."""
        start = time.perf_counter()
        try:
            with user_code(f"update with sample {self._samples}"):
                self._predictor.update(y, u)
        except ValueError as exc:
            raise Failed("raised", str(exc)) from exc
        self._samples += 1
        return self._forecast(start)

    def _forecast(self, start: float) -> Answer:
        try:
            with user_code("predict"):
                forecast = self._predictor.predict()
            with user_code("variance"):
                variance = self._variance() if callable(self._variance) else None
        except ValueError as exc:
            raise Failed("raised", str(exc)) from exc
        seconds = time.perf_counter() - start
        return Answer(read_forecast(forecast, self._outputs), read_variance(variance, self._outputs), seconds)


def _arguments(where: str, factory: Any) -> tuple[str, ...]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):  # written in C, without a signature
        return ()
    free = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    named = [parameter for parameter in parameters if parameter.kind not in free]
    strange = [p.name for p in named if p.name not in OFFERED and p.default is p.empty]
    if strange or any(p.name in OFFERED and p.kind is p.POSITIONAL_ONLY for p in named):
        raise ValueError(
            f"{where} needs {', '.join(strange) or 'positional arguments'}, which it is not given: it may take "
            f"{', '.join(OFFERED)} by name; all others need defaults."
        )
    return tuple(p.name for p in named if p.name in OFFERED)


def _check_library(where: str, found: Any, adapter: Adapter) -> None:
    """Refuse an object of a known library without its adapter, and name the remedy."""
    first = found[0] if isinstance(found, (tuple, list)) and found else found
    library = type(first).__module__.partition(".")[0]
    if adapter is OWN and library in ADAPTERS and ADAPTERS[library].fits(found):
        raise ValueError(f"{where} is {ADAPTERS[library].wanted}: write {library}:{where}.")


def _check_call(where: str, word: str, function: Any, *arguments: str) -> None:
    """Refuse a method whose signature does not allow the call."""
    wanted = f"{word}({', '.join(arguments)})"
    if not callable(function):
        raise ValueError(f"{where}: {word} is {type(function).__name__}, expected a method called as {wanted}.")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        raise ValueError(f"{where}: {word}{signature} cannot be called as {wanted}.") from None
