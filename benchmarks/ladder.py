"""All filter lengths to 64 on 1024 streams, against what people would run instead; interleaved in one run.

    python benchmarks/ladder.py            everything, written to benchmarks/results/ladder.json
    python benchmarks/ladder.py --quick    the headline alone, ending with one line of JSON

Slow opponents run a share of the work, and times are per (stream, step, length), or per (stream, step) for one length.
The opponents stand below as a practitioner would write them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ergoscope.learners import Driver, ladder, score, score_wavefront
from ergoscope.simulator import computing

LENGTHS, STREAMS, STEPS = 64, 1024, 2000
RIDGE = 1e-2


def streams(steps: int, count: int, precision: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal((steps, count)), axis=0)
    return (walk + rng.standard_normal((steps, count))).astype(precision)


def ours(form: Callable[..., Any], precision: Any, steps: int, count: int) -> Callable[[], None]:
    driver, y = Driver(ladder(range(LENGTHS + 1)), precision=precision), streams(steps, count, precision)[:, None]
    edges = np.unique(np.round(2 ** np.arange(0, np.log2(steps), 1 / 8)).astype(int))
    edges = np.unique([0, *edges, steps]).tolist()
    share = max(count // 64, 1)  # as locate sums them
    return lambda: form(driver, [y], lambda t: np.zeros((len(t), 0)), np.full(count, steps), edges, share=share)


def rls_step(P: Any, w: Any, x: Any, y: Any) -> Any:
    error, Px = y - x @ w, P @ x
    gain = Px / (1 + x @ Px)
    return P - jnp.outer(gain, Px), w + gain * error, error


def padded(precision: Any, steps: int, count: int) -> Callable[[], None]:
    """One vmapped covariance RLS of all lengths, each padded to the longest."""
    y, M = streams(steps, count, precision), LENGTHS
    mask = np.arange(M) < np.arange(1, M + 1)[:, None]

    @jax.jit
    def run(y: Any) -> Any:
        many = jax.vmap(jax.vmap(rls_step, (0, 0, 0, None)))

        def step(carry: Any, now: Any) -> Any:
            P, w, window = carry
            P, w, error = many(P, w, window[:, None] * mask[None].astype(y.dtype), now)
            return (P, w, jnp.concatenate([now[:, None], window[:, :-1]], 1)), (error * error).mean(0)

        zeros = partial(jnp.zeros, dtype=y.dtype)
        P = jnp.broadcast_to(jnp.eye(M, dtype=y.dtype) / RIDGE, (count, M, M, M))
        return jax.lax.scan(step, (P, zeros((count, M, M)), zeros((count, M))), y)[1]

    return compiled(run, y, precision)


def single(precision: Any, steps: int, count: int, form: str) -> Callable[[], None]:
    """ONE covariance RLS of length 64."""
    y, M = streams(steps, count, precision), LENGTHS

    def one(y: Any) -> Any:
        def step(carry: Any, now: Any) -> Any:
            P, w, window = carry
            P, w, error = rls_step(P, w, window, now)
            return (P, w, jnp.concatenate([now[None], window[:-1]])), error * error

        zeros = jnp.zeros(M, y.dtype)
        return jax.lax.scan(step, (jnp.eye(M, dtype=y.dtype) / RIDGE, zeros, zeros), y)[1].sum()

    def batch_last(y: Any) -> Any:
        def step(carry: Any, now: Any) -> Any:
            P, w, window = carry
            error, Px = now - (window * w).sum(0), (P * window[None]).sum(1)
            gain = Px / (1 + (window * Px).sum(0))
            w = w + gain * error
            return (P - gain[:, None] * Px[None], w, jnp.concatenate([now[None], window[:-1]])), error * error

        P = jnp.broadcast_to(jnp.eye(M, dtype=y.dtype)[:, :, None] / RIDGE, (M, M, count))
        zeros = jnp.zeros((M, count), y.dtype)
        return jax.lax.scan(step, (P, zeros, zeros), y)[1].sum(0)

    forms = {
        "vmap(scan)": jax.vmap(one, 1),
        "chunks of 128": lambda y: jax.lax.map(jax.vmap(one, 1), jnp.moveaxis(y.reshape(len(y), -1, 128), 1, 0)),
        "batch last": batch_last,
    }
    return compiled(jax.jit(forms[form]), y, precision)


def padasip_all(steps: int, count: int) -> Callable[[], None]:
    """A loop over lengths, streams and samples with padasip's FilterRLS."""
    from padasip.filters import FilterRLS

    y = streams(steps, count, "float64")

    def run() -> None:
        for stream in y.T:
            for length in range(1, LENGTHS + 1):
                learner, window = FilterRLS(n=length, mu=1.0, eps=RIDGE, w="zeros"), np.zeros(length)
                for now in stream:
                    learner.predict(window)
                    learner.adapt(now, window)
                    window = np.concatenate([[now], window[:-1]])

    return run


