"""The memory that training is said to need: a set in batches counts with the rows that are held for it."""

from __future__ import annotations

import re

import pytest

from ergoscope.learners._neural import memory_check
from ergoscope.learners._neural.mlp_model import mlp_model
from ergoscope.simulator._tasks.parity import parity

TASK = parity(1000)


def needed(monkeypatch: pytest.MonkeyPatch, rows: int, batch: int | None) -> float:
    monkeypatch.setattr(memory_check, "memory_free", lambda device: 0)
    with pytest.raises(ValueError, match="GiB are free") as said:
        memory_check.check_memory(mlp_model(TASK), TASK, [(8, rows)], batch, 5000, 1, "float32", None)
    return float(re.findall(r"about ([\d.e-]+) GiB", str(said.value))[0])


def test_a_set_in_batches_counts_with_the_rows_held_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert needed(monkeypatch, 1100, 10) == needed(monkeypatch, 4096, 10) == needed(monkeypatch, 4096, None)
    assert needed(monkeypatch, 1100, None) < needed(monkeypatch, 1100, 10) < needed(monkeypatch, 4097, 10)
    rows = needed(monkeypatch, 200_000, 10) - needed(monkeypatch, 100_000, 10)  # longer ones are held as they are
    assert rows == pytest.approx(100_000 * 1000 * 4 / 2**30, rel=0.01)
