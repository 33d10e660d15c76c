"""Measure exported C: bytes, nanoseconds a sample, and its forecasts beside those of the learner it was taken from.

    python benchmarks/exported.py

The double integrator (what its ladder of length 2 had learned after 20000 samples, and its Kalman predictor) and the
Nile (length 1). Each program filters 1e5 samples a hundred times. Compiled with ``cc -std=c99 -O2 -Wall -Wextra
-pedantic -Werror``; the bytes are those of code and constants, by ``size``. Written to
benchmarks/results/exported.json.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from _clock import machine, words, write

from ergoscope import locate
from ergoscope.analysis import kalman_predictor
from ergoscope.learners import FixedPredictor, export_predictor
from ergoscope.simulator import simulate, zoo

FLAGS = ["-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror"]
NILE = Path(__file__).parents[1] / "examples" / "data" / "nile.csv"
SAMPLES, TIMES = 100_000, 100
MAIN = f"""#include <stdio.h>
#include <time.h>
#include "filter.h"
static double y[{SAMPLES}], made[{SAMPLES}];
int main(void)
{{
    filter_t self;
    clock_t start;
    if (fread(y, 8, {SAMPLES}, stdin) != {SAMPLES})
        return 1;
    start = clock();
    for (int n = 0; n < {TIMES}; n++) {{
        filter_start(&self);
        for (int t = 0; t < {SAMPLES}; t++) {{
            filter_forecast(&self, made + t);
            filter_observe(&self, y + t);
        }}
    }}
    fprintf(stderr, "%.2f", 1e9 * (double)(clock() - start) / CLOCKS_PER_SEC / {SAMPLES} / {TIMES});
    fwrite(made, 8, {SAMPLES}, stdout);
    return 0;
}}
"""


def measured(predictor: FixedPredictor, y: np.ndarray) -> dict[str, float]:
    """Return the bytes of the object file, nanoseconds a sample, and the largest difference in units of rounding."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        export_predictor(predictor, folder, "c", "filter")
        (folder / "main.c").write_text(MAIN)
        subprocess.run(["cc", *FLAGS, "-c", "filter.c"], cwd=folder, check=True)
        subprocess.run(["cc", *FLAGS, "-o", "main", "main.c", "filter.o"], cwd=folder, check=True)
        sizes = subprocess.run(["size", "filter.o"], cwd=folder, check=True, capture_output=True, text=True).stdout
        done = subprocess.run([folder / "main"], input=y.tobytes(), check=True, capture_output=True)
    made, wanted = np.frombuffer(done.stdout), predictor.forecasts(y)[:, 0]
    apart = np.abs(made - wanted) / np.spacing(np.abs(wanted))
    return dict(bytes=int(sizes.split()[9]), nanoseconds=float(done.stderr), ulp=float(apart.max()))


def main() -> int:
    words(__doc__).parse_args()
    plant = zoo("double-integrator")
    y = simulate(7, plant, SAMPLES, 1).outputs[0, :, 0]
    nile = locate(NILE, output="flow", time="year", model=False)
    flows = 900 + 150 * np.random.default_rng(0).standard_normal(SAMPLES)
    cases = {
        "double-integrator, length 2": (locate(plant, sizes=range(3), replicates=1).predictor(2), y),
        "double-integrator, Kalman": (kalman_predictor(plant), y),
        "Nile, length 1": (nile.predictor(1), flows),
    }
    found = {name: measured(*case) for name, case in cases.items()}
    print("| predictor | bytes | ns a sample | largest difference, ulp |\n|---|---|---|---|")
    for name, row in found.items():
        print(f"| {name} | {row['bytes']} | {row['nanoseconds']:.1f} | {row['ulp']:g} |")
    write("exported", dict(machine=machine(), compiler=" ".join(["cc", *FLAGS]), cases=found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
