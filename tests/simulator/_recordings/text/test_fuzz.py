"""Mutated files in every dialect: refused with a message, or read as a strict reader of the dialect that was found."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from ergoscope.simulator import Dialect, read_recording

MISSING = ("", "nan", "null", "na", "n/a", "#n/a", "-", "bad", "none", "?", "--")
JUNK = ",;\t|\"'.-+0123456789eE \n\r#%abN\u00e9\u00a0:/"


@dataclass(frozen=True)
class Case:
    """A file, and what it holds."""

    data: bytes
    values: list[float | None]
    column: str
    time: str | None


def number(cell: str, decimal: str, missing: tuple[str, ...]) -> float | None:
    """Return the number of a cell, None where it is missing; the twin of the reader's patterns, written by itself."""
    text = cell.strip()
    if text.lower() in MISSING or text in missing:
        return None
    other = "," if decimal == "." else "."
    body, exponent = re.fullmatch(r"([^eEdD]*)((?:[eEdD][+-]?\d+)?)", text).groups()  # type: ignore[union-attr]
    sign, body = (body[0], body[1:]) if body[:1] in ("+", "-") else ("", body)
    whole, _, fraction = body.partition(decimal)
    groups = re.split(f"[{re.escape(other)} \u00a0\u202f'\u2019]", whole)
    if len(groups) > 1:
        assert all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3, cell
    digits = "".join(groups)
    assert re.fullmatch(r"\d*", digits) and re.fullmatch(r"\d*", fraction) and digits + fraction, cell
    value = float(f"{sign}{digits or '0'}.{fraction or '0'}{exponent}".lower().replace("d", "e"))
    return None if any(value == float(word) for word in missing if re.fullmatch(r"-?\d+", word)) else value


def strict(data: bytes, dialect: Dialect, column: str) -> list[float]:
    """Return the values of a column that are not missing, read as the dialect says and not otherwise."""
    encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding or "utf-8"
    lines = io.StringIO(data.decode(encoding), newline="").readlines()
    marks = tuple((dialect.comment or "").split())
    start = (dialect.header or 1) - 1
    commented = bool(dialect.header) and lines[start].strip().startswith(marks)
    if not dialect.header and re.fullmatch(r'"?sep=."?', lines[0].strip("\r\n"), re.IGNORECASE):
        start = 1
    kept = [
        line for k, line in enumerate(lines[start:]) if not line.strip().startswith(marks) or (k == 0 and commented)
    ]
    if commented:
        kept[0] = kept[0].strip().lstrip("#%/").strip() + "\n"
    if dialect.separator == " ":
        rows = [next(csv.reader([" ".join(line.split())], delimiter=" "), []) for line in kept]
    else:
        rows = list(csv.reader(kept, delimiter=dialect.separator or ","))
    several = max(map(len, rows)) > 1
    rows = [row for k, row in enumerate(rows) if len(row) > several or "".join(row).strip() or (k == 0 and commented)]
    names = [str(k + 1) for k in range(max(map(len, rows)))]
    if dialect.header:
        names, rows = [name.strip() for name in rows[0]], rows[1:]
        names = [name or str(k) for k, name in enumerate(names, 1)]
        if dialect.separator == " " and column not in names:
            names = re.split(r"\s{2,}|\t", kept[0].strip())
    place = names.index(column)
    cells = [row[place] for row in rows[bool(dialect.units_row) :] if place < len(row)]
    values = [number(cell, dialect.decimal or ".", dialect.missing) for cell in cells]
    return [value for value in values if value is not None]


