"""Completion beside textbook search on the graph of rows and columns; values, contradictions, refusals."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.learners import AdditiveCompletion
from ergoscope.learners._discrete.completion import Scored

Sample = tuple[int, int, int]


def searched(samples: list[Sample], size: int) -> dict[tuple[int, int], int]:
    """The textbook: breadth-first search from each row; a step to a column or back fixes its potential."""
    near: dict[tuple[str, int], list[tuple[tuple[str, int], int]]] = {}
    for i, j, value in samples:
        near.setdefault(("row", i), []).append((("column", j), value))
        near.setdefault(("column", j), []).append((("row", i), value))
    entries = {}
    for i in range(size):
        potential, ready = {("row", i): 0}, deque([("row", i)])  # u_i = 0 here
        while ready:
            node = ready.popleft()
            for other, value in near.get(node, []):
                if other not in potential:
                    potential[other] = value - potential[node]
                    ready.append(other)
        entries |= {(i, j): value for (kind, j), value in potential.items() if kind == "column"}
    return entries


def taken(completion: AdditiveCompletion, samples: list[Sample]) -> Scored:
    return completion.take(*(np.array(samples, int).reshape(-1, 3).T))


def completed(completion: AdditiveCompletion) -> dict[tuple[int, int], int]:
    rows, columns = np.indices((completion.size, completion.size)).reshape(2, -1)
    known, value = completion.predict(rows, columns)
    assert not value[~known].any()
    return {(i, j): v for i, j, v in zip(*(part[known].tolist() for part in (rows, columns, value)), strict=True)}


@st.composite
def maps(draw: st.DrawFn) -> tuple[int, list[Sample]]:
    """Few rows, so that all stages from nothing to everything occur; repeats are common."""
    size = draw(st.integers(1, 6))
    u, v = (draw(st.lists(st.integers(-50, 50), min_size=size, max_size=size)) for _ in range(2))
    line = st.integers(0, size - 1)
    places = draw(st.lists(st.tuples(line, line), max_size=14))
    return size, [(i, j, u[i] + v[j]) for i, j in places]


@settings(max_examples=30)
@given(maps(), st.data())
def test_the_same_is_determined_in_any_order_and_batch(drawn: tuple[int, list[Sample]], data: st.DataObject) -> None:
    size, samples = drawn
    exact = searched(samples, size)
    for order in (samples, data.draw(st.permutations(samples))):
        before = [searched(order[:k], size) for k in range(len(order) + 1)]
        whole, single, parts = (AdditiveCompletion(size) for _ in range(3))
        scored = taken(whole, order)
        assert scored.known.tolist() == [(i, j) in before[k] for k, (i, j, _) in enumerate(order)]
        assert scored.value.tolist() == [before[k].get((i, j), 0) for k, (i, j, _) in enumerate(order)]
        assert scored.pairs.tolist() == [len(each) for each in before[1:]]
        assert [int(taken(single, [sample]).pairs[0]) for sample in order] == scored.pairs.tolist()
        cut = data.draw(st.integers(0, len(order)))
        assert [*taken(parts, order[:cut]).pairs, *taken(parts, order[cut:]).pairs] == scored.pairs.tolist()
        for completion in (whole, single, parts):
            assert completed(completion) == exact
            assert completion.pairs == len(exact) and completion.share == len(exact) / size**2
            assert completion.contradictions == 0


def test_long_chains_are_followed() -> None:
    """Pairs of paths of equal size are joined at their ends, so that trees grow as deep as they can."""
    size = 2048
    u, v = np.random.default_rng(0).integers(-(10**9), 10**9, (2, size))
    completion = AdditiveCompletion(size)
    completion.take(np.arange(size), np.arange(size), u + v)
    step = 1
    while step < size:
        i = np.arange(0, size, 2 * step) + np.random.default_rng(step).integers(0, step, size // (2 * step))
        completion.take(i, i + step, u[i] + v[i + step])
        step *= 2
    assert completion.share == 1
    rows, columns = np.random.default_rng(1).integers(0, size, (2, 10_000))
    known, value = completion.predict(rows, columns)
    assert known.all() and (value == u[rows] + v[columns]).all()


def test_floats_are_completed_but_for_rounding() -> None:
    generator, size = np.random.default_rng(2), 300
    u, v = generator.standard_normal((2, size))
    rows, columns = generator.integers(0, size, (2, 5000))
    completion = AdditiveCompletion(size, tolerance=1e-9)
    scored = completion.take(rows, columns, u[rows] + v[columns])
    assert completion.share == 1 and completion.contradictions == 0
    np.testing.assert_allclose(scored.value[scored.known], (u[rows] + v[columns])[scored.known], atol=1e-12)
    assert scored.value.dtype == np.float64


@pytest.mark.parametrize(("tolerance", "off", "counted"), [(None, 1, 1), (0.5, 0.5, 0), (0.5, 0.51, 1), (0.0, 0, 0)])
def test_a_contradiction_is_counted_and_not_learned(tolerance: float | None, off: float, counted: int) -> None:
    for sign in (-1, 1):
        completion = AdditiveCompletion(2, tolerance)
        completion.take([0, 0, 1], [0, 1, 0], [0, 1, 2])
        scored = completion.take([1, 1], [1, 1], [3 + sign * off, 3])
        assert scored.known.all() and scored.value.tolist() == [3, 3]
        assert completion.contradictions == counted


def test_no_sample_changes_nothing() -> None:
    completion = AdditiveCompletion(3)
    assert [len(part) for part in completion.take([], [], [])] == [0, 0, 0]
    assert completion.pairs == 0 and completion.share == 0


def test_the_largest_values_do_not_overflow() -> None:
    """A path through all rows, whose values alternate in sign, so that potentials grow along it."""
    size, most = 64, 2**61 // 64
    completion = AdditiveCompletion(size)
    completion.take(np.arange(size), np.arange(size), np.full(size, most))
    completion.take(np.arange(size - 1), np.arange(1, size), np.full(size - 1, -most))
    known, value = completion.predict([size - 1, 0], [0, size - 1])
    assert known.all() and value.tolist() == [(2 * size - 1) * most, -(2 * size - 3) * most]


BAD = [
    (([0, 3], [0, 0], [1, 1]), "rows are numbered 0 to 2, got 3: take a larger map"),
    (([0], [-1], [1]), "columns are numbered 0 to 2, got -1"),
    (([0.0], [0], [1]), "rows must be a vector of whole numbers, got float64"),
    (([[0]], [0], [1]), "rows must be a vector .* shape"),
    (([0], [0, 1], [1]), "got 1 rows and 2 columns"),
    (([0], [0], [1, 2]), "one value for each of 1 samples, got shape"),
    (([0], [0], [1.0]), "must be whole numbers, got float64: a tolerance"),
    (([0, 1], [0, 0], [1, -(2**61 // 3) - 1]), "would overflow"),
]


@pytest.mark.parametrize(("samples", "message"), BAD)
def test_bad_samples_are_refused_and_nothing_is_learned(samples: tuple[list[int], ...], message: str) -> None:
    completion = AdditiveCompletion(3)
    with pytest.raises(ValueError, match=message):
        completion.take(*samples)
    assert completion.pairs == completion.contradictions == 0


@pytest.mark.parametrize(("value", "message"), [(np.nan, "must be finite"), (1j, "must be real numbers, got complex")])
def test_bad_floats_are_refused(value: complex, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdditiveCompletion(3, tolerance=0.1).take([0], [0], [value])


@pytest.mark.parametrize(
    ("size", "tolerance", "message"),
    [(0, None, "at least 1, got 0"), (2**30, None, "in 32 bits"), (3, -1.0, "at least 0, got -1"), (3, np.nan, "nan")],
)
def test_a_completion_that_cannot_be_is_refused(size: int, tolerance: float | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdditiveCompletion(size, tolerance)
