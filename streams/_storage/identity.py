"""The identity of a state folder: a client identifier, an epoch, and the options that the folder was made for."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from time import time_ns
from typing import Any, NamedTuple

from ..._core.files import private_folder, write_text

_FILE = "identity.json"


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
    file = folder / _FILE
    try:
        private_folder(folder)
        there = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        if there is None:
            begun = new_epoch() if epoch is None else epoch
            there = dict(client=f"ergoscope-{secrets.token_hex(8)}", epoch=begun, words=words)
            write_text(file, json.dumps(there), 0o600)
        known = Identity(str(there["client"]), int(there["epoch"]))
        other = [word for word in words if there["words"].get(word) != words[word]]
    except OSError as exc:
        raise ValueError(f"cannot use the folder {str(folder)!r}: {exc.strerror}; name another.") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"{file} is damaged: remove the folder to start anew.") from exc
    if epoch not in (None, known.epoch):
        raise ValueError(f"the folder {str(folder)!r} has the epoch {known.epoch}, got {epoch}: leave it out.")
    if other:
        raise ValueError(
            f"the folder {str(folder)!r} is of another {other[0]}: {there['words'].get(other[0])!r:.80}, here it is "
            f"{words[other[0]]!r:.80}. Name another folder, or the same {other[0]}."
        )
    return known