def case(rng: np.random.Generator) -> Case:
    """Return a file in a random dialect."""
    separator = str(rng.choice([",", ";", "\t", "|", " "]))
    decimal = str(rng.choice([".", ","]))
    count, digits = int(rng.integers(3, 30)), int(rng.integers(1, 7))
    quoted = decimal == separator or rng.random() < 0.1
    grouping = rng.random() < 0.15 and separator != " "
    scale = 10.0 ** int(rng.integers(0, 4))
    values: list[float | None] = [float(f"{y:.{digits}f}") for y in scale * rng.standard_normal(count) + 5]
    for k in np.flatnonzero(rng.random(count) < 0.1):
        values[k] = None
    word = str(rng.choice(["NA", "N/A", "Bad", "-", "nan"] + [""] * (separator != " ")))

    def written(value: float | None) -> str:
        if value is None:
            return word
        text = f"{value:{',' if grouping else ''}.{digits}f}"
        swapped = text if decimal == "." else text.translate(str.maketrans(".,", ",."))
        return f'"{swapped}"' if quoted or separator in swapped else swapped

    kind = str(rng.choice(["seconds", "iso", "day", "none"]))
    stamps = {
        "seconds": [f"{0.5 * k:.1f}".replace(".", decimal) for k in range(count)],
        "iso": [f"2024-05-01T00:{k:02d}:00" for k in range(count)],
        "day": [f"{k + 1:02d}.05.2024" for k in range(count)],
        "none": [],
    }[kind]
    name = str(rng.choice(["y", "Größe", "flow [m3/h]" if separator != " " else "flow"]))
    rows = [
        [*([stamp] if stamps else []), written(value), f"n{k}x"]
        for k, (stamp, value) in enumerate(zip(stamps or values, values, strict=True))
    ]
    if quoted:
        rows = [[f'"{cell}"' if decimal in cell and '"' not in cell else cell for cell in row] for row in rows]
    header = rng.random() < 0.8
    if not header or rng.random() < 0.3:
        rows = [row[:-1] for row in rows]
    width = len(rows[0])
    header = header or width == 1
    names = [*(["t"] if stamps else []), name, "note"][:width]
    top = [["# logger v2", "% sampled once"][int(rng.integers(2))]] * int(rng.integers(0, 3))
    units = [["s", "V", "text"][-width:]] if header and rng.random() < 0.2 and width > 1 else []
    table = ([names] if header else []) + units + rows
    end = str(rng.choice(["\n", "\r\n", "\r"]))
    tail = separator * (rng.random() < 0.1 and separator != " " and width > 1)
    lines = top + [separator.join(row) + tail for row in table]
    if rng.random() < 0.2 and width > 1:
        lines.insert(int(rng.integers(len(top) + 1, len(lines))), "")
    encoding = str(rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    column = name if header else str(1 + bool(stamps))
    time = None if not stamps or rng.random() < 0.5 else "t" if header else "1"
    return Case((end.join(lines) + end).encode(encoding), values, column, time)


def mutated(case: Case, rng: np.random.Generator, times: int) -> bytes:
    """Return the bytes of a file after some changes of letters and lines."""
    data = case.data
    for _ in range(times):
        at = int(rng.integers(0, len(data) + 1))
        letter = str(rng.choice(list(JUNK))).encode()
        kind = int(rng.integers(0, 5))
        if kind == 0:
            data = data[:at] + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + letter + data[at:]
        elif kind == 2:
            data = data[:at] + letter + data[at + 1 :]
        else:
            lines = data.splitlines(keepends=True)
            k = int(rng.integers(0, len(lines) + 1))
            lines[k:k] = lines[k : k + 1] if kind == 3 else []
            del lines[k : k + (kind == 4)]
            data = b"".join(lines)
    return data


def test_mutated_files(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    rng = np.random.default_rng(11)
    count = 10_000 if request.config.getoption("--campaign") else 400
    file, read = tmp_path / "a.csv", Counter[str]()
    for _ in range(count):
        made, times = case(rng), int(rng.integers(0, 4))
        data = mutated(made, rng, times)
        file.write_bytes(data)
        try:
            found = read_recording(file, [made.column], time=made.time)
        except (ValueError, OSError) as refused:
            words = str(refused)
            read["refused" if times else f"refused as it is: {words}"] += 1
            continue
        read["read"] += 1
        assert found.reading is not None
        dialect = found.reading.dialect
        values = found.outputs[0, :, 0]
        taken = values[~np.isnan(values)].tolist()
        assert taken == strict(data, dialect, found.output_names[0]), (data, dialect)
        true = Counter(value for value in made.values if value is not None)
        if times == 0:
            assert taken == [value for value in made.values if value is not None], (data, dialect)
        # A wrong separator or decimal mark would change nearly all values, a mutation those of a row or two.
        assert (Counter(taken) - true).total() <= 2 * times, (data, dialect, taken)
        again = read_recording(file, [made.column], time=made.time, dialect=dialect)
        np.testing.assert_array_equal(again.outputs, found.outputs)
    unread = {words: times for words, times in read.items() if words.startswith("refused as it is")}
    assert all("--" in words for words in unread)
    assert read["read"] > 0.5 * count and sum(unread.values()) < 0.05 * count, (read["read"], unread)
