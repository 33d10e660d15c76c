"""Measure the step of the ladder on one recording and on 32: compiled for the CPU, and in JAX.

    python benchmarks/single.py [--rounds 10]

Lengths 0 to 64. All forms run in turn, without keeping forecasts; times per (stream, step, length). The trivial call is
a compiled JAX function of one array, to compare machines. Written to benchmarks/results/single.json.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope._core.devices import Precision, computing
from ergoscope.learners import ladder
from ergoscope.learners._engine.replay import score_recording
from ergoscope.simulator import simulate, zoo

LENGTHS = 64
STEPS = {"compiled": 8192, "JAX": 512}


def scored(form: str, streams: int, precision: Precision) -> Callable[[], object]:
    """Return a function that scores the forecasts of recordings."""
    learner = ladder(range(LENGTHS + 1))
    data = simulate(3, zoo("random-walk"), STEPS[form], streams, precision=precision)
    chosen = learner if form == "compiled" else learner._replace(kernel=None)
    options = dict(width=streams if streams > 1 else 1) if form == "compiled" else {}
    return lambda: score_recording(chosen, data, [0, STEPS[form]], precision=precision, **options)


def trivial() -> Callable[[], object]:
    with computing("float64"):
        add, one = jax.jit(lambda x: x + 1), np.zeros(LENGTHS + 1)
    return lambda: np.asarray(add(one))


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--rounds", type=count, default=10)
    given = parser.parse_args()
    contenders, ratios = {"trivial call, in ns": Contender(trivial(), 1, "1 call")}, []
    precisions: tuple[Precision, ...] = ("float64", "float32")
    for precision in precisions:
        for streams in (1, 32):
            for form, steps in STEPS.items():
                name = f"{form}, {streams} streams, {precision}"
                work = streams * steps * LENGTHS
                contenders[name] = Contender(
                    scored(form, streams, precision), work, f"{streams} streams x {steps} steps"
                )
    timed = interleaved(contenders, given.rounds)
    for precision in precisions:
        for streams in (1, 32):
            one, other = (timed.wall[f"{form}, {streams} streams, {precision}"] for form in ("JAX", "compiled"))
            goal = dict(goal="at least 100") if streams == 1 and precision == "float64" else {}
            ratios.append(
                dict(name=f"JAX / compiled, {streams} streams, {precision}", values=ratio([one], other), **goal)
            )
    record = dict(
        title="One recording",
        command="python benchmarks/single.py",
        work=f"the sums of squared errors of lengths 0 to {LENGTHS}; times per (stream, step, length)",
        floor="19 operations; one stream waits for a division and two products from stage to stage, some 20 cycles",
        machine=machine(),
        rows=rows(contenders, timed),
        ratios=ratios,
    )  # fmt: skip
    show(record)
    write("single", record)


if __name__ == "__main__":
    main()
