"""The loops of matrix completion, compiled: a weighted union-find of rows and columns, and the rule of 2 x 2 blocks.

A node is a row, ``0 .. n-1``, or a column, ``n .. 2n-1``. Its potential is u_i for a row and -v_j for a column, so that
an entry u_i + v_j is a difference of potentials. ``offset`` is the potential of a node above that of its parent; a root
is its own parent, with offset 0.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, Int64

from ..._core.compiled import compiled, uncounted

PAIRS, CONTRADICTIONS, COUNTERS = range(3)
ROWS, COLUMNS = range(2)


class Forest(NamedTuple):
    """The components of rows and columns; the loops change it in place."""

    parent: Int32[np.ndarray, " node"]
    offset: Int64[np.ndarray, " node"] | Float64[np.ndarray, " node"]
    held: Int32[np.ndarray, "node 2"]  # of a root: rows and columns of its component
    counters: Int64[np.ndarray, "2"]  # entries that are determined; samples that contradict earlier ones


@uncounted
def _root(parent, offset, node):
    """Return the root of a node and its potential above that of the root; halve the path on the way."""
    potential = offset[node]
    above = parent[node]
    while above != parent[above]:
        offset[node] += offset[above]
        parent[node] = parent[above]
        potential += offset[above]
        node = parent[above]
        potential += offset[node]
        above = parent[node]
    return above, potential


@uncounted
def _join(forest, a, b, difference):
    """Put the root b below the root a: the potential of b is that of a plus the difference."""
    parent, offset, held, counters = forest
    counters[PAIRS] += held[a, ROWS] * held[b, COLUMNS] + held[b, ROWS] * held[a, COLUMNS]
    parent[b], offset[b] = a, difference
    held[a, ROWS] += held[b, ROWS]
    held[a, COLUMNS] += held[b, COLUMNS]


def _take(forest, rows, columns, values, tolerance, known, predicted, pairs):
    """Predict each sample, then learn it."""
    parent, offset, held, counters = forest
    size = len(parent) // 2
    for k in range(len(rows)):
        a, u = _root(parent, offset, rows[k])
        b, w = _root(parent, offset, size + columns[k])
        known[k] = a == b
        excess = u - w - values[k]
        if a == b:
            predicted[k] = u - w
            counters[CONTRADICTIONS] += abs(excess) > tolerance
        else:
            predicted[k] = 0
            if held[a, ROWS] + held[a, COLUMNS] >= held[b, ROWS] + held[b, COLUMNS]:
                _join(forest, a, b, excess)
            else:
                _join(forest, b, a, -excess)
        pairs[k] = counters[PAIRS]


def _predict(forest, rows, columns, known, predicted):
    """Predict entries without learning."""
    parent, offset, _, _ = forest
    size = len(parent) // 2
    for k in range(len(rows)):
        a, u = _root(parent, offset, rows[k])
        b, w = _root(parent, offset, size + columns[k])
        known[k] = a == b
        predicted[k] = u - w if a == b else 0


def _fill(filled, count, stack, ready):
    """Fill the fourth entry of every 2 x 2 block that has three; the blocks that are ready stand on a stack."""
    height, width = count.shape
    while ready:
        ready -= 1
        top, left = stack[ready] // width, stack[ready] % width
        if count[top, left] == 3:
            row, column = top, left
            for place in range(4):
                if not filled[top + place // 2, left + place % 2]:
                    row, column = top + place // 2, left + place % 2
            filled[row, column] = True
            for y in range(max(row - 1, 0), min(row + 1, height)):
                for x in range(max(column - 1, 0), min(column + 1, width)):
                    count[y, x] += 1
                    if count[y, x] == 3:
                        stack[ready] = y * width + x
                        ready += 1


take: Any = compiled(_take, "completion")
predict: Any = compiled(_predict, "completion-predict")
fill: Any = compiled(_fill, "completion-fill")
