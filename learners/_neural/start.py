"""What a run takes over from parameters that were trained before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.devices import Precision
from ..._core.jax_later import jax
from ...simulator._tasks.process import Process
from .checkpoint import Checkpoint
from .model import Model, Parameters
from .transformer import BY_CHARACTER, BY_PLACE


def first_parameters(checkpoint: Checkpoint, model: Model, process: Process, size: int) -> Parameters:
    """Return the first parameters of a network that goes on from a checkpoint: NaN where it begins as usual.

    Of lines the embeddings are taken over by character and the positions by number: those that both tasks have. All
    other parameters are taken over as they are. The precision is that of the checkpoint.

    Args:
        checkpoint: Its last parameters are taken.
        model: The network of the new run.
        process: The task of the new run.
        size: The size of the new run.

    Raises:
        ValueError: The networks differ, or the parameters are not finite. The message names both.
    """
    there, here = f"{checkpoint.network} of size {checkpoint.size}", f"{model.name} of size {size}"
    if there != here:
        raise ValueError(f"the start is a {there} and this run a {here}: they must be the same.")
    given, shapes = checkpoint.parameters, _shapes(model, size)
    if not all(np.isfinite(leaf).all() for leaf in given.values()):
        raise ValueError(f"the start, a {there} on {checkpoint.task}, has diverged: its parameters are not finite.")
    taken = dict(given)
    if checkpoint.characters and process.characters and set(given) == set(shapes):
        both = [c for c in process.characters if c in checkpoint.characters]
        rows, of = ([text.index(c) for c in both] for text in (process.characters, checkpoint.characters))
        taken[BY_CHARACTER] = _moved(given[BY_CHARACTER], shapes[BY_CHARACTER], rows, of)
        places = list(range(min(len(given[BY_PLACE]), shapes[BY_PLACE][0])))
        taken[BY_PLACE] = _moved(given[BY_PLACE], shapes[BY_PLACE], places, places)
    found = {word: leaf.shape for word, leaf in taken.items()}
    if found != shapes:
        raise ValueError(
            f"the start, a {there} on {checkpoint.task}, has parameters of {_told(found, shapes)}, and on "
            f"{process.name} it has {_told(shapes, found)}: they must agree."
        )
    return taken


def checked_start(model: Model, start: Parameters, sizes: Iterable[int], precision: Precision) -> Parameters:
    """Return first parameters in a precision, after a check that they are those of networks of these sizes.

    Raises:
        ValueError: They are not.
    """
    found = {word: np.shape(leaf) for word, leaf in start.items()}
    for size in sorted(set(sizes)):
        if (shapes := _shapes(model, size)) != found:
            raise ValueError(
                f"the start has parameters of {_told(found, shapes)}, and {model.name} of size {size} has "
                f"{_told(shapes, found)}: they must agree."
            )
    return {word: np.asarray(leaf, precision) for word, leaf in start.items()}


def _moved(given: NDArray[Any], shape: tuple[int, ...], rows: list[int], of: list[int]) -> NDArray[Any]:
    """Return an array of NaN with some rows of another; as it is where rows have other lengths."""
    if given.shape[1:] != shape[1:]:
        return given
    made = np.full(shape, np.nan, given.dtype)
    made[rows] = given[of]
    return made


def _shapes(model: Model, size: int) -> dict[str, tuple[int, ...]]:
    made = jax.eval_shape(lambda key: model.init(key, size, "float32"), jax.random.key(0))
    return {word: leaf.shape for word, leaf in made.items()}


def _told(shapes: dict[str, tuple[int, ...]], other: dict[str, tuple[int, ...]]) -> str:
    """Return those shapes that are others there, in words."""
    differ = {word: shape for word, shape in shapes.items() if other.get(word) != shape}
    return (
        ", ".join(f"{word} {' x '.join(map(str, shape)) or 'one number'}" for word, shape in differ.items())
        or "no more"
    )
