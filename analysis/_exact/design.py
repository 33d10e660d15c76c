"""How long a filter a plant needs, before anyone writes one."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ..._core.json_values import json_value
from ..._core.text import spaced
from ...simulator import LinearSystem, find_system
from .filter_errors import best_errors, truncated_excess
from .learning_cost import learning_cost
from .riccati import innovation_covariances
from .theory import theory, trust_horizon

LONGEST = 256
DESIGN_METHODS = {
    "fitted": "best taps, fitted to the plant",
    "learned": "learned online by least squares",
    "truncated": "Kalman filter, cut off",
}


class Design(NamedTuple):
    """The result of ``design``.

    Attributes:
        sentence: The answer in words.
        needed: One row per method: ``method, size, parameters, error, above, shorter``. ``above`` is the error divided
            by that of the Kalman filter, minus 1; ``shorter`` is the same with one tap less. ``size`` and the columns
            after it are null if no length up to 256 is enough.
        errors: One row per length: ``size, parameters, fitted, learned, truncated``. The last three are mean squared
            errors at the horizon.
        kalman: tr S_T, the error of the Kalman filter at the horizon; of several outputs, their number.
        critical_size: h*, the shortest length whose error is bounded.
        memory: tau = 1 / |log rho| of the Kalman filter, in samples.
        horizon: T in samples.
        tolerance: How far the error may lie above that of the Kalman filter, as a fraction.
        trust_horizon: The last sample for which float64 is precise enough; None means no limit.
        inputs: What is assumed about the inputs.
        system: Name of the system.
    """

    sentence: str
    needed: pl.DataFrame
    errors: pl.DataFrame
    kalman: float
    critical_size: int
    memory: float
    horizon: int
    tolerance: float
    trust_horizon: int | None
    inputs: str
    system: str

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the documented JSON object (docs/json.md); values that are not finite become None."""
        words = (
            "sentence",
            "system",
            "inputs",
            "horizon",
            "tolerance",
            "kalman",
            "critical_size",
            "memory",
            "trust_horizon",
        )
        found: dict[str, Any] = json_value({word: getattr(self, word) for word in words})
        return found | dict(needed=json_value(self.needed.to_dicts()))

    def _repr_html_(self) -> str:
        """Show the answer and its table in a notebook."""
        from ... import analysis  # its public face: the room that draws answers stands above this one

        shown: str = analysis.design_html(self)
        return shown


def design(
    source: LinearSystem | str | Any,
    horizon: int = 20_000,
    tolerance: float = 0.01,
    *,
    Q: ArrayLike | None = None,
    R: ArrayLike | None = None,
    dt: float | None = None,
    delay: ArrayLike | None = None,
    input_noise: ArrayLike | None = None,
) -> Design:
    """Return the shortest filters whose error at a horizon is within a tolerance of the Kalman filter's.

        E|e_T|^2 <= (1 + tolerance) tr S_T

    Several outputs are divided by their own deviations (S_T)_jj^(1/2) first, so tr S_T is their number and no unit
    matters.

    Three filters of length h are compared:

    * fitted: the best taps for this horizon (``best_errors``, exact);
    * learned: taps learned online, which cost ``learning_cost`` more (first order in h/T);
    * truncated: the steady Kalman filter cut off after h samples and not fitted again, tr S_T + ``truncated_excess``
      (exact except for the steady gain).

    Args:
        source: A time-invariant system, or what ``find_system`` takes: a name or a python-control plant.
        horizon: T in samples, at least 1.
        tolerance: A fraction above 0, such as 0.01.
        Q, R, dt, delay, input_noise: For a python-control plant, as in ``from_control``.

    Raises:
        ValueError: The source gives no system, the system is time-varying or has no steady filter, or the horizon or
            tolerance is out of range.
    """
    if int(horizon) != horizon or horizon < 1:
        raise ValueError(f"the horizon must be a whole number of at least 1 sample, got {horizon}.")
    if not 0 < tolerance < np.inf:
        raise ValueError(f"the tolerance must be a fraction above 0, such as 0.01, got {tolerance}.")
    system = find_system(source, Q, R, dt, delay, input_noise)
    expected = theory(system)
    if system.outputs > 1:
        system = _in_noise_units(system, horizon)
    critical = int(expected.critical_size or 0)
    sizes = np.arange(min(LONGEST, horizon) + 1)
    kalman = float(np.trace(innovation_covariances(system, [horizon])[0]))
    if not np.isfinite(kalman):
        raise ValueError(
            "the error of the Kalman filter must be finite, got infinity: scale the outputs or the states."
        )
    fitted = best_errors(system, sizes, [horizon])[0]
    # Below h* the error grows, so what is learned does not last.
    learned = np.where(sizes >= critical, fitted + learning_cost(system, sizes, horizon), np.inf)
    truncated = kalman + truncated_excess(system, sizes, [horizon])[0]
    columns = dict(fitted=fitted, learned=learned, truncated=truncated)
    parameters = sizes * system.outputs * (system.outputs + system.inputs)
    rows = [_needed(name, values, parameters, kalman, tolerance) for name, values in columns.items()]
    kinds = dict(
        method=pl.String, size=pl.Int64, parameters=pl.Int64, error=pl.Float64, above=pl.Float64, shorter=pl.Float64
    )
    needed = pl.DataFrame(rows, schema=kinds, orient="row")
    inputs = "none"
    if system.inputs:
        inputs = (
            "known, and the filter reads them beside the outputs; the parameters count their taps, too. locate reads "
            "them with --input only: without it they are zero, and a size counts taps of the outputs alone"
        )
    return Design(
        sentence=_sentence(system, needed, kalman, horizon, tolerance),
        needed=needed,
        errors=pl.DataFrame(dict(size=sizes, parameters=parameters) | columns),
        kalman=kalman,
        critical_size=critical,
        memory=expected.memory,
        horizon=int(horizon),
        tolerance=float(tolerance),
        trust_horizon=trust_horizon(system, "float64"),
        inputs=inputs,
        system=system.name,
    )


