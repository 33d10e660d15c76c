"""A driver and the state of its tile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from ..._core.devices import computing
from ..._core.jax_later import jax, jnp
from ...learners._engine.driver import Driver
from ...learners._engine.tile_state import leaves_of, with_leaves


class TileDriver:
    """The lanes of a driver, and the buffer of its forecasts; at first without a sample."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.lanes, self._record = driver, driver.start(), driver.record()

    def advance(
        self,
        outputs: Float[np.ndarray, "block output lane"],
        inputs: Float[np.ndarray, "ahead input lane"],
        end: Int[np.ndarray, " lane"],
    ) -> Float[np.ndarray, "time lookahead size output lane"]:
        """Take in the first ``end`` samples of each lane; return their forecasts, a row a sample."""
        ahead = inputs[: self.driver.block + self.driver.ahead]
        moved = self.driver.advance(self.lanes, self._record, outputs, ahead, np.int32(0), end)
        self.lanes, self._record = moved
        return np.array(np.asarray(self._record)[: end.max()])  # a copy: the kernel reuses the buffer

    def clear(self, i: int) -> None:
        """Reset a lane to the bits that it has in a new tile."""
        here, new = np.arange(self.driver.width) == i, self.driver.start()
        if self.driver.step is not None:
            for leaf, fresh in zip(leaves_of(self.lanes), leaves_of(new), strict=True):
                leaf[..., i] = fresh[..., i]
            return
        with computing(self.driver.precision, self.driver.device):
            self.lanes = self.driver.place(jax.tree.map(lambda *both: jnp.where(here, *both), new, self.lanes))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the state of the lanes."""
        return {f"leaf {i}": np.array(leaf) for i, leaf in enumerate(self._leaves())}

    def _leaves(self) -> list[Any]:
        return leaves_of(self.lanes) if self.driver.step is not None else jax.tree.leaves(self.lanes)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned.

        Raises:
            ValueError: The shapes differ.
        """
        fresh = self._leaves()
        leaves = [arrays.get(f"leaf {i}") for i in range(len(fresh))]
        for old, new in zip(leaves, fresh, strict=True):
            if old is None or (old.shape, old.dtype) != (new.shape, new.dtype):
                raise ValueError(
                    "the learner of the checkpoint has arrays of another shape: name another state folder."
                )
        if self.driver.step is not None:
            self.lanes = with_leaves(self.lanes, iter([np.array(leaf) for leaf in leaves]))
            return
        with computing(self.driver.precision, self.driver.device):
            copies = [jnp.array(leaf, copy=True) for leaf in leaves]
            self.lanes = self.driver.place(jax.tree.unflatten(jax.tree.structure(self.lanes), copies))


def without_prefix(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names have a prefix, by the rest of their names."""
    return {word.removeprefix(prefix): array for word, array in arrays.items() if word.startswith(prefix)}


def with_prefix(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    """Return the arrays with a prefix before their names."""
    return {f"{prefix}{word}": array for word, array in arrays.items()}
