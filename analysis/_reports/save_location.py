"""Save a location: curves as Parquet, figures as PNG, answer and settings as JSON, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..._core.json_values import json_value
from ...simulator import LinearSystem
from .._exact.design import Design
from .._location.advice import advice_json
from .._location.location import Location
from .growth_figure import growth_figure
from .location_figures import size_figure
from .regret_figures import ahead_figure, regret_figure
from .save_results import save_results
from .signal_figure import signal_figure


def save_location(location: Location, folder: str | Path, system: LinearSystem | None = None) -> list[Path]:
    """Write the report, the figures, curves.parquet and location.json, each whole or not at all.

    There are signal.png, growth.png and sizes.png; regret.png if a system has a regret size; surface.png if there are
    several look-aheads.

    Args:
        location: What ``locate`` returned.
        folder: Created if it does not exist.
        system: The system, for exact theory in the figures.

    Returns:
        The files, in the order to open them.

    Raises:
        ValueError: The folder cannot be written to.
    """
    figures = {"growth.png": growth_figure(location, system), "sizes.png": size_figure(location, system)}
    if location.regret is not None and not location.recorded:
        figures["regret.png"] = regret_figure(location, system)
    signal = signal_figure(location)
    if signal is not None:  # of a recording it is the first picture, of a simulated system one run of many
        figures = {"signal.png": signal} | figures if location.recorded else figures | {"signal.png": signal}
    if location.further:
        figures["surface.png"] = ahead_figure(location, system)
    tables = {"curves.parquet": location.curves}
    return save_results(folder, figures, tables, "location.json", lambda files: location_json(location, files))


def location_json(location: Location, files: list[Path] | None = None) -> dict[str, Any]:
    """Return the answer as the documented JSON object (docs/json.md); values that are not finite become null."""
    return _answer(location) | dict(
        further=[_answer(part) for part in location.further],
        reading=None if location.reading is None else json_value(location.reading._asdict()),
        settings=dict(source=location.system) | location.settings,
        files=[str(file) for file in files or []],
    )


def _answer(location: Location) -> dict[str, Any]:
    """Return the answer of one look-ahead."""
    theory = None
    if location.theory is not None:
        words = ("critical_size", "unstable_modes", "parameter_threshold", "memory")
        theory = {word: json_value(getattr(location.theory, word)) for word in words}
    rungs = []
    for row in json_value(location.rungs.to_dicts()):
        growth = {word: row[word] for word in ("law", "exponent", "low", "high", "rate")}
        rung = {word: row[word] for word in ("size", "parameters", "error", "excess")}
        extra = {word: row[word] for word in ("paired",) if word in row}
        rungs.append(rung | dict(errors=row["errors"], growth=growth, verdict=row["verdict"]) | extra)
    best = dict(size=location.best.size, alike=location.best.alike)
    interval = None if location.interval is None else dict(zip(("low", "high"), location.interval, strict=True))
    regret = None if location.regret is None else location.regret._asdict()
    model = None if location.model is None else json_value(location.model._asdict())
    if model is not None and model["interval"] is not None:
        model["interval"] = dict(zip(("low", "high"), model["interval"], strict=True))
    return dict(
        lookahead=location.lookahead,
        critical_size=location.critical_size,
        interval=interval,
        verdict=location.verdict,
        reason=location.reason,
        sentence=location.sentence,
        theory=theory,
        horizon=location.horizon,
        trust_horizon=location.trust_horizon,
        regret=regret,
        best=best,
        advice=advice_json(location.advice),
        model=model,
        horizons=list(location.horizons),
        rungs=rungs,
        outputs=json_value(location.outputs.to_dicts()),
        visible_from=location.visible_from,
    )


def design_json(design: Design) -> dict[str, Any]:
    """Return a design as the documented JSON object (docs/json.md); values that are not finite become null."""
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
    found: dict[str, Any] = json_value({word: getattr(design, word) for word in words})
    return found | dict(needed=json_value(design.needed.to_dicts()))
