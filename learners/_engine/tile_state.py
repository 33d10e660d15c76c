"""The state of the streams that a driver runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias, TypeVar

from jaxtyping import Float, Int
from numpy.typing import NDArray

from ..._core.jax_later import Array

Tree = TypeVar("Tree")
Numbers: TypeAlias = Array | NDArray[Any]  # JAX's, or NumPy's where the step is compiled for the CPU


def leaves_of(tree: Any) -> list[Any]:
    """Return the arrays of nested tuples in order, as JAX does; None holds none."""
    if isinstance(tree, tuple | list):
        return [leaf for branch in tree for leaf in leaves_of(branch)]
    return [] if tree is None else [tree]


def map_leaves(function: Callable[..., Any], tree: Tree) -> Tree:
    """Return nested tuples with the function of each array."""
    left = iter([function(leaf) for leaf in leaves_of(tree)])
    return with_leaves(tree, left)


def with_leaves(tree: Tree, leaves: Iterator[Any]) -> Tree:
    """Return nested tuples of this form with other arrays."""
    if isinstance(tree, tuple | list):
        branches = [with_leaves(branch, leaves) for branch in tree]
        return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)
    return tree if tree is None else next(leaves)


class Score(NamedTuple):
    """Sums of squares since the last ``take_score``, by lookahead, size, output and lane."""

    error: Float[Array, "lookahead size output lane"]
    excess: Float[Array, "lookahead size output lane"]  # (forecast - oracle's forecast)^2; no sizes without an oracle
    samples: Float[Array, "lookahead output lane"]  # number of scored forecasts


class TileState(NamedTuple):
    """The state of a tile of streams between two samples."""

    state: Any
    oracle: Any
    issued: tuple[Array, ...]  # for each lookahead H, (H, size, output, lane), newest first: the last one is due
    oracle_issued: tuple[Array, ...] | None
    center: Float[Array, "output lane"]
    centered: Int[Array, "output lane"]  # samples since the center is known, the present one counted; 0 before
    scale: Float[Array, "output lane"]  # a power of two; 0 until the first nonzero sample
    largest: Float[Array, "output lane"]  # absolute value so far, of centered outputs in units of the scale
    largest_input: Float[Array, "input lane"]
    age: Int[Array, " lane"]  # samples taken in
    score: Score
