"""Files appear whole or not at all: written beside their place, flushed to the disk, then renamed into it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path in the same folder; what the block writes there becomes ``path`` when the block ends well.

    A block that raises leaves ``path`` as it was and nothing beside it.

    Args:
        path: Where the file is to be; its folder must exist. A link is followed, and stays a link.

    Yields:
        An empty file with the suffix of ``path``, to be written by name.

    Raises:
        ValueError: The folder is missing or cannot be written in, or ``path`` is a folder.
    """
    target = Path(path).expanduser().resolve()
    if target.is_dir():
        raise ValueError(f"cannot write {str(path)!r}: it is a folder; name a file in it.")
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(6)}.tmp{target.suffix}")
    try:
        # Opened here, not by tempfile, which would leave the result readable by its owner only.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as exc:
        raise ValueError(
            f"cannot write {str(path)!r}: {exc.strerror} (folder {str(target.parent)!r}); choose a folder that exists "
            "and that you may write in."
        ) from exc
    try:
        yield temporary
        _flush(temporary)
        os.replace(temporary, target)
        if os.name == "posix":  # elsewhere a folder cannot be opened
            _flush(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file (UTF-8) whole or not at all; see ``atomic_path`` for what is refused."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
