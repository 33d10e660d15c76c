"""Who the samples of a stream come from: two publishers never become one stream in silence."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..._core.text import printable
from .._messages.errors import RejectedMessage
from .mapping import quoted
from .paths import find, written
from .values import shown, shown_path

MOST_NAMES = 100_000  # of streams, that are remembered


class OtherOrigin(RejectedMessage):
    """A payload of nobody's stream: no missing sample takes its place."""


class StreamNames:
    """The publisher of each name of a stream; the first that uses a name keeps it."""

    def __init__(self) -> None:
        self._origins: dict[str, tuple[str, ...]] = {}

    def claim(self, name: str, *origin: str) -> None:
        """Note what a stream comes from: its topic, and the name in its payload.

        Raises:
            OtherOrigin: ``schema``: the stream of that name comes from another topic, or has another name there.
        """
        known = self._origins.get(name)
        if known == origin:
            return
        if known is not None:
            raise OtherOrigin(
                "schema",
                f"{_written(origin)} would be the stream {shown(name)}, which is {_written(known)}: it is left out. "
                "Map one of them under another name (--mapping).",
                f"name {name}",
            )
        if len(self._origins) >= MOST_NAMES:
            del self._origins[next(iter(self._origins))]
        self._origins[name] = origin


class Series(NamedTuple):
    """The measurement and the tags of an InfluxDB line, or of an object of Telegraf."""

    measurement: str
    tags: dict[str, Any]


def series(record: Any) -> Series | None:
    """Return the series of a record; None: it has none."""
    if not isinstance(record, dict) or not isinstance(record.get("fields"), dict):
        return None
    measurement, tags = record.get("name"), record.get("tags", {})
    return Series(measurement, tags) if isinstance(measurement, str) and isinstance(tags, dict) else None


def check_series(known: Series | None, found: Series | None, by: str | None) -> None:
    """Check that a record is of the series of its stream.

    Args:
        known: Series of the stream; None: it has none.
        found: Series of the record.
        by: Path that names the stream: then the measurement counts, and the tags do not.

    Raises:
        OtherOrigin: ``schema``: it is of another series.
    """
    if known == found or (known and found and by and (by == "name" or known.measurement == found.measurement)):
        return
    if known is None or found is None:
        raise OtherOrigin(
            "schema", "a payload with a measurement and one without are two streams: publish them on two topics.", "one"
        )
    if known.measurement != found.measurement:
        remedy = "name the stream by it, --by name" if by is None else "take one measurement, from a topic of its own"
        raise OtherOrigin(
            "schema",
            f"the measurement of this stream is {shown(known.measurement)}, and here it is "
            f"{shown(found.measurement)}: {remedy}.",
            "measurement",
        )
    tag = next(key for key in known.tags | found.tags if known.tags.get(key) != found.tags.get(key))
    raise OtherOrigin(
        "schema",
        f"the tag {printable(tag)} of this stream is {shown(known.tags.get(tag))}, and here it is "
        f"{shown(found.tags.get(tag))}: name the stream by it, --by {quoted(f'tags.{written(tag)}')}.",
        f"tag {tag}"[:60],
    )


def name_at(record: Any, by: str) -> Any:
    """Return the name in a record.

    Raises:
        OtherOrigin: ``schema``: it has none.
    """
    found = find(record, by)
    if not found or isinstance(found[0], list | dict | type(None)) or not str(found[0]).strip():
        got = f"got {shown(found[0])}" if found else "there is nothing"
        raise OtherOrigin(
            "schema",
            f"{shown_path(by)} must name the stream, and {got}: the payload is left out. If all are of one stream, "
            "leave out --by.",
            "name",
        )
    return found[0]


def _written(origin: tuple[str, ...]) -> str:
    topic, *named = (printable(part) for part in origin)
    return f"{' '.join(named)} of {topic}" if named else topic
