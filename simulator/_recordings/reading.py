"""The record of what was read from files or arrays, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from ..._core.text import spaced
from .dialect import Dialect
from .time_units import TIME_UNITS, step_words

PLURAL = {"day": "days", "year": "years"}


class Reading(NamedTuple):
    """What was read from files or arrays.

    Attributes:
        rows: Rows read, over all files and runs.
        missing: Missing samples: rows of the grid without a value of every output, holes included.
        step: Sampling time in seconds; None if unknown.
        filled: Share of the samples that have a value of every output, from 0 to 1.
        files: Names of the files.
        format: ``"CSV"``, ``"text"`` for other separators, ``"Parquet"``, ..; of the first file, as all that follows.
        dialect: What was taken for what. A file that is read with it gives the same samples.
        units: Of columns, where the file has them.
        notes: What to look at: a column that may be the time, weekends that may be no samples, ..
    """

    rows: int
    missing: int
    step: float | None
    filled: float
    files: tuple[str, ...]
    format: str = ""
    dialect: Dialect = Dialect()
    units: Mapping[str, str] = {}
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it in plain values."""
        return self._asdict() | dict(dialect=asdict(self.dialect), units=dict(self.units))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Reading:
        """Return the reading of plain values, as ``to_dict`` has them or JSON keeps them."""
        known: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**(known | dict(dialect=Dialect(**values.get("dialect", {})))))

    @property
    def words(self) -> str:
        """What was read, and what was taken for what, on one line."""
        rows = f"{spaced(self.rows)} row{'s' * (self.rows != 1)}"
        samples = self.rows if self.filled == 1 else round(self.missing / (1 - self.filled))
        missing = "no sample missing"
        if self.missing:
            missing = f"{spaced(self.missing)} of {spaced(samples)} samples missing ({_percent(1 - self.filled)})"
        step = "no time column" if self.step is None else f"step {step_words(self.step)}"
        parts = [rows if self.format in ("", "CSV") else f"{rows} of {self.format}", *_dialect_words(self.dialect)]
        units = ", ".join(
            f"{name} in {unit}" for name, unit in self.units.items() if not name.endswith((f"[{unit}]", f"({unit})"))
        )
        return "; ".join([", ".join([*parts, *([units] if units else []), missing, step]), *self.notes])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 1e-3 else "less than 0.1 %"


def _dialect_words(dialect: Dialect) -> list[str]:
    """Return what differs from commas, decimal points, UTF-8 and a header in the first line."""
    words = []
    if dialect.separator not in (None, ","):
        spelled = {"\t": "tab", " ": "blanks"}
        words.append(f"separator {spelled.get(str(dialect.separator), repr(dialect.separator))}")
    if dialect.decimal == ",":
        words.append("decimal ','")
    if dialect.encoding not in (None, "utf-8"):
        words.append(f"encoding {dialect.encoding}")
    if dialect.header is not None and dialect.header != 1:
        words.append(f"column names in line {dialect.header}" if dialect.header else "no header")
    if dialect.units_row:
        words.append("a row of units")
    if dialect.comment:
        words.append(f"comments after {dialect.comment}")
    if dialect.table is not None:
        words.append(f"table {dialect.table!r}")
    if dialect.missing:
        words.append(f"{', '.join(map(repr, dialect.missing))} missing")
    if dialect.time_format is not None:
        named = "time in" if dialect.time_format in TIME_UNITS else "dates as"
        words.append(f"{named} {PLURAL.get(dialect.time_format, dialect.time_format)}")
    if dialect.sort:
        words.append("sorted by time")
    if dialect.time_order:
        words.append("rows taken as one step apart")
    return words
