"""The giant component of sampled graphs, beside Lambert's W."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.special import ndtri

from ...._core.checks import check_seed
from ...._core.progress import Progress, no_progress
from ..._exact.giant_component import giant_component, giant_spread
from ..claims import Claim, at_most
from ..study import FALSE_ALARM

NODES, QUICK_NODES, GRAPHS = 1_000_000, 100_000, 4
DEGREES, SMALL = (1.5, 2.0, 3.0), 0.9
CLOSE, MOST_SMALL = 0.003, 0.05


class Giant(NamedTuple):
    """What was found.

    Attributes:
        table: Of ``giant_table``.
        claims: What is claimed.
    """

    table: pl.DataFrame
    claims: list[Claim]


def study_giant(seed: int = 0, quick: bool = False, progress: Progress = no_progress) -> Giant:
    """Return the share of nodes in the largest component of sampled graphs, beside the exact one.

    Args:
        seed: Of the graphs.
        quick: 1e5 nodes in place of 1e6; the limits are wider accordingly.
        progress: Called with the graphs done, and all.
    """
    nodes = QUICK_NODES if quick else NODES
    table = giant_table(nodes, (SMALL, *DEGREES), GRAPHS, seed, progress)
    part, claims = "giant component", list[Claim]()
    tail = float(-ndtri(FALSE_ALARM / (2 * len(DEGREES))))
    for degree, share, exact in table.select("degree", "share", "exact").iter_rows():
        what = f"share of {nodes} nodes, mean degree {degree:g}"
        if degree == SMALL:
            claims.append(at_most(part, what, share, MOST_SMALL, "theory"))
        else:
            wide = max(CLOSE, tail * float(giant_spread(degree)) / np.sqrt(nodes * GRAPHS)) if quick else CLOSE
            claims.append(Claim(part, what, share, exact - wide, exact + wide, "theory"))
    return Giant(table, claims)


def giant_table(
    nodes: int, degrees: Sequence[float], graphs: int, seed: int = 0, progress: Progress = no_progress
) -> pl.DataFrame:
    """Return the mean share of the largest component over some graphs: ``degree, nodes, graphs, share, exact, error``.

    ``error`` is the standard error of the share, from theory; null below the mean degree 1.
    """
    rows = []
    for number, degree in enumerate(degrees):
        shares = []
        for graph in range(graphs):
            shares.append(largest_share(nodes, degree, seed, graph))
            progress(number * graphs + graph + 1, graphs * len(degrees))
        error = float(giant_spread(degree)) / np.sqrt(nodes * graphs)
        exact = float(giant_component(degree))
        rows.append((float(degree), nodes, graphs, float(np.mean(shares)), exact, error))
    names = ["degree", "nodes", "graphs", "share", "exact", "error"]
    return pl.DataFrame(rows, schema=names, orient="row").fill_nan(None)


def largest_share(nodes: int, degree: float, seed: int = 0, graph: int = 0) -> float:
    """Return the share of the nodes in the largest component of a graph with Poisson(N k / 2) independent edges.

    Args:
        nodes: N.
        degree: k, the mean degree.
        seed: Of the graphs.
        graph: Number of the graph among those of a seed.
    """
    from scipy.sparse import coo_array  # here: the imports take a second
    from scipy.sparse.csgraph import connected_components

    key = np.array([check_seed(seed), nodes], np.uint64)
    generator = np.random.Generator(np.random.Philox(key=key, counter=np.array([0, 0, graph, 1], np.uint64)))
    edges = generator.poisson(nodes * degree / 2)
    first, second = generator.integers(0, nodes, (2, edges), dtype=np.int32)
    links = coo_array((np.ones(edges, np.int8), (first, second)), shape=(nodes, nodes))
    _, labels = connected_components(links, directed=False)
    return float(np.bincount(labels).max() / nodes)
