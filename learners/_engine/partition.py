"""A learner as an argument of a compiled function: its arrays are data, everything else is static."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..._core.jax_later import Array, jax, pytree
from .._base import Learner


def with_data(function: Callable[..., Any], *first: Any) -> Callable[..., Any]:
    """Return the function with its first arguments given; arrays in them are data of the kernel, not constants.

    Learners share a compiled kernel if they consist of the same functions: take these from a module or a cache.
    """
    return WithData(function, *first)


@pytree
class WithData(partial[Any]):
    """A function with its first arguments given."""

    def tree_flatten(self) -> tuple[tuple[Any, ...], Any]:
        return self.args, self.func

    @classmethod
    def tree_unflatten(cls, function: Any, first: Any) -> WithData:
        return cls(function, *first)


class _Place(NamedTuple):
    """The position of an array among the data."""

    number: int


@pytree
@dataclass(frozen=True)
class PartitionedLearner:
    """A learner in parts; learners that differ only in their arrays share a compiled kernel.

    Arrays are found in functions from ``with_data``.

    Attributes:
        arrays: Each array once, also where the learner holds it several times.
        tree: Structure of the learner.
        rest: Its other leaves, and the position of each array.
    """

    arrays: list[Array]
    tree: Any
    rest: tuple[Any, ...]

    @classmethod
    def of(cls, learner: Learner) -> PartitionedLearner:
        """Return the parts of a learner: what a kernel of JAX needs of it."""
        leaves, tree = jax.tree.flatten(learner._replace(kernel=None, weights=None, forgetful=None))
        arrays = {id(leaf): leaf for leaf in leaves if isinstance(leaf, np.ndarray | jax.Array)}
        places = {key: _Place(number) for number, key in enumerate(arrays)}
        rest = tuple(places.get(id(leaf), leaf) for leaf in leaves)
        return cls([jax.numpy.asarray(array) for array in arrays.values()], tree, rest)

    def tree_flatten(self) -> tuple[tuple[list[Array]], Any]:
        return (self.arrays,), (self.tree, self.rest)

    @classmethod
    def tree_unflatten(cls, static: Any, arrays: Any) -> PartitionedLearner:
        return cls(arrays[0], *static)

    @property
    def learner(self) -> Learner:
        """The learner with the current arrays."""
        leaves = [self.arrays[leaf.number] if isinstance(leaf, _Place) else leaf for leaf in self.rest]
        learner: Learner = jax.tree.unflatten(self.tree, leaves)
        return learner
