"""Stress cases: faults of a plant or a sensor, each with the reference that a predictor is compared with.

Time: as in ``readings.py``; a fault begins at reading ``begin``; a temporary fault ends at ``end``. The noise level of
an output is s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.text import did_you_mean
from .._systems.linear_system import LinearSystem
from .readings import Readings, Scenario, noise_level, nominal


class Fault(NamedTuple):
    """One stress case.

    Attributes:
        shows: What happens.
        reference: The predictor to compare with.
        exact: No predictor of the same readings has a smaller mean squared error than the reference.
        until: Recovery counts from here: the ``"begin"`` of a permanent fault, the ``"end"`` of a temporary one.
        make: Makes the readings of a scenario.
    """

    shows: str
    reference: str
    exact: bool
    until: Literal["begin", "end"]
    make: Callable[[Scenario], Readings]


def faults() -> dict[str, Fault]:
    """Return all stress cases by name."""
    return dict(_FAULTS)


def find_fault(name: str) -> Fault:
    """Return a stress case.

    Raises:
        ValueError: There is no case of that name.
    """
    if name not in _FAULTS:
        hint = did_you_mean(name, _FAULTS)
        raise ValueError(f"no stress case is called {name!r}{hint} The names are: {', '.join(_FAULTS)}.")
    return _FAULTS[name]


def _dropout(scenario: Scenario) -> Readings:
    lost = _draws(scenario) < 0.3
    return _without(nominal(scenario), lost & _window(scenario)[:, None])


def _bursts(scenario: Scenario) -> Readings:
    starts = np.cumsum(_draws(scenario) < 1 / 40, axis=1)
    before = np.pad(starts, ((0, 0), (20, 0), (0, 0)))[:, : scenario.steps]
    return _without(nominal(scenario), (starts > before) & _window(scenario)[:, None])


def _outliers(scenario: Scenario) -> Readings:
    clean, coin = nominal(scenario), _draws(scenario)
    size = np.where(coin < 0.025, 10.0, np.where(coin < 0.05, -10.0, 0.0)) * _window(scenario)[:, None]
    known = _without(clean, size != 0)
    return known._replace(given=clean.given + size * noise_level(scenario.system))


def _bias(scenario: Scenario) -> Readings:
    clean = nominal(scenario)
    offset = 5 * _since(scenario)[:, None] * noise_level(scenario.system)
    return clean._replace(given=clean.given + offset, offset=offset)


def _saturation(scenario: Scenario) -> Readings:
    clean = nominal(scenario)
    within = clean.given[:, scenario.begin : scenario.end]
    low, high = np.quantile(within, [0.25, 0.75], axis=1, keepdims=True)
    given = np.where(_window(scenario)[:, None], np.clip(clean.given, low, high), clean.given)
    known = np.where(given == clean.given, clean.given, np.nan)
    return clean._replace(given=given, seen=replace(clean.seen, outputs=known))


def _quantisation(scenario: Scenario) -> Readings:
    clean, step = nominal(scenario), 4 * noise_level(scenario.system)
    given = np.where(_window(scenario)[:, None], step * np.round(clean.given / step), clean.given)
    rounding = _window(scenario)[:, None, None] * np.diag(step**2 / 12)
    known = scenario.system.replace(R=scenario.system.R + rounding)
    return clean._replace(given=given, system=known, seen=replace(clean.seen, outputs=given))


def _delay(scenario: Scenario) -> Readings:
    clean, late = nominal(scenario), 5
    time = np.arange(scenario.steps)
    sample = np.where(time < scenario.begin, time, time - late)
    again = (time >= scenario.begin) & (time < scenario.begin + late)  # these repeat earlier samples
    return clean._replace(given=clean.given[:, sample], sample=sample, scored=~again)


def _jitter(scenario: Scenario) -> Readings:
    coin = np.random.default_rng(scenario.seed).random(scenario.steps)
    apart = 1 + ((coin < 0.2) & (_window(scenario)))
    sample = np.cumsum(apart) - apart[0]
    whole = nominal(scenario, samples=int(sample[-1]) + 1)
    known = np.full_like(whole.given, np.nan)
    known[:, sample] = whole.given[:, sample]
    time = slice(0, scenario.steps)
    return whole._replace(
        given=whole.given[:, sample],
        inputs=whole.inputs[sample],
        seen=replace(whole.seen, outputs=known),
        sample=sample,
        offset=whole.offset[time],
        scale=whole.scale[time],
        scored=whole.scored[time],
    )


def _jump(scenario: Scenario) -> Readings:
    return nominal(scenario, _faster(scenario, _since(scenario)))


def _drift(scenario: Scenario) -> Readings:
    ramp = (np.arange(scenario.steps) - scenario.begin) / (scenario.end - scenario.begin)
    return nominal(scenario, _faster(scenario, np.clip(ramp, 0.0, 1.0)))


def _mode(scenario: Scenario) -> Readings:
    """A resonance of radius 0.95 and 2 radians per sample adds variance s^2 to every output."""
    system, n = scenario.system, scenario.system.states
    turn = 0.95 * np.array([[np.cos(2.0), -np.sin(2.0)], [np.sin(2.0), np.cos(2.0)]])
    A = np.block([[system.A, np.zeros((n, 2))], [np.zeros((2, n)), turn]])
    C = np.hstack([system.C, noise_level(system)[:, None] * np.eye(1, 2)])
    driven = np.zeros((scenario.steps, n + 2, n + 2))
    driven[:, :n, :n] = system.Q
    driven[:, n:, n:] = _window(scenario)[:, None, None] * (1 - 0.95**2) * np.eye(2)
    B = np.vstack([system.B, np.zeros((2, system.inputs))])
    return nominal(scenario, system.replace(A=A, B=B, C=C, Q=driven))


def _noise(scenario: Scenario) -> Readings:
    more = 4 * _window(scenario)[:, None, None] * np.diag(noise_level(scenario.system) ** 2)
    return nominal(scenario, scenario.system.replace(R=scenario.system.R + more))


def _unit(scenario: Scenario) -> Readings:
    clean, scale = nominal(scenario), np.where(_since(scenario), 1000.0, 1.0)
    return clean._replace(given=clean.given * scale[:, None], scale=scale)


def _faster(scenario: Scenario, share: NDArray[np.floating]) -> LinearSystem:
    """Return the plant with A[t] = (1 - share[t]) A + share[t] A^2: its speed rises to twice its own."""
    A = scenario.system.A
    return scenario.system.replace(A=A + share[:, None, None] * (A @ A - A))


def _without(clean: Readings, lost: NDArray[np.bool_]) -> Readings:
    """Return readings without some rows; the reference gets the same readings."""
    left = np.where(lost, np.nan, clean.given)
    return clean._replace(given=left, seen=replace(clean.seen, outputs=left))


def _draws(scenario: Scenario) -> NDArray[np.float64]:
    return np.random.default_rng(scenario.seed).random((scenario.replicates, scenario.steps, 1))


def _window(scenario: Scenario) -> NDArray[np.bool_]:
    time = np.arange(scenario.steps)
    return np.asarray((time >= scenario.begin) & (time < scenario.end))


def _since(scenario: Scenario) -> NDArray[np.float64]:
    return (np.arange(scenario.steps) >= scenario.begin).astype(np.float64)


_INFORMED = "Kalman filter of the plant that knows the fault"
_FAULTS: dict[str, Fault] = {
    "dropout": Fault("30 % of the samples are missing, one by one", _INFORMED, True, "end", _dropout),
    "bursts": Fault("samples are missing in bursts of at least 20", _INFORMED, True, "end", _bursts),
    "outliers": Fault(
        "5 % of the readings are 10 s off", "Kalman filter that knows which, and leaves them out", False, "end",
        _outliers,
    ),
    "bias": Fault("the sensor is 5 s off, from then on", _INFORMED, True, "begin", _bias),
    "saturation": Fault(
        "readings are cut off at the quartiles", "Kalman filter that knows which, and leaves them out", False, "end",
        _saturation,
    ),
    "quantisation": Fault(
        "readings are rounded to steps of q = 4 s", "Kalman filter with R + q^2/12 meanwhile", False, "end",
        _quantisation,
    ),
    "delay": Fault("readings come 5 samples late, from then on", _INFORMED, True, "begin", _delay),
    "jitter": Fault("one interval in five is two samples long, unmarked", _INFORMED, True, "end", _jitter),
    "jump": Fault("the plant becomes twice as fast in one step", "time-varying Kalman filter", True, "begin", _jump),
    "drift": Fault("the plant becomes twice as fast gradually", "time-varying Kalman filter", True, "end", _drift),
    "mode": Fault(
        "a resonance adds variance s^2", "Kalman filter of plant and resonance", True, "end", _mode
    ),
    "noise": Fault(
        "measurement noise of 4 s^2 adds", "Kalman filter that knows R at every sample", True, "end", _noise
    ),
    "unit": Fault("readings are 1000 times as large, from then on", _INFORMED, True, "begin", _unit),
}  # fmt: skip
