"""Greedy decoding: a network goes on with a line, character by character, each time with the likeliest one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._core.devices import Precision, computing
from ..._core.jax_later import Array, jax, jnp
from ..._core.ranges import check_count
from ...simulator._tasks.arithmetic.alphabet import encode
from ...simulator._tasks.process import Examples, Process
from .model import Model, Parameters

BLOCK = 256  # lines of one compiled call


def completed(
    model: Model,
    parameters: Parameters,
    process: Process,
    prompts: Sequence[str],
    count: int,
    *,
    device: str | None = None,
) -> list[str]:
    """Return the ``count`` characters that a network writes after each prompt.

        c_t = argmax_c logits(c_0 .. c_(t-1))_c,    t = the first place behind the prompt, and on

    Nothing stops a line: whoever reads it cuts it. Each character costs a pass over the whole line. The precision is
    that of the parameters.

    Args:
        model: A network on lines.
        parameters: Its parameters.
        process: Its task: the characters, and how long a line may be.
        prompts: Beginnings of lines, of any lengths.
        count: Characters to write after each one.
        device: As in ``find_devices``.

    Raises:
        ValueError: There is no prompt or no character to write, a prompt is empty, has unknown characters or leaves no
            room, or network, parameters and task do not belong together.
    """
    if isinstance(prompts, str) or not len(prompts):
        raise ValueError(f"prompts are beginnings of lines, such as ['128+367=']; got {prompts!r}.")
    check_count("count", count, 1)
    _check_network(model, parameters, process)
    places = process.inputs + 1
    lines = np.zeros((len(prompts), places), "int8")
    lengths = np.array([len(prompt) for prompt in prompts])
    for row, prompt in enumerate(prompts):
        if not 1 <= len(prompt) <= places - count:
            raise ValueError(
                f"a line of {process.name} has {places} characters: before {count} more a prompt has 1 to "
                f"{max(places - count, 0)}, got {len(prompt)}, {prompt!r}."
            )
        lines[row, : len(prompt)] = encode(prompt, process.characters)
    written = _continued(model, parameters, lines, lengths, count, device)
    texts = ("".join(process.characters[number] for number in row) for row in written.tolist())
    return [text[length : length + count] for text, length in zip(texts, lengths.tolist(), strict=True)]


def right_symbols(
    model: Model, parameters: Parameters, process: Process, examples: Examples, *, device: str | None = None
) -> NDArray[np.bool_]:
    """Return whether each symbol asked for is right when the network writes the answers by itself, ``(row, asked)``.

    A line is cut before its first symbol that is asked for, and the network goes on alone. A symbol that is not asked
    for counts as right. A row is right as a whole exactly if it is so by ``right``, which tells the network the true
    symbols before each one; a single symbol behind a wrong one may not be.

    Args:
        model, parameters, process: As in ``completed``.
        examples: Examples of the task; in each row the symbols asked for stand side by side.
        device: As in ``find_devices``.

    Raises:
        ValueError: A row asks for nothing or for symbols that stand apart, or these do not belong together.
    """
    _check_network(model, parameters, process)
    x, y = np.asarray(examples.x), np.asarray(examples.y)
    asked = y >= 0
    counts, first = asked.sum(axis=1), asked.argmax(axis=1)
    together = first + counts == y.shape[1] - asked[:, ::-1].argmax(axis=1)
    if not len(y) or not (counts > 0).all() or not together.all():
        raise ValueError("there must be examples, each one asking for symbols that stand side by side.")
    before = x.shape[1] - y.shape[1] + 1  # characters before the first label
    lines = np.concatenate([x, y[:, -1:].astype(x.dtype)], axis=1)
    written = _continued(model, parameters, lines, before + first, int(counts.max()), device)
    found: NDArray[np.bool_] = (written[:, before:] == y) | ~asked
    return found


def _continued(
    model: Model,
    parameters: Parameters,
    lines: NDArray[Any],
    lengths: NDArray[Any],
    count: int,
    device: str | None,
) -> NDArray[Any]:
    """Return lines ``(row, place)`` with ``count`` places after each length written by the network.

    Blocks of lines are filled up to a power of two, so that few shapes are compiled. What would stand behind the end of
    a line is left out.
    """
    rows = min(BLOCK, 1 << (len(lines) - 1).bit_length())
    precision: Precision = "float64" if _widest(parameters) == "float64" else "float32"
    written = []
    with computing(precision, device):
        held = jax.tree.map(lambda leaf: jnp.asarray(leaf, precision), parameters)
        for first in range(0, len(lines), rows):
            block, given = lines[first : first + rows], lengths[first : first + rows]
            filled = np.resize(block, (rows, *block.shape[1:])), np.resize(given, rows).astype("int32")
            made = _compiled(model)(held, *filled, np.int32(count))
            written.append(np.asarray(made)[: len(block)])
    return np.concatenate(written)


@lru_cache(maxsize=64)
def _compiled(model: Model) -> Any:
    """Return compiled ``write(parameters, lines, lengths, count)``."""

    def write(parameters: Parameters, lines: Array, lengths: Array, count: Array) -> Array:
        rows, places = lines.shape
        known = jnp.arange(places, dtype=lengths.dtype)[None] < lengths[:, None]
        number = jnp.arange(rows)

        def further(i: Array, lines: Array) -> Array:
            assert model.everywhere is not None
            logits = model.everywhere(parameters, lines[:, :-1])
            said = logits[number, jnp.minimum(lengths + i - 1, places - 2)].argmax(axis=-1)
            return lines.at[number, lengths + i].set(said.astype(lines.dtype), mode="drop")

        made: Array = jax.lax.fori_loop(0, count, further, jnp.where(known, lines, 0))
        return made

    return jax.jit(write)


def _widest(parameters: Parameters) -> str:
    return max((np.asarray(leaf).dtype for leaf in jax.tree.leaves(parameters)), key=lambda kind: kind.itemsize).name


def _check_network(model: Model, parameters: Parameters, process: Process) -> None:
    """Raise ValueError unless the parameters are those of this network on this task."""
    if model.everywhere is None or not process.asked:
        raise ValueError(f"{model.name} on {process.name} writes no lines: give a transformer and a task of lines.")
    line = np.zeros((1, process.inputs), "int8")
    try:
        fits = jax.eval_shape(model.everywhere, parameters, line).shape == (1, process.inputs, process.classes)
    except (IndexError, KeyError, TypeError, ValueError):
        fits = False
    if not fits:
        raise ValueError(f"these parameters are not those of {model.name} on {process.name}.")
