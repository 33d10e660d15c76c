"""Streams of a task: equal keys, passes over a set, fresh batches, names and what is refused."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from ergoscope._core.devices import Precision, computing
from ergoscope.simulator._tasks.find import find_task, find_texts, is_task, is_texts, task_names
from ergoscope.simulator._tasks.modular_addition import modular_addition
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import (
    Process,
    Source,
    _shuffled,
    drawn,
    exam_rows,
    fresh,
    held_rows,
    replayed,
    world_keys,
)
from ergoscope.simulator._tasks.sparse_parity import sparse_parity


def batches(source: Source, steps: int, precision: Precision = "float32", seed: int = 2) -> list[Any]:
    with computing(precision):
        data, _, key = world_keys(seed)
        memory = source.memory(data)
        key = data if memory is None else key
        found = jax.jit(
            lambda: jax.lax.map(
                lambda step: source.feed.batch_at(memory, key, step), jax.numpy.arange(steps, dtype="int32")
            )
        )()
        return [jax.tree.map(lambda part, step=step: np.asarray(part[step]), found) for step in range(steps)]


SOURCES = {
    "fresh parity": fresh(parity(9), 4),
    "a whole set": replayed(parity(9), 8),
    "fresh sums": fresh(modular_addition(7), 4),
    "replayed sums": replayed(modular_addition(7), 12, 4),
}


@pytest.mark.parametrize("name", SOURCES)
def test_equal_keys_give_equal_examples_in_both_precisions(name: str) -> None:
    single, double = (batches(SOURCES[name], 5, precision) for precision in ("float32", "float64"))
    for one, other in zip(single, double, strict=True):
        for a, b in zip(one, other, strict=True):
            assert np.array_equal(a, b) and a.dtype == b.dtype
    assert (name == "a whole set") == all(np.array_equal(each.x, single[0].x) for each in single)
    assert not np.array_equal(batches(SOURCES[name], 1, seed=3)[0].x, single[0].x)


def test_batches_of_a_replayed_set_visit_every_row_once_a_pass() -> None:
    process, rows, batch = modular_addition(7), 10, 3  # no two pairs are equal; one row a pass is left out
    pairs = sorted(map(tuple, drawn(process, 2, rows).x.tolist()))
    found = [tuple(row) for each in batches(replayed(process, rows, batch), 6) for row in each.x.tolist()]
    passes = [found[:9], found[9:]]
    for one in passes:
        assert len(set(one)) == 9 and set(one) < set(pairs)
    assert passes[0] != passes[1]
    (whole,) = {tuple(sorted(map(tuple, each.x.tolist()))) for each in batches(replayed(process, rows, rows), 3)}
    assert list(whole) == pairs


def test_fresh_batches_of_a_finite_domain_never_meet_the_exam_and_others_never_repeat() -> None:
    process = modular_addition(7)
    exam = {tuple(row) for row in drawn(process, 2, exam_rows(process, None), exam=True).x.tolist()}
    seen = {tuple(row) for each in batches(fresh(process, 5), 60) for row in each.x.tolist()}
    assert len(seen) == process.rows and len(exam) == 28 - process.rows and not seen & exam
    bits = np.concatenate([each.x for each in batches(fresh(parity(60), 5), 20)])
    assert len(np.unique(bits, axis=0)) == 100
    exam = drawn(parity(60), 2, 50, exam=True)
    assert len(np.unique(np.concatenate([bits, np.asarray(exam.x)]), axis=0)) == 150


def test_the_name_of_a_task_is_read_back() -> None:
    for process in (parity(12, 4, "bits"), modular_addition(11, 0.3), sparse_parity(9, alpha=0.7)):
        assert find_task(process.name).name == process.name and find_task(process) is process
        assert find_task(process.name) is find_task(process.name)
        assert is_task(process.name)
    stream = find_texts("skills:concepts=7,mean=1.5")
    assert find_texts(stream.name) is stream is find_texts(stream) and is_task(stream.name) and is_texts(stream.name)
    assert stream.of_size(9).name == "skills:concepts=9,mean=1.5" and not is_texts("parity")
    assert not is_task("random-walk")
    lines = ["addition", "subtraction", "multiplication", "sine", "square-root"]
    assert [*task_names()] == ["parity", "modular-addition", "sparse-parity", *lines, "skills"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("party", "no task is called 'party'; did you mean 'parity'"),
        ("parity:width=3", "Its options are bits, k, coding"),
        ("parity:bits", "write options of parity as"),
        ("parity:bits=3,bits=4", "given bits twice"),
        ("parity:bits=many", "bits must be a whole number, got 'many'"),
        ("modular-addition:share=half", "share must be a number, got 'half'"),
        ("skils", "did you mean 'skills'"),
        ("skills:mean=3", "skills:mean=3 is a stream of texts, .* emerge skills --along texts"),
    ],
)
def test_words_that_name_no_task_are_refused(words: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        find_task(words)


def test_words_that_name_no_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="no stream of texts is called 'parity'. There are skills."):
        find_texts("parity")


def test_splits_and_batches_that_cannot_be_are_refused() -> None:
    sums: Process = modular_addition(7)
    assert (exam_rows(parity(), None), exam_rows(parity(), 10, 5), exam_rows(sums, 20)) == (2000, 5, 8)
    for rows, exam in ((28, None), (20, 9), (None, 18)):
        with pytest.raises(ValueError, match="has 28 different examples: .* Ask for fewer rows"):
            exam_rows(sums, rows, exam)
    with pytest.raises(ValueError, match="a set must have at least one row, got 0"):
        replayed(parity(), 0)
    with pytest.raises(ValueError, match="the exam must have at least one row, got 0"):
        exam_rows(parity(), 10, 0)
    for batch in (0, 11):
        with pytest.raises(ValueError, match=f"must have 1 to 10 rows, got {batch}"):
            replayed(parity(), 10, batch)
    with pytest.raises(ValueError, match="a batch must have at least one row, got 0"):
        fresh(parity(), 0)


@pytest.mark.parametrize("rows", [1, 1024, 2000, 5000])
def test_the_order_of_a_set_in_longer_memory_is_a_permutation_of_its_rows(rows: int) -> None:
    held = held_rows(rows)
    assert held == {1: 1024, 1024: 1024, 2000: 4096, 5000: 16384}[rows]
    with computing("float32"):
        key = jax.random.key(rows)
        order = np.asarray(jax.jit(_shuffled, static_argnums=2)(key, np.int32(rows), held))
        if rows > 1625:  # of shorter sets JAX sorts once
            assert np.array_equal(order[:rows], jax.random.permutation(key, rows))
    assert np.array_equal(np.sort(order[:rows]), np.arange(rows)) and np.array_equal(order[rows:], range(rows, held))


def test_long_sets_take_no_more_memory_than_their_rows() -> None:
    assert [held_rows(rows) for rows in (1, 1025, 65_536, 65_537, 5_000_000)] == [1024, 4096, 65_536, 65_537, 5_000_000]


def test_sets_of_many_lengths_share_a_program() -> None:
    short, long = replayed(modular_addition(67), 900, 30), replayed(modular_addition(67), 1000, 30)
    assert short.feed == long.feed and short.feed != replayed(modular_addition(67), 900).feed
    assert fresh(modular_addition(67), 30).feed == fresh(modular_addition(31), 30).feed != short.feed
    assert fresh(parity(40), 30).feed != fresh(parity(41), 30).feed
