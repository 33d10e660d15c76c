"""The options of ``locate``: check them, fill in the defaults, record them as settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from ..._core.devices import Precision, device_words
from ..._core.progress import Progress
from ..._core.text import versions
from ...learners import Learner, make_learner
from ...learners._catalogue import default_learner, sized_by_length
from ...simulator import LinearSystem
from .._exact.riccati import kalman_gain
from .._growth.laws import growth_laws
from .location import rung_table

FILTERS = ("filters", "direct filters")  # limits of learners that theory names a size for
InputsAhead: TypeAlias = Literal["known", "held"]
SHORTEST = 16  # fewest samples for a growth law


class Options(NamedTuple):
    """The arguments of ``locate`` that systems and recordings share."""

    sizes: Iterable[int] | None
    horizon: int | None
    replicates: int
    seed: int
    precision: Precision
    device: str | None
    learner: str | Learner | None
    lookaheads: tuple[int, ...]
    inputs_ahead: InputsAhead | None
    progress: Progress
    model: bool = True


def choose_learner(
    options: Options,
    channels: tuple[int, int],
    default: Iterable[int],
    system: LinearSystem | None = None,
    intercept: bool = False,
) -> Learner:
    """Return the learner asked for, or the default learner for these channels and look-aheads.

    Args:
        options: Of ``locate``.
        channels: Outputs and inputs.
        default: Lengths, where none are asked for.
        system: The plant, if there is one.
        intercept: Whether a learner by name has one, where its words do not say: yes for a recording, which has a
            level, no for a plant of mean zero.
    """
    far = options.lookaheads != (1,)
    if isinstance(options.learner, Learner):
        own = options.learner
        if far and own.lookaheads != options.lookaheads:
            raise ValueError(
                f"your learner forecasts {own.lookaheads} samples ahead, but lookaheads are {options.lookaheads}: make "
                "the learner with these, or leave lookaheads out."
            )
        return own
    whole = system is not None and np.array_equal(system.C, np.eye(system.states)) and not system.R.any()
    outputs, inputs = channels
    name = options.learner or default_learner(outputs, inputs, far, whole and outputs > 1)
    sizes = options.sizes
    if sizes is None:
        bare = name.partition(":")[0]
        of_states = {"submatrix": range(1, outputs + 1), "rank": range(outputs + 1)}
        of_states["random-chart"] = range(outputs**2 + 1)
        sizes = of_states.get(bare, default if sized_by_length(bare) else None)
    given = dict(
        sizes=sizes,
        lookaheads=options.lookaheads,
        outputs=outputs,
        inputs=inputs,
        direct=inputs > 0 and (system is None or direct_term(system)),
        system=system,
        intercept=intercept,
    )
    if system is not None and name == "truncated-kalman":
        given["gain"] = kalman_gain(system).gain
    return make_learner(name, given)


def direct_term(system: LinearSystem) -> bool:
    """Return whether the prediction of y[t] uses u[t]."""
    return bool(system.D.any())


def choose_inputs_ahead(options: Options, learner: Learner, inputs: int, default: InputsAhead) -> InputsAhead | None:
    """Return whether inputs ahead are known or held; None if there are no inputs, or only one-step forecasts."""
    if options.inputs_ahead is not None and not inputs:
        raise ValueError(
            f"inputs_ahead cannot be {options.inputs_ahead!r} where there is no input: name the input, or leave it out."
        )
    return (options.inputs_ahead or default) if inputs and learner.lookaheads != (1,) else None


def wider_sizes(options: Options, learner: Learner, most: int) -> str:
    """Return the option that tries larger sizes, up to ``most``; empty if the learner has no larger ones."""
    first, last = learner.sizes[0], learner.sizes[-1]
    name = options.learner if isinstance(options.learner, str) else learner.name
    if isinstance(options.learner, Learner) or not sized_by_length(name) or last >= most:
        return ""
    return f"--sizes {first}..{min(2 * max(last, 1), most)}"


def check_ahead(learner: Learner, horizon: int) -> None:
    """Raise ValueError if a look-ahead leaves too little of the horizon."""
    furthest = learner.lookaheads[-1]
    if furthest > max(horizon // 4, 1):
        raise ValueError(
            f"a look-ahead of {furthest} samples needs a horizon of at least {4 * furthest}, there are {horizon}."
        )


def settings_of(
    options: Options, learner: Learner, ahead: InputsAhead | None, center: Any, horizon: int, replicates: int
) -> dict[str, Any]:
    """Return the settings that are needed to run it again."""
    return dict(
        learner=options.learner if isinstance(options.learner, str) else learner.name,
        size_label=learner.size_label,
        tends_to=learner.tends_to,
        intercept=learner.intercept,
        sizes=list(learner.sizes),
        lookaheads=list(learner.lookaheads),
        forecasts=_forecasts(learner),
        inputs_ahead=ahead,
        horizon=horizon,
        replicates=replicates,
        seed=options.seed,
        precision=options.precision,
        device=device_words(options.device),
        center=center,
        versions=versions(),
    )


def _forecasts(learner: Learner) -> str | None:
    if learner.lookaheads == (1,):
        return "one-step forecasts"
    words = {"filters": "iterated one-step forecasts", "direct filters": "direct forecasts"}
    return words.get(learner.tends_to or "")


def error_unit(outputs: int) -> str:
    """Return the unit of the errors of a location."""
    return "output unit²" if outputs == 1 else "noise of each output², summed"


def rungs_of(
    frame: pl.DataFrame, lookahead: int, seed: int, inputs: pl.DataFrame | None = None, steady: bool = False
) -> tuple[pl.DataFrame, tuple[int, ...]]:
    """Return the table of rungs of one look-ahead, and its horizons."""
    part = frame.filter(pl.col("lookahead") == lookahead)
    return rung_table(part, growth_laws(part, seed, inputs=inputs, steady=steady))
