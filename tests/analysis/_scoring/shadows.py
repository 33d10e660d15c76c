"""Predictors for recordings and live streams: a last value that fails in one way each, at its sample 300."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import Any


class Last:
    parameters = 1

    def __init__(self) -> None:
        self.y, self.n = 0.0, 0

    def predict(self) -> Any:
        return self.y

    def variance(self) -> float:
        return 4.0

    def update(self, y: Any, u: Any) -> None:
        self.n, self.y = self.n + 1, float(y[0]) if y[0] == y[0] else self.y
        if self.n == 300:
            self.fail()

    def fail(self) -> None:
        pass


class Raises(Last):
    def fail(self) -> None:
        raise RuntimeError("enough")


class Stalls(Last):
    def fail(self) -> None:
        time.sleep(30)


class NotFinite(Last):
    def fail(self) -> None:
        self.y = float("nan")


class Killed(Last):
    def fail(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Prints(Last):
    def update(self, y: Any, u: Any) -> None:
        print('{"kind":"threshold"}', flush=True)
        super().update(y, u)


class Slow(Last):
    def update(self, y: Any, u: Any) -> None:
        time.sleep(10)


class Random(Last):
    def predict(self) -> Any:
        return self.y + random.random()


class Clock(Last):
    """It ignores the samples, as one that reads the recording from its file would."""

    def predict(self) -> Any:
        return float(self.n % 7)


class Zero(Last):
    def predict(self) -> Any:
        return 0.0


class Input(Last):
    """It knows that y[t] = u[t-1] + noise."""

    def update(self, y: Any, u: Any) -> None:
        self.y = float(u[0])


def two(outputs: int) -> Any:
    """Last values of several outputs."""
    values = [0.0] * outputs

    def update(y: Any, u: Any) -> None:
        values[:] = [last if new != new else new for last, new in zip(values, y.tolist(), strict=True)]

    return (lambda: values), update
