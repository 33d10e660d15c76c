"""Ask undecided answers how much data they need, record that much, and see whether it decides.

    python benchmarks/more_data.py              100 cases, 25 of each of four kinds: ten minutes
    python benchmarks/more_data.py --cases 5    five of each kind
    python benchmarks/more_data.py --check      measure and write nothing; exit 1 if the page differs

A case is an undecided answer of ``locate`` that names a number. Its kinds: two sizes of one recording, two sizes of
eight runs, one size of 8 to 32 runs of a recording, one size of 8 to 32 replicates of a system. Each is asked again
with the number, and with half of it. Cases go round the plants; each is written to benchmarks/results/more_data.json at
once, so an interrupted run continues where it stopped; ``--anew`` starts again. The table of docs/more-data.md and its
figure are made from that file.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

from _clock import RESULTS, count, machine, words, write
from table import table

PAGE = Path(__file__).parents[1] / "docs" / "more-data.md"
FIGURE = PAGE.parent / "images" / "more-data.png"
MARKS = "<!-- table: python benchmarks/more_data.py -->", "<!-- end of table -->"
FILE = RESULTS / "more_data.json"
KINDS = {
    "one recording": "two sizes, one recording",
    "eight runs": "two sizes, 8 runs",
    "runs": "growth, 8 to 32 runs of a recording",
    "replicates": "growth, 8 to 32 replicates of a system",
}
PLANTS = ("random-walk", "double-integrator", "harmonic-oscillator", "two-tones", "random-walk-0.1", "seasonal")
PLANTS += ("near-unit-root", "damped-oscillator", "stable-ar", "stable-random")
SIZES = range(9)
LENGTHS, RUNS = (100, 250, 500, 1000, 2000), (8, 16, 32)
LARGEST = 4_000_000  # samples of all runs of a case


def trial(kind: str, place: int) -> dict[str, Any] | None:
    """Return what one answer asks for, and whether that and half of it decide; None if it asks for nothing."""
    plant, length = PLANTS[place % len(PLANTS)], LENGTHS[place // len(PLANTS) % len(LENGTHS)]
    runs = {"one recording": 1, "eight runs": 8}.get(kind, RUNS[place // 3 % len(RUNS)])
    asked = _asked(kind, plant, length, runs, place)
    case = dict(kind=kind, place=place, plant=plant, length=length, runs=runs)
    if asked is None:
        return None
    case |= dict(sizes=list(asked.sizes), enough=asked.enough, asked_runs=asked.runs, asked_samples=asked.samples)
    needed = (asked.runs or runs, asked.samples or length)
    if not asked.enough or math.prod(needed) > LARGEST:
        return case
    whole, half = _decided(case, *needed), False
    if asked.samples is not None:
        half = needed[1] // 2 > length and _decided(case, needed[0], needed[1] // 2)
    elif needed[0] // 2 > runs:
        half = _decided(case, needed[0] // 2, needed[1])
    return case | dict(whole=whole, half=half)


def _asked(kind: str, plant: str, length: int, runs: int, seed: int) -> Any:
    """Return what an answer asks for; None if nothing is undecided."""
    from ergoscope.analysis import locate
    from ergoscope.simulator import simulate, zoo

    pair = kind in ("one recording", "eight runs")
    if kind == "replicates":
        found = locate(plant, horizon=length, replicates=runs, sizes=range(5), seed=seed)
    else:
        sizes = SIZES if pair else range(5)
        found = locate(simulate(seed, zoo(plant), length, runs), sizes=sizes, model=False)
    return next((each for each in found.more if len(each.sizes) == (2 if pair else 1)), None)


def _decided(case: dict[str, Any], runs: int, samples: int) -> bool:
    """Return whether so much data, of which the present data are a part, decides the case."""
    from ergoscope.analysis import locate
    from ergoscope.simulator import simulate, zoo

    plant, seed, sizes = zoo(case["plant"]), case["place"], case["sizes"]
    if len(sizes) == 2:
        verdict = locate(simulate(seed, plant, samples, runs), sizes=sizes, model=False).best.pairs["verdict"][0]
        return bool(verdict != "alike")
    if case["kind"] == "replicates":
        found = locate(plant, horizon=samples, replicates=runs, sizes=sizes, seed=seed)
    else:
        found = locate(simulate(seed, plant, samples, runs), sizes=sizes, model=False)
    return bool(found.rungs["verdict"][0] != "undecided" and found.verdict != "undecided")


def run_cases(record: dict[str, Any], cases: int) -> None:
    """Add what is missing, kind by kind in turn."""
    for number in range(1, cases + 1):
        for kind in KINDS:
            while sum("whole" in row for row in record["rows"] if row["kind"] == kind) < number:
                place = record["next"].get(kind, 0)
                row = trial(kind, place)
                record["next"][kind] = place + 1
                if row is not None:
                    record["rows"].append(row)
                    print(row, flush=True)
                    write("more_data", record)


def rows(record: dict[str, Any]) -> list[list[str]]:
    """Return a line a kind, and one for all."""
    lines = []
    for kind, said in [*KINDS.items(), (None, "all")]:
        mine = [row for row in record["rows"] if kind in (None, row["kind"])]
        tried = [row for row in mine if "whole" in row]
        if not tried:
            continue
        times = sorted(_times(row) for row in tried)
        bounds = sum(not row["enough"] for row in mine)
        shares = [f"{100 * sum(row[word] for row in tried) / len(tried):.0f} %" for word in ("whole", "half")]
        lines.append([said, str(len(tried)), f"{times[len(times) // 2]:.2g}", *shares, str(bounds)])
    return lines


def _times(row: dict[str, Any]) -> float:
    """Return how many times as much data is asked for."""
    return (row["asked_runs"] or row["runs"]) * (row["asked_samples"] or row["length"]) / (row["runs"] * row["length"])


def page(text: str, record: dict[str, Any]) -> str:
    """Return the page with its table written anew."""
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    head = ["what is undecided", "cases", "times the data, median", "the number decides", "half of it", "lower bounds"]
    return "\n\n".join([before + MARKS[0], "\n".join(table(head, rows(record))), MARKS[1] + after])


def draw(record: dict[str, Any]) -> Any:
    """Draw the difference of one pair of sizes against the samples, and the shares of decisions of each kind."""
    import numpy as np
    from matplotlib.figure import Figure

    from ergoscope.analysis import locate
    from ergoscope.analysis._reports.style import BLUE, ORANGE, plain_log
    from ergoscope.simulator import simulate, zoo

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    run, now = simulate(0, zoo("random-walk"), 8000), 1000
    asked = locate(run.first(now), sizes=SIZES, model=False).more[0]
    assert asked.samples is not None
    tried = np.geomspace(250, 8000, 16).astype(int).tolist()
    pairs = [locate(run.first(n), sizes=asked.sizes, model=False).best.pairs.row(0, named=True) for n in tried]
    low, high, middle = (np.array([pair[word] for pair in pairs]) for word in ("low", "high", "difference"))
    left.fill_between(tried, low, high, color=BLUE, alpha=0.25, lw=0, label="its 95 % interval")
    left.plot(tried, middle, color=BLUE, label=f"size {asked.sizes[1]} minus size {asked.sizes[0]}")
    left.axhline(0, color="0.25", lw=0.8)
    for samples, words_, colour in ((now, "at hand", "0.25"), (asked.samples, "asked for", ORANGE)):
        left.axvline(samples, color=colour, ls="--", lw=1.2)
        left.annotate(words_, (samples, 1), xycoords=("data", "axes fraction"), xytext=(4, -12),
                      textcoords="offset points", color=colour, fontsize=9)  # fmt: skip
    left.set(xlabel="samples recorded", ylabel="difference of mean squared errors")
    plain_log(left, np.array([250, 500, 1000, 2000, 4000, 8000]))
    left.set_title("One recording of a random walk", loc="left", fontsize=11)
    left.legend(fontsize=9, frameon=False, loc="lower right")
    names = [kind for kind in KINDS if any("whole" in row for row in record["rows"] if row["kind"] == kind)]
    for offset, word, said, colour in ((-0.2, "whole", "the number", ORANGE), (0.2, "half", "half of it", BLUE)):
        for place, kind in enumerate(names):
            tried_ = [row[word] for row in record["rows"] if row["kind"] == kind and "whole" in row]
            share, count_ = sum(tried_) / len(tried_), len(tried_)
            spread = 1.96 * math.sqrt(max(share * (1 - share), 0.25 / count_) / count_)
            ends = [[100 * spread], [100 * min(spread, 1 - share)]]
            right.bar(place + offset, 100 * share, 0.36, yerr=ends, color=colour, capsize=3,
                      hatch="//" if word == "half" else None, edgecolor="white",
                      label=said if not place else None)  # fmt: skip
    right.axhline(90, color="0.25", ls=":", lw=1.2)
    labels = {"one recording": "two sizes,\none run", "eight runs": "two sizes,\n8 runs",
              "runs": "growth,\nrecording", "replicates": "growth,\nsystem"}  # fmt: skip
    right.set_xticks(range(len(names)), [labels[kind] for kind in names], fontsize=9)
    right.set(ylabel="decided (%)", ylim=(0, 125), yticks=range(0, 101, 20))
    right.set_title("How often it decides; dotted: promised", loc="left", fontsize=11)
    right.legend(fontsize=9, frameon=False, loc="upper left", ncols=2)
    return figure


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--cases", type=count, default=25, help="cases of each kind")
    parser.add_argument("--anew", action="store_true", help="forget what was measured before")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if page and results differ")
    asked = parser.parse_args()
    record: dict[str, Any] = dict(
        title="How much more to record", command="python benchmarks/more_data.py", machine=machine(), next={}, rows=[]
    )
    if FILE.exists() and not asked.anew:
        record |= {word: json.loads(FILE.read_text(encoding="utf-8"))[word] for word in ("next", "rows")}
    if not asked.check:
        run_cases(record, asked.cases)
    text = PAGE.read_text(encoding="utf-8")
    anew = page(text, record)
    if asked.check and anew != text:
        sys.exit(f"{PAGE.name} is not what the results say: run python benchmarks/more_data.py")
    if not asked.check:
        PAGE.write_text(anew, encoding="utf-8")
        draw(record).savefig(FIGURE, dpi=120, metadata={"Software": "ergoscope"})
        print(f"written: {PAGE.name}")


if __name__ == "__main__":
    main()
