"""The command ``ergoscope sweep``, and how it prints a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._core.text import duration
from ._parsing import parse_path
from ._printing import Meter, console

if TYPE_CHECKING:
    from ..analysis._sweeps.sweep import Plan


def sweep(
    experiment: Annotated[
        Path, typer.Argument(parser=parse_path, metavar="experiment", help="The experiment: a TOML file, see above.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Print the plan only: points, programs, estimated time, memory.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            parser=parse_path,
            metavar="<path>",
            help="Folder for the results. Default: out in the file, or runs/NAME.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="Run on the workers of this Dask scheduler, such as tcp://HOST:8786."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the folder only.")] = False,
) -> None:
    """Sweep a grid of systems or of tasks, learners and seeds. Run it again to complete missing points.

    The TOML file has a table grid: systems = ["random-walk"], learners = ["ladder"], and if wanted sizes = "0..16",
    noise = [1, 10], horizons = [2000], seeds = "0..4". A table options may hold replicates, lookaheads, inputs, law,
    precision, device and out.

    Of tasks, the table grid has tasks = ["parity"], learners = ["mlp"], and if wanted sizes (widths), rows, decay and
    seeds. Its table options may hold steps, exam, precision, device and out.
    """
    from .. import analysis

    wanted = analysis.read_experiment(experiment)
    if check:
        show_plan(analysis.plan_sweep(wanted, out, cluster))
        return
    with Meter("sweep", hidden=quiet) as meter:
        folder = analysis.sweep(wanted, out, meter.update, cluster)
    console.print(str(folder), soft_wrap=True)
    if not quiet:
        console.print(f"report: ergoscope report {folder}", style="dim", soft_wrap=True)


def show_plan(plan: Plan) -> None:
    """Print the plan of a sweep."""
    seconds = plan.compiling + plan.running
    lines = [
        f"{plan.folder}: {plan.points} points, {plan.done} of them done",
        f"programs to compile: {plan.programs}",
        f"{plan.unit}: {plan.amount:.3g}",
        f"estimated time: {duration(seconds)}, {duration(plan.compiling)} of it to compile (from short runs)",
        f"memory: {plan.memory / 2**20:.3g} MiB at most; free: {plan.free / 2**30:.3g} GiB",
    ]
    if plan.cluster is not None:
        workers, threads = (
            f"{n} {word}{'s' * (n != 1)}" for n, word in zip(plan.cluster, ("worker", "thread"), strict=True)
        )
        lines.append(f"cluster: {workers} with {threads} now; the time above is for this machine alone")
    for (system, noise), end in plan.capped.items():
        lines.append(f"{system}, noise {noise:g}: its runs end after {end} samples, where rounding reaches the noise")
    for line in lines:
        console.print(line, soft_wrap=True)
