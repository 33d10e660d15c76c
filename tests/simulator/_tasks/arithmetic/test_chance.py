"""The loss of who knows the frequencies alone, in closed form, from counts, and by brute force."""

from __future__ import annotations

from collections import Counter
from math import log

import numpy as np
import pytest

from ergoscope.simulator import addition, square_root, subtraction
from ergoscope.simulator._tasks.arithmetic.chance import counted_chance, sum_chance
from ergoscope.simulator._tasks.arithmetic.layouts import Line, ended, sum_line

from .lines_by_hand import sum_by_hand


def by_hand(answers: list[str]) -> float:
    """Return the mean of -log(frequency of the character at its place) over all characters of the answers."""
    places = [Counter(answer[k] for answer in answers if len(answer) > k) for k in range(max(map(len, answers)))]
    lost = [-log(places[k][c] / places[k].total()) for answer in answers for k, c in enumerate(answer)]
    return sum(lost) / len(lost)


@pytest.mark.parametrize("digits", [1, 2, 3])
@pytest.mark.parametrize("ends", [False, True])
def test_the_closed_form_is_the_count(digits: int, ends: bool) -> None:
    def line(a: object, b: object) -> Line:
        return ended(*sum_line(a, b, digits, "reverse", True), False, ends)

    place = np.arange(10 ** (2 * digits), dtype=np.int32)
    assert abs(sum_chance(digits, ends) - counted_chance(line, place // 10**digits, place % 10**digits)) < 1e-12


@pytest.mark.parametrize("format", ["plain", "reverse", "simplified", "detailed"])
@pytest.mark.parametrize("padding", [True, False])
def test_sums_are_counted_over_the_whole_domain(format: str, padding: bool) -> None:
    lines = [sum_by_hand(a, b, 2, format, padding) + "$" * (not padding) for a in range(100) for b in range(100)]
    expected = by_hand([line.partition("=")[2] for line in lines])
    assert abs(addition(2, format, padding).chance - expected) < 1e-10


def test_the_pairs_of_a_set_are_counted_where_others_are_held_out() -> None:
    kept = [f"{a + b:03d}" for a in range(10) for b in range(10)]
    assert abs(addition(2, held_out=2).chance - by_hand(kept)) < 1e-12


def test_other_operations_are_counted() -> None:
    assert abs(subtraction(1).chance - by_hand([str(a - b) for a in range(10) for b in range(a + 1)])) < 1e-12
    roots = [f"{int((k / 10) ** 0.5 * 10) / 10:.1f}" for k in range(10, 100)]
    assert abs(square_root(1).chance - by_hand(roots)) < 1e-12


def test_a_sample_stands_for_an_endless_domain() -> None:
    """The entropy of n samples of K values is too small by about (K - 1) / 2 n."""
    assert abs(addition(5, "plain").chance - sum_chance(5, False)) < 1e-12
    found = subtraction(5).chance  # the digits of a - b are nearly uniform but for the first
    assert 2.2 < found < log(10)
