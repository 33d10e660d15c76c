"""Learners as estimators of river and scikit-learn, which are imported when they are first used."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .stream import check_learner

if TYPE_CHECKING:
    from .river_models import RiverForecaster, RiverRegressor
    from .sklearn_regressor import SklearnRegressor
else:
    RiverForecaster = RiverRegressor = SklearnRegressor = Any


def river_regressor(
    learner: str = "lattice", size: int | None = None, inputs: Iterable[Any] | None = None
) -> RiverRegressor:
    """Return a learner as a regressor of river: ``predict_one(x)``, then ``learn_one(x, y)``, once for each sample.

        yhat[t] = f_t(y[t-1], y[t-2], ..;  u[t], u[t-1], ..)

    The samples are those of one series, in the order of time. x are the inputs u[t] of a sample, known when y[t] is
    forecast. Past outputs are not features: the learner remembers them. Each forecast is that of ``Live``, bit for
    bit. ``predict_one`` changes nothing; without ``learn_one`` it always forecasts the same sample.

    Args:
        learner: ``NAME`` or ``NAME:option=value,..``, see ``learner_names``; not one that needs to know the plant.
            Least squares has an intercept unless it says ``intercept=no``. A learner that serves no inputs ignores x.
        size: Filter length, order, ..; None: 8 of a learner that has lengths, else the learner's own.
        inputs: Names of the features that are inputs; others are ignored. None: the features of the first sample that
            is learned; a feature that comes later is ignored with a warning. A missing feature keeps its last value.

    Returns:
        A ``river.base.Regressor``. Wrong options of a learner are errors at the first ``learn_one``.

    Raises:
        ModuleNotFoundError: river 0.23 or later is not installed.
        ValueError: There is no such learner or size, or it needs to know the plant.

    Examples:
        >>> model = river_regressor("lattice", size=2)
        >>> for u, y in [(1.0, 2.0), (0.0, 1.0), (1.0, 2.5), (0.0, 1.25), (1.0, 2.6)]:
        ...     forecast = model.predict_one({"u": u})
        ...     model.learn_one({"u": u}, y)
        >>> round(forecast, 1)
        2.6
    """
    check_learner(learner, size)
    made: RiverRegressor = _class("river>=0.23", "river_models", "RiverRegressor")(learner, size, inputs)
    return made


def river_forecaster(
    learner: str = "lattice", size: int | None = None, inputs: Iterable[Any] | None = None
) -> RiverForecaster:
    """Return a learner as a forecaster of river: ``learn_one(y, x)``, and ``forecast(horizon, xs)`` at any time.

        yhat[t+k] = f_t(yhat[t+k-1], .., yhat[t+1], y[t], y[t-1], ..;  u[t+k], u[t+k-1], ..)

    Forecasts of further samples are iterated: each is made as if those before it had come true. The weights of least
    squares do not move meanwhile, for their error is zero; those of ``length-mixture`` go on following its lengths.

    Args:
        learner, size, inputs: As of ``river_regressor``.

    Returns:
        A ``river.time_series.base.Forecaster``. Wrong options of a learner are errors at the first ``learn_one``.

    Raises:
        ModuleNotFoundError: river 0.23 or later is not installed.
        ValueError: There is no such learner or size, or it needs to know the plant.

    Examples:
        >>> model = river_forecaster("ladder", size=2)
        >>> for y in range(1, 20):
        ...     model.learn_one(y)
        >>> [round(y, 1) for y in model.forecast(3)]
        [20.0, 21.0, 22.0]
    """
    check_learner(learner, size)
    made: RiverForecaster = _class("river>=0.23", "river_models", "RiverForecaster")(learner, size, inputs)
    return made


def sklearn_regressor(learner: str = "lattice", size: int | None = None) -> SklearnRegressor:
    """Return a learner as a regressor of scikit-learn, for the rows of one series in the order of time.

    ``fit(X, y)`` learns a series from its beginning, ``partial_fit`` learns the rows that follow. X are the inputs
    u[t], known when y[t] is forecast. Past outputs are no columns of X: the learner remembers them. After n rows,
    ``predict(X)`` continues the series, with X the inputs of the rows n, n+1, ..:

        yhat[n+k] = f_n(yhat[n+k-1], .., yhat[n], y[n-1], y[n-2], ..;  u[n+k], u[n+k-1], ..)

    So ``predict`` is a forecast of one or many samples ahead, iterated: each is made as if those before it had come
    true. ``predict(X)`` right after ``fit(X, y)`` forecasts the future with the same inputs, it does not repeat y; and
    the order of the rows counts, so no data may be shuffled (``TimeSeriesSplit``, not ``KFold``). ``predict_one_step(X,
    y)`` gives the one-step forecasts of rows whose outputs are known, bit for bit those of ``Live``:

        yhat[t] = f_t(y[t-1], y[t-2], ..;  u[t], u[t-1], ..)

    Args:
        learner: ``NAME`` or ``NAME:option=value,..``, see ``learner_names``; not one that needs to know the plant.
            Least squares has an intercept unless it says ``intercept=no``. A learner that serves no inputs ignores the
            values of X.
        size: Filter length, order, ..; None: 8 of a learner that has lengths, else the learner's own.

    Returns:
        A regressor with ``fit``, ``partial_fit``, ``predict``, ``predict_one_step`` and ``score``. Wrong options of
        a learner are errors at ``fit``.

    Raises:
        ModuleNotFoundError: scikit-learn 1.6 or later is not installed.
        ValueError: There is no such learner or size, or it needs to know the plant.

    Examples:
        >>> import numpy as np
        >>> u = np.sin(np.arange(100.0))[:, None]
        >>> y = 2 * u[:, 0] + 1
        >>> model = sklearn_regressor("lattice", size=2).fit(u[:80], y[:80])
        >>> bool(np.abs(model.predict(u[80:]) - y[80:]).max() < 1e-3)
        True
    """
    check_learner(learner, size)
    made: SklearnRegressor = _class("scikit-learn>=1.6", "sklearn_regressor", "SklearnRegressor")(learner, size)
    return made


def _class(library: str, file: str, name: str) -> Any:
    try:
        return getattr(import_module(f".{file}", __package__), name)
    except ImportError as exc:  # an older version lacks some names
        raise ModuleNotFoundError(f"{name} needs {library}: pip install '{library}'", name=exc.name) from exc
