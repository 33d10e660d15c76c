"""Write the tables of docs/performance.md from benchmarks/results/*.json, between its two marks.

python benchmarks/table.py            write them
python benchmarks/table.py --check    write nothing; exit 1 if page and results differ
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from _clock import RESULTS, figure, spread, words

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
MARKS = "<!-- tables: python benchmarks/table.py -->", "<!-- end of tables -->"
PRECISIONS = ["float64", "float32"]
ORDER = ("ladder", "single", "long_recording", "ahead", "lattice", "linearity", "simulation", "kalman", "latency")
ORDER += ("external_predictors", "streams", "live", "memory", "memory-long", "sweep", "cluster", "train")
ORDER += ("sample_gradients", "peeling", "completion")


def section(record: dict[str, Any]) -> str:
    """Return one benchmark: the command, the work, the times, the ratios, the floor."""
    machine = record["machine"]
    lines = [
        f"## {record['title']}",
        "",
        f"`{record['command']}`: {record['work']}. {machine['cores']} cores {machine['processor']}, load "
        f"{machine['load']} before.",
    ]
    if "floor" in record:
        lines.append(f"Floor: {record['floor']}.")
    if "figure" in record:
        lines += ["", f"![{record['title']}]({record['figure']})"]
    lines += ["", *table(["", "ran", *PRECISIONS], merged(record["rows"]))]
    if record["ratios"]:
        lines += ["", *table(["ratio", "goal", *PRECISIONS], merged(record["ratios"]))]
    for name, why in record.get("skipped", {}).items():
        lines += ["", f"Skipped: {name} ({why})."]
    return "\n".join(lines)


def merged(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return name, work or goal, and one cell a precision; what names none is float64."""
    lines: dict[str, list[str]] = {}
    for row in rows:
        name, _, precision = row["name"].rpartition(", ")
        if precision not in PRECISIONS:
            name, precision = row["name"], PRECISIONS[0]
        cell = spread(row["values"], row.get("unit", ""))
        if row.get("processor"):
            cell += f"; {figure(statistics.median(row['processor']))}"
        start = [name, str(row.get("ran") or row.get("goal") or ""), "", ""]
        line = lines.setdefault(name, start)
        line[2 + PRECISIONS.index(precision)] = cell
        line[1] = line[1] or start[1]
    return list(lines.values())


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return a Markdown table, a column without an entry left out."""
    kept = [k for k in range(len(head)) if k == 0 or any(row[k] for row in rows)]
    return ["| " + " | ".join(line[k] for k in kept) + " |" for line in (head, ["---"] * len(head), *rows)]


def page(text: str) -> str:
    """Return the page with its tables written anew."""
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    files = [RESULTS / f"{name}.json" for name in ORDER]
    records = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]
    return "\n\n".join([before + MARKS[0], *map(section, records), versions(records), MARKS[1] + after])


def versions(records: list[dict[str, Any]]) -> str:
    """Return what was installed, once for each different set."""
    found: dict[str, list[str]] = {}
    for record in records:
        machine = record["machine"]
        packages = (f"{name} {version}" for name, version in machine["versions"].items() if name != "ergoscope")
        found.setdefault(", ".join((f"Python {machine['python']}", *packages)), []).append(record["title"])
    if len(found) == 1:
        return f"Versions: {next(iter(found))}."
    return "\n\n".join(f"Versions ({', '.join(titles)}): {packages}." for packages, titles in found.items())


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if they differ")
    check = parser.parse_args().check
    text = PAGE.read_text(encoding="utf-8")
    anew = page(text)
    if check and anew != text:
        sys.exit(f"{PAGE.name} is not what the results say: run python benchmarks/table.py")
    if not check:
        PAGE.write_text(anew, encoding="utf-8")
        print(f"written: {PAGE.name}")


if __name__ == "__main__":
    main()
