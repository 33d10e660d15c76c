"""Compare all filter lengths up to 64 on 1024 streams with other software; contenders run in turn.

    python benchmarks/ladder.py [--rounds 5]    everything, written to benchmarks/results/ladder.json
    python benchmarks/ladder.py --quick         the headline only, with one line of JSON at the end

Compared: our compiled loop, and our JAX forms for other devices (wavefront and step by step); recursive least squares
in JAX, all lengths padded or ONE of 64, in plain C (rls.c), padasip, river, filterpy. Slow opponents run a share of the
work, and our ladder also runs the same share.
Times are per (stream, step, length), for one length per (stream, step). Before the clock starts, all must give the
same sums of squared errors, up to rounding.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import _opponents as opponents
import numba
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope.learners import ladder
from ergoscope.learners._engine.driver import Driver
from ergoscope.learners._engine.replay import score
from ergoscope.learners._least_squares.wavefront import score_wavefront

LENGTHS, STREAMS, STEPS = 64, 1024, 2000
RIDGE = 1e-2
SHARE, SLOW_SHARE = (64, 60), (2, 100)  # streams, steps: of compiled opponents, of Python loops
LOOPS = ("padasip", "river, bayesian", "river, gradient", "filterpy")
ONE = ", ONE length of 64"  # its times are per (stream, step)
PADDED, SINGLE, PADASIP = (
    "padded RLS of all lengths / ours",
    "ONE RLS of 64 / ours of all",
    "padasip / ours",
)
WAVE, ONE_IN_C = "our wavefront / ours", "C, ONE length of 64 / ours of all"
GOALS = {WAVE: "at least 3", ONE_IN_C: "at least 8"}
GOALS |= {PADDED: "at least 1000", SINGLE: "at least 4"}
GOALS |= {f"{name} / ours": "at least 30000" for name in ("padasip", "river, bayesian", "filterpy")}
KEYS = {"ratio_padded_rls_all_lengths": PADDED, "ratio_single_rls_64": SINGLE, "ratio_padasip_all_lengths": PADASIP}


def samples(count: int, steps: int, precision: str = "float64") -> np.ndarray:
    """Random walks in noise ``(time, stream)`` from 1 on, so that our ridge, relative to y[0], is theirs."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal((steps, count)), axis=0) + rng.standard_normal((steps, count))
    walk[0] = 1
    return walk.astype(precision)


