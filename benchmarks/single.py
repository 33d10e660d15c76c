"""Measure the steps of three learners on one recording and on 32: compiled for the CPU, and in JAX.

The ladder and the lattice compiled with an intercept, too.

    python benchmarks/single.py [--rounds 10]

Lengths 0 to 64; the lattice has two outputs and two inputs. The square root of least squares, which runs each length
apart, has lengths 0 to 16. All forms run in turn, without keeping forecasts; times per
(stream, step, length). The trivial call is a compiled JAX function of one array, to compare machines. Written to
benchmarks/results/single.json.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import jax
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope._core.devices import Precision, computing
from ergoscope.learners import ladder, lattice, square_root_rls
from ergoscope.learners._engine.replay import score_recording
from ergoscope.simulator import LinearSystem, simulate, zoo

LENGTHS = 64
TANKS = LinearSystem(
    np.diag([0.95, 0.9]), np.eye(2), 0.01 * np.eye(2), 0.01 * np.eye(2), [[0.1, 0.02], [0.01, 0.1]], np.zeros((2, 2))
)
SIZES = range(LENGTHS + 1)
WALK, WITH, RLS = zoo("random-walk"), " with intercept", "square-root-rls"
LEARNERS = {"ladder": (WALK, ladder(SIZES)), "lattice": (TANKS, lattice(SIZES, outputs=2, inputs=2))}
LEARNERS[RLS] = WALK, square_root_rls(range(17))
LEARNERS |= {
    f"ladder{WITH}": (WALK, ladder(SIZES, intercept=True)),
    f"lattice{WITH}": (TANKS, lattice(SIZES, intercept=True, outputs=2, inputs=2)),
}
STEPS = {"ladder, compiled": 8192, "ladder, JAX": 512, "lattice, compiled": 1024, "lattice, JAX": 128}
STEPS |= {f"{RLS}, compiled": 2048, f"{RLS}, JAX": 256}
STEPS |= {f"ladder{WITH}, compiled": 8192, f"lattice{WITH}, compiled": 1024}


def scored(form: str, streams: int, precision: Precision) -> Callable[[], object]:
    """Return a function that scores the forecasts of recordings."""
    (system, learner), compiled = LEARNERS[form.split(",")[0]], form.endswith("compiled")
    data = simulate(3, system, STEPS[form], streams, inputs="white" if system.inputs else "zero", precision=precision)
    chosen = learner if compiled else learner._replace(kernel=None)
    options = dict(width=streams if streams > 1 else 1) if compiled else {}
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
                work = streams * steps * LEARNERS[form.split(",")[0]][1].sizes[-1]
                contenders[name] = Contender(
                    scored(form, streams, precision), work, f"{streams} streams x {steps} steps"
                )
    timed = interleaved(contenders, given.rounds)
    for precision, learner, streams in product(precisions, ("ladder", "lattice", RLS), (1, 32)):
        one, other = (timed.wall[f"{learner}, {form}, {streams} streams, {precision}"] for form in ("JAX", "compiled"))
        goal = dict(goal="at least 100") if (precision, learner, streams) == ("float64", "ladder", 1) else {}
        name = f"{learner}, JAX / compiled, {streams} streams, {precision}"
        ratios.append(dict(name=name, values=ratio([one], other), **goal))
        if learner != RLS:
            more = timed.wall[f"{learner}{WITH}, compiled, {streams} streams, {precision}"]
            name = f"{learner}, with / without intercept, {streams} streams, {precision}"
            ratios.append(dict(name=name, values=ratio([more], other)))
    record = dict(
        title="One recording",
        command="python benchmarks/single.py",
        work=f"the sums of squared errors of lengths 0 to {LENGTHS}, {RLS} 0 to 16; times per (stream, step, length)",
        floor="ladder: 19 operations, and one stream waits some 20 cycles from stage to stage; lattice: 14 q^2 = 224; "
        f"{RLS}: 6 h^2, 561 in the mean",
        machine=machine(),
        rows=rows(contenders, timed),
        ratios=ratios,
    )  # fmt: skip
    show(record)
    write("single", record)


if __name__ == "__main__":
    main()
