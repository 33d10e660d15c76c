"""Checks of the answers of an external predictor, and their messages."""

from __future__ import annotations

import math
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float

from ..._core.text import printable

Kind: TypeAlias = Literal["raised", "shape", "not finite", "stalled", "ended", "start"]
LONGEST = 300  # characters of a message that are kept


class Answer(NamedTuple):
    """One forecast, with the seconds that it and the sample before it took."""

    forecast: Float[np.ndarray, " output"]
    variance: Float[np.ndarray, " output"] | None
    seconds: float


class Failed(Exception):
    """A predictor cannot go on; ``kind`` and ``message`` as in ``Failure``."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(kind, message)
        self.kind: Kind = kind
        self.message = short(message)


def short(text: str) -> str:
    """Return the text, its control characters as escapes; of a long one the two ends."""
    text, half = printable(text, None), LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]} .. {text[-half:]}"


def read_forecast(value: Any, outputs: int) -> Float[np.ndarray, " output"]:
    """Return a copy of a forecast as numbers.

    Raises:
        Failed: The number of values is not the number of outputs, or a value is not finite.
    """
    return _finite("forecast", _numbers("forecast", value, outputs, square=False))


def read_variance(value: Any, outputs: int) -> Float[np.ndarray, " output"] | None:
    """Return the variance of each output, of a covariance its diagonal; None for None.

    Raises:
        Failed: Another shape, or a value that is negative or not finite.
    """
    if value is None:
        return None
    found = _numbers("variance", value, outputs, square=True)
    diagonal = _finite("variance", found if found.ndim == 1 else np.diagonal(found).copy())
    if min(diagonal.tolist()) < 0:
        raise Failed("not finite", f"the variance {diagonal.tolist()} has a negative value.")
    return diagonal


def read_parameters(value: Any) -> int | None:
    """Return the number of trainable parameters that a predictor reports; None where it reports none.

    Raises:
        Failed: It is not a whole number of at least 0.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise Failed("start", f"parameters must be a whole number of at least 0, got {_shown(value)}.")
    return int(value)


def _numbers(word: str, value: Any, outputs: int, square: bool) -> Float[np.ndarray, "*any"]:
    wanted = f"{outputs} numbers" if outputs > 1 else "one number"
    if square:
        wanted += f" or {outputs} x {outputs}"
    try:
        found = np.array(value, dtype=np.float64) if not isinstance(value, (str, bytes, type(None))) else None
    except (TypeError, ValueError, OverflowError):
        found = None
    if found is None:
        raise Failed("shape", f"the {word} must be {wanted}, got {_shown(value)}.")
    if outputs == 1 and found.shape == ():
        found = found[None]
    if found.shape != (outputs,) and not (square and found.shape == (outputs, outputs)):
        raise Failed("shape", f"the {word} must be {wanted}, got shape {found.shape}.")
    return found


def _finite(word: str, found: Float[np.ndarray, " output"]) -> Float[np.ndarray, " output"]:
    if not all(map(math.isfinite, found.tolist())):  # faster than NumPy on a few numbers
        remedy = " A missing sample comes as NaN, and update must pass over it." * bool(np.isnan(found).any())
        raise Failed("not finite", f"the {word} is {short(str(found.tolist()))}.{remedy}")
    return found


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # raised by a user's object
        text = "an object without a repr"
    return f"{type(value).__name__} {short(text)}" if value is not None else "None"
