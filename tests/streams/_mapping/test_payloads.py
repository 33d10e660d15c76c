"""Payloads as people's devices publish them, each with the value expected; and what stands around each kind."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import MemorySink, Observation, RejectedMessage, connect, forward
from ergoscope.streams._mapping.automatic import Choice
from ergoscope.streams._mapping.mapping import PayloadMapping, payload_mapping
from ergoscope.streams._mapping.payload import read_payload
from ergoscope.streams._mapping.stream_mapper import StreamMapper
from ergoscope.streams._sources.interfaces import RejectionCounts

HERE = Path(__file__).parent / "payloads"
VALUES = [21.5, 21.75, -3.125]
FILES: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "plain": ({}, VALUES),
    "array": (dict(y="."), [[21.5, 22.5], [21.75, 22.75], [-3.125, -2.125]]),
    "csv_line": (dict(y="1"), VALUES),
    "epoch_ms": ({}, VALUES),
    "influx_line": ({}, VALUES),
    "numbers_in_strings": ({}, VALUES),
    "python_nan": ({}, [21.5, np.nan, -3.125]),
    "rtl433": (dict(y="temperature_C"), VALUES),
    "tasmota": ({}, VALUES),
    "telegraf_json": ({}, VALUES),
    "zigbee2mqtt": (dict(y="temperature"), VALUES),
}
STEPS = dict(epoch_ms=0.1, influx_line=10, rtl433=10, tasmota=10, telegraf_json=10)


def all_of(source: Any) -> list[Observation]:
    sink = MemorySink[Observation]()
    asyncio.run(forward(source, sink))
    return sink.sent


def mapper(mapping: PayloadMapping | None = None, **options: Any) -> StreamMapper:
    return StreamMapper(mapping or PayloadMapping(), RejectionCounts(), **options)


def taken(payload: str | bytes, **words: Any) -> list[float]:
    """Return the outputs in one payload, or raise what it is rejected for."""
    made = mapper(payload_mapping(**words))
    observations = made.take("a", payload.encode() if isinstance(payload, str) else payload, None)
    if made.rejections.first is not None:
        raise made.rejections.first
    return [float(cell) for item in observations for cell in item.output.ravel()]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_payloads_gives_its_values(name: str) -> None:
    words, expected = FILES[name]
    mapping = payload_mapping(**words) if words else None
    source = connect(str(HERE / f"{name}.txt"), mapping=mapping or PayloadMapping())
    observations = all_of(source)
    values = np.array([item.output[0] for item in observations])
    np.testing.assert_array_equal(values, np.array(expected).reshape(3, -1))
    assert not source.rejections.counts and all(item.steps == 1 and item.sequence is None for item in observations)
    times = np.array([item.time[0] for item in observations])
    if name in STEPS:
        np.testing.assert_allclose(np.diff(times), STEPS[name], rtol=1e-6)
    else:
        assert np.isnan(times).all()


def test_every_file_of_payloads_is_tested() -> None:
    assert {file.stem for file in HERE.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", ["zigbee2mqtt", "rtl433", "csv_line", "array"])
def test_a_payload_with_several_numbers_asks_with_each_path(name: str) -> None:
    with pytest.raises(Choice) as asked:
        all_of(connect(str(HERE / f"{name}.txt"), mapping=PayloadMapping()))
    paths = dict(
        zigbee2mqtt="battery (88), linkquality (120), temperature (21.5), voltage (2955)",
        rtl433="id (185), temperature_C (21.5)",
        csv_line="0 ('0'), 1 ('21.5')",
        array="0 (21.5), 1 (22.5)",
    )
    assert f"--y PATH, where PATH is one of {paths[name]}" in str(asked.value)


# The rows of the table of everyday payloads; what takes each, and what is expected.
ROWS: list[tuple[str, dict[str, Any], list[float]]] = [
    ("21.288", {}, [21.288]),
    ('{"battery":88,"temperature":21.53,"linkquality":120}', dict(y="temperature"), [21.53]),
    ('{"time":"1612881528","temperature_C":21.5}', {}, [21.5]),
    ('{"Time":"2024-05-01T12:00:00","DS18B20":{"Temperature":21.4}}', {}, [21.4]),
    ('{"ts":1451649600512,"values":{"temperature":36.6}}', {}, [36.6]),
    ('{"fields":{"value":21.4},"name":"temp","tags":{},"timestamp":1700000000}', {}, [21.4]),
    ("temp,host=a value=21.4 1700000000000000000", {}, [21.4]),
    ('{"y":"21.29"}', {}, [21.29]),
    ('{"y":true}', {}, [1.0]),
    ('"ON"', {}, [1.0]),
    ('"OFF"', {}, [0.0]),
    ("ON", {}, [1.0]),
    ("off", {}, [0.0]),
    ("[21.288, 20.9]", dict(y="."), [21.288, 20.9]),
    ("[21.288, 20.9]", dict(y="1"), [20.9]),
    ("0,21.288", dict(y="1"), [21.288]),
]


@pytest.mark.parametrize(("payload", "words", "expected"), ROWS)
def test_a_row_of_the_table_of_payloads(payload: str, words: dict[str, Any], expected: list[float]) -> None:
    assert taken(payload, **words) == expected


NEIGHBOURS: list[tuple[str, dict[str, Any], list[float]]] = [
    # plain numbers
    (" -3.5e-1\r\n", {}, [-0.35]),
    ("\ufeff21.5", {}, [21.5]),
    ("+7", {}, [7.0]),
    (".5", {}, [0.5]),
    ("5.", {}, [5.0]),
    ('"21.5"', {}, [21.5]),
    ("true", {}, [1.0]),
    # JSON
    ("[21.5]", {}, [21.5]),
    ("[[1, 2], [3, 4]]", dict(y="1.0"), [3.0]),
    ('{"a": {"b": [{"c": 1}, {"c": 2}]}}', dict(y="a.b[1].c"), [2.0]),
    ('{"a": {"b": [{"c": 1}, {"c": 2}]}}', dict(y="a.b.1.c"), [2.0]),
    ('{"a.b": 3}', dict(y="a.b"), [3.0]),
    ('{"a.b": 3}', dict(y=r"a\.b"), [3.0]),
    ('{"a.b": {"c": 3}}', dict(y=r"a\.b.c"), [3.0]),
    ('{"a.b": 3}', {}, [3.0]),
    ('{"value": 21.5, "unit": "C", "ok": true}', {}, [21.5]),  # one number; a boolean beside it is none
    ('{"value": 21.5, "code": "007"}', {}, [21.5]),  # a code with a leading zero is no number
    ('{"value": "007"}', dict(y="value"), [7.0]),  # unless it is named
    ('{"values": [1, 2, 3]}', dict(y="values"), [1.0, 2.0, 3.0]),
    ('{"a": 1, "b": 2}', dict(y=["b", "a"]), [2.0, 1.0]),
    ('{"a": 1}', dict(y=["b", "a"]), [np.nan, 1.0]),  # a channel may be missing
    ('{"y": null, "u": 1}', dict(y="y"), [np.nan]),
    ('{"y": "unavailable"}', dict(y="y"), [np.nan]),
    ('{"y": "NaN"}', dict(y="y"), [np.nan]),
    ('{"y": ""}', dict(y="y"), [np.nan]),
    ('[{"v": 1}, {"v": 2}]', dict(y="v"), [1.0, 2.0]),  # a list of objects: one sample each
    ('{"metrics": [{"fields": {"v": 1}}, {"fields": {"v": 2}}]}', dict(y="fields.v", each="metrics"), [1.0, 2.0]),
    ('{"metrics": [{"v": 1, "ts": 1700000000}]}', dict(each="metrics"), [1.0]),
    ('{"metrics": []}', dict(each="metrics"), []),
    ('{"name": "t", "tags": {"id": "7"}, "fields": {"v": 1}}', {}, [1.0]),  # a tag is a name
    ('{"ts": 1451649600512, "last": "2024-05-01T12:00:00Z", "v": 1}', {}, [1.0]),
    # CSV
    ("21.5,22.5", dict(y="."), [21.5, 22.5]),
    ("21.5;22.5", dict(y="1"), [22.5]),
    ("21.5\t22.5", dict(y="1"), [22.5]),
    ("21.5 22.5", dict(y="1"), [22.5]),
    ("a,21.5", dict(y="1"), [21.5]),
    ("2024-05-01 12:00:00,21.5", {}, [21.5]),
    ("1,2\n3,4\n", dict(y="1"), [2.0, 4.0]),
    ("1,,3", dict(y="."), [1.0, np.nan, 3.0]),
    ("007,1", dict(y="0"), [7.0]),
    ("temperature: 21.5", dict(y="1"), [21.5]),
    # InfluxDB lines
    ("temp value=21i", {}, [21.0]),
    ("temp,id=7 value=021.5", {}, [21.5]),  # a tag is a name
    ("temp value=true", {}, [1.0]),
    (r"room\ temp,a\,b=c\ d va\=l=1.5,s=\"x,y z\" 17".replace(r"\"", '"'), dict(y="fields.va=l"), [1.5]),
    ("m a=1 1700000000000000000\nm a=2 1700000010000000000", {}, [1.0, 2.0]),
]


@pytest.mark.parametrize(("payload", "words", "expected"), NEIGHBOURS)
def test_what_stands_around_each_kind(payload: str, words: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_array_equal(taken(payload, **words), expected)


REFUSED: list[tuple[str | bytes, dict[str, Any], str, str]] = [
    ("", {}, "malformed", "a payload is a number"),
    ("hello world", {}, "malformed", "a payload is a number"),
    (b"\xff\xfe\x00", {}, "malformed", "a payload is a number"),
    ('{"y": 1', {}, "malformed", "a payload is a number"),
    ("[" * 40 + "]" * 40, {}, "malformed", "nested brackets"),
    ("x" * ((1 << 20) + 1), {}, "oversized", "may have 1048576 bytes"),
    ("21,5;22,5", dict(y="0"), "malformed", "a payload is a number"),  # decimal commas
    ("21,5 22,5", dict(y="0"), "malformed", "a payload is a number"),
    ("21,5", {}, "schema", "0 ('21'), 1 ('5')"),
    ("Error 404 in sensor", {}, "schema", "no path was named"),
    ("21.5 C", {}, "schema", "no path was named"),
    ("1_000", {}, "malformed", "a payload is a number"),
    ("0x1F", {}, "malformed", "a payload is a number"),
    ("\u0662\u0661", {}, "malformed", "a payload is a number"),  # digits of another script
    ('{"y": "21.5 C"}', dict(y="y"), "schema", "must be a number, got '21.5 C'"),
    ('{"y": {"z": 1}}', dict(y="y"), "schema", "must be a number, got an object of 1"),
    ('{"y": Infinity}', dict(y="y"), "non-finite", "must be finite"),
    ("Infinity", {}, "non-finite", "must be finite"),
    ("-inf", dict(y="."), "non-finite", "must be finite"),
    ("1e400", {}, "non-finite", "must be finite"),
    ("007", {}, "malformed", "a payload is a number"),
    ("time,temp", dict(y="temp"), "malformed", "got 'time,temp': if it is a header, its names are not read"),
    ('{"y": "0x10"}', dict(y="y"), "schema", "must be a number"),
    ('{"y": "1_000"}', dict(y="y"), "schema", "must be a number"),
    ("2024-05-01,21.5", dict(y="temp"), "schema", "the names of a header are not read, name the cell by its number"),
    ('{"y": "-inf"}', dict(y="y"), "non-finite", "must be finite"),
    ('{"y": 1e200}', dict(y="y"), "non-finite", "at most 1e+150"),
    ('{"y": 1e400}', dict(y="y"), "non-finite", "must be finite"),
    ('{"y": []}', dict(y="y"), "schema", "must hold 1 to 256 numbers"),
    ('{"y": [[1]]}', dict(y="y"), "schema", "must be a number, got a list of 1"),
    ('{"x": 1, "z": {"y": 2}}', dict(y="y"), "schema", "the payload has no y; it has x, z.y"),
    ('{"a.b": 1, "a": {"b": 2}}', dict(y="a.b"), "schema", "is a key, and keys in keys"),
    ('{"y": "text"}', {}, "schema", "this one has none"),
    ("{}", {}, "schema", "this one has none"),
    ('{"y": 1}', dict(y="y", time="t"), "schema", "no time t"),
    ('{"y": 1, "t": 12.5}', dict(y="y", time="t"), "schema", "--time-unit s, ms, us or ns"),
    ('{"y": 1, "t": "noon"}', dict(y="y", time="t"), "schema", "must be a time"),
    ('{"y": 1, "t": -5}', dict(y="y", time="t", unit="s"), "schema", "from 1970 to 2115"),
    ('{"t": 3, "y": 1}', {}, "schema", "where PATH is one of t (3), y (1)"),  # seconds since when?
    ('{"t": 21.5}', {}, "schema", "where PATH is one of t (21.5)"),  # or is it a time?
    ('{"timestamp": 1, "y": "bad"}', {}, "schema", "no path was named"),
    ("temp value=bad 17", {}, "schema", "no path was named"),
    ("1,2\n3;4", dict(y="1"), "malformed", "a payload is a number"),
    ('{"y": 1, "n": [1]}', dict(y="y", by="n"), "schema", "n must name the stream, and got a list of 1"),
    ('{"y": 1, "n": "a#b"}', dict(y="y", by="n"), "schema", "the name of a stream"),
    ('{"y": 1}', dict(y="y", each="list"), "schema", "list must be a list of records"),
    ('{"v": [' + "1," * 256 + "1]}", dict(y="v"), "schema", "1 to 256 numbers"),
]


@pytest.mark.parametrize(("payload", "words", "kind", "text"), REFUSED)
def test_what_cannot_be_told_is_refused(payload: str | bytes, words: dict[str, Any], kind: str, text: str) -> None:
    with pytest.raises(RejectedMessage) as rejected:
        taken(payload, **words)
    assert rejected.value.kind == kind and text in str(rejected.value) and str(rejected.value).isprintable()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (dict(y="a..b"), "a path is written"),
        (dict(y=""), "a path is written"),
        (dict(y="a[x]"), "a path is written"),
        (dict(u="a"), "inputs need outputs"),
        (dict(y="a", unit="s"), "a unit belongs to a time"),
        (dict(y="a", time="t", unit="h"), "s, ms, us or ns"),
        (dict(y="a", rule="mean"), "belong to a grid"),
        (dict(y="a", every="10s", rule="last"), "hold or mean"),
        (dict(y="a", every="ten"), "is written 100ms"),
        (dict(y="a", every=-1), "is written 100ms"),
        (dict(y="a", every="10s", rule="mean", hold="1h"), "nothing is held"),
    ],
)
def test_a_mapping_with_a_wrong_word_is_refused(words: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        payload_mapping(**words)


def test_a_payload_says_its_kind() -> None:
    kinds = {text: read_payload(text.encode()).kind for text in ("1", "[1]", "1,2", "m a=1")}
    assert list(kinds.values()) == ["value", "JSON", "CSV", "InfluxDB line"]


HOSTILE = {
    "digits": b"9" * (1 << 20),
    "a field of digits": b"a b=" + b"9" * 500_000 + b"i " + b"9" * 500_000,
    "a name": b"a" * (1 << 20),
    "tags": b"a," * 500_000,
    "pairs": b"a=1," * 250_000,
    "fields": b"a " + b"b=1," * 250_000 + b"c",
    "backslashes": b"a " + b"\\" * 1_000_000,
    "quotes": b'a b="' + b'\\"' * 500_000,
    "blanks": b"a" + b" " * 1_000_000 + b"b",
    "cells": b"1," * 500_000,
    "lines": b"1\n" * 500_000,
    "keys": b"{" + b",".join(b'"k%d":"x"' % k for k in range(70_000)) + b"}",
    "numbers": b"[" + b"1," * 500_000 + b"1]",
    "brackets": b"[" * 31 + b"1" + b"]" * 31,
    "a time of digits": b'{"y": 1, "ts": "' + b"9" * 1_000_000 + b'"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_payload_takes_no_time(name: str) -> None:
    for words in ({}, dict(y="y"), dict(y="fields.b", time="timestamp"), dict(y="y", time="ts")):
        begun = time.perf_counter()
        made = mapper(payload_mapping(**words))  # type: ignore[arg-type]
        made.take("a", HOSTILE[name], None)
        assert time.perf_counter() - begun < 5 and made.rejections.counts.total() <= 1
        if made.rejections.first is not None:
            assert len(str(made.rejections.first)) < 1500


def test_a_number_among_more_leaves_than_are_looked_at_is_not_taken() -> None:
    words = ",".join(f'"k{k}": "x"' for k in range(5000))
    with pytest.raises(RejectedMessage, match="no path was named"):
        taken('{"y": 1, ' + words + ', "z": 2}')
