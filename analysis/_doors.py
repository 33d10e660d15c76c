"""Checks at the doors: of the exact theory, and of what takes frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ..simulator import LinearSystem
from ._factors import covariance_factor

Matrix = NDArray[np.float64]


def check_frame(frame: Any, kinds: Mapping[str, pl.DataType], where: str) -> pl.DataFrame:
    """Return the polars frame, or raise ValueError where it is none, is empty, or a column is missing or wrong."""
    if not isinstance(frame, pl.DataFrame):
        also = ": collect it, or hand it to each_run" if isinstance(frame, pl.LazyFrame) else ""
        raise ValueError(f"{where} must be a polars DataFrame, got {type(frame).__name__}{also}.")
    check_columns(frame.schema, kinds, where)
    if frame.is_empty():
        raise ValueError(f"{where} must have rows, got none: look at what was filtered away.")
    return frame


def check_columns(schema: Mapping[str, pl.DataType], kinds: Mapping[str, pl.DataType], where: str) -> None:
    """Raise ValueError naming the first column that is missing, or of another type."""
    for name, kind in kinds.items():
        if name not in schema:
            raise ValueError(f"{where} needs the column {name!r}; there are {', '.join(schema)}.")
        if schema[name] != kind:
            raise ValueError(f"column {name!r} of {where} must be {kind}, got {schema[name]}: cast it.")


def check_time_invariant(system: LinearSystem) -> None:
    """Raise ValueError where a matrix of the system carries a time axis."""
    if system.time_varying:
        raise ValueError(
            f"The exact theory needs a time-invariant system, got {system.name!r} with a leading time axis: "
            "pass one time slice of each matrix."
        )


def check_whole(word: str, values: Iterable[int] | ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers >= 0 as a vector, or raise ValueError."""
    array = np.asarray(values if hasattr(values, "__len__") else list(values))  # type: ignore[arg-type]
    if array.ndim != 1 or not (np.issubdtype(array.dtype, np.number) or array.size == 0):
        raise ValueError(f"{word} must be a list of whole numbers, got {values!r}.")
    whole = array.astype(np.int64)
    if (whole != array).any() or (whole < 0).any():
        raise ValueError(f"{word} must be whole numbers of at least 0, got {array[(whole != array) | (whole < 0)]}.")
    return whole


def check_lookahead(lookahead: int) -> None:
    """Raise ValueError unless it is a whole number of at least 1."""
    if int(lookahead) != lookahead or lookahead < 1:
        raise ValueError(f"lookahead must be a whole number of at least 1, got {lookahead}.")


def initial_factor(system: LinearSystem, initial_covariance: ArrayLike | None) -> Matrix:
    """Return a factor of E x_0 x_0', ``(state, rank)``, after checking it; none given means zero."""
    if initial_covariance is None:
        return np.zeros((system.states, 0))
    P = np.asarray(initial_covariance, dtype=np.float64)
    if P.shape != (system.states, system.states):
        raise ValueError(f"initial_covariance must have shape {(system.states, system.states)}, got {P.shape}.")
    if not np.isfinite(P).all():
        raise ValueError("initial_covariance must hold finite numbers, got NaN or infinity.")
    size = float(np.abs(P).max(initial=0.0))
    if np.abs(P - P.T).max() > 1e-8 * size or np.linalg.eigvalsh((P + P.T) / 2).min() < -1e-8 * size:
        raise ValueError("initial_covariance must be symmetric and positive semidefinite, as a covariance is.")
    return covariance_factor(P)