def _in_noise_units(system: LinearSystem, horizon: int) -> LinearSystem:
    # Errors of outputs in different units cannot be added: each is measured by what the Kalman filter leaves of it.
    deviation = np.sqrt(np.diag(innovation_covariances(system, [horizon])[0]))
    unit = np.where(deviation > 0, deviation, 1.0)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the plant itself was checked before
        return system.replace(C=system.C / unit, D=system.D / unit, R=system.R / unit / unit.T)


def _needed(
    method: str, errors: NDArray[np.float64], parameters: NDArray[np.int64], kalman: float, tolerance: float
) -> tuple[object, ...]:
    enough = errors <= (1 + tolerance) * kalman
    if not enough.any():
        return method, None, None, None, None, None
    size = int(enough.argmax())

    def above(length: int) -> float | None:
        if length < 0 or not np.isfinite(errors[length]) or (kalman == 0 and errors[length] > 0):
            return None
        return float(errors[length] / kalman - 1) if kalman > 0 else 0.0

    return method, size, int(parameters[size]), float(errors[size]), above(size), above(size - 1)


def _sentence(system: LinearSystem, needed: pl.DataFrame, kalman: float, horizon: int, tolerance: float) -> str:
    name = system.name
    fitted, learned, truncated = needed.to_dicts()
    within = f"within {tolerance:.3g} of" if tolerance < 1e-4 else f"within {100 * tolerance:.3g} % of"
    error = f"of {kalman:.4g}" if system.outputs == 1 else "(each output divided by its own)"
    goal = f"{within} the Kalman filter's mean squared error {error} at horizon {spaced(horizon)}"
    if fitted["size"] is None:
        return f"{name}: no filter of up to {LONGEST} taps comes {goal}: take the Kalman filter itself."
    words = f"{name}: {_taps(fitted['size'])} ({fitted['parameters']} parameters) bring a filter fitted to the plant "
    words += goal
    if fitted["shorter"] is not None:
        words += f"; one tap less costs {_percent(fitted['shorter'])} instead of {_percent(fitted['above'])}"
    elif fitted["size"]:
        words += "; with one tap less the error is beyond all bounds"
    online = "no length learned online does"
    if learned["size"] is not None:
        online = f"learned online it takes {_taps(learned['size'])}"
    cut = f"more than {LONGEST}" if truncated["size"] is None else _taps(truncated["size"])
    return f"{words}. {online[0].upper()}{online[1:]}; the Kalman filter cut off and not re-fitted takes {cut}."


def _taps(count: int) -> str:
    return f"{count} tap{'s' * (count != 1)}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2g} %" if fraction < 100 else f"{fraction:.2g} times"
