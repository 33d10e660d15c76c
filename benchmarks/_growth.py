"""Measure whether the memory of a service grows: 256 streams at full rate, resident memory of the process over time.

    python benchmarks/_growth.py SECONDS

The first quarter is left out. The rest is cut into 12 intervals; the slope of a line through their means has the 95 %
interval of Student's t.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from scipy import stats

from ergoscope.learners import ladder
from ergoscope.streams import Service, observation

STREAMS, SAMPLES, STRETCHES = 256, 128, 12


def resident() -> float:
    """Return the resident memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    seconds, service, rng = (
        float(sys.argv[1]),
        Service(lambda outputs, inputs: ladder(range(33))),
        np.random.default_rng(0),
    )
    y, first = rng.standard_normal((STREAMS, SAMPLES, 1)), 0
    begun, now, read = 0.0, 0.0, list[tuple[float, float]]()
    while now < seconds:
        service.take([observation(f"s{i}", y[i], sequence=first) for i in range(STREAMS)])
        first += SAMPLES
        begun = begun or time.perf_counter()  # when the kernel is compiled
        now = time.perf_counter() - begun
        read.append((now, resident()))
    times, values = np.array([row for row in read if row[0] > seconds / 4]).T
    parts = np.array_split(np.arange(len(times)), STRETCHES)
    line = stats.linregress(*(np.array([column[part].mean() for part in parts]) for column in (times, values)))
    half = stats.t.ppf(0.975, STRETCHES - 2) * line.stderr
    found = dict(slope=line.slope, low=line.slope - half, high=line.slope + half)
    print(json.dumps(found | dict(resident=values[-1], rate=service.samples / now)))


if __name__ == "__main__":
    main()
