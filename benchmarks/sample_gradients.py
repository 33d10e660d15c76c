"""Compare gradients of single examples in blocks (vmap) with a loop over the examples, and measure their memory.

    python benchmarks/sample_gradients.py [--examples 4096] [--rounds 5]

Work: the unit gradient of each example of sparse-parity, 60 inputs, by all parameters of a network with one hidden
layer of 8, 32 or 128 units. Contenders: ``sample_gradients``; a loop that calls the same gradient of one example,
compiled (jax.jit), and keeps each answer in a row of an array; the usual loop of jax.grad, not compiled, at 8 units.
The issue's goal of 20 times is held against the compiled loop. Before the clock starts, their gradients are compared.
The floor is the memory that must be written: the same bytes, into an array that is there. The operations are fewer
than the machine does in that time: about 3 for each number written. Times are per example, ratios of processor time.

Memory: the peak of a fresh process that goes through all blocks of 128 rows, at 4096 and at 16384 examples; all
gradients at a time would be 0.49 GiB more. Written to benchmarks/results/sample_gradients.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

# This process loads JAX after the cases of memory: on Linux a child's ru_maxrss starts from its parent's.
from _clock import Contender, count, interleaved, machine, peak, ratio, rows, show, words, write

WIDTHS = (8, 32, 128)
BLOCK = 128  # rows
FEW, LOOPED = 8, 256  # examples of the loops
MEMORY = 4096, 16_384  # examples


def network(width: int, examples: int) -> tuple[Any, Any, Any]:
    """Return the network, its first parameters and examples of its task."""
    import jax
    import numpy as np

    from ergoscope.learners._neural.mlp_model import mlp_model
    from ergoscope.simulator._tasks.process import drawn
    from ergoscope.simulator._tasks.sparse_parity import sparse_parity

    process = sparse_parity()
    model = mlp_model(process)
    first = jax.jit(lambda key: model.init(key, width, "float32"))(jax.random.key(0))
    return model, jax.tree.map(np.asarray, first), drawn(process, 0, examples)


def memory(examples: int) -> dict[str, float]:
    """Go through all gradients in this process and return its peak."""
    from ergoscope.learners._neural.sample_gradients import sample_gradients

    total = sum(float(block.sum()) for block in sample_gradients(*network(WIDTHS[-1], examples), rows=BLOCK))
    return dict(peak=peak(), total=total)


def apart(examples: int) -> float:
    """Return the peak of a fresh process in GiB."""
    done = subprocess.run([sys.executable, __file__, "--case", str(examples)], stdout=subprocess.PIPE, check=True)
    return float(json.loads(done.stdout.splitlines()[-1])["peak"])


def contenders(width: int, examples: int) -> dict[str, Contender]:
    """Return the ways of one width."""
    import jax
    import numpy as np

    from ergoscope.learners._neural.sample_gradients import sample_gradients, unit_gradient
    from ergoscope.simulator._tasks.process import Examples

    model, parameters, drawn = network(width, examples)
    placed, size = jax.tree.map(jax.numpy.asarray, parameters), model.parameters(width)
    kept = np.empty((LOOPED, size), np.float32)

    def in_blocks() -> None:
        for _ in sample_gradients(model, parameters, drawn):
            pass

    def looped(gradient: Callable[..., Any], number: int) -> None:
        for row in range(number):
            kept[row] = gradient(placed, drawn.x[row], drawn.y[row])[0]

    def usual(parameters: Any, x: Any, y: Any) -> Any:
        return unit_gradient(model, "float32", parameters, x, y)

    compiled = jax.jit(usual)
    looped(compiled, LOOPED)
    first = Examples(*(part[:LOOPED] for part in drawn))
    blocks = np.concatenate(list(sample_gradients(model, parameters, first)))
    np.testing.assert_allclose(blocks, kept, rtol=0, atol=1e-6)
    there = np.zeros((BLOCK, size), np.float32)

    def fill() -> None:
        for _ in range(examples // BLOCK):
            there.fill(1.0)

    shape = f"{width} units"
    made = {
        f"in blocks, {shape}, float32": Contender(in_blocks, examples, f"{examples} examples"),
        f"one by one, compiled, {shape}, float32": Contender(
            lambda: looped(compiled, LOOPED), LOOPED, f"{LOOPED} examples"
        ),
        f"bytes written, {shape}, float32": Contender(fill, examples // BLOCK * BLOCK, f"{4 * size} bytes an example"),
    }
    if width == WIDTHS[0]:
        made[f"one by one, jax.grad, {shape}, float32"] = Contender(lambda: looped(usual, FEW), FEW, f"{FEW} examples")
    return made


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--examples", type=count, default=4096)
    parser.add_argument("--rounds", type=count, default=5)
    parser.add_argument("--case", type=count, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        print(json.dumps(memory(given.case)))
        return
    peaks = {number: apart(number) for number in MEMORY}
    made: dict[str, Contender] = {}
    for width in WIDTHS:
        made |= contenders(width, max(given.examples, BLOCK))
    from ergoscope._core.devices import computing

    with computing("float32"):
        timed = interleaved(made, given.rounds)
    ratios: list[dict[str, Any]] = []
    for width in WIDTHS:
        shape = f"{width} units, float32"
        ours = timed.processor[f"in blocks, {shape}"]
        for name, goal in (("one by one, compiled", "at least 20"), ("one by one, jax.grad", "")):
            if f"{name}, {shape}" in made:
                values = ratio([timed.processor[f"{name}, {shape}"]], ours)
                ratios.append(dict(name=f"{name} / in blocks, {shape}", values=values, goal=goal))
        values = ratio([ours], timed.processor[f"bytes written, {shape}"])
        ratios.append(dict(name=f"in blocks / bytes written, {shape}", values=values))
    few, many = (peaks[number] for number in MEMORY)
    ratios.append(dict(name=f"peak at {MEMORY[1]} / at {MEMORY[0]} examples", values=[many / few], goal="1"))
    held = [dict(name=f"peak, {number} examples", ran=f"blocks of {BLOCK} rows", unit="GiB", values=[value])
            for number, value in peaks.items()]  # fmt: skip
    record = dict(
        title="Gradients of single examples",
        command="python benchmarks/sample_gradients.py",
        work="unit gradients of examples with 60 inputs by all parameters of one hidden layer; times per example, "
        "ratios of processor time; peak resident memory of a fresh process each",
        machine=machine(),
        floor="the bytes of the gradients, written into an array that is there",
        rows=[*rows(made, timed), *held],
        ratios=ratios,
    )
    show(record)
    write("sample_gradients", record)


if __name__ == "__main__":
    main()
