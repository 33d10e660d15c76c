"""The command line. Exit codes: 0 done, 1 a check fails or an interrupt, 2 bad input.

Checks that may fail: a reproduction disagrees with theory, or a predictor does not meet a requirement.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import __version__
from .._core.json_values import json_text
from ._compilation_cache import keep_compiled
from ._curves import locate_curves
from ._dashboard import demo, watch
from ._dialect_options import with_dialect
from ._export import export
from ._inspect import inspect
from ._lists import devices, learners, zoo
from ._options import PATH, AsJson, Out, Quiet, Seed, command_line
from ._parsing import parse_center, parse_fraction, parse_lookaheads, parse_path, parse_sizes
from ._plant_options import Delay, InputNoise, MeasurementNoise, ProcessNoise, SamplingTime, find_plant
from ._printing import (
    Meter,
    console,
    note,
    show_design,
    show_location,
    tell_of_compiling,
)
from ._score import score
from ._signals import ending_cleanly, saying_at_end
from ._streams import broker, learn, publish, record, replay
from ._sweep import sweep
from ._tasks import emerge, write_task

app = typer.Typer(
    context_settings=dict(help_option_names=["-h", "--help"]),  # of every command below
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="How big must a predictor be before its error stops growing? Try: ergoscope locate double-integrator",
)


Precision = Annotated[str, typer.Option(help="float64 or float32.")]
Device = Annotated[str | None, typer.Option(help="cpu, gpu, gpu:1, gpu:all, .. (see: ergoscope devices).")]
Noise = Annotated[str, typer.Option(help="System: law of its noise, normal, student-t, uniform or impulsive.")]


@app.command()
@with_dialect
def locate(
    source: Annotated[
        str,
        typer.Argument(
            help="A system of the zoo, plant.toml, module.py:name, or a recording: a file (CSV and other text, "
            "Parquet, Excel, MATLAB, NumPy, ..), a folder or a glob."
        ),
    ],
    output: Annotated[list[str] | None, typer.Option(help="Recording: output columns, such as y or y1,y2.")] = None,
    by: Annotated[str | None, typer.Option(help="Recording: column that names the run.")] = None,
    time: Annotated[str | None, typer.Option(help="Recording: column of the time, or two: date,clock.")] = None,
    center: Annotated[
        str, typer.Option(help="Recording: first (value), none or a number to subtract from the output.")
    ] = "first",
    sizes: Annotated[str | None, typer.Option(help="Sizes to try, such as 0..32 or 1,2,4..8.")] = None,
    horizon: Annotated[
        int | None, typer.Option(help="Samples of each run. Default: 20000, or all of a recording.")
    ] = None,
    replicates: Annotated[int, typer.Option(help="System: independent runs.")] = 64,
    lookahead: Annotated[
        str, typer.Option(help="Samples ahead to forecast, such as 1,5,10; each has its table and verdict.")
    ] = "1",
    learner: Annotated[
        str | None,
        typer.Option(
            help="NAME or NAME:option=value,.. (see: ergoscope learners). Default: ladder for one output, else "
            "lattice; qr-array for several look-aheads, submatrix if the outputs are the state. For a recording with "
            "intercept=yes."
        ),
    ] = None,
    input: Annotated[
        str | None,
        typer.Option(help="Recording: input columns. System: its known input, zero, white, prbs or sweep."),
    ] = None,
    inputs_ahead: Annotated[
        str | None,
        typer.Option(
            help="Inputs between a forecast and its sample: known, or held at the last known value. Default: known for "
            "a system, held for a recording."
        ),
    ] = None,
    q: ProcessNoise = None,
    r: MeasurementNoise = None,
    dt: SamplingTime = None,
    delay: Delay = None,
    input_noise: InputNoise = None,
    noise: Noise = "normal",
    model: Annotated[
        bool,
        typer.Option(
            "--model/--no-model",
            help="Recording of fewer than 8 runs: fit models to it and locate on their simulated runs, too.",
        ),
    ] = True,
    precision: Precision = "float64",
    device: Device = None,
    seed: Seed = 0,
    out: Out = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    dialect: Any = None,
) -> None:
    """Locate the smallest size whose prediction error does not grow."""
    tried, lookaheads = None if sizes is None else parse_sizes(sizes), parse_lookaheads(lookahead)
    from .. import analysis, simulator
    from .._core.files import check_folder
    from ..simulator._recordings.dialect import option
    from ..simulator._systems.find import is_recording
    from ..simulator._tasks.find import is_task, is_texts

    if is_task(source):
        along = "texts" if is_texts(source) else "steps"
        raise ValueError(f"{source} is a task, not a system: ergoscope emerge {source} --along {along}.")

    plant, name = None, source
    if is_recording(source):
        of_plant = {"--q": q, "--r": r, "--delay": delay, "--input-noise": input_noise}
        for word, given in of_plant.items():
            if given is not None:
                raise ValueError(f"{word} is an option for systems, and {source} is a recording: leave it out.")
        columns = [word.strip() for part in output or () for word in part.split(",")]
        driven = [word.strip() for word in input.split(",")] if input else []
        data: Any = simulator.find_recording(source, columns, driven, by, time, dt, dialect)
        name = Path(source).stem.replace("*", "_") or "recording"
    else:
        for word, value in (("--output", output), ("--by", by), ("--time", time)):
            if value is not None:
                raise ValueError(f"{word} is an option for recordings, and {source} is a system: leave it out.")
        if dialect is not None:
            word = option(next(iter(dialect.given)))
            raise ValueError(f"{word} is an option for recordings, and {source} is a system: leave it out.")
        data = plant = find_plant(source, q, r, dt, delay, input_noise)
        name = plant.name
    folder = check_folder(out or Path("runs") / name)
    with Meter("locate", hidden=quiet or as_json) as meter:
        found = analysis.locate(
            data,
            sizes=tried,
            horizon=horizon,
            replicates=replicates,
            seed=seed,
            precision=precision,  # type: ignore[arg-type]
            device=device,
            learner=learner,
            lookaheads=lookaheads,
            inputs="zero" if plant is None else input or "zero",
            noise=noise,  # type: ignore[arg-type]
            inputs_ahead=inputs_ahead,  # type: ignore[arg-type]
            center=parse_center(center),
            model=model,
            progress=meter.update,
        )
        found = replace(found, settings=found.settings | dict(command=command_line()))
        files = analysis.save_location(found, folder, plant)
    if as_json:
        print(json_text(found.to_dict() | dict(files=[str(file) for file in files])))
    else:
        show_location(found, files, quiet)


@app.command()
def design(
    plant: Annotated[str, typer.Argument(help="A system of the zoo, plant.toml or module.py:name.")],
    horizon: Annotated[int, typer.Option(help="Samples that the filter runs.")] = 20_000,
    tolerance: Annotated[str, typer.Option(help="Error above that of the Kalman filter, such as 1% or 0.01.")] = "1%",
    q: ProcessNoise = None,
    r: MeasurementNoise = None,
    dt: SamplingTime = None,
    delay: Delay = None,
    input_noise: InputNoise = None,
    as_json: AsJson = False,
) -> None:
    """Compute the filter length that a plant needs, before you write a filter."""
    fraction = parse_fraction("--tolerance", tolerance)
    from .. import analysis

    system = find_plant(plant, q, r, dt, delay, input_noise)
    found = analysis.design(system, horizon, fraction)
    if as_json:
        print(json_text(found.to_dict()))
    else:
        show_design(found)


@app.command()
def simulate(
    source: Annotated[str, typer.Argument(help="A system of the zoo, plant.toml or module.py:name; or a task.")],
    out: Annotated[Path, typer.Option("--out", **PATH, help="File to write: .parquet or .csv.")],
    steps: Annotated[int, typer.Option(help="Samples of each run.")] = 10_000,
    replicates: Annotated[int, typer.Option(help="Independent runs.")] = 1,
    input: Annotated[str, typer.Option(help="Known input: zero, white, prbs or sweep.")] = "zero",
    initial: Annotated[str, typer.Option(help="Initial state: zero, stationary or riccati.")] = "zero",
    missing: Annotated[float, typer.Option(help="Fraction of samples that are missing.")] = 0.0,
    burst: Annotated[int, typer.Option(help="Samples missing in a row.")] = 1,
    q: ProcessNoise = None,
    r: MeasurementNoise = None,
    dt: SamplingTime = None,
    delay: Delay = None,
    input_noise: InputNoise = None,
    noise: Noise = "normal",
    precision: Precision = "float64",
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Simulate a system into a file, one row for each sample. Memory does not grow with the steps.

    Of a task the rows are fresh examples: u1, u2, .. are the inputs and y is the label. Of a stream of texts a row is a
    text: c1, c2, .. are the concepts that it names.
    """
    from .. import simulator
    from ..simulator._tasks.find import is_task

    if is_task(source):
        of_plant = {
            "--input": input != "zero", "--initial": initial != "zero", "--missing": missing, "--burst": burst != 1,
            "--q": q, "--r": r, "--dt": dt, "--delay": delay, "--input-noise": input_noise,
            "--noise": noise != "normal", "--precision": precision != "float64",
        }  # fmt: skip
        for word, given in of_plant.items():
            if given not in (None, False, 0.0):
                raise ValueError(f"{word} is an option for systems, and {source} is a task: leave it out.")
        write_task(source, out, steps, replicates, seed, quiet)
        return
    system = find_plant(source, q, r, dt, delay, input_noise)
    with Meter("simulate", hidden=quiet) as meter:
        simulator.simulate_to_file(
            out,
            seed,
            system,
            steps,
            replicates,
            inputs=input,
            initial=initial,
            missing=simulator.Missing(missing, burst),
            noise=noise,  # type: ignore[arg-type]
            precision=precision,  # type: ignore[arg-type]
            progress=meter.update,
        )
    if not quiet:
        console.print(f"{out}: {replicates} run{'s' * (replicates > 1)} of {steps} samples of {system.name}")


