"""Stress cases: what goes wrong between a plant and whoever predicts it, each with the reference it is held against.

Time: as in ``_readings.py``; a fault begins at reading ``begin``, and one that passes is over at ``end``. The noise
level of an output is s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.text import did_you_mean
from .._systems.linear_system import LinearSystem
from .readings import Readings, Scene, noise_level, plain


class Fault(NamedTuple):
    """One stress case as data.

    Attributes:
        shows: What a predictor shows here.
        reference: Which predictor it is held against.
        exact: No predictor of the same readings has a smaller mean squared error than the reference.
        until: Recovery is counted from here: the ``"begin"`` of a fault that stays, the ``"end"`` of one that passes.
        make: The readings of a scene.
    """

    shows: str
    reference: str
    exact: bool
    until: Literal["begin", "end"]
    make: Callable[[Scene], Readings]


def faults() -> dict[str, Fault]:
    """Return every stress case by its name."""
    return dict(_FAULTS)


def find_fault(name: str) -> Fault:
    """Return a stress case.

    Raises:
        ValueError: There is none of that name.
    """
    if name not in _FAULTS:
        hint = did_you_mean(name, _FAULTS)
        raise ValueError(f"no stress case is called {name!r}{hint} The names are: {', '.join(_FAULTS)}.")
    return _FAULTS[name]


def _dropout(scene: Scene) -> Readings:
    lost = _draws(scene) < 0.3
    return _without(plain(scene), lost & _window(scene)[:, None])


def _bursts(scene: Scene) -> Readings:
    starts = np.cumsum(_draws(scene) < 1 / 40, axis=1)
    before = np.pad(starts, ((0, 0), (20, 0), (0, 0)))[:, : scene.steps]
    return _without(plain(scene), (starts > before) & _window(scene)[:, None])


def _outliers(scene: Scene) -> Readings:
    clean, coin = plain(scene), _draws(scene)
    size = np.where(coin < 0.025, 10.0, np.where(coin < 0.05, -10.0, 0.0)) * _window(scene)[:, None]
    told = _without(clean, size != 0)
    return told._replace(given=clean.given + size * noise_level(scene.system))


def _bias(scene: Scene) -> Readings:
    clean = plain(scene)
    offset = 5 * _since(scene)[:, None] * noise_level(scene.system)
    return clean._replace(given=clean.given + offset, offset=offset)


def _saturation(scene: Scene) -> Readings:
    clean = plain(scene)
    within = clean.given[:, scene.begin : scene.end]
    low, high = np.quantile(within, [0.25, 0.75], axis=1, keepdims=True)
    given = np.where(_window(scene)[:, None], np.clip(clean.given, low, high), clean.given)
    told = np.where(given == clean.given, clean.given, np.nan)
    return clean._replace(given=given, seen=replace(clean.seen, outputs=told))


def _quantisation(scene: Scene) -> Readings:
    clean, step = plain(scene), 4 * noise_level(scene.system)
    given = np.where(_window(scene)[:, None], step * np.round(clean.given / step), clean.given)
    rounding = _window(scene)[:, None, None] * np.diag(step**2 / 12)
    known = scene.system.replace(R=scene.system.R + rounding)
    return clean._replace(given=given, system=known, seen=replace(clean.seen, outputs=given))


def _delay(scene: Scene) -> Readings:
    clean, late = plain(scene), 5
    time = np.arange(scene.steps)
    sample = np.where(time < scene.begin, time, time - late)
    again = (time >= scene.begin) & (time < scene.begin + late)  # of samples that were seen before
    return clean._replace(given=clean.given[:, sample], sample=sample, scored=~again)


def _jitter(scene: Scene) -> Readings:
    coin = np.random.default_rng(scene.seed).random(scene.steps)
    apart = 1 + ((coin < 0.2) & (_window(scene)))
    sample = np.cumsum(apart) - apart[0]
    whole = plain(scene, samples=int(sample[-1]) + 1)
    told = np.full_like(whole.given, np.nan)
    told[:, sample] = whole.given[:, sample]
    time = slice(0, scene.steps)
    return whole._replace(
        given=whole.given[:, sample],
        inputs=whole.inputs[sample],
        seen=replace(whole.seen, outputs=told),
        sample=sample,
        offset=whole.offset[time],
        scale=whole.scale[time],
        scored=whole.scored[time],
    )


def _jump(scene: Scene) -> Readings:
    return plain(scene, _faster(scene, _since(scene)))


def _drift(scene: Scene) -> Readings:
    ramp = (np.arange(scene.steps) - scene.begin) / (scene.end - scene.begin)
    return plain(scene, _faster(scene, np.clip(ramp, 0.0, 1.0)))


def _mode(scene: Scene) -> Readings:
    """A resonance of radius 0.95 and 2 radians a sample, seen in every output with variance s^2."""
    system, n = scene.system, scene.system.states
    turn = 0.95 * np.array([[np.cos(2.0), -np.sin(2.0)], [np.sin(2.0), np.cos(2.0)]])
    A = np.block([[system.A, np.zeros((n, 2))], [np.zeros((2, n)), turn]])
    C = np.hstack([system.C, noise_level(system)[:, None] * np.eye(1, 2)])
    driven = np.zeros((scene.steps, n + 2, n + 2))
    driven[:, :n, :n] = system.Q
    driven[:, n:, n:] = _window(scene)[:, None, None] * (1 - 0.95**2) * np.eye(2)
    B = np.vstack([system.B, np.zeros((2, system.inputs))])
    return plain(scene, system.replace(A=A, B=B, C=C, Q=driven))


def _noise(scene: Scene) -> Readings:
    more = 4 * _window(scene)[:, None, None] * np.diag(noise_level(scene.system) ** 2)
    return plain(scene, scene.system.replace(R=scene.system.R + more))


def _unit(scene: Scene) -> Readings:
    clean, scale = plain(scene), np.where(_since(scene), 1000.0, 1.0)
    return clean._replace(given=clean.given * scale[:, None], scale=scale)


def _faster(scene: Scene, share: NDArray[np.floating]) -> LinearSystem:
    """Return the plant with A[t] = (1 - share[t]) A + share[t] A^2: from its own speed to twice that."""
    A = scene.system.A
    return scene.system.replace(A=A + share[:, None, None] * (A @ A - A))


def _without(clean: Readings, lost: NDArray[np.bool_]) -> Readings:
    """Return readings of which some rows are missing, and the reference is told the rest."""
    left = np.where(lost, np.nan, clean.given)
    return clean._replace(given=left, seen=replace(clean.seen, outputs=left))


def _draws(scene: Scene) -> NDArray[np.float64]:
    return np.random.default_rng(scene.seed).random((scene.replicates, scene.steps, 1))


def _window(scene: Scene) -> NDArray[np.bool_]:
    time = np.arange(scene.steps)
    return np.asarray((time >= scene.begin) & (time < scene.end))


def _since(scene: Scene) -> NDArray[np.float64]:
    return (np.arange(scene.steps) >= scene.begin).astype(np.float64)


_TOLD = "Kalman filter of the plant that is told of it"
_FAULTS: dict[str, Fault] = {
    "dropout": Fault("30 % of the samples are missing, one by one", _TOLD, True, "end", _dropout),
    "bursts": Fault("samples are missing in bursts of at least 20", _TOLD, True, "end", _bursts),
    "outliers": Fault(
        "5 % of the readings are 10 s off", "Kalman filter that is told which, and leaves them out", False, "end",
        _outliers,
    ),
    "bias": Fault("the sensor is 5 s off, from then on", _TOLD, True, "begin", _bias),
    "saturation": Fault(
        "readings are cut off at the quartiles", "Kalman filter that is told which, and leaves them out", False, "end",
        _saturation,
    ),
    "quantisation": Fault(
        "readings are rounded to steps of q = 4 s", "Kalman filter with R + q^2/12 meanwhile", False, "end",
        _quantisation,
    ),
    "delay": Fault("readings come 5 samples late, from then on", _TOLD, True, "begin", _delay),
    "jitter": Fault("one interval in five is two samples long, unmarked", _TOLD, True, "end", _jitter),
    "jump": Fault("the plant is twice as fast at once", "time-varying Kalman filter", True, "begin", _jump),
    "drift": Fault("the plant becomes twice as fast bit by bit", "time-varying Kalman filter", True, "end", _drift),
    "mode": Fault(
        "a resonance of variance s^2 that the plant had not", "Kalman filter of both", True, "end", _mode
    ),
    "noise": Fault(
        "measurement noise of 4 s^2 on top", "Kalman filter that knows R at every sample", True, "end", _noise
    ),
    "unit": Fault("readings are 1000 times as large, from then on", _TOLD, True, "begin", _unit),
}  # fmt: skip
