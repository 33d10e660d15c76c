"""A predictor in the shadow of one stream: paired errors, batches, failures, starts; no process here."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ergoscope.analysis import compare
from ergoscope.analysis._drift.change import Change
from ergoscope.learners import ladder, replay
from ergoscope.learners._external.validation import Answer, Failed
from ergoscope.simulator import Trajectories
from ergoscope.streams import Beside, BesideErrors, Forecasts
from ergoscope.streams._messages.beside import beside_lines, beside_messages, beside_record
from ergoscope.streams._service.shadow import STARTS, Ladder, Shadow

SIZES = range(4)
LADDER = Ladder(tuple(SIZES), "filter length")


class Fake:
    """A session that forecasts the last value; it fails when it has got so many samples."""

    def __init__(self, ends: int | None = None, kind: Any = "stalled") -> None:
        self.ends, self.kind, self.got, self.closed = ends, kind, list[Any](), False
        self.parameters, self.lasts = None, False

    def begin(self, outputs: int, inputs: int, dt: float) -> Answer:
        self.begun, self.last = (outputs, inputs, dt), np.zeros(outputs)
        return Answer(self.last, None, 0.0)

    def step(self, y: Any, u: Any) -> Answer:
        self.got.append((y, u))
        if len(self.got) == self.ends:
            raise Failed(self.kind, "why.")
        self.last = np.where(np.isnan(y), self.last, y)
        return Answer(self.last.copy(), None, 0.0)

    def close(self) -> None:
        self.closed = True


def streamed(steps: int = 1500, outputs: int = 1) -> tuple[Any, Any]:
    """Return the samples of a stream and the forecasts of the ladder for each output."""
    rng = np.random.default_rng(2)
    y = rng.standard_normal((1, steps, outputs)).cumsum(axis=1) + 5
    y[:, 50] = np.nan
    each = []
    for k in range(outputs):
        one = Trajectories(y[..., [k]], np.zeros((1, steps, 0)), np.array([steps]), 1.0, ("y",), (), ("0",))
        each.append(replay(ladder(SIZES), one, center="first")[0])
    return y[0], np.concatenate(each, axis=-1)


def items(y: Any, forecast: Any, cuts: list[int], u: Any = None) -> list[Forecasts]:
    scored = ~np.isnan(y) & (np.arange(len(y)) > 0)[:, None]
    edges = [0, *cuts, len(y)]
    return [
        Forecasts("a", 1, 7 + a, np.full(b - a, np.nan), y[a:b], forecast[a:b], forecast[0], scored[a:b],
                  input=None if u is None else u[a:b])
        for a, b in zip(edges, edges[1:], strict=False)
    ]  # fmt: skip


def followed(shadow: Shadow, given: list[Forecasts]) -> list[Any]:
    return [output for item in given for output in shadow.take(item)] + shadow.finish()


def test_errors_and_sums_are_paired_and_of_the_same_bits_in_any_batches() -> None:
    y, forecast = streamed()
    ends = []
    for cuts in ([], list(range(1, len(y))), [3, 4, 400, 1200]):
        session = Fake()
        said = followed(Shadow("a", "mine", lambda one=session: one, LADDER, 0.5), items(y, forecast, cuts))  # type: ignore[misc]
        own = np.concatenate([one.forecast for one in said if isinstance(one, BesideErrors)])
        error = np.concatenate([one.error for one in said if isinstance(one, BesideErrors)])
        held = np.concatenate([[0.0], y[:49, 0], y[48:49, 0] * 0 + y[49, 0], [y[49, 0]], y[51:-1, 0]])
        assert np.array_equal(own[:, 0], held) and np.isnan(error[[0, 50]]).all()
        assert np.array_equal(error[51:, 0], (held - y[:, 0])[51:])
        assert session.begun == (1, 0, 0.5) and session.closed and np.isnan(session.got[50][0]).all()
        ends.append(said[-1])
    last = ends[0]
    assert isinstance(last, Beside) and (last.epoch, last.since, last.starts, last.failure) == (1, 7, 1, None)
    assert all(beside_record(one) == beside_record(last) for one in ends)
    # the blocks have 4 samples until sample 1536, and 3 of them are drawn together: the plain sums of 12 samples
    square = np.concatenate([(forecast[:, 0, :, 0] - y) ** 2, (held[:, None] - y) ** 2], axis=1)
    square[[0, 50]] = 0.0
    count = np.ones(len(y))
    count[[0, 50]] = 0.0
    first = -(-(len(y) // 20) // 4) * 4
    starts = np.arange(first, len(y), 12)
    losses, samples = np.add.reduceat(square, starts), np.add.reduceat(count, starts)
    plain = compare(losses, samples, SIZES, "filter length", draws=500)
    assert plain is not None and last.comparison is not None
    assert (last.comparison.samples, last.comparison.standing) == (plain.samples, plain.standing)
    for word in ("error", "ratio", "low", "high"):
        np.testing.assert_allclose(last.comparison.sizes[word], plain.sizes[word], rtol=1e-12)


def test_a_comparison_is_due_when_the_samples_have_doubled_and_at_the_end() -> None:
    y, forecast = streamed()
    said = followed(Shadow("a", "mine", Fake, LADDER, 1.0), items(y, forecast, list(range(1, len(y)))))
    places = [sum(len(one.error) for one in said[:k] if isinstance(one, BesideErrors))
              for k, one in enumerate(said) if isinstance(one, Beside)]  # fmt: skip
    assert places == [256, 512, 1024, 1500]
    assert followed(Shadow("a", "mine", Fake, LADDER, 1.0), []) == []


@pytest.mark.parametrize(("kind", "starts"), [("stalled", STARTS), ("ended", STARTS), ("raised", 1), ("not finite", 1)])
def test_what_stalls_is_started_again_and_what_raises_is_not(kind: str, starts: int) -> None:
    y, forecast = streamed()
    for cuts in ([], list(range(100, 1500, 100)), [299, 300, 301]):
        made: list[Fake] = []

        def start(made: list[Fake] = made) -> Fake:
            made.append(Fake(300, kind))
            return made[-1]

        shadow = Shadow("a", "mine", start, LADDER, 1.0)
        said = followed(shadow, items(y, forecast, cuts))
        failures = [one for one in said if isinstance(one, Beside) and one.failure is not None]
        assert len(made) == starts and all(one.closed for one in made) and shadow.given_up
        # the first 300 samples are forecast; the one after them is missing, and is the first of the next start
        assert [one.failure.seq for one in failures if one.failure] == [7 + 300 * (k + 1) for k in range(starts)]
        assert [one.since for one in failures] == [7 + 300 * k for k in range(starts)]
        assert [one.starts for one in failures] == list(range(1, starts + 1))
        assert [one.failure.again for one in failures if one.failure] == [True] * (starts - 1) + [False]
        assert all(one.comparison is not None and 200 < one.comparison.samples <= 300 for one in failures)
        errors = sum(len(one.error) for one in said if isinstance(one, BesideErrors))
        assert errors == 300 * starts and said[-1] is failures[-1]
        assert failures[0].sentence.startswith("mine on a failed at sample 307: why. Until then ")
        assert failures[-1].sentence.endswith("It is not started again.")


def test_what_cannot_begin_is_started_so_often_and_costs_no_sample() -> None:
    y, forecast = streamed(400)

    class Mute(Fake):
        def begin(self, outputs: int, inputs: int, dt: float) -> Answer:
            raise Failed("stalled", "no answer within 60 s.")

    shadow = Shadow("a", "mine", Mute, LADDER, 1.0)
    said = followed(shadow, items(y, forecast, [128, 256]))
    assert [one.failure.seq for one in said] == [7] * STARTS and shadow.given_up
    assert all(one.comparison is None and "Until then too few samples" in one.sentence for one in said)


def test_inputs_come_with_their_sample_and_two_outputs_weigh_alike() -> None:
    y, forecast = streamed(600, 2)
    u = np.random.default_rng(0).standard_normal((600, 3))
    u[5] = np.nan
    session = Fake()
    said = followed(Shadow("a", "mine", lambda: session, LADDER, 1.0), items(y, forecast, [100], u))
    assert session.begun == (2, 3, 1.0)
    assert all(np.array_equal(got[1], row, equal_nan=True) for got, row in zip(session.got, u, strict=True))
    larger = y * [1.0, 2.0**10], forecast * np.array([1.0, 2.0**10])
    scaled = followed(Shadow("a", "mine", Fake, LADDER, 1.0), items(*larger, [100]))
    np.testing.assert_allclose(said[-1].comparison.sizes["ratio"], scaled[-1].comparison.sizes["ratio"], rtol=1e-9)


def test_the_comparison_begins_anew_after_a_change() -> None:
    """As the sums of the learner do: else the verdict of the predictor would be of a mixture."""
    y, forecast = streamed(900)
    given = items(y, forecast, [500])
    change = Change(480, 490, 500, "noise", 1, 1, False, 2.0, 0.01, "filter length")
    given[0] = given[0]._replace(change=change)
    outputs = followed(Shadow("a", "mine", Fake, LADDER, 1.0), given)
    said = [one for one in outputs if isinstance(one, Beside)]
    alone = followed(Shadow("a", "mine", Fake, LADDER, 1.0), given[1:])[-1]
    assert [one.since for one in said] == [7, 7, 507] and said[-1].starts == 1
    assert said[-1].comparison.samples == alone.comparison.samples
    assert said[-1].sentence.endswith("The comparison began at sample 507.")


def test_as_json_lines_and_messages() -> None:
    y, forecast = streamed(600)
    said = followed(Shadow("a\x1b", "mine\n", Fake, LADDER, 1.0), items(y, forecast, [1]))
    first, second = (one for one in said if isinstance(one, BesideErrors))
    kinds = ("beside", "beside-error")
    (line,) = beside_lines(first, kinds)
    assert json.loads(line) == dict(kind="beside-error", stream="a\x1b", epoch=1, seq=7, forecast=0.0, error=None)
    assert len(beside_lines(second, kinds)) == 599 and json.loads(beside_lines(second, kinds)[2])["seq"] == 10
    ((kind, payload),) = beside_messages(second, kinds)
    rows = json.loads(payload)
    assert kind == "beside-error" and np.array_equal(np.array(rows["error"], float), second.error[:, 0], equal_nan=True)
    assert json.loads(beside_messages(first, kinds)[0][1]) == dict(epoch=1, seq=7, forecast=0.0, error=None)
    ((kind, payload),) = beside_messages(said[-1], kinds)
    record = json.loads(payload)
    assert kind == "beside" and set(record) == {
        "stream", "predictor", "epoch", "since", "starts", "samples", "error", "sizes", "as_good_as", "standing",
        "best", "use", "excess", "saving", "at_edge", "failure", "sentence",
    }  # fmt: skip
    assert "\x1b" not in record["sentence"] and "\n" not in record["predictor"]
    assert beside_lines(said[-1], ()) == beside_messages(first, ()) == beside_lines(first, ["beside"]) == []
    empty = beside_record(said[-1]._replace(comparison=None))
    assert set(empty) == set(record) and (empty["samples"], empty["sizes"]) == (0, [])
