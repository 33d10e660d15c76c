"""The service: live gives the bits of replay, however samples are gathered, doubled, shuffled or lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import Learner, ladder, lattice, replay
from ergoscope.simulator import Trajectories, simulate, zoo
from ergoscope.streams import (
    Forecasts,
    MemorySink,
    MemorySource,
    Observation,
    Service,
    Threshold,
    decode,
    observation,
    plant,
    play,
    play_simulation,
    serve,
)
from ergoscope.streams._storage.checkpoint import read_checkpoint

SIZES = range(5)


def make(outputs: int, inputs: int) -> Learner:
    return ladder(SIZES) if outputs + inputs == 1 else lattice(SIZES, outputs=outputs, inputs=inputs)


def run(items: Any, **options: Any) -> tuple[Service, list[Any]]:
    state = options.pop("state", None)
    service, sink = Service(make, **options), MemorySink[Any]()
    source = MemorySource(items) if isinstance(items, list) else items
    asyncio.run(serve(service, source, sink, state=state))
    return service, sink.sent


def forecasts(said: list[Any], names: tuple[str, ...], steps: int) -> np.ndarray[Any, Any]:
    """Return ``(batch, time, lookahead, size, output)`` as replay does, each sample said once and in order."""
    runs = []
    for name in names:
        parts = [part for part in said if isinstance(part, Forecasts) and part.stream == name]
        assert [part.first for part in parts] == np.cumsum([0, *(len(part.output) for part in parts)])[:-1].tolist()
        runs.append(np.concatenate([part.forecast for part in parts]))
        for before, after in zip(parts, parts[1:], strict=False):
            assert before.ahead.tobytes() == after.forecast[0].tobytes()  # said before the sample came
        assert len(runs[-1]) == steps
    return np.stack(runs)


def recorded(runs: int = 3, steps: int = 300, inputs: int = 0) -> Trajectories:
    rng = np.random.default_rng(3)
    y = rng.standard_normal((runs, steps, 1 + inputs)).cumsum(axis=1) + 100
    y[:, 40:43] = np.nan
    u = rng.standard_normal((runs, steps, inputs))
    u[:, 7:9] = np.nan
    names = tuple(f"run {i}" for i in range(runs))
    y_names, u_names = tuple(f"y{i}" for i in range(1 + inputs)), tuple(f"u{i}" for i in range(inputs))
    return Trajectories(y, u, np.full(runs, steps), 0.5, y_names, u_names, names)


@pytest.mark.parametrize(("inputs", "center"), [(0, "first"), (0, "none"), (2, "first")])
@pytest.mark.parametrize("block", [1, 7, 300])
def test_live_gives_the_bits_of_replay(inputs: int, center: str, block: int) -> None:
    recording = recorded(inputs=inputs)
    _, said = run(play(recording, block=block), center=center)
    expected = replay(make(1 + inputs, inputs), recording, center=center, known_ahead=0)
    assert forecasts(said, recording.run_names, 300).tobytes() == expected.tobytes()


def test_many_streams_in_several_tiles_have_the_bits_of_each_alone() -> None:
    recording = recorded(runs=70, steps=40)
    _, said = run(play(recording, block=3))
    expected = replay(make(1, 0), recording, center="first")
    assert forecasts(said, recording.run_names, 40).tobytes() == expected.tobytes()


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_doubled_and_regrouped_samples_change_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    recording = recorded(runs=2)
    messages: list[Observation] = []
    for i, name in enumerate(recording.run_names):
        at = 0
        while at < 300:
            steps = min(int(rng.integers(1, 9)), 300 - at)
            messages.append(observation(name, recording.outputs[i, at : at + steps], sequence=at))
            at += steps
    keys = np.array([(m.sequence or 0) + rng.uniform(0, 40) * bool(m.sequence) for m in messages])
    order = np.repeat(np.argsort(keys), rng.integers(1, 3, len(messages)))
    service, said = run([messages[k] for k in order])
    expected = replay(make(1, 0), recording, center="first")
    assert forecasts(said, recording.run_names, 300).tobytes() == expected.tobytes()
    assert all(counts.taken == 300 and counts.lost == 0 for counts in service.counts.values())


def test_what_is_lost_is_counted_and_learned_as_missing() -> None:
    recording = recorded(runs=1)
    kept = [m for m in _each(recording) if (m.sequence or 0) not in (100, 101, 250)]
    service, said = run(kept, window=4)
    lost = recording.outputs.copy()
    lost[:, [100, 101, 250]] = np.nan
    expected = replay(make(1, 0), Trajectories(lost, *[getattr(recording, w) for w in WORDS]), center="first")
    assert forecasts(said, recording.run_names, 300).tobytes() == expected.tobytes()
    assert service.counts["run 0"].lost == 3


WORDS = ("inputs", "lengths", "dt", "output_names", "input_names", "run_names")


def _each(recording: Trajectories) -> list[Observation]:
    return [observation("run 0", y, sequence=t) for t, y in enumerate(recording.outputs[0])]


def test_a_stream_of_another_width_is_refused_and_the_others_go_on() -> None:
    items = [observation("a", 1.0), observation("b", [1.0, 2.0]), observation("a", 2.0), observation("a", 3.0, 1.0)]
    service, said = run(items)
    assert service.rejections.counts == {"dimension": 2}
    assert [part.refused for part in said if isinstance(part, Threshold)][-1] == {"dimension": 2}
    assert forecasts(said, ("a",), 3).shape == (1, 3, 1, 5, 1)  # the last one is a missing sample


def test_what_is_wider_than_allowed_is_refused_before_it_costs_anything() -> None:
    items = [observation("a", [1.0] * 3), observation("b", [1.0] * 2, [0.0] * 2), observation("c", 1.0, 1.0)]
    service, _ = run([*items, observation("c", 2.0, 1.0)], channels=2)
    assert service.rejections.counts == {"dimension": 2} and list(service.streams) == ["c"]
    assert "--channels 3" in str(service.rejections.first)


def test_sizes_that_do_not_fit_into_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ergoscope.streams._service.stream_table.memory_free", lambda device: 2**20)
    with pytest.raises(ValueError, match=r"needs .* GiB for 32 streams, and .* GiB are free: use fewer"):
        run([observation("a", 1.0)])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(precision="float23"), "float23"),
        (dict(center=np.array([np.nan])), "center"),
        (dict(device="nowhere"), "nowhere"),
        (dict(make=lambda outputs, inputs: ladder(range(3), forgetting=2.0)), "forgetting"),
    ],
)
def test_what_no_stream_can_be_learned_with_is_refused_before_it_listens(options: dict[str, Any], words: str) -> None:
    service = Service(**(dict(make=lambda outputs, inputs: ladder(range(3))) | options))
    source = MemorySource([observation("a", 1.0)])
    with pytest.raises(ValueError, match=f"(?s)no stream can be learned: .*{words}"):
        asyncio.run(serve(service, source, MemorySink()))
    assert service.samples == 0


def test_a_learner_that_needs_an_input_is_no_fault_of_the_start() -> None:
    Service(lambda outputs, inputs: lattice(range(3), direct=True, outputs=outputs, inputs=inputs)).check()


def test_errors_that_have_all_overflowed_name_no_size() -> None:
    _, said = run([observation("a", 1e149 * (t % 7) ** 12) for t in range(40)])
    found = [part for part in said if isinstance(part, Threshold)][-1].found
    assert found.best is None and "overflowed" in found.sentence


def test_errors_are_scored_as_the_driver_scores_them() -> None:
    recording = recorded(runs=1)
    service, said = run(play(recording, block=5))
    error = np.concatenate([part.error for part in said if isinstance(part, Forecasts)])
    assert np.isnan(error[[0, 40, 41, 42]]).all() and np.isfinite(error[[1, 39, 43]]).all()
    lanes = service.table._tiles[0].tile_driver.lanes  # type: ignore[union-attr]
    scored = np.asarray(lanes.score.error)[0, :, 0, 0]
    np.testing.assert_allclose(np.nansum(error[..., 0] ** 2, axis=0), scored, rtol=1e-12)
    assert np.asarray(lanes.score.samples)[0, 0, 0] == np.isfinite(error[:, 0, 0]).sum()


def test_runs_of_one_plant_have_the_verdict_of_their_recording() -> None:
    from ergoscope import locate

    names = [f"{i}" for i in range(12)]
    _, said = run(play_simulation(zoo("double-integrator"), 2000, names, seed=5, block=50), together=True)
    whole = simulate(5, zoo("double-integrator"), 2000, 12)
    expected = locate(whole, sizes=SIZES, model=False)
    verdict = said[-1]
    assert isinstance(verdict, Threshold) and verdict.stream == "*" and verdict.found.horizon == 2000
    assert "*" in [part.stream for part in said[:-1]]  # while they come, too
    assert (verdict.found.critical.size, verdict.found.critical.verdict) == (expected.critical_size, expected.verdict)
    assert verdict.found.best is not None and verdict.found.best.size == expected.best.size
    assert expected.verdict == "located"


def test_one_stream_claims_no_boundedness_but_names_the_best_size() -> None:
    _, said = run(play_simulation(zoo("double-integrator"), 3000, ["a"], block=100))
    last = said[-1]
    assert isinstance(last, Threshold) and last.found.critical.verdict == "undecided"
    assert last.found.best is not None and last.found.best.size >= 2
    assert last.found.advice is not None
    assert last.found.sentence.startswith(f"a: use filter length {last.found.advice.size} ")
    assert "1 run cannot show whether the error is bounded" in last.found.sentence
    assert sum(isinstance(part, Threshold) for part in said) < 12


def test_where_there_is_no_room_the_stream_silent_the_longest_is_forgotten_and_starts_anew(tmp_path: Path) -> None:
    """Two streams at most: b goes when c comes, a when b comes again; a lane given back has the bits of a new one."""
    rng = np.random.default_rng(0)
    walk = {name: rng.standard_normal(60).cumsum() for name in "abc"}
    order = [("a", 0, 30), ("b", 0, 40), ("a", 30, 60), ("c", 0, 60), ("b", 40, 60)]
    items = [
        observation(name, walk[name][t : t + 2, None], sequence=t)
        for name, first, stop in order
        for t in range(first, stop, 2)
    ]
    pieces = [items, items[:100], items[100:]]
    states = [tmp_path / "whole", tmp_path / "parts", tmp_path / "parts"]
    served = [run(p, most=2, window=8, state=state) for p, state in zip(pieces, states, strict=True)]
    (whole, said), _, (parts, _) = served
    for service in (whole, parts):
        assert sorted(service.streams) == ["b", "c"] and service.forgotten == 2 and service.samples == 180
    one, other = (read_checkpoint(folder) for folder in states[:2])
    assert one is not None and other is not None and all(one[0][k].tobytes() == other[0][k].tobytes() for k in one[0])
    last = [(part.stream, part.counts.taken) for part in said if isinstance(part, Threshold)]
    assert last == [("b", 40), ("a", 60), ("c", 60), ("b", 20)]
    again, alone = (
        [part.forecast for part in parts if isinstance(part, Forecasts) and part.stream == "b" and part.first >= 40]
        for parts in (said, run(items[-10:], window=8)[1])
    )
    assert np.concatenate(again).tobytes() == np.concatenate(alone).tobytes()


def test_values_at_the_ends_of_the_range_harm_no_other_stream() -> None:
    rng = np.random.default_rng(0)
    wild = 10.0 ** rng.uniform(-320, 308, 400) * rng.choice([-1, 1], 400)
    tame = rng.standard_normal(400)
    items = [observation(name, value) for k in range(400) for name, value in (("wild", wild[k]), ("tame", tame[k]))]
    _, said = run(items)
    _, alone = run([item for item in items if item.stream == "tame"])
    assert forecasts(said, ("tame",), 400).tobytes() == forecasts(alone, ("tame",), 400).tobytes()
    last = {part.stream: part for part in said if isinstance(part, Threshold)}
    assert last["wild"].found.horizon == 400 and last["tame"].found.best is not None


def test_times_that_go_back_or_jump_are_carried_and_change_nothing() -> None:
    rng = np.random.default_rng(0)
    items = [observation("a", y, sequence=k) for k, y in enumerate(rng.standard_normal(200).tolist())]
    clock = np.array([*rng.permutation(100), *(1e300 * rng.standard_normal(99)), -1.0])
    _, plain = run(items)
    _, odd = run([item._replace(time=clock[k : k + 1]) for k, item in enumerate(items)])
    assert forecasts(odd, ("a",), 200).tobytes() == forecasts(plain, ("a",), 200).tobytes()
    assert np.concatenate([part.time for part in odd if isinstance(part, Forecasts)]).tobytes() == clock.tobytes()


def test_nothing_comes_of_nothing() -> None:
    assert run([])[1] == []


class Counting(MemorySink[Any]):
    """Counts what it is sent, and calls a function after the twentieth."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self.then = then

    async def send(self, item: Any) -> None:
        await super().send(item)
        if len(self.sent) == 20:
            self.then()


