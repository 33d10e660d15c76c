"""Sines and square roots: every line against whole numbers and many digits."""

from __future__ import annotations

from decimal import Decimal
from math import floor

import mpmath
import numpy as np
import pytest

from ergoscope.simulator import find_task, sine, square_root

from .lines_by_hand import drawn_by


def test_every_sine_of_three_decimals_is_rounded_down() -> None:
    task = sine(3)
    learned, exam = drawn_by(task, 1000, task.domain - 1000)
    found = {row.x + row.asked[-1] for row in learned + exam}
    with mpmath.workdps(40):
        first, last = (floor(sign * mpmath.pi / 2 * 1000) for sign in (-1, 1))
        answers = {k: floor(mpmath.sin(mpmath.mpf(k) / 1000) * 1000) for k in range(first, last + 1)}
    expected = {f"sin({Decimal(k) / 1000:+.3f})={Decimal(v) / 1000:+.3f}" for k, v in answers.items()}
    assert found == expected and task.domain == len(expected) == 3142
    assert all(row.asked == (row.x + row.asked[-1]).partition("=")[2] for row in learned + exam)


def test_no_sine_of_four_decimals_is_near_a_whole_number_of_units() -> None:
    """The error of a sine in double precision, in units of 1e-4, is below 1e-11: each floor is that of many digits."""
    values = np.sin(np.arange(-15708, 15708) / 10**4) * 10**4
    gaps = np.abs(values - np.round(values))[values != 0]
    assert sine().domain == len(values) == 31416 and gaps.min() > 1e-9


def test_every_square_root_is_exact() -> None:
    task = square_root(2, "reverse")
    learned, exam = drawn_by(task, 400, 500)
    assert task.domain == 900 == len({row.x for row in learned + exam})
    for row in learned + exam:
        line = row.x + row.asked[-1]
        given, root = line[len("sqrt(") :].partition(")=")[0], row.asked[::-1]
        low = Decimal(root)
        assert line == f"sqrt({given})={row.asked}" and low**2 <= Decimal(given) < (low + Decimal("0.01")) ** 2
    assert square_root().domain == 90_000 and find_task("square-root:decimals=2,format=reverse").name == task.name


@pytest.mark.parametrize("task", [sine, square_root])
def test_what_cannot_be_is_refused(task) -> None:
    for decimals in (0, 5):
        with pytest.raises(ValueError, match=f"takes 1 to 4 decimals, got {decimals}"):
            task(decimals)
    with pytest.raises(ValueError, match="must be plain or reverse, got 'simplified'"):
        task(2, "simplified")
