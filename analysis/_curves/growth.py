"""How the error of each size goes along the axis: an exponent over the runs, and what it says."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.text import counted
from .._emergence.run_interval import FEWEST, mean_interval
from .._growth.laws import UNSURE
from .._growth.onset import ABSENT, PRESENT, UNDECIDED
from .words import listed, short

FEWEST_POINTS = 3
EARLIEST = 20  # as in growth laws: from the last place / 20 on
ENOUGH = 4  # points from there on, else all are used
FLOOR_POINTS = 6
GROWS, BOUNDED, FALLS, FLOOR = "growing", "bounded", "falling", "falling to a floor"
STATES = {GROWS: ABSENT, BOUNDED: PRESENT, FALLS: PRESENT, FLOOR: PRESENT}
LAWS = dict(
    size=pl.Float64, runs=pl.Int64, points=pl.Int64, first=pl.Float64, last=pl.Float64, error=pl.Float64,
    exponent=pl.Float64, low=pl.Float64, high=pl.Float64, late=pl.Float64, verdict=pl.String, reason=pl.String,
)  # fmt: skip


def size_laws(frame: pl.DataFrame) -> pl.DataFrame:
    """Fit error ~ along^exponent for each size, and say what it does.

    The exponent is the least-squares slope of the log of the mean error over the runs against log along, over the
    places at which every run of the size has an error; from a twentieth of the last place on if four are left there.
    Its 95 % interval is exponent +- t s / sqrt(R) by Student's law, from what each run adds to the slope to first order
    (see ``scaling_exponent``); with fewer than three runs there is none. The verdict is

    * ``growing`` if the interval is above 0.2: what is below is seen of bounded errors that still rise to their limit;
    * ``falling`` if the interval is below 0; ``falling to a floor`` if the slope of the later half is nearer to 0, with
      the whole 95 % interval of the difference;
    * ``bounded`` if the interval ends below 0.2;
    * else ``undecided``, with the reason.

    Args:
        frame: ``size, along, run, error``, one row each.

    Returns:
        One row for each size: ``size, runs, points, first, last, error`` (the mean at ``last``), ``exponent, low, high,
        late`` (the slope of the later half), ``verdict, reason``.
    """
    rows = [dict(size=size) | _law(part) for (size,), part in frame.sort("size").group_by("size", maintain_order=True)]
    return pl.DataFrame(rows, schema=LAWS)


class Threshold(NamedTuple):
    """From which size on the error does not grow.

    Attributes:
        verdict: ``"located"``; ``"at most"``, if no size is shown to grow; ``"above"``, if every one grows; or
            ``"undecided"``.
        size: The smallest size that is shown not to grow, if none from there on is shown to grow.
        above: The largest size that is shown to grow: the threshold lies above it, and not above ``size``.
    """

    verdict: str
    size: float | None
    above: float | None


def growth_threshold(laws: pl.DataFrame) -> Threshold:
    """Return the sizes between which the error stops growing.

    An undecided size between them widens the gap. There is no threshold if a size grows again above one that does not.
    """
    sizes = laws["size"].to_list()
    states = [STATES.get(verdict, UNDECIDED) for verdict in laws["verdict"]]
    present = [k for k, state in enumerate(states) if state == PRESENT]
    absent = [k for k, state in enumerate(states) if state == ABSENT]
    above = sizes[absent[-1]] if absent else None
    if not present:
        return Threshold("above" if len(absent) == len(sizes) else "undecided", None, above)
    if absent and absent[-1] > present[0]:
        return Threshold("undecided", None, None)
    return Threshold("located" if absent else "at most", sizes[present[0]], above)


def threshold_words(found: Threshold, laws: pl.DataFrame, name: str, along: str, error: str) -> str:
    """Return the threshold as a clause, with what the sizes do."""
    if set(laws["verdict"]) <= {FALLS, FLOOR}:
        floor = laws.filter(pl.col("verdict") == FLOOR)["size"].to_list()
        what = "falls to a floor" if len(floor) == laws.height else "falls"
        some = f", to a floor at {listed(floor)}" if 0 < len(floor) < laws.height else ""
        return f"{error} {what} along {along} at every {name}{some}"
    if found.verdict == "located" and found.size is not None and found.above is not None:
        return f"{error} stops growing along {along} at {name} {short(found.size)}: it grows at {short(found.above)}"
    if found.verdict == "at most" and found.size is not None:
        return f"no {name} is shown to grow along {along}; from {short(found.size)} on {error} is shown not to"
    if found.verdict == "above":
        return f"{error} grows along {along} at every {name}: try larger ones"
    unsure = laws.filter(pl.col("verdict") == UNDECIDED)
    if unsure.is_empty():
        return f"no threshold: {error} grows again at a {name} above one at which it does not"
    some = f" for {unsure.height} of {laws.height} sizes" if unsure.height < laws.height else ""
    usual = unsure["reason"].value_counts().sort("count", "reason", descending=[True, False])["reason"][0]
    return f"whether {error} grows along {along} is undecided{some}: {usual}"


def _law(part: pl.DataFrame) -> dict[str, Any]:
    """Return the law of one size."""
    runs = part["run"].n_unique()
    shared = part.group_by("along").len().filter(pl.col("len") == runs).filter(pl.col("along") > 0)["along"].sort()
    row: dict[str, Any] = dict(runs=runs, points=len(shared), verdict="undecided")
    if len(shared) < FEWEST_POINTS:
        where = "its runs share" if runs > 1 else "it has"
        few = f"{where} {counted(len(shared), 'place')} above 0 along the axis, and {FEWEST_POINTS} are needed"
        if runs > 1 and part["along"].n_unique() >= FEWEST_POINTS:
            few += ": errors are missing at the others, so fill them, or leave out the runs that lack some"
        return row | dict(reason=few)
    late = shared.filter(shared > shared[-1] / EARLIEST)
    places = late if len(late) >= ENOUGH else shared
    wide = part.filter(pl.col("along").is_in(places.implode())).sort("run", "along")
    values = wide["error"].to_numpy().reshape(runs, len(places))
    mean, x = values.mean(axis=0), np.log(places.to_numpy())
    row |= dict(points=len(places), first=places[0], last=places[-1], error=float(mean[-1]))
    if (mean <= 0).any():
        return row | dict(reason=f"the error is not above 0 at {short(places.to_numpy()[mean <= 0][0])}")
    exponent, half = _contrast(values, _slope_weights(x))
    middle = len(x) // 2
    later = np.concatenate([np.zeros(middle), _slope_weights(x[middle:])]) if len(x) - middle > 1 else None
    row |= dict(exponent=exponent, late=None if later is None else _contrast(values, later)[0])
    if half is None:
        return row | dict(reason=f"{counted(runs, 'run')} of a size, and an interval over runs needs {FEWEST}")
    row |= dict(low=exponent - half, high=exponent + half)
    return row | dict(zip(("verdict", "reason"), _verdict(values, x, exponent, half), strict=True))


def _verdict(values: NDArray[np.float64], x: NDArray[np.float64], exponent: float, half: float) -> tuple[str, str]:
    low, high = exponent - half, exponent + half
    if low > UNSURE[0]:
        return GROWS, ""
    if high < 0:
        if len(x) < FLOOR_POINTS:
            return FALLS, ""
        middle = len(x) // 2
        bend = np.concatenate([-_slope_weights(x[:middle]), _slope_weights(x[middle:])])
        slows, spread = _contrast(values, bend)
        return (FLOOR if spread is not None and slows - spread > 0 else FALLS), ""
    if high < UNSURE[0]:
        return BOUNDED, ""
    return (
        "undecided",
        f"the exponent {exponent:.2f} [{low:.2f}, {high:.2f}] is not clear of {UNSURE[0]:g}; more runs or a longer "
        "axis would decide it",
    )


def _slope_weights(x: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = x - x.mean()
    return np.asarray(centred / (centred @ centred))


def _contrast(values: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float | None]:
    """Return a weighted sum of the logs of the means, and half of its 95 % interval over the runs, to first order."""
    mean = values.mean(axis=0)
    return float(np.log(mean) @ weights), mean_interval((values / mean) @ weights)
