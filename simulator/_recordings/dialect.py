"""How a file is written, and what is done with its rows: one option for each guess of the reader."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .time_units import TIME_UNITS

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
SPELLED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "blank": " ", "blanks": " "}
TEXT_ONLY = ("separator", "encoding", "header", "units_row", "comment")


@dataclass(frozen=True)
class Dialect:
    """How a file is written, and what is done with its rows.

    None leaves a choice to the reader, which refuses what it cannot tell for sure. ``Trajectories.reading.dialect`` has
    the choices that were made; a file that is read with them gives the same samples. On the command line each field is
    an option: ``time_order`` is ``--time-order``.

    Attributes:
        separator: Between the columns of a text: a comma, a semicolon, a tab, a bar, or a blank for runs of blanks and
            tabs. The words comma, semicolon, tab, bar and blank are taken, too.
        decimal: Decimal mark of numbers in text, ``"."`` or ``","``. The other mark may group digits by three.
        encoding: Of a text, such as ``"utf-8"``, ``"utf-16"``, ``"latin-1"``.
        header: Line with the column names, from 1; the lines before it are left out. 0: there is none, and columns are
            called 1, 2, ...
        units_row: Whether a row of units follows the header.
        comment: What begins a comment line, such as ``"#"``; several with blanks between them. ``""``: there are none.
        missing: Words and numbers that stand for a missing sample, beside empty cells, NaN, null, NA and their like.
        time_format: Of the time column: a format such as ``"%d/%m/%Y %H:%M"`` (strftime), or the unit that its numbers
            count: ns, us, ms, s, min, h, day or year.
        sort: Whether to sort the rows of each run by time.
        time_order: Whether to take rows as samples one step apart, in order, whatever their stamps say. The step is the
            usual one.
        table: The sheet, data set, group or variable, of a file that holds several.

    Raises:
        ValueError: A field is none of these.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    header: int | None = None
    units_row: bool | None = None
    comment: str | None = None
    missing: tuple[str, ...] = ()
    time_format: str | None = None
    sort: bool = False
    time_order: bool = False
    table: str | None = None

    def __post_init__(self) -> None:
        if self.separator is not None:
            mark = SPELLED.get(self.separator, self.separator)
            if len(mark) != 1 or mark.isalnum() or mark in "\"\r\n.+-'" or not mark.isascii():
                raise ValueError(
                    f"separator must be one character, or comma, semicolon, tab, bar or blank, got {self.separator!r}."
                )
            object.__setattr__(self, "separator", mark)
        if self.decimal not in (None, ".", ","):
            raise ValueError(f"decimal must be a point or a comma, got {self.decimal!r}.")
        if self.encoding is not None:
            try:
                name = codecs.lookup(self.encoding).name
                "0".encode(name)
            except (LookupError, ValueError, TypeError):
                raise ValueError(
                    f"encoding must be one that Python knows, such as utf-8, utf-16 or latin-1; got {self.encoding!r}."
                ) from None
            object.__setattr__(self, "encoding", name)
        if self.header is not None and (isinstance(self.header, bool) or self.header < 0):
            raise ValueError(
                f"header must be the number of the line with the column names, 0 for none, got {self.header!r}."
            )
        if self.time_format is not None and not ("%" in self.time_format or self.time_format in TIME_UNITS):
            raise ValueError(
                f"time_format must be a format such as %d/%m/%Y, or one of {', '.join(TIME_UNITS)}; got "
                f"{self.time_format!r}."
            )
        given: Any = self.missing
        words = (given,) if isinstance(given, str | int | float) else given
        object.__setattr__(self, "missing", tuple(str(word).strip() for word in words))

    @property
    def given(self) -> dict[str, Any]:
        """The fields that are set."""
        plain = Dialect()
        return {name: value for name, value in asdict(self).items() if value != getattr(plain, name)}

    def refuse(self, names: Iterable[str], where: str, why: str) -> None:
        """Raise ValueError if one of the fields is set.

        Args:
            names: Fields that have no meaning here.
            where: The file or frame, for the message.
            why: The reason, for the message.
        """
        if wrong := [name for name in names if name in self.given]:
            raise ValueError(f"{where}: {option(wrong[0])} {why}: leave it out.")


def option(name: str) -> str:
    """Return a field as it is written on the command line."""
    return f"--{name.replace('_', '-')}"
