"""Compare training many small networks on a task with a plain loop in PyTorch, and with the machine's matrix product.

    python benchmarks/train.py [--steps 400] [--rounds 4]

A step is one update by AdamW on a whole set of 30 bits, of a network with one hidden layer: loss, gradient, update.
Contenders at width x rows of 16 x 256, 64 x 512 and 128 x 1000: ``train``, as sweeps use it, two runs; the usual loop
in PyTorch (nn.Sequential, AdamW, one thread: more cost time on such sizes), one run; ``train`` with eight runs side by
side (vmap), which is what a GPU gets. Our runs have more steps, so that their start, some 5 ms, does not count: those
of sweeps are longer. Times are per step and run; ratios are of processor time, which hardly feels other work on the
machine. Before the clock starts, the losses after 20 steps from equal parameters are compared. The floor is the product
of matrices: the two large ones of a step alone, and one of 1024 x 1024. PyTorch is not in the extra `bench`, because it
is large: pip install torch --index-url https://download.pytorch.org/whl/cpu. Without it its rows are skipped. Written
to benchmarks/results/train.json.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope._core.devices import computing
from ergoscope.learners._neural.mlp_model import mlp_model
from ergoscope.learners._neural.optimiser import Knobs, Optimiser
from ergoscope.learners._neural.train import Run, train
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import drawn

TASK = parity(30, 3)
MODEL = mlp_model(TASK)
RULE, KNOBS = Optimiser(), Knobs(rate=3e-3, decay=0.1)
SHAPES = {(16, 256): (30, 8), (64, 512): (10, 4), (128, 1000): (4, 2)}  # width, rows: the goal, and a factor of steps
COMPARED = 20  # steps


def ours(width: int, number: int, runs: int, steps: int, side_by_side: int | None = None) -> Any:
    chosen = [Run(width, number, seed, KNOBS) for seed in range(runs)]
    return train(MODEL, TASK, chosen, (0, steps), optimiser=RULE, exam=1, keep=(0,), side_by_side=side_by_side)


def with_torch(width: int, number: int, first: Any) -> Callable[[int], float]:
    """Return a function that trains for some steps and returns the last loss."""
    import torch

    torch.set_num_threads(1)
    seen = drawn(TASK, 0, number)
    x, y = (torch.tensor(np.asarray(part, "float32")) for part in (seen.x, seen.y))

    def run(steps: int) -> float:
        model = torch.nn.Sequential(torch.nn.Linear(30, width), torch.nn.ReLU(), torch.nn.Linear(width, 1))
        with torch.no_grad():
            for own, word in zip(model.parameters(), ("w1", "b1", "w2", "b2"), strict=True):
                own.copy_(torch.tensor(np.array(first[word]).T))
        rule = torch.optim.AdamW(
            model.parameters(), KNOBS.rate, (RULE.b1, RULE.b2), eps=RULE.eps, weight_decay=KNOBS.decay
        )
        loss_of = torch.nn.BCEWithLogitsLoss()
        for _ in range(steps):
            rule.zero_grad()
            loss = loss_of(model(x)[:, 0], y)
            loss.backward()
            rule.step()
        return float(loss_of(model(x)[:, 0], y).detach())

    return run


def products(width: int, number: int, times: int) -> Callable[[], object]:
    """Return a function that computes the large products of a step: x W, and the transpose of x times that."""
    random = np.random.default_rng(0)
    x, weights = (random.standard_normal(shape).astype("float32") for shape in ((number, 30), (30, width)))

    def step(_: Any, weights: Any) -> Any:
        return jax.lax.optimization_barrier(x.T @ (jnp.asarray(x) @ weights)) * jnp.float32(1e-3)

    many = jax.jit(lambda weights: jax.lax.fori_loop(0, times, step, weights))
    return lambda: many(weights).block_until_ready()


def large(times: int) -> Callable[[], object]:
    square = np.random.default_rng(0).standard_normal((1024, 1024)).astype("float32")
    many = jax.jit(lambda now: jax.lax.fori_loop(0, times, lambda _, now: now @ square * jnp.float32(1e-2), now))
    return lambda: many(square).block_until_ready()


def main() -> None:
    parser = words(__doc__)
    for word, default in (("steps", 400), ("rounds", 4)):
        parser.add_argument(f"--{word}", type=count, default=default)
    given = parser.parse_args()
    steps, skipped, made = given.steps, dict[str, str](), dict[str, Contender]()
    work: dict[str, float] = {"one product of 1024 x 1024, float32": 1024**3}
    for (width, number), (_, factor) in SHAPES.items():
        shape, long = f"{width} x {number}", factor * steps
        begun = ours(width, number, 1, COMPARED)
        names = f"train, {shape}, float32", f"PyTorch, {shape}, float32", f"side by side, {shape}, float32"
        made[names[0]] = Contender(partial(ours, width, number, 2, long), 2 * long, f"2 runs x {long} steps")
        try:
            loop = with_torch(width, number, begun.parameters[0][0])
        except ImportError as exc:
            skipped[names[1]] = str(exc)
        else:
            found, expected = loop(COMPARED), begun.scores[0, 1, 0, 0]
            np.testing.assert_allclose(found, expected, rtol=1e-4, err_msg=shape)
            share = max(steps // 4, 1)
            made[names[1]] = Contender(partial(loop, share), share, f"1 run x {share} steps")
        few = max(steps // 12, 1)
        made[names[2]] = Contender(partial(ours, width, number, 8, few, 8), 8 * few, f"8 runs x {few} steps")
        floor = f"its two products, {shape}, float32"
        made[floor] = Contender(products(width, number, 2 * steps), 2 * steps, f"{2 * steps} times")
        work[floor] = 2 * number * 30 * width
        work[names[0]] = work[floor] + 3 * number * width
    made["one product of 1024 x 1024, float32"] = Contender(large(10), 10, "10 times")
    with computing("float32"):
        timed = interleaved(made, given.rounds)
    ratios: list[dict[str, Any]] = []
    for (width, number), (goal, _) in SHAPES.items():
        shape = f"{width} x {number}, float32"
        mine = timed.processor[f"train, {shape}"]
        for other, wanted in (("PyTorch", f"at least {goal}"), ("side by side", "")):
            if (name := f"{other}, {shape}") in made:
                values = ratio([timed.processor[name]], mine)
                ratios.append(dict(name=f"{other} / ours, {shape}", values=values, goal=wanted))
        values = ratio([mine], timed.processor[f"its two products, {shape}"])
        ratios.append(dict(name=f"ours / its two products, {shape}", values=values))
    measured = rows(made, timed)
    for name, operations in work.items():
        values = [operations / nanoseconds for nanoseconds in timed.processor[name]]
        head, _, precision = name.rpartition(", ")
        measured.append(dict(name=f"{head}: products a second, {precision}", unit="1e9", values=values))
    record = dict(
        title="Training networks on a task",
        command="python benchmarks/train.py",
        work="one hidden layer on 30 bits, width x rows, whole sets, AdamW; times per step and run, ratios of "
        "processor time",
        machine=machine(),
        floor="the two large products of matrices in a step, alone; a product is one multiplication with its addition",
        rows=measured,
        ratios=ratios,
        skipped=skipped,
    )
    show(record)
    write("train", record)


if __name__ == "__main__":
    main()
