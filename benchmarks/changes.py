"""How soon five kinds of change are noticed, beside the best fixed window, and what it costs to watch.

    python benchmarks/changes.py [--streams 32] [--rounds 3]

Streams change after 6016 samples; the delay is counted from there to the sample at which the evidence was enough,
which is looked at every 64 samples. The opponent is a moving mean over a fixed window of the same scores (two of sizes,
two of levels). It alarms, at any sample, when a mean exceeds what it reached on any of five times so many streams of
20 000 samples that do not change; of the windows 32, 64, .. 1024 the best one is taken for each change, with hindsight.
Its centres are those of the stream before the change, which nobody knows. So it has all advantages, and no guarantee
for the next sample. Then the cost of a service that watches, beside one that does not, by processor time: sample by
sample, and in blocks. Written to benchmarks/results/changes.json.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope.analysis._drift.bet_loop import GRID, LEARNED, SETTLED
from ergoscope.analysis._drift.recorded import run_watched
from ergoscope.analysis._drift.watch import SHORT
from ergoscope.learners import ladder, lattice
from ergoscope.learners._engine.driver import Driver
from ergoscope.simulator import simulate
from ergoscope.streams import Observation, Service

AT, STEPS, STABLE = 6016, 10_048, 20_000
WINDOWS = (32, 64, 128, 256, 512, 1024)
PLANTS = ("stable-ar", "random-walk", "double-integrator", "near-unit-root", "harmonic-oscillator")
SIZES = range(17)
# taps of y, taps of u, taps of the noise; level: before, and since
KINDS: dict[str, Any] = {
    "order: 0.9 y[t-1], then 0.9 y[t-4]": (([0.9], [], [], 1), ([0, 0, 0, 0.9], [], [], 1)),
    "gain of the input: 1, then 2": (([0.8], [1], [], 1), ([0.8], [2], [], 1)),
    "measurement noise: 20, then 0.31 of the process noise": (([1], [], [-0.8], 1), ([1], [], [-0.2], 1)),
    "noise: 1.5 times as large": (([0.9], [], [], 1), ([0.9], [], [], 1.5)),
    "noise: 2 times as large": (([0.9], [], [], 1), ([0.9], [], [], 2)),
    "unit root: 0.5, then 1": (([0.5], [], [], 1), ([1], [], [], 1)),
    "unit root: 0.9, then 1": (([0.9], [], [], 1), ([1], [], [], 1)),
    "input lost: 1, then 0": (([0.8], [1], [], 1), ([0.8], [], [], 1)),
}


def changed(kind: str, streams: int) -> tuple[Any, Any]:
    """Return outputs ``(time, 1, stream)`` and the input that all share, or None."""
    rng, parts = np.random.default_rng(5), KINDS[kind]
    noise, u, y = rng.standard_normal((STEPS, streams)), rng.standard_normal(STEPS), np.zeros((STEPS, streams))
    for t in range(STEPS):
        taps, gains, moving, level = parts[t >= AT]
        noise[t] *= level
        y[t] = noise[t] + sum(tap * y[t - k] for k, tap in enumerate(taps, 1) if t >= k)
        y[t] += sum(tap * noise[t - k] for k, tap in enumerate(moving, 1) if t >= k)
        y[t] += sum(gain * u[t - k] for k, gain in enumerate(gains, 1) if t >= k)
    return y[:, None], u[:, None] if parts[0][1] else None


def learner_of(with_input: bool) -> Any:
    return lattice(SIZES, intercept=True, inputs=1) if with_input else ladder(SIZES, intercept=True)


def noticed(y: Any, u: Any) -> np.ndarray[Any, Any]:
    """Return the delay of each stream; infinite if nothing was noticed."""
    delays = np.full(y.shape[2], np.inf)
    for _, found in run_watched(learner_of(u is not None), y, u, center="first"):
        for lane, change in found.items():
            if change.noticed > AT:
                delays[lane] = min(delays[lane], change.noticed - AT)
    return delays


def scores(y: Any, u: Any, known: int) -> np.ndarray[Any, Any]:
    """Return the four scores ``(score, time, stream)``, centred by their means up to sample ``known``."""
    learner, errors = learner_of(u is not None), []
    steps, _, lanes = y.shape
    inputs = np.zeros((steps + 1, 0 if u is None else 1, lanes))
    if u is not None:
        inputs[:steps] = u[:, :, None]
    for one in (learner, learner.forgetful(1 - 1 / SHORT)):
        driver = Driver(one, 1, inputs.shape[1], center="first", width=lanes, block=steps, known_ahead=0)
        record = driver.advance(driver.start(), driver.record(), y, inputs, 0, np.full(lanes, steps, np.int32))[1]
        errors.append(np.asarray(record)[:, 0, :, 0] - y)
    long, short = errors
    grid = np.arange(steps) // GRID
    squares = np.where(np.arange(steps)[:, None, None] < SETTLED, 0, long**2)
    sums = np.add.reduceat(squares, np.arange(0, steps, GRID), axis=0).cumsum(axis=0)
    recent = np.add.reduceat(short**2, np.arange(0, steps, GRID), axis=0)
    recent[1:] += recent[:-1].copy()
    chosen, now = (
        np.concatenate([np.zeros_like(one[:1]), one[:-1]])[grid] for one in (sums.argmin(1), recent.argmin(1))
    )
    e, same, best = (
        np.take_along_axis(one, place[:, None], axis=1)[:, 0]
        for one, place in ((long, chosen), (short, chosen), (short, now))
    )
    m = np.abs(e[LEARNED - 256 : LEARNED]).mean(axis=0)
    found = [(e**2 - other**2) / (e**2 + other**2 + 2 * m**2) for other in (same, best)]
    level = (np.abs(e) - m) / (np.abs(e) + m)
    level -= level[LEARNED:known].mean(axis=0)
    return np.stack([*found, level, -level])[:, LEARNED:]


def moving_means(series: Any, window: int) -> np.ndarray[Any, Any]:
    total = np.concatenate([np.zeros_like(series[:, :1]), series.cumsum(axis=1)], axis=1)
    return (total[:, window:] - total[:, :-window]) / window


def limits(streams: int) -> dict[int, Any]:
    """Return the largest moving means of streams that do not change, for each window and score."""
    found = {window: np.full(4, -np.inf) for window in WINDOWS}
    for seed, plant in enumerate(PLANTS):
        y = np.ascontiguousarray(simulate(seed, plant, STABLE, streams).outputs.transpose(1, 2, 0))
        series = scores(y, None, STABLE)
        for window in WINDOWS:
            found[window] = np.maximum(found[window], moving_means(series, window).max(axis=(1, 2)))
    return found


def windows_delay(y: Any, u: Any, known: dict[int, Any]) -> tuple[int, float]:
    """Return the best window, and its median delay."""
    series, medians = scores(y, u, AT), {}
    for window in WINDOWS:
        over = (moving_means(series, window) > known[window][:, None, None]).any(axis=0)
        over = over[AT - LEARNED - window + 1 :]
        medians[window] = float(np.median(np.where(over.any(axis=0), over.argmax(axis=0) + 1, np.inf)))
    best = min(medians, key=lambda window: medians[window])
    return best, medians[best]


def served(changes: float | None, streams: int, block: int, steps: int) -> int:
    """Run a service on white noise."""
    service = Service(lambda outputs, inputs: ladder(SIZES, intercept=True), changes=changes)
    y, nothing = np.random.default_rng(0).standard_normal((steps, 1)), np.zeros((block, 0))
    for t in range(0, steps, block):
        part = y[t : t + block]
        service.take([Observation(str(k), 0, t, np.full(block, np.nan), part, nothing) for k in range(streams)])
    return service.samples


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--streams", type=count, default=32, help="streams of each kind")
    parser.add_argument("--rounds", type=count, default=3)
    arguments = parser.parse_args()
    known, delays = limits(arguments.streams), []
    for kind in KINDS:
        y, u = changed(kind, arguments.streams)
        ours, (window, theirs) = noticed(y, u), windows_delay(y, u, known)
        quantiles = np.sort(ours)[[len(ours) // 10, len(ours) // 2, (9 * len(ours)) // 10]].tolist()
        row = dict(kind=kind, delay=quantiles, window=window, fixed=theirs, ratio=quantiles[1] / theirs)
        delays.append(row)
        print(f"{kind:56s} {quantiles} window {window}: {theirs:.0f}, ratio {row['ratio']:.2f}", flush=True)
    contenders, sizes = {}, {"1 stream, sample by sample": (1, 1, 3000), "32 streams, blocks of 1280": (32, 1280, 6400)}
    sizes |= {"1 stream, blocks of 1280": (1, 1280, 25_600)}
    for name, (streams, block, steps) in sizes.items():
        for word, rate in (("not watched", None), ("watched", 0.01)):
            work = partial(served, rate, streams, block, steps)
            contenders[f"{name}, {word}"] = Contender(work, streams * steps, "white noise, sizes 0..16")
    timed = interleaved(contenders, arguments.rounds)
    ratios = [
        dict(name=f"{name}: watched over not watched, processor time", goal="below 2",
             values=ratio([timed.processor[f"{name}, watched"]], timed.processor[f"{name}, not watched"]))
        for name in sizes
    ]  # fmt: skip
    record = dict(machine=machine(), rows=rows(contenders, timed), ratios=ratios, delays=delays)
    show(record)
    write("changes", record)


if __name__ == "__main__":
    main()
