"""Whether the counts of theory depend on a tolerance: a warning that names the other answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..._core.user_warning import warn_user
from ...simulator import LinearSystem
from ...simulator._systems.eigenvalues import UNIT_TOLERANCE, distinct_eigenvalues
from .modes import growth_ladder, multiplicities
from .plant import balanced
from .subspaces import STATED, Tolerances

EDGE = 1e-6  # an eigenvalue this near the unit circle, and not on it, gets a warning
TIGHTER, LOOSER = 1 / 30, 1e6  # factors of the grouping: an exact multiple eigenvalue still passes; A of seven digits
RANKS = 1e-2, 1e2  # factors of the rank tolerance: 1e-12 and 1e-8
_HALVINGS = 8


class Counts(NamedTuple):
    """The answers that tolerances decide. ``length``, h*, is None where rounding mixes the modes."""

    m: int
    threshold: int
    length: int | None

    def __str__(self) -> str:
        return f"m = {self.m}, d*^2 = {self.threshold}, h* = {'unknown' if self.length is None else self.length}"


def counts(
    system: LinearSystem, initial_covariance: ArrayLike | None = None, tolerances: Tolerances = STATED
) -> Counts:
    """Return m, d*^2 and h* for these tolerances."""
    each = multiplicities(system, tolerances)
    try:
        ladder = growth_ladder(balanced(system, initial_covariance), tolerances=tolerances)
        length = max((growth.length for growth in ladder), default=0)
    except ValueError:
        length = None
    return Counts(sum(each), sum(m * m for m in each), length)


def warn_of_tolerances(system: LinearSystem, initial_covariance: ArrayLike | None = None) -> None:
    """Warn if m, d*^2 or h* depend on a tolerance.

    The counts are computed again with one tolerance changed at a time, and must not change:

    * the grouping of eigenvalues, |e_j| <= c n eps |A|^j with c = 100: c is divided by 30 and multiplied by 1e6. The
      second means that A is known to seven digits, so [[1, 1], [1e-9, 1]] may be a double integrator;
    * the rank tolerance 1e-10, which decides what is excited and seen: 1e-12 and 1e-8.

    Two more cases get a warning: eigenvalues that count as one but lie further apart than rounding explains, which is
    100 n eps |A| times the condition number of the eigenvalue; and an eigenvalue within 1e-6 of the unit circle that is
    not on it (1e-9).

    References:
        J. H. Wilkinson, The Algebraic Eigenvalue Problem (1965), chapter 2: the condition of an eigenvalue.
    """
    stated = counts(system, initial_covariance)
    said = [_edge(system)]
    for factors, field in (((TIGHTER, LOOSER), "grouping"), (RANKS, "rank")):
        for factor in factors:
            if counts(system, initial_covariance, _moved(field, factor)) != stated:
                said.append(_turning(system, initial_covariance, stated, field, factor))
    said.append(_apart(system, stated))
    for sentence in said:
        if sentence:
            warn_user(sentence)


def _moved(field: str, factor: float) -> Tolerances:
    return STATED._replace(**{field: getattr(STATED, field) * factor})


def _turning(
    system: LinearSystem, initial_covariance: ArrayLike | None, stated: Counts, field: str, factor: float
) -> str:
    same, other = 0.0, float(np.log10(factor))
    for _ in range(_HALVINGS):
        middle = (same + other) / 2
        if counts(system, initial_covariance, _moved(field, 10**middle)) == stated:
            same = middle
        else:
            other = middle
    answer = counts(system, initial_covariance, _moved(field, 10**other))
    turns, limit = (getattr(_moved(field, power), field) for power in (10**other, 1.0))
    if field == "grouping":
        scale = system.states * float(np.finfo(np.float64).eps)
        what = "the distance up to which eigenvalues count as one: as a relative change of A it is"
        remedy = "write A with all its digits, or with the multiple eigenvalue that you mean"
    else:
        scale = 1.0
        what = "the length from which a direction counts as excited and seen: relative to its matrix it is"
        remedy = "write 0 for an entry that is not there, or scale the state"
    return (
        f"{system.name}: the answer depends on a tolerance, {what} {limit * scale:.1e}, and the answer is {stated}; "
        f"{'from' if factor > 1 else 'up to'} {turns * scale:.1e} it would be {answer}. If you do not mean the first "
        f"answer, {remedy}."
    )


def _edge(system: LinearSystem) -> str:
    moduli = np.abs(distinct_eigenvalues(balanced(system).A)[1])
    near = moduli[(np.abs(moduli - 1) > UNIT_TOLERANCE) & (np.abs(moduli - 1) < EDGE)]
    if not len(near):
        return ""
    side = "stable" if near[0] < 1 else "explosive"
    return (
        f"{system.name} has an eigenvalue of modulus 1 {near[0] - 1:+.1e}, which is taken as {side}; on the circle "
        f"(within {UNIT_TOLERANCE:g}) theory has another answer: write 1 if you mean 1."
    )


def _apart(system: LinearSystem, stated: Counts) -> str:
    """Describe eigenvalues that count as one although rounding does not explain their distance."""
    A = balanced(system).A
    computed, grouped = distinct_eigenvalues(A)
    growing = np.abs(grouped) >= 1 - UNIT_TOLERANCE
    gaps = np.where(growing, np.abs(computed - grouped), 0.0)
    if not gaps.any():
        return ""
    values, right = np.linalg.eig(A)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        try:
            left = np.linalg.inv(right)
        except np.linalg.LinAlgError:  # exactly defective: the condition is infinite, and rounding explains any gap
            return ""
        condition = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=0)
    nearest = np.abs(values[:, None] - computed[None]).argmin(axis=0)
    size = float(np.linalg.norm(A, 2))
    rounding = STATED.grouping * system.states * np.finfo(np.float64).eps * size * condition[nearest]
    worst = int(np.argmax(np.where(gaps > rounding, gaps, 0.0)))
    if not gaps[worst] > rounding[worst]:
        return ""
    count = int((np.abs(grouped - grouped[worst]) <= UNIT_TOLERANCE).sum())
    threshold = stated.threshold - (count**2 - count) * (2 if grouped[worst].imag else 1)
    return (
        f"{system.name}: {count} eigenvalues near {grouped[worst]:.6g} lie {gaps[worst]:.1e} from their mean, more "
        f"than the {rounding[worst]:.1e} that rounding explains, and count as one: d*^2 = {stated.threshold}; if they "
        f"were distinct it would be {threshold}. Write them equal, or further apart, whichever you mean."
    )
