"""The memory of this machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

GIB = 2**30


def free_memory() -> int:
    """Return the bytes that a process can still allocate without swapping, within the limit of its container."""
    try:
        free = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, OSError, ValueError):  # no POSIX
        free = [1 << 34]
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    with contextlib.suppress(OSError, ValueError):  # no such file, or no limit
        group = Path("/sys/fs/cgroup")
        free.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return min(free)
