"""``ergoscope export``: the predictor of one size, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._options import PATH
from ._plant_options import Delay, InputNoise, MeasurementNoise, ProcessNoise, SamplingTime, find_plant
from ._printing import console, show_files

if TYPE_CHECKING:
    from ..learners import FixedPredictor


def export(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder of locate, such as runs/nile; a predictor.json; or a system, for its Kalman filter."
        ),
    ],
    size: Annotated[
        int | None, typer.Option(help="Folder: which of its sizes. Default: the size to use, as the answer says it.")
    ] = None,
    to: Annotated[str, typer.Option(help="c, python, control, filterpy or json.")] = "c",
    name: Annotated[
        str | None, typer.Option(help="Of the files and, in C, of the functions. Default: the source and the size.")
    ] = None,
    q: ProcessNoise = None,
    r: MeasurementNoise = None,
    dt: SamplingTime = None,
    delay: Delay = None,
    input_noise: InputNoise = None,
    out: Annotated[
        Path | None, typer.Option("--out", **PATH, help="Folder for the files. Default: that of locate, or runs/NAME.")
    ] = None,
) -> None:
    """Write what a size has learned, or a plant's Kalman predictor, as C, Python or JSON: the weights stay fixed."""
    from .. import learners
    from ..learners._fixed.c_source import c_name

    folder = Path(source).expanduser()
    if folder.exists() and folder.suffix not in (".toml", ".py"):
        of_plant = {"--q": q, "--r": r, "--dt": dt, "--delay": delay, "--input-noise": input_noise}
        for word, given in of_plant.items():
            if given is not None:
                raise ValueError(f"{word} is an option for systems, and {source} is a result: leave it out.")
        predictor = _of_results(folder, size)
        place, stem = (folder if folder.is_dir() else folder.parent), folder.resolve().stem
        label = f"{stem}_{predictor.about['size']}" if folder.is_dir() else stem
    else:
        from .. import analysis

        if "/" in source and folder.suffix not in (".toml", ".py") and ".py:" not in source:
            raise ValueError(f"there is no folder or file {source}: run `ergoscope locate` first, or name a system.")
        if size is not None:
            raise ValueError(
                f"--size is for a folder of locate, and {source} is a system: its Kalman predictor has one size."
            )
        system = find_plant(source, q, r, dt, delay, input_noise)
        predictor, label = analysis.kalman_predictor(system), system.name or "plant"
        place = Path("runs") / (system.name or "plant")
    files = learners.export_predictor(predictor, out or place, to, name or c_name(label))
    console.print(_sentence(predictor), soft_wrap=True)
    show_files(files)


def _of_results(path: Path, size: int | None) -> FixedPredictor:
    """Return the predictor of one size in a folder of locate, or that of a file."""
    from ..analysis import read_location
    from ..learners._fixed.json_file import read_predictors

    if path.is_dir():
        if not (path / "location.json").is_file():
            raise ValueError(
                f"{path} holds no location.json: expected a folder of `ergoscope locate`, such as runs/nile."
            )
        return read_location(path).predictor(size)
    found = read_predictors(path)
    if size is None and len(found) == 1:
        return found[0]
    sizes = [predictor.about.get("size") for predictor in found]
    if size not in sizes:
        raise ValueError(f"{path} holds the sizes {', '.join(map(str, sizes))}: choose one with --size.")
    return found[sizes.index(size)]


def _sentence(predictor: FixedPredictor) -> str:
    """Return what the predictor does, and what it was made from."""
    from ..learners import ARXPredictor

    about, names = predictor.about, ", ".join(predictor.output_names)
    if not isinstance(predictor, ARXPredictor):
        return f"Forecasts {names} by the steady Kalman predictor of {about.get('source', 'the plant')}."
    window = (
        f"its last {predictor.length} sample{'s' * (predictor.length > 1)}"
        if predictor.length
        else "its constant alone"
    )
    driven = f" and those of {', '.join(predictor.input_names)}" if predictor.inputs and predictor.length else ""
    learned = ""
    if "samples" in about:
        learned = f", as {about['learner']} had learned it after {about['samples']} samples of {about['source']}"
    return f"Forecasts {names} from {window}{driven}{learned}."
