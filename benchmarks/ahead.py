"""What forecasting further ahead costs: the kernel of one tile of 32 streams, all forms in turn.

python benchmarks/ahead.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import jax
import numpy as np

from ergoscope.learners import Driver, Learner, ladder
from ergoscope.simulator import computing, simulate, zoo

LOOKAHEADS = ((1,), (1, 5), (10,), (1, 5, 10))
ROUNDS = 60


def block(learner: Learner) -> Callable[[], float]:
    """Return a function that runs one block of the kernel and says how many microseconds a step took."""
    driver = Driver(learner)
    y = simulate(3, zoo("random-walk"), driver.block, driver.width).outputs.transpose(1, 2, 0)
    u, end = np.zeros((driver.block + driver.ahead, 0, driver.width)), np.full(driver.width, driver.block, np.int32)
    state = [driver.start(), driver.record()]

    def run() -> float:
        with computing("float64"):
            begin = time.perf_counter()
            state[:] = driver.advance(state[0], state[1], y, u, np.int32(0), end)
            jax.block_until_ready(state)
            return (time.perf_counter() - begin) / driver.block * 1e6

    run()
    return run


def main() -> None:
    forms = {(length, H): block(ladder(range(length + 1), lookaheads=H)) for length in (16, 64) for H in LOOKAHEADS}
    times: dict[tuple[int, tuple[int, ...]], list[float]] = {form: [] for form in forms}
    for _ in range(ROUNDS):
        for form, run in forms.items():
            times[form].append(run())
    for (length, H), taken in times.items():
        low, middle, high = np.quantile(taken, [0.25, 0.5, 0.75])
        steps = middle / np.median(times[length, (1,)])
        print(
            f"lengths 0..{length}, lookaheads {H}: {middle:6.1f} us a step ({low:.1f} to {high:.1f}), {steps:.1f} plain"
        )


if __name__ == "__main__":
    main()
