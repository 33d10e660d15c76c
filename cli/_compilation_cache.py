"""Keep the programs that JAX compiles for the next command."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock


def keep_compiled() -> None:
    """Let JAX keep its compiled programs in the user's cache folder, unless its own variables say otherwise."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "ergoscope" / "compiled"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # no place to keep them
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.05")
    os.environ.setdefault("JAX_COMPILATION_CACHE_MAX_SIZE", str(2**28))
    with suppress(OSError):  # another command writes there now, and has cleaned up
        _drop_torn(Path(os.environ["JAX_COMPILATION_CACHE_DIR"]))


def _drop_torn(folder: Path) -> None:
    """Remove the entries that a killed command has left half written.

    JAX writes two files: the entry, then the time of its use. If the second is missing, JAX fails at every write.
    """
    if not folder.is_dir():
        return
    with FileLock(folder / ".lockfile", timeout=0):
        for entry in folder.glob("*-cache"):
            if not entry.with_name(entry.name.removesuffix("-cache") + "-atime").exists():
                entry.unlink(missing_ok=True)
