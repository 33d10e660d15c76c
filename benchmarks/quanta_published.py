"""Train networks on sparse parity at the published size: 500 tasks, 100 bits, widths 10 to 500.

    python benchmarks/quanta_published.py      as published: it says its cost first, days or weeks on two cores
    make campaign-quanta                       the same tasks, a tenth of the batch and of the steps, four widths

The networks that have ended are in runs/quanta-published (or --out), so an interrupted run goes on where it stopped.
Source: E. J. Michaud, Z. Liu, U. Girit, M. Tegmark, The quantization model of neural scaling, NeurIPS 2023
(arXiv 2303.13506), section 3: 30 widths, one hidden layer, Adam at a rate of 1e-3, batches of 20 000, 2e5 steps.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer

from ergoscope._core.files import save_frame
from ergoscope.analysis._emergence.training import Training, train_runs
from ergoscope.analysis._reports.kind_figures import kind_losses_figure
from ergoscope.analysis._reports.style import save_figure
from ergoscope.analysis._studies.claims import Claim, claims_table
from ergoscope.analysis._studies.parts import Part, cost_sentence
from ergoscope.analysis._studies.quanta.network_study import study_sizes, study_steps
from ergoscope.cli._printing import Meter
from ergoscope.cli._signals import ending_cleanly
from ergoscope.learners import Run, read_recipe
from ergoscope.simulator._tasks.find import find_task

TASK = "sparse-parity:tasks=500,bits=100,k=3,alpha=0.4"
WIDTHS = ",".join(map(str, np.unique(np.geomspace(10, 500, 30).round().astype(int))))


def main(
    widths: Annotated[str, typer.Option(help="Widths of the hidden layer.")] = WIDTHS,
    steps: Annotated[int, typer.Option(help="Updates of each network.")] = 200_000,
    batch: Annotated[int, typer.Option(help="Fresh rows of each update.")] = 20_000,
    rate: Annotated[float, typer.Option(help="Rate of Adam.")] = 1e-3,
    seeds: Annotated[int, typer.Option(help="Networks of each width.")] = 1,
    exam: Annotated[int, typer.Option(help="Rows of the exam, as many of each task.")] = 50_000,
    out: Annotated[Path, typer.Option(help="Folder.")] = Path("runs/quanta-published"),
) -> None:
    """python benchmarks/quanta_published.py: train, write curves, table and figure, print what was measured."""
    process = find_task(TASK)
    recipe = read_recipe(f"mlp:rate={rate},decay=0,batch={batch}", process)
    sizes = sorted(int(word) for word in widths.split(","))
    runs = tuple(Run(width, None, seed, recipe.knobs) for width in sizes for seed in range(seeds))
    part = Part("published", Training(process, recipe, steps, per_decade=20, exam=exam), runs)
    print(cost_sentence({"published": part}, out), flush=True)
    with ending_cleanly(), Meter("published", hidden=False, unit="updates") as meter:
        curves = train_runs(part.training, part.runs, out / "published", meter.update)
    widest = curves.filter(size=sizes[-1])
    claims: list[Claim] = study_steps(widest, process).claims
    if len(sizes) > 2:
        claims += study_sizes(curves, process, recipe.model).claims
    table = claims_table(claims).drop("low", "high", "agrees", "ground")
    save_frame(table, out / "measured.parquet")
    save_figure(kind_losses_figure(widest, "steps", f"width {sizes[-1]}, {steps} steps"), out / "losses.png")
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, fmt_str_lengths=90):
        print(table)
    print(f"{out}/losses.png")


if __name__ == "__main__":
    sys.exit(typer.run(main))
