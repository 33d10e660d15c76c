"""What JAX compiles is kept for the next command."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock


def keep_compiled() -> None:
    """Let JAX keep what it compiles, in the user's cache folder; its own variables go first."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "ergoscope" / "compiled"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # nowhere to keep it
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.05")
    os.environ.setdefault("JAX_COMPILATION_CACHE_MAX_SIZE", str(2**28))
    with suppress(OSError):  # another command writes there now, and has looked
        _drop_torn(Path(os.environ["JAX_COMPILATION_CACHE_DIR"]))


def _drop_torn(folder: Path) -> None:
    """Remove what a command that was killed left half written: JAX writes an entry first, and last when it was used.

    Without the second file it could not keep anything any more, and would say so each time.
    """
    if not folder.is_dir():
        return
    with FileLock(folder / ".lockfile", timeout=0):
        for entry in folder.glob("*-cache"):
            if not entry.with_name(entry.name.removesuffix("-cache") + "-atime").exists():
                entry.unlink(missing_ok=True)
