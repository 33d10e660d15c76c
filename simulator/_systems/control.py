"""Plants of python-control.

Time: a continuous plant is sampled at ``t dt``. Its input is constant between samples and may be delayed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm

from ..._core.arrays import real_array
from ..._core.user_code import named_object
from ..._core.user_warning import warn_user
from .covariance import covariance, noise_at_the_input
from .dead_time import dead_time, with_dead_time
from .linear_system import LinearSystem

if TYPE_CHECKING:
    import control


def from_control(
    plant: control.StateSpace | control.TransferFunction | str,
    Q: ArrayLike | None,
    R: ArrayLike,
    dt: float | None = None,
    delay: ArrayLike = 0.0,
    input_noise: ArrayLike | None = None,
) -> LinearSystem:
    """Return the discrete system of a python-control plant and two noise covariances.

    A discrete plant is used unchanged. A continuous plant, dx = (A x + B u) dt + noise, is sampled with a zero-order
    hold:

        Ad = exp(A dt),  Bd = int_0^dt exp(A s) ds B,  Qd = int_0^dt exp(A s) Q exp(A' s) ds

    C and D do not change. R is the covariance of the noise on the samples in both cases.

    With a delay of k dt + r, 0 <= r < dt, each step depends on two inputs. This is exact, not a Pade approximation:

        x[t+1] = Ad x[t] + int_0^(dt-r) exp(A s) ds B u[t-k] + exp(A (dt-r)) int_0^r exp(A s) ds B u[t-k-1] + w[t]

    The delayed inputs are further states, after those of the plant, the newest first.

    Args:
        plant: A ``StateSpace`` or ``TransferFunction`` of python-control, or where one is: ``plant.py:name`` or
            ``package.module:name`` (that code is run). A transfer function becomes
            ``control.tf2ss(plant, method="scipy")``; Q refers to the states of that realisation, which nobody sees:
            give ``input_noise``.
        Q: Process noise: covariance per sample for a discrete plant, spectral density (covariance per second) for a
            continuous one. ``(state, state)``; a list of numbers is the diagonal, a number stands for number * I. None
            if ``input_noise`` gives it.
        R: Measurement noise, ``(output, output)``, or a list, or a number.
        dt: Sampling time in seconds. Needed for a continuous plant; for a discrete plant without one (``dt=True``) it
            is 1 unless given here.
        delay: Dead time of the inputs in seconds, one number for all or ``(input,)``; of a discrete plant, whole
            samples.
        input_noise: V, process noise that adds to the inputs, so that Q = B V B': ``(input, input)``, or a list, or a
            number, per sample or per second as Q. It does not depend on the states that describe the plant. It is not
            delayed.

    Returns:
        LinearSystem with the name of the plant.

    Raises:
        ValueError: The object is not a plant of python-control, the sampling time is missing or differs from that of
            the plant, the plant has no state, a covariance has the wrong shape, or the delay is not valid.

    References:
        C. F. Van Loan, Computing integrals involving the matrix exponential, IEEE Trans. Automatic Control 23(3), 1978.
        K. J. Astrom, B. Wittenmark, Computer-Controlled Systems (1997), section 2.3 (time delay).
    """
    if isinstance(plant, str):
        plant = _named(plant)
    model = _state_space(plant)
    A, B, C, D = (real_array(word, getattr(model, word)) for word in "ABCD")
    for word, matrix in dict(A=A, B=B, C=C, D=D).items():
        if not np.isfinite(matrix).all():
            raise ValueError(f"{word} of the plant must hold finite numbers, got NaN or infinity.")
    if not len(A):
        raise ValueError("the plant has no state: a static gain has nothing to predict.")
    if input_noise is not None:
        Q = noise_at_the_input(B, input_noise, Q)
    elif Q is None:
        raise ValueError("the process noise is missing: give Q (--q), or input_noise (--input-noise) at the inputs.")
    loose = input_noise is None and model is not plant and np.any(np.asarray(Q))
    Q, R = covariance("Q", Q, len(A)), covariance("R", R, len(C))
    if dt is not None and not (np.isfinite(dt) and dt > 0):
        raise ValueError(f"dt must be a positive number of seconds, got {dt}.")
    period = plant.dt
    if period is None:
        raise ValueError(
            "the plant does not say whether it is continuous or discrete: set plant.dt to 0, True, or seconds."
        )
    continuous = period == 0
    if period is True:
        period = 1.0 if dt is None else dt
    elif continuous:
        if dt is None:
            raise ValueError("the plant is continuous: pass dt, the sampling time in seconds.")
        _check_definite(Q)
        period = dt
    elif dt is not None and abs(dt - period) > 1e-9 * period:
        raise ValueError(
            f"the plant is sampled every {period:g} s, got dt = {dt:g}; leave dt out, or resample the plant."
        )
    late = dead_time(delay, B.shape[1], period)
    if continuous:
        early, behind = _split_input(A, B, period, late.rest)
        A, _, Q = discretize(A, B, Q, period)
    elif late.rest.any():
        raise ValueError(
            f"the input of a discrete plant changes at its samples only: delay must be a multiple of {period:g} s, "
            f"got {delay!r}."
        )
    else:
        early, behind = B, np.zeros_like(B)
    A, B, C, D, Q = with_dead_time(A, early, behind, C, D, Q, late)
    if loose:
        warn_user(
            f"Q (--q) is in the states that control.tf2ss makes of the transfer function {plant.name}, which the "
            "function itself does not fix: give the noise at its inputs instead (input_noise, --input-noise), or a "
            "StateSpace."
        )
    return LinearSystem(A, C, Q, R, B=B, D=D, dt=float(period), name=str(plant.name))


def _named(where: str) -> Any:
    source, _, name = where.rpartition(":")
    if not source or not name.isidentifier():
        raise ValueError(
            f"expected a plant of python-control, or FILE.py:NAME or MODULE:NAME of one, got {where!r}; find_system "
            "reads other systems."
        )
    return named_object(source, name)


def _state_space(plant: control.StateSpace | control.TransferFunction) -> control.StateSpace:
    import control

    if isinstance(plant, control.StateSpace):
        return plant
    if not isinstance(plant, control.TransferFunction):
        raise ValueError(
            f"expected a StateSpace or TransferFunction of python-control, got {type(plant).__name__}; a nonlinear "
            "system can be linearised with control.linearize, and a LinearSystem needs no conversion."
        )
    # The same realisation everywhere: with slycot installed, control.ss uses another, and Q would change its meaning.
    single = plant.ninputs == plant.noutputs == 1
    try:
        return control.tf2ss(plant, method="scipy" if single else None)
    except (ValueError, TypeError, NotImplementedError, ImportError, control.ControlMIMONotImplemented) as exc:
        raise ValueError(
            f"the transfer function cannot be converted to state space ({exc}); pass a control.StateSpace."
        ) from exc


def _check_definite(Q: NDArray[np.float64]) -> None:
    # Check before sampling: the integral of an indefinite density can be definite.
    if not np.isfinite(Q).all():
        raise ValueError("Q must hold finite numbers, got NaN or infinity.")
    scale = np.abs(Q).max(initial=0.0)
    if np.abs(Q - Q.T).max() > 1e-8 * scale or np.linalg.eigvalsh((Q + Q.T) / 2).min() < -1e-8 * scale:
        raise ValueError("Q must be symmetric and positive semidefinite, as a spectral density is.")


def _split_input(
    A: NDArray[np.float64], B: NDArray[np.float64], dt: float, rest: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the effect of the input of the last dt - rest seconds of a step, and that of the input before it."""
    early, behind = np.zeros_like(B), np.zeros_like(B)
    for i, seconds in enumerate(rest):
        column, quiet = B[:, i : i + 1], np.zeros_like(A)
        transition, early[:, i : i + 1], _ = discretize(A, column, quiet, dt - seconds)
        if seconds > 0:
            behind[:, i : i + 1] = transition @ discretize(A, column, quiet, seconds)[1]
    return early, behind


def discretize(
    A: NDArray[np.float64], B: NDArray[np.float64], Q: NDArray[np.float64], dt: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return Ad, Bd, Qd: Van Loan's block exponential over dt / 2^k, then k doublings.

    The exponential over the whole dt contains exp(-A dt), which overflows for a fast stable mode. Each doubling
    Q(2 s) = Q(s) + exp(A s) Q(s) exp(A s)' adds positive terms only.
    """
    states = len(A)
    halvings = max(0, int(np.ceil(np.log2(max(float(np.linalg.norm(A, 1)) * dt, 1.0)))))
    step = dt / 2**halvings
    block = expm(np.block([[-A, Q], [np.zeros_like(A), A.T]]) * step)
    transition = block[states:, states:].T
    noise = transition @ block[:states, states:]
    held = expm(np.block([[A, B], [np.zeros((B.shape[1], states + B.shape[1]))]]) * step)[:states, states:]
    for _ in range(halvings):
        noise = noise + transition @ noise @ transition.T
        held = held + transition @ held
        transition = transition @ transition
    return transition, held, (noise + noise.T) / 2
