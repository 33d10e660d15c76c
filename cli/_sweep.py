"""The command ``ergoscope sweep``, and how it prints a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._printing import Meter, console

if TYPE_CHECKING:
    from ..analysis._sweeps.sweep import Plan


def sweep(
    experiment: Annotated[Path, typer.Argument(help="The experiment: a TOML file (docs/experiments.md).")],
    check: Annotated[
        bool, typer.Option("--check", help="Print the plan only: points, programs, estimated time, memory.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results. Default: out in the file, or runs/NAME.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster", help="Run on the workers of this Dask scheduler, such as tcp://HOST:8786 (docs/cluster.md)."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the folder only.")] = False,
) -> None:
    """Sweep a grid of systems, learners, noise, horizons and seeds. Run it again to complete missing points."""
    from .. import analysis

    wanted = analysis.read_experiment(experiment)
    if check:
        show_plan(analysis.plan_sweep(wanted, out, cluster))
        return
    with Meter("sweep", hidden=quiet) as meter:
        folder = analysis.sweep(wanted, out, meter.update, cluster)
    console.print(str(folder), highlight=False, markup=False, soft_wrap=True)
    if not quiet:
        console.print(f"report: ergoscope report {folder}", style="dim", highlight=False, markup=False, soft_wrap=True)


def show_plan(plan: Plan) -> None:
    """Print the plan of a sweep."""
    seconds = plan.compiling + plan.running
    lines = [
        f"{plan.folder}: {plan.points} points, {plan.done} of them done",
        f"programs to compile: {plan.programs}",
        f"samples to predict: {plan.samples:.3g}",
        f"estimated time: {_duration(seconds)}, {_duration(plan.compiling)} of it to compile (from short runs)",
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
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
