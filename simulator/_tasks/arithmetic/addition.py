"""Addition, digit by digit, as lines of characters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..process import Process
from .alphabet import WORDS, alphabet
from .balanced import balanced
from .chance import counted_chance, sum_chance
from .corpus import corpus_text
from .layouts import Line, ended, sum_line
from .pairs import Pairs, endless, finite, square, without
from .rows import Text, check_word, line_task, named

FORMATS = ("plain", "reverse", "simplified", "detailed")
FURTHER = {"simplified": "AC", "detailed": ",;AC"}  # characters beside digits, + and =
SAMPLINGS = ("uniform", "balanced")
FINITE = 3  # digits of the largest domain that is divided into a set and an exam
MOST_DIGITS = 9  # a sum fits into 32 bits
MOST_LINES = 100
SENTENCES = 1000  # of a text
SEED = 0  # of the excluded numbers: they are the same in every run
THEORY = {
    "plain": "the first digit of the answer depends on every digit: a carry may run through all columns",
    "reverse": "each digit of the answer needs two digits and a carry: 200 cases",
    "simplified": "each step needs two digits and a carry: 200 cases; the answer copies the steps",
    "detailed": "each step needs the step before it alone: 200 sums of a column, the rest is copied",
}


@lru_cache
def addition(
    digits: int = 3,
    format: str = "plain",
    padding: bool = True,
    wrap: bool = False,
    sampling: str = "uniform",
    asked: str = "answer",
    lines: int = 1,
    text: float = 0.0,
    corpus: int = SENTENCES,
    held_out: int = 0,
    excluded: int = 0,
) -> Process:
    """Return the task: lines such as ``128+367=0495``, whose next character is asked for.

    The formats, of which ``reverse`` has the least digit of the answer first:

        plain       128+367=0495
        reverse     128+367=5940
        simplified  128+367=A5C1A9C0A4C0=0495
        detailed    128+367=128+367,8+7+0=15A5C1;12+36,2+6+1=09A9C0;1+3,1+3+0=04A4C0;0495

    ``simplified`` has the digit A and the carry C of each column from the right, then the sum: what the source writes
    as ``A->5 , C->1``, in fewer characters. ``detailed`` has in each step the numbers that are still to add, the sum of
    the column with the carry that came in, its digit and its carry: again what the source writes, in fewer characters.

    Up to three digits the domain is finite: a set and its exam share no pair. With 4 to 9 digits pairs are drawn anew
    each time, and repeats are rare. The exam asks for the answer of the last line of a row, all steps included, since
    a network must write them.

    Args:
        digits: The most digits of a number, 1 to 9.
        format: ``"plain"``, ``"reverse"``, ``"simplified"`` or ``"detailed"``.
        padding: Numbers have leading zeros, so that all lines are of one length. Without: as many steps as the longer
            number has digits, the line ends with ``$``, which is asked for, and its row is filled with ``$``, which
            is not.
        wrap: The line stands between two ``$``. (The source wraps lines so, and ends them with a newline.)
        sampling: ``"uniform"``, or ``"balanced"`` for three digits: in a set of n lines there are all 100 pairs of one
            digit, floor(.09 n) pairs of numbers below 100, the rest of numbers below 1000, all different, and no
            number of carries has more than ceil(n / 4) lines. The exam is uniform still, of the other pairs.
        asked: ``"answer"``: a set asks for what comes after the first ``=``; ``"line"``: for every character of a line.
        lines: Lines of a row, 1 to 100. Of several each ends with ``$``: examples before a question.
        text: Share of the rows of a set that are a stretch of a text of small sentences instead, asked for as a whole.
        corpus: Different sentences of this text; they are the same in every run.
        held_out: 0 for none. h up to ``digits``: no training line has a number of exactly h digits, and every second
            row of the exam has one. ``digits + 1``: so too, rows are as long as those lines need, and the shorter
            lines stand anywhere in their rows, so that every place of a row is trained.
        excluded: Numbers that are in no training line, first or second, and in every second row of the exam; they are
            the same in every run, and of a larger count they are the same and further ones.

    Raises:
        ValueError: A number is out of its range, there is no such word, or options do not go together: held-out and
            excluded numbers and balanced lines exclude one another and need at most three digits; several lines a row
            do not go with numbers of more digits.

    References:
        N. Lee, K. Sreenivasan, J. D. Lee, K. Lee, D. Papailiopoulos, Teaching arithmetic to small transformers, ICLR
        2024 (arXiv 2307.03381).
    """
    check_word("the format of addition", format, FORMATS)
    check_word("the sampling of addition", sampling, SAMPLINGS)
    if not 1 <= digits <= MOST_DIGITS:
        raise ValueError(f"addition takes numbers of 1 to {MOST_DIGITS} digits, got {digits}.")
    if not 1 <= lines <= MOST_LINES:
        raise ValueError(f"a row has 1 to {MOST_LINES} lines, got {lines}.")
    if not 0 <= text < 1:
        raise ValueError(f"text is the share of rows that are text, from 0 and below 1; got {text}.")
    if corpus != SENTENCES and not text:
        raise ValueError(f"corpus counts the sentences of a text: give text=0.5, too, or leave corpus={corpus} out.")
    pairs = _pairs(digits, sampling, lines, held_out, excluded)

    def line(a: Any, b: Any, digits: int = digits) -> Line:
        return ended(*sum_line(a, b, digits, format, padding), wrap, lines > 1 or not padding)

    def wide(a: Any, b: Any) -> Line:
        return line(a, b, digits + 1)

    if padding and format in ("plain", "reverse") and not excluded and not 1 <= held_out <= digits:
        chance = sum_chance(digits, wrap or lines > 1)
    else:
        chance = counted_chance(line, *pairs.counted())
    options = dict(digits=digits, format=format, padding=padding, wrap=wrap, sampling=sampling, asked=asked)
    options |= dict(lines=lines, text=text, corpus=corpus, held_out=held_out, excluded=excluded)
    return line_task(
        name=named("addition", addition, **options),
        about=f"sums of two numbers of up to {digits} digits, written as lines of characters, {format}",
        theory=THEORY[format],
        characters=alphabet("+=", FURTHER.get(format, ""), WORDS if text else ""),
        line=line,
        pairs=pairs,
        chance=chance,
        asked=asked,
        lines=lines,
        wide=wide if held_out > digits else None,
        text=Text(text, corpus_text(corpus)) if text else Text(),
    )


def _pairs(digits: int, sampling: str, lines: int, held_out: int, excluded: int) -> Pairs:
    side = 10**digits
    chosen = [word for word, is_on in _special(sampling, held_out, excluded).items() if is_on]
    if len(chosen) > 1:
        raise ValueError(f"{' and '.join(chosen)} do not go together: choose one.")
    if chosen and digits > FINITE:
        raise ValueError(f"{chosen[0]} needs numbers of at most {FINITE} digits, got {digits}.")
    if sampling == "balanced":
        if digits != 3:
            raise ValueError(f"balanced lines are sums of three digits: give digits=3, got {digits}.")
        return balanced()
    if held_out:
        if not 0 < held_out <= digits + 1:
            raise ValueError(
                f"held_out is a number of digits, 1 to {digits + 1} where digits={digits}, or 0 for none; "
                f"got {held_out}."
            )
        if held_out == digits == 1:
            raise ValueError("without numbers of one digit there is nothing left to learn from: give more digits.")
        if held_out > digits and lines > 1:
            raise ValueError(f"lines of {held_out} digits stand alone in their rows: give lines=1, got {lines}.")
        numbers = np.arange(max(side, 10**held_out), dtype=np.int32)
        exactly = (numbers < 10**held_out) & (numbers >= (10 ** (held_out - 1) if held_out > 1 else 0))
        return without(numbers[~exactly], numbers[exactly], ("other numbers", f"{held_out} digits"))
    if excluded:
        if not 0 < excluded <= side - 2:
            raise ValueError(
                f"excluded is a count of the {side} numbers, 1 to {side - 2}, or 0 for none; got {excluded}."
            )
        missing = excluded_numbers(digits, excluded)
        known = np.setdiff1d(np.arange(side, dtype=np.int32), missing)
        return without(known, missing, ("seen numbers", "excluded numbers"))
    return finite(side**2, square(side)) if digits <= FINITE else endless((side, side), lambda a, b: (a, b))


def _special(sampling: str, held_out: int, excluded: int) -> dict[str, bool]:
    return {
        "sampling=balanced": sampling == "balanced",
        f"held_out={held_out}": bool(held_out),
        f"excluded={excluded}": bool(excluded),
    }


def excluded_numbers(digits: int, count: int) -> NDArray[np.int32]:
    """Return the numbers that ``excluded`` leaves out of training lines, ``(count,)``, rising."""
    return np.sort(np.random.default_rng(SEED).permutation(10**digits)[:count]).astype(np.int32)
