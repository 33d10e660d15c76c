"""Bands of a service: the bits of the batch function, whatever the micro-batches, and after a restart."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis._growth.critical_size import Best, Critical
from ergoscope.analysis._location.band_answer import band_answer
from ergoscope.learners import BandSums, Learner, bands, ladder, lattice, replay
from ergoscope.learners._engine.band_sums import pooled
from ergoscope.learners._engine.scored import scored_ahead
from ergoscope.simulator import Trajectories
from ergoscope.streams import Forecasts, MemorySink, Service, Threshold, play, serve
from ergoscope.streams._messages.output_json import output_lines, output_messages
from ergoscope.streams._service.stream_state import OtherSettings

SIZES, STEPS = range(4), 300


def make(outputs: int, inputs: int) -> Learner:
    return ladder(SIZES) if outputs + inputs == 1 else lattice(SIZES, outputs=outputs, inputs=inputs)


def recorded(runs: int, outputs: int = 1) -> Trajectories:
    rng = np.random.default_rng(outputs)
    y = rng.standard_normal((runs, STEPS, outputs)).cumsum(axis=1) + 100
    y[:, :2] = y[:, 40:43] = np.nan
    names = tuple(f"y{i}" for i in range(outputs)), (), tuple(f"run {i}" for i in range(runs))
    return Trajectories(y, np.zeros((runs, STEPS, 0)), np.full(runs, STEPS), 0.5, *names)


def learned(recording: Trajectories, block: int, **options: Any) -> list[Any]:
    sink = MemorySink[Any]()
    asyncio.run(serve(Service(make, **options), play(recording, block=block), sink))
    return sink.sent


@pytest.mark.parametrize(("outputs", "block"), [(1, 1), (1, 7), (1, 300), (2, 7)])
def test_live_bands_have_the_bits_of_the_batch_function(outputs: int, block: int) -> None:
    recording = recorded(3, outputs)
    said = learned(recording, block, bands=0.9, together=True)
    y = np.moveaxis(recording.outputs, 0, -1)
    scored = np.moveaxis(scored_ahead(y, np.zeros(y.shape[1:], np.int32), (1,)), -1, 0)
    forecasts = replay(make(outputs, 0), recording, center="first", known_ahead=0)
    expected = bands(forecasts, recording.outputs, level=0.9, scored=scored)
    for i, name in enumerate(recording.run_names):
        parts = [part for part in said if isinstance(part, Forecasts) and part.stream == name]
        assert np.concatenate([part.band for part in parts]).tobytes() == expected.half_width[i].tobytes()
        for before, after in pairwise(parts):
            assert before.band_ahead.tobytes() == after.band[0].tobytes()  # said before the sample came
        assert parts[-1].band_ahead.tobytes() == expected.ahead[i].tobytes()
    last = {one.stream: one.bands for one in said if isinstance(one, Threshold)}
    for name, sums in [*zip(recording.run_names, expected.sums, strict=True), ("*", pooled(expected.sums))]:
        assert last[name].coverage == sums.coverage[0].tolist()
        np.testing.assert_array_equal(last[name].half_width, sums.half_width[0])


def test_lines_and_messages_carry_the_bands_of_their_forecasts() -> None:
    service = Service(make, bands=0.95)
    said = [part for rows in play(recorded(1), block=10)._observations() for part in service.take([rows])]
    said += service.finish()
    lines = [json.loads(line) for part in said for line in output_lines()(part)]
    errors = [line for line in lines if line["kind"] == "error"]
    coming = {line["seq"]: line["band"] for line in lines if line["kind"] == "prediction"}
    assert all(line["band"] == coming[line["seq"]] for line in errors[1:])
    made = np.concatenate([part.band for part in said if isinstance(part, Forecasts)])[:, 0, :, 0]
    np.testing.assert_array_equal(np.array([line["band"] for line in errors], float), made)
    record = lines[-1]["bands"]
    assert list(record) == ["level", "samples", "coverage", "half_width", "calibrated", "size", "sentence"]
    assert len(record["coverage"]) == len(record["half_width"]) == len(SIZES)
    for part in (next(part for part in said if isinstance(part, Forecasts) and part.first == 50), said[-1]):
        messages = {kind: json.loads(payload) for kind, payload in output_messages(part)}
        own = [line for line in lines if line.get("seq") in range(50, 61)]
        if "error" in messages:
            assert messages["error"]["band"] == [line["band"] for line in own if line["kind"] == "error"][:10]
            assert messages["prediction"]["band"] == [line["band"] for line in own if line["kind"] == "prediction"][1:]
        else:
            assert messages["threshold"]["bands"] == record


def test_without_bands_nothing_is_new_in_a_line() -> None:
    said = learned(recorded(1), 10)
    lines = [line for part in said for line in output_lines()(part)]
    assert not any(b"band" in line for line in lines)


def test_a_restored_service_goes_on_with_the_same_bits() -> None:
    recording = recorded(2)
    items = list(play(recording, block=10)._observations())
    whole, first, again = (Service(make, bands=0.95) for _ in range(3))
    expected = whole.take(items)
    before = first.take(items[:31])
    state = first.state()
    assert state is not None
    again.restore(state[0], json.loads(json.dumps(state[1])))
    after = [*before, *again.take(items[31:])]
    for name in recording.run_names:
        pair = [[p.band for p in said if isinstance(p, Forecasts) and p.stream == name] for said in (expected, after)]
        assert np.concatenate(pair[0]).tobytes() == np.concatenate(pair[1]).tobytes()
    ends = [service.finish()[-1] for service in (whole, again)]
    assert all(isinstance(end, Threshold) for end in ends)
    assert output_messages(ends[0]) == output_messages(ends[1])
    with pytest.raises(OtherSettings, match=r"of another --bands: 0\.95, here it is None"):
        Service(make).restore(*state)


def test_a_stream_that_takes_the_place_of_another_begins_without_its_bands() -> None:
    service = Service(make, bands=0.95, most=1)
    one, other = list(play(recorded(2), block=STEPS)._observations())
    alone = Service(make, bands=0.95).take([other])
    said = [service.take([rows]) for rows in (one, other)][1]
    late, expected = (
        [part.band for part in parts if isinstance(part, Forecasts) and part.stream == "run 1"]
        for parts in (said, alone)
    )
    assert service.forgotten == 1 and np.concatenate(late).tobytes() == np.concatenate(expected).tobytes()


def sums(calibrated: list[bool]) -> BandSums:
    missed = [50.0 if fits else 90.0 for fits in calibrated]
    return BandSums(0.95, *(np.array(row)[None, :, None] for row in ([1000.0] * 3, missed, missed, [0.0] * 3, missed)))


BEST = Best(1, [1, 2], pl.DataFrame())


@pytest.mark.parametrize(
    ("critical", "calibrated", "best", "size"),
    [
        (Critical(1, "located", "", 1), [True, True, True], BEST, 1),
        (Critical(1, "located", "", 1), [True, False, True], BEST, 2),
        (Critical(1, "located", "", 1), [True, False, False], BEST, None),
        (Critical(None, "above", ""), [True, True, True], BEST, None),
        (Critical(None, "undecided", ""), [True, True, True], BEST, 1),  # the best size, as there is no advice
        (Critical(None, "undecided", ""), [True, True, True], None, None),
    ],
)
def test_the_size_is_the_smallest_bounded_and_calibrated(
    critical: Critical, calibrated: list[bool], best: Best | None, size: int | None
) -> None:
    found = band_answer(sums(calibrated), range(3), critical, best, None)
    assert found.size == size and found.calibrated == calibrated
    assert ("is bounded and calibrated" in found.sentence) == (critical.verdict == "located" and size is not None)
    assert "have covered" in found.sentence