def ours(form: Callable[..., Any], precision: Any, y: np.ndarray, compiled: bool = True) -> np.ndarray:
    steps, count = y.shape
    learner = ladder(range(LENGTHS + 1), ridge=RIDGE)
    driver = Driver(learner if compiled else learner._replace(kernel=None), precision=precision)
    edges = np.unique(np.round(2 ** np.arange(0, np.log2(steps), 1 / 8)).astype(int))
    edges = np.unique([0, *edges, steps]).tolist()
    share = max(count // 64, 1)  # as locate sums them
    sums = form(driver, [y[:, None]], lambda t: np.zeros((len(t), 0)), np.full(count, steps), edges, share=share)
    return np.asarray(sums.error.sum(axis=(0, 1, 3, 4))[1:])


def floor(precision: Any, lanes: int = 16, repeats: int = 20_000) -> Contender:
    """The two divisions of a stage and nothing else, of numbers in the first cache, on every core."""

    @numba.njit(nogil=True, error_model="numpy")
    def divisions(a: Any, b: Any, repeats: int) -> None:
        for _ in range(repeats):
            for i in range(len(a)):
                a[i] = b[i] / a[i]
                b[i] = a[i] / b[i]

    cores = os.cpu_count() or 1
    arrays = [tuple(np.ones(lanes * 8, precision) for _ in range(2)) for _ in range(cores)]

    def all_() -> None:
        with ThreadPoolExecutor(cores) as workers:
            list(workers.map(lambda pair: divisions(*pair, repeats), arrays))

    return Contender(all_, lanes * 8 * repeats * cores, f"{lanes * 8 * repeats * cores} pairs of divisions")


def contenders(precision: str, quick: bool, skipped: dict[str, str]) -> dict[str, Contender]:
    """Return the contenders of one precision, each held against the step form on two short streams."""
    made: dict[str, Contender] = {}
    short = samples(2, 40, precision)
    expected = ours(score, "float64", short.astype(float))

    def add(name: str, make: Callable[[], opponents.Run], work: tuple[int, int], lengths: int = LENGTHS) -> None:
        name = f"{name}, {precision}"
        try:
            run = make()
        except ImportError as exc:
            skipped[name] = str(exc)
            return
        if "gradient" not in name:  # which learns something else
            right = expected[-1:] if ONE in name else expected
            np.testing.assert_allclose(np.asarray(run(short)), right, rtol=1e-5 if precision == "float64" else 0.1)
        streams, steps = work
        y = samples(streams, steps, precision)
        made[name] = Contender(partial(run, y), streams * steps * lengths, f"{streams} streams x {steps} steps")

    def jax_form(form: Callable[..., Any]) -> Callable[[], opponents.Run]:
        return partial(opponents.on_device, form, LENGTHS, RIDGE, precision)

    def our_form(form: Callable[..., Any], **options: bool) -> Callable[[], opponents.Run]:
        return lambda: partial(ours, form, precision, **options)

    one_length = STREAMS, 50 if quick else 100
    add("ladder", our_form(score), (STREAMS, STEPS))
    add("ladder, wavefront", our_form(score_wavefront, compiled=False), (STREAMS, STEPS))
    add("JAX, padded RLS of all lengths", jax_form(opponents.padded), SHARE)
    add("JAX, vmap(scan)" + ONE, jax_form(opponents.vmapped), one_length, 1)
    add("JAX, chunks of 128" + ONE, jax_form(opponents.in_chunks), one_length, 1)
    add("JAX, batch last" + ONE, jax_form(opponents.batch_last), one_length, 1)
    if precision == "float64":
        for name in LOOPS[:1] if quick else LOOPS:
            form = getattr(opponents, name.replace(", ", "_"))
            add(f"{name}, all lengths", partial(form, LENGTHS, RIDGE), SLOW_SHARE)
    if quick:
        return made
    c = partial(opponents.in_c, ridge=RIDGE, precision=precision)
    add("C -O3, all lengths", partial(c, range(1, LENGTHS + 1)), SHARE)
    add("C -O3" + ONE, partial(c, [LENGTHS]), (STREAMS, 200), 1)
    add("ladder, that share", our_form(score), SHARE)
    add("ladder, share of the loops", our_form(score), SLOW_SHARE)
    add("ladder, step by step in JAX", our_form(score, compiled=False), (STREAMS, 200))
    made[f"floor: two divisions, {precision}"] = floor(precision)
    return made


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--quick", action="store_true", help="the headline only")
    parser.add_argument("--rounds", type=count, default=5, help="how often each runs; 3 with --quick")
    given = parser.parse_args()
    quick: bool = given.quick
    precisions, skipped = ("float64",) if quick else ("float64", "float32"), dict[str, str]()
    table: dict[str, Contender] = {}
    for precision in precisions:
        table |= contenders(precision, quick, skipped)
    timed = interleaved(table, 3 if quick else given.rounds)
    ratios = []

    def add(name: str, slow: list[str], fast: str, precision: str, lengths: int = 1) -> None:
        here = [timed.wall[f"{word}, {precision}"] for word in slow if f"{word}, {precision}" in timed.wall]
        if here:
            values = ratio(here, timed.wall[f"{fast}, {precision}"], lengths)
            ratios.append(dict(name=f"{name}, {precision}", values=values, goal=GOALS.get(name)))

    singles = [f"JAX, {form}{ONE}" for form in ("vmap(scan)", "chunks of 128", "batch last")]
    whole, share, loops = (f"ladder{word}" for word in ("", ", that share", ", share of the loops"))
    for precision in precisions:
        add(WAVE, ["ladder, wavefront"], whole, precision)
        add(PADDED, ["JAX, padded RLS of all lengths"], whole, precision)
        add(SINGLE, singles, whole, precision, LENGTHS)
        add(PADASIP, ["padasip, all lengths"], whole, precision)
        if quick:
            continue
        add("C, all lengths / ours", ["C -O3, all lengths"], whole, precision)
        add(ONE_IN_C, ["C -O3" + ONE], whole, precision, LENGTHS)
        for name in LOOPS[1:]:
            add(f"{name} / ours", [f"{name}, all lengths"], whole, precision)
        for name in ("JAX, padded RLS of all lengths", "C -O3, all lengths"):
            add(f"{name} / ours on the same share", [name], share, precision)
        for name in LOOPS:
            add(f"{name} / ours on the same share", [f"{name}, all lengths"], loops, precision)
        add("our step by step in JAX / ours", ["ladder, step by step in JAX"], whole, precision)
        add("ours / floor", [whole], "floor: two divisions", precision)
    record = dict(
        title=f"All filter lengths to {LENGTHS}",
        command="python benchmarks/ladder.py",
        work=f"{STREAMS} streams x {STEPS} steps x {LENGTHS} lengths; times per (stream, step, length), where it is "
        "ONE length per (stream, step)",
        floor="a (stream, step, length) takes 19 operations, two of them divisions, on numbers that stay in the cache",
        machine=machine(),
        rows=rows(table, timed),
        ratios=ratios,
        skipped=skipped,
    )
    show(record)
    if not quick:
        write("ladder", record)
    of = {row["name"]: row["values"] for row in ratios}
    headline = {key: of[f"{name}, float64"] for key, name in KEYS.items() if f"{name}, float64" in of}
    headline["ns_per_stream_step_length"] = timed.wall[f"{whole}, float64"]
    print(json.dumps({key: statistics.median(values) for key, values in headline.items()}))


if __name__ == "__main__":
    main()
