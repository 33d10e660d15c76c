"""Compare a measured critical size with exact theory: a verdict never contradicts theory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..._core.text import spaced
from ...learners import Learner
from ...simulator import LinearSystem
from .._exact.block_risk import critical_block
from .._exact.modes import critical_length
from .._growth.critical_size import Critical
from .._growth.laws import BORDER
from .options import FILTERS
from .visibility import detection_horizon, exact_slope, settling_horizon


class Checked(NamedTuple):
    """A critical size that does not contradict theory.

    Attributes:
        critical: The critical size. It is ``not visible yet`` or undecided if theory names another size.
        visible_from: The horizon from which on theory's size is visible; None if it is visible now or never.
    """

    critical: Critical
    visible_from: int | None


def expected_size(system: LinearSystem, learner: Learner, driven: bool, lookahead: int) -> tuple[int | None, bool]:
    """Return the size from which on this learner's error is bounded in theory, and whether its exact errors are known.

    Args:
        system: Time-invariant.
        learner: Theory names a size for blocks, and for filters and features that do not forget.
        driven: Whether an input drives the system.
        lookahead: H.

    Returns:
        The size, None if theory names none; and whether ``exact_slope`` is that of this learner.
    """
    fits = learner.tends_to in (FILTERS if lookahead == 1 else FILTERS[1:]) and not driven
    if learner.tends_to == "blocks":
        return critical_block(system), fits
    if learner.tends_to not in (*FILTERS, "features"):
        return None, fits
    if driven:  # modes that an input drives must be cancelled too: no finite window holds all of u
        system = system.replace(Q=system.Q + system.B @ system.B.T)
    direct = learner.tends_to == "direct filters"
    return critical_length(system, lookahead=lookahead if direct else 1), fits


def check_theory(
    critical: Critical,
    expected: int | None,
    sizes: Sequence[int],
    system: LinearSystem | None,
    horizon: int,
    trust: int | None,
    lookahead: int,
) -> Checked:
    """Compare a measured critical size with the size that theory names.

    Args:
        critical: The measured size.
        expected: The size of theory; None if there is none.
        sizes: Sizes tried, rising.
        system: The system whose exact errors are those of this learner; None if exact errors are not known.
        horizon: Samples of each run.
        trust: Number of samples after which rounding reaches the noise; None for never.
        lookahead: H, at least 1.
    """
    if expected is None or critical.verdict == "undecided":
        return Checked(critical, None)
    measured = len(sizes) if critical.bounded is None else sizes.index(critical.bounded)
    right = next((place for place, size in enumerate(sizes) if size >= expected), len(sizes))
    if measured == right:
        return Checked(critical._replace(rise=None), None)
    looks = "the error of every size tried looks growing"
    if critical.bounded is not None:
        looks = f"the error looks bounded from {critical.bounded} on"
    if system is None:
        return Checked(Critical(None, "undecided", f"{looks}, but theory says {expected}."), None)
    least = sizes[min(measured, right)]
    grows, slope = least < expected, exact_slope(system, least, horizon, lookahead)
    if (slope >= BORDER) == grows:
        more = f"{looks}, but theory says {expected}, and the exact error shows it at this horizon: more replicates"
        return Checked(Critical(None, "undecided", f"{more} would decide it."), None)
    search: Callable[[LinearSystem, int, int], int | None] = detection_horizon if grows else settling_horizon
    shows = search(system, least, lookahead)
    reason = f"{looks}, because the exact error of {least} grows like t^{slope:.2f} at this horizon; "
    if shows is None:
        reason += f"theory's {expected} shows beyond 100 000 000 samples only."
    elif trust is not None and shows > trust:
        reason += f"theory's {expected} never shows: rounding reaches the noise after {spaced(trust)} samples, and it "
        reason += f"would need {spaced(shows)}."
        shows = None
    else:
        reason += f"theory's {expected} shows from {spaced(shows)} samples on."
    return Checked(Critical(None, "not visible yet", reason), shows)
