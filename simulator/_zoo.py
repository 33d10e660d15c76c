"""Ready systems, each with a known answer. Theory is computed from the matrices, never typed here.

No JAX at the top of this file: the list of systems must be printable without loading it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ._system import LinearSystem


class Entry(NamedTuple):
    """One system of the zoo: what it is, and its matrices."""

    summary: str
    matrices: Callable[[], dict[str, Any]]


def jordan(eigenvalue: float, order: int) -> NDArray[np.float64]:
    """Return the Jordan block of an eigenvalue: the eigenvalue on the diagonal, ones above it."""
    return eigenvalue * np.eye(order) + np.eye(order, k=1)


def rotation(angle: float) -> NDArray[np.float64]:
    """Return the plane rotation by an angle in radians a sample: one undamped tone."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _chain(eigenvalue: float, order: int, q: float = 1.0) -> dict[str, Any]:
    return dict(A=jordan(eigenvalue, order), C=np.eye(1, order), Q=q * np.eye(order), R=np.eye(1))


def _two_tones() -> dict[str, Any]:
    A = np.zeros((4, 4))
    A[:2, :2], A[2:, 2:] = rotation(0.5), rotation(1.3)
    return dict(A=A, C=[[1.0, 0.0, 1.0, 0.0]], Q=np.eye(4), R=np.eye(1))


def _autoregression(*roots: float) -> dict[str, Any]:
    """Companion form, the newest value first and measured exactly: y[t+1] = a1 y[t] + a2 y[t-1] + .. + w[t]."""
    order = len(roots)
    A = np.eye(order, k=-1)
    A[0] = -np.poly(roots)[1:]
    return dict(A=A, C=np.eye(1, order), Q=np.diag(np.eye(order)[0]), R=np.zeros((1, 1)))


def _figure_1(eigenvalue: float) -> dict[str, Any]:
    A = np.zeros((7, 7))
    A[:4, :4], A[4:, 4:] = jordan(eigenvalue, 4), 0.4 * np.eye(3)
    return dict(A=A, C=np.eye(7), Q=np.eye(7), R=np.zeros((7, 7)))


ENTRIES: dict[str, Entry] = {
    "random-walk": Entry("noisy random walk, q = r = 1", lambda: _chain(1.0, 1)),
    "random-walk-0.1": Entry("noisy random walk, q = 0.1, r = 1", lambda: _chain(1.0, 1, 0.1)),
    "random-walk-0.01": Entry("noisy random walk, q = 0.01, r = 1: a long memory", lambda: _chain(1.0, 1, 0.01)),
    "double-integrator": Entry("position seen, velocity hidden", lambda: _chain(1.0, 2)),
    "triple-integrator": Entry("position seen, velocity and acceleration hidden", lambda: _chain(1.0, 3)),
    "explosive-1": Entry("one unstable mode at 1.1", lambda: _chain(1.1, 1)),
    "explosive-2": Entry("Jordan chain of order 2 at 1.1", lambda: _chain(1.1, 2)),
    "explosive-3": Entry("Jordan chain of order 3 at 1.1", lambda: _chain(1.1, 3)),
    "two-tones": Entry("two undamped oscillators, their sum seen", _two_tones),
    "near-unit-root": Entry(
        "stable, one root at 0.999: looks like a random walk for a while", lambda: _chain(0.999, 1)
    ),
    "stable-ar": Entry(
        "stable autoregression, roots 0.95 and -0.5, seen without noise", lambda: _autoregression(0.95, -0.5)
    ),
    "figure-1": Entry("the paper's Figure 1: J_4(1) beside 0.4 I_3, every state seen", lambda: _figure_1(1.0)),
    "figure-1-explosive": Entry("the paper's Figure 1 with eigenvalue 1.1", lambda: _figure_1(1.1)),
}


def zoo(name: str) -> LinearSystem:
    """Return the system of that name.

    Args:
        name: One of ``zoo_names()``.

    Raises:
        ValueError: There is no such system; the message suggests the nearest name.
    """
    from ._system import LinearSystem  # here, so that listing names loads no JAX

    if name not in ENTRIES:
        near = difflib.get_close_matches(name, ENTRIES, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"no system is called {name!r}; {hint}The names are: {', '.join(ENTRIES)}.")
    return LinearSystem(**ENTRIES[name].matrices(), name=name)


def zoo_names() -> dict[str, str]:
    """Return the name of every ready system, with one line about it."""
    return {name: entry.summary for name, entry in ENTRIES.items()}
