"""A driver and the tile of lanes that it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from ..._core.devices import computing
from ...learners._engine.driver import Driver


class TileDriver:
    """The lanes of a driver, at first without a sample."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.lanes, self._record = driver, driver.start(), driver.record()

    def advance(
        self,
        outputs: Float[np.ndarray, "block output lane"],
        inputs: Float[np.ndarray, "ahead input lane"],
        end: Int[np.ndarray, " lane"],
    ) -> Float[np.ndarray, "time lookahead size output lane"]:
        """Take in so many samples of each lane; return the forecasts of them, as many rows as the longest has."""
        ahead = inputs[: self.driver.block + self.driver.ahead]
        moved = self.driver.advance(self.lanes, self._record, outputs, ahead, np.int32(0), end)
        self.lanes, self._record = moved
        return np.array(np.asarray(self._record)[: end.max()])  # the kernel fills it again

    def clear(self, i: int) -> None:
        """Begin a lane anew, with the bits that it has in a new tile."""
        here, new = np.arange(self.driver.width) == i, self.driver.start()
        with computing(self.driver.precision, self.driver.device):
            self.lanes = self.driver.place(jax.tree.map(lambda *both: jnp.where(here, *both), new, self.lanes))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that the lanes carry."""
        return {f"leaf {i}": np.array(leaf) for i, leaf in enumerate(jax.tree.leaves(self.lanes))}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Become what ``state`` told.

        Raises:
            ValueError: It is of other shapes.
        """
        fresh, form = jax.tree.flatten(self.lanes)
        leaves = [arrays.get(f"leaf {i}") for i in range(len(fresh))]
        for old, new in zip(leaves, fresh, strict=True):
            if old is None or (old.shape, old.dtype) != (new.shape, new.dtype):
                raise ValueError("the checkpoint is of a learner of another shape: name another folder.")
        with computing(self.driver.precision, self.driver.device):
            self.lanes = self.driver.place(jax.tree.unflatten(form, [jnp.array(leaf, copy=True) for leaf in leaves]))


def below(arrays: Mapping[str, NDArray[Any]], head: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names begin with a word, by the rest of their names."""
    return {word.removeprefix(head): array for word, array in arrays.items() if word.startswith(head)}


def headed(arrays: Mapping[str, NDArray[Any]], head: str) -> dict[str, NDArray[Any]]:
    """Return the arrays by names that begin with a word."""
    return {f"{head}{word}": array for word, array in arrays.items()}
