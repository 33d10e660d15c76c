"""The zoo: ready systems with known answers. The answers are computed from the matrices, never written here.

This file does not import JAX at its top: the list of systems must print without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.text import did_you_mean
from .plants import balanced_pendulum, dc_motor, drifting_resonance, quadruple_tank, rotation, switching_tone

if TYPE_CHECKING:
    from .linear_system import LinearSystem

PAPER = "I. Ziemann, N. Matni, G. J. Pappas, State space models, emergence, and ergodicity, L4DC 2025"
HARVEY = "A. C. Harvey, Forecasting, Structural Time Series Models and the Kalman Filter, 1989"
DURBIN = "J. Durbin, S. J. Koopman, Time Series Analysis by State Space Methods, 2nd ed. 2012"

NEAR = "P. C. B. Phillips, Towards a unified asymptotic theory for autoregression, Biometrika 74, 1987"


class Entry(NamedTuple):
    """One system of the zoo: summary, reference and matrices."""

    summary: str
    reference: str
    matrices: Callable[[], dict[str, Any]]


def _jordan(eigenvalue: float, order: int) -> NDArray[np.float64]:
    return eigenvalue * np.eye(order) + np.eye(order, k=1)


def _chain(eigenvalue: float, order: int, q: float = 1.0) -> dict[str, Any]:
    return dict(A=_jordan(eigenvalue, order), C=np.eye(1, order), Q=q * np.eye(order), R=np.eye(1))


def _fixed_slope() -> dict[str, Any]:
    return dict(A=_jordan(1.0, 2), C=np.eye(1, 2), Q=np.diag([1.0, 0.0]), R=np.eye(1))


def _tones(*angles: float, radius: float = 1.0, q: tuple[float, ...] = (1.0, 1.0)) -> dict[str, Any]:
    """Parallel oscillators, sum measured: radius and angle of the eigenvalues, process noise of each."""
    A, Q = np.zeros((2, 2 * len(angles), 2 * len(angles)))
    for k, (angle, variance) in enumerate(zip(angles, q, strict=False)):
        block = slice(2 * k, 2 * k + 2)
        A[block, block], Q[block, block] = radius * rotation(angle), variance * np.eye(2)
    return dict(A=A, C=np.tile([[1.0, 0.0]], len(angles)), Q=Q, R=np.eye(1))


def _seasonal() -> dict[str, Any]:
    """A level and a seasonal pattern of four quarters: s[t+1] = -s[t] - s[t-1] - s[t-2] + w[t]."""
    A = np.zeros((4, 4))
    A[0, 0], A[1, 1:], A[2, 1], A[3, 2] = 1.0, -1.0, 1.0, 1.0
    return dict(A=A, C=[[1.0, 1.0, 0.0, 0.0]], Q=np.diag([1.0, 0.25, 0.0, 0.0]), R=np.eye(1))


def _autoregression(*roots: float) -> dict[str, Any]:
    """Companion form, the newest value first, measured without noise: y[t+1] = a1 y[t] + a2 y[t-1] + .. + w[t]."""
    order = len(roots)
    A = np.eye(order, k=-1)
    A[0] = -np.poly(roots)[1:]
    return dict(A=A, C=np.eye(1, order), Q=np.diag(np.eye(order)[0]), R=np.zeros((1, 1)))


def _random_stable(order: int, radius: float, seed: int) -> dict[str, Any]:
    """A matrix and an output row with independent normal entries; the matrix is scaled to a spectral radius."""
    rng = np.random.default_rng(seed)
    A, C = rng.standard_normal((order, order)), rng.standard_normal((1, order))
    return dict(A=radius * A / np.abs(np.linalg.eigvals(A)).max(), C=C, Q=np.eye(order), R=np.eye(1))


def _figure_1(eigenvalue: float) -> dict[str, Any]:
    A = np.zeros((7, 7))
    A[:4, :4], A[4:, 4:] = _jordan(eigenvalue, 4), 0.4 * np.eye(3)
    return dict(A=A, C=np.eye(7), Q=np.eye(7), R=np.zeros((7, 7)))


ENTRIES: dict[str, Entry] = {
    "random-walk": Entry("noisy random walk, q = r = 1", f"{DURBIN}, chapter 2", lambda: _chain(1.0, 1)),
    "random-walk-0.1": Entry("noisy random walk, q = 0.1, r = 1", f"{DURBIN}, chapter 2", lambda: _chain(1.0, 1, 0.1)),
    "random-walk-0.01": Entry(
        "noisy random walk, q = 0.01, r = 1: a long memory", f"{DURBIN}, chapter 2", lambda: _chain(1.0, 1, 0.01)
    ),
    "double-integrator": Entry(
        "position seen, velocity hidden", f"{PAPER}: a Jordan chain at 1", lambda: _chain(1.0, 2)
    ),
    "triple-integrator": Entry(
        "position seen, velocity and acceleration hidden", f"{PAPER}: a Jordan chain at 1", lambda: _chain(1.0, 3)
    ),
    "quadruple-integrator": Entry(
        "position seen, three derivatives hidden", f"{PAPER}: a Jordan chain at 1", lambda: _chain(1.0, 4)
    ),
    "explosive-1": Entry("one unstable mode at 1.1", f"{PAPER}: a Jordan chain at 1.1", lambda: _chain(1.1, 1)),
    "explosive-2": Entry("Jordan chain of order 2 at 1.1", f"{PAPER}: a Jordan chain at 1.1", lambda: _chain(1.1, 2)),
    "explosive-3": Entry("Jordan chain of order 3 at 1.1", f"{PAPER}: a Jordan chain at 1.1", lambda: _chain(1.1, 3)),
    "explosive-4": Entry("Jordan chain of order 4 at 1.1", f"{PAPER}: a Jordan chain at 1.1", lambda: _chain(1.1, 4)),
    "harmonic-oscillator": Entry(
        "one undamped oscillator, 0.5 radians a sample", f"{HARVEY}, section 2.3 (cycle)", lambda: _tones(0.5)
    ),
    "damped-oscillator": Entry(
        "just inside the unit circle, radius 0.999: looks undamped for a while",
        f"{HARVEY}, section 2.3 (damped cycle)",
        lambda: _tones(0.5, radius=0.999),
    ),
    "two-tones": Entry(
        "two undamped oscillators, their sum seen", f"{HARVEY}, section 2.3 (cycles)", lambda: _tones(0.5, 1.3)
    ),
    "incommensurate-tones": Entry(
        "two undamped oscillators whose frequencies have the golden ratio",
        f"{HARVEY}, section 2.3 (cycles)",
        lambda: _tones(1.0, (1 + 5**0.5) / 2),
    ),
    "weak-tone": Entry(
        "two undamped oscillators, one driven by 0.03 of the other's noise: shows late",
        f"{HARVEY}, section 2.3 (cycles)",
        lambda: _tones(0.5, 1.3, q=(1.0, 0.03**2)),
    ),
    "seasonal": Entry(
        "a level and a pattern of four quarters", f"{HARVEY}, section 2.3 (dummy-variable seasonality)", _seasonal
    ),
    "fixed-slope": Entry(
        "a trend whose slope nothing excites: it costs no tap",
        f"{DURBIN}, section 3.2 (local linear trend)",
        _fixed_slope,
    ),
    "near-unit-root": Entry(
        "stable, one root at 0.999: looks like a random walk for a while",
        NEAR,
        lambda: _chain(0.999, 1),
    ),
    "nearer-unit-root": Entry(
        "stable, one root at 0.9999: looks like a random walk for long",
        NEAR,
        lambda: _chain(0.9999, 1),
    ),
    "stable-ar": Entry(
        "stable autoregression, roots 0.95 and -0.5, seen without noise",
        "G. E. P. Box, G. M. Jenkins, Time Series Analysis: Forecasting and Control, 1970, chapter 3",
        lambda: _autoregression(0.95, -0.5),
    ),
    "stable-random": Entry(
        "eight states drawn at random, spectral radius 0.95",
        "J. Ginibre, Statistical ensembles of complex, quaternion, and real matrices, 1965 (seed 8)",
        lambda: _random_stable(8, 0.95, seed=8),
    ),
    "quadruple-tank": Entry(
        "four water tanks, two levels seen, two pumps",
        "K. H. Johansson, The quadruple-tank process, IEEE Trans. Control Systems Technology 8(3), 2000",
        quadruple_tank,
    ),
    "balanced-pendulum": Entry(
        "inverted pendulum on a cart in closed loop, position and angle seen",
        "B. Messner, D. Tilbury, Control Tutorials for MATLAB and Simulink: Inverted Pendulum (parameters, weights)",
        balanced_pendulum,
    ),
    "dc-motor": Entry(
        "shaft angle of a DC motor, seen by an encoder",
        "B. Messner, D. Tilbury, Control Tutorials for MATLAB and Simulink: DC Motor Position (parameters)",
        dc_motor,
    ),
    "figure-1": Entry(
        "the paper's Figure 1: J_4(1) beside 0.4 I_3, every state seen", f"{PAPER}, Figure 1", lambda: _figure_1(1.0)
    ),
    "figure-1-explosive": Entry(
        "the paper's Figure 1 with eigenvalue 1.1", f"{PAPER}, Figure 1", lambda: _figure_1(1.1)
    ),
    "switching": Entry(
        "varies in time: an undamped tone that changes its frequency every 100 samples",
        "O. L. V. Costa, M. D. Fragoso, R. P. Marques, Discrete-Time Markov Jump Linear Systems, 2005 (switching)",
        switching_tone,
    ),
    "drifting": Entry(
        "varies in time: a resonance whose frequency falls over 20 000 samples",
        "M. Niedzwiecki, Identification of Time-varying Processes, 2000",
        drifting_resonance,
    ),
}


def zoo(name: str) -> LinearSystem:
    """Return the system of that name.

    Args:
        name: One of ``zoo_names()``.

    Raises:
        ValueError: There is no such system; the message suggests the nearest name.

    Examples:
        >>> zoo("double-integrator").A.tolist()
        [[1.0, 1.0], [0.0, 1.0]]
    """
    from .linear_system import LinearSystem  # here: it imports JAX, and listing names must not

    return LinearSystem(**zoo_entry(name).matrices(), name=name)


def zoo_entry(name: str) -> Entry:
    """Return the zoo's entry of a system: summary, reference, and the function that makes its matrices.

    Args:
        name: One of ``zoo_names()``.

    Raises:
        ValueError: There is no such system; the message suggests the nearest name.
    """
    if name not in ENTRIES:
        hint = did_you_mean(name, ENTRIES)
        raise ValueError(f"no system is called {name!r}{hint} The names are: {', '.join(ENTRIES)}.")
    return ENTRIES[name]


def zoo_names() -> dict[str, str]:
    """Return the names of all systems of the zoo, each with one line about it."""
    return {name: entry.summary for name, entry in ENTRIES.items()}
