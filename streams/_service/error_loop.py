"""The loop that adds the errors of a tile to the sums of its lanes, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core.compiled import called, compiled

MOST_BLOCKS = 512


@called
def _block_length(age):
    """Return the block length at an age: the least power of two with at most ``MOST_BLOCKS`` blocks."""
    length, blocks = 1, (age - 1) // MOST_BLOCKS
    while blocks:
        length, blocks = 2 * length, blocks // 2
    return length


@called
def _join(blocks):
    """Join each pair of blocks into one."""
    for k in range(MOST_BLOCKS // 2):
        for s in range(blocks.shape[1]):
            blocks[k, s] = blocks[2 * k, s] + blocks[2 * k + 1, s]
    blocks[MOST_BLOCKS // 2 :] = 0


@called
def _close(open_, stretch, block):
    """Add the open sums of a lane to a stretch and to a block, and set them to zero."""
    for s in range(len(open_)):
        total = 0.0
        for c in range(open_.shape[1]):
            value = open_[s, c] if open_[s, c] == open_[s, c] else np.inf
            stretch[s, c] += value
            total += value
            open_[s, c] = 0
        block[s] += total


def _add_errors(age, length, open_, stretches, blocks, edges, forecast, output, scored, steps):
    sizes, outputs, lanes = open_.shape[0] - 1, open_.shape[1], open_.shape[2]
    for t in range(len(output)):
        for c in range(outputs):
            for s in range(sizes):
                for i in range(lanes):
                    if t < steps[i] and scored[t, c, i]:
                        error = forecast[t, s, c, i] - output[t, c, i]
                        open_[s, c, i] += error * error
            for i in range(lanes):
                if t < steps[i] and scored[t, c, i]:
                    open_[sizes, c, i] += 1
        for i in range(lanes):
            if t < steps[i]:
                age[i] += 1
                wanted, place = _block_length(age[i]), np.searchsorted(edges, age[i])
                if wanted > length[i]:
                    _join(blocks[i])
                    length[i] *= 2
                is_edge = edges[place] == age[i]
                if age[i] % wanted == 0 or is_edge:
                    _close(open_[:, :, i], stretches[i, place - 1], blocks[i, (age[i] - 1) // length[i]])


add_errors: Any = compiled(_add_errors, "error-sums")
