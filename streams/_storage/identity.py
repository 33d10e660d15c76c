"""The identity of a state folder: a client identifier, an epoch, and the options that the folder was made for.

It is kept twice, with a checksum: a wrong client identifier would leave the messages at the broker behind, a wrong
epoch those of a publisher.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path
from time import time_ns
from typing import Any, NamedTuple

from ..._core.files import private_folder, write_text

_FILES = "identity.json", "identity-copy.json"


class Identity(NamedTuple):
    """Client identifier and epoch, the same at every start.

    Attributes:
        client: Client identifier on MQTT.
        epoch: Epoch of the published observations.
    """

    client: str
    epoch: int


def new_epoch() -> int:
    """Return a new epoch: milliseconds since 1970, so that a later one is greater."""
    return time_ns() // 1_000_000


def identity(folder: Path, words: dict[str, Any], epoch: int | None = None) -> Identity:
    """Return the identity of a state folder; a new folder gets a new one.

    Args:
        folder: State folder.
        words: Options of the command, in plain JSON; they must be the same at every start.
        epoch: Epoch of a new folder; None: the clock's.

    Raises:
        ValueError: The folder was made for other options, or cannot be read or written.
    """
    files = [folder / name for name in _FILES]
    try:
        private_folder(folder)
        copies = [_read(file) for file in files if file.exists()]
        there = next((copy for copy in copies if copy is not None), None)
        if there is None and copies:
            raise ValueError(f"{files[0]} and its copy are damaged: remove the folder to start anew.")
        if there is None:
            begun = new_epoch() if epoch is None else epoch
            there = dict(client=f"ergoscope-{secrets.token_hex(8)}", epoch=begun, words=words)
        if copies != [there, there]:
            for file in files:
                write_text(file, json.dumps(there | dict(checksum=_checksum(there))), 0o600)
    except OSError as exc:
        raise ValueError(f"cannot use the folder {str(folder)!r}: {exc.strerror}; name another.") from exc
    known = Identity(there["client"], there["epoch"])
    other = [word for word in words if there["words"].get(word) != words[word]]
    if epoch not in (None, known.epoch):
        raise ValueError(f"the folder {str(folder)!r} has the epoch {known.epoch}, got {epoch}: leave it out.")
    if other:
        was = there["words"].get(other[0], "none")
        raise ValueError(
            f"the folder {str(folder)!r} is of another {other[0]}: {was!r:.80}, here it is "
            f"{words[other[0]]!r:.80}. Name another folder, or the same {other[0]}."
        )
    return known


def _read(file: Path) -> dict[str, Any] | None:
    """Return what ``identity`` wrote; None if it is damaged."""
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
        return found if found.pop("checksum") == _checksum(found) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _checksum(there: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(there, sort_keys=True).encode()).hexdigest()
