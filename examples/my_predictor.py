"""A user's own predictor: a level and a slope (Holt), with the variance of its error.

Its name on the command line is examples/my_predictor.py:make, see docs/predictors.md. predictor.c gives the same
forecasts.
"""

import numpy as np


class Trend:
    parameters = 2  # the two gains

    def __init__(self, outputs=1):
        self.level, self.slope, self.spread = np.zeros(outputs), np.zeros(outputs), np.full(outputs, np.nan)

    def predict(self):
        return self.level + self.slope

    def update(self, y, u):
        missing = np.isnan(y)
        error = np.where(missing, 0.0, y - self.predict())
        self.level = self.predict() + 0.5 * error
        self.slope = self.slope + 0.1 * error
        spread = np.where(np.isnan(self.spread), error**2, self.spread + 0.05 * (error**2 - self.spread))
        self.spread = np.where(missing, self.spread, spread)

    def variance(self):
        return None if np.isnan(self.spread).any() else self.spread


def make(outputs):
    return Trend(outputs)
