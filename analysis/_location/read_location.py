"""Read the answer of ``locate`` back from the folder that it was written to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from ...learners._fixed.json_file import read_predictors
from ...simulator._recordings.reading import Reading
from .._exact.theory import Theory
from .._growth.critical_size import Best
from .._growth.regret_size import RegretSize
from .advice import COSTS, Advice
from .band_answer import bands_from, with_bands
from .location import CHANGES, OUTPUTS, Location
from .model_answer import ModelAnswer
from .more_data import More
from .signal import signal_from

RUNGS: dict[str, Any] = dict(
    size=pl.Int64,
    parameters=pl.Int64,
    errors=pl.List(pl.Float64),
    error=pl.Float64,
    excess=pl.Float64,
    law=pl.String,
    exponent=pl.Float64,
    low=pl.Float64,
    high=pl.Float64,
    late=pl.Float64,
    rate=pl.Float64,
    verdict=pl.String,
    reason=pl.String,
    paired=pl.String,
)
PAIRS: dict[str, Any] = dict(
    size=pl.Int64, against=pl.Int64, difference=pl.Float64, low=pl.Float64, high=pl.Float64, verdict=pl.String
)


def read_location(folder: str | Path) -> Location:
    """Return what ``save_location`` or ``ergoscope locate`` has written.

    Numbers that were not finite are None. The figures can be drawn again, with other axes or styles.

    Args:
        folder: The folder, or its location.json.

    Raises:
        ValueError: The folder holds no such answer, or files of it are missing or damaged; the message says which.

    Examples:
        >>> found = read_location("runs/nile")  # doctest: +SKIP
        >>> found.predictor(1).forecasts([1120.0, 1160.0])  # doctest: +SKIP
    """
    path = Path(folder).expanduser()
    file = path if path.suffix == ".json" else path / "location.json"
    try:
        answer = json.loads(file.read_text(encoding="utf-8"))
        curves = pl.read_parquet(file.parent / "curves.parquet", glob=False)
        signal_file = file.parent / "signal.parquet"
        signals = pl.read_parquet(signal_file, glob=False) if _listed(answer, signal_file) else None
        predictors = file.parent / "predictors.json"
        learned = tuple(read_predictors(predictors)) if _listed(answer, predictors) else ()
    except OSError as exc:
        raise ValueError(
            f"{exc.filename or file.parent} cannot be read ({exc.strerror or exc}): expected a folder of `ergoscope "
            "locate`, such as runs/nile."
        ) from exc
    except (ValueError, AttributeError, KeyError, TypeError, pl.exceptions.PolarsError) as exc:
        raise ValueError(f"{file.parent} is damaged ({exc}): run locate again.") from exc
    try:
        return _location(answer, answer, curves, signals, learned, tuple(answer["further"]))
    except (AttributeError, KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as exc:
        kind = type(exc).__name__
        raise ValueError(
            f"{file} is no answer of this version of ergoscope ({kind}: {exc}): run locate again."
        ) from exc


def _listed(answer: dict[str, Any], file: Path) -> bool:
    """Return whether an answer says that it has written a file; others of that name are of an earlier run."""
    return any(Path(name.replace("\\", "/")).name == file.name for name in answer["files"])


def _location(
    part: dict[str, Any],
    answer: dict[str, Any],
    curves: pl.DataFrame,
    signals: pl.DataFrame | None,
    predictors: tuple[Any, ...],
    further: tuple[dict[str, Any], ...],
) -> Location:
    """Return the answer of one look-ahead; the first one carries the others."""
    rows = [
        {word: value for word, value in rung.items() if word != "growth"} | rung["growth"] for rung in part["rungs"]
    ]
    columns = {word: kind for word, kind in RUNGS.items() if word != "paired" or "paired" in rows[0]}
    best, regret, theory, model, advice = (part[word] for word in ("best", "regret", "theory", "model", "advice"))
    reading, bands = answer["reading"], None if part["bands"] is None else bands_from(part["bands"])
    rungs = pl.DataFrame(rows, schema=columns)
    settings = {word: value for word, value in answer["settings"].items() if word != "source"}
    return Location(
        critical_size=part["critical_size"],
        verdict=part["verdict"],
        reason=part["reason"],
        sentence=part["sentence"],
        theory=None if theory is None else Theory(**theory | dict(memory=_infinite(theory["memory"]))),
        horizon=part["horizon"],
        trust_horizon=part["trust_horizon"],
        rungs=rungs if bands is None else with_bands(rungs, bands),
        horizons=tuple(part["horizons"]),
        curves=curves,
        interval=None if part["interval"] is None else (part["interval"]["low"], part["interval"]["high"]),
        regret=None if regret is None else RegretSize(**regret),
        best=Best(best["size"], best["alike"], pl.DataFrame(best["pairs"], schema=PAIRS)),
        system=answer["settings"]["source"],
        settings=settings,
        advice=None if advice is None else _advice(advice),
        more=tuple(More(**each | dict(sizes=tuple(each["sizes"]))) for each in part["more"]),
        lookahead=part["lookahead"],
        further=tuple(_location(other, answer, curves, signals, predictors, ()) for other in further),
        model=None if model is None else _model(model),
        visible_from=part["visible_from"],
        reading=None if reading is None else Reading.of(reading),
        predictors=predictors,
        signal=None if signals is None else signal_from(signals, part["lookahead"]),
        outputs=pl.DataFrame(part["outputs"], schema=OUTPUTS),
        bands=bands,
        changes=None if part.get("changes") is None else pl.DataFrame(part["changes"], schema=CHANGES),
    )


def _infinite(value: float | None) -> float:
    return float("inf") if value is None else value


def _advice(given: dict[str, Any]) -> Advice:
    fields = {word: given[word] for word in Advice._fields}
    return Advice(**fields | dict(costs=pl.DataFrame(given["costs"], schema=COSTS)))


def _model(given: dict[str, Any]) -> ModelAnswer:
    interval = given["interval"]
    radii = None if given["radii"] is None else tuple(given["radii"])
    ends = None if interval is None else (interval["low"], interval["high"])
    return ModelAnswer(**given | dict(radii=radii, interval=ends))
