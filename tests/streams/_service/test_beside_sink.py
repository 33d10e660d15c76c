"""A predictor beside a service: the ladder keeps its bits and its pace, whatever the predictor's process does."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.analysis import kalman_predictor, score_on_recording
from ergoscope.learners import ladder, open_predictor, write_predictor
from ergoscope.learners._external.child_process import ChildProcess
from ergoscope.simulator import zoo
from ergoscope.streams import (
    Beside,
    BesideErrors,
    BesideSink,
    Forecasts,
    MemorySink,
    MemorySource,
    Service,
    Threshold,
    observation,
    serve,
)

SHADOWS = Path(__file__).parents[2] / "analysis" / "_scoring" / "shadows.py"
SIZES = range(4)
WALK = np.random.default_rng(0).standard_normal(500).cumsum()
WALK[100] = np.nan
pytestmark = pytest.mark.skipif(os.name != "posix", reason="a process of its own needs Linux or macOS")


def samples(stream: str = "a", first: int = 0) -> list[Any]:
    return [observation(stream, y, sequence=k) for k, y in enumerate(WALK.tolist()) if k >= first]


def run(who: str | None, given: Any = None, state: Path | None = None, **options: Any) -> list[Any]:
    """Return the outputs of a service; with a predictor beside it, or alone."""
    service, sink = Service(lambda outputs, inputs: ladder(SIZES)), MemorySink[Any]()
    source = MemorySource(samples() if given is None else given) if not hasattr(given, "__aiter__") else given
    beside = (
        sink if who is None else BesideSink(sink, f"{SHADOWS}:{who}" if who.isidentifier() else who, service, **options)
    )
    asyncio.run(asyncio.wait_for(serve(service, source, beside, state=state), 100))
    return sink.sent


def ladder_bits(said: list[Any], stream: str = "a") -> bytes:
    parts = [part for part in said if isinstance(part, Forecasts) and part.stream == stream]
    last = [part for part in said if isinstance(part, Threshold) and part.stream == stream][-1]
    return b"".join(part.forecast.tobytes() for part in parts) + json.dumps([last.errors, last.found.sentence]).encode()


def besides(said: list[Any]) -> list[Beside]:
    return [one for one in said if isinstance(one, Beside)]


@pytest.fixture(scope="module")
def alone() -> bytes:
    return ladder_bits(run(None))


def test_the_same_ladder_and_the_answer_of_the_recording(alone: bytes) -> None:
    said = run("Prints")  # what it prints goes nowhere
    assert ladder_bits(said) == alone
    assert sum(len(one.error) for one in said if isinstance(one, BesideErrors)) == len(WALK)
    last = besides(said)[-1]
    with open_predictor(f"{SHADOWS}:Last", in_process=True) as predictor:
        recorded = score_on_recording(predictor, WALK, learner=ladder(SIZES), name="a").comparison
    assert last.failure is None and last.comparison is not None and recorded is not None
    # the first twentieth ends at the edge of a block, and those have other lengths here and there: 10 samples at most
    assert abs(last.comparison.samples - recorded.samples) <= 10
    np.testing.assert_allclose(last.comparison.sizes["ratio"], recorded.sizes["ratio"], rtol=0.03)
    assert (last.comparison.as_good_as, last.comparison.standing) == (recorded.as_good_as, recorded.standing)
    assert last.comparison.standing == "better than every size tried"  # the last value is the best forecast of a walk


@pytest.mark.parametrize(
    ("name", "kind", "again"),
    [
        ("Raises", "raised", False),
        ("NotFinite", "not finite", False),
        ("Killed", "ended", True),
        ("Stalls", "stalled", True),
    ],
)
def test_a_predictor_that_fails_at_sample_300_ends_and_the_ladder_goes_on(
    name: str, kind: str, again: bool, alone: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "ergoscope.streams"):
        said = run(name, limit=0.5)
    assert ladder_bits(said) == alone
    first = next(one for one in besides(said) if one.failure is not None)
    assert first.failure is not None and (first.failure.seq, first.failure.kind, first.failure.again) == (
        300,
        kind,
        again,
    )
    assert first.comparison is not None and 250 < first.comparison.samples < 300
    assert f"shadows.py:{name} on a failed at sample 300" in first.sentence and ". Until then " in first.sentence
    assert first.sentence in [record.getMessage() for record in caplog.records]
    later = sum(len(one.error) for one in said if isinstance(one, BesideErrors)) - 300
    assert later == (200 if again else 0)


def test_one_that_needs_ten_seconds_a_step_delays_nothing(alone: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergoscope.streams._service.shadow.STARTS", 2)
    arrived: list[float] = []

    class Timed(MemorySink[Any]):
        async def send(self, item: Any) -> None:
            if isinstance(item, Forecasts):
                arrived.append(time.monotonic())
            await super().send(item)

    service, sink = Service(lambda outputs, inputs: ladder(SIZES)), Timed()
    beside = BesideSink(sink, f"{SHADOWS}:Slow", service, limit=0.3)
    start = time.monotonic()
    asyncio.run(serve(service, MemorySource(samples()), beside))
    assert ladder_bits(sink.sent) == alone
    assert arrived[-1] - start < 5  # the ladder waits for no start, and for no step of ten seconds
    assert [one.failure.kind for one in besides(sink.sent) if one.failure] == ["stalled"] * 2
    assert sum(len(one.error) for one in sink.sent if isinstance(one, BesideErrors)) == 2


def test_a_process_that_is_killed_from_outside_is_started_again(monkeypatch: pytest.MonkeyPatch, alone: bytes) -> None:
    followed: list[int] = []

    def follow(self: ChildProcess, process: int) -> None:
        followed.append(process)
        self._pid, self._errors = process, b""

    monkeypatch.setattr(ChildProcess, "follow", follow)

    class Source(MemorySource):
        async def __aiter__(self) -> AsyncIterator[Any]:
            for k, item in enumerate(self.items):
                if k == 250:
                    while not followed:
                        await asyncio.sleep(0.01)
                    await asyncio.sleep(0.5)
                    os.kill(followed[0], signal.SIGKILL)
                yield item

    said = run("Last", Source(samples()))
    assert ladder_bits(said) == alone and len(followed) == 2
    ended = [one for one in besides(said) if one.failure is not None]
    assert len(ended) == 1 and ended[0].failure is not None and ended[0].failure.kind == "ended"
    assert "SIGKILL" in ended[0].sentence and "It is started again." in ended[0].sentence
    assert besides(said)[-1].failure is None and besides(said)[-1].starts == 2


def test_a_full_queue_stops_the_predictor_and_loses_nothing_of_the_ladder(alone: bytes) -> None:
    said = run("Last", waiting=200)
    assert ladder_bits(said) == alone
    (last,) = [one for one in besides(said) if one.failure is not None]
    assert last.failure is not None and (last.failure.kind, last.failure.again) == ("behind", False)
    assert "slower than the samples come: 200 samples waited" in last.sentence


def test_more_streams_than_allowed_are_learned_without_it(caplog: pytest.LogCaptureFixture, alone: bytes) -> None:
    given = [item for pair in zip(samples("a"), samples("b"), samples("c"), strict=True) for item in pair]
    with caplog.at_level(logging.WARNING, "ergoscope.streams"):
        said = run("Last", given, streams=2)
    assert {one.stream for one in besides(said)} == {"a", "b"}
    assert ladder_bits(said, "c")[:9999] == alone[:9999]
    told = [record.getMessage() for record in caplog.records if "runs beside" in record.getMessage()]
    assert told == [
        "the predictor runs beside the first 2 streams only, not beside c: allow more (--beside-streams 4)."
    ]


def test_after_a_restart_the_comparison_begins_anew_and_counts_no_sample_twice(tmp_path: Path) -> None:
    before = run("Last", samples()[:250], state=tmp_path)
    after = run("Last", samples()[250:], state=tmp_path)
    assert besides(before)[-1].since == 0
    last = besides(after)[-1]
    assert (last.since, last.starts) == (250, 1) and "The comparison began at sample 250." in last.sentence
    assert sum(len(one.error) for one in after if isinstance(one, BesideErrors)) == 250


def test_fixed_weights_run_beside_without_a_process(tmp_path: Path, alone: bytes) -> None:
    write_predictor(kalman_predictor(zoo("random-walk")), tmp_path / "one.json")
    said = run(str(tmp_path / "one.json"))
    assert ladder_bits(said) == alone
    last = besides(said)[-1]
    with open_predictor(str(tmp_path / "one.json")) as predictor:
        forecast = predictor.run(WALK[:, None], np.zeros((500, 0)), 1.0).forecast
    own = np.concatenate([one.forecast for one in said if isinstance(one, BesideErrors)])
    np.testing.assert_allclose(own, forecast, rtol=1e-12)
    assert last.comparison is not None and last.comparison.samples > 450


@pytest.mark.parametrize(
    ("who", "options", "words"),
    [
        ("nowhere.py:make", {}, "nowhere.py"),
        ("Last", dict(streams=0), "at least 1"),
        ("Last", dict(dt=0.0), "positive"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(who: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        run(who, **options)