@pytest.mark.parametrize("rate", [None, 2000.0])
def test_a_cancelled_service_takes_in_what_has_come_and_gives_its_last_threshold(rate: float | None) -> None:
    async def cancelled() -> list[Any]:
        sink = Counting(lambda: task.cancel())
        task = asyncio.create_task(
            serve(Service(make), play_simulation(zoo("random-walk"), None, ["a"], rate=rate), sink)
        )
        await task
        return sink.sent

    outputs = asyncio.run(asyncio.wait_for(cancelled(), 60))
    assert isinstance(outputs[-1], Threshold) and outputs[-1].counts.taken >= 10


def test_a_service_that_is_cancelled_twice_ends_at_once() -> None:
    async def cancelled() -> list[Any]:
        class Stuck(Counting):
            async def __aexit__(self, *_: object) -> None:
                task.cancel()
                await asyncio.sleep(60)

        sink = Stuck(lambda: task.cancel())
        task = asyncio.create_task(serve(Service(make), play_simulation(zoo("random-walk"), None, ["a"]), sink))
        with pytest.raises(asyncio.CancelledError):
            await task
        return sink.sent

    asyncio.run(asyncio.wait_for(cancelled(), 30))


def test_a_service_that_is_cancelled_before_its_source_is_open_returns() -> None:
    class Opening(MemorySource):
        async def __aenter__(self) -> Any:
            await asyncio.sleep(60)

    async def cancelled() -> None:
        task = asyncio.create_task(serve(Service(make), Opening([]), MemorySink()))
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    asyncio.run(asyncio.wait_for(cancelled(), 30))


