"""Measure the peak resident memory of simulating a plant and learning all filter lengths on it, block by block.

    python benchmarks/memory.py [--share 1]     the cases, written to benchmarks/results/memory.json
    python benchmarks/memory.py --long          1e5 streams x 64 lengths x 1e5 steps, to memory-long.json: over an hour

Each case runs in a fresh process: simulate_chunks feeds score(.., whole=True) of a ladder, float64, with 8 intervals of
the error curve. The peak is ru_maxrss of getrusage, with the 200 MB of Python, NumPy and Numba. Goals: the same memory
for 1e3 and 1e4 steps; growth in proportion to streams x lengths; 1e5 streams x 64 lengths within 4 GiB, for which few
steps are enough, because the steps do not change the memory. ``--share 0.1`` runs with a tenth of the streams.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

# This process stays small, JAX is not loaded here: on Linux a child's ru_maxrss starts from its parent's.
from _clock import machine, peak, share, show, words, write

LIMIT = 4.0  # GiB
STRETCHES = 8
PLANT = "random-walk"
Case = tuple[int, int, int]  # streams, lengths, steps


def learn(streams: int, lengths: int, steps: int, told: bool) -> dict[str, float]:
    """Run one case in this process and return what it took."""
    import numpy as np

    from ergoscope.learners import ladder
    from ergoscope.learners._engine.driver import Driver
    from ergoscope.learners._engine.replay import score
    from ergoscope.simulator import simulate_chunks, zoo

    start = said = time.perf_counter()

    def progress(done: int) -> None:
        nonlocal said
        now = time.perf_counter()
        if told and done and now - said > 10:
            said = now
            left = (now - start) / done * (steps - done) / 60
            print(f"{done} of {steps} steps, {peak():.2f} GiB, {left:.0f} min left", file=sys.stderr, flush=True)

    edges = [0, *(steps * 2**k // 2**STRETCHES for k in range(1, STRETCHES + 1))]
    driver = Driver(ladder(range(lengths + 1)))
    outputs = (chunk.outputs for chunk in simulate_chunks(0, zoo(PLANT), steps, streams))
    whole = np.full(streams, steps)
    sums = score(driver, outputs, lambda t: np.zeros((len(t), 0)), whole, edges, progress, whole=True)
    error = sums.error[-1, 0, 1:, 0].sum(axis=1) / sums.samples[-1, 0, 0].sum()
    assert np.isfinite(error).all()
    return dict(peak=peak(), seconds=time.perf_counter() - start)


def apart(case: Case, told: bool = False) -> dict[str, float]:
    """Run one case in a fresh process."""
    command = [sys.executable, __file__, "--case", *map(str, case), *(["--progress"] if told else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--long", action="store_true", help="1e5 streams x 64 lengths x 1e5 steps")
    parser.add_argument("--share", type=share, default=1.0, help="share of the streams, above 0 and at most 1")
    parser.add_argument("--case", type=int, nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--progress", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        print(json.dumps(learn(*given.case, given.progress)))
        return

    def of(streams: int, lengths: int, steps: int) -> Case:
        return max(round(streams * given.share), 8), lengths, steps

    start, big = (8, 1, 256), of(100_000, 64, 100_000 if given.long else 256)
    steps = [of(1000, 64, 1000), of(1000, 64, 10_000)]
    sizes = [of(streams, lengths, 256) for streams, lengths in ((10_000, 16), (10_000, 64), (40_000, 16), (40_000, 64))]
    found: dict[Case, dict[str, float]] = {}
    for case in [start, big] if given.long else [start, *steps, *sizes, big]:
        found[case] = apart(case, given.long)
        print(f"{named(case):50s} {found[case]['peak']:7.2f} GiB {found[case]['seconds']:9.1f} s", flush=True)
    ratios = [dict(name=f"{named(big)}: peak / {LIMIT:.0f} GiB", values=[found[big]["peak"] / LIMIT], goal="at most 1")]
    if not given.long:
        few, many = (found[case]["peak"] for case in steps)
        ratios.append(dict(name="peak at 1e4 steps / at 1e3 steps", values=[many / few], goal="1"))
        for kind, one, four in (("streams", sizes[1], sizes[3]), ("lengths", sizes[0], sizes[1])):
            grown = [(found[four]["peak"] - found[start]["peak"]) / (found[one]["peak"] - found[start]["peak"])]
            ratios.append(
                dict(name=f"growth, what was there at the start apart, from 4 times the {kind}", values=grown)
            )
    record: dict[str, Any] = dict(
        title="Memory, the long run" if given.long else "Memory",
        command="python benchmarks/memory.py" + " --long" * given.long,
        work=f"{PLANT}, simulated and learned block by block, float64; peak resident memory of a fresh process each",
        machine=machine(),
        rows=[
            dict(name=named(case), ran=f"{took['seconds']:.1f} s", unit="GiB", values=[took["peak"]])
            for case, took in found.items()
        ],
        ratios=ratios,
    )
    show(record)
    write("memory-long" if given.long else "memory", record)


def named(case: Case) -> str:
    return "{} streams x {} lengths x {} steps".format(*case)


if __name__ == "__main__":
    main()
