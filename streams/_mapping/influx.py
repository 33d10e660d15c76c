"""A line of the InfluxDB line protocol.

``measurement[,tag=value..] field=value[,field=value..] [time]``: a backslash escapes a comma, a blank and an equals
sign in names; a field is a float, an integer ``1i`` or ``1u``, a boolean, or a string in double quotes.

References:
    InfluxDB, "Line protocol", https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

from __future__ import annotations

import re
from typing import Any

_NAME = r"(?:\\.|[^\\,= ])+"
_QUOTED = r'"(?:\\.|[^"\\])*"'
_PLAIN = r'[^\\", =]+'
_FIELD = rf"{_NAME}=(?:{_QUOTED}|{_PLAIN})"
_HEAD = rf"(?P<name>(?:\\.|[^\\, ])+)(?P<tags>(?:,{_NAME}={_NAME})*)"
_LINE = re.compile(rf"{_HEAD} +(?P<fields>{_FIELD}(?:,{_FIELD})*)(?: +(?P<time>-?\d{{1,20}}))?", re.ASCII)
_FIELDS = re.compile(rf"({_NAME})=({_QUOTED}|{_PLAIN})")
_TAGS = re.compile(rf"({_NAME})=({_NAME})")
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_WHOLE = re.compile(r"([+-]?\d{1,20})[iu]", re.ASCII)
_BOOLEANS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False
)


def read_line(line: str) -> dict[str, Any] | None:
    """Return ``name``, ``tags``, ``fields`` and ``timestamp`` of a line, as Telegraf's JSON has them; None: it is none.

    ``timestamp`` is a whole number, most often nanoseconds since 1970, and is left out if the line has none.
    """
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    fields = {_unescaped(key): _value(text) for key, text in _FIELDS.findall(found["fields"])}
    if any(value is None for value in fields.values()):
        return None
    record: dict[str, Any] = dict(name=_unescaped(found["name"]), fields=fields)
    if found["tags"]:
        record["tags"] = {_unescaped(key): _unescaped(text) for key, text in _TAGS.findall(found["tags"])}
    if found["time"] is not None:
        record["timestamp"] = int(found["time"])
    return record


def _value(text: str) -> Any:
    """Return a field: a number, a boolean or a string; None: it is none of them."""
    if text.startswith('"'):
        return re.sub(r'\\(["\\])', r"\1", text[1:-1])
    if whole := _WHOLE.fullmatch(text):
        return int(whole[1])
    return float(text) if _FLOAT.fullmatch(text) else _BOOLEANS.get(text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([, =\\])", r"\1", text)
