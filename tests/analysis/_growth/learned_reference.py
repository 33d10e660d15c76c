"""The mean error of learned ladders over 1e5 runs, against which ``test_calibration.py`` holds measured exponents.

    make reference                                          1e5 runs of five systems; a quarter of an hour
    python tests/analysis/_growth/learned_reference.py --runs 8000  fewer

No closed form is known of what a learned filter's error is at each time, so it is measured once, with 1500 times as
many runs as a verdict takes. The runs come from a plain loop in NumPy, x <- A x + Q^(1/2) w, y = C x + R^(1/2) v, which
shares neither a random number nor the simulator with what is held against it. Each part of 4000 runs leaves a file in
runs/learned-reference, so that an interrupted command goes on where it was; ``learned_reference.parquet`` and
``learned_reference.json`` beside this file are what all of them say.

Time: a stretch ``[first, last]`` counts samples from 1.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from ergoscope._core.devices import computing
from ergoscope.analysis import theory
from ergoscope.analysis._growth.curves import log_edges
from ergoscope.learners import ladder
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import score
from ergoscope.simulator import LinearSystem, zoo

HORIZON, RUNS, PART, SEED = 20_000, 100_000, 4000, 20_000_000
SYSTEMS = ("random-walk", "random-walk-0.1", "double-integrator", "two-tones", "triple-integrator")
HERE, PARTS = Path(__file__).with_suffix(""), Path("runs/learned-reference")


def lengths(system: LinearSystem) -> list[int]:
    """The critical length and its neighbours."""
    critical = theory(system).critical_size
    assert critical is not None
    return [critical - 1, critical, critical + 1]


def outputs(system: LinearSystem, runs: int, seed: list[int], block: int = 128) -> Iterator[np.ndarray]:
    """Runs from a zero state, ``(time, output, batch)``."""
    random, x = np.random.Generator(np.random.SFC64(seed)), np.zeros((system.states, runs))
    roots = [u * np.sqrt(np.maximum(s, 0)) for s, u in (np.linalg.eigh(system.Q), np.linalg.eigh(system.R))]
    for start in range(0, HORIZON, block):
        steps = min(block, HORIZON - start)
        w = random.standard_normal((steps, system.states, runs))
        y = random.standard_normal((steps, system.outputs, runs))
        for t in range(steps):
            y[t] = system.C @ x + roots[1] @ y[t]
            x = system.A @ x + roots[0] @ w[t]
        yield y


def part_of(name: str, part: int) -> np.ndarray:
    """The mean error of each stretch and length over the runs of one part, from its file where there is one."""
    file = PARTS / f"{name}-{part}.npy"
    if not file.exists():
        system, edges = zoo(name), log_edges(HORIZON)
        with computing("float64"):
            driver = Driver(ladder(range(lengths(system)[-1] + 1)))
            runs = outputs(system, PART, [SEED, SYSTEMS.index(name), part])
            whole = np.full(PART, HORIZON)
            sums = score(driver, runs, lambda t: np.zeros((len(t), 0)), whole, edges.tolist(), whole=True, share=PART)
        mean = sums.error[:, 0, lengths(system), 0] / sums.samples[:, 0, :1]
        PARTS.mkdir(parents=True, exist_ok=True)
        np.save(file.with_suffix(".new.npy"), mean)
        file.with_suffix(".new.npy").rename(file)
    return np.asarray(np.load(file))


def put_together(parts: int) -> None:
    """Write what the first so many parts of every system say, and how it was made."""
    edges, frames = log_edges(HORIZON), []
    late = edges[:-1] >= HORIZON // 20
    for name in SYSTEMS:
        means = np.stack([part_of(name, part).reshape(len(late), -1) for part in range(parts)])[:, late]
        for k, size in enumerate(lengths(zoo(name))):
            frames.append(
                pl.DataFrame(
                    dict(
                        first=edges[:-1][late] + 1,
                        last=edges[1:][late],
                        error=means[:, :, k].mean(axis=0),
                        deviation=means[:, :, k].std(axis=0, ddof=1) / np.sqrt(parts),
                    )
                ).select(pl.lit(name).alias("system"), pl.lit(size).alias("size"), pl.all())
            )
    pl.concat(frames).write_parquet(HERE.with_suffix(".parquet"), compression_level=19)
    made = dict(
        command=f"python tests/analysis/_growth/learned_reference.py --runs {parts * PART}",
        runs=parts * PART,
        horizon=HORIZON,
        seed=SEED,
        versions={name: version(name) for name in ("ergoscope", "jax", "numpy", "polars")},
    )
    HERE.with_suffix(".json").write_text(json.dumps(made, indent=2) + "\n")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--runs", type=int, default=RUNS, help=f"rounded up to whole parts of {PART}")
    parts = max(-(-words.parse_args().runs // PART), 2)
    for part in range(parts):
        for name in SYSTEMS:
            part_of(name, part)
        print(f"{(part + 1) * PART} of {parts * PART} runs", flush=True)
    put_together(parts)


if __name__ == "__main__":
    main()
