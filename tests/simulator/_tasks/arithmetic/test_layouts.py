"""Lines column by column against text that is built by hand."""

from __future__ import annotations

import random

import numpy as np
import pytest

from ergoscope.simulator._tasks.arithmetic.layouts import Line, ended, sum_line
from ergoscope.simulator._tasks.arithmetic.pairs import falling

from .lines_by_hand import sum_by_hand

FORMATS = ("plain", "reverse", "simplified", "detailed")


def texts(line: Line, count: int) -> list[str]:
    codes = np.stack([np.broadcast_to(column.code, count) for column in line.columns], axis=1)
    there = np.stack([np.broadcast_to(column.there, count) for column in line.columns], axis=1)
    return ["".join(map(chr, row[has])) for row, has in zip(codes, there, strict=True)]


def pairs(digits: int) -> np.ndarray:
    choose = random.Random(digits)
    most = 10**digits - 1
    edges = [(0, 0), (most, most), (most, 1), (1, most), (0, most), (5, 5), (most // 2, most - most // 2), (9, 0)]
    sizes = [10 ** choose.randint(1, digits) for _ in range(60)]
    return np.array(edges + [(choose.randrange(n), choose.randrange(10**digits)) for n in sizes], np.int32)


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("digits", [1, 2, 3, 9])
def test_sums_are_written_as_by_hand(digits: int, format: str, padded: bool) -> None:
    a, b = pairs(digits).T
    line = ended(*sum_line(a, b, digits, format, padded), False, False)
    found = texts(line, len(a))
    assert found == [sum_by_hand(*pair, digits, format, padded) for pair in zip(a.tolist(), b.tolist(), strict=True)]
    before = texts(Line(line.columns[: line.question], 0), len(a))
    assert all(part == whole[: whole.index("=") + 1] for part, whole in zip(before, found, strict=True))


def test_the_formats_are_those_of_the_description() -> None:
    a, b = np.array([[128], [367]], np.int32)
    written = {format: texts(ended(*sum_line(a, b, 3, format, True), False, False), 1)[0] for format in FORMATS}
    assert written == {
        "plain": "128+367=0495",
        "reverse": "128+367=5940",
        "simplified": "128+367=A5C1A9C0A4C0=0495",
        "detailed": "128+367=128+367,8+7+0=15A5C1;12+36,2+6+1=09A9C0;1+3,1+3+0=04A4C0;0495",
    }


def test_lines_are_wrapped_or_ended() -> None:
    a, b = np.array([[7], [48]], np.int32)
    parts = sum_line(a, b, 2, "reverse", False)
    for wrap, ends, text, question in (
        (False, False, "7+48=55", 6),
        (False, True, "7+48=55$", 6),
        (True, False, "$7+48=55$", 7),
        (True, True, "$7+48=55$", 7),
    ):
        line = ended(*parts, wrap, ends)
        assert texts(line, 1) == [text] and line.question == question


@pytest.mark.parametrize("side", [2, 10, 100])
def test_places_are_mapped_to_every_pair_that_falls_once(side: int) -> None:
    a, b = falling(side)(np.arange(side * (side + 1) // 2, dtype=np.int32))
    assert sorted(zip(a.tolist(), b.tolist(), strict=True)) == [(i, j) for i in range(side) for j in range(i + 1)]
