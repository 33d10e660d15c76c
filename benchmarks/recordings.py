"""Compare the answers for four plants: from one recording, from models fitted to it, and from 64 runs.

    python benchmarks/recordings.py             20 recordings of 400 and of 2000 samples each: ten minutes
    python benchmarks/recordings.py --seeds 2   the first two of them
    python benchmarks/recordings.py --check     measure and write nothing; exit 1 if the page differs

Each answer is written to benchmarks/results/recordings.json at once, so an interrupted run continues where it stopped;
``--anew`` starts again. The table of docs/theory.md, between its two marks, is written from that file.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _clock import RESULTS, count, machine, words, write
from table import table

PAGE = Path(__file__).parents[1] / "docs" / "theory.md"
MARKS = "<!-- table: python benchmarks/recordings.py -->", "<!-- end of table -->"
FILE = RESULTS / "recordings.json"
PLANTS = {"random-walk": 6, "double-integrator": 6, "two-tones": 9, "stable-ar": 6}  # and the largest size tried
LENGTHS = 400, 2000
FIRST, RUNS = 1000, 64  # the first seed; the runs of those that are many


def single(plant: str, length: int, seed: int) -> dict[str, Any]:
    """Return what is said of one recording."""
    from ergoscope.analysis import locate
    from ergoscope.simulator import simulate, zoo

    found = locate(simulate(seed, zoo(plant), length), sizes=range(PLANTS[plant] + 1))
    model, regret = found.model, found.regret
    assert model is not None
    low, high = model.interval or (None, None)
    return dict(
        plant=plant,
        length=length,
        seed=seed,
        verdict=found.verdict,
        regret_size=None if regret is None else regret.size,
        models=model.models,
        model_verdict=model.verdict,
        model_size=model.critical_size,
        low=low,
        high=high,
    )


def many(plant: str, length: int) -> dict[str, Any]:
    """Return what theory and many runs say of a plant."""
    from ergoscope.analysis import locate, theory
    from ergoscope.simulator import simulate, zoo

    found = locate(simulate(FIRST, zoo(plant), length, RUNS), sizes=range(PLANTS[plant] + 1))
    theoretical = theory(zoo(plant)).critical_size
    return dict(plant=plant, length=length, theory=theoretical, verdict=found.verdict, size=found.critical_size)


def run_case(record: dict[str, Any], seeds: int) -> None:
    """Add what is missing, one recording after the other, the same seed of all cells before the next."""
    work: list[tuple[str, tuple[Any, ...], Callable[..., dict[str, Any]]]] = []
    cells = [(plant, length) for length in LENGTHS for plant in PLANTS]
    work += [("many", cell, many) for cell in cells]
    work += [("single", (*cell, seed), single) for seed in range(FIRST, FIRST + seeds) for cell in cells]
    for place, (kind, words_, ask) in enumerate(work):
        keys = dict(zip(("plant", "length", "seed"), words_, strict=False))
        if any(keys.items() <= row.items() for row in record[kind]):
            continue
        record[kind].append(ask(*words_))
        print(f"{place + 1} of {len(work)}: {record[kind][-1]}", flush=True)
        write("recordings", record)


def rows(record: dict[str, Any]) -> list[list[str]]:
    """Return a line a plant and length."""
    lines = []
    for cell in sorted(record["many"], key=lambda row: (list(PLANTS).index(row["plant"]), row["length"])):
        expected = cell["theory"]
        mine = [row for row in record["single"] if (row["plant"], row["length"]) == (cell["plant"], cell["length"])]
        if not mine:
            continue
        asked = [row for row in mine if row["models"]]
        inside = sum(row["low"] <= expected and (row["high"] is None or expected <= row["high"]) for row in asked)
        sizes = sorted(row["regret_size"] for row in mine if row["regret_size"] is not None)
        told = f"{sizes[0]} to {sizes[-1]}" if sizes and sizes[0] < sizes[-1] else str(*sizes[:1])
        if len(sizes) < len(mine):
            told += f" (in {len(sizes)})"
        lines.append(
            [
                cell["plant"],
                str(cell["length"]),
                str(expected),
                counts(str(row["verdict"]) for row in mine),
                told,
                counts(said(row) for row in mine),
                f"{inside} of {len(asked)}",
                str(cell["verdict"] if cell["size"] is None else cell["size"]),
            ]
        )
    return lines


def said(row: dict[str, Any]) -> str:
    """Return the model-based answer of one recording in words."""
    if not row["models"]:
        return "without a model"
    return str(row["model_verdict"]) if row["model_size"] is None else f"at {row['model_size']}"


def counts(answers: Any) -> str:
    """Return how often which answer was given, the most frequent first."""
    found = Counter(answers).most_common()
    return ", ".join(f"{times} {answer}" for answer, times in found)


def page(text: str, record: dict[str, Any]) -> str:
    """Return the page with its table written anew."""
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    seeds = len({row["seed"] for row in record["single"]})
    head = ["plant", "samples", "h*", "one run", "its regret size", "model-based", "h* in the models' range"]
    lines = table([*head, f"{RUNS} runs"], rows(record))
    expected = {row["plant"]: row["theory"] for row in record["many"]}
    named = [row for row in record["single"] if row["model_size"] is not None]
    right = sum(row["model_size"] == expected[row["plant"]] for row in named)
    note = (
        f"`python benchmarks/recordings.py`: {seeds} recordings a line, seeds {FIRST} to {FIRST + seeds - 1}; of the "
        f"{len(named)} sizes that models name {right} are h*."
    )
    return "\n\n".join([before + MARKS[0], note, "\n".join(lines), MARKS[1] + after])


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--seeds", type=count, default=20, help="recordings of each plant and length")
    parser.add_argument("--anew", action="store_true", help="forget what was measured before")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if page and results differ")
    asked = parser.parse_args()
    record: dict[str, Any] = dict(
        title="Four plants, recorded once",
        command="python benchmarks/recordings.py",
        machine=machine(),
        many=[],
        single=[],
    )
    if FILE.exists() and not asked.anew:
        record |= {kind: json.loads(FILE.read_text(encoding="utf-8"))[kind] for kind in ("many", "single")}
    if not asked.check:
        run_case(record, asked.seeds)
    text = PAGE.read_text(encoding="utf-8")
    anew = page(text, record)
    if asked.check and anew != text:
        sys.exit(f"{PAGE.name} is not what the results say: run python benchmarks/recordings.py")
    if not asked.check:
        PAGE.write_text(anew, encoding="utf-8")
        print(f"written: {PAGE.name}")


if __name__ == "__main__":
    main()
