"""The loop that calibrates the bands of a tile, sample by sample, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core.compiled import called, compiled

MOST_BLOCKS = 64  # of the sums of a lane
SUMS = 5  # samples, missed, after a miss, missed after a miss, half-widths


@called
def _join_blocks(blocks):
    """Join each pair of blocks into one."""
    for k in range(MOST_BLOCKS // 2):
        blocks[k] = blocks[2 * k] + blocks[2 * k + 1]
    blocks[MOST_BLOCKS // 2 :] = 0


def _take_bands(
    lookaheads, sizes, outputs, age, length, ratio, scale, count, last, issued, warned, blocks, constants, forecast,
    output, scored, steps, band,
):  # fmt: skip
    up, down, floor, weight = constants
    few = int(1 / weight)
    for i in range(len(steps)):
        for t in range(steps[i]):
            if age[i] == MOST_BLOCKS * length[i]:
                _join_blocks(blocks[i])
                length[i] *= 2
            block, first, k = age[i] // length[i], 0, 0
            for j in range(len(lookaheads)):
                place = (first + age[i] % lookaheads[j]) * sizes * outputs
                first += lookaheads[j]
                for _ in range(sizes):
                    for c in range(outputs):
                        half = issued[i, place]
                        band[t, k, i] = half
                        error = abs(forecast[t, k, i] - output[t, c, i])
                        if scored[t, j, c, i] and error != 0:  # NaN, too
                            finite = error < np.inf
                            if half == half:
                                missed = not error <= half
                                blocks[i, block, k, 0] += 1
                                blocks[i, block, k, 4] += half
                                if warned[i, place]:
                                    blocks[i, block, k, 2] += 1
                                if missed:
                                    blocks[i, block, k, 1] += 1
                                    if warned[i, place]:
                                        blocks[i, block, k, 3] += 1
                                last[i, k] = missed
                                if finite:
                                    ratio[i, k] = max(ratio[i, k] * (up if missed else down), floor)
                            if finite:
                                count[i, k] += 1
                                share = weight if count[i, k] > few else 1 / count[i, k]
                                scale[i, k] += share * (np.sqrt(error) - scale[i, k])
                        if count[i, k]:
                            issued[i, place] = ratio[i, k] * scale[i, k] * scale[i, k]
                            warned[i, place] = last[i, k]
                        k, place = k + 1, place + 1
            age[i] += 1


take_bands: Any = compiled(_take_bands, "bands")
