"""Which topics are which streams, and where their samples stand: one mapping, or a TOML file for many topics."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..._core.text import did_you_mean
from .mapping import PayloadMapping, payload_mapping

_KEYS = ("topic", "name", "y", "u", "time", "time_unit", "by", "each", "every", "rule", "hold")


class TopicMapping(NamedTuple):
    """The streams of the topics that match a filter.

    Attributes:
        filter: Topic filter of MQTT, with ``+`` and ``#``; empty: any source.
        mapping: Where their samples stand.
        name: Name of the stream; None: the levels of the topic after the first ``fixed``, joined by colons.
        fixed: Levels of the topic that are no part of the name.
    """

    filter: str
    mapping: PayloadMapping
    name: str | None = None
    fixed: int = 0

    @property
    def text(self) -> str:
        """The mapping on one line."""
        return " ".join(word for word in (self.filter, self.name, self.mapping.options) if word)

    def stream(self, topic: str) -> str | None:
        """Return the name of the stream of a topic; None if it does not match."""
        levels = topic.split("/")
        if not matches(levels, self.filter.split("/")):
            return None
        return self.name or ":".join(levels[self.fixed :])


def matches(levels: list[str], wanted: list[str]) -> bool:
    """Return whether the levels of a topic match those of a filter; ``#`` matches no topic that starts with ``$``."""
    if levels[0].startswith("$") and wanted[0] in ("+", "#"):
        return False
    for i, level in enumerate(wanted):
        if level == "#":
            return True
        if i == len(levels):
            return False
        if level not in ("+", levels[i]):
            return False
    return len(levels) == len(wanted)


def read_mappings(file: Path) -> list[TopicMapping]:
    """Return the mappings in a TOML file: keys for all topics, and a table ``[[stream]]`` for each topic or filter.

        every = "10s"
        [[stream]]
        topic = "zigbee2mqtt/+"
        y = "temperature"

    Raises:
        ValueError: A key is not known, or has a wrong value.
        FileNotFoundError: No such file.
    """
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"no file is called {str(file)!r}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ValueError(f"{file} is no TOML file: {exc}.") from None
    tables = document.pop("stream", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError(f"{file}: a stream is written [[stream]], with two brackets.")
    if not tables:
        if set(document) & {"topic", "name"}:
            raise ValueError(f"{file}: a topic stands in a table [[stream]].")
        return [_topic(file, document)]
    return [_topic(file, document | table, number) for number, table in enumerate(tables, 1)]


def _topic(file: Path, table: Mapping[str, Any], number: int = 0) -> TopicMapping:
    where = f"{file}, stream {number}" if number else str(file)
    if unknown := [key for key in table if key not in _KEYS]:
        raise ValueError(
            f"{where}: the keys are {', '.join(_KEYS)}, got {unknown[0]!r}{did_you_mean(unknown[0], _KEYS)}"
        )
    for key, value in table.items():
        listed = isinstance(value, list) and all(isinstance(part, str) for part in value)
        duration = key in ("every", "hold") and isinstance(value, int | float) and not isinstance(value, bool)
        if not (isinstance(value, str) or duration or (key in ("y", "u") and listed)):
            raise ValueError(
                f"{where}: {key} must be text{', or a list of texts' * (key in ('y', 'u'))}, got {value!r}."
            )
    topic, name = table.get("topic", ""), table.get("name")
    if number and not topic.strip("/"):
        raise ValueError(f'{where}: a stream needs a topic, such as topic = "zigbee2mqtt/+".')
    if name is not None and ("+" in topic or "#" in topic):
        raise ValueError(f"{where}: a name belongs to one topic, and {topic} is many: leave it out, or use by.")
    words = {key: table.get(key) for key in ("time", "by", "each", "every", "rule", "hold")}
    try:
        mapping = payload_mapping(table.get("y", ()), table.get("u", ()), unit=table.get("time_unit"), **words)
    except ValueError as exc:
        raise ValueError(f"{where}: {exc}") from None
    return TopicMapping(topic, mapping, name)