class Failing(MemorySource):
    async def __aiter__(self) -> AsyncIterator[Observation]:
        yield observation("a", 1.0)
        raise ConnectionError("the broker is gone.")


def test_a_source_that_fails_is_said_after_the_last_words() -> None:
    sink = MemorySink[Any]()
    with pytest.raises(ConnectionError, match="the broker is gone"):
        asyncio.run(serve(Service(make), Failing([]), sink))
    assert isinstance(sink.sent[-1], Threshold) and sink.sent[-1].counts.taken == 1


class Trickling(MemorySource):
    """Gives others their turn after each item, as a connection does."""

    async def __aiter__(self) -> AsyncIterator[Observation]:
        for item in self.items:
            yield item
            await asyncio.sleep(0)


def test_where_many_messages_come_they_are_taken_together() -> None:
    recording = recorded(runs=1)
    service, taken = Service(make), list[int]()
    take = service.take

    def counted(batch: list[Observation]) -> list[Any]:
        taken.append(len(batch))
        return take(batch)

    service.take = counted  # type: ignore[method-assign]
    sink = MemorySink[Any]()
    asyncio.run(serve(service, Trickling(_each(recording)), sink))
    assert sum(taken) == 300 and len(taken) < 100
    expected = replay(make(1, 0), recording, center="first")
    assert forecasts(sink.sent, recording.run_names, 300).tobytes() == expected.tobytes()


