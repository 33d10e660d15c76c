"""Measure every learner on six systems: critical size, regret at T = 1e4, time per step; and where RLS fails.

    python benchmarks/learners.py [--replicates 64] [--rounds 9] [--only NAME ..] [--clock | --page | --check]

One ``locate`` for each learner and system, all sizes 0 to 8. Regret is the excess over the Kalman predictor summed over
a run, in units of the innovation variance tr S, the median over the runs. Time is processor time of all cores
together, for one step of one of 64 streams, the least of the rounds. Written to benchmarks/results/learners.json and
into docs/learners.md.

    --only NAME ..    measure these again and keep the others
    --clock           measure the times only
    --page            write the page from the results, measure nothing
    --check           write nothing; exit 1 if page and results differ
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _clock import RESULTS, Contender, count, figure, interleaved, machine, words, write
from table import table

from ergoscope._core.devices import computing
from ergoscope.analysis import kalman_gain, locate, theory
from ergoscope.learners import Learner, learner_names, make_learner
from ergoscope.learners._catalogue import learner_entry
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import score
from ergoscope.simulator import LinearSystem, simulate, zoo

PAGE = Path(__file__).parents[1] / "docs" / "learners.md"
SYSTEMS = ("random-walk", "double-integrator", "two-tones", "weak-tone", "stable-ar", "quadruple-tank")
SEEN = "figure-1"  # shows its state
STATE = ("submatrix", "rank", "random-chart", "block-chart")
BESIDE = ("lattice", "kalman", "persistence", "zero")  # stand beside those that see the state
HORIZON, STREAMS, STEPS = 10_000, 64, 500
LONGEST = 8
WORDS = {  # where the length is an option
    "doubling-epochs": f"doubling-epochs:longest={LONGEST}",
    "length-mixture": f"length-mixture:longest={LONGEST}",
}
BESIDES = {"ladder": "ladder:ridge=1", "kalman": "kalman:process=0.1"}  # shown after the one with the defaults
NAMES = [words for name in learner_names() for words in (name, BESIDES.get(name)) if words]
CHARTS = (0, 7, 14, 21, 27, 28, 30, 35, 49)  # parameters: n m = 28 on the system whose state is seen
FAILING = ("naive-rls", "square-root-rls", "ladder")
PARTS = ("median", "mean")  # over the runs
CASES = (("float32", 1.0), ("float64", 0.99))


def learner_words(name: str) -> str:
    return WORDS.get(name, name)


def entry_of(name: str) -> Any:
    return learner_entry(name.partition(":")[0])


def sizes_of(name: str, seen: bool) -> Iterable[int] | None:
    rungs = entry_of(name).size_label
    if rungs in ("filter length", "window length"):
        return range(LONGEST + 1)
    if rungs in ("block size", "rank"):
        return range(rungs == "block size", 8)
    return CHARTS if name == "random-chart" else None


def measured(name: str, system: str, replicates: int) -> dict[str, Any]:
    """Return verdict and regret of one learner on one system."""
    seen = system == SEEN
    found = locate(
        system, learner=learner_words(name), sizes=sizes_of(name, seen), horizon=HORIZON, replicates=replicates
    )
    excess = found.curves.filter(pl.col("metric") == "excess")
    runs = excess.group_by("size", "group").agg((pl.col("value") * pl.col("samples")).sum())
    if excess["group"].n_unique() != replicates:
        raise ValueError("a group of runs is one run here: choose at most 64 replicates.")
    by_size = runs.group_by("size").agg(mean=pl.col("value").mean(), median=pl.col("value").median()).sort("size")
    unit = float(np.trace(np.atleast_2d(kalman_gain(zoo(system)).innovation)))
    return dict(
        learner=name,
        system=system,
        verdict=found.verdict,
        size=found.critical_size,
        reason=found.reason,
        sizes=by_size["size"].to_list(),
        exponents=found.rungs.sort("size")["exponent"].to_list(),
        **{word: [value / unit if np.isfinite(value) else None for value in by_size[word]] for word in PARTS},
    )


def clocked(names: Iterable[str], rounds: int) -> dict[str, float]:
    """Return nanoseconds of processor time a step of one of 64 streams, as a sweep runs them."""
    contenders: dict[str, Contender] = {}
    for name in names:
        source = SEEN if name in STATE else "double-integrator"
        system, filled = zoo(source), dict(outputs=zoo(source).outputs, system=zoo(source))
        gain = kalman_gain(system).gain
        learner = make_learner(learner_words(name), filled | dict(sizes=sizes_of(name, source == SEEN), gain=gain))
        contenders[name] = Contender(block(learner, system), STREAMS * STEPS, f"{STREAMS} streams x {STEPS} steps")
    return {name: min(spent) for name, spent in interleaved(contenders, rounds).processor.items()}


def block(learner: Learner, system: LinearSystem) -> Callable[[], object]:
    y = simulate(1, system, STEPS, STREAMS).outputs.transpose(1, 2, 0)
    driver = Driver(learner, system.outputs, **(dict(width=STREAMS) if learner.pooled else {}))

    def run() -> object:
        with computing("float64"):
            lengths = np.full(STREAMS, STEPS)
            return score(driver, [y], lambda t: np.zeros((len(t), 0)), lengths, [0, STEPS], whole=True)

    return run


def failures(runs: int = 16, steps: int = 20_000, size: int = 8) -> list[dict[str, Any]]:
    """Return the error of recursive least squares in its forms on a double integrator with little process noise."""
    A, C, Q = [[1.0, 1.0], [0.0, 1.0]], [[1.0, 0.0]], [[0.0, 0.0], [0.0, 1e-4]]
    system = LinearSystem(np.array(A), np.array(C), np.array(Q), np.eye(1))
    found = []
    for precision, forgetting in CASES:
        for name in FAILING:
            learner = make_learner(f"{name}:forgetting={forgetting}", dict(sizes=[size], outputs=1, inputs=0))
            with computing(precision):  # type: ignore[arg-type]
                y = simulate(0, system, steps, runs).outputs.transpose(1, 2, 0)
                driver = Driver(learner, precision=precision)  # type: ignore[arg-type]
                edges = [0, steps // 2, steps]
                sums = score(driver, [y], lambda t: np.zeros((len(t), 0)), np.full(runs, steps), edges)
            error = (sums.error[-1] / sums.samples[-1][:, None])[0, -1, 0]
            found.append(dict(learner=name, precision=precision, forgetting=forgetting, error=error.tolist()))
    return found


def cells(names: Iterable[str], replicates: int) -> Iterable[dict[str, Any]]:
    """Yield what was measured of each learner on each system that it serves."""
    for name in names:
        serves = entry_of(name).serves
        systems = (SEEN,) if name in STATE else (*SYSTEMS, SEEN) if name in BESIDE else SYSTEMS
        for system in systems:
            if serves == "one output" and zoo(system).outputs > 1:
                continue
            cell = measured(name, system, replicates)
            print(f"{name:24s} {system:20s} {answer(cell)}", flush=True)
            yield cell


def answer(cell: dict[str, Any]) -> str:
    """Return one cell of the table: what was found, the least regret, and the size that has it."""
    several = len(cell["sizes"]) > 1
    words = {"located": "bounded", "above": "grows"}
    found = words.get(cell["verdict"], "undecided")
    if several:
        found = str(cell["size"]) if cell["verdict"] == "located" else "above" if found == "grows" else found
    known = [(value, size) for value, size in zip(cell["median"], cell["sizes"], strict=True) if value is not None]
    if not known:
        return f"{found}; -"
    least, size = min(known)
    return f"{found}; {shortly(least)}" + (f" ({size})" if several else "")


def shortly(value: float) -> str:
    return "0" if value < 5e-3 else figure(value) if value < 1e6 else f"{value:.1e}".replace("e+", "e")


def theory_row(systems: Iterable[str]) -> list[str]:
    return [str(theory(zoo(name)).critical_size) for name in systems]


def page(text: str, record: dict[str, Any]) -> str:
    """Return the page with its tables written anew."""
    by = {(cell["learner"], cell["system"]): answer(cell) for cell in record["cells"]}
    spent = record["times"]

    def rows(names: Iterable[str], systems: Iterable[str]) -> list[list[str]]:
        return [
            [
                f"`{learner_words(name)}`",
                *(by.get((name, system), "") for system in systems),
                f"{figure(spent[name])} ns",
            ]
            for name in names
            if name in spent
        ]

    plain = [name for name in NAMES if name not in STATE]
    host = record["machine"]
    head = f"{host['cores']} cores {host['processor']}, load {host['load']} before; {record['replicates']} runs of "
    head += f"{record['horizon']} samples."
    main = [
        head,
        "",
        *table(["learner", *SYSTEMS, "time a step"], [["*theory*", *theory_row(SYSTEMS), ""], *rows(plain, SYSTEMS)]),
    ]
    state = table(["learner", SEEN, "time a step"], [row[:2] + row[-1:] for row in rows((*STATE, *BESIDE), (SEEN,))])
    names = dict.fromkeys(cell["learner"] for cell in record["failures"])
    errors = {(cell["learner"], cell["precision"]): statistics.median(cell["error"]) for cell in record["failures"]}
    failing = table(
        ["learner", *(f"{precision}, forgetting {forgetting:g}" for precision, forgetting in CASES)],
        [[f"`{name}`", *(shortly(errors[name, precision]) for precision, _ in CASES)] for name in names],
    )
    for word, lines in (("learners", main), ("state", state), ("failure", failing)):
        first, last = f"<!-- {word}: python benchmarks/learners.py -->", f"<!-- end of {word} -->"
        before, rest = text.split(first)
        text = before + "\n".join([first, *lines, last]) + rest.split(last)[1]
    return text


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--replicates", type=count, default=64)
    parser.add_argument("--rounds", type=count, default=9)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--clock", action="store_true")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    file = RESULTS / "learners.json"
    record = json.loads(file.read_text(encoding="utf-8")) if file.exists() else dict(cells=[], times={})
    if not (given.page or given.check):
        measuring = [] if given.clock else given.only
        anew = list(cells(measuring, given.replicates))
        kept = [cell for cell in record["cells"] if cell["learner"] not in measuring]
        both = sorted(kept + anew, key=lambda cell: NAMES.index(cell["learner"]))
        record = dict(
            title="Every learner on six systems",
            command="python benchmarks/learners.py",
            machine=machine(),
            horizon=HORIZON,
            replicates=given.replicates,
            times=record["times"] | clocked(given.only, given.rounds),
            failures=record["failures"] if given.clock else failures(),
            cells=both,
        )
        write("learners", record)
    if not PAGE.exists():
        return
    text = PAGE.read_text(encoding="utf-8")
    anew_text = page(text, record)
    if given.check and anew_text != text:
        sys.exit(f"{PAGE.name} is not what the results say: run python benchmarks/learners.py --page")
    if not given.check:
        PAGE.write_text(anew_text, encoding="utf-8")
        print(f"written: {PAGE.name}")


if __name__ == "__main__":
    main()
