"""The memory of this machine."""

from __future__ import annotations

import os
from pathlib import Path


def free_memory() -> int:
    """Return the bytes that a process can still allocate without swapping; all of the memory where none says it."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # no POSIX
        return 1 << 34