class Broken(MemorySink[Any]):
    async def send(self, item: Any) -> None:
        raise BrokenPipeError


def test_a_sink_that_fails_ends_the_service() -> None:
    source = play_simulation(zoo("random-walk"), None, ["a"])
    with pytest.raises(BrokenPipeError):
        asyncio.run(asyncio.wait_for(serve(Service(make), source, Broken()), 60))


def test_a_sample_of_another_width_without_a_number_is_a_missing_sample() -> None:
    items = [observation("a", 1.0), observation("a", [2.0, 3.0]), observation("a", 4.0)]
    service, sent = run(items)
    assert service.rejections.counts == {"dimension": 1} and service.counts["a"].taken == 3
    assert "this stream had 1 outputs and 0 inputs at first, and here it has 2" in str(service.rejections.first)
    outputs = np.concatenate([part.output[:, 0] for part in sent if isinstance(part, Forecasts)])
    np.testing.assert_equal(outputs, [1.0, np.nan, 4.0])


def test_a_stream_called_all_is_one_stream_beside_all_together() -> None:
    items = [observation(name, float(k)) for k in range(5) for name in ("all", "b")]
    _, sent = run(items, together=True)
    last = {part.stream: part.found.horizon for part in sent if isinstance(part, Threshold)}
    assert last == {"all": 5, "b": 5, "*": 5}
    with pytest.raises(ValueError, match="all streams together"):
        decode(b'{"y": 1}', "*")


