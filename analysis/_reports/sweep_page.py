"""The results of a sweep: a frame with one row for each point, and a page with one row for each cell of the grid."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl

from ..._core.progress import Progress, no_progress
from ..._core.text import spaced
from .._growth.summary import located
from .._sweeps.folder import read_recorded
from .._sweeps.reader import each_run, scan_curves
from .._sweeps.swept_theory import theory_checks
from .html import facts, number, page, pairs, table, words
from .task_sweep_page import task_parts

CELL = ("system", "learner", "noise", "steps", "lookahead")


def thresholds(folder: str | Path, progress: Progress = no_progress) -> pl.DataFrame:
    """Return the sizes located from each point of a sweep, one row for each point and look-ahead.

    A verdict never contradicts exact theory: it is ``not visible yet`` if theory names another size and the exact error
    does not show it at this horizon.

    Columns ``system, learner, noise, steps, lookahead, seed`` and those of ``located``. One part is read at a time.

    Args:
        folder: The folder of a ``sweep``, complete or not.
        progress: Called with the points done and the points in all.

    Raises:
        ValueError: There is no point yet, or a file is none of a sweep.
    """
    files, rows = sorted(Path(folder).expanduser().rglob("seed-*.parquet")), []
    if not files or "seed" not in scan_curves(folder).collect_schema():
        raise ValueError(f"{str(folder)!r} holds no point of a sweep: run `ergoscope sweep` first.")
    check_of = theory_checks(Path(folder).expanduser())
    for done, file in enumerate(files):
        progress(done, len(files))
        part = pl.read_parquet(file, glob=False)
        named = [pl.lit(part[word][0], part.schema[word]).alias(word) for word in ("noise", "steps", "seed")]
        rows.append(each_run(part, lambda run: located(run, check=check_of(run))).with_columns(named))
    return pl.concat(rows).select(*CELL, "seed", pl.all().exclude("run", *CELL, "seed")).sort(*CELL, "seed")


def experiment_page(folder: Path, most: int, progress: Progress = no_progress) -> str:
    """Return the report of a sweep as an HTML page, with at most ``most`` cells of the grid."""
    record = read_recorded(folder)
    body = '<article>\n<p class="above">Ergoscope: how big must a predictor be before its error stops growing?</p>\n'
    if "tasks" in record:
        body = '<article>\n<p class="above">Ergoscope: from where on is an ability there?</p>\n'
        parts = task_parts(record, folder, most)
    else:
        parts = _system_parts(record, folder, most, progress)
    body += f"<h1>{words(record['name'])}</h1>\n" + parts + "<section>\n<h2>Run it again</h2>\n"
    body += f"<pre><code>{words(record['toml'])}</code></pre>\n"
    used = record["versions"]
    versions = {name: ", ".join(dict.fromkeys(each.get(name, "none") for each in used)) for name in used[-1]}
    body += pairs("Made with", ("package", "version"), versions) + "</section>\n</article>"
    return page(f"{record['name']}: Ergoscope", body)


def _system_parts(record: dict[str, Any], folder: Path, most: int, progress: Progress) -> str:
    """Return the facts and the table of a sweep of systems as HTML."""
    found = thresholds(folder, progress)
    grid, settings = record["grid"], record["settings"]
    points = math.prod(len(values) for values in grid.values())
    done = found.select("system", "learner", "noise", "steps", "seed").n_unique()
    cells = found.partition_by(CELL, as_dict=True, maintain_order=True)
    heads = [" system", " learner", "noise", "samples"] + ["ahead"] * (settings["lookaheads"] != [1])
    heads += [" critical size: points", "best size", "size that regret asks for", "seeds"]
    rows = []
    for (system, learner, noise, steps, ahead), part in list(cells.items())[:most]:
        cell = [words(system), words(learner), number(noise), number(steps)]
        cell += [number(ahead)] * (settings["lookaheads"] != [1])
        best, regret = (_range(part[word]) for word in ("best_size", "regret_size"))
        rows.append([*cell, words(_counted(part)), best, regret, number(part["seed"].n_unique())])
    cut = f": {most} of {spaced(len(cells))} cells" if len(cells) > most else ""
    body = facts({"points done": f"{number(done)} of {number(points)}", "replicates": number(settings["replicates"])})
    body += "<section>\n<h2>Sizes found</h2>\n" + table("Over the seeds of each cell of the grid" + cut, heads, rows)
    note = (
        "Noise: factor on the covariance of the measurement noise. Critical size: from this size on the error is "
        "bounded; after the colon, the number of points that gave it. Best size and size of regret: the smallest and "
        "the largest over the seeds."
    )
    return body + f'<p class="note">{note}</p>\n</section>\n'


def _counted(part: pl.DataFrame) -> str:
    """Return each critical size with its number of points, then the verdicts of the other points."""
    sizes = Counter(size for size in part["critical_size"] if size is not None)
    other = Counter(part.filter(pl.col("critical_size").is_null())["verdict"])
    named = [f"{size}: {count}" for size, count in sorted(sizes.items())]
    return ", ".join(named + [f"{verdict}: {count}" for verdict, count in sorted(other.items())])


def _range(sizes: pl.Series) -> str:
    known = sizes.drop_nulls()
    if known.is_empty():
        return number(None)
    return " to ".join(number(end) for end in dict.fromkeys((known.min(), known.max())))
