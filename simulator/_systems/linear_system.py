"""The plant: a linear system with process and measurement noise.

Time: ``y[t]`` is measured before ``x`` moves to ``t + 1``; ``t`` counts samples from 0, ``dt`` seconds apart.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.arrays import real_array
from ..._core.jax_later import Array, pytree
from ..._core.user_warning import warn_user
from .covariance import covariance
from .eigenvalues import distinct_eigenvalues
from .scaling import unit_scales

if TYPE_CHECKING:
    import control

T = TypeVar("T", NDArray[np.int64], Array)
ARRAY_FIELDS = ("A", "B", "C", "D", "Q", "R")


@pytree
@dataclass(frozen=True, eq=False)
class LinearSystem:
    """A discrete-time linear system driven by white noise.

        x[t+1] = A x[t] + B u[t] + w[t],    E w w' = Q
        y[t]   = C x[t] + D u[t] + v[t],    E v v' = R,    w and v independent

    A matrix with a leading time axis makes the system time-varying. After the end of that axis the last matrix holds,
    or the axis repeats (``periodic``). The matrices are float64 NumPy arrays; each user of the system chooses its own
    precision.

    Args:
        A: Dynamics, ``(state, state)``, or ``(time, state, state)``.
        C: Output map, ``(output, state)``.
        Q: Covariance of the process noise, ``(state, state)``, symmetric and positive semidefinite. A list of numbers
            is its diagonal, a number stands for number * I.
        R: Covariance of the measurement noise, ``(output, output)``, likewise.
        B: Input map, ``(state, input)``. Left out: no inputs.
        D: Direct term, ``(output, input)``. Left out: zero.
        dt: Sampling time in seconds, positive.
        name: Name in tables and figures.
        periodic: The time axis repeats after its end.

    Warns:
        UserWarning: A mode is not observable.

    Raises:
        ValueError: A matrix has a wrong shape or an entry that is not finite, or a covariance is not symmetric or not
            positive semidefinite; the message says which matrix, and the remedy.
    """

    A: NDArray[np.float64]
    C: NDArray[np.float64]
    Q: NDArray[np.float64]
    R: NDArray[np.float64]
    B: NDArray[np.float64]
    D: NDArray[np.float64]
    dt: float
    name: str
    periodic: bool

    def __init__(
        self,
        A: ArrayLike,
        C: ArrayLike,
        Q: ArrayLike,
        R: ArrayLike,
        B: ArrayLike | None = None,
        D: ArrayLike | None = None,
        dt: float = 1.0,
        name: str = "system",
        periodic: bool = False,
    ) -> None:
        A = _matrix("A", A)
        if A.shape[-1] != A.shape[-2]:
            raise ValueError(f"A must be square, got shape {A.shape}: one row and one column for each state.")
        states = A.shape[-1]
        C = _matrix("C", C)
        _expect("C", C, (C.shape[-2], states), "one column for each state of A")
        outputs = C.shape[-2]
        inputs = next((_matrix(word, value).shape[-1] for word, value in (("B", B), ("D", D)) if value is not None), 0)
        B = np.zeros((states, inputs)) if B is None else _matrix("B", B)
        D = np.zeros((outputs, inputs)) if D is None else _matrix("D", D)
        Q, R = covariance("Q", Q, states), covariance("R", R, outputs)
        _expect("B", B, (states, inputs), "one row for each state, one column for each input")
        _expect("D", D, (outputs, inputs), "one row for each output, one column for each input")
        _check_covariance("Q", Q)
        _check_covariance("R", R)
        if not (np.isfinite(dt) and dt > 0):
            raise ValueError(f"dt must be a positive number of seconds, got {dt}.")
        lengths = {x.shape[0] for x in (A, B, C, D, Q, R) if x.ndim == 3}
        if len(lengths) > 1:
            raise ValueError(f"Time-varying matrices must have one length, got {sorted(lengths)}.")
        for word, value in dict(A=A, B=B, C=C, D=D, Q=Q, R=R).items():
            object.__setattr__(self, word, value)
        for word, static in dict(dt=float(dt), name=str(name), periodic=bool(periodic)).items():
            object.__setattr__(self, word, static)
        if not lengths and (hidden := _unobserved(A, C, Q)):
            modes = ", ".join(f"{mode:.4g}" for mode in hidden)
            warn_user(f"{name}: the mode {modes} never shows in the output; no predictor can know of it.")

    @property
    def states(self) -> int:
        """Number of states."""
        return int(self.A.shape[-1])

    @property
    def outputs(self) -> int:
        """Number of measured outputs."""
        return int(self.C.shape[-2])

    @property
    def inputs(self) -> int:
        """Number of known inputs."""
        return int(self.B.shape[-1])

    @property
    def time_varying(self) -> bool:
        """Whether a matrix carries a leading time axis."""
        return any(getattr(self, word).ndim == 3 for word in ARRAY_FIELDS)

    def time_index(self, t: T) -> T:
        """Return the index on the time axis for sample ``t``, an array of whole numbers.

        The index is t mod length for a periodic system, else min(t, length - 1). It is 0 without a time axis.
        """
        length = max((len(x) for x in (getattr(self, word) for word in ARRAY_FIELDS) if x.ndim == 3), default=1)
        return t % length if self.periodic else t.clip(0, length - 1)

    def replace(self, **changes: Any) -> LinearSystem:
        """Return a copy with some fields changed. The copy is checked."""
        return LinearSystem(
            **{field.name: changes.get(field.name, getattr(self, field.name)) for field in fields(self)}
        )

    def to_control(self) -> tuple[control.StateSpace, NDArray[np.float64], NDArray[np.float64]]:
        """Return the plant as a discrete ``StateSpace`` of python-control, with Q and R.

        A plant without inputs gets one input without effect: python-control 0.10 refuses most plants that have none.
        """
        import control

        if self.time_varying:
            raise ValueError("python-control has no time-varying StateSpace: pass one time slice of each matrix.")
        # One zero column until its issue 1176 is mended in every release that we take.
        B, D = (np.pad(matrix, ((0, 0), (0, int(not self.inputs)))) for matrix in (self.B, self.D))
        return control.ss(self.A, B, self.C, D, self.dt), self.Q, self.R

    def tree_flatten(self) -> tuple[list[Any], tuple[float, str, bool]]:
        return [getattr(self, word) for word in ARRAY_FIELDS], (self.dt, self.name, self.periodic)

    @classmethod
    def tree_unflatten(cls, static: tuple[float, str, bool], leaves: Any) -> LinearSystem:
        # Leaves may be tracers here, so this skips the checks of __init__.
        self = object.__new__(cls)
        for word, value in zip((*ARRAY_FIELDS, "dt", "name", "periodic"), (*leaves, *static), strict=True):
            object.__setattr__(self, word, value)
        return self


def _unobserved(A: NDArray[np.float64], C: NDArray[np.float64], Q: NDArray[np.float64]) -> list[complex | float]:
    """Return the eigenvalues whose eigenvector C does not see (Popov, Belevitch, Hautus), whatever the units."""
    scale, _ = unit_scales(A, C, np.diag(Q))
    A, C = A / scale[:, None] * scale, C * scale
    lengths = np.linalg.norm(C, axis=1, keepdims=True)
    C = C / np.where(lengths > 0, lengths, 1.0)
    size = max(np.abs(A).max(initial=0.0), 1.0)
    unseen = []
    for value in distinct_eigenvalues(A)[1]:
        pencil = np.vstack([value * np.eye(len(A)) - A, C])
        if value.imag >= 0 and np.linalg.svd(pencil, compute_uv=False)[-1] <= 1e-9 * size:
            unseen.append(complex(value) if value.imag else float(value.real))
    return list(dict.fromkeys(unseen))


def _matrix(word: str, value: ArrayLike) -> NDArray[np.float64]:
    matrix = real_array(word, value, "a matrix of numbers")
    if matrix.ndim not in (2, 3) or 0 in matrix.shape[:-1]:
        raise ValueError(
            f"{word} must be a matrix (rows in brackets, also when there is one), got shape {matrix.shape}."
        )
    return _finite(word, matrix)


def _finite(word: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(matrix).all():
        raise ValueError(f"{word} must hold finite numbers, got NaN or infinity.")
    return matrix


def _expect(word: str, matrix: NDArray[np.float64], shape: tuple[int, int], meaning: str) -> None:
    if matrix.shape[-2:] != shape:
        raise ValueError(f"{word} must have shape {shape}, {meaning}; got {matrix.shape[-2:]}.")


def _check_covariance(word: str, matrix: NDArray[np.float64]) -> None:
    _finite(word, matrix)
    transposed = np.swapaxes(matrix, -1, -2)
    scale = np.abs(matrix).max(initial=0.0)
    if np.abs(matrix - transposed).max() > 1e-8 * scale:
        raise ValueError(
            f"{word} must be symmetric, as a covariance is: use ({word} + {word}')/2 if the difference is rounding."
        )
    lowest = float(np.linalg.eigvalsh((matrix + transposed) / 2).min())
    if lowest < -1e-8 * scale:
        raise ValueError(
            f"{word} must be positive semidefinite, as a covariance is; its lowest eigenvalue is {lowest:.3g}."
        )
