"""A predictor beside the ladder on the board: its line has the bins of the ladder's, its sentence is safe."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ergoscope.streams._dashboard.board import Board
from ergoscope.streams._mqtt.address import read_address

SAID = dict(
    predictor="my.py:\x1bmake", sentence="as good\n as 2 taps", standing="as good as 2 taps", samples=90, failure=None
)


def board() -> Board:
    return Board(read_address("mqtt://localhost/lab/+"), lambda: 1.0)


def hear(heard: Board, kind: str, record: Any) -> None:
    heard.hear(f"lab/a/ergoscope/{kind}", json.dumps(record).encode(), 0.5)


def test_the_line_of_the_predictor_has_the_bins_of_the_ladder() -> None:
    heard, rng = board(), np.random.default_rng(0)
    errors = rng.standard_normal((400, 3))
    for first in range(0, 400, 40):
        rows = errors[first : first + 40].tolist()
        hear(heard, "error", dict(epoch=2, seq=70 + first, y=[0.0] * 40, error=rows))
        own = [None if k == 0 and first == 0 else row[1] for k, row in enumerate(rows)]
        hear(heard, "beside-error", dict(epoch=2, seq=70 + first, forecast=[0.0] * 40, error=own))
    hear(heard, "threshold", _threshold())
    hear(heard, "beside", SAID)
    frame = heard.frame("a")
    growth, own = frame["growth"], frame["beside"]["growth"]
    assert len(own) == len(growth["horizon"]) and own[1:] == pytest.approx(growth["values"][1][1:], rel=1e-12)
    assert frame["beside"]["error"] == pytest.approx(frame["curve"]["errors"][1], rel=0.02)
    assert frame["beside"]["sentence"] == "as good\\n as 2 taps" and frame["beside"]["predictor"] == "my.py:\\x1bmake"
    assert heard.ignored == 0 and json.dumps(frame, allow_nan=False)


def test_late_errors_of_another_epoch_move_no_bin_and_no_predictor_gives_no_line() -> None:
    heard = board()
    hear(heard, "error", dict(epoch=2, seq=0, y=0.0, error=[1.0, 2.0]))
    assert heard.frame("a")["beside"] is None
    hear(heard, "beside-error", dict(epoch=1, seq=5, forecast=0.0, error=3.0))
    hear(heard, "beside", SAID | dict(standing=None, failure=dict(kind="stalled")))
    beside = heard.frame("a")["beside"]
    assert (beside["error"], beside["failed"], beside["growth"]) == (9.0, True, [None])


WRONG: list[tuple[str, Any]] = [
    ("beside", dict(SAID, samples="many")),
    ("beside", {}),
    ("beside", []),
    ("beside-error", dict(epoch=1, seq=-1, error=1)),
    ("beside-error", dict(epoch=1, seq=0, error="x")),
    ("beside-error", dict(epoch=1, seq=0, error={})),
]


@pytest.mark.parametrize(("kind", "record"), WRONG)
def test_a_message_of_another_form_is_counted_and_changes_nothing(kind: str, record: Any) -> None:
    heard = board()
    hear(heard, kind, record)
    assert heard.ignored == 1 and heard.frame(None)["streams"] == []


def _threshold() -> dict[str, Any]:
    counts = dict.fromkeys(("taken", "repeated", "lost", "reordered", "outdated"), 0)
    record = dict(samples=400, critical_size=None, verdict="undecided", best=dict(size=2, alike=[]), refused={})
    return record | dict(sizes=[0, 1, 2], errors=[9.0, 3.0, 1.0], counts=counts, sentence="said")
