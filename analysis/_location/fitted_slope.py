"""The exponent of the mean error at any horizon, by an autoregression fitted to the runs of a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...learners import Learner
from ...simulator import Trajectories
from .._growth.laws import FEWEST_GROUPS
from .autoregression import Autoregression, autoregression
from .growth_plan import exact_exponent
from .options import FILTERS

DRAWN = 100  # models drawn for the eigenvalues
LIKELY = 0.2  # share of them outside the circle


def fitted_slope(
    recording: Trajectories, scales: NDArray[np.float64], learner: Learner, lookahead: int = 1
) -> Callable[[int, int], float] | None:
    """Return the exponent of the exact error of a model fitted to all runs, from size and horizon.

    Eigenvalues that the runs do not tell from the unit circle are moved onto it. The model serves to ask for data, not
    to judge: no verdict rests on it.

    Args:
        recording: The runs.
        scales: Noise of each output, ``(output,)``, the unit in which errors are summed.
        learner: The learner; its exact errors are known if it tends to filters and no input drives the recording.
        lookahead: H.

    Returns:
        None for fewer than 8 runs, or where exact errors or a model are not known.
    """
    known = learner.tends_to in (FILTERS if lookahead == 1 else FILTERS[1:])
    if (
        len(recording.lengths) < FEWEST_GROUPS
        or not known
        or recording.inputs.shape[2]
        or not np.isfinite(scales).all()
    ):
        return None
    fitted = autoregression(replace(recording, outputs=recording.outputs / scales))
    if fitted is None or not fitted.order:
        return None
    return partial(exact_exponent, _on_circle(fitted).system(), lookahead)


def _on_circle(fitted: Autoregression) -> Autoregression:
    """Return the model with all eigenvalues on the unit circle that the runs do not tell from it."""
    rng = np.random.default_rng(0)
    moduli = np.stack([np.abs(fitted.drawn(rng).eigenvalues) for _ in range(DRAWN)])
    likely = (moduli >= 1).mean(axis=0) >= LIKELY  # (eigenvalue,), by falling modulus
    moved = [model for count, model in fitted.on_the_circle() if likely[count - 1]]
    return moved[-1] if moved else fitted
