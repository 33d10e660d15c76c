"""The joint scaling law of two axes: how the error falls with the size and with the data."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from ..._core.checks import check_seed
from ..._core.json_values import json_value
from ..._core.progress import Progress, no_progress
from ..._core.text import counted
from .._growth.bootstrap import resample_counts
from .huber_fit import fit_huber, law_log
from .words import short

PARAMETERS = ("E", "A", "B", "alpha", "beta")
DRAWS = 1000
FEWEST_VALUES = 3  # of each axis
FEWEST_UNITS = 12  # a bootstrap of fewer says little of five parameters
SLOPES = (0.1, 0.3, 0.6, 1.2)  # starts of alpha and of beta
FLOORS = (0.3, 0.6, 0.95)  # starts of E, as shares of the least error
STEADY = 0.02  # an exponent below it changes a term by less than 15 % over three decades
TOGETHER = 50  # draws that are fitted at once


@dataclass(frozen=True, repr=False)
class ScalingLaw:
    """The law L(N, D) = E + A / N^alpha + B / D^beta.

    Attributes:
        table: One row for each of ``E, A, B, alpha, beta`` and ``split``: ``name, value, error, low, high``. ``error``
            is the standard error and ``low, high`` the 95 % interval of the bootstrap; null with too few units.
            ``split`` is beta / (alpha + beta): the best size at a given N D grows like its power.
        rows: Rows of the fit.
        units: Units that the bootstrap draws: runs, or rows if each row is a run of its own.
        residual: Median of |log L - log of the law|.
        reason: Why there is no interval; empty if there is one.
    """

    table: pl.DataFrame
    rows: int
    units: int
    residual: float
    reason: str

    def __getitem__(self, name: str) -> float:
        """Return a parameter by its name."""
        return float(self.table.row(by_predicate=pl.col("name") == name, named=True)["value"])

    def predict(self, sizes: ArrayLike, along: ArrayLike) -> NDArray[np.float64]:
        """Return the error of the law at sizes N and places D, of the same shape."""
        N, D = np.asarray(sizes, float), np.asarray(along, float)
        return np.asarray(self["E"] + self["A"] * N ** -self["alpha"] + self["B"] * D ** -self["beta"])

    @property
    def sentence(self) -> str:
        """The law in words."""
        said = []
        for row in self.table.iter_rows(named=True):
            if row["name"] not in ("A", "B"):
                words = "the best size grows like (N D)^" if row["name"] == "split" else f"{row['name']} "
                said.append(f"{words}{_digits(row['value'])} {_interval(row)}".rstrip())
        law = f"L = E + A / N^alpha + B / D^beta with {', '.join(said)}"
        why = f"; {self.reason}" if self.reason else ""
        vague = self.table.filter(pl.col("name").is_in(["alpha", "beta"]) & (pl.col("low") < STEADY))["name"].to_list()
        why += f"; the interval of {' and of '.join(vague)} begins near 0: the rows hardly tell it from a constant" * (
            len(vague) > 0
        )
        return f"{law} ({counted(self.rows, 'row')}, off by {100 * self.residual:.2g} % in the median{why})."

    def to_dict(self) -> dict[str, Any]:
        """Return the law as a JSON object."""
        words = dict(rows=self.rows, units=self.units, residual=self.residual, reason=self.reason)
        answer: dict[str, Any] = json_value(dict(table=self.table.to_dicts()) | words | dict(sentence=self.sentence))
        return answer

    def __repr__(self) -> str:
        return self.sentence


def scaling_law(
    sizes: ArrayLike,
    along: ArrayLike,
    errors: ArrayLike,
    units: ArrayLike | None = None,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    progress: Progress = no_progress,
) -> ScalingLaw:
    """Fit L(N, D) = E + A / N^alpha + B / D^beta to rows of sizes N, places D and errors L.

    The parameters minimise the sum of the Huber loss, with its knee at 0.001, of log L - log of the law, as in the
    source. The source used L-BFGS from a grid of starts, with the *mean* of the loss; that ended before the least loss,
    and its intervals were too narrow (Besiroglu et al.). Here reweighted least squares goes down from 48 starts
    (``fit_huber``), and the logarithms of N and D are centred, so that A and alpha are nearly uncorrelated in the fit.

    The interval is that of a bootstrap: the units are drawn with replacement, the fit of each draw starts at the fit of
    all. Rows of one training run are not independent: give them one unit.

    Args:
        sizes: N, above 0, ``(row,)``.
        along: D, above 0, ``(row,)``.
        errors: L, above 0, ``(row,)``.
        units: The run of each row; None: each row is a run of its own.
        draws: Number of draws; 0 for no interval.
        seed: Seed of the draws.
        progress: Called with the draws done and the draws in all.

    Raises:
        ValueError: The lengths differ, a number is not above 0, or there are fewer than 3 sizes or places, or 8 rows.

    References:
        J. Hoffmann et al., Training compute-optimal large language models, 2022 (arXiv 2203.15556), approach 3.
        T. Besiroglu, E. Erdil, M. Barnett and J. You, Chinchilla scaling: a replication attempt, 2024
        (arXiv 2404.10102).

    Examples:
        >>> import numpy as np
        >>> N, D = (part.ravel() for part in np.meshgrid([1e3, 1e4, 1e5], [1e4, 1e5, 1e6]))
        >>> law = scaling_law(N, D, 1.5 + 20 / N**0.4 + 50 / D**0.5, draws=0)
        >>> round(law["alpha"], 2), round(law["beta"], 2)
        (0.4, 0.5)
    """
    check_seed(seed)
    N, D, L = _checked(sizes, along, errors)
    n, d, target = np.log(N), np.log(D), np.log(L)
    centre = n.mean(), d.mean()
    x, y = n - centre[0], d - centre[1]
    members = np.arange(len(L)) if units is None else np.unique(np.asarray(units), return_inverse=True)[1]
    if len(members) != len(L):
        raise ValueError(f"units must name the run of each of the {len(L)} rows, got {len(members)}.")
    starts = np.array([_start(L, floor, alpha, beta) for floor, alpha, beta in product(FLOORS, SLOPES, SLOPES)])
    tried, losses = fit_huber(starts, x, y, target, np.ones((len(starts), len(L))))
    best = tried[[int(np.argmin(losses))]]
    count = int(members.max()) + 1
    reason = f"an interval needs {FEWEST_UNITS} runs, and there are {count}" if count < FEWEST_UNITS else ""
    reason = reason or ("no draws were asked for" if draws < 1 else "")
    drawn: list[NDArray[np.float64]] = []
    if not reason:
        counts = resample_counts(count, draws, seed)[:, members]
        for first in range(0, draws, TOGETHER):
            part = counts[first : first + TOGETHER]
            drawn += list(_natural(fit_huber(best.repeat(len(part), axis=0), x, y, target, part)[0], centre))
            progress(len(drawn), draws)
    values, spread = _natural(best, centre)[0], np.array(drawn)
    rows = []
    for k, name in enumerate((*PARAMETERS, "split")):
        low, high = np.quantile(spread[:, k], [0.025, 0.975]).tolist() if drawn else (None, None)
        error = _spread(spread[:, k]) if len(drawn) > 1 else None
        rows.append((name, float(values[k]), error, low, high))
    kinds = dict(name=pl.String) | dict.fromkeys(("value", "error", "low", "high"), pl.Float64)
    residual = float(np.median(np.abs(law_log(best, x, y)[0] - target)))
    return ScalingLaw(pl.DataFrame(rows, schema=kinds, orient="row"), len(L), count, residual, reason)


def _start(L: NDArray[np.float64], floor: float, alpha: float, beta: float) -> NDArray[np.float64]:
    """Return a start: half of what is above the floor is of the size, half of the data."""
    rest = np.log((np.median(L) - floor * L.min()) / 2)
    return np.array([np.log(floor * L.min()), rest, rest, alpha, beta])


def _natural(theta: NDArray[np.float64], centre: tuple[float, float]) -> NDArray[np.float64]:
    """Return E, A, B, alpha, beta and the split of each fit, ``(fit, 6)``."""
    e, a, b, alpha, beta = theta.T
    total = alpha + beta
    split = np.divide(beta, total, out=np.full_like(beta, np.nan), where=total != 0)
    exponents = np.clip([e, a + alpha * centre[0], b + beta * centre[1]], -700, 700)
    return np.stack([*np.exp(exponents), alpha, beta, split], axis=1)


def _spread(values: NDArray[np.float64]) -> float:
    """Return the standard deviation of draws; the square of a factor that the rows do not fix may be too large."""
    scale = float(np.abs(values).max()) or 1.0
    return float((values / scale).std(ddof=1)) * scale


def _checked(
    sizes: ArrayLike, along: ArrayLike, errors: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    N, D, L = (np.asarray(values, float) for values in (sizes, along, errors))
    if N.ndim != 1 or not (N.shape == D.shape == L.shape):
        raise ValueError(f"expected vectors of one length, got {N.shape}, {D.shape} and {L.shape}.")
    for word, values in (("sizes", N), ("places along", D), ("errors", L)):
        if not (np.isfinite(values).all() and (values > 0).all()):
            raise ValueError(f"{word} must be above 0 for a scaling law: drop the rows in which they are not.")
    if min(len(np.unique(N)), len(np.unique(D))) < FEWEST_VALUES or len(L) < 8:
        raise ValueError(
            f"a scaling law of two axes needs {FEWEST_VALUES} sizes, {FEWEST_VALUES} places along and 8 rows; got "
            f"{len(np.unique(N))}, {len(np.unique(D))} and {len(L)}."
        )
    return N, D, L


def _digits(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else short(value)


def _interval(row: dict[str, Any]) -> str:
    return "" if row["low"] is None else f"[{_digits(row['low'])}, {_digits(row['high'])}]"
