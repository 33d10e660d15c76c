"""A message as a JSON object: see docs/observation.schema.json."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np

from .errors import RejectedMessage
from .limits import DEEPEST, LARGEST_COUNT, LARGEST_VALUE, MOST_CHANNELS, MOST_ROWS
from .observation import Observation, Rows

KEYS = ("stream", "epoch", "seq", "t", "dt", "y", "u")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff/+#]{1,200}")  # one level of a topic
TOGETHER = "*"  # in place of the name of a stream: all streams together
_NOTHING = np.zeros((1, 0))
_NOTHING.flags.writeable = False


def decode_json(payload: bytes, stream: str | None = None) -> Observation:
    """Return the observation in a JSON object; see ``decode``."""
    if is_deep(payload):  # the limit of Python depends on the caller
        raise RejectedMessage(
            "malformed", f"a message may have {DEEPEST} nested brackets, got more in {_sample(payload)}."
        )
    try:
        document = _READER.decode(payload.decode())
    except ValueError as exc:
        raise RejectedMessage(
            "malformed", f'a message is a JSON object such as {{"y": 1.5}}, got {_sample(payload)}.'
        ) from exc
    if not isinstance(document, dict):
        raise RejectedMessage("malformed", f'a message is a JSON object such as {{"y": 1.5}}, got {_sample(payload)}.')
    name = check_stream(document.get("stream") if stream is None else stream)
    try:
        return _observation(document, name)
    except RejectedMessage as rejected:
        rejected.stream, rejected.numbered = name, document.get("seq") is not None
        y = document.get("y")
        rejected.samples = min(len(y), MOST_ROWS) if type(y) is list and y and type(y[0]) is list else 1
        raise


def _observation(document: dict[str, Any], stream: str) -> Observation:
    unknown = [key for key in document if key not in KEYS]
    if unknown or "y" not in document:
        got, remedy = "no 'y'", "name the path of the reading, such as --y temperature"
        if "y" in document:
            got, remedy = _sample(unknown[0]), "leave it out, or take the messages as those of a device with --y y"
        raise RejectedMessage(
            "schema", f"a message has the key y and may have {', '.join(KEYS)}; got {got}: {remedy}.", "keys"
        )
    y = _rows("y", document["y"])
    u = _rows("u", document["u"]) if "u" in document else _NOTHING if len(y) == 1 else np.zeros((len(y), 0))
    if len(u) != len(y):
        raise RejectedMessage(
            "schema", f"y and u must have as many rows, got {len(y)} and {len(u)}: one of each a sample."
        )
    t, dt = (_seconds(key, document.get(key)) for key in ("t", "dt"))
    time = np.array([t + k * dt if k else t for k in range(len(y))])
    if np.isinf(time[-1]):
        raise RejectedMessage(
            "non-finite", f"the last sample must have a finite time, got t {t} and dt {dt}: send seconds."
        )
    return Observation(
        stream,
        check_count("epoch", document.get("epoch", 0)),
        None if document.get("seq") is None else check_count("seq", document["seq"]),
        time,
        y,
        u,
    )


def is_deep(payload: bytes) -> bool:
    if payload.count(b"[") + payload.count(b"{") <= DEEPEST:
        return False
    codes = np.frombuffer(payload, np.uint8)
    opening, closing = ((codes == ord(one)) | (codes == ord(other)) for one, other in ("[{", "]}"))
    return int((opening.astype(np.int64) - closing).cumsum().max()) > DEEPEST


def encode_json(observation: Observation) -> bytes:
    """Return an observation as a JSON object; missing values are null."""
    document: dict[str, Any] = {"stream": observation.stream, "epoch": observation.epoch}
    if observation.sequence is not None:
        document["seq"] = observation.sequence
    t = observation.time
    if math.isfinite(t[0]):
        document["t"] = float(t[0])
        if len(t) > 1 and math.isfinite(t[1]):
            document["dt"] = float(t[1] - t[0])
    document["y"] = _plain(observation.output)
    if observation.input.shape[1]:
        document["u"] = _plain(observation.input)
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def check_stream(name: Any) -> str:
    """Return the name of a stream.

    Raises:
        RejectedMessage: It is no valid name.
    """
    if name is None:
        return "stream"
    if name == TOGETHER:
        raise RejectedMessage("schema", "the name * means all streams together: choose another name for this stream.")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise RejectedMessage(
            "schema",
            f"the name of a stream has 1 to 200 characters without / + #, got {_sample(name)}: choose another name.",
        )
    return name


def check_count(word: str, value: Any) -> int:
    """Return a whole number from 0 to 2^53 - 1.

    Raises:
        RejectedMessage: It is no such number.
    """
    if type(value) is float and not math.isfinite(value):
        raise RejectedMessage("non-finite", f"{word} must be a whole number, got {value}: count from 0.")
    if type(value) is not int or not 0 <= value < LARGEST_COUNT:
        raise RejectedMessage(
            "schema", f"{word} must be a whole number from 0 to 2^53 - 1, got {_sample(value)}: count from 0."
        )
    return value


def check_observation(item: Observation) -> None:
    """Check an observation that did not come as a message.

    Raises:
        RejectedMessage: Its name, epoch, number or a value is not valid in a message.
    """
    if check_stream(item.stream) != item.stream:
        raise RejectedMessage("schema", "an observation must have the name of its stream, got none.")
    check_count("epoch", item.epoch)
    if item.sequence is not None:
        check_count("seq", item.sequence)
    if np.isinf(item.time).any() or any((np.abs(part) > LARGEST_VALUE).any() for part in (item.output, item.input)):
        raise RejectedMessage(
            "non-finite", f"numbers must be finite and at most {LARGEST_VALUE:g}: use NaN where one is missing."
        )


def _rows(key: str, value: Any) -> Rows:
    """Return ``(time, channel)`` of a number, a list of channels, or a list of samples that are such lists."""
    kind = type(value)
    if kind is float or value is None or kind is int:  # nearly every message
        return np.array([[_number(key, value)]])
    if kind is not list or not value:
        raise RejectedMessage("schema", f"{key} must be a number, null or a list of them, got {_sample(value)}.")
    samples = value if type(value[0]) is list else [value]
    width = len(samples[0])
    if not 1 <= width <= MOST_CHANNELS or any(type(row) is not list or len(row) != width for row in samples):
        raise RejectedMessage(
            "schema", f"the samples of {key} must be lists of 1 to {MOST_CHANNELS} numbers, all of one length."
        )
    return np.array([[_number(key, cell) for cell in row] for row in samples])


def _number(key: str, value: Any) -> float:
    if value is None or value != value:  # Python's json.dumps writes NaN
        return math.nan
    if type(value) is not float and type(value) is not int:
        raise RejectedMessage("schema", f"{key} must hold numbers, null where missing, got {_sample(value)}.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= LARGEST_VALUE:
        raise RejectedMessage(
            "non-finite",
            f"{key} must hold finite numbers of at most {LARGEST_VALUE:g}, got {number}: write null where one misses.",
        )
    return number


def _seconds(key: str, value: Any) -> float:
    number = _number(key, value)
    if key == "dt" and number <= 0:
        raise RejectedMessage("schema", f"dt must be a positive number of seconds, got {number}.")
    return number


def _plain(rows: Rows) -> Any:
    """Return rows for JSON, as ``_rows`` reads them: a number for one channel of one sample."""
    cells = [[None if math.isnan(cell) else cell for cell in row] for row in rows.tolist()]
    if len(cells) > 1:
        return cells
    return cells[0][0] if len(cells[0]) == 1 else cells[0]


_READER = json.JSONDecoder()  # it reads NaN, which is missing, and Infinity, which is rejected as a value


def _sample(value: Any) -> str:
    """Return the beginning of a value, safe to print."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > LARGEST_COUNT:
        return "a whole number beyond 2^53"
    if isinstance(value, list | dict):  # may be too deep for repr
        return f"a {'list' if isinstance(value, list) else 'object'} of {len(value)}"
    shown = repr(value[:60] if isinstance(value, bytes | str) else value)
    return shown if len(shown) <= 100 else shown[:97] + ".."
