"""Memory of a run, counted from shapes before anything is allocated."""

from __future__ import annotations

import math

import numpy as np

from ..._core.devices import find_devices, is_cpu
from ..._core.jax_later import jax
from ..._core.memory import free_memory
from .driver import Driver
from .tile_state import leaves_of


def memory_needed(driver: Driver, runs: int, stretches: int, share: int = 1) -> int:
    """Return the bytes that ``score`` holds at a time on its devices: all tiles, the streams of a block, the sums.

    Args:
        driver: Of the learner.
        runs: Streams side by side.
        stretches: Stretches that sums are taken over.
        share: Consecutive runs that are summed into one.
    """
    tile, record = driver.shapes()
    tiles = -(-runs // driver.width)
    number = np.dtype(driver.precision).itemsize
    block = 8 * runs * driver.block * (driver.outputs + driver.inputs) * number  # with the noise that made them
    sums = stretches * sum(leaf.size for leaf in tile.score)
    compiled = driver.step is not None
    leaves = leaves_of(tile) if compiled else jax.tree.leaves(tile)
    each = sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)
    worker = max(math.prod(record), sums if compiled else 0) * number  # forecasts, or the stretches that end in a block
    return int(tiles * each + min(driver.workers, tiles) * worker + block + sums * 8 * tiles // share)


def memory_free(device: str | None = None) -> int:
    """Return the bytes that are free on a device, or on this machine and within its limits for a CPU."""
    found = () if is_cpu(device) else find_devices(device)
    if not found or found[0].platform == "cpu":
        return free_memory()
    reports = [one.memory_stats() or {} for one in found]
    return sum(int(report.get("bytes_limit", 0)) - int(report.get("bytes_in_use", 0)) for report in reports)
