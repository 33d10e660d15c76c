"""A learner as an argument of a compiled function: its arrays are data there, all else that it is made of is static."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array

from .._base import Learner


def with_data(function: Callable[..., Any], *first: Any) -> Callable[..., Any]:
    """Return the function with its first arguments given; arrays in them are data of what is compiled, no constants.

    Learners share what is compiled if they are made of the same functions: take them from a module or a cache.
    """
    return jax.tree_util.Partial(function, *first)  # type: ignore[no-untyped-call]


class _Place(NamedTuple):
    """Where an array stands among those that are data."""

    number: int


@partial(jax.tree_util.register_dataclass, data_fields=["arrays"], meta_fields=["tree", "rest"])
@dataclass(frozen=True)
class PartitionedLearner:
    """A learner taken apart; those that differ in their arrays alone share what is compiled.

    Arrays are found in functions made by ``with_data``.

    Attributes:
        arrays: Each once, however often the learner holds it.
        tree: How the learner is built.
        rest: Its other leaves, and the place of each array.
    """

    arrays: list[Array]
    tree: Any
    rest: tuple[Any, ...]

    @classmethod
    def of(cls, learner: Learner) -> PartitionedLearner:
        """Take a learner apart."""
        leaves, tree = jax.tree.flatten(learner)
        arrays = {id(leaf): leaf for leaf in leaves if isinstance(leaf, np.ndarray | jax.Array)}
        places = {key: _Place(number) for number, key in enumerate(arrays)}
        rest = tuple(places.get(id(leaf), leaf) for leaf in leaves)
        return cls([jax.numpy.asarray(array) for array in arrays.values()], tree, rest)

    @property
    def learner(self) -> Learner:
        """The learner, with the arrays as they now are."""
        leaves = [self.arrays[leaf.number] if isinstance(leaf, _Place) else leaf for leaf in self.rest]
        learner: Learner = jax.tree.unflatten(self.tree, leaves)
        return learner
