"""Measure the time per (stream, step, length): 1 to 512 lengths, 1 to 1e5 streams, 128 to 32768 steps.

    python benchmarks/linearity.py [--most 100000] [--rounds 3]

Three sweeps of the ladder's compiled loop, each with the other two axes constant. Where the cost is flat, time grows in
proportion to the work. The sweep over streams has 256 steps, so 1e5 streams take seconds.
Written to benchmarks/results/linearity.json and docs/images/linearity.png.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _clock import Contender, count, interleaved, machine, show, words, write
from matplotlib.figure import Figure

from ergoscope._core.devices import Precision
from ergoscope.learners import ladder
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import score

BLOCK = 128
PRECISIONS: tuple[Precision, ...] = ("float64", "float32")
HELD = ("lengths", "streams", "steps")
SETTLED = {"longest filter length": 32, "streams": 1000, "steps (samples)": 2048}  # flat is asked from here on
COLOURS = dict(float64="#0072b2", float32="#d55e00")
FIGURE = Path(__file__).parents[1] / "docs" / "images" / "linearity.png"


def sweeps(most: int) -> dict[str, list[tuple[int, int, int]]]:
    """Return the cases (lengths, streams, steps) of each sweep."""
    tens = [10**k for k in range(6) if 10**k <= most]
    return {
        "longest filter length": [(2**k, min(256, most), 2048) for k in range(10)],
        "streams": [(64, streams, 256) for streams in tens],
        "steps (samples)": [(64, min(100, most), 2**k) for k in range(7, 16, 2)],
    }


def loop(lengths: int, streams: int, steps: int, precision: Precision) -> Callable[[], Any]:
    """Return a run over chunks of a noisy random walk that are there already: one block, again and again."""
    rng = np.random.default_rng(0)
    block = rng.standard_normal((min(BLOCK, steps), 1, streams)).astype(precision)
    driver, edges = Driver(ladder(range(lengths + 1)), precision=precision), [0, steps // 2, steps]

    def run() -> Any:
        chunks = (block for _ in range(steps // len(block)))
        return score(driver, chunks, lambda t: np.zeros((len(t), 0)), np.full(streams, steps), edges)

    return run


def draw(points: list[dict[str, Any]]) -> Figure:
    figure = Figure(figsize=(10.0, 3.8), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, sweep in zip(panels, dict.fromkeys(p["sweep"] for p in points), strict=True):
        for precision, colour in COLOURS.items():
            part = [p for p in points if p["sweep"] == sweep and p["precision"] == precision]
            at, values = [p["at"] for p in part], [p["values"] for p in part]
            axes.fill_between(at, [min(v) for v in values], [max(v) for v in values], color=colour, alpha=0.15, lw=0)
            axes.plot(at, [statistics.median(v) for v in values], "o-", color=colour, ms=4, lw=1.4, label=precision)
        fixed = zip(("longest filter length", "streams", "steps (samples)"), HELD, part[0]["case"], strict=True)
        title = ", ".join(f"{value} {word}" for axis, word, value in fixed if axis != sweep)
        axes.set_title(title, loc="left", fontsize=10)
        axes.set(xscale="log", yscale="log", xlabel=sweep)
        axes.grid(which="major", alpha=0.2)
    panels[0].set_ylabel("time per (stream, step, length) (ns)")
    panels[0].legend(fontsize=8, frameon=False)
    return figure


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--most", type=count, default=10**5, help="streams at most")
    parser.add_argument("--rounds", type=count, default=3)
    given = parser.parse_args()
    points, rows, ratios = [], [], []
    for sweep, cases in sweeps(given.most).items():
        table = {}
        for precision in PRECISIONS:
            for case in cases:
                lengths, streams, steps = case
                ran = f"{lengths} lengths x {streams} streams x {steps} steps"
                units = lengths * streams * steps
                again = max(1, 2**17 // units)  # a small case often enough for the clock
                run = loop(*case, precision)
                table[f"{ran}, {precision}"] = Contender(partial(repeat, run, again), units * again, ran)
        timed = interleaved(table, given.rounds)
        for precision in PRECISIONS:
            part = []
            for case in cases:
                ran = "{} lengths x {} streams x {} steps".format(*case)
                name, values = f"{ran}, {precision}", timed.wall[f"{ran}, {precision}"]
                spent = timed.processor[name]
                at = case[list(sweeps(given.most)).index(sweep)]
                part.append(dict(sweep=sweep, precision=precision, at=at, case=case, values=values))
                if case in (cases[0], cases[len(cases) // 2], cases[-1]):
                    rows.append(dict(name=name, ran="", unit="ns", values=values, processor=spent))
            points += part
            big = [p["values"] for p in part if p["at"] >= SETTLED[sweep]]
            if big:
                flat = [max(now) / min(now) for now in zip(*big, strict=True)]
                ratios.append(
                    dict(name=f"dearest / cheapest, {sweep} from {SETTLED[sweep]} on, {precision}", values=flat)
                )
    record = dict(
        title="Proportional to the work",
        command="python benchmarks/linearity.py",
        work="sweeps of the compiled loop over lengths, streams and steps; times per (stream, step, length), "
        "all of them in linearity.json and the figure",
        floor="sixteen streams run side by side: fewer of them cost more each, and so do short lengths and short runs",
        figure="images/linearity.png",
        machine=machine(),
        rows=rows,
        ratios=ratios,
        points=points,
    )
    show(record)
    write("linearity", record)
    FIGURE.parent.mkdir(exist_ok=True)
    draw(points).savefig(FIGURE, dpi=120)
    print(f"written: {FIGURE.name}")


def repeat(run: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        run()


if __name__ == "__main__":
    main()