def test_no_single_message_ends_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a learner that cannot have a width, nor a plant for which there is no memory."""

    def narrow(outputs: int, inputs: int) -> Learner:
        if outputs > 1:
            raise MemoryError("no room for so many outputs")
        return ladder(SIZES)

    def full(*_: Any) -> None:
        raise MemoryError("no room for a filter")

    monkeypatch.setattr("ergoscope.streams._service.stream_table.StreamTable._oracle", full)
    service, sink = Service(narrow), MemorySink[Any]()
    items = [
        observation("wide", [1.0, 2.0]),
        observation("a", 1.0),
        plant("a", zoo("random-walk")),
        observation("a", 2.0),
    ]
    asyncio.run(serve(service, MemorySource(items), sink))
    assert service.rejections.counts == {"failed": 2} and service.counts["a"].taken == 2


def test_a_name_is_printed_with_escapes_in_a_sentence() -> None:
    _, sent = run([Observation("a\x1b[31m", 0, None, np.zeros(1), np.zeros((1, 1)), np.zeros((1, 0)))])
    assert sent[-1].found.sentence.startswith("a\\x1b[31m:")


def test_streams_of_which_most_late_samples_are_lost_are_undecided() -> None:
    played = play_simulation(zoo("double-integrator"), 1200, [f"{i}" for i in range(16)], block=20)
    items = [item for item in played._observations() if not 40 <= (item.sequence or 0) <= 1100]
    _, sent = run(items, together=True)
    last = sent[-1]
    assert isinstance(last, Threshold) and last.stream == "*" and last.found.critical.verdict == "undecided"
    assert last.counts.lost == 16 * 1200 - sum(item.steps for item in items)
