"""Text for people: what would control a terminal is shown as an escape, everything else as it is."""

from __future__ import annotations

import pytest

from ergoscope._core.text import counted, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("y\x1b[31m", r"y\x1b[31m"),
        ("y\x07\x7f\x9b", r"y\x07\x7f\x9b"),
        ("größe\x1b", r"größe\x1b"),  # the letters around it stay
        ("a\nb\r", r"a\nb\r"),
        ("right\u202eleft", r"right\u202eleft"),
        ("not UTF-8: \udcff", r"not UTF-8: \udcff"),
        ("C:\\x1b [m/s]", "C:\\x1b [m/s]"),
    ],
)
def test_what_controls_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text, None) == shown and shown.isprintable()


def test_a_long_text_is_cut_after_it_is_escaped() -> None:
    assert printable("\x1b" * 100, 10) == r"\x1b\x1b" + ".."


def test_lines_stay_lines() -> None:
    assert printable_lines("a\x1b\n\nb\r\n") == "a\\x1b\n\nb\\r\n"


@pytest.mark.parametrize(("number", "said"), [(0, "0 streams"), (1, "1 stream"), (2, "2 streams")])
def test_a_word_agrees_with_its_number(number: int, said: str) -> None:
    assert counted(number, "stream") == said
