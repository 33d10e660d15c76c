"""A verdict never contradicts exact theory, and says when theory's size shows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.analysis import critical_length
from ergoscope.analysis._growth.critical_size import Critical
from ergoscope.analysis._location.theory_check import check_theory
from ergoscope.simulator import LinearSystem, zoo


def measured(size: int | None, sizes: list[int]) -> Critical:
    if size is None:
        return Critical(None, "above", "every size grows.")
    place = sizes.index(size)
    gap = size > 0 if place == 0 else sizes[place - 1] < size - 1
    return Critical(None, "at most", f"bounded at {size}.", size) if gap else Critical(size, "located", "", size)


def chain() -> LinearSystem:
    """Two unit roots and one of 1.03: two taps cancel the explosive one, and what is left grows late."""
    A = np.diag([1.0, 1.0, 1.03])
    A[0, 1] = 1.0
    return LinearSystem(A, [[1.0, 0.0, 1.0]], np.diag([1.0, 1.0, 1e-12]), [[1.0]])


def test_a_size_that_theory_denies_is_not_visible_yet() -> None:
    system, sizes = chain(), [0, 1, 2, 3, 4]
    assert critical_length(system) == 3
    critical, shows = check_theory(measured(2, sizes), 3, sizes, system, 971, None, 1)
    assert (critical.size, critical.verdict) == (None, "not visible yet")
    assert shows is not None and 100_000 < shows < 300_000
    capped, never = check_theory(measured(2, sizes), 3, sizes, system, 971, 971, 1)
    assert (capped.verdict, never) == ("not visible yet", None)
    assert "never shows: rounding reaches the noise after 971 samples" in capped.reason
    assert f"theory's 3 shows from {shows:,} samples on".replace(",", " ") in critical.reason


def test_what_rounding_hides_never_shows() -> None:
    weak, sizes = zoo("weak-tone"), [0, 1, 2, 3, 4, 5]
    critical, shows = check_theory(measured(2, sizes), 4, sizes, weak, 2000, 3000, 1)
    assert (critical.verdict, shows) == ("not visible yet", None)
    assert "never shows: rounding reaches the noise after 3 000 samples" in critical.reason


def test_a_chance_verdict_against_visible_theory_is_undecided() -> None:
    sizes = [0, 1, 2, 3]
    critical, shows = check_theory(measured(1, sizes), 2, sizes, zoo("double-integrator"), 20_000, None, 1)
    assert (critical.size, critical.verdict, shows) == (None, "undecided", None)
    assert "more replicates would decide it" in critical.reason
    above, _ = check_theory(measured(None, sizes), 2, sizes, zoo("double-integrator"), 20_000, None, 1)
    assert above.verdict == "undecided"
    unknown, _ = check_theory(measured(1, sizes), 2, sizes, None, 20_000, None, 1)
    assert unknown.verdict == "undecided"


def test_a_root_near_one_looks_growing_before_it_settles() -> None:
    sizes = [0, 1, 2]
    critical, shows = check_theory(measured(1, sizes), 0, sizes, zoo("nearer-unit-root"), 4000, None, 1)
    assert critical.verdict == "not visible yet"
    assert shows is not None and shows > 4000


def test_sizes_that_were_not_tried_leave_an_upper_end() -> None:
    for sizes, found in (([3, 4, 5], 3), ([0, 1, 4], 4)):
        critical, _ = check_theory(measured(found, sizes), 2, sizes, zoo("double-integrator"), 2000, None, 1)
        assert (critical.verdict, critical.bounded) == ("at most", found)
    contradicted, _ = check_theory(measured(1, [1, 2, 3]), 2, [1, 2, 3], zoo("double-integrator"), 20_000, None, 1)
    assert contradicted.size is None and contradicted.verdict != "at most"


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([1.0, 1.03, 0.9, 0.9999, -1.0]), min_size=1, max_size=3),
    st.floats(-12, 0),
    st.integers(0, 6),
    st.integers(50, 20_000),
    st.sampled_from([[0, 1, 2, 3, 4], [1, 2, 3, 4], [0, 2, 4], [3, 4]]),
)
def test_a_located_size_is_that_of_theory(
    roots: list[float], power: float, found: int, horizon: int, sizes: list[int]
) -> None:
    A = np.diag(roots) + np.diag(np.ones(len(roots) - 1), 1)
    Q = np.diag(10.0 ** (power * np.arange(len(roots))))
    system = LinearSystem(A, np.eye(1, len(roots)), Q, [[1.0]])
    expected = critical_length(system)
    says = measured(sizes[found] if found < len(sizes) else None, sizes)
    critical, _ = check_theory(says, expected, sizes, system, horizon, None, 1)
    if critical.size is not None:
        assert (critical.verdict, critical.size) == ("located", expected)
    if critical.verdict == "at most":
        assert critical.bounded is not None and critical.bounded >= expected
    if critical.verdict == "above":
        assert expected > sizes[-1]
