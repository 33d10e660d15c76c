"""Topic filters, and mappings of many topics in a TOML file."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from paho.mqtt.client import topic_matches_sub

from ergoscope.streams._mapping.mapping import PayloadMapping, payload_mapping
from ergoscope.streams._mapping.topics import TopicMapping, matches, read_mappings

LEVELS = ["a", "b", "$a", ""]


def test_topics_match_as_paho_matches_them() -> None:
    topics = ["/".join(levels) for n in (1, 2, 3) for levels in itertools.product(LEVELS, repeat=n)]
    filters = ["/".join(levels) for n in (1, 2, 3) for levels in itertools.product(["a", "+", "#"], repeat=n)]
    filters = [one for one in filters if "#" not in one[:-1]]
    for topic, wanted in itertools.product(topics, filters):
        if topic:
            assert matches(topic.split("/"), wanted.split("/")) == topic_matches_sub(wanted, topic), (topic, wanted)


def test_a_stream_has_the_name_of_its_topic() -> None:
    mapping = PayloadMapping()
    assert TopicMapping("plant/+/temp", mapping, None, 1).stream("plant/a/temp") == "a:temp"
    assert TopicMapping("plant/+/temp", mapping).stream("plant/a/temp") == "plant:a:temp"
    assert TopicMapping("plant/a", mapping, "cellar").stream("plant/a") == "cellar"
    assert TopicMapping("plant/+", mapping).stream("plant/a/temp") is None


def test_keys_for_all_topics_stand_before_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "plant.toml"
    file.write_text(
        'every = "10s"\nhold = 3600\ntime = "ts"\ntime_unit = "ms"\n'
        '[[stream]]\ntopic = "a/+"\ny = "temperature"\n'
        '[[stream]]\ntopic = "b"\nname = "boiler"\ny = ["y1", "y,2"]\nu = "u"\n'
        'every = "1min"\nrule = "hold"\nby = "id"\n'
    )
    grid = dict(time="ts", unit="ms", hold=3600)
    assert read_mappings(file) == [
        TopicMapping("a/+", payload_mapping("temperature", every="10s", **grid)),  # type: ignore[arg-type]
        TopicMapping("b", payload_mapping(["y1", "y,2"], "u", every="1min", rule="hold", by="id", **grid), "boiler"),  # type: ignore[arg-type]
    ]


def test_a_file_without_tables_is_for_any_source(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text('y = "1"\n')
    assert read_mappings(tmp_path / "one.toml") == [TopicMapping("", payload_mapping("1"))]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y = ", "is no TOML file"),
        ("stream = 3", r"two brackets"),
        ("[stream]\ntopic = 'a'", r"two brackets"),
        ("topic = 'a'", r"stands in a table \[\[stream\]\]"),
        ("[[stream]]\ny = 'a'", "stream 1: a stream needs a topic"),
        ("[[stream]]\ntopic = '/'", "a stream needs a topic"),
        ("[[stream]]\ntopic = 'a/+'\nname = 'b'", "a name belongs to one topic"),
        (
            "[[stream]]\ntopic = 'a'\n[[stream]]\ntopic = 'b'\ntimes = 'ts'",
            "stream 2: the keys are .* did you mean 'time'",
        ),
        ("y = 3", "y must be text, or a list of texts, got 3"),
        ("y = [1]", "y must be text, or a list of texts"),
        ("every = true", "every must be text, got True"),
        ("y = 'a'\nevery = 'often'", "is written 100ms"),
        ("y = 'a..b'", "a path is written"),
    ],
)
def test_a_wrong_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_mappings(tmp_path / "m.toml")
