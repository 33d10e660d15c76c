"""A watched service: the same bits in any micro-batches and after a restart, and nothing else without the option."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float

from ergoscope.learners import ladder
from ergoscope.streams import Changed, Forecasts, Observation, Service, Threshold, observation
from ergoscope.streams._messages.output_json import output_lines, output_messages
from ergoscope.streams._service.stream_state import OtherSettings

AT, STEPS, NAMES = 3000, 5000, ("a", "b")


def walks() -> Float[np.ndarray, "2 time"]:
    """Both streams need one tap; from AT on the first one needs four."""
    noise = np.random.default_rng(2).standard_normal((2, STEPS))
    y = np.zeros_like(noise)
    for t in range(1, STEPS):
        lag = np.array([1 if t < AT else 4, 1])
        y[:, t] = 0.9 * y[[0, 1], t - lag] + noise[:, t]
    return y


WALKS = walks()


def rows(block: int, start: int = 0, stop: int = STEPS) -> list[Observation]:
    return [
        observation(name, WALKS[i, t : min(t + block, stop), None], sequence=t)
        for t in range(start, stop, block)
        for i, name in enumerate(NAMES)
    ]


def service(changes: float | None = 0.01) -> Service:
    return Service(lambda outputs, inputs: ladder(range(9), intercept=True), changes=changes)


def run(watched: Service, items: list[Observation], at_once: int) -> list[Any]:
    said: list[Any] = []
    for k in range(0, len(items), at_once):
        said += watched.take(items[k : k + at_once])
    return said


def bits(said: list[Any], name: str = "a") -> Any:
    forecasts = [part for part in said if isinstance(part, Forecasts) and part.stream == name]
    return np.concatenate([part.forecast for part in forecasts]).tobytes()


def changes(said: list[Any]) -> list[Changed]:
    return [part for part in said if isinstance(part, Changed)]


WHOLE = run(service(), rows(1000), 2)


def test_the_change_is_said_once() -> None:
    (change,) = changes(WHOLE)
    assert (change.stream, change.epoch, change.sequence) == ("a", 0, change.found.since)
    assert (change.found.kind, change.found.size_before, change.found.size_now) == ("size", 1, 4)
    assert abs(change.found.since - AT) < 120 and change.found.told < AT + 700
    place = WHOLE.index(change)
    before = WHOLE[place - 1]
    assert before.change is change.found and before.first + len(before.output) == change.found.told


def test_micro_batches_do_not_change_the_bits() -> None:
    (expected,) = changes(WHOLE)
    for block, at_once in ((7, 3), (100, 1)):
        said = run(service(), rows(block), at_once)
        assert [bits(said, name) for name in NAMES] == [bits(WHOLE, name) for name in NAMES]
        assert changes(said) == [expected]


def test_a_restart_goes_on_with_the_same_bits() -> None:
    for stop in (2000, 3150, 3500):  # before the change, while it is decided, and after it
        first, second = service(), service()
        said = run(first, rows(50, stop=stop), 5)
        state = first.state()
        assert state is not None
        arrays, words = state
        second.restore({name: array.copy() for name, array in arrays.items()}, json.loads(json.dumps(words)))
        said += run(second, rows(50, stop), 5)
        assert bits(said) == bits(WHOLE) and changes(said) == changes(WHOLE)


def test_without_the_option_nothing_differs_until_a_change_is_noticed() -> None:
    plain = run(service(None), rows(1000), 2)
    assert not changes(plain)
    assert bits(plain, "b") == bits(WHOLE, "b")
    size = 9 * 8
    assert bits(plain)[: AT * size] == bits(WHOLE)[: AT * size] and bits(plain) != bits(WHOLE)


def test_forecasts_and_verdicts_follow_the_plant() -> None:
    (change,), last = changes(WHOLE), slice(change_end() - STEPS, None)
    plain = run(service(None), rows(1000), 2)
    errors = [
        np.concatenate([part.error for part in said if isinstance(part, Forecasts) and part.stream == "a"])[last, 4]
        for said in (plain, WHOLE)
    ]
    assert np.mean(errors[1] ** 2) < 0.8 * np.mean(errors[0] ** 2)
    thresholds = [part for part in WHOLE if isinstance(part, Threshold) and part.stream == "a"]
    assert thresholds[-1].found.horizon <= STEPS - change.found.told
    assert thresholds[-1].found.advice is not None and thresholds[-1].found.advice.size == 4


def change_end() -> int:
    return changes(WHOLE)[0].found.told


def test_a_checkpoint_of_another_rate_is_refused() -> None:
    first = service()
    run(first, rows(500, stop=1000), 2)
    state = first.state()
    assert state is not None
    for other in (None, 0.05):
        with pytest.raises(OtherSettings, match="another --changes: 0.01"):
            service(other).restore(*state)


def test_a_service_that_cannot_be_watched_is_refused_at_the_start() -> None:
    other = Service(lambda outputs, inputs: ladder(range(9), forgetting=0.99), changes=0.01)
    with pytest.raises(ValueError, match="no stream can be learned: changes are found by a second ladder"):
        other.check()


def test_a_change_is_a_line_and_a_message() -> None:
    (change,) = changes(WHOLE)
    (line,) = output_lines()(change)
    record = json.loads(line)
    assert record["kind"] == "change" and record["change"] == "size" and record["seq"] == record["since"]
    assert (record["size_before"], record["size_now"], record["rate"]) == (1, 4, 0.01)
    assert "filter length 4 is needed since sample" in record["sentence"]
    ((kind, payload),) = output_messages(change)
    assert kind == "change" and json.loads(payload) == {key: value for key, value in record.items() if key != "kind"}
    assert not list(output_lines(("error",))(change)) and not output_messages(change, ("threshold",))