@app.command()
def reproduce(
    what: Annotated[
        str,
        typer.Argument(
            help="figure-1, theorem-2, hidden-random-walk, growth-laws, horizon-scaling, power, regret-bounds, "
            "networks-on-plants, grokking, quanta, skills, arithmetic, or all."
        ),
    ],
    replicates: Annotated[
        int | None, typer.Option(help="Simulated runs. Default: as many as the result needs.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer and shorter runs: some minutes for all.")] = False,
    seed: Seed = 0,
    out: Out = None,
) -> None:
    """Reproduce a result: measure it and compare it with exact theory. Exit code 1 if they disagree."""
    from .. import analysis
    from .._core.files import check_folder
    from ..analysis._studies.registry import STUDIES, check_replicates, chosen_studies, save_study

    disagree, names = False, chosen_studies(what)
    without = [name for name in names if not STUDIES[name].replicates and what == "all"]  # the number is for the others
    check_replicates([name for name in names if name not in without], replicates)
    folder = check_folder(out or Path("runs") / what)
    for name in names:
        kept = f" The networks that have ended are kept in {folder / 'networks'}: the same command goes on."
        end = saying_at_end(kept if STUDIES[name].trains else "")
        with end, Meter(name, hidden=False, unit=STUDIES[name].unit) as meter:
            runs = None if name in without else replicates
            result = analysis.reproduce(name, seed, quick, runs, meter.update, folder / "networks", note)
            settings = dict(command=command_line(), seed=seed, quick=quick, replicates=replicates)
            files = save_study(name, result, folder, settings)
        console.print(result.sentence, soft_wrap=True)
        for file in files:
            console.print(f"  {file}", soft_wrap=True)
        disagree |= not result.agrees
    if disagree:
        raise typer.Exit(1)