def floor(precision: Any, ticks: int = 200, lanes: int = 128) -> Callable[[], None]:
    """What the wave moves, moved and nothing else: ten arrays read and written once a tick, on every core."""

    @jax.jit
    def run(arrays: Any) -> Any:
        return jax.lax.fori_loop(0, ticks, lambda _, a: tuple(x * 1.0001 for x in a), arrays)

    cores = os.cpu_count() or 1
    arrays = [tuple(np.ones((LENGTHS, lanes), precision) + i for i in range(10)) for _ in range(cores)]

    def one(mine: Any) -> None:
        with computing(precision):
            jax.block_until_ready(run(mine))

    def all_() -> None:
        with ThreadPoolExecutor(cores) as workers:
            list(workers.map(one, arrays))

    return all_


def compiled(run: Callable[[Any], Any], y: np.ndarray, precision: Any) -> Callable[[], None]:
    def call() -> None:
        with computing(precision):
            jax.block_until_ready(run(y))

    return call


def contenders(quick: bool) -> dict[str, tuple[Callable[[], None], int]]:
    """Return each contender and the units of one call: (stream, step, length), or (stream, step) for one length."""
    made: dict[str, tuple[Callable[[], None], int]] = {}
    share = 64, 60
    for precision in ("float64",) if quick else ("float64", "float32"):
        whole = STREAMS * STEPS * LENGTHS
        made[f"wavefront {precision}"] = ours(score_wavefront, precision, STEPS, STREAMS), whole
        steps = 50 if quick else 100
        for form in ("vmap(scan)", "chunks of 128", "batch last"):
            made[f"one RLS of length 64, {form}, {precision}"] = (
                single(precision, steps, STREAMS, form),
                steps * STREAMS,
            )
        made[f"padded RLS {precision}"] = padded(precision, share[1], share[0]), share[0] * share[1] * LENGTHS
        if not quick:
            steps = 400
            made[f"step form {precision}"] = ours(score, precision, steps, STREAMS), steps * STREAMS * LENGTHS
            made[f"wavefront, the share, {precision}"] = (
                ours(score_wavefront, precision, share[1], share[0]),
                np.prod([*share, LENGTHS]),
            )
            made[f"floor {precision}"] = floor(precision), 200 * 128 * LENGTHS * (os.cpu_count() or 1)
    steps, count = (100, 1) if quick else (100, 4)
    made["padasip"] = padasip_all(steps, count), steps * count * LENGTHS
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the headline alone")
    quick = parser.parse_args().quick
    table = contenders(quick)
    for run, _ in table.values():
        run()
    rounds = 3 if quick else 5
    times: dict[str, list[float]] = {name: [] for name in table}
    processor: dict[str, list[float]] = {name: [] for name in table}  # of all cores; hardly feels other work on them
    for _ in range(rounds):
        for name, (run, units) in table.items():
            start, start_processor = time.perf_counter(), time.process_time()
            run()
            times[name].append((time.perf_counter() - start) / units * 1e9)
            processor[name].append((time.process_time() - start_processor) / units * 1e9)

    def ratio(slow: list[str], fast: str, per: int = 1) -> list[float]:
        return [min(times[s][i] for s in slow) / (times[fast][i] * per) for i in range(rounds)]

    for name, values in times.items():
        spread, spent = f"({min(values):.2f} to {max(values):.2f})", statistics.median(processor[name])
        print(f"{name:48s} {statistics.median(values):10.2f} ns {spread:24s} {spent:10.2f} ns of all cores")
    result: dict[str, Any] = {}
    for precision in ("float64",) if quick else ("float64", "float32"):
        mine, singles = f"wavefront {precision}", [n for n in table if n.startswith("one RLS") and precision in n]
        result[precision] = {
            "ratio_padded_rls_all_lengths": ratio([f"padded RLS {precision}"], mine),
            "ratio_single_rls_64": ratio(singles, mine, LENGTHS),
            "ratio_padasip_all_lengths": ratio(["padasip"], mine),
            "ns_per_stream_step_length": times[mine],
        }
        if not quick:
            result[precision]["ratio_step_form"] = ratio([f"step form {precision}"], mine)
            result[precision]["times_the_floor"] = ratio([mine], f"floor {precision}")
    medians = {p: {key: statistics.median(values) for key, values in of.items()} for p, of in result.items()}
    for p, of in medians.items():
        for key, value in of.items():
            print(f"{p} {key:32s} {value:10.2f}   ({min(result[p][key]):.2f} to {max(result[p][key]):.2f})")
    if not quick:
        bytes_a_lane = {p: 2 * 10 * np.dtype(p).itemsize for p in result}
        record = dict(
            work=dict(lengths=LENGTHS, streams=STREAMS, steps=STEPS),
            machine=dict(
                processor=platform.machine(),
                cores=os.cpu_count(),
                load=os.getloadavg()[0],
                python=platform.python_version(),
                jax=jax.__version__,
            ),
            nanoseconds=times,
            nanoseconds_of_all_cores=processor,
            ratios=result,
            floor=dict(bytes_a_lane=bytes_a_lane, operations_a_lane=19, divisions_a_lane=2),
        )
        file = Path(__file__).parent / "results" / "ladder.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        print(f"written: {file}")
    print(json.dumps(medians["float64"] if quick else medians))


if __name__ == "__main__":
    main()
