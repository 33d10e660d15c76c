"""Compare the online completion of an additive map with plain Python, and with the bytes that it must touch.

    python benchmarks/completion.py [--samples 4000000] [--rounds 5]

The work is samples (i, j, i + j) at random places of a map of n rows and columns, with n = 1000 and n = 1e6: the first
is complete early, and most samples are only scored; in the second many samples merge two components. Contenders: ours,
in batches of 65 536; at n = 1000 also sample by sample, and a union-find with potentials on lists in plain Python, both
on fewer samples; connected components by scipy, offline, which tells what is determined and not the values. Before the
clock starts, all are compared: they determine the same entries. Ratios and goals are of processor time, which hardly
feels other work on the machine. The floor copies as many bytes as a sample must touch: it is read (16 bytes), what was
known is written (17), and the parent and the potential of a row and of a column are read (24). It touches them in
order, the union-find in the order of chance: so a second floor reads a parent and a potential at two random places for
each sample.
Written to benchmarks/results/completion.json.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from _clock import Contender, count, figure, interleaved, machine, ratio, rows, show, words, write
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ergoscope.learners import AdditiveCompletion

BATCH, SMALL, LARGE = 65_536, 1000, 1_000_000
FEW, FEWEST = 200_000, 10_000  # samples of plain Python; taken one by one
TOUCHED = 16 + 17 + 24  # bytes for each sample

Samples = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]


def drawn(size: int, samples: int) -> Samples:
    row, column = np.random.default_rng(size).integers(0, size, (2, samples), dtype=np.int32)
    return row, column, row.astype(np.int64) + column


def ours(size: int, samples: Samples, batch: int = BATCH) -> int:
    completion = AdditiveCompletion(size)
    for start in range(0, len(samples[0]), batch):
        completion.take(*(part[start : start + batch] for part in samples))
    return completion.pairs


def plain_python(size: int, samples: Samples) -> int:
    """The same by a union-find on lists."""
    parent, offset = list(range(2 * size)), [0] * (2 * size)
    held = [(1, 0)] * size + [(0, 1)] * size
    pairs = wrong = 0

    def root(node: int) -> tuple[int, int]:
        path = []
        while parent[node] != node:
            path.append(node)
            node = parent[node]
        total = 0
        for each in reversed(path):
            total += offset[each]
            parent[each], offset[each] = node, total
        return node, total

    for i, j, value in zip(*(part.tolist() for part in samples), strict=True):
        (a, u), (b, w) = root(i), root(size + j)
        excess = u - w - value
        if a == b:
            wrong += excess != 0
            continue
        if sum(held[a]) < sum(held[b]):
            a, b, excess = b, a, -excess
        (r, c), (s, d) = held[a], held[b]
        parent[b], offset[b], held[a] = a, excess, (r + s, c + d)
        pairs += r * d + s * c
    assert not wrong
    return pairs


def with_scipy(size: int, samples: Samples) -> int:
    """What is determined, from the components of the graph of all samples."""
    row, column, _ = samples
    links = coo_array((np.ones(len(row), np.int8), (row, size + column)), shape=(2 * size, 2 * size))
    number, labels = connected_components(links, directed=False)
    return int((np.bincount(labels[:size], minlength=number) * np.bincount(labels[size:], minlength=number)).sum())


def copied(size: int) -> Callable[[], object]:
    """Return a function that reads and writes as many bytes in all."""
    source, target = np.ones(size // 2, np.uint8), np.zeros(size // 2, np.uint8)
    return lambda: np.copyto(target, source)


def read_at_random(size: int, samples: Samples) -> Callable[[], object]:
    """Return a function that reads a parent and a potential at two random places for each sample."""
    parent, offset = np.ones(2 * size, np.int32), np.ones(2 * size, np.int64)
    places = samples[0].astype(np.int64), samples[1] + np.int64(size)
    return lambda: [each.take(place) for place in places for each in (parent, offset)]


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--samples", type=count, default=4_000_000)
    parser.add_argument("--rounds", type=count, default=5)
    given = parser.parse_args()
    made: dict[str, Contender] = {}
    for size in (SMALL, LARGE):
        samples, shape = drawn(size, given.samples), f"n = {size}"
        few, fewest = (tuple(part[:most] for part in samples) for most in (FEW, FEWEST))
        assert ours(size, few) == plain_python(size, few) == with_scipy(size, few)
        ran = f"{given.samples} samples"
        made[f"ours, {shape}"] = Contender(partial(ours, size, samples), given.samples, ran)
        if size == SMALL:
            one_by_one = Contender(partial(ours, size, fewest, 1), FEWEST, f"{FEWEST} samples")
            made[f"ours, {shape}, one by one"] = one_by_one
            made[f"plain Python, {shape}"] = Contender(partial(plain_python, size, few), FEW, f"{FEW} samples")
        made[f"scipy, offline, {shape}"] = Contender(partial(with_scipy, size, samples), given.samples, ran)
        made[f"copying as many bytes, {shape}"] = Contender(
            copied(TOUCHED * given.samples), given.samples, f"{TOUCHED} bytes each"
        )
        made[f"reads at random places, {shape}"] = Contender(
            read_at_random(size, samples), given.samples, "12 bytes at two places"
        )
    timed = interleaved(made, given.rounds)
    ratios: list[dict[str, Any]] = []
    for size in (SMALL, LARGE):
        shape = f"n = {size}"
        mine = timed.processor[f"ours, {shape}"]
        goal = "at least 20" if size == SMALL else ""
        ratios.append(dict(name=f"million samples a second, {shape}", values=[1e3 / each for each in mine], goal=goal))
        for other in ("plain Python", "scipy, offline"):
            if (name := f"{other}, {shape}") in made:
                ratios.append(dict(name=f"{other} / ours, {shape}", values=ratio([timed.processor[name]], mine)))
        for other in ("copying as many bytes", "reads at random places"):
            floor = timed.processor[f"{other}, {shape}"]
            ratios.append(dict(name=f"ours / {other}, {shape}", values=ratio([mine], floor)))
    record = dict(
        title="Completing an additive map",
        command="python benchmarks/completion.py",
        work="samples (i, j, i + j) at random places of a map of n rows and columns, scored and learned in batches of "
        f"{figure(BATCH)}; times per sample, ratios of processor time",
        machine=machine(),
        floor=f"a copy of {TOUCHED} bytes for each sample, in order; the union-find touches the 24 of its nodes in the "
        "order of chance, as do the reads at random places",
        rows=rows(made, timed),
        ratios=ratios,
    )
    show(record)
    write("completion", record)


if __name__ == "__main__":
    main()
