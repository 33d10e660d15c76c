"""A bound on memory, checked before anything is allocated."""

from __future__ import annotations

from pathlib import Path

from ..._core.memory import free_memory

MOST_PACKED, SMALL = 1000, 1 << 30  # numbers of a real recording pack far less; below a GiB it does not matter
COPIES = 5  # of the numbers, while they are read and arranged
BYTES = 8


def refuse_large(where: str, rows: int, columns: int) -> None:
    """Refuse a table that would take more than half of the free memory.

    Args:
        where: What is read, for messages.
        rows: Number of rows; of runs side by side, runs times the longest.
        columns: Number of columns that are read.

    Raises:
        ValueError: rows * columns * 5 copies * 8 bytes exceed half of the free memory.
    """
    needed, free = COPIES * BYTES * rows * columns, free_memory()
    if needed > free / 2:
        raise ValueError(
            f"{where}: {rows} rows of {columns} columns take about {needed / 1e9:.1f} GB of memory, more than half of "
            f"the {free / 1e9:.1f} GB that are free: read a shorter stretch, or fewer runs at once."
        )


def refuse_packed(file: Path, rows: int, columns: int) -> None:
    """Refuse a compressed file that unpacks to more than 1000 times its size, and to more than a GiB.

    Args:
        file: The file.
        rows: Number of rows.
        columns: Number of columns that are read.

    Raises:
        ValueError: It does: nearly all of its values are equal, or it was made to fill the memory.
    """
    unpacked, packed = BYTES * rows * columns, file.stat().st_size
    if unpacked > SMALL and unpacked > MOST_PACKED * packed:
        raise ValueError(
            f"{file}: {rows} rows in {packed / 1e6:.2g} MB: nearly all values are equal. Write a shorter stretch of it."
        )
