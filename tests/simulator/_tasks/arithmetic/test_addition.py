"""Sums as a task: what is drawn, what is asked, what the exam is of, and what is refused."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from ergoscope.simulator import Process, addition, find_task
from ergoscope.simulator._tasks.arithmetic.addition import excluded_numbers
from ergoscope.simulator._tasks.arithmetic.corpus import corpus_text
from ergoscope.simulator._tasks.process import drawn, exam_rows

from .lines_by_hand import drawn_by, numbers, sum_by_hand


def test_the_usual_task_asks_for_the_answer_at_the_end_of_each_row() -> None:
    task = addition()
    assert (task.inputs, task.asked, task.characters, task.domain) == (11, 4, "$+0123456789=", 10**6)
    learned, exam = drawn_by(task, 300, 400)
    for row in learned + exam:
        a, b = numbers(row.x)
        assert row.x + row.asked[-1] == sum_by_hand(a, b, 3, "plain", True) and row.asked == f"{a + b:04d}"
    seen, asked = ({numbers(row.x) for row in part} for part in (learned, exam))
    assert len(seen) == 300 and len(asked) == 400 and not seen & asked


def test_a_set_and_the_rest_are_the_whole_domain() -> None:
    task = addition(1, "reverse")
    assert task.rows == 50 and exam_rows(task, 30) == 70
    learned, exam = drawn_by(task, 30, 70)
    assert sorted(numbers(row.x) for row in learned + exam) == [(a, b) for a in range(10) for b in range(10)]
    assert all(row.asked == f"{sum(numbers(row.x)):02d}"[::-1] for row in learned + exam)


def test_unpadded_lines_end_and_their_rows_are_filled() -> None:
    task = addition(3, "reverse", padding=False, wrap=True, asked="line")
    assert task.inputs == task.asked == len("$999+999=8991$") - 1
    learned, exam = drawn_by(task, 200, 100)
    for rows, whole in ((learned, True), (exam, False)):
        for row in rows:
            line = f"${sum_by_hand(*numbers(row.x.strip('$')), 3, 'reverse', False)}$"
            assert row.x == line.ljust(14, "$")[:13]
            asked = line[1:] if whole else "~" * line.index("=") + line[line.index("=") + 1 :]
            assert row.asked == asked.ljust(13, "~")
    assert len({len(row.x.strip("$")) for row in learned}) > 2


def test_steps_are_written_into_rows() -> None:
    task = addition(2, "detailed", padding=False)
    learned, exam = drawn_by(task, 60, 60)
    for row in learned + exam:
        line = sum_by_hand(*numbers(row.x), 2, "detailed", False) + "$"
        start = line.index("=")
        assert row.x == line.ljust(task.inputs + 1, "$")[:-1]
        assert row.asked == ("~" * start + line[start + 1 :]).ljust(task.inputs, "~")
    padded = addition(2, "simplified")
    whole = sum_by_hand(99, 99, 2, "simplified", True)
    assert padded.inputs == len(whole) - 1 and padded.asked == len(whole) - whole.index("=") - 1


@pytest.mark.parametrize("padding", [True, False])
def test_the_exam_asks_for_the_last_of_several_lines(padding: bool) -> None:
    task = addition(2, padding=padding, lines=3)
    assert task.domain == 10_000 // 3 and task.asked == task.inputs == 3 * len("99+99=198$") - 1
    learned, exam = drawn_by(task, 100, 100)
    pairs = []
    for rows, last in ((learned, False), (exam, True)):
        for row in rows:
            text = row.x + "$"
            lines = text.rstrip("$").split("$")
            pairs += [numbers(line) for line in lines]
            assert [sum_by_hand(*numbers(line), 2, "plain", padding) for line in lines] == lines and len(lines) == 3
            marks = "".join(
                (
                    "~" * len(line) + "~"
                    if last and k < 2
                    else "~" * (line.index("=") + 1) + line.partition("=")[2] + "$"
                )
                for k, line in enumerate(lines)
            )
            assert row.asked == marks[1:].ljust(task.inputs, "~")
    assert len(set(pairs)) == 600


def test_a_share_of_the_rows_of_a_set_is_text() -> None:
    task, rows = addition(2, text=0.25, corpus=50), 400
    learned, exam = drawn_by(task, rows, 50)
    texts = [row for row in learned if "=" not in row.x]
    for row in texts:
        assert row.asked[:-1] == row.x[1:] and row.x + row.asked[-1] in corpus_text(50)
    assert all(row.asked == "~" * 5 + f"{sum(numbers(row.x)):03d}" for row in learned + exam if "=" in row.x)
    assert abs(len(texts) - rows / 4) < 3.9 * (rows * 3 / 16) ** 0.5  # normal, two-sided 1e-4
    assert len({row.x for row in texts}) > 50 and all("=" in row.x for row in exam)


def kinds_of(task: Process, learned: list, exam: list, strange) -> None:
    """Check that no strange number is learned, every second row of the exam has one, and nothing is shared."""
    seen, asked = ([numbers(row.x.strip("$")) for row in part] for part in (learned, exam))
    assert [row.kind for row in exam] == [i % 2 for i in range(len(exam))] and not any(row.kind for row in learned)
    assert not any(strange(a) or strange(b) for a, b in seen)
    assert all((strange(a) or strange(b)) == i % 2 for i, (a, b) in enumerate(asked))
    assert len(set(seen)) == len(seen) and not set(seen) & set(asked)
    assert task.frequency == (1.0, 0.0) and len(set(asked[::2])) == len(asked[::2])
    for a, b in ((a, b) for i in (0, 1) for a, b in [Counter(strange(pair[i]) for pair in asked[1::2]).most_common(2)]):
        assert a[1] and b[1]  # the strange number is the first of some, the second of others


def test_numbers_of_some_digits_are_held_out() -> None:
    task = addition(2, held_out=1)
    assert task.kinds == ("other numbers", "1 digits") and task.domain == 8100 and exam_rows(task, 2000) == 6100
    learned, exam = drawn_by(task, 2000, 6100)
    kinds_of(task, learned, exam, lambda number: number < 10)
    assert len({numbers(row.x) for row in exam[1::2]}) == 1900  # all that there are, some of them again
    assert all(row.asked == f"{sum(numbers(row.x)):03d}" for row in exam)


def test_longer_numbers_are_held_out_and_every_place_is_trained() -> None:
    task = addition(2, held_out=3)
    assert (task.inputs, task.asked) == (len("999+999=1998") - 1, 11) and task.kinds[1] == "3 digits"
    learned, exam = drawn_by(task, 400, 100)
    kinds_of(task, learned, exam, lambda number: number > 99)
    offsets = Counter()
    for i, row in enumerate(learned + exam):
        digits = 3 if i >= 400 and i % 2 else 2
        line = sum_by_hand(*numbers(row.x.strip("$")), digits, "plain", True)
        at = len(row.x) - len(row.x.lstrip("$"))
        offsets[at] += i < 400
        whole = ("$" * at + line).ljust(12, "$")
        answer = at + line.index("=") + 1
        assert row.x == whole[:-1]
        assert row.asked == ("~" * (answer - 1) + line.partition("=")[2]).ljust(11, "~")[:11]
    assert sorted(offsets) == [0, 1, 2, 3] and min(offsets.values()) > 100 - 3.9 * (400 * 3 / 16) ** 0.5


def test_unpadded_lines_stand_anywhere_where_longer_numbers_are_held_out() -> None:
    task = addition(1, padding=False, held_out=2)
    learned, exam = drawn_by(task, 60, 40)
    for row in learned + exam:
        line = sum_by_hand(*numbers(row.x.strip("$")), 2, "plain", False) + "$"
        at = len(row.x) - len(row.x.lstrip("$"))
        assert row.x == ("$" * at + line).ljust(10, "$")[:-1]
        answer = at + line.index("=")
        assert row.asked == ("~" * answer + line.partition("=")[2]).ljust(9, "~")
    assert {len(row.x) - len(row.x.lstrip("$")) for row in learned} == {0, 1, 2, 3, 4}


def test_numbers_are_excluded_and_a_larger_count_excludes_the_same() -> None:
    task, strange = addition(2, "reverse", excluded=30), set(excluded_numbers(2, 30).tolist())
    assert task.kinds == ("seen numbers", "excluded numbers") and task.domain == 70**2 and len(strange) == 30
    learned, exam = drawn_by(task, 900, 500)
    kinds_of(task, learned, exam, lambda number: number in strange)
    assert set(excluded_numbers(2, 12).tolist()) < strange


def test_pairs_of_many_digits_are_drawn_anew() -> None:
    task = addition(9, "reverse")
    assert task.domain is None and exam_rows(task, 50) == 2000
    learned, exam = drawn_by(task, 100, 100)
    pairs = [numbers(row.x) for row in learned + exam]
    assert len(set(pairs)) == 200 and max(map(max, pairs)) > 9.5e8
    assert all(row.asked == f"{sum(numbers(row.x)):010d}"[::-1] for row in learned + exam)


def test_balanced_lines_have_their_shares() -> None:
    task, rows = addition(sampling="balanced"), 1003
    assert (task.fewest, task.most, task.rows) == (217, 40_000, 2000)
    learned, exam = drawn_by(task, rows, 500)
    pairs = [numbers(row.x) for row in learned]
    assert len(set(pairs)) == rows and not set(pairs) & {numbers(row.x) for row in exam}
    assert {(a, b) for a in range(10) for b in range(10)} <= set(pairs)
    below = sum(max(pair) < 100 for pair in pairs) - 100
    assert below >= 90 and below - 90 < 40  # a few of the other 813 are below 100, too: 1 % of them, but for carries
    carries = Counter(sum(map(int, f"{a}{b}")) - sum(map(int, str(a + b))) for a, b in pairs)
    assert set(carries) == {0, 9, 18, 27} and max(carries.values()) <= 251
    mixed = [max(pair) < 10 for pair in pairs]
    assert sum(one != other for one, other in pairwise(mixed)) > 100  # not the short ones first
    assert len({numbers(row.x) for row in exam}) == 500 and all(max(numbers(row.x)) > 9 for row in exam)


def test_names_are_read_back_and_a_seed_is_a_world() -> None:
    task = find_task("addition:format=reverse,digits=1,padding=no,wrap=yes,text=0.125,corpus=9")
    assert task.name == "addition:digits=1,format=reverse,padding=no,wrap=yes,text=0.125,corpus=9"
    assert addition().name == "addition:digits=3,format=plain" and find_task(task.name).name == task.name
    assert find_task(task.name) is find_task(task.name)
    one, again, other = (drawn_by(addition(1), 20, 20, seed)[0] for seed in (3, 3, 4))
    assert one == again != other


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (dict(digits=0), "numbers of 1 to 9 digits, got 0"),
        (dict(digits=10, format="detailed"), "numbers of 1 to 9 digits, got 10"),
        (dict(format="revers"), "must be plain, reverse, simplified or detailed, got 'revers'; did you mean 'reverse'"),
        (dict(sampling="even"), "sampling of addition must be uniform or balanced, got 'even'"),
        (dict(asked="all"), "asked must be answer or line, got 'all'"),
        (dict(lines=0), "a row has 1 to 100 lines, got 0"),
        (dict(lines=60, digits=1), "100 different lines make no two rows of 60"),
        (dict(text=1.0), "from 0 and below 1; got 1.0"),
        (dict(text=0.5, corpus=10**7), "1 to 192000 different sentences"),
        (
            dict(text=0.5, corpus=1, format="detailed"),
            "the text has .* characters and a row 69: ask for more sentences",
        ),
        (dict(sampling="balanced", digits=2), "balanced lines are sums of three digits: give digits=3, got 2"),
        (dict(sampling="balanced", held_out=2), "sampling=balanced and held_out=2 do not go together: choose one"),
        (dict(held_out=2, excluded=5), "held_out=2 and excluded=5 do not go together"),
        (dict(digits=4, held_out=2), "held_out=2 needs numbers of at most 3 digits, got 4"),
        (dict(digits=4, excluded=2), "excluded=2 needs numbers of at most 3 digits, got 4"),
        (dict(held_out=5), "1 to 4 where digits=3, or 0 for none; got 5"),
        (dict(held_out=-1), "or 0 for none; got -1"),
        (dict(digits=1, held_out=1), "nothing left to learn from: give more digits"),
        (dict(held_out=4, lines=2), "lines of 4 digits stand alone in their rows: give lines=1, got 2"),
        (dict(digits=1, excluded=9), "excluded is a count of the 10 numbers, 1 to 8, or 0 for none; got 9"),
        (dict(excluded=-1), "or 0 for none; got -1"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        addition(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rows", "lines"), [(216, 1), (40_001, 1), (72, 3)])
def test_a_balanced_set_of_too_few_or_too_many_lines_is_refused(rows: int, lines: int) -> None:
    task = addition(sampling="balanced", lines=lines)
    with pytest.raises(ValueError, match=f"has {task.fewest} to {task.most} rows, got {rows}"):
        exam_rows(task, rows)
    assert exam_rows(task, task.fewest) == 2000


def test_an_exam_of_more_balanced_lines_than_are_left_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 499900 lines, got 499901"):
        drawn(addition(sampling="balanced"), 0, 499_901, exam=True)


def test_rows_beyond_the_domain_are_refused() -> None:
    with pytest.raises(ValueError, match="100 different examples: 90 to learn from leave 10 for an exam of 20"):
        exam_rows(addition(1), 90, 20)
    assert np.isclose(addition(1).chance, addition(1, "reverse").chance)
