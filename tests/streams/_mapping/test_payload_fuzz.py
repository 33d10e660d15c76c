"""Damaged payloads: no traceback, and no number that an independent strict reader does not find at the same place."""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import Observation
from ergoscope.streams._mapping.mapping import payload_mapping
from ergoscope.streams._mapping.stream_mapper import StreamMapper
from ergoscope.streams._sources.interfaces import RejectionCounts

SEEDS = {file.stem: file.read_bytes().splitlines() for file in sorted((Path(__file__).parent / "payloads").iterdir())}
PATHS = dict(
    plain=["."], array=["0", "1"], csv_line=["1"], epoch_ms=["y"], influx_line=["fields.value"],
    numbers_in_strings=["y"],
    python_nan=["y"], rtl433=["temperature_C"], tasmota=["DS18B20.Temperature"], telegraf_json=["fields.value"],
    zigbee2mqtt=["temperature", "battery"],
)  # fmt: skip
WORDS = [
    b"NaN", b"null", b"true", b"false", b'"ON"', b'"x"', b'"12"', b'" 7 "', b"1e999", b"-0", b"00", b"+5", b"1_0",
    b"[1]", b"{}", b"1,5", b"0x1", b"Infinity", b'"Infinity"', b"unavailable", b"\xd9\xa2", b"9" * 400, b"1e-400", b"t",
    b"3i", b"", b'"01"', b"m3",
]  # fmt: skip
DIGITS = b"0123456789."
MISSING = {"", "-", "nan", "null", "none", "na", "n/a", "unavailable", "unknown"}
GONE = object()


def damaged(payload: bytes, rng: np.random.Generator) -> bytes:
    raw = bytearray(payload)
    for _ in range(rng.integers(1, 4)):
        at, count = int(rng.integers(len(raw) + 1)), int(rng.integers(1, 9))
        what = rng.integers(6)
        if what == 0 and at < len(raw):
            raw[at] ^= 1 << int(rng.integers(8))
        elif what == 1 and at < len(raw):
            raw[at] = int(rng.choice(list(b'0129.-,;=eE[]{}":\\ \t\n\xff')))
        elif what == 2:
            del raw[at : at + count]
        elif what == 3:
            raw[at:at] = raw[at : at + count]
        else:  # a word in place of a number
            starts = [k for k in range(len(raw)) if raw[k] in DIGITS and (k == 0 or raw[k - 1] not in DIGITS)]
            if starts:
                begin = end = int(rng.choice(starts))
                while end < len(raw) and raw[end] in DIGITS:
                    end += 1
                raw[begin:end] = WORDS[int(rng.integers(len(WORDS)))]
    return bytes(raw)


def strict(value: Any) -> float | object:
    """The number that a value is, ``GONE`` if it is none."""
    if value is None:
        return math.nan
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        word = value.strip().lower()
        if word in MISSING:
            return math.nan
        if word in ("on", "off", "true", "false"):
            return float(word in ("on", "true"))
        if not word.isascii() or set(word) - set("0123456789+-.e"):
            return GONE
        try:
            value = Decimal(word)
        except InvalidOperation:
            return GONE
    if isinstance(value, int | float | Decimal):
        found = float(value) if not isinstance(value, int) or abs(value) < 10**200 else math.inf
        return found if math.isnan(found) or abs(found) <= 1e150 else GONE
    return GONE


