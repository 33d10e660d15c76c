"""A change that is published stands in the table of ``watch``, in its lines, and in the frames of the page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ergoscope.analysis._drift.change import Change
from ergoscope.cli._dashboard import _line, _table
from ergoscope.streams import Changed
from ergoscope.streams._dashboard.board import Board
from ergoscope.streams._messages.output_json import output_messages
from ergoscope.streams._mqtt.address import read_address

FOUND = Change(20_140, 20_188, 20_608, "size", 1, 4, False, 1.0, 0.01, "filter length")
((KIND, PAYLOAD),) = output_messages(Changed("a", 0, 20_140, FOUND))


def board(payload: bytes = PAYLOAD) -> Board:
    heard = Board(read_address("mqtt://h/lab/+"), lambda: 1.0)
    heard.hear("lab/a/status", b"online", 0.0)
    heard.hear(f"lab/a/ergoscope/{KIND}", payload, 0.0)
    return heard


def test_a_change_is_shown() -> None:
    heard = board()
    assert heard.ignored == 0
    (row,) = heard.rows(1.0)
    shown = dict(since=20_140, size_before=1, size_now=4, sentence=FOUND.sentence)
    assert row.change == heard.frame("a")["change"] == shown
    assert _line(row).endswith(f"; {FOUND.sentence}")
    assert f"a: {FOUND.sentence}" in str(_table([row], 0, 10, 120).caption)


def test_without_a_change_nothing_is_shown() -> None:
    heard = Board(read_address("mqtt://h/lab/+"), lambda: 1.0)
    heard.hear("lab/a/status", b"online", 0.0)
    (row,) = heard.rows(1.0)
    assert row.change is None and heard.frame("a")["change"] is None


@pytest.mark.parametrize(
    "wrong", [dict(since=-1), dict(since=1.5), dict(size_now="4"), dict(size_before=None), dict(since=1 << 200)]
)
def test_a_message_of_another_form_is_counted_and_changes_nothing(wrong: dict[str, Any]) -> None:
    heard = board(json.dumps(json.loads(PAYLOAD) | wrong).encode())
    assert heard.ignored == 1 and heard.rows(1.0)[0].change is None


def test_a_sentence_commands_no_terminal() -> None:
    heard = board(json.dumps(json.loads(PAYLOAD) | dict(sentence="\x1b[2J" + "x" * 10_000)).encode())
    change = heard.rows(1.0)[0].change
    assert change is not None and "\x1b" not in change["sentence"] and len(change["sentence"]) < 1100
