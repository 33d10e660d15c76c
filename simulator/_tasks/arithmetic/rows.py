"""A task whose examples are lines of characters: lines become rows of tokens, and what is asked becomes labels."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from ...._core.jax_later import Array, jax, jnp
from ...._core.text import did_you_mean
from ..process import Examples, Process
from .alphabet import END, codes_to_tokens, encode
from .layouts import Line
from .pairs import Pairs

ASKED = ("answer", "line")
USUAL_ROWS = 2000
Lines = Callable[[Any, Any], Line]


class Text(NamedTuple):
    """A text beside the lines, and the share of the rows of a set that are stretches of it."""

    share: float = 0.0
    words: str = ""


def check_word(what: str, word: str, known: tuple[str, ...]) -> None:
    """Raise ValueError unless a word is one of those known."""
    if word not in known:
        raise ValueError(
            f"{what} must be {', '.join(known[:-1])} or {known[-1]}, got {word!r}{did_you_mean(word, known)}"
        )


def line_task(
    *,
    name: str,
    about: str,
    theory: str,
    characters: str,
    line: Lines,
    pairs: Pairs,
    chance: float,
    asked: str = "answer",
    lines: int = 1,
    wide: Lines | None = None,
    text: Text = Text(),
) -> Process:
    """Return the task of predicting the next characters of lines.

    A row has as many tokens as its longest lines need, and ``$`` behind them. Its inputs are all tokens but the last,
    its label is the next token after each of the last ``Process.asked`` inputs, or -1 where none is asked for. Every
    label is asked for at the same places, and others are left out of y, where each row is one line of one length.

    Args:
        name: The task with its options.
        about: One line.
        theory: What is known exactly.
        characters: All characters of a row.
        line: The lines of two arrays of numbers.
        pairs: Where the numbers come from.
        chance: Loss of who knows the frequencies of the answers alone.
        asked: ``"answer"`` or ``"line"``: what a set asks for; an exam asks for the answer to the last line.
        lines: Lines of a row.
        wide: The longer lines of the second kind of an exam. A shorter one then stands anywhere in its row.
        text: The text beside the lines.

    Raises:
        ValueError: There are no such words, lines or shares, the text does not fill a row, or there are too few lines
            to be divided.
    """
    check_word("asked", asked, ASKED)
    shape = line(np.zeros(1, np.int32), np.zeros(1, np.int32))
    longest = shape if wide is None else wide(np.zeros(1, np.int32), np.zeros(1, np.int32))
    width = lines * len(longest.columns)
    one_length = all(column.there is True for column in shape.columns)
    same_places = one_length and lines == 1 and wide is None and asked == "answer" and not text.share
    labels = width - shape.question if same_places else width - 1
    corpus = encode(text.words, characters)
    if text.share and len(corpus) < width:
        raise ValueError(f"the text has {len(corpus)} characters and a row {width}: ask for more sentences.")
    domain = None if pairs.domain is None else pairs.domain // lines
    if domain is not None and domain < 2:
        raise ValueError(f"{pairs.domain} different lines make no two rows of {lines}: ask for fewer lines a row.")

    most = None if pairs.most is None else pairs.most // lines
    usual = USUAL_ROWS if domain is None else min(USUAL_ROWS, domain // 2, most or USUAL_ROWS)

    def marked(key: Array, a: Array, b: Array, of: Lines, exam: bool) -> Array:
        """Return twice the token of each place of a row, and one more where it is asked for."""
        written = of(a, b)
        question = np.zeros((lines, len(written.columns)), np.int32)
        if not exam and asked == "line":
            question[:] = 1
        else:
            question[-1 if exam else slice(None), written.question :] = 1
        marks = 2 * _tokens(written, characters, a) + jnp.asarray(question)[None]
        there = _there(written, a)
        marks, there = (part.reshape(len(a), -1) for part in (marks, there))
        if one_length and wide is None:
            return marks
        start = jnp.zeros(len(a), "int32")
        if wide is not None:
            length = there.sum(axis=1, dtype="int32")
            start = jax.random.randint(jax.random.fold_in(key, 2), (len(a),), 0, width - length + 1, "int32")
        return _placed(marks, there, start, width, 2 * characters.index(END))

    def examples(marks: Array, kind: Array) -> Examples:
        tokens = marks >> 1
        y = jnp.where(marks & 1 == 1, tokens, -1)[:, width - labels :]
        return Examples(tokens[:, :-1].astype("int8"), y, kind)

    def draw(key: Array, rows: int) -> Examples:
        marks = marked(key, *pairs.draw(key, rows, lines), line, False)
        if text.share:
            chosen = jax.random.uniform(jax.random.fold_in(key, 3), (rows,), "float32") < text.share
            start = jax.random.randint(jax.random.fold_in(key, 4), (rows,), 0, len(corpus) - width + 1, "int32")
            stretch = jnp.asarray(corpus)[start[:, None] + jnp.arange(width, dtype="int32")[None]]
            marks = jnp.where(chosen[:, None], 2 * stretch.astype("int32") + 1, marks)
        return examples(marks, jnp.zeros(rows, "int32"))

    def exam(key: Array, rows: int) -> Examples:
        a, b, kind = pairs.exam(key, rows, lines)
        key = jax.random.fold_in(key, 5)
        marks = marked(key, a, b, line, True)
        if wide is not None:
            marks = jnp.where(kind[:, None] == 1, marked(key, a, b, wide, True), marks)
        return examples(marks, kind)

    return Process(
        name=name,
        about=about,
        theory=theory,
        inputs=width - 1,
        symbols=len(characters),
        classes=len(characters),
        kinds=pairs.kinds,
        frequency=pairs.frequency,
        chance=chance,
        domain=domain,
        rows=usual,
        draw=draw,
        exam=exam,
        characters=characters,
        asked=labels,
        fewest=-(-pairs.fewest // lines),
        most=most,
    )


def _tokens(line: Line, characters: str, like: Array) -> Array:
    """Return the tokens of lines, ``(row, line, column)``."""
    codes = [jnp.broadcast_to(jnp.asarray(column.code, "int32"), like.shape) for column in line.columns]
    tokens: Array = jnp.asarray(codes_to_tokens(characters))[jnp.stack(codes, axis=-1)]
    return tokens


def _there(line: Line, like: Array) -> Array:
    """Return which columns each line has, ``(row, line, column)``."""
    return jnp.stack([jnp.broadcast_to(jnp.asarray(column.there), like.shape) for column in line.columns], axis=-1)


def _placed(marks: Array, there: Array, start: Array, width: int, fill: int) -> Array:
    """Return rows in which what is there stands without gaps from a place on, ``(row, width)``."""
    place = jnp.where(there, start[:, None] + jnp.cumsum(there, axis=1, dtype="int32") - 1, width)
    row = jnp.arange(len(marks), dtype="int32")[:, None]
    return jnp.full((len(marks), width), fill, "int32").at[row, place].set(marks, mode="drop")


def named(task: str, maker: Callable[..., Process], **options: Any) -> str:
    """Return a task with its options as ``find_task`` reads them: the first two, and the others that are not as usual.

    Args:
        task: Its name.
        maker: Its function, which has the usual values.
        options: Its options, in order.
    """
    usual = signature(maker).parameters
    shown = {word: value for i, (word, value) in enumerate(options.items()) if i < 2 or value != usual[word].default}
    return f"{task}:" + ",".join(f"{word}={_text(value)}" for word, value in shown.items())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
