"""What a page shows is what the learner said: growth, regret, signal and verdict, of one stream and of all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiomqtt
import numpy as np
import pytest

from ergoscope.streams._dashboard import board as _board
from ergoscope.streams._dashboard.board import SHOWN, Board
from ergoscope.streams._dashboard.mqtt_monitor import LiveBoard, _hearing
from ergoscope.streams._dashboard.show import show_page
from ergoscope.streams._mqtt import connection as _mqtt
from ergoscope.streams._mqtt.address import read_address
from ergoscope.streams._mqtt.broker import Broker
from ergoscope.streams._mqtt.connection import Message
from ergoscope.streams._service.error_sums import EDGES


def error_payload(first: int, y: np.ndarray, error: np.ndarray) -> bytes:
    return json.dumps(dict(epoch=1, seq=first, y=y.tolist(), error=error.tolist())).encode()


def threshold_payload(critical: int | None, samples: int = 256) -> bytes:
    counts = dict.fromkeys(("taken", "repeated", "lost", "reordered", "outdated"), 0)
    verdict = "undecided" if critical is None else "located"
    told = dict(
        refused={},
        samples=samples,
        critical_size=critical,
        verdict=verdict,
        best=dict(size=2, alike=[]),
        sizes=[0, 1, 2],
    )
    return json.dumps(told | dict(errors=[9.0, 3.0, 1.0], counts=counts, sentence="said")).encode()


@pytest.fixture
def board() -> Board:
    return Board(read_address("mqtt://localhost/lab/+"), lambda: 7.0)


def test_growth_and_regret_are_those_of_a_loop(board: Board) -> None:
    random = np.random.default_rng(0)
    total, samples = np.zeros((len(EDGES), 3)), np.zeros(len(EDGES))
    for name in ("run-1", "run-2"):
        y, error = random.standard_normal(700), random.standard_normal((700, 3)) * [3, 2, 1]
        for begin in range(0, 700, 7):
            block = slice(begin, begin + 7)
            board.hear(f"lab/{name}/ergoscope/error", error_payload(begin, y[block], error[block]), 6.0)
        for t in range(700):
            place = np.flatnonzero(t >= EDGES)[-1]
            total[place] += error[t] ** 2
            samples[place] += 1
        board.hear(f"lab/{name}/ergoscope/threshold", threshold_payload(None), 6.0)
    board.hear("lab/*/ergoscope/threshold", threshold_payload(2), 6.0)
    frame = board.frame(None)
    assert frame["stream"] == "*"
    there = samples > 0
    mean = total[there] / samples[there, None]
    np.testing.assert_allclose(frame["growth"]["values"], mean.T, rtol=1e-12)
    lost = total[there].cumsum(axis=0)
    np.testing.assert_allclose(frame["regret"]["values"], (lost - lost[:, [2]]).T, rtol=1e-9, atol=1e-9)
    assert frame["over"] == "size 2, the best so far"
    assert frame["growth"]["horizon"][-1] == 700
    assert [(one["name"], one["samples"]) for one in frame["streams"]] == [
        ("*", 1400),
        ("run-1", 700),
        ("run-2", 700),
    ]
    assert frame["threshold"] == dict(critical_size=2, verdict="located", bounded=None, advice=None, sentence="said")
    assert board.frame("run-2")["threshold"]["critical_size"] is None


def test_regret_is_over_the_oracle_where_every_stream_has_one(board: Board) -> None:
    random = np.random.default_rng(3)
    total = np.zeros((len(EDGES), 3))
    for name in ("run-1", "run-2"):
        y, error, oracle = random.standard_normal(90), random.standard_normal((90, 3)), random.standard_normal(90)
        oracle[:4] = np.nan  # it has not seen enough
        told = [value if np.isfinite(value) else None for value in oracle.tolist()]
        for begin in range(0, 90, 9):
            block = slice(begin, begin + 9)
            record = dict(epoch=1, seq=begin, y=y[block].tolist(), error=error[block].tolist(), oracle=told[block])
            if begin == 81:  # one sample by itself
                block = slice(81, 82)
                record = dict(epoch=1, seq=81, y=y[81], error=error[81].tolist(), oracle=told[81])
            board.hear(f"lab/{name}/ergoscope/error", json.dumps(record).encode(), 6.0)
        for t in range(4, 82):
            total[np.flatnonzero(t >= EDGES)[-1]] += (error[t] - oracle[t]) ** 2
        board.hear(f"lab/{name}/ergoscope/threshold", threshold_payload(None), 6.0)
    board.hear("lab/*/ergoscope/threshold", threshold_payload(2), 6.0)
    frame = board.frame(None)
    assert board.ignored == 0 and frame["over"] == "the Kalman predictor of the plant"
    there = np.searchsorted(EDGES, 81, side="right")
    np.testing.assert_allclose(frame["regret"]["values"], total[:there].cumsum(axis=0).T, rtol=1e-9)
    record = dict(epoch=1, seq=0, y=[0.0, 1.0], error=[[1.0, 2.0, 3.0]] * 2)  # one more stream, without an oracle
    board.hear("lab/run-3/ergoscope/error", json.dumps(record).encode(), 6.0)
    assert board.frame("*")["over"].endswith("the best so far")


def test_the_signal_is_beside_the_forecasts_of_its_best_size(board: Board) -> None:
    random = np.random.default_rng(1)
    y, error = random.standard_normal(SHOWN + 50), random.standard_normal((SHOWN + 50, 3))
    board.hear("lab/one/meta", b'{"schema":1,"outputs":["height"],"units":{"height":"m"},"inputs":[]}', 1.0)
    for first, last in ((0, 200), (150, SHOWN + 50)):  # what comes twice is kept once
        board.hear("lab/one/ergoscope/error", error_payload(first, y[first:last], error[first:last]), 3.0)
    board.hear("lab/one/ergoscope/threshold", threshold_payload(None, SHOWN + 50), 3.0)
    signal = board.frame("one")["signal"]
    assert (signal["size"], signal["name"], signal["unit"]) == (2, "height", "m")
    assert signal["t"] == list(range(50, SHOWN + 50))
    np.testing.assert_array_equal(signal["y"], y[50:])
    np.testing.assert_array_equal(signal["forecast"], (y + error[:, 2])[50:])
    assert signal["reach"] == np.quantile(np.abs(error[50:, 2]), 0.95)


def test_a_frame_is_json_whatever_was_heard(board: Board) -> None:
    hostile: list[tuple[str, Any]] = [
        ("error", dict(epoch=1, seq=0, y=[1.0, None], error=[[1e200, None, 1.0], [1.0, 2.0, 3.0]])),
        ("error", dict(epoch=1, seq=2, y="nonsense", error=[1.0, 2.0, 3.0])),
        ("error", dict(epoch=1, seq=2, y=[1.0, 2.0, 3.0], error=[1.0, 2.0])),
        ("error", dict(epoch=1, seq=2, y=1.0, error=[1.0, 2.0])),
        ("error", dict(epoch=1, seq=3, y=1.0, error=[None, None, None])),
        ("threshold", dict(sentence=3)),
        ("meta", dict(outputs=[{}], units={"a": 1})),
    ]
    json.dumps(board.frame(None), allow_nan=False)
    for kind, record in hostile:
        board.hear(f"lab/one/{'' if kind == 'meta' else 'ergoscope/'}{kind}", json.dumps(record).encode(), 1.0)
        json.dumps(board.frame(None), allow_nan=False)
    board.hear("lab/one/ergoscope/threshold", threshold_payload(2), 2.0)
    json.dumps(board.frame("one"), allow_nan=False)
    with pytest.raises(KeyError):
        board.frame("two")


def test_runs_are_listed_by_their_numbers(board: Board) -> None:
    for name in ("run-10", "run-9", "a"):
        board.hear(f"lab/{name}/status", b"online", 1.0)
    assert [one["name"] for one in board.frame(None)["streams"]] == ["a", "run-9", "run-10"]


def test_it_says_when_the_learner_and_when_the_broker_is_gone_and_goes_on_when_they_are_back(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_mqtt, "PAUSES", (0.05, 0.1))
    monkeypatch.setattr(_board, "SILENT", 0.3)
    address = read_address(f"mqtt://127.0.0.1:{port}/lab/+")

    async def until(board: LiveBoard, words: str) -> None:
        while words not in str(board.frame(None)["broken"]):
            await asyncio.sleep(0.02)

    async def speak(first: int) -> None:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.publish("lab/one/ergoscope/error", error_payload(first, np.ones(2), np.ones((2, 3))))

    async def main() -> None:
        async with LiveBoard() as board:
            await until(board, "nothing runs yet")
            await board.listen(address)
            await until(board, "no connection to")
            for first in (0, 2):
                async with Broker(port):
                    await until(board, "None" if not first else "does the learner run")
                    await speak(first)
                    while board.frame(None)["counts"].get("samples") != first + 2:
                        await asyncio.sleep(0.02)
                    await until(board, "does the learner run")
                await until(board, "no connection to")

    asyncio.run(asyncio.wait_for(main(), 60))


def test_a_page_of_a_broker_that_lets_nobody_in_ends_and_says_so(mosquitto: Callable[..., Any]) -> None:
    broker, opened = mosquitto("allow_anonymous false"), list[str]()
    showing = show_page(f"mqtt://127.0.0.1:{broker.port}/lab", opened.append, 0)
    with pytest.raises(ConnectionError, match="ERGOSCOPE_MQTT_USER"):
        asyncio.run(asyncio.wait_for(showing, 60))
    assert len(opened) == 1


def test_a_stream_that_never_sends_a_number_blanks_no_page(board: Board) -> None:
    for k in range(3):
        board.hear("lab/mute/ergoscope/error", error_payload(k, np.array([np.nan]), np.full((1, 3), np.nan)), 6.0)
    assert board.ignored == 3  # NaN is no JSON
    for k in range(300):
        record = dict(epoch=1, seq=k, y=None, error=[None] * 3)
        board.hear("lab/mute/ergoscope/error", json.dumps(record).encode(), 6.0)
    board.hear("lab/*/ergoscope/threshold", threshold_payload(None), 6.0)
    for name in (None, "mute", "*"):
        frame = board.frame(name)
        assert frame["growth"] is frame["regret"] is None and json.dumps(frame, allow_nan=False)
    board.hear("lab/well/ergoscope/error", error_payload(0, np.ones(9), np.ones((9, 3))), 6.0)
    assert board.frame("*")["growth"]["values"] == [[1.0] * len(board.frame("*")["growth"]["horizon"])] * 3


def test_a_wrong_part_of_an_error_changes_nothing(board: Board) -> None:
    board.hear("lab/one/ergoscope/error", error_payload(0, np.ones(9), np.ones((9, 3))), 6.0)
    before = board.frame("one")
    for wrong in (dict(y="x"), dict(y=[1.0] * 4), dict(oracle=[1.0] * 4), dict(oracle="x"), dict(seq=-1)):
        record = dict(epoch=1, seq=9, y=[1.0] * 3, error=[[1.0] * 3] * 3) | wrong
        board.hear("lab/one/ergoscope/error", json.dumps(record).encode(), 6.0)
    assert board.ignored == 5 and board.frame("one") | dict(counts=None) == before | dict(counts=None)


def test_any_board_gives_frames_that_are_json(
    request: pytest.FixtureRequest, random_board: Callable[[np.random.Generator], Board]
) -> None:
    rng, drawn = np.random.default_rng(0), 0
    for _ in range(6000 if request.config.getoption("--campaign") else 300):
        board = random_board(rng)
        for name in (None, *board._streams):
            frame = board.frame(name)
            assert json.loads(json.dumps(frame, allow_nan=False))["stream"] == frame["stream"]
            drawn += frame["growth"] is not None
    assert drawn > 20


def test_errors_that_the_page_did_not_hear_are_counted_and_shift_no_mean(board: Board) -> None:
    """A publisher that drops four messages of five: the means are those of the samples that came."""
    rng = np.random.default_rng(0)
    error = rng.standard_normal((5000, 3))
    heard = np.sort(np.append(0, rng.choice(np.arange(1, 500), 99, replace=False)))
    for k in heard.tolist():
        rows = slice(10 * k, 10 * k + 10)
        board.hear("lab/one/ergoscope/error", error_payload(10 * k, error[rows, 0], error[rows]), 6.0)
    board.hear("lab/one/ergoscope/threshold", threshold_payload(None, 5000), 6.0)
    last = 10 * int(heard[-1]) + 10
    frame = board.frame("one")
    assert frame["counts"]["not heard by this page"] == last - 1000
    came = np.concatenate([error[10 * k : 10 * k + 10] for k in heard])
    weights = np.concatenate([[0.5 ** (10 * (99 - i) / 1000)] * 10 for i in range(100)])
    np.testing.assert_allclose(frame["curve"]["errors"], weights @ came**2 / weights.sum(), rtol=1e-9)


def test_counts_of_the_learner_say_by_which_sample(board: Board) -> None:
    """The last verdict is older than the page: its counts are no parts of the samples beside them."""
    for k in range(0, 227_460, 20_000):
        rows = min(20_000, 227_460 - k)
        board.hear("lab/one/ergoscope/error", error_payload(k, np.ones(rows), np.ones((rows, 3))), 6.0)
    assert board.frame("one")["counts"] == {
        "samples": 227_460,
        "not heard by this page": 0,
        "messages dropped by this page": 0,
        "messages of another form": 0,
        "last message": "1.0 s ago",
    }  # before a verdict nothing is known of the learner's
    record = json.loads(threshold_payload(None, 72_192)) | dict(refused=dict(malformed=4))
    record["counts"] |= dict(taken=72_000, lost=192, repeated=5)
    board.hear("lab/one/ergoscope/threshold", json.dumps(record).encode(), 6.0)
    by = "by sample 72 192"
    learner = {f"repeated, {by}": 5, f"lost, {by}": 192, f"reordered, {by}": 0, f"outdated, {by}": 0}
    counts = board.frame("one")["counts"]
    assert list(counts.items())[:6] == list({"samples": 227_460, **learner, f"rejected, malformed, {by}": 4}.items())
    assert not [word for word in counts if "taken" in word]


def test_counts_of_all_together_are_of_their_own_verdict(board: Board) -> None:
    for name in ("a", "b"):
        board.hear(f"lab/{name}/ergoscope/error", error_payload(0, np.ones(600), np.ones((600, 3))), 6.0)
        board.hear(f"lab/{name}/ergoscope/threshold", threshold_payload(None), 6.0)
    record = json.loads(threshold_payload(2, 512))
    record["counts"] |= dict(taken=1000, lost=24)
    board.hear("lab/*/ergoscope/threshold", json.dumps(record).encode(), 6.0)
    counts = board.frame("*")["counts"]
    assert (counts["samples"], counts["lost, by sample 1 024"]) == (1200, 24)
    assert board.frame("a")["counts"]["lost, by sample 0"] == 0


def test_what_was_not_heard_is_counted_for_each_stream_and_for_all_together(board: Board) -> None:
    """Blocks of ten: one stream is whole, of one every second block came, one was there before the page."""
    blocks: dict[str, list[tuple[int, int]]] = {
        "whole": [(1, k) for k in range(0, 50, 10)],
        "half": [(1, k) for k in range(0, 50, 20)],
        "late": [(1, 1000), (1, 1010)],
        "again": [(1, 0), (1, 0), (1, 10), (2, 30)],  # twice; then begun anew, and its first blocks did not come
    }
    for name, came in blocks.items():
        for epoch, first in came:
            record = dict(epoch=epoch, seq=first, y=[1.0] * 10, error=[[1.0] * 3] * 10)
            board.hear(f"lab/{name}/ergoscope/error", json.dumps(record).encode(), 6.0)
    board.hear("lab/*/ergoscope/threshold", threshold_payload(2), 6.0)
    counted = {name: board.frame(name)["counts"]["not heard by this page"] for name in (*blocks, "*")}
    assert counted == {"whole": 0, "half": 20, "late": 0, "again": 30, "*": 50}


class Overrun:
    """A connection whose queue has dropped messages."""

    dropped = (4, 0, 3)

    async def messages(self) -> AsyncIterator[Message]:
        self.left = list(self.dropped)
        for k in range(len(self.dropped)):
            yield Message("lab/one/ergoscope/error", error_payload(10 * k, np.ones(2), np.ones((2, 3))), None, False)

    def take_dropped(self) -> int:
        return self.left.pop(0)


def test_messages_that_the_page_dropped_are_counted(board: Board) -> None:
    async def main() -> None:
        async with _hearing(Overrun(), board) as hearing:  # type: ignore[arg-type]
            await hearing

    assert board.frame(None)["counts"] == {}
    asyncio.run(main())
    counts = board.frame("one")["counts"]
    assert counts["messages dropped by this page"] == sum(Overrun.dropped)
    assert counts["not heard by this page"] == 2 * 8  # the samples between the messages that came
