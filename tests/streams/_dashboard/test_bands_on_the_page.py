"""Bands on the page: those that the learner published, and nothing of a message of another form."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import ladder
from ergoscope.streams import Forecasts, Service, observation
from ergoscope.streams._dashboard.board import Board
from ergoscope.streams._messages.output_json import output_messages
from ergoscope.streams._mqtt.address import read_address


def learned(bands: float | None) -> tuple[Board, list[Any]]:
    """What a board has heard of a learner of a random walk, and what the learner said."""
    board = Board(read_address("mqtt://localhost/lab/+"), lambda: 7.0)
    service = Service(lambda p, q: ladder(range(3)), bands=bands)
    y = np.random.default_rng(0).standard_normal((280, 1)).cumsum(axis=0)
    said = [part for k in range(0, 280, 7) for part in service.take([observation("a", y[k : k + 7], sequence=k)])]
    said += service.finish()
    for part in said:
        for kind, payload in output_messages(part):
            board.hear(f"lab/a/ergoscope/{kind}", payload, 6.0)
    assert not board.ignored or board.ignored == sum(isinstance(part, Forecasts) for part in said)  # predictions
    return board, said


def test_the_signal_has_the_bands_that_were_published() -> None:
    board, said = learned(0.9)
    frame = board.frame("a")
    signal, place = frame["signal"], frame["signal"]["size"]
    made = np.concatenate([part.band for part in said if isinstance(part, Forecasts)])[:, 0, place, 0]
    np.testing.assert_array_equal(np.array(signal["band"], float), made)
    assert np.isnan(made[:2]).all() and np.isfinite(made[2:]).all()  # the center, then the first error
    assert signal["level"] == 0.9 and board.rows(7.0)[0].bands["level"] == 0.9  # type: ignore[index]
    assert "The bands for 90 % have covered" in frame["threshold"]["sentence"]
    json.dumps(frame, allow_nan=False)


def test_a_learner_without_bands_has_none_on_the_page() -> None:
    board, _ = learned(None)
    frame = board.frame("a")
    assert "band" not in frame["signal"] and board.rows(7.0)[0].bands is None
    assert "bands" not in frame["threshold"]["sentence"]


@pytest.mark.parametrize(
    "bands",
    [
        dict(level=2, coverage=[1, 1, 1], size=None),
        dict(level=None, coverage=[1, 1, 1], size=None),
        dict(level=0.9, coverage=[1, 1], size=None),
        dict(level=0.9, coverage=[1, 1, -1], size=None),
        dict(level=0.9, coverage=[1, 1, 1], size="two"),
        dict(level=0.9, coverage="all", size=None),
        dict(level=0.9),
        [0.9],
    ],
)
def test_bands_of_another_form_change_nothing(bands: Any) -> None:
    board, said = learned(0.9)
    before, ignored = board.rows(7.0), board.ignored
    ((_, payload),) = output_messages(said[-1])
    board.hear("lab/a/ergoscope/threshold", json.dumps(json.loads(payload) | dict(bands=bands)).encode(), 6.5)
    board.hear("lab/a/ergoscope/error", b'{"epoch":0,"seq":280,"y":1.0,"error":[1,2,3],"band":[1,2]}', 6.5)
    assert board.ignored == ignored + 2 and board.rows(7.0) == before