def walk(record: Any, path: str) -> Any:
    for step in [] if path == "." else path.split("."):
        try:
            record = record[int(step)] if isinstance(record, list) else record[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return record


def until(text: str, begin: int, ends: str) -> int:
    """Return where the first of these letters stands that has no backslash before it."""
    while begin < len(text) and text[begin] not in ends:
        begin += 2 if text[begin] == "\\" else 1
    return min(begin, len(text))


def influx(line: str) -> Any:
    """Read a line of the InfluxDB protocol from left to right."""
    at = until(line, 0, " ")
    fields: dict[str, Any] = {}
    at += len(line[at:]) - len(line[at:].lstrip(" "))
    while at < len(line):
        end = until(line, at, "=")
        key, at = line[at:end], end + 1
        if line[at : at + 1] == '"':
            end = until(line, at + 1, '"') + 1
            fields[key] = line[at + 1 : end - 1].replace('\\"', '"')
        else:
            end = until(line, at, ", ")
            text = line[at:end]
            whole = text[-1:] in ("i", "u") and text[:-1].lstrip("+-").isdecimal()
            boolean = text.lower() in ("t", "true", "f", "false")
            fields[key] = int(text[:-1]) if whole else text[0] in "tT" if boolean else text
        if line[end : end + 1] != ",":
            break
        at = end + 1
    return dict(fields=fields)


def expected(payload: bytes, paths: list[str]) -> list[list[float | object]]:
    """What a strict reader finds at the paths, in each record."""
    text = payload.decode("utf-8-sig").strip()
    if text[:1] in ("{", "[", '"'):
        document = json.loads(text)
        listed = isinstance(document, list) and document and all(isinstance(part, dict) for part in document)
        records = document if listed else [document]
    else:
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        if paths[0].startswith("fields"):
            records = [influx(line) for line in lines]
        elif paths == ["."] and len(lines) == 1 and strict(text) is not GONE:
            records = [text]
        else:
            mark = next((one for one in ";\t," if one in lines[0]), " ")
            rows = list(csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE, skipinitialspace=True))
            rows = [[cell for cell in row if cell or mark != " "] for row in rows]
            records = [row if len(row) > 1 else row[0] for row in rows]
    found = []
    for record in records:
        cells: list[float | object] = []
        for path in paths:
            value = walk(record, path)
            cells += [strict(one) for one in value] if isinstance(value, list) else [strict(value)]
        found.append(cells)
    return found


def same(item: Observation, cells: list[float | object]) -> bool:
    got = item.output[0].tolist()
    return len(got) == len(cells) and all(
        cell is not GONE and (one == cell or (math.isnan(one) and math.isnan(cell)))  # type: ignore[arg-type]
        for one, cell in zip(got, cells, strict=True)
    )


@pytest.mark.parametrize("name", SEEDS)
def test_no_damaged_payload_gives_a_wrong_number(name: str, request: pytest.FixtureRequest) -> None:
    count = 20_000 if request.config.getoption("--campaign") else 600
    rng, found = np.random.default_rng(sum(name.encode())), Counter[str]()
    for _ in range(count):
        payload = damaged(SEEDS[name][int(rng.integers(3))], rng)
        mapper = StreamMapper(payload_mapping(PATHS[name]), RejectionCounts())
        observations = mapper.take("hostile", payload, None)
        if mapper.rejections.first is not None:
            found[mapper.rejections.first.kind] += 1
            text = str(mapper.rejections.first)
            assert text.isprintable() and len(text) < 700, payload
        if observations and mapper.rejections.counts.total() == 0:
            found["taken"] += 1
            wanted = expected(payload, PATHS[name])
            assert len(observations) == len(wanted), payload
            assert all(same(item, cells) for item, cells in zip(observations, wanted, strict=True)), payload
    print(name, dict(found))
    assert found["taken"] > count // 20 and found["malformed"] + found["schema"] > count // 20, found


@pytest.mark.parametrize("name", SEEDS)
def test_the_number_that_is_found_is_the_only_one(name: str, request: pytest.FixtureRequest) -> None:
    """Without a path: what is taken stands at one place, and nowhere else stands a number."""
    count = 20_000 if request.config.getoption("--campaign") else 300
    rng, taken = np.random.default_rng(1 + sum(name.encode())), 0
    for _ in range(count):
        payload = damaged(SEEDS[name][int(rng.integers(3))], rng)
        mapper = StreamMapper(payload_mapping(), RejectionCounts())
        observations = mapper.take("hostile", payload, None)
        if not observations or mapper.rejections.counts.total():
            continue
        taken += 1
        (path,) = mapper._found["hostile"].y
        if "\\" not in path:
            wanted = expected(payload, [path])
            assert all(same(item, cells) for item, cells in zip(observations, wanted, strict=True)), payload
    print(name, taken)
