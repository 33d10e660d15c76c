"""Twelve predictors with one flaw each, made of the Kalman filter or of a learned one, and two sound ones.

Each is a function as ``open_predictor("flawed.py:NAME")`` calls it.
"""

from __future__ import annotations

import gc
import inspect
import time

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
TURN = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
A, C, Q, R = 0.98 * TURN, np.eye(1, 2), np.eye(2), np.eye(1)  # the resonance, in NumPy alone: each run loads this
EARLY = 400  # when late flaws show, in runs shorter than 10 000 steps


class Kalman:
    """The textbook Kalman filter of the resonance."""

    def __init__(self) -> None:
        self.x, self.P, self.t = np.zeros(2), np.zeros((2, 2)), 0

    def predict(self) -> Vector:
        return C @ self.x

    def variance(self) -> Vector:
        return np.diag(C @ self.P @ C.T + R)

    def update(self, y: Vector, u: Vector) -> None:
        if not np.isnan(y).any():
            K = np.linalg.solve(C @ self.P @ C.T + R, C @ self.P).T
            self.x, self.P = self.x + K @ (y - C @ self.x), self.P - K @ C @ self.P
        self.x, self.P, self.t = A @ self.x, A @ self.P @ A.T + Q, self.t + 1


class Learned:
    """Recursive least squares on the last samples, in units of the first one."""

    def __init__(self, taps: int) -> None:
        self.parameters, self.w, self.z = taps, np.zeros(taps), np.zeros(taps)
        self.P, self.unit = 1e6 * np.eye(taps), 0.0

    def predict(self) -> Vector:
        return np.array([self.w @ self.z * self.unit])

    def update(self, y: Vector, u: Vector) -> None:
        now = float(self.w @ self.z)
        if not np.isnan(y).any():
            self.unit = self.unit or abs(float(y[0]))
            now = float(y[0]) / (self.unit or 1.0)
        k = self.P @ self.z / (1 + self.z @ self.P @ self.z)
        self.w, self.P = self.w + k * (now - self.w @ self.z), self.P - np.outer(k, self.z @ self.P)
        self.z = np.append(now, self.z[:-1])


class Biased(Kalman):
    def predict(self) -> Vector:
        return super().predict() + 0.5


class Diverging(Kalman):
    at = 10_000

    def predict(self) -> Vector:
        return super().predict() * 1.01 ** max(self.t - self.at, 0)


class DivergingEarly(Diverging):
    at = EARLY


class NotFinite(Kalman):
    def predict(self) -> Vector:
        return super().predict() * (np.nan if self.t == 777 else 1.0)


class Forgetful(Kalman):
    def update(self, y: Vector, u: Vector) -> None:
        super().update(y, u)
        if self.t % 200 == 0:
            self.x = np.zeros(2)


class Scaled(Kalman):
    """Cut off at 30, ten times the noise and never reached in the plant's own unit."""

    def predict(self) -> Vector:
        return np.clip(super().predict(), -30.0, 30.0)


class WrongUnit(Kalman):
    def predict(self) -> Vector:
        return super().predict() / 2.54


class Stalling(Kalman):
    def predict(self) -> Vector:
        if self.t == EARLY:
            time.sleep(60)
        return super().predict()


class Leaking(Kalman):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Vector] = []

    def update(self, y: Vector, u: Vector) -> None:
        super().update(y, u)
        self.kept.append(np.ones(500))


class Overfitting:
    """Least squares of 12 taps on the last 16 samples."""

    parameters = 12

    def __init__(self) -> None:
        self.seen: list[float] = [0.0] * 29

    def predict(self) -> Vector:
        rows = np.lib.stride_tricks.sliding_window_view(np.array(self.seen[-28:]), 12)
        w = np.linalg.lstsq(rows[:-1], self.seen[-16:], rcond=None)[0]
        return np.array([rows[-1] @ w])

    def update(self, y: Vector, u: Vector) -> None:
        self.seen.append(float(y[0]))
        del self.seen[0]


class Random(Kalman):
    def __init__(self) -> None:
        super().__init__()
        self.rng = np.random.default_rng()

    def predict(self) -> Vector:
        return super().predict() + 0.1 * self.rng.standard_normal(1)


class Peeking(Kalman):
    """Looks for the next output among all arrays and all callers' variables, and takes it if it is there."""

    def predict(self) -> Vector:
        frame = inspect.currentframe()
        places = [] if self.t % 300 else gc.get_objects()
        while frame is not None:
            places += list(frame.f_locals.values())
            frame = frame.f_back
        for place in places:
            if isinstance(place, np.ndarray) and place.ndim == 2 and len(place) > self.t + 500:
                return np.array([place[self.t, 0]])
        return super().predict()


def kalman() -> Kalman:
    return Kalman()


def learned() -> Learned:
    return Learned(8)


def too_short() -> Learned:
    return Learned(1)


biased, diverging, diverging_early, not_finite, forgetful, scaled = (
    Biased,
    Diverging,
    DivergingEarly,
    NotFinite,
    Forgetful,
    Scaled,
)
wrong_unit, stalling, leaking, overfitting, random, peeking = WrongUnit, Stalling, Leaking, Overfitting, Random, Peeking
