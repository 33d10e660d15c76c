"""Save a location: curves as Parquet, figures as PNG, answer and settings as JSON, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...learners._fixed.json_file import predictor_json
from ...simulator import LinearSystem
from .._location.location import Location
from .._location.signal import signal_frame
from .growth_figure import growth_figure
from .location_figures import size_figure
from .regret_figures import ahead_figure, regret_figure
from .save_results import save_results
from .signal_figure import signal_figure


def save_location(location: Location, folder: str | Path, system: LinearSystem | None = None) -> list[Path]:
    """Write the report, the figures and the tables, each whole or not at all; ``read_location`` reads them back.

    There are signal.png, growth.png and sizes.png; regret.png if a system has a regret size; surface.png if there are
    several look-aheads. location.json has the answer, predictors.json what each size had learned (see
    ``export_predictor``), curves.parquet the errors, signal.parquet the samples of signal.png.

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
    if any(part.signal is not None for part in location.each):
        tables["signal.parquet"] = signal_frame([(part.lookahead, part.signal) for part in location.each])
    texts = {"predictors.json": predictor_json(location.predictors)}

    def answer(files: list[Path]) -> dict[str, Any]:
        return location.to_dict() | dict(files=[str(file) for file in files])

    return save_results(folder, figures, tables, "location.json", answer, texts)
