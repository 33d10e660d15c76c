"""A lock on a folder: one process uses it at a time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl


class FolderLock:
    """A lock that lasts until ``close`` or the end of the process; on Windows it locks nothing.

    Args:
        folder: An existing folder.
        name: Name of the lock file in it.

    Raises:
        ValueError: Another process has the lock, or the folder is not writable.
    """

    def __init__(self, folder: Path, name: str = ".lock") -> None:
        try:
            self._handle = os.open(folder / name, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as exc:
            raise ValueError(f"cannot write in the folder {str(folder)!r}: {exc.strerror}; name another.") from exc
        if sys.platform != "win32":
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(self._handle)
                raise ValueError(f"another process uses {str(folder)!r}: end it, or name another folder.") from None

    def close(self) -> None:
        """Release the lock."""
        os.close(self._handle)
