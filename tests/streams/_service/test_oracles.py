"""The oracle of a plant that is known: held against a textbook filter, whatever the messages and the restarts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiomqtt
import numpy as np
import pytest

from ergoscope.learners import Learner, ladder, lattice
from ergoscope.simulator import LinearSystem, simulate, zoo
from ergoscope.simulator._systems.read_system import KEYS
from ergoscope.streams import (
    Forecasts,
    MemorySink,
    MemorySource,
    Observation,
    Service,
    Threshold,
    observation,
    play,
    serve,
)
from ergoscope.streams._messages.errors import RejectedMessage
from ergoscope.streams._messages.limits import MOST_STATES
from ergoscope.streams._messages.metadata import Plant, decode_plant, encode_meta, plant
from ergoscope.streams._messages.output_json import output_lines, output_messages
from ergoscope.streams._mqtt.address import Address
from ergoscope.streams._mqtt.broker import Broker
from ergoscope.streams._mqtt.source_and_sinks import MqttOutputSink, MqttSink, MqttSource
from ergoscope.streams._service import stream_table
from ergoscope.streams._service.oracles import WIDE
from ergoscope.streams._storage.checkpoint import read_checkpoint

DOCS = Path(__file__).parents[3] / "docs"
SIZES = range(4)
CART = zoo("double-integrator")
PUSHED = LinearSystem(
    A=[[1.0, 0.1], [0.0, 0.8]],
    B=[[0.0], [0.5]],
    C=[[1.0, 0.0], [0.0, 2.0]],
    Q=[[0.1, 0.0], [0.0, 0.2]],
    R=[[1.0, 0.3], [0.3, 0.5]],
)


def make(outputs: int, inputs: int) -> Learner:
    return ladder(SIZES) if outputs + inputs == 1 else lattice(SIZES, outputs=outputs, inputs=inputs)


def run(items: list[Any], **options: Any) -> tuple[Service, list[Any]]:
    state = options.pop("state", None)
    service, sink = Service(make, **options), MemorySink[Any]()
    asyncio.run(serve(service, MemorySource(items), sink, state=state))
    return service, sink.sent


def textbook(system: LinearSystem, y: Any, u: Any) -> tuple[Any, Any]:
    """Return what a Kalman filter that starts wide forecasts, and how often it had seen a sample before."""
    A, B, C, Q, R = system.A, system.B, system.C, system.Q, system.R
    noise, reach = np.diag(C @ Q @ C.T + R).max(), np.diag(C @ C.T).max()
    x, P, seen = np.zeros(system.states), WIDE * noise / reach * np.eye(system.states), 0
    forecasts, before = [], []
    for output, known in zip(y, u, strict=True):
        forecasts.append(C @ x)
        before.append(seen)
        there = ~np.isnan(output)
        if there.any():
            H, S = C[there], C[there] @ P @ C[there].T + R[np.ix_(there, there)]
            K = P @ H.T @ np.linalg.inv(S)
            x = x + K @ (output[there] - H @ x)
            kept = np.eye(len(x)) - K @ H
            P = kept @ P @ kept.T + K @ R[np.ix_(there, there)] @ K.T
            seen += 1
        x, P = A @ x + B @ known, A @ P @ A.T + Q
    return np.array(forecasts), np.array(before)


def measured(system: LinearSystem, steps: int, seed: int) -> tuple[Any, Any]:
    """Return outputs, some of them missing, and inputs of a plant that does not begin at zero."""
    rng = np.random.default_rng(seed)
    x, y = 100 * rng.standard_normal(system.states), np.zeros((steps, system.outputs))
    u = rng.standard_normal((steps, system.inputs))
    for t in range(steps):
        y[t] = system.C @ x + rng.multivariate_normal(np.zeros(system.outputs), system.R)
        x = system.A @ x + system.B @ u[t] + rng.multivariate_normal(np.zeros(system.states), system.Q)
    y[40:43, 0] = np.nan
    return y, u


def cut(name: str, y: Any, u: Any, block: int, epoch: int = 1) -> list[Observation]:
    return [
        observation(name, y[t : t + block], u[t : t + block], sequence=t, epoch=epoch) for t in range(0, len(y), block)
    ]


def of(said: list[Any], name: str) -> tuple[Any, Any, Any, Threshold]:
    """Return the forecasts one ahead, where they are scored, those of the oracle, and the last verdict of a stream."""
    parts = [part for part in said if isinstance(part, Forecasts) and part.stream == name]
    beside = [np.full(part.output.shape, np.nan) if part.oracle is None else part.oracle for part in parts]
    whole = (np.concatenate(some) for some in ([p.forecast[:, 0] for p in parts], [p.scored for p in parts], beside))
    return *whole, last(said, name)


def last(said: list[Any], name: str) -> Threshold:
    return [part for part in said if isinstance(part, Threshold) and part.stream == name][-1]


@pytest.mark.parametrize(("system", "block"), [(CART, 7), (PUSHED, 1)])
def test_the_oracle_is_the_textbook_filter_and_the_excess_its_distance(system: LinearSystem, block: int) -> None:
    y, u = measured(system, 300, 1)
    _, said = run([plant("a", system), *cut("a", y, u, block)], center="none")
    forecast, scored, oracle, verdict = of(said, "a")
    expected, before = textbook(system, y, u)
    ready = before >= system.states
    assert np.isnan(oracle[~ready]).all()
    np.testing.assert_allclose(oracle[ready], expected[ready], rtol=1e-6, atol=1e-5)
    held = (scored & ready[:, None])[15:]  # since T/20
    gap = np.where(held[:, None], forecast[15:] - oracle[15:, None], 0)
    own = np.where(held, oracle[15:] - y[15:], 0)
    found = verdict.oracle
    samples = held.sum() / system.outputs
    assert found is not None and found.samples == round(samples)
    np.testing.assert_allclose(found.excess, (gap**2).sum(axis=(0, 2)) / samples, rtol=1e-9)
    np.testing.assert_allclose(found.error, (own**2).sum() / samples, rtol=1e-9)
    parts = [part for part in said if isinstance(part, Forecasts)]
    row = json.loads(list(output_lines()(parts[-1]))[-2])
    told = dict(output_messages(parts[-1]))
    assert json.loads(told["error"])["oracle"] == parts[-1].oracle_error.squeeze().tolist()  # type: ignore[union-attr]
    assert row["kind"] == "error" and row["oracle"] == parts[-1].oracle_error[-1].squeeze().tolist()  # type: ignore[index]
    record = json.loads(dict(output_messages(verdict))["threshold"])
    assert record["oracle"] == dict(samples=found.samples, error=found.error, excess=found.excess)


def test_its_bits_depend_neither_on_blocks_nor_on_streams_beside_nor_on_a_restart(tmp_path: Path) -> None:
    runs = {f"run {i}": measured(CART, 130, i) for i in range(35)}
    said = {}
    for block in (1, 9, 130):
        items: list[Any] = [plant(name, CART) for name in runs]
        by_time = zip(*(cut(name, *run, block) for name, run in runs.items()), strict=True)
        _, said[block] = run(items + [one for together in by_time for one in together])
    alone = run([plant("run 34", CART), *cut("run 34", *runs["run 34"], 9)])[1]
    for name in ("run 0", "run 34"):
        other = of(said[130], name)
        for words in (said[1], said[9], *([alone] if name == "run 34" else [])):
            assert all(a.tobytes() == b.tobytes() for a, b in zip(of(words, name)[:3], other[:3], strict=True))
            assert of(words, name)[3].oracle == other[3].oracle
    items = [*cut("b", *runs["run 1"], 9), *cut("a", *runs["run 0"], 9)]
    items[3:3] = [plant("a", CART), plant("b", CART)]  # one before its first sample, one after
    items[12:12] = [plant("b", PUSHED.replace(C=[[1.0, 0.0]], B=np.zeros((2, 0)), D=None, R=[[1.0]]))]
    whole, first, second = tmp_path / "whole", tmp_path / "parts", tmp_path / "parts"
    expected = run(items, state=whole)[1]
    run(items[:10], state=first)
    again = run(items, state=second)[1]
    here, there = (read_checkpoint(folder) for folder in (whole, second))
    assert here is not None and there is not None and here[0].keys() == there[0].keys()
    assert all(array.tobytes() == there[0][word].tobytes() for word, array in here[0].items())
    assert all(last(again, name).oracle == last(expected, name).oracle is not None for name in "ab")


def test_what_the_journal_holds_after_the_last_checkpoint_is_held_against_the_same_oracle(tmp_path: Path) -> None:
    y, u = measured(CART, 200, 0)
    items: list[Any] = [*cut("a", y, u, 10)]
    items[6:6] = [plant("a", CART)]
    expected = run(items)[1]

    async def killed() -> None:
        from ergoscope.streams._storage.journal import Journal

        with Journal(tmp_path / "journal") as journal:
            journal.append(items[:12])

    asyncio.run(killed())
    again = run(items, state=tmp_path)[1]
    assert of(again, "a")[2].tobytes() == of(expected, "a")[2].tobytes()
    assert of(again, "a")[3].oracle == of(expected, "a")[3].oracle


def test_a_new_epoch_and_another_plant_begin_it_anew_and_none_ends_it() -> None:
    y, u = measured(CART, 100, 0)
    items = [plant("a", CART), *cut("a", y, u, 10), *cut("a", y, u, 10, epoch=2)]
    oracle = of(run(items)[1], "a")[2]
    assert oracle[100:].tobytes() == oracle[:100].tobytes()
    other = CART.replace(R=4 * CART.R)
    items = [plant("a", CART), *cut("a", y, u, 10)]
    items[6:6] = [plant("a", other), plant("a", other)]  # said again, as after each connecting
    _, scored, oracle, verdict = of(run(items)[1], "a")
    expected, _ = textbook(other, y[50:], u[50:])
    np.testing.assert_allclose(oracle[52:], expected[2:], rtol=1e-6, atol=1e-5)
    assert verdict.oracle is not None and verdict.oracle.samples == 100 - 52 and scored[52:].all()
    items[8:8] = [Plant("a", "")]
    _, _, oracle, verdict = of(run(items)[1], "a")
    assert np.isnan(oracle[50:]).all() and verdict.oracle is None


def test_a_plant_that_cannot_be_an_oracle_is_refused_and_the_stream_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_table, "MOST_PLANTS", 1)
    y, u = measured(CART, 50, 0)
    items = [plant("a", CART), plant("b", PUSHED), plant("c", zoo("random-walk")), plant("d", CART)]
    service, said = run(items + [one for name in "abcd" for one in cut(name, y, u, 10)])
    assert service.rejections.counts == {"dimension": 1, "schema": 1}
    assert [of(said, name)[3].oracle is None for name in "abcd"] == [False, True, True, False]
    assert all(of(said, name)[0].tobytes() == of(said, "a")[0].tobytes() for name in "bcd")


def test_the_plant_in_meta_brings_the_oracle_over_mqtt(port: int) -> None:
    address = Address("127.0.0.1", port, "lab", "+")
    service, sink = Service(make), MemorySink[Any]()
    y, u = measured(CART, 400, 0)

    async def main() -> None:
        source, ready = MqttSource(address, plants=True), asyncio.Event()
        async with Broker(port), MqttSink(address, system=CART) as out:
            learning = asyncio.create_task(serve(service, source, sink, opened=ready.set))
            await ready.wait()
            for item in cut("a", y, u, 20):
                await out.send(item)
                if item.sequence == 200:  # as after each connecting
                    await out._greet(out.connection.publish)
            while service.samples < 400:
                await asyncio.sleep(0.01)
            learning.cancel()
            await learning
            async with MqttOutputSink(address) as outputs:
                await outputs.send(sink.sent[-1])
            async with aiomqtt.Client("127.0.0.1", port) as client:
                await client.subscribe("lab/a/ergoscope/threshold")
                async for message in client.messages:  # amqtt sends what else it retains of the stream, too
                    if message.topic.value.endswith("threshold"):
                        heard.append(json.loads(message.payload))  # type: ignore[arg-type]
                        break

    heard: list[Any] = []
    asyncio.run(asyncio.wait_for(main(), 60))
    again = run([plant("a", CART), *cut("a", y, u, 20)])[1]
    assert of(sink.sent, "a")[2].tobytes() == of(again, "a")[2].tobytes()
    found = last(again, "a").oracle
    assert found is not None and found.samples == 377
    assert heard[0]["oracle"] == dict(samples=377, error=found.error, excess=found.excess)


def test_the_schema_of_meta_is_the_one_that_is_held() -> None:
    schema = json.loads((DOCS / "meta.schema.json").read_text())
    known = schema["properties"]["system"]
    assert set(known["properties"]) == set(KEYS) and known["properties"]["A"]["maxItems"] == MOST_STATES
    for example in schema["examples"]:
        found = decode_plant(json.dumps(example).encode(), "a").system
        assert (found is None) == ("system" not in example)


def test_a_unit_of_no_channel_is_refused() -> None:
    with pytest.raises(ValueError, match="units belong to the channels y, u, got 'yy'"):
        encode_meta(1, 1, dict(units=dict(yy="m")), None)


def test_meta_tells_the_plant_and_what_is_wrong_is_refused() -> None:
    told = encode_meta(2, 1, dict(dt=0.1, units=dict(y1="m")), PUSHED)
    meta = json.loads(told)
    assert (meta["outputs"], meta["inputs"], meta["dt"], meta["units"]) == (["y1", "y2"], ["u"], 0.1, {"y1": "m"})
    found = decode_plant(told, "a").system
    assert found is not None and all(np.array_equal(getattr(found, w), getattr(PUSHED, w)) for w in "ABCDQR")
    n = MOST_STATES + 1
    big = LinearSystem(np.diag(0.01 * np.arange(n)), np.ones((1, n)), np.eye(n), [[1.0]])
    varying = CART.replace(Q=np.stack([CART.Q, CART.Q]))
    for system in (big, varying, None):
        assert decode_plant(encode_meta(1, 0, {}, system), "a") == Plant("a", "")
    assert decode_plant(b"", "a") == Plant("a", "")
    system = meta["system"]
    bad: dict[str, Any] = {
        "cannot be": b"{",
        "deep": b"[" * 100_000,
        "no object": b"[]",
        "no schema": b"{}",
        "number": dict(schema=1, system=3),
        "empty": dict(schema=1, system={}),
        "unknown": dict(schema=1, system=system | dict(E=1)),
        "varying": dict(schema=1, system=system | dict(A=[system["A"]] * 2)),
        "huge": dict(schema=1, system=system | dict(dt=10**400)),
        "huge matrix": dict(schema=1, system=system | dict(A=[[10**400, 0], [0, 1]])),
        "negative": dict(schema=1, system=system | dict(R=[[-1, 0], [0, 1]])),
        "many rows": dict(schema=1, system=dict(A=[[0.5]], C=[[1.0]] * 200_000, Q=1, R=1)),
        "many columns": dict(schema=1, system=dict(A=[[0.5]], B=[[1.0] * 100_000], C=[[1.0]], Q=1, R=1)),
        "a long diagonal": dict(schema=1, system=dict(A=[[0.5]], C=[[1.0]], Q=1, R=[1.0] * 100_000)),
        "many states": dict(schema=1, system=dict(A=np.eye(17).tolist(), C=[[1] * 17], Q=1, R=1)),
        "too long": b" " * (1 << 20) + b"{}",
    }
    for payload in bad.values():
        with pytest.raises(RejectedMessage):
            decode_plant(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), "a")


def played_together(name: str, known: bool = True, sizes: range = range(6)) -> Threshold:
    """Return the verdict on 32 runs of a plant, all together."""
    service = Service(lambda outputs, inputs: ladder(sizes), together=True)
    played = play(simulate(1, zoo(name), 600, 32), block=50)
    plants = [plant(stream, zoo(name)) for stream in played.names] if known else []
    sink = MemorySink[Any]()
    asyncio.run(serve(service, MemorySource([*plants, *played._observations()]), sink))
    last = sink.sent[-1]
    assert isinstance(last, Threshold) and last.stream == "*"
    return last


def test_a_size_that_the_theory_of_a_known_plant_denies_is_not_visible_yet() -> None:
    """The second tone of the weak-tone system is driven by little noise: four taps in theory, two so far."""
    unknown = played_together("weak-tone", known=False).found
    assert (unknown.critical.verdict, unknown.critical.size) == ("located", 2)
    known = played_together("weak-tone").found
    assert (known.critical.verdict, known.critical.size) == ("not visible yet", None)
    assert "theory's 4 shows from" in known.sentence
    assert known.advice is not None and known.advice.not_shown
    agreed = played_together("random-walk", sizes=range(3)).found
    assert (agreed.critical.verdict, agreed.critical.size) == ("located", 1)
