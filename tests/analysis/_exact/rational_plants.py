"""Plants of known rational Jordan structure, drawn at random, and linear algebra on fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

Rows = list[list[Fraction]]

# Each eigenvalue by its real and imaginary part; all moduli are rational.
EXPLOSIVE = [(Fraction(3, 2), Fraction(0)), (Fraction(-6, 5), Fraction(0)), (Fraction(9, 10), Fraction(6, 5))]
CIRCLE = [(Fraction(1), Fraction(0)), (Fraction(-1), Fraction(0)), (Fraction(3, 5), Fraction(4, 5)),
          (Fraction(0), Fraction(1)), (Fraction(-5, 13), Fraction(12, 13))]  # fmt: skip
STABLE = [(Fraction(1, 2), Fraction(0)), (Fraction(-7, 10), Fraction(0)), (Fraction(0), Fraction(0)),
          (Fraction(3, 10), Fraction(2, 5)), (Fraction(9, 10), Fraction(0))]  # fmt: skip


class Chain(NamedTuple):
    """A Jordan block: its eigenvalue, how many states it has, where they begin, and its kind."""

    real: Fraction
    imag: Fraction
    length: int
    start: int
    kind: str

    @property
    def width(self) -> int:
        return 2 if self.imag else 1

    @property
    def states(self) -> int:
        return self.length * self.width


class RationalPlant(NamedTuple):
    """A plant in exact arithmetic: A .. P0 in the coordinates of a user, J, B, G, H in those of its chains.

    B and G excite (noise and initial state), H sees.
    """

    chains: list[Chain]
    A: Rows
    C: Rows
    Q: Rows
    R: Rows
    P0: Rows
    J: Rows
    B: Rows
    G: Rows
    H: Rows


def draw(seed: int) -> RationalPlant:
    """Draw chains, a basis, units, and what is excited and seen: whole chains, their heads alone, or nothing."""
    rng = np.random.default_rng([seed, 17])
    chains: list[Chain] = []
    start, most = 0, int(rng.integers(1, 7))
    while start < most:
        kind = str(rng.choice(["explosive", "circle", "circle", "circle", "stable"]))
        values = dict(explosive=EXPLOSIVE, circle=CIRCLE, stable=STABLE)[kind]
        again = [chain for chain in chains if chain.kind == kind]
        real, imag = again[0][:2] if again and rng.random() < 0.4 else values[rng.integers(len(values))]
        longest = (most - start) // (2 if imag else 1)
        if longest == 0:
            continue
        chain = Chain(real, imag, int(rng.integers(1, min(longest, 3) + 1)), start, kind)
        chains.append(chain)
        start += chain.states
    n = start
    J = zeros(n, n)
    for chain in chains:
        for k in range(chain.length):
            place = chain.start + k * chain.width
            J[place][place] = chain.real
            if chain.imag:
                J[place + 1][place + 1] = chain.real
                J[place][place + 1], J[place + 1][place] = -chain.imag, chain.imag
            if k:
                for j in range(chain.width):
                    J[place - chain.width + j][place + j] = Fraction(1)
    outputs = int(rng.integers(1, 4))
    B, G = _columns(rng, chains, n), _columns(rng, chains, n) if rng.random() < 0.5 else zeros(n, 0)
    H = [_row(rng, chains, n) for _ in range(outputs)]
    T, inverse = _unimodular(rng, n)
    if rng.random() < 0.5:  # units
        scale = [Fraction(10) ** int(k) for k in rng.integers(-6, 7, n)]
        T = [[value * unit for value in row] for row, unit in zip(T, scale, strict=True)]
        inverse = [[value / unit for value, unit in zip(row, scale, strict=True)] for row in inverse]
        unit = [Fraction(10) ** int(k) for k in rng.integers(-6, 7, outputs)]
    else:
        unit = [Fraction(1)] * outputs
    strength = Fraction(1, int(rng.integers(1, 4)))
    B, G = ([[value * strength for value in row] for row in M] for M in (B, G))
    H = [[value * by for value in row] for row, by in zip(H, unit, strict=True)]
    R = zeros(outputs, outputs)
    for i in range(outputs):
        R[i][i] = unit[i] ** 2 * int(rng.integers(1, 3))
    return RationalPlant(
        chains,
        times(times(T, J), inverse),
        times(H, inverse),
        _square(times(T, B)),
        R,
        _square(times(T, G)),
        J,
        B,
        G,
        H,
    )


def _columns(rng: np.random.Generator, chains: list[Chain], n: int) -> Rows:
    width = int(rng.integers(1, 4))
    M = [[Fraction(int(v)) for v in row] for row in rng.integers(-2, 3, (n, width))]
    for chain in chains:
        kept = {0: 0, 1: int(rng.integers(0, chain.length + 1))}.get(int(rng.integers(0, 4)), chain.length)
        for i in range(chain.start + kept * chain.width, chain.start + chain.states):
            M[i] = [Fraction(0)] * width
    return M


def _row(rng: np.random.Generator, chains: list[Chain], n: int) -> list[Fraction]:
    row = [Fraction(int(v)) for v in rng.integers(-2, 3, n)]
    only_stable = rng.random() < 0.25
    for chain in chains:
        first = {0: chain.length, 1: int(rng.integers(0, chain.length + 1))}.get(int(rng.integers(0, 4)), 0)
        if only_stable and chain.kind != "stable":
            first = chain.length
        for i in range(chain.start, chain.start + first * chain.width):
            row[i] = Fraction(0)
    return row


def _unimodular(rng: np.random.Generator, n: int) -> tuple[Rows, Rows]:
    T, inverse = eye(n), eye(n)
    for _ in range(int(rng.integers(0, 2 * n + 1))):
        i, j = (int(v) for v in rng.integers(0, n, 2))
        by = Fraction(int(rng.choice([-1, 1])))
        if i != j:
            T[i] = [a + by * b for a, b in zip(T[i], T[j], strict=True)]
            for row in inverse:
                row[j] -= by * row[i]
    return T, inverse


def zeros(rows: int, columns: int) -> Rows:
    return [[Fraction(0)] * columns for _ in range(rows)]


def eye(n: int) -> Rows:
    return [[Fraction(int(i == j)) for j in range(n)] for i in range(n)]


def times(M: Rows, N: Rows) -> Rows:
    columns = list(zip(*N, strict=True))
    return [[sum((a * b for a, b in zip(row, column, strict=True)), Fraction(0)) for column in columns] for row in M]


def transposed(M: Rows) -> Rows:
    return [list(column) for column in zip(*M, strict=True)]


def _square(M: Rows) -> Rows:
    return times(M, transposed(M)) if M and M[0] else zeros(len(M), len(M))


def independent(vectors: Rows) -> Rows:
    """Return the vectors that do not depend on those before them."""
    kept, reduced = [], []
    for vector in vectors:
        rest = list(vector)
        for pivot, row in reduced:
            if rest[pivot]:
                by = rest[pivot] / row[pivot]
                rest = [a - by * b for a, b in zip(rest, row, strict=True)]
        pivot = next((i for i, value in enumerate(rest) if value), None)
        if pivot is not None:
            kept.append(vector)
            reduced.append((pivot, rest))
    return kept


def rank(vectors: Rows) -> int:
    return len(independent(vectors))


def reach(A: Rows, vectors: Rows) -> Rows:
    """Return vectors that span [b, A b, A^2 b, ..]."""
    found = independent(vectors)
    while True:
        more = independent(found + [apply(A, vector) for vector in found])
        if len(more) == len(found):
            return found
        found = more


def apply(A: Rows, vector: list[Fraction]) -> list[Fraction]:
    return [sum((a * b for a, b in zip(row, vector, strict=True)), Fraction(0)) for row in A]
