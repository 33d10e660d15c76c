"""The portrait of a system of the zoo: the numbers of theory and the exact errors, without a measurement.

Time: an error at horizon ``t`` is that of the prediction of ``y_t`` from the samples before it; the first one has
``t = 0``, and the state starts at zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from ..._core.files import check_folder
from ..._core.json_values import json_value
from ...simulator import LinearSystem, zoo
from ...simulator._systems.zoo import zoo_entry
from .._exact.filter_errors import best_errors
from .._exact.riccati import innovation_covariances
from .._exact.theory import Theory, theory, trust_horizon
from .._location.location import three_horizons
from .portrait_figure import exact_figure, simulated_figure
from .style import save_figure

LONGEST = 20_000
BEYOND = 2  # sizes shown past the critical one


class Portrait(NamedTuple):
    """The theory of a system of the zoo.

    Attributes:
        system: The plant.
        summary: One line about it.
        reference: Its source.
        theory: h*, m, d*^2, rho and tau; for a system that varies in time this and the following are None or empty.
        trust: Samples after which rounding reaches the noise, by precision; None if it never does.
        horizons: The horizons of ``errors``, in samples.
        errors: ``size`` (null for the Kalman predictor) and ``errors``, a list at the horizons: min E|y_t - yhat_t|^2
            in squared units of the output, summed over outputs; sizes 0..h* + 2.
    """

    system: LinearSystem
    summary: str
    reference: str
    theory: Theory | None
    trust: dict[str, int | None] | None
    horizons: tuple[int, ...]
    errors: pl.DataFrame | None


def portrait(name: str) -> Portrait:
    """Return the theory of a system of the zoo and the exact errors of its best filters.

    The longest horizon is 20 000 samples, or the trust horizon of float64 if that is shorter.

    Args:
        name: One of ``zoo_names()``.

    Raises:
        ValueError: There is no such system; the message suggests the nearest name.
    """
    entry, system = zoo_entry(name), zoo(name)
    if system.time_varying:
        return Portrait(system, entry.summary, entry.reference, None, None, (), None)
    found = theory(system)
    trust = {"float32": trust_horizon(system, "float32"), "float64": trust_horizon(system, "float64")}
    horizons = three_horizons(min(LONGEST, trust["float64"] or LONGEST))
    sizes = range((found.critical_size or 0) + BEYOND + 1)
    exact = best_errors(system, sizes, horizons).T
    kalman = np.trace(innovation_covariances(system, horizons), axis1=1, axis2=2)
    errors = pl.DataFrame(
        {"size": [*sizes, None], "errors": [*exact.tolist(), kalman.tolist()]},
        schema={"size": pl.Int64, "errors": pl.List(pl.Float64)},
    )
    return Portrait(system, entry.summary, entry.reference, found, trust, horizons, errors)


def save_portrait(drawn: Portrait, folder: str | Path) -> list[Path]:
    """Write zoo.png: exact error curves, or a simulated run of a system that varies in time.

    Raises:
        ValueError: The folder cannot be written to.
    """
    folder = check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "zoo.png"
    if drawn.theory is None:
        figure = simulated_figure(drawn.system)
    else:
        figure = exact_figure(drawn.system, drawn.theory.critical_size or 0, BEYOND, drawn.horizons[-1])
    save_figure(figure, file)
    return [file]


def portrait_json(drawn: Portrait, files: list[Path]) -> dict[str, Any]:
    """Return the portrait as the documented JSON object (docs/json.md); values that are not finite become null."""
    rows = [] if drawn.errors is None else drawn.errors.select("size", "errors").to_dicts()
    return dict(
        name=drawn.system.name,
        summary=drawn.summary,
        reference=drawn.reference,
        theory=None if drawn.theory is None else json_value(drawn.theory._asdict()),
        trust_horizon=drawn.trust,
        horizons=list(drawn.horizons),
        errors=json_value(rows),
        files=[str(file) for file in files],
    )
