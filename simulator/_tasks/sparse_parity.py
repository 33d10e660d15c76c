"""Many parities, each of a few bits of its own, asked with frequencies that fall by a power law."""

from __future__ import annotations

from functools import lru_cache
from math import comb, log

import numpy as np
from numpy.typing import NDArray

from ..._core.checks import check_seed
from ..._core.jax_later import Array, jax, jnp
from .process import Examples, Process, fractions, random_bits

FEWEST_BITS, MOST_BITS = 24, 4096  # of fewer bits a set and its exam would share patterns
MOST_TASKS = 4096
SMALLEST_ALPHA, LARGEST_ALPHA = 1e-3, 100.0


@lru_cache
def sparse_parity(
    tasks: int = 30,
    bits: int = 30,
    k: int = 3,
    alpha: float = 0.4,
    control: int = 0,
    subsets: int = 0,
    coding: str = "bits",
) -> Process:
    """Return multitask sparse parity: each example says which task it is of, and asks for the parity of that task.

        y = sum of the bits of S_i mod 2,    P(task i) = i^-(alpha + 1) / sum_j j^-(alpha + 1),    i = 1 .. tasks

    An input is the control bits, of which the i-th is 1, and then independent fair bits. S_i are k of these bits,
    drawn once for each task, no two tasks alike. A kind of examples is a task. The exam has as many rows of each
    task, up to one, whatever their frequencies.

    Args:
        tasks: Number of tasks.
        bits: Bits that the parities are of, 24 to 4096.
        k: Bits of a parity.
        alpha: Exponent of the tail, 0.001 to 100: the tasks after the n-th have a share of about n^-alpha. The
            frequency falls with the power alpha + 1.
        control: Control bits; those after the tasks are always 0. 0: as many as tasks.
        subsets: Seed of the sets S_i. They are the same in every run.
        coding: ``"bits"``: a bit is given as 0 or 1; ``"signs"``: as -1 or 1, the control bits as 0 or 1 still.

    Raises:
        ValueError: k is not between 1 and the number of bits, alpha is not above 0, there are more tasks than control
            bits or than sets of k bits, a number is beyond its limits, or there is no such coding.

    References:
        E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
        (arXiv 2303.13506), section 3; its code calls alpha + 1 alpha.
    """
    if not FEWEST_BITS <= bits <= MOST_BITS:
        raise ValueError(
            f"sparse-parity takes {FEWEST_BITS} to {MOST_BITS} bits, got {bits}: of fewer, patterns of the set would "
            "come back in the exam."
        )
    if not 1 <= k <= bits:
        raise ValueError(f"sparse-parity needs 1 <= k <= bits; got k={k}, bits={bits}.")
    if not 1 <= tasks <= MOST_TASKS:
        raise ValueError(f"sparse-parity takes 1 to {MOST_TASKS} tasks, got {tasks}.")
    if not SMALLEST_ALPHA <= alpha <= LARGEST_ALPHA:
        raise ValueError(
            f"alpha must be above 0, from {SMALLEST_ALPHA:g} to {LARGEST_ALPHA:g}; got {alpha}: the frequency of task "
            "i is i^-(alpha + 1)."
        )
    places = control or tasks
    if not tasks <= places <= MOST_TASKS:
        raise ValueError(
            f"each task needs a control bit of its own: {tasks} tasks, {control} control bits; give {tasks} to "
            f"{MOST_TASKS}, or 0 for as many as tasks."
        )
    if tasks > comb(bits, k):
        raise ValueError(f"there are only {comb(bits, k)} different sets of {k} of {bits} bits, not {tasks}.")
    if coding not in ("bits", "signs"):
        raise ValueError(f"the coding of sparse-parity must be bits or signs, got {coding!r}.")
    frequency = fractions(np.arange(1.0, tasks + 1) ** -(alpha + 1))
    steps = np.cumsum(frequency)[:-1].astype(np.float32)
    sets = task_sets(tasks, bits, k, subsets)

    def coded(key: Array, kind: Array) -> Examples:
        given = random_bits(jax.random.fold_in(key, 0), len(kind), bits)
        y = jnp.take_along_axis(given, jnp.asarray(sets)[kind], axis=1).sum(axis=1) % 2
        x = given if coding == "bits" else 2 * given - jnp.int8(1)
        asked = jax.nn.one_hot(kind, places, dtype="int8")
        return Examples(jnp.concatenate([asked, x], axis=1), y.astype("int32"), kind)

    def draw(key: Array, rows: int) -> Examples:
        chance = jax.random.uniform(jax.random.fold_in(key, 2), (rows,), "float32")
        return coded(key, jnp.searchsorted(jnp.asarray(steps), chance, side="right").astype("int32"))

    def exam(key: Array, rows: int) -> Examples:
        return coded(jax.random.fold_in(key, 1), jnp.arange(rows, dtype="int32") % tasks)

    options = f"tasks={tasks},bits={bits},k={k},alpha={alpha},control={control},subsets={subsets},coding={coding}"
    return Process(
        name=f"sparse-parity:{options}",
        about=f"{tasks} parities, each of {k} of {bits} random bits, task i with frequency i^-{alpha + 1:g}",
        theory=f"if tasks are learned in this order, the loss falls as n^-{alpha:g} with the number n that are learned",
        inputs=places + bits,
        symbols=None,
        classes=2,
        kinds=tuple(f"task {i}" for i in range(1, tasks + 1)),
        frequency=frequency,
        chance=log(2),
        domain=None,
        rows=10_000,
        draw=draw,
        exam=exam,
    )


def task_sets(tasks: int, bits: int, k: int, seed: int) -> NDArray[np.int32]:
    """Return the bits of each task, ``(task, k)``, rising in each row; no two rows are alike."""
    check_seed(seed)
    generator = np.random.default_rng(seed)
    found: dict[tuple[int, ...], None] = {}
    while len(found) < tasks:
        found[tuple(sorted(generator.choice(bits, k, replace=False).tolist()))] = None
    return np.array(list(found), np.int32)
