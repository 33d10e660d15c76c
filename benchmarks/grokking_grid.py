"""Train the published grid of parity and write its map of regions beside the published counts.

    python benchmarks/grokking_grid.py               three seeds a cell, 375 networks: half an hour or more
    python benchmarks/grokking_grid.py --seeds 9     all 1125 networks, three times as long
    python benchmarks/grokking_grid.py --corner      eight cells of it
    python benchmarks/grokking_grid.py --steps 2000  a tenth of the steps, to try it

The networks that have ended are in runs/grokking-grid (or --out), so an interrupted run goes on where it stopped. The
regions are compared by their order and place: the corner at decay 1, where our trials and the source disagree, is shown
and not judged.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from ergoscope._core.files import save_frame
from ergoscope.analysis._emergence.training import train_runs
from ergoscope.analysis._reports.style import save_figure
from ergoscope.analysis._studies.grokking.figures import map_figure
from ergoscope.analysis._studies.grokking.parity_study import SHORT, counts_words, region_maps
from ergoscope.analysis._studies.grokking.published import KNOWN, SEEDS, TOTALS, grid
from ergoscope.analysis._studies.parts import cost_sentence
from ergoscope.cli._printing import Meter
from ergoscope.cli._signals import ending_cleanly


def beside(found: pl.DataFrame) -> pl.DataFrame:
    """Return the counts of each cell, and the published ones where they are known."""
    rows = []
    for cell in found.iter_rows(named=True):
        place = cell["size"], cell["rows"], cell["decay"]
        words = dict(zip(("width", "rows", "decay"), place, strict=True))
        rows.append(words | dict(measured=counts_words(cell), published=KNOWN.get(place)))
    return pl.DataFrame(rows, schema_overrides=dict(published=pl.String())).sort("decay", "width", "rows")


def judged(table: pl.DataFrame) -> tuple[int, int]:
    """Return in how many of the known cells below decay 1 most networks are in the published region."""
    known = table.filter(pl.col("published").is_not_null() & (pl.col("decay") < 1))
    same = known.filter(pl.col("measured").str.head(1) == pl.col("published").str.head(1))
    return same.height, known.height


def main(
    seeds: Annotated[int, typer.Option(help="Networks of each cell; the source has nine.")] = 3,
    steps: Annotated[int, typer.Option(help="Updates of each network.")] = 20_000,
    corner: Annotated[bool, typer.Option("--corner", help="Eight cells alone.")] = False,
    out: Annotated[Path, typer.Option(help="Folder.")] = Path("runs/grokking-grid"),
) -> None:
    """python benchmarks/grokking_grid.py: train, classify, write regions, map and counts, print both counts."""
    part = grid(seeds, corner, steps)
    print(cost_sentence({"grid": part}, out), flush=True)
    if seeds < SEEDS:
        print(f"All {SEEDS} seeds take {SEEDS / seeds:.3g} times as long.", flush=True)
    with ending_cleanly(), Meter("grid", hidden=False, unit="updates") as meter:
        curves = train_runs(part.training, part.runs, out / "grid", meter.update)
    found = region_maps(curves)
    table = beside(found)
    save_frame(found, out / "regions.parquet")
    save_frame(table, out / "counts.parquet")
    save_figure(map_figure(found), out / "map.png")
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(table)
    total = int(found["runs"].sum())
    for word, letter in SHORT.items():
        share = TOTALS[letter] / sum(TOTALS.values())
        count = int(found[word].sum())
        print(f"{letter} {word}: {count} of {total}, {count / total:.2f}; published {TOTALS[letter]}, {share:.2f}")
    same, known = judged(table)
    print(f"most networks are in the published region in {same} of {known} known cells below decay 1")
    print(f"{out}/map.png")


if __name__ == "__main__":
    sys.exit(typer.run(main))
