"""Two publishers are never one stream: topics, names, measurements and tags; and numbers are no switches."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import Observation
from ergoscope.streams._mapping.mapping import PayloadMapping, payload_mapping
from ergoscope.streams._mapping.stream_mapper import StreamMapper
from ergoscope.streams._mapping.topics import TopicMapping
from ergoscope.streams._mqtt.address import read_address
from ergoscope.streams._mqtt.mapped_source import MappedSource
from ergoscope.streams._sources.interfaces import MOST_CAUSES, RejectionCounts


def mapper(**words: Any) -> StreamMapper:
    return StreamMapper(payload_mapping(**words), RejectionCounts())


def take(made: StreamMapper, *documents: Any, stream: str = "a") -> list[Observation]:
    payloads = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    return [item for payload in payloads for item in made.take(stream, payload.encode(), None)]


def values(observations: list[Observation]) -> list[tuple[str, float]]:
    return [(item.stream, float(item.output[0, 0])) for item in observations]


def source(*topics: TopicMapping, own: bool = False) -> MappedSource:
    return MappedSource(read_address("mqtt://host/lab/+"), topics, own=own)


def heard(made: MappedSource, *messages: tuple[str, str]) -> list[Any]:
    return [item for topic, payload in messages for item in made._arrivals(topic, payload.encode(), False)]


def test_a_second_topic_of_one_name_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    made = source(TopicMapping("c/#", PayloadMapping(), None, 1))
    got = heard(made, ("c/a/b", "1"), ("c/a:b", "2"), ("c/a/b", "3"), ("c/a", "4"), ("c/a:b", "5"))
    assert values(got) == [("a:b", 1), ("a:b", 3), ("a", 4)]  # and no missing sample
    assert made.rejections.counts == {"schema": 2}
    assert "c/a:b would be the stream 'a:b', which is c/a/b" in caplog.text


def test_a_name_in_a_file_and_a_topic_are_told_apart() -> None:
    made = source(TopicMapping("x/y", PayloadMapping(), "boiler"), TopicMapping("+", PayloadMapping()))
    assert values(heard(made, ("x/y", "1"), ("boiler", "2"), ("x/y", "3"), ("other", "4"))) == [
        ("boiler", 1), ("boiler", 3), ("other", 4)]  # fmt: skip


def test_own_messages_and_payloads_of_one_name_are_told_apart() -> None:
    made = source(TopicMapping("lab/+", PayloadMapping(), None, 1), own=True)
    got = heard(made, ("lab/p/data", '{"y": 1, "seq": 0}'), ("lab/p", "2"), ("lab/q", "3"), ("lab/p/meta", "{}"))
    assert values(got) == [("p", 1), ("q", 3)]


def test_nodes_of_sparkplug_of_one_name_are_told_apart() -> None:
    pytest.importorskip("google.protobuf", reason="needs protobuf: pip install '.[sparkplug]'")
    made = source(TopicMapping("spBv1.0/#", PayloadMapping(("v",))))
    for topic in ("spBv1.0/g/NBIRTH/a:b", "spBv1.0/g/NDATA/a:b", "spBv1.0/g/DDATA/a/b", "spBv1.0/g/DDATA/a/c"):
        assert heard(made, (topic, "")) == []
    assert "spBv1.0/g/a/b would be the stream 'g:a:b', which is spBv1.0/g/a:b" in str(made.rejections.first)
    assert made.rejections.counts["schema"] == 1


def test_a_name_in_the_payload_and_one_of_another_topic_are_told_apart() -> None:
    by, plain = payload_mapping("v", by="id"), payload_mapping("v")
    made = source(TopicMapping("a", by), TopicMapping("a/+", plain))
    got = heard(made, ("a", '{"id": "b", "v": 1}'), ("a/b", '{"v": 2}'), ("a/c", '{"v": 3}'))
    assert values(got) == [("a:b", 1), ("a:c", 3)]


@pytest.mark.parametrize(("first", "second"), [("a/b", "a:b"), ("a:b", "a/b"), (5, "5"), ("5", 5), (True, "True")])
def test_names_that_are_written_alike_are_told_apart(first: Any, second: Any) -> None:
    made = mapper(y="v", by="id")
    got = take(made, {"id": first, "v": 1}, {"id": second, "v": 2}, {"id": first, "v": 3})
    assert [value for _, value in values(got)] == [1, 3] and made.rejections.counts == {"schema": 1}
    assert "would be the stream" in str(made.rejections.first)


@pytest.mark.parametrize("name", [None, "", " ", [], {}])
def test_a_payload_without_a_name_is_nobody_s(name: Any) -> None:
    made = mapper(y="v", by="id")
    got = take(made, {"id": "a", "v": 1}, {"id": name, "v": 2}, {"v": 3}, {"id": "a", "v": 4}, stream="stream")
    assert values(got) == [("a", 1), ("a", 4)] and made.rejections.counts == {"schema": 2}
    assert "id must name the stream" in str(made.rejections.first)


LINES = ["temp,host=a value=21.5", "temp,host=b value=30", "hum,host=b value=55", "temp,host=a value=22"]
DOCUMENTS = [
    {"name": name, "tags": {"host": host}, "fields": {"value": value}, "timestamp": 1700000000 + k}
    for k, (name, host, value) in enumerate(
        [("temp", "a", 21.5), ("temp", "b", 30), ("hum", "b", 55), ("temp", "a", 22)]
    )
]
FORMS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "lines": (LINES, {}),
    "one payload of lines": (["\n".join(LINES)], {}),
    "lines with a path": (LINES, dict(y="fields.value")),
    "objects": (DOCUMENTS, {}),
    "a batch": ([{"metrics": DOCUMENTS}], dict(y="fields.value", each="metrics")),
    "batches": ([{"metrics": [one]} for one in DOCUMENTS], dict(each="metrics")),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_first_measurement_and_tags_are_the_stream(form: str, caplog: pytest.LogCaptureFixture) -> None:
    documents, words = FORMS[form]
    made = mapper(**words)
    assert values(take(made, *documents)) == [("a", 21.5), ("a", 22)]  # no missing sample for what is of another
    assert made.rejections.counts == {"schema": 2}
    assert (
        "the tag host of this stream is 'a', and here it is 'b': name the stream by it, --by tags.host" in caplog.text
    )
    assert (
        "the measurement of this stream is 'temp', and here it is 'hum'" in caplog.text and "--by name" in caplog.text
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_tag_names_the_streams(form: str) -> None:
    documents, words = FORMS[form]
    made = mapper(**words, by="tags.host")
    assert values(take(made, *documents)) == [("a:a", 21.5), ("a:b", 30), ("a:a", 22)]
    assert made.rejections.counts == {"schema": 1}  # hum of b is another measurement
    assert "from a topic of its own" in str(made.rejections.first)


def test_a_stream_that_is_named_may_change_its_tags() -> None:
    made = mapper(y="fields.v", by="name")
    assert len(take(made, "m,q=good v=1", "m,q=bad v=2", "m v=3")) == 3 and not made.rejections.counts


def test_a_line_with_a_measurement_after_plain_numbers_is_another() -> None:
    made = mapper()
    assert values(take(made, "1", "m value=2", "3")) == [("a", 1), ("a", 3)]


def test_a_wrong_value_of_another_series_is_no_gap() -> None:
    made = mapper(y="fields.value")
    assert values(take(made, LINES[0], 'temp,host=b value="bad"', LINES[3])) == [("a", 21.5), ("a", 22)]


NAN = np.nan
KINDS: list[tuple[list[Any], list[float]]] = [
    ([21.5, 21.6, "ON", 21.7], [21.5, 21.6, NAN, 21.7]),
    ([21.5, True, 21.7], [21.5, NAN, 21.7]),
    ([0, 1, "OFF", 0], [0, 1, NAN, 0]),
    (["ON", 0, 1, "off", 21.5, True], [1, 0, 1, 0, NAN, 1]),
    ([None, "ON", None, 2], [NAN, 1, NAN, NAN]),
    (["unavailable", 21.5, "ON"], [NAN, 21.5, NAN]),
]


@pytest.mark.parametrize(("given", "expected"), KINDS)
def test_numbers_are_no_switches_and_switches_no_numbers(given: list[Any], expected: list[float]) -> None:
    made = mapper(y="v")
    np.testing.assert_array_equal([value for _, value in values(take(made, *({"v": one} for one in given)))], expected)
    plain = mapper()
    first = next(k for k, one in enumerate(given) if one not in (None, "unavailable"))  # no path was named: from there
    words = [json.dumps(one) for one in given[first:]]
    np.testing.assert_array_equal([value for _, value in values(take(plain, *words))], expected[first:])


def test_each_channel_has_its_kind() -> None:
    made = mapper(y=["t", "s"], u="k")
    got = take(
        made, {"t": 1.5, "s": "ON", "k": 3}, {"t": 2.5, "s": 0, "k": 4}, {"t": 3, "s": 0, "k": "ON"}, {"t": "ON"}
    )
    np.testing.assert_array_equal([item.output[0].tolist() for item in got], [[1.5, 1], [2.5, 0], [NAN] * 2, [NAN] * 2])
    assert made.rejections.counts == {"schema": 2} and "input 1 was a number" in str(made.rejections.first)


def test_the_log_has_the_first_of_each_cause(caplog: pytest.LogCaptureFixture) -> None:
    made = mapper(y="y")
    take(
        made,
        {"y": 1, "last_seen": 1700000000},
        *[{"y": "x"}, {"y": 2}, {"z": 3}] * 3,
        {"y": True, "last_seen": 1700000001},
    )
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == 4 and made.rejections.counts == {"schema": 10}
    assert "y must be a number, got 'x'" in said[0] and "the payload has no y; it has z" in said[2]
    assert "the payload has no time last_seen" in said[1] and "use --time arrival" in said[1]
    assert "output 1 was a number at first" in said[3]


def test_the_causes_in_the_log_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    made = mapper()
    take(made, "m,host=a v=1", *[f"m,host=a,t{k}=1 v=1" for k in range(3 * MOST_CAUSES)])
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == MOST_CAUSES


def test_a_list_of_another_length_is_a_missing_sample() -> None:
    made = mapper(y="v")
    got = take(made, {"v": [1, 2]}, {"v": [1, 2, 3]}, {"v": None}, {"v": [3, "x"]}, {"v": [3, 4]})
    np.testing.assert_array_equal([item.output[0] for item in got], [[1, 2], [NAN] * 2, [NAN] * 2, [NAN] * 2, [3, 4]])
    assert "there were 2 numbers at the paths at first, and here 3" in str(made.rejections.first)


def test_other_measurements_of_a_batch_are_passed_over() -> None:
    """The first line has none of the paths: it does not take the name of the stream."""
    batch = "cpu,host=a load=3\ntemp,host=a value=%d\nmem,host=a free=9"
    for words in ({}, dict(by="tags.host")):
        made = mapper(y="fields.value", **words)
        assert [value for _, value in values(take(made, *[batch % k for k in range(3)]))] == [0, 1, 2]