@app.command()
def report(
    folder: Annotated[
        Path,
        typer.Argument(
            parser=parse_path, metavar="folder", help="Folder of locate, reproduce, score or sweep: runs/NAME."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", **PATH, help="File to write. Default: report.html in the folder.")
    ] = None,
) -> None:
    """Write results as one HTML file: answer, tables, figures, settings. Only a sweep has none until then."""
    from .. import analysis

    with Meter("report", hidden=False, unit="points") as meter:
        file = analysis.write_report(folder, out, meter.update)
    console.print(str(file), soft_wrap=True)


for _body in (
    zoo, learners, devices, broker, emerge, export, inspect, learn, locate_curves, publish, record, replay, score,
    sweep, watch,
):  # fmt: skip
    app.command()(_body)
app.add_typer(demo, name="demo")


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", is_eager=True, help="Print the version.")] = False) -> None:
    if show:
        print(f"ergoscope {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line. Bad input ends with one message and exit code 2."""
    keep_compiled()
    if sys.stderr.isatty():  # as a progress bar
        tell_of_compiling()
    warnings.showwarning = lambda message, *_: note(f"ergoscope: warning: {message}")
    try:
        with ending_cleanly():
            app(prog_name="ergoscope")
    except Exception as exc:
        note(f"ergoscope: {_refusal(exc)}")
        sys.exit(2)


def _refusal(exc: Exception) -> str:
    """Return the message for bad input; raise again what is a fault of ergoscope."""
    if isinstance(exc, OSError) and exc.strerror:
        return f"{exc.filename}: {exc.strerror}"
    if isinstance(exc, (ValueError, OSError)):
        return str(exc)
    if isinstance(exc, OverflowError):
        return f"a number is too large ({exc}): choose a smaller one."
    if isinstance(exc, RecursionError):
        return "the input is nested too deeply: write it with fewer brackets."
    if isinstance(exc, MemoryError) or "RESOURCE_EXHAUSTED" in str(exc):  # the second by JAX
        return "there is not enough memory: try fewer replicates, sizes or samples."
    raise exc
