"""What a survey says of topics: forms, paths, rates, and commands whose paths take what was seen."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import encode, observation
from ergoscope.streams._mapping.mapping import PayloadMapping, payload_mapping
from ergoscope.streams._mapping.stream_mapper import StreamMapper
from ergoscope.streams._mapping.survey import Row, Survey
from ergoscope.streams._sources.interfaces import RejectionCounts

PAYLOADS = Path(__file__).parent / "payloads"


def surveyed(*messages: tuple[str, bytes], times: list[float] | None = None, retained: bool = False) -> dict[str, Row]:
    survey = Survey("mqtt://host")
    for k, (topic, payload) in enumerate(messages):
        survey.hear(topic, payload, retained, float(k) if times is None else times[k])
    return {row.topic: row for row in survey.rows()}


def options(command: str) -> dict[str, str]:
    words = shlex.split(command)
    return dict(zip(words[3::2], words[4::2], strict=True))


@pytest.mark.parametrize("file", sorted(PAYLOADS.iterdir()), ids=lambda file: file.stem)
def test_each_command_takes_the_value_that_it_shows(file: Path) -> None:
    lines = file.read_bytes().splitlines()
    (row,) = surveyed(*[("a/b", line) for line in lines]).values()
    assert (row.messages, row.reason, set(row.values)) == (3, "", set(row.commands))
    for path, command in row.commands.items():
        assert command.startswith("ergoscope learn mqtt://host/a/b")
        words = options(command)
        mapping = payload_mapping(words["--y"]) if "--y" in words else PayloadMapping()
        (got,) = StreamMapper(mapping, RejectionCounts()).take("a", lines[-1], None)
        assert got.output[0, 0] == float(row.values[path])


@pytest.mark.parametrize("name", ["Tür 1", "a.b", "x,y"[:1], "$(reboot)", "it's"])
def test_a_path_of_any_letters_is_a_word_of_the_shell(name: str) -> None:
    payload = ('{"' + name + '": 1.5, "other": 2}').encode()
    (row,) = surveyed(("a", payload)).values()
    words = options(next(iter(row.commands.values())))
    (got,) = StreamMapper(payload_mapping(words["--y"]), RejectionCounts()).take("a", payload, None)
    assert got.output.tolist() == [[1.5]]


def test_rates_and_irregular_arrivals_are_told() -> None:
    regular = surveyed(*[("a", b"1")] * 6, times=[0, 2, 4, 6, 8, 10])["a"]
    assert (regular.rate, regular.every) == (0.5, None)
    jumping = surveyed(*[("a", b"1")] * 6, times=[0, 2, 4, 9, 9.5, 12])["a"]
    assert jumping.every == "2s" and jumping.commands["."].endswith("--every 2s")
    assert surveyed(("a", b"1"))["a"].rate is None


def test_the_product_s_own_messages_are_known() -> None:
    row = surveyed(("lab/plant1/data", encode(observation("x", [1.0, 2.0], sequence=3))))["lab/plant1/data"]
    assert row.kind == "ergoscope" and row.commands == {"y": "ergoscope learn mqtt://host/lab/plant1"}
    assert surveyed(("lab/plant1/data", b"21.5"))["lab/plant1/data"].kind == "value"


def test_what_cannot_be_taken_says_why() -> None:
    rows = surveyed(("a", b"hello"), ("b", b'{"x": "text"}'), ("c", b"\xff\x00"))
    assert "a payload is a number" in rows["a"].reason and rows["b"].reason == "there is no number in it"
    assert rows["c"].kind == "other" and not rows["c"].commands


def test_outputs_of_a_learner_are_left_out_and_old_readings_counted() -> None:
    survey = Survey("mqtt://host")
    survey.hear("lab/a/ergoscope/error", b"{}", False, 0.0)
    survey.hear("lab/a", b"1", True, 0.0)
    (row,) = survey.rows()
    assert survey.ignored == 1 and (row.messages, row.retained) == (0, 1)


def test_paths_of_several_messages_are_put_together() -> None:
    row = surveyed(("a", b'{"x": 1}'), ("a", b'{"y": 2}'), ("a", b'{"x": 3}'))["a"]
    assert row.values == {"x": 3, "y": 2} and all("--y" in command for command in row.commands.values())


def test_metrics_of_sparkplug_are_named_by_their_birth() -> None:
    spb = pytest.importorskip("pysparkplug", reason="needs pysparkplug: pip install --no-deps pysparkplug")

    def metric(value: Any, name: str | None, **more: Any) -> Any:
        return spb.Metric(timestamp=1, name=name, datatype=spb.DataType.INT32, value=value, **more)

    birth = spb.DBirth(timestamp=1, seq=1, metrics=(metric(-7, "Level 1", alias=5), metric(0, "Node Control/Rebirth")))
    data = spb.DData(timestamp=2, seq=2, metrics=(metric(-8, None, alias=5),))
    rows = surveyed(("spBv1.0/g/DBIRTH/e/d", birth.encode()), ("spBv1.0/g/DDATA/e/d", data.encode()))
    row = rows["spBv1.0/g/+/e/d"]
    assert row.values == {"Level 1": -8} and row.kind == "Sparkplug B"
    assert row.commands["Level 1"] == "ergoscope learn mqtt://host/spBv1.0/g/+/e/d --y 'Level 1'"


def test_any_bytes_give_a_row() -> None:
    rng = np.random.default_rng(0)
    survey = Survey("mqtt://host")
    for k in range(500):
        payload = rng.integers(0, 256, int(rng.integers(0, 60)), np.uint8).tobytes()
        survey.hear(str(rng.choice(["a", "a/data", "spBv1.0/g/DDATA/e"])), payload, False, float(k))
    assert len(survey.rows()) == 3


RTL = '{"time": "%d", "model": "%s", "id": %d, "temperature_C": %s}'
METRIC = '{"name": "temp", "tags": {"host": "%s"}, "fields": {"value": %s}, "timestamp": %d}'


def test_a_batch_and_its_devices_are_offered() -> None:
    batches = [
        '{"metrics": [' + ", ".join(METRIC % (host, 20 + k, 1700000000 + k) for host in "ab") + "]}" for k in range(3)
    ]
    row = surveyed(*[("t", batch.encode()) for batch in batches])["t"]
    assert row.commands == {
        "fields.value": "ergoscope learn mqtt://host/t --each metrics --y fields.value --by tags.host"
    }
    assert row.values == {"fields.value": 22}
    words = options(row.commands["fields.value"])
    made = StreamMapper(payload_mapping(words["--y"], by=words["--by"], each=words["--each"]), RejectionCounts())
    got = [item for batch in batches for item in made.take("t", batch.encode(), None)]
    assert [item.stream for item in got] == ["t:a", "t:b"] * 3 and not made.rejections.counts
    one = surveyed(("t", batches[0].replace('"b"', '"a"').encode()))["t"]
    assert one.commands["fields.value"].endswith("--each metrics --y fields.value")  # one host: no name is needed


@pytest.mark.parametrize(
    ("devices", "by"),
    [
        ([("A", 1), ("B", 1)], "model"),
        ([("A", 1), ("A", 2)], "id"),
        ([("A", 1), ("A", 2), ("B", 3)], "id"),  # it tells more of them
        ([("A", 1)], None),
    ],
)
def test_a_name_that_tells_devices_is_offered(devices: list[tuple[str, int]], by: str | None) -> None:
    many = [RTL % (1700000000 + k, *devices[k % len(devices)], 20 + k) for k in range(4 * len(devices))]
    times = np.cumsum(np.random.default_rng(1).exponential(1, len(many))).tolist()
    row = surveyed(*[("rtl", one.encode()) for one in many], times=times)["rtl"]
    words = options(row.commands["temperature_C"])
    assert words.get("--by") == by and words["--y"] == "temperature_C"
    assert by is None or "--every" not in words  # the steps of a topic are not those of a device


def test_a_number_of_the_message_names_no_device() -> None:
    many = [f'{{"id": "m{k}", "state": "{k % 2}x", "v": {k}}}' for k in range(8)]
    row = surveyed(*[("a", one.encode()) for one in many])["a"]
    assert all("--by" not in command for command in row.commands.values())


def test_lines_of_several_hosts_are_named_by_the_tag() -> None:
    lines = [f"temp,host={host},rack=1 value={k}" for k in range(3) for host in "abc"]
    row = surveyed(*[("t", line.encode()) for line in lines])["t"]
    assert row.commands == {"fields.value": "ergoscope learn mqtt://host/t --by tags.host"}
