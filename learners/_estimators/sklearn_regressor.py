"""Learners as a regressor of scikit-learn. This file imports scikit-learn: take it from ``factories``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d, validate_data

from .._catalogue import CATALOGUE
from .stream import Stream, uses_inputs


class SklearnRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A learner as a regressor of scikit-learn: see ``ergoscope.learners.sklearn_regressor``.

    Attributes:
        n_features_in_: Columns of X.
        feature_names_in_: Their names, where X has such.
        n_samples_seen_: Rows that were learned.
    """

    def __init__(self, learner: Any = "lattice", size: Any = None) -> None:
        self.learner, self.size = learner, size

    def fit(self, X: Any, y: Any) -> SklearnRegressor:
        """Learn a series from its beginning; what was learned before is forgotten.

        Args:
            X: Inputs, ``(time, input)``, rows in time order; NaN where missing.
            y: Outputs, ``(time,)`` or ``(time, output)``; NaN where missing.

        Raises:
            ValueError: X or y is no array of finite numbers, their lengths differ, an output has no value at all, or
                there is no such learner or size.
        """
        u, outputs = self._samples(X, y, first=True)
        if np.isnan(outputs).all(axis=0).any():
            raise ValueError("an output has no value in any row: y must have at least one number in each column.")
        inputs = u.shape[1] if uses_inputs(self.learner) else 0
        start = Stream.start(self.learner, self.size, outputs.shape[1], inputs)
        self._stream, self.n_samples_seen_ = start, 0
        return self._go_on(u, outputs)

    def partial_fit(self, X: Any, y: Any) -> SklearnRegressor:
        """Learn the rows that follow on those learned before; arguments and errors as of ``fit``."""
        if not hasattr(self, "_stream"):
            return self.fit(X, y)
        return self._go_on(*self._samples(X, y, first=False))

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return the forecasts of the rows that follow on those learned, each made from the forecasts before it.

        Args:
            X: Inputs of these rows, ``(time, input)``, in time order; NaN where missing.

        Returns:
            Forecasts of the shape of y; NaN after one that overflows.

        Raises:
            NotFittedError: Nothing was learned.
            ValueError: X is no array of finite numbers, or has another number of columns.
        """
        check_is_fitted(self, "_stream")
        return self._shaped(self._stream.forecast(self._inputs_used(self._inputs(X, first=False))))

    def predict_one_step(self, X: Any, y: Any) -> NDArray[np.float64]:
        """Return the forecast of each row that follows, made when all rows before it are known.

        It learns from row to row as ``partial_fit`` does, and forgets that afterwards.

        Args:
            X: As for ``predict``.
            y: As for ``fit``; row t is used for the rows after t only.

        Returns:
            Forecasts of the shape of y.

        Raises:
            NotFittedError: Nothing was learned.
            ValueError: As of ``partial_fit``.
        """
        check_is_fitted(self, "_stream")
        u, outputs = self._samples(X, y, first=False)
        return self._shaped(self._stream.learn(outputs, self._inputs_used(u))[1])

    def __sklearn_tags__(self) -> Tags:
        """Say that NaN is a missing input, and whether the learner serves several outputs."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = self._serves_several()
        tags.regressor_tags.poor_score = not self._uses_inputs()
        return tags

    def _go_on(self, u: NDArray[np.float64], outputs: NDArray[np.float64]) -> SklearnRegressor:
        self._stream, _ = self._stream.learn(outputs, self._inputs_used(u))
        self.n_samples_seen_ += len(u)
        return self

    def _samples(self, X: Any, y: Any, first: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the inputs and the outputs, both with two axes."""
        u = self._inputs(X, first)
        if y is None:
            raise ValueError("This SklearnRegressor requires y to be passed, but the target y is None.")
        outputs = check_array(
            y, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name="y", estimator=self
        )
        if not self._serves_several():
            outputs = column_or_1d(outputs, warn=True)
        if first:
            self._flat = outputs.ndim == 1
        outputs = outputs.reshape(len(outputs), -1)
        check_consistent_length(u, outputs)
        if not first and outputs.shape[1] != len(self._stream.state.center):
            raise ValueError(f"y has {outputs.shape[1]} outputs, and fit had {len(self._stream.state.center)}.")
        return u, outputs

    def _inputs(self, X: Any, first: bool) -> NDArray[np.float64]:
        X = validate_data(self, X, reset=first, dtype=np.float64, ensure_all_finite="allow-nan")
        return np.asarray(X)

    def _inputs_used(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        return u[:, : len(self._stream.input)]

    def _shaped(self, forecasts: NDArray[np.float64]) -> NDArray[np.float64]:
        return forecasts[:, 0] if self._flat else forecasts

    def _serves(self) -> str:
        name = str(self.learner).partition(":")[0]
        return CATALOGUE[name].serves if name in CATALOGUE else "one output"

    def _serves_several(self) -> bool:
        return self._serves() != "one output"

    def _uses_inputs(self) -> bool:
        return self._serves() == "outputs and inputs"
