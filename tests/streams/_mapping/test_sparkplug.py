"""Sparkplug B, as another library writes it: names and aliases, births and deaths, numbers of the messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ergoscope.streams import Observation
from ergoscope.streams._mapping.mapping import payload_mapping
from ergoscope.streams._mapping.sparkplug_reader import SparkplugReader, subscription
from ergoscope.streams._mapping.stream_mapper import StreamMapper
from ergoscope.streams._sources.interfaces import RejectionCounts

spb = pytest.importorskip("pysparkplug", reason="needs pysparkplug: pip install --no-deps pysparkplug")
START = 1_700_000_000_000  # milliseconds
TYPE = spb.DataType
TEMPERATURE = "Inputs/Temp A"


def reader(topics: str = "spBv1.0/#", **words: Any) -> SparkplugReader:
    words = dict(y=TEMPERATURE) | words
    return SparkplugReader(StreamMapper(payload_mapping(**words), RejectionCounts()), topics)


def metric(value: Any, name: str | None = TEMPERATURE, datatype: Any = TYPE.DOUBLE, at: int = 0, **more: Any) -> Any:
    return spb.Metric(timestamp=START + at, name=name, datatype=datatype, value=value, **more)


class Edge:
    """An edge node with one device, as it publishes."""

    def __init__(self, made: SparkplugReader) -> None:
        self.made, self.seq = made, 0

    def send(
        self, kind: str, *metrics: Any, at: int = 0, device: str = "/dev", seq: int | None = None
    ) -> list[Observation]:
        number = self.seq if seq is None else seq
        if kind == "NDEATH":
            payload = spb.NDeath(timestamp=START + at, bd_seq_metric=metrics[0]).encode()
        elif kind == "DDEATH":
            payload = spb.DDeath(timestamp=START + at, seq=number).encode()
        else:
            message = dict(NBIRTH=spb.NBirth, DBIRTH=spb.DBirth, NDATA=spb.NData, DDATA=spb.DData)[kind]
            payload = message(timestamp=START + at, seq=number, metrics=metrics).encode()
        if kind != "NDEATH":
            self.seq = (number + 1) % 256
        place = "" if kind.startswith("N") else device
        return self.made.take(f"spBv1.0/plant/{kind}/edge{place}", payload, 7 * 10**9)

    def birth(self, *metrics: Any, at: int = 0, session: int = 0) -> list[Observation]:
        self.seq = 0
        node = self.send("NBIRTH", metric(session, "bdSeq", TYPE.INT64), at=at)
        return [*node, *self.send("DBIRTH", *(metrics or (metric(20.0, alias=5),)), at=at)]


def values(observations: list[Observation]) -> list[float]:
    return [float(row[0]) for item in observations for row in item.output]


def test_metrics_come_by_name_and_by_alias() -> None:
    edge = Edge(reader())
    assert edge.birth() == []  # a current value is no sample of its own
    got = edge.send("DDATA", metric(21.5, at=1000))
    got += edge.send("DDATA", metric(21.75, None, alias=5, at=2000))
    got += edge.send("DDATA", metric(-3.125, None, alias=5, at=3000), metric(1.0, "other", at=3000))
    assert values(got) == [21.5, 21.75, -3.125]
    assert {item.stream for item in got} == {"plant:edge:dev"}
    assert [float(item.time[0]) for item in got] == [1700000001, 1700000002, 1700000003]
    assert not edge.made._mapper.rejections.counts


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (TYPE.INT8, -3), (TYPE.INT16, -300), (TYPE.INT32, -70_000), (TYPE.INT64, -(2**40)), (TYPE.UINT8, 250),
        (TYPE.UINT32, 2**32 - 1), (TYPE.UINT64, 2**40), (TYPE.FLOAT, 21.5), (TYPE.DOUBLE, -3.125), (TYPE.BOOLEAN, True),
        (TYPE.BOOLEAN, False), (TYPE.STRING, "21.75"),
    ],
)  # fmt: skip
def test_a_value_of_each_type_is_read(datatype: Any, value: Any) -> None:
    edge = Edge(reader())
    edge.birth(metric(value, datatype=datatype, alias=5))
    assert values(edge.send("DDATA", metric(value, datatype=datatype))) == [float(value)]


def test_a_type_comes_from_the_birth_and_an_unknown_sign_is_refused() -> None:
    negative = spb.DData(timestamp=START, seq=0, metrics=(metric(-3, None, TYPE.INT32, alias=5),))
    from pysparkplug._protobuf import sparkplug_b_pb2

    raw = sparkplug_b_pb2.Payload.FromString(negative.encode())
    raw.metrics[0].ClearField("datatype")
    edge = Edge(reader())
    edge.birth(metric(0, datatype=TYPE.INT32, alias=5))
    raw.seq = edge.seq
    assert values(edge.made.take("spBv1.0/plant/DDATA/edge/dev", raw.SerializeToString(), 0)) == [-3]
    raw.metrics[0].name = TEMPERATURE
    unborn = reader()
    assert unborn.take("spBv1.0/plant/DDATA/edge/dev", raw.SerializeToString(), 0) == []


def test_a_null_is_missing_and_other_types_are_passed_over() -> None:
    edge = Edge(reader(y=[TEMPERATURE, "b"]))
    edge.birth()
    got = edge.send("DDATA", metric(None, is_null=True), metric(2.0, "b"), metric(b"x", "c", TYPE.BYTES))
    np.testing.assert_array_equal(got[0].output, [[np.nan, 2.0]])
    assert edge.send("DDATA", metric(b"x", datatype=TYPE.BYTES)) == []


def test_an_alias_without_its_birth_is_counted_and_not_guessed() -> None:
    edge = Edge(reader())
    assert edge.send("DDATA", metric(1.0, None, alias=5)) == []
    rejected = edge.made._mapper.rejections
    assert rejected.counts == {"schema": 1} and "1 metric with only an alias" in str(rejected.first)
    edge.birth()
    assert values(edge.send("DDATA", metric(2.0, None, alias=5))) == [2.0]
    edge.send("NBIRTH", metric(1, "bdSeq", TYPE.INT64), seq=0)  # a new session: the aliases are others
    assert edge.send("DDATA", metric(3.0, None, alias=5)) == []


def test_a_message_that_has_come_twice_is_dropped() -> None:
    edge = Edge(reader())
    edge.birth()
    assert values(edge.send("DDATA", metric(1.0), seq=2)) == [1.0]
    assert edge.send("DDATA", metric(1.0), seq=2) == []
    assert values(edge.send("DDATA", metric(1.0), seq=3)) == [1.0]
    assert edge.made._mapper.rejections.counts == {"repeated": 1}


def test_numbers_go_around_and_a_gap_is_a_missing_sample() -> None:
    edge = Edge(reader())
    edge.birth()
    got = [value for k in range(600) for value in values(edge.send("DDATA", metric(float(k))))]
    assert got == list(range(600))  # two times round
    np.testing.assert_array_equal(values(edge.send("DDATA", metric(9.0), seq=edge.seq + 2)), [np.nan, 9.0])
    assert values(edge.send("DDATA", metric(10.0))) == [10.0]


def test_on_a_grid_births_count_and_losses_and_deaths_end_what_is_held() -> None:
    edge = Edge(reader(every="1s", hold="1h"))
    got = edge.birth()  # 20.0 at 0 s
    got += edge.send("DDATA", metric(21.0, None, alias=5, at=2000))
    assert values(got) == [20, 20]
    got = edge.send("DDATA", metric(22.0, None, alias=5, at=4000), seq=edge.seq + 1)  # one is lost in between
    np.testing.assert_array_equal(values(got), [np.nan, np.nan])
    edge.send("NDEATH", metric(9, "bdSeq", TYPE.INT64))  # of another session: passed over
    assert values(edge.send("DDATA", metric(23.0, at=6000))) == [22, 22]
    edge.send("NDEATH", metric(0, "bdSeq", TYPE.INT64))
    np.testing.assert_array_equal(values(edge.birth(metric(24.0, at=9000), at=9000)), [np.nan] * 3)
    edge.send("DDEATH")
    np.testing.assert_array_equal(values(edge.send("DDATA", metric(25.0, at=11_000))), [np.nan] * 2)


def test_metrics_of_several_times_in_one_message_are_put_by_their_times() -> None:
    edge = Edge(reader(every="1s"))
    edge.birth()
    got = edge.send("DDATA", *(metric(float(k), at=1000 * k) for k in range(1, 5)))
    assert values(got) == [20, 1, 2, 3]
    edge = Edge(reader())
    edge.birth()
    assert values(edge.send("DDATA", *(metric(float(k), at=1000 * k) for k in range(4)))) == [0, 1, 2, 3]


def test_stored_values_need_a_grid() -> None:
    edge = Edge(reader())
    edge.birth()
    assert edge.send("DDATA", metric(1.0, is_historical=True)) == []
    assert edge.made._mapper.rejections.counts == {"time": 1}


def test_the_one_metric_of_a_birth_is_found_and_several_ask() -> None:
    edge = Edge(reader(y=()))
    assert edge.send("DDATA", metric(1.0)) == []  # nothing is known yet
    edge.birth()
    assert values(edge.send("DDATA", metric(2.0, None, alias=5), metric(7.0, "b"))) == [2.0]
    edge = Edge(reader(y=()))
    edge.birth(metric(1.0), metric(2.0, "b"))
    assert "'Inputs/Temp A' (1.0), b (2.0)" in str(edge.made._mapper.rejections.first)


@pytest.mark.parametrize(
    ("topics", "subscribed", "device", "node"),
    [
        ("spBv1.0/#", "spBv1.0/+/+/+/#", True, True),
        ("spBv1.0/plant/#", "spBv1.0/plant/+/+/#", True, True),
        ("spBv1.0/plant/DDATA/edge/dev", "spBv1.0/plant/+/edge/#", True, False),
        ("spBv1.0/plant/+/edge/other", "spBv1.0/plant/+/edge/#", False, False),
        ("spBv1.0/plant/+/edge", "spBv1.0/plant/+/edge/#", False, True),
        ("spBv1.0/plant/+/edge/+", "spBv1.0/plant/+/edge/#", True, False),
    ],
)
def test_topics_choose_nodes_and_devices(topics: str, subscribed: str, device: bool, node: bool) -> None:
    assert subscription(topics) == subscribed
    edge = Edge(reader(topics))
    edge.birth()
    assert len(edge.send("DDATA", metric(1.0))) == device
    assert len(edge.send("NDATA", metric(1.0))) == node


def test_what_is_no_payload_is_counted() -> None:
    made = reader()
    assert made.take("spBv1.0/plant/DDATA/edge/dev", b'{"y": 1}', 0) == []
    assert made.take("spBv1.0/plant/DCMD/edge/dev", b"", 0) == []
    assert made._mapper.rejections.counts == {"malformed": 1}


@pytest.mark.parametrize("words", [dict(by="id"), dict(each="list"), dict(time="ts")])
def test_paths_of_other_payloads_are_refused(words: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="its own times and names"):
        reader(**words)


def test_a_damaged_message_gives_what_the_other_library_reads(request: pytest.FixtureRequest) -> None:
    """Bits turned, bytes cut out or repeated: no traceback, and no value that google's reader of its schema has not."""
    from google.protobuf.message import DecodeError
    from pysparkplug._protobuf import sparkplug_b_pb2

    count = 20_000 if request.config.getoption("--campaign") else 800
    rng, taken = np.random.default_rng(3), 0
    whole = spb.DData(timestamp=START, seq=0, metrics=(metric(21.5), metric(-3, "n", TYPE.INT32, alias=5))).encode()
    for _ in range(count):
        raw = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.integers(len(raw) or 1))
            if rng.random() < 0.7 and raw:
                raw[at] ^= 1 << int(rng.integers(8))
            else:
                raw[at : at + int(rng.integers(4))] = raw[at : at + int(rng.integers(4))]
        got = reader().take("spBv1.0/plant/DDATA/edge/dev", bytes(raw), 0)
        if not got:
            continue
        taken += 1
        try:
            read = sparkplug_b_pb2.Payload.FromString(bytes(raw))
        except DecodeError:  # in a part that is passed over here
            continue
        named = [one for one in read.metrics if one.name == TEMPERATURE]
        wanted = [one.double_value for one in named if one.WhichOneof("value") == "double_value" and not one.is_null]
        found = [value for value in values(got) if not np.isnan(value)]
        assert all(value in wanted or value in [float(x.int_value) for x in named] for value in found), bytes(raw)
    assert taken > count // 10
