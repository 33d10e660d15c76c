"""Measure the cost of iterated forecasts: a step of the ladder on a tile of 32 streams, with several look-aheads.

    python benchmarks/ahead.py [--rounds 40]

All forms run in turn, 128 steps each; times per (stream, step). Written to benchmarks/results/ahead.json.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import jax
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope._core.devices import computing
from ergoscope.learners import Learner, ladder
from ergoscope.learners._engine.driver import Driver
from ergoscope.simulator import simulate, zoo

LONGEST = (16, 64)
LOOKAHEADS = ((1,), (1, 5), (10,), (1, 5, 10))


def block(learner: Learner) -> Callable[[], object]:
    """Return a function that runs one block of the kernel."""
    driver = Driver(learner)
    y = simulate(3, zoo("random-walk"), driver.block, driver.width).outputs.transpose(1, 2, 0)
    u, end = np.zeros((driver.block + driver.ahead, 0, driver.width)), np.full(driver.width, driver.block, np.int32)
    state = [driver.start(), driver.record()]

    def run() -> None:
        with computing("float64"):
            state[:] = driver.advance(state[0], state[1], y, u, np.int32(0), end)
            jax.block_until_ready(state)

    return run


def title(length: int, lookaheads: tuple[int, ...]) -> str:
    return f"lengths 0..{length}, {' and '.join(map(str, lookaheads))} ahead"


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--rounds", type=count, default=40)
    given = parser.parse_args()
    forms = [(length, ahead) for length in LONGEST for ahead in LOOKAHEADS]
    contenders = {
        title(*form): Contender(
            block(ladder(range(form[0] + 1), lookaheads=form[1])), 32 * 128, "32 streams x 128 steps"
        )
        for form in forms
    }
    timed = interleaved(contenders, given.rounds)
    record = dict(
        title="Further ahead",
        command="python benchmarks/ahead.py",
        work="the step of `ladder` through the driver, iterated forecasts; float64; times per (stream, step)",
        floor="feeding each length its own forecasts is H^2/2 operations, the rest two prefix sums of H - 1 columns",
        machine=machine(),
        rows=rows(contenders, timed),
        ratios=[
            dict(
                name=f"{title(*form)} / a plain step",
                values=[statistics.median(ratio([timed.wall[title(*form)]], timed.wall[title(form[0], (1,))]))],
            )
            for form in forms
            if form[1] != (1,)
        ],
    )
    show(record)
    write("ahead", record)


if __name__ == "__main__":
    main()
