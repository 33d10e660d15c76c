"""Measure the latency of one stream: forecast and observe of Live(ladder(range(65))), and a trivial compiled call.

    python benchmarks/latency.py [--samples 1000] [--rounds 5]

The clock covers one observe and one forecast of the next sample, with all lengths. The trivial call adds 1 to an array
of 65 numbers and fetches it: the floor of any call into XLA. Both run in turn in each round, which gives the median
(p50) and the 99th percentile (p99). Written to benchmarks/results/latency.json.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from _clock import count, machine, ratio, show, words, write

from ergoscope._core.devices import Precision, computing
from ergoscope.learners import Live, ladder
from ergoscope.simulator import simulate, zoo

LENGTHS = 64


def live(precision: Precision) -> Callable[[float], Any]:
    stream = Live(ladder(range(LENGTHS + 1)), precision=precision)

    def step(y: float) -> Any:
        stream.observe(y)
        return stream.forecast

    return step


def trivial(precision: Precision) -> Callable[[float], Any]:
    add = jax.jit(lambda x, y: x + y)
    zeros = np.zeros(LENGTHS + 1, precision)

    def step(y: float) -> Any:
        with computing(precision):
            return np.asarray(add(zeros, np.asarray(y, precision)))

    return step


def microseconds(step: Callable[[float], Any], samples: list[float]) -> list[float]:
    taken = []
    for y in samples:
        start = time.perf_counter_ns()
        step(y)
        taken.append((time.perf_counter_ns() - start) / 1e3)
    return taken


def at(step: tuple[str, Precision], percentile: int) -> str:
    name, precision = step
    return f"{name}, p{percentile}, {precision}"


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--samples", type=count, default=1000, help="in each round")
    parser.add_argument("--rounds", type=count, default=5)
    given = parser.parse_args()
    precisions: tuple[Precision, ...] = ("float64", "float32")
    steps = {("trivial call", p): trivial(p) for p in precisions}
    steps |= {("forecast and observe", p): live(p) for p in precisions}
    samples = simulate(0, zoo("random-walk"), given.samples).outputs[0, :, 0].tolist()
    found: dict[str, list[float]] = {at(name, q): [] for q in (50, 99) for name in steps}
    for step in steps.values():
        microseconds(step, samples[:100])
    gc.disable()  # a collection in the midst of a round would be charged to whoever runs then
    for _ in range(given.rounds):
        for name, step in steps.items():
            taken = microseconds(step, samples)
            for q in (50, 99):
                found[at(name, q)].append(float(np.percentile(taken, q)))
    record = dict(
        title="Live latency",
        command="python benchmarks/latency.py",
        work=f"one stream, {LENGTHS} lengths, {given.rounds} x {given.samples} samples",
        machine=machine(),
        rows=[
            dict(name=name, ran=f"{given.samples} samples", unit="us", values=values) for name, values in found.items()
        ],
        ratios=[
            dict(
                name=f"forecast and observe / trivial call, p{q}, {p}",
                values=ratio([found[at(("forecast and observe", p), q)]], found[at(("trivial call", p), q)]),
            )
            for q in (50, 99)
            for p in precisions
        ],
    )
    show(record)
    write("latency", record)


if __name__ == "__main__":
    main()
