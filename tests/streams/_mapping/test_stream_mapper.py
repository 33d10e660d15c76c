"""Streams of payloads: what is found stays, repeats are known, missing readings keep their time, names, restarts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import Observation
from ergoscope.streams._mapping.automatic import Choice
from ergoscope.streams._mapping.mapped_stream import REMEMBERED
from ergoscope.streams._mapping.mapping import payload_mapping
from ergoscope.streams._mapping.stream_mapper import StreamMapper
from ergoscope.streams._sources.interfaces import RejectionCounts


def mapper(options: dict[str, Any] | None = None, **words: Any) -> StreamMapper:
    return StreamMapper(payload_mapping(**words), RejectionCounts(), **(options or {}))


def take(made: StreamMapper, *documents: Any, stream: str = "a", arrived: int | None = None) -> list[Observation]:
    payloads = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    return [item for payload in payloads for item in made.take(stream, payload.encode(), arrived)]


def outputs(observations: list[Observation]) -> list[Any]:
    return [item.output[0].tolist() if item.output.shape[1] > 1 else float(item.output[0, 0]) for item in observations]


def test_what_was_found_at_first_stays() -> None:
    made = mapper()
    got = take(made, {"t1": 1}, {"t1": 2}, {"t2": 3}, {"t1": 4, "t2": 5}, {"t1": None}, {"t1": 6})
    np.testing.assert_array_equal(outputs(got), [1, 2, np.nan, np.nan, np.nan, 6])
    assert made.rejections.counts == {"schema": 2}  # another path, then two numbers; null is a missing reading


def test_only_the_only_stream_ends_with_a_choice() -> None:
    two = {"a": 1, "b": 2}
    with pytest.raises(Choice):
        take(mapper(dict(alone=True)), two)
    assert take(mapper(), two) == []
    assert outputs(take(mapper(dict(alone=True)), {"a": 1}, two)) == [1, pytest.approx(np.nan, nan_ok=True)]


def test_a_state_folder_needs_named_paths() -> None:
    made = mapper(dict(kept=True))
    assert take(made, {"a": 1}) == [] and "write --y a" in str(made.rejections.first)
    assert outputs(take(made, "21.5")) == [21.5]  # a plain number is nothing else after a restart


def test_inputs_and_times_stand_beside_the_outputs() -> None:
    made = mapper(y="t", u=["s", "v.0"], time="at", unit="ms")
    (got,) = take(made, {"t": 1, "s": 2, "v": [3], "at": 1500})
    assert (got.output.tolist(), got.input.tolist(), got.time.tolist()) == ([[1]], [[2, 3]], [1.5])
    assert (got.stream, got.epoch, got.sequence) == ("a", 0, None)


@pytest.mark.parametrize(
    ("written", "unit", "seconds"),
    [
        (1700000000, None, 1700000000),
        (1700000000.25, None, 1700000000.25),
        ("1700000000", None, 1700000000),
        (1700000000512, None, 1700000000.512),
        (1700000000512000, None, 1700000000.512),
        (1700000000512000000, None, 1700000000.512),
        ("2023-11-14T22:13:20Z", None, 1700000000),
        ("2023-11-14T23:13:20.5+01:00", None, 1700000000.5),
        ("2023-11-14 22:13:20", None, 1700000000),  # without a zone: UTC
        (12.5, "s", 12.5),
        ("12500", "ms", 12.5),
        (12500000, "us", 12.5),
        ("2023-11-14T22:13:20Z", "ms", 1700000000),
    ],
)
def test_a_time_is_read_in_its_unit(written: Any, unit: str | None, seconds: float) -> None:
    (got,) = take(mapper(y="y", time="at", unit=unit), {"y": 1, "at": written})
    assert got.time[0] == seconds


def test_the_time_of_arrival_is_that_of_the_message() -> None:
    for words in (dict(y="y"), dict(y="y", time="arrival")):
        (got,) = take(mapper(**words), {"y": 1}, arrived=2_500_000_000)
        assert got.time[0] == 2.5
    (got,) = take(mapper(y="y", time="arrival"), {"y": 1, "ts": 1700000000}, arrived=2_500_000_000)
    assert got.time[0] == 2.5


def test_a_repeat_is_dropped_where_the_publisher_gives_the_time() -> None:
    one, other, later = ({"y": y, "ts": 1700000000 + k} for y, k in ((1, 0), (2, 0), (1, 1)))
    made = mapper(y="y")
    assert outputs(take(made, one, other, one, later, one)) == [1, 2, 1]  # equal times, other values: two samples
    assert made.rejections.counts == {"repeated": 2} and made.rejections.first is None
    assert outputs(take(mapper(y="y"), {"y": 1}, {"y": 1})) == [1, 1]  # without times there are no repeats
    assert outputs(take(mapper(y="y", time="arrival"), one, one, arrived=1)) == [1, 1]


def test_repeats_are_known_among_the_last_thousand() -> None:
    made = mapper(y="y")
    many = [{"y": 1, "ts": 1700000000 + k} for k in range(REMEMBERED + 1)]
    assert len(take(made, *many, many[1], many[0])) == REMEMBERED + 2  # the first is forgotten


@pytest.mark.parametrize("bad", ["no number", {"x": 1}, {"y": "off"}, {"y": "text"}, {"y": [1, {}]}, '{"y": 1e200}'])
def test_a_payload_without_the_reading_is_a_missing_sample(bad: Any) -> None:
    made = mapper(y="y")
    got = take(made, bad, {"y": 1}, bad, {"y": 2})
    expected = [0, 1, 0, np.nan] if bad == {"y": "off"} else [1, np.nan, 2]  # 2 is no switch
    np.testing.assert_array_equal(outputs(got), expected)


def test_a_stream_is_named_in_its_payload() -> None:
    made = mapper(y="v", by="id")
    both = [*take(made, {"id": 7, "v": 1}, {"id": "x/y", "v": 2}), *take(made, {"id": 7, "v": 3}, stream="stream")]
    assert [item.stream for item in both] == ["a:7", "a:x:y", "7"]


def test_a_restart_goes_on_with_the_width_of_a_stream() -> None:
    made = mapper(dict(kept=True), y=["a", "b"])
    made.remember("a", 0, 2, 0)
    (got,) = take(made, "unavailable or so")
    assert got.output.shape == (1, 2) and np.isnan(got.output).all()


def test_what_is_promised_of_a_lost_and_of_a_repeated_message() -> None:
    """The table of docs/payloads.md: the third of six messages is lost, the fifth comes twice."""
    sent = [{"y": float(k), "ts": 1700000000 + k} for k in range(6)]
    heard = [*sent[:2], *sent[3:5], sent[4], sent[5]]
    as_it_comes = take(mapper(y="y"), *heard)
    assert outputs(as_it_comes) == [0, 1, 3, 4, 5]  # the loss is not noticed, the repeat is
    assert all(item.sequence is None for item in as_it_comes)
    unstamped = [{"y": one["y"]} for one in heard]
    assert outputs(take(mapper(y="y"), *unstamped)) == [0, 1, 3, 4, 4, 5]  # nor is the repeat
    for hold, second in (("1s", 1.0), ("500ms", np.nan)):
        rows = take(mapper(y="y", every="1s", hold=hold), *heard)
        values = {(item.sequence or 0) + k - 1700000000: row[0] for item in rows for k, row in enumerate(item.output)}
        np.testing.assert_array_equal([values[k] for k in range(5)], [0, 1, second, 3, 4])
