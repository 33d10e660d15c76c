"""Completion of an additive map: an entry is known as soon as samples link its row to its column."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int, Int64
from numpy.typing import ArrayLike

from ..._core.ranges import check_count
from .completion_kernel import CONTRADICTIONS, COUNTERS, PAIRS, Forest, predict, take

MOST_LINES = 2**30  # rows and columns together are numbered in 32 bits
Values = Int64[np.ndarray, " sample"] | Float64[np.ndarray, " sample"]


class Prediction(NamedTuple):
    """What is known of some entries.

    Attributes:
        known: Whether each entry is determined.
        value: Its value; 0 where it is unknown.
    """

    known: Bool[np.ndarray, " sample"]
    value: Values


class Scored(NamedTuple):
    """Samples predicted before they were learned.

    Attributes:
        known: Whether each entry was determined before its sample came.
        value: What it was predicted to be; 0 where it was unknown.
        pairs: How many of the n^2 entries are determined after each sample.
    """

    known: Bool[np.ndarray, " sample"]
    value: Values
    pairs: Int64[np.ndarray, " sample"]


class AdditiveCompletion:
    """An online completion of an n x n map M_ij = u_i + v_j from samples (i, j, value).

        M_ij = M_ij' + M_i'j - M_i'j'

    Rows and columns are the nodes of a graph, and a sample is an edge. An entry is determined if its row and its column
    are in one component c, so the share determined is sum_c rows_c columns_c / n^2. It depends neither on the order of
    the samples, nor on how many come at once, nor on repeats.

    This is a union-find with potentials: nearly constant time a sample, and 20 bytes for each row and column. A sample
    that contradicts earlier ones is counted and not learned; what is predicted then depends on which of them came
    first.

    Args:
        size: n, from 1 to 2^30 - 1. Rows and columns are numbered ``0 .. n-1``.
        tolerance: None: values are whole numbers and sums are exact. A number of at least 0: values are floats, and a
            sample that differs by more than this from its prediction contradicts.

    Raises:
        ValueError: A number is not within its limits.

    Examples:
        >>> addition = AdditiveCompletion(3)
        >>> addition.take([0, 0, 2], [1, 2, 1], [1, 2, 3]).pairs
        array([1, 2, 4])
        >>> addition.predict([2, 1], [2, 2])
        Prediction(known=array([ True, False]), value=array([4, 0]))

    References:
        R. E. Tarjan, Efficiency of a good but not linear set union algorithm, Journal of the ACM 22, 1975.
        F. J. Kiraly, L. Theran, R. Tomioka, The algebraic combinatorial approach for low-rank matrix completion,
        Journal of Machine Learning Research 16, 2015.
    """

    def __init__(self, size: int, tolerance: float | None = None) -> None:
        check_count("the size of the map", size, 1)
        if size >= MOST_LINES:
            raise ValueError(f"completion takes at most 2^30 - 1 rows, got {size}: they are numbered in 32 bits.")
        if tolerance is not None and not 0 <= tolerance < np.inf:
            raise ValueError(
                f"the tolerance must be a number of at least 0, got {tolerance}: None is for exact whole numbers."
            )
        self.size, self.tolerance = int(size), tolerance
        self._number = np.int64 if tolerance is None else np.float64
        held = np.repeat(np.eye(2, dtype=np.int32), size, axis=0)
        nodes = np.arange(2 * size, dtype=np.int32)
        self._forest = Forest(nodes, np.zeros(2 * size, self._number), held, np.zeros(COUNTERS, np.int64))

    @property
    def pairs(self) -> int:
        """How many of the n^2 entries are determined."""
        return int(self._forest.counters[PAIRS])

    @property
    def share(self) -> float:
        """The share of the entries that are determined."""
        return self.pairs / self.size**2

    @property
    def contradictions(self) -> int:
        """How many samples contradicted earlier ones."""
        return int(self._forest.counters[CONTRADICTIONS])

    def take(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike) -> Scored:
        """Predict samples and learn them, one after the other.

        Args:
            rows: i, ``(sample,)``.
            columns: j, ``(sample,)``.
            values: M_ij, ``(sample,)``: whole numbers, or finite floats if there is a tolerance.

        Returns:
            What was known of each sample before it came, and the entries determined after it.

        Raises:
            ValueError: The vectors do not fit together, a row or column is not one of ``0 .. n-1``, or a value is no
                number or so large that sums of 2n values overflow. Then nothing is learned.
        """
        i, j = self._lines(rows, columns)
        given = self._values(values, len(i))
        scored = Scored(np.empty(len(i), bool), np.empty(len(i), self._number), np.empty(len(i), np.int64))
        take(self._forest, i, j, given, self._number(self.tolerance or 0), *scored)
        return scored

    def predict(self, rows: ArrayLike, columns: ArrayLike) -> Prediction:
        """Return what is known of entries; nothing is learned.

        Raises:
            ValueError: The vectors do not fit together, or a row or column is not one of ``0 .. n-1``.
        """
        i, j = self._lines(rows, columns)
        found = Prediction(np.empty(len(i), bool), np.empty(len(i), self._number))
        predict(self._forest, i, j, *found)
        return found

    def _lines(self, rows: ArrayLike, columns: ArrayLike) -> list[Int[np.ndarray, " sample"]]:
        lines = [np.asarray(each) for each in (rows, columns)]
        for word, each in zip(("rows", "columns"), lines, strict=True):
            if each.ndim != 1 or not (np.issubdtype(each.dtype, np.integer) or each.size == 0):
                raise ValueError(f"{word} must be a vector of whole numbers, got {each.dtype}, shape {each.shape}.")
            if each.size and not (each.min() >= 0 and each.max() < self.size):
                wrong = each[(each < 0) | (each >= self.size)][0]
                raise ValueError(f"{word} are numbered 0 to {self.size - 1}, got {wrong}: take a larger map.")
        if len(lines[0]) != len(lines[1]):
            raise ValueError(f"a sample is a row and a column, got {len(lines[0])} rows and {len(lines[1])} columns.")
        return [each.astype(np.int32, copy=False) for each in lines]

    def _values(self, values: ArrayLike, samples: int) -> Values:
        given = np.asarray(values)
        if given.shape != (samples,):
            raise ValueError(f"there must be one value for each of {samples} samples, got shape {given.shape}.")
        kind = np.integer if self.tolerance is None else np.number
        if samples and (np.iscomplexobj(given) or not np.issubdtype(given.dtype, kind)):
            remedy = ": a tolerance lets the map take floats" if self.tolerance is None else ""
            word = "whole numbers" if self.tolerance is None else "real numbers"
            raise ValueError(f"values must be {word}, got {given.dtype}{remedy}.")
        if samples and self.tolerance is None:
            most = 2**61 // self.size
            largest = max(-int(given.min()), int(given.max()))
            if largest > most:
                raise ValueError(f"values must be at most {most} in size, got {largest}: sums of them would overflow.")
        if self.tolerance is not None and not np.isfinite(given).all():
            raise ValueError("values must be finite, got NaN or infinity: leave these samples out.")
        return given.astype(self._number, copy=False)
