"""Networks on plants: where their error stops growing, with how many parameters, and in how many microseconds a sample.

    python benchmarks/networks.py [--replicates 32] [--horizon 8000] [--rounds 5] [--clock | --page | --check]

Runs ``ergoscope reproduce networks-on-plants`` and clocks every learner of it at each size alone: processor time of
all cores together, for one sample of one of 32 streams, the least of the rounds. Written to
benchmarks/results/networks.json and into docs/networks.md.

    --clock           measure the times only
    --page            write the page from the results, measure nothing
    --check           write nothing; exit 1 if page and results differ
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from _clock import RESULTS, Contender, count, figure, interleaved, machine, words, write
from table import table

from ergoscope._core.devices import computing
from ergoscope.analysis._studies.state_space.networks_on_plants import (
    SYSTEMS,
    WITHOUT,
    contenders,
    reproduce_networks_on_plants,
)
from ergoscope.learners import Learner, make_learner
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import score
from ergoscope.simulator import simulate, zoo

PAGE = Path(__file__).parents[1] / "docs" / "networks.md"
MARKS = "<!-- networks: python benchmarks/networks.py -->", "<!-- end of networks -->"
SHOWN = "double-integrator"
STREAMS, STEPS = 32, 400
WORDS = dict(bounded="bounded", growing="grows")


def clocked(rounds: int) -> dict[str, dict[str, float]]:
    """Return microseconds of processor time a sample, by learner and size."""
    y = simulate(1, zoo(SHOWN), STEPS, STREAMS).outputs.transpose(1, 2, 0)

    def runs(learner: Learner) -> Any:
        driver, lengths = Driver(learner, width=STREAMS), np.full(STREAMS, STEPS)

        def run() -> object:
            with computing("float64"):
                return score(driver, [y], lambda t: np.zeros((len(t), 0)), lengths, [0, STEPS], whole=True)

        return run

    named = {
        (name, size): make_learner(
            name.removesuffix(WITHOUT) + ":differences=no" * name.endswith(WITHOUT), dict(sizes=[size])
        )
        for name, learner in contenders().items()
        for size in learner.sizes
    }
    work = {
        f"{name}/{size}": Contender(runs(one), STREAMS * STEPS, f"{STREAMS} streams x {STEPS} samples")
        for (name, size), one in named.items()
    }
    spent: dict[str, dict[str, float]] = {}
    for key, values in interleaved(work, rounds).processor.items():
        name, size = key.split("/")
        spent.setdefault(name, {})[size] = min(values) / 1000
    return spent


def shortly(value: float) -> str:
    return figure(value) if value < 1e6 else f"{value:.1e}".replace("e+", "e")


def page(text: str, record: dict[str, Any]) -> str:
    """Return the page with its tables written anew."""
    rows, times, host = record["rows"], record["times"], record["machine"]
    learners = list(dict.fromkeys(row["learner"] for row in rows))

    def cell(learner: str, system: str) -> str:
        own = [row for row in rows if (row["learner"], row["system"]) == (learner, system)]
        best = min(own, key=lambda row: row["ratio"])
        found = own[0]["found"]
        return f"{found}; {shortly(best['ratio'])} ({best['size']})"

    theory = {row["system"]: str(row["theory"]) for row in rows}
    systems = table(
        ["learner", *SYSTEMS],
        [["*theory*", *(theory[name] for name in SYSTEMS)]]
        + [[f"`{learner}`", *(cell(learner, system) for system in SYSTEMS)] for learner in learners],
    )
    sizes = table(
        ["learner", "size", "parameters", "exponent", "verdict", "error", "time a sample"],
        [
            [
                f"`{row['learner']}`",
                str(row["size"]),
                str(row["parameters"]),
                f"{row['exponent']:.2f}",
                WORDS.get(row["verdict"], "falls" if "falls" in row["reason"] else "undecided"),
                shortly(row["ratio"]),
                f"{figure(times[row['learner']][str(row['size'])])} µs",
            ]
            for row in rows
            if row["system"] == SHOWN
        ],
    )
    head = f"{host['cores']} cores {host['processor']}, load {host['load']} before; {record['replicates']} runs of "
    head += f"{record['horizon']} samples."
    first, last = MARKS
    before, rest = text.split(first)
    lines = [first, head, "", *systems, "", f"The sizes on `{SHOWN}`:", "", *sizes, last]
    return before + "\n".join(lines) + rest.split(last)[1]


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--replicates", type=count, default=32)
    parser.add_argument("--horizon", type=count, default=8000)
    parser.add_argument("--rounds", type=count, default=5)
    parser.add_argument("--clock", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    file = RESULTS / "networks.json"
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else dict(rows=[])
    if not (given.page or given.check):
        if not given.clock:
            done = reproduce_networks_on_plants(given.replicates, horizon=given.horizon)
            print(done.sentence)
            record |= dict(rows=done.table.to_dicts(), replicates=given.replicates, horizon=given.horizon)
        record |= dict(title="Networks on plants", command="python benchmarks/networks.py", machine=machine())
        record |= dict(times=clocked(given.rounds))
        write("networks", record)
    text = PAGE.read_text(encoding="utf-8")
    anew = page(text, record)
    if given.check and anew != text:
        sys.exit(f"{PAGE.name} is not what the results say: run python benchmarks/networks.py --page")
    if not given.check:
        PAGE.write_text(anew, encoding="utf-8")
        print(f"written: {PAGE.name}")


if __name__ == "__main__":
    main()
