"""The words of an answer about emergence."""

from __future__ import annotations

from collections.abc import Iterable

from ..._core.text import counted, spaced

COUNTED = ("steps", "texts")  # axes along which a run goes


def number_words(value: float) -> str:
    """Return a number with three digits, or whole from 1000 on: 0.03, 98.2, 1083, 23 000."""
    if abs(value) < 1000:
        return f"{value:.3g}"
    if abs(value) >= 1e9:
        return f"{value:.3g}"
    return f"{value:.0f}" if abs(value) < 10_000 else spaced(round(value))


def estimate_words(estimate: Iterable[float | None]) -> str:
    """Return a value with its interval: 982 [884, 1083]; what is not known is two dots."""
    value, low, high = (".." if one is None else number_words(one) for one in estimate)
    return f"{value} [{low}, {high}]"


def axis_words(axis: str, place: str) -> str:
    """Return a place on an axis: 982 rows, decay 0.03."""
    return f"{place} {axis}" if axis.endswith("s") else f"{axis} {place}"


def runs_words(passed: int, runs: int, verb: str) -> str:
    """Return how many runs pass: 3 of 8 runs pass."""
    return f"{passed} of {counted(runs, 'run')} {verb}"


def diverged_words(diverged: int, runs: int) -> str:
    """Return the remark on runs that diverged, empty if none did."""
    return f" {diverged} of {counted(runs, 'run')} diverged and count as not passed." if diverged else ""


def exact_words(exact: float | None, axis: str) -> str:
    """Return the remark on the exact value, empty without one."""
    if exact is None:
        return ""
    place = f"{axis[:-1]} {number_words(exact)}" if axis in COUNTED else axis_words(axis, number_words(exact))
    return f" Theory says {place}."
