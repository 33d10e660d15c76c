"""Check that the sizes and runs fit into memory before any of it is allocated."""

from __future__ import annotations

from collections.abc import Callable

from ...learners import Learner
from ...learners._engine.driver import Driver
from ...learners._engine.memory import memory_free, memory_needed
from .._growth.curves import GROUPS

ROW = 300  # bytes for each row of a curve while its frame is built, measured
SPARE = 0.9  # share of the free memory


def check_memory(
    driver_of: Callable[[Learner], Driver],
    learner_of: Callable[[list[int]], Learner],
    learner: Learner,
    runs: int,
    stretches: int,
) -> None:
    """Raise ValueError if the sizes do not fit into memory; name the largest size that does.

    Args:
        driver_of: Returns the driver of a learner.
        learner_of: Returns the learner for a list of sizes.
        learner: The learner asked for.
        runs: Number of streams.
        stretches: Number of stretches of each curve.

    Raises:
        ValueError: The engine and the curves need more memory than is free. The message gives both, and the largest
            size that fits.
    """
    driver, sizes = driver_of(learner), learner.sizes
    free = {driver.device: memory_free(driver.device), "cpu": memory_free("cpu")}
    if driver.on_cpu:
        free = {"cpu": free["cpu"]}

    def needed(largest: int) -> tuple[int, int]:
        shorter = [*(size for size in sizes if size < largest), largest]
        driver = driver_of(learner if largest == sizes[-1] else learner_of(shorter))
        curves = len(driver.learner.sizes) * len(driver.learner.lookaheads) * (1 if driver.oracle is None else 2)
        return memory_needed(driver, runs, stretches), ROW * curves * stretches * min(runs, GROUPS)

    def fits(largest: int) -> bool:
        engine, curves = needed(largest)
        if len(free) == 1:
            return engine + curves <= SPARE * free["cpu"]
        return engine <= SPARE * free[driver.device] and curves <= SPARE * free["cpu"]

    if fits(sizes[-1]):
        return
    low, high = 0, sizes[-1]  # low fits, or no size fits
    while len(sizes) > 1 and high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    engine, curves = needed(sizes[-1])
    remedy = f"the largest size that fits is {low}" if low else "try fewer replicates or a shorter horizon"
    raise ValueError(
        f"sizes up to {sizes[-1]} on {runs} streams need {_gib(engine)} for the engine and {_gib(curves)} for the "
        f"curves; {' and '.join(_gib(bytes_) for bytes_ in free.values())} are free: {remedy}."
    )


def _gib(number: float) -> str:
    return f"{number / 2**30:.3g} GiB"
