"""Flaws of a predictor: each is named by one rule on its measured results.

A sound predictor must get none, so each rule needs an effect that is large and far from chance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ...learners import Outcome
from .battery import CaseResult
from .metrics import Estimate, memory_slope, share_above
from .probes import POWER, Probes

CHANCE = 1e-6  # of a false flaw, by a rule on means over runs
BLOCK = 64  # readings
LEAST = 65_536  # bytes; a smaller leak is not named
LEAP = 1000.0  # times the error
FAILURES = {
    "stalled": "stalls",
    "not finite": "not finite",
    "raised": "raises",
    "shape": "wrong shape",
    "ended": "ends",
}


class Flaw(NamedTuple):
    """A flaw: its name, and the observation behind it."""

    name: str
    because: str


def failure_flaw(result: CaseResult) -> Flaw | None:
    """``not finite``, ``stalls``, ``raises``, ``wrong shape`` or ``ends``: how a run failed, and at which step."""
    failure = result.outcomes[-1].failure
    if failure is None:
        return None
    return Flaw(FAILURES.get(failure.kind, failure.kind), f"at step {failure.step}: {failure.message}")


def diverges(result: CaseResult) -> Flaw | None:
    """``diverges``: the error leaps away from the reference's and stays there.

    Errors are summed over the runs and blocks of 64 readings and divided by the reference's. Either the last eighth
    is more than 1000 times the eighth before the middle (an error that grows as t^p gains 2.14^p), or from one block to
    the next it grows a thousandfold and never comes back below a hundredfold. The step is the start of the first block
    from which on the error is a hundredfold.
    """
    ratio = _blocks(result.error) / np.maximum(_blocks(result.oracle), 1e-300)
    ratio = ratio[np.isfinite(ratio)]
    n = len(ratio)
    if n < 16:
        return None
    middle = float(np.median(ratio[3 * n // 8 : n // 2]))
    levels = [middle] if ratio[-(n // 8) :].min() > LEAP * (1 + middle) else []
    leaps = np.flatnonzero(ratio[1:] > LEAP * (1 + ratio[:-1]))
    levels += [ratio[k] for k in leaps if ratio[k + 1 :].min() > 0.1 * LEAP * (1 + ratio[k])]
    if not levels:
        return None
    below = np.flatnonzero(ratio <= 0.1 * LEAP * (1 + min(levels)))
    step = BLOCK * int(below[-1] + 1)
    return Flaw("diverges", f"from step {step} on its error is over {0.1 * LEAP:g} times what it was")


def wrong_unit(result: CaseResult) -> Flaw | None:
    """``wrong unit``: one constant factor explains the excess.

        g = sum f f* / sum f^2,    f the forecasts after the first quarter, f* the reference's

    is beyond 1.5, below 1/1.5 or negative, the excess is over 10 % of the reference's error, and forecasts multiplied
    by g have less than a tenth of it.
    """
    f, known = _late(result.forecast), _late(result.reference)
    g = float(np.nansum(f * known) / max(float(np.nansum(f * f)), 1e-300))
    before, after = (float(np.nansum((scale * f - known) ** 2)) for scale in (1.0, g))
    plain = 1 / 1.5 <= g <= 1.5
    if plain or g == 0 or before < 0.1 * np.nansum(_late(result.oracle)) or after > 0.1 * before:
        return None
    return Flaw("wrong unit", f"forecasts times {g:.4g} would have {100 * (1 - after / before):.0f} % less excess")


def forgets(result: CaseResult) -> Flaw | None:
    """``forgets its state``: the excess on a plant that does not vary leaps up again and again, and comes back.

    The excess after the first quarter, its median over the runs at each reading, is over 20 times its median over time
    plus the reference's error in at least three separate places (64 readings apart), which make up less than a fifth of
    the run: an error that returns to that of the start, at the same readings in every run.
    """
    if result.case.scene.system.time_varying:
        return None
    excess = np.median(_late(result.excess), axis=0)
    high = np.flatnonzero(excess > 20 * np.median(excess) + np.nanmean(_late(result.oracle)))
    starts = high[np.diff(high, prepend=-2 * BLOCK) >= BLOCK] + excess_start(result)
    if len(starts) < 3 or len(high) > len(excess) / 5:
        return None
    places = ", ".join(str(start) for start in starts[:4]) + ", .." * (len(starts) > 4)
    return Flaw("forgets its state", f"its error returns to that of a start at readings {places}")


def biased(result: CaseResult) -> Flaw | None:
    """``biased``: its mean difference to the reference is not zero.

    For an output: Student's test over the runs of their mean differences after the first quarter, two-sided at 1e-6,
    and a mean beyond a tenth of the root mean square error. The reference has no bias, so the plant's own mean is none.
    """
    gap, error = (_late(result.forecast) - _late(part) for part in (result.reference, result.target))
    if len(gap) < 4:
        return None
    each = np.nanmean(gap, axis=1)
    mean, spread = each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(len(each))
    sure = np.abs(mean) > -stdtrit(len(each) - 1, CHANCE / 2) * spread
    rms = np.sqrt(np.nanmean(error**2, axis=(0, 1)))
    for output in np.flatnonzero(sure & (np.abs(mean) > 0.1 * rms)):
        which = f" of output {output + 1}" if len(mean) > 1 else ""
        return Flaw(
            "biased", f"its mean error{which} is {mean[output]:.3g}, its root mean square error {rms[output]:.3g}"
        )
    return None


def too_short(result: CaseResult, laws: dict[int, str], parameters: int | None) -> Flaw | None:
    """``too short``: its error grows, and that of a ladder with enough taps, and more parameters, does not.

    Call it where the law of the error is growing, or undecided with an exponent above 1/2. The smallest rung that is
    bounded must have less than half the error, by 95 % of the runs.

    Args:
        result: Of the case.
        laws: Verdict of ``growth_laws`` on each rung of the ladder, by its place.
        parameters: Of the predictor, or None where unknown. If a rung with as many parameters is bounded, the
            predictor is not too short: something else is wrong.
    """
    bounded = [place for place, verdict in laws.items() if verdict == "bounded"]
    if not bounded or (parameters is not None and result.rungs[bounded[0]][1] <= parameters):
        return None
    ladder = result.ladder[:, :, bounded[0]]
    above = share_above(result.error - ladder, ladder, slice(result.case.scene.begin, None))
    if above is None or above.value < 1 or above.low is None or above.low <= 0:
        return None
    return Flaw(
        "too short", f"its error grows, that of a learned filter of {result.rungs[bounded[0]][0]} taps does not"
    )


def too_good(result: CaseResult) -> Flaw | None:
    """``better than is possible``: its error is below that of the best predictor of the same readings.

    Student's test over the runs of sum(e^2 - e*^2), one-sided at 1e-6, and 1 % below it. An external predictor cannot
    see later readings, because each is sent after its forecast has come. So this flaw means a leak in its training.
    """
    error, best = result.error, result.oracle
    if not result.case.exact or len(error) < 4:
        return None
    each = np.nansum(error - best, axis=1)
    limit = stdtrit(len(each) - 1, CHANCE) * each.std(ddof=1) / np.sqrt(len(each))
    share = float(each.sum() / max(float(np.nansum(best)), 1e-300))
    if each.mean() > limit or share > -0.01:
        return None
    return Flaw("better than is possible", f"{-100 * share:.3g} % below the Kalman filter's error: look for a leak")


def probe_flaws(probes: Probes, beaten: bool) -> list[Flaw]:
    """``non-deterministic``, ``scale-dependent`` and ``overfits``: from the last half of the probes.

    * non-deterministic: the same series twice gives forecasts that differ by over 1e-9 of their size.
    * scale-dependent: forecasts of 2^10 or 2^-10 times the data, divided by this factor, differ by more than 1 % of the
      mean squared error, not counting a constant difference; or such a run fails.
    * overfits: forecasts of white noise have over a quarter of its variance, though it cannot be predicted; the
      predictor is no fixed filter: f(a + b) = f(a) + f(b) does not hold; and a rung of the ladder predicts the plant
      better.

    Args:
        probes: The runs.
        beaten: Whether a rung of the ladder predicts the plant better.
    """
    a, error = _half(probes.a), _half(probes.a) - probes.series[len(probes.series) // 2 :]
    size = float(np.var(a)) + float(np.var(error))
    if not np.isfinite(size):
        return []
    twice = float(np.nanmax(np.abs(_half(probes.again) - a), initial=0.0))
    if twice > 1e-9 * np.sqrt(size):
        return [Flaw("non-deterministic", f"the same series twice gives forecasts that differ by up to {twice:.3g}")]
    found = []
    for outcome, factor in ((probes.larger, 2.0**POWER), (probes.smaller, 2.0**-POWER)):
        apart = _varies(_half(outcome) / factor - a) / float(np.mean(error**2))
        if outcome.failure is not None or not apart <= 0.01:
            words = (
                "fails" if outcome.failure is not None else f"forecasts change by {100 * np.sqrt(apart):.3g} % of it"
            )
            found.append(Flaw("scale-dependent", f"with data {factor:g} times as large it {words}"))
            break
    white, noise = _half(probes.white), float(np.var(probes.noise))
    fixed = _varies(_half(probes.sum) - a - _half(probes.b)) <= 1e-12 * size
    share = _varies(white) / noise
    if beaten and not fixed and share > 0.25:
        found.append(
            Flaw("overfits", f"its forecasts of white noise have {100 * share:.0f} % of its variance, where 0 is best")
        )
    return found


def leaks(outcomes: tuple[Outcome, ...]) -> tuple[Estimate | None, Flaw | None]:
    """``leaks memory``: it grows by 64 KiB or more over the second half of a run, its slope surely above zero.

    Surely: by an interval of 99.9 % over the runs. Memory comes in pages of 4 KiB, so smaller growth is not visible.
    """
    looks = [outcome.memory for outcome in outcomes if len(outcome.memory)]
    slope = memory_slope(looks)
    if slope is None or slope.low is None or slope.low <= 0:
        return slope, None
    if slope.value * np.median([look[-1, 0] - look[len(look) // 2, 0] for look in looks]) < LEAST:
        return slope, None
    return slope, Flaw("leaks memory", f"it grows by {slope.value:.0f} bytes a step")


STEADY: tuple[Callable[[CaseResult], Flaw | None], ...] = (wrong_unit, forgets, biased, too_good)


def excess_start(result: CaseResult) -> int:
    """Return the first reading after the first quarter of a run."""
    return int(result.target.shape[1]) // 4


def _late(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[:, values.shape[1] // 4 :]


def _blocks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.nansum(values, axis=0)
    whole = len(sums) // BLOCK * BLOCK
    with np.errstate(over="ignore"):
        return np.asarray(sums[:whole].reshape(-1, BLOCK).sum(axis=1))


def _half(outcome: Outcome) -> NDArray[np.float64]:
    return outcome.forecast[len(outcome.forecast) // 2 :]


def _varies(values: NDArray[np.float64]) -> float:
    return float(np.mean(np.var(values, axis=0)))
