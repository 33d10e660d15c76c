"""Differences and products as tasks: every line by hand, and a set and an exam that share the domain."""

from __future__ import annotations

import pytest

from ergoscope.simulator import find_task, multiplication, subtraction

from .lines_by_hand import drawn_by


@pytest.mark.parametrize("padding", [True, False])
def test_differences_of_one_digit_are_the_whole_domain(padding: bool) -> None:
    task = subtraction(1, padding=padding)
    learned, exam = drawn_by(task, 20, 35)
    assert task.domain == 55 and task.characters == "$-0123456789="
    expected = {f"{a}-{b}=" + f"|{a - b}" + "$" * (not padding) for a in range(10) for b in range(a + 1)}
    assert {row.x[:4] + "|" + row.asked.strip("~") for row in learned + exam} == expected


def test_differences_of_many_digits_are_reversed_and_drawn_anew() -> None:
    task = subtraction(9, "reverse", wrap=True)
    learned, exam = drawn_by(task, 60, 60)
    found = set()
    for row in learned + exam:
        a, b = map(int, row.x.strip("$").partition("=")[0].split("-"))
        assert row.x + row.asked[-1] == f"${a:09d}-{b:09d}={str(a - b).zfill(9)[::-1]}$" and a >= b
        found.add((a, b))
    assert len(found) == 120 and task.domain is None


def test_products_are_written() -> None:
    task = multiplication(1, "reverse", asked="line")
    learned, exam = drawn_by(task, 50, 50)
    lines = {f"{a}*{b}={str(a * b).zfill(2)[::-1]}" for a in range(10) for b in range(10)}
    assert {row.x + row.asked[-1] for row in learned + exam} == lines and task.domain == 100
    assert all(row.asked[:-1] == row.x[1:] for row in learned)
    assert all(row.asked[:3] == "~~~" and row.asked[3] == row.x[4] for row in exam)
    assert multiplication(3, padding=False).inputs == len("999*999=998001$") - 1


def test_names_are_read_back() -> None:
    for words in ("subtraction:digits=2,format=reverse,padding=no", "multiplication:digits=2,format=plain,wrap=yes"):
        assert find_task(words).name == words


@pytest.mark.parametrize("task", [subtraction, multiplication])
def test_what_cannot_be_is_refused(task) -> None:
    with pytest.raises(ValueError, match="digits, got 0"):
        task(0)
    with pytest.raises(ValueError, match="digits, got 10"):
        task(10)
    with pytest.raises(ValueError, match="must be plain or reverse, got 'detailed'"):
        task(1, "detailed")
    with pytest.raises(ValueError, match="asked must be answer or line"):
        task(1, asked="")
