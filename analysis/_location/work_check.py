"""Check that a run does not take months, before any of it is done."""

from __future__ import annotations

from ..._core.text import duration

COST = 1.5e-9  # seconds for each (run, sample, size), measured on two cores: docs/performance.md
LONGEST = 30 * 86_400  # seconds
MOST_SAMPLES = 2**31 - 1  # of one run: the engine counts samples in 32 bits


def check_work(samples: int, replicates: int, sizes: int) -> None:
    """Raise ValueError if a run would take more than a month, or has more samples than the engine counts.

    Args:
        samples: Samples of each run.
        replicates: Number of runs.
        sizes: Number of sizes that are predicted at once.

    Raises:
        ValueError: It would; the message gives the estimated time and the longest horizon within the limits.
    """
    seconds = COST * samples * replicates * sizes
    if samples <= MOST_SAMPLES and seconds <= LONGEST:
        return
    longest = min(MOST_SAMPLES, int(LONGEST / (COST * replicates * sizes)))
    remedy = f"a horizon of at most {longest}, " if longest else ""
    raise ValueError(
        f"{replicates} runs of {samples} samples with {sizes} sizes would take about {duration(seconds)}, and "
        f"{duration(LONGEST)} is the limit: try {remedy}fewer replicates or fewer sizes."
    )
