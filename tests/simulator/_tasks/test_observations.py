"""A task as a stream of samples: u is the input, y the label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ergoscope.simulator import (
    decode,
    find_task,
    modular_addition,
    parity,
    read_recording,
    task_trajectories,
    write_trajectories,
)
from ergoscope.simulator._tasks.observations import BLOCK, task_chunks
from ergoscope.simulator._tasks.process import drawn


def whole(process, steps: int, runs: int = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    chunks = list(task_chunks(process, steps, runs, seed))
    return np.concatenate([c.outputs for c in chunks], axis=1), np.concatenate([c.inputs for c in chunks], axis=1)


def test_the_label_is_that_of_the_inputs() -> None:
    y, u = whole(parity(bits=7, k=3), BLOCK + 5, runs=2)
    assert y.shape == (2, BLOCK + 5, 1) and u.shape == (2, BLOCK + 5, 7)
    assert set(np.unique(u)) == {-1.0, 1.0}
    assert (y[..., 0] == (u[..., :3] > 0).sum(axis=-1) % 2).all()
    assert (u[0] != u[1]).any()


def test_sums_come_from_the_training_part_of_their_seed() -> None:
    process = modular_addition(p=7, share=0.5)
    y, u = whole(process, 400, seed=3)
    assert (y[0, :, 0] == u[0].sum(axis=1) % 7).all()
    seen = {tuple(pair) for pair in u[0].astype(int).tolist()}
    exam = {tuple(pair) for pair in drawn(process, 3, process.domain - process.rows, exam=True).x.tolist()}
    assert seen == {tuple(pair) for pair in drawn(process, 3, process.rows).x.tolist()} and not seen & exam


def test_examples_depend_on_the_seed_alone() -> None:
    long = whole(parity(bits=5), 2 * BLOCK, runs=3, seed=1)
    for short in (whole(parity(bits=5), BLOCK + 7, seed=2), whole(parity(bits=5), 9, runs=2, seed=2)):
        for part, of in zip(short, long, strict=True):
            assert (part[0] == of[1, : part.shape[1]]).all()


def test_a_file_of_examples_is_a_recording(tmp_path: Path) -> None:
    file = tmp_path / "parity.parquet"
    write_trajectories(task_trajectories(parity(bits=4, k=2), 1500, runs=2), file)
    found = read_recording(file, ["y"], ["u1", "u2", "u3", "u4"], by="run")
    y, u = whole(parity(bits=4, k=2), 1500, runs=2)
    assert (found.outputs == y).all() and (found.inputs == u).all()


def test_lines_are_shown_character_by_character_one_after_another() -> None:
    process = find_task("addition:digits=1,padding=no,asked=line")
    width, rows = process.inputs + 1, BLOCK + 3
    y, u = whole(process, rows * width + 2, runs=2, seed=4)
    assert y.shape == (2, rows * width + 2, 1) and u.shape == (2, rows * width + 2, 0)
    for run in range(2):
        text = decode(y[run, :, 0].astype(int), process.characters)
        lines = [text[i * width : (i + 1) * width] for i in range(rows)]
        learned = drawn(process, 4 + run, process.rows)
        assert {line[:-1] for line in lines} == {decode(x, process.characters) for x in learned.x}
        for line in lines:
            question, _, answer = line.rstrip("$").partition("=")
            assert sum(map(int, question.split("+"))) == int(answer)


@pytest.mark.parametrize("wrong", [dict(steps=0), dict(steps=5, runs=0), dict(steps=5, seed=-1)])
def test_what_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        list(task_chunks(parity(), **wrong))
