"""From a system or a recording to its critical size: the main job of the instrument."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import ArrayLike

from ..._core.checks import check_whole
from ..._core.devices import Precision
from ..._core.progress import Progress, no_progress
from ...learners import Learner
from ...simulator import LinearSystem, Missing, Trajectories, find_system
from ...simulator._simulation.noise import Noise
from .location import Location
from .options import InputsAhead, Options
from .recording import locate_recording
from .system import locate_system


def locate(
    source: LinearSystem | Trajectories | str | Any,
    *,
    sizes: Iterable[int] | None = None,
    horizon: int | None = None,
    replicates: int = 64,
    seed: int = 0,
    precision: Precision = "float64",
    device: str | None = None,
    learner: str | Learner | None = None,
    lookaheads: Iterable[int] = (1,),
    inputs: str | ArrayLike = "zero",
    inputs_ahead: InputsAhead | None = None,
    missing: Missing = Missing(),
    noise: Noise = "normal",
    center: Any = "first",
    Q: ArrayLike | None = None,
    R: ArrayLike | None = None,
    dt: float | None = None,
    delay: ArrayLike | None = None,
    model: bool = True,
    progress: Progress = no_progress,
) -> Location:
    """Locate the size from which on the prediction error stops growing.

    A system is simulated from a zero state, ``replicates`` runs of ``horizon`` samples, beside its Kalman predictor; a
    recording is replayed. A learner of every size predicts each sample before it is seen, and the growth of the mean
    squared error over the horizon is classified for each size. From fewer than 8 runs of a recording boundedness is not
    claimed; the sizes that are best on it and that regret asks for are given instead. Beside them stands what
    autoregressions fitted to it say of boundedness (``model``), which is no measurement. Of a system that varies in
    time, theory names no size.

    Each lookahead H has a verdict of its own, on the forecasts of y[t+H] made when y[t] was the last sample known, by
    the weights of then, and against the Kalman forecast H ahead. They are *iterated* one-step forecasts with
    ``"ladder"``, *direct* ones, fitted to y[t+H] itself, with ``"qr-array"``. Theory for direct forecasts is
    ``critical_length`` at that lookahead; an iterated one is bounded from where its one-step filter is.

    Args:
        source: A system or a word that ``find_system`` takes; a python-control plant, then with ``Q`` and ``R``; or a
            recording.
        sizes: Sizes to try, rising; by default 0..16, fewer for a short recording.
        horizon: Samples of each run; by default 20 000, or all of a recording. A system is not run past its trust
            horizon.
        replicates: Independent runs of a system.
        seed: Of the simulation and of the bootstrap.
        precision: ``"float32"`` or ``"float64"``.
        device: ``"cpu"``, ``"gpu"``, ..; None leaves JAX's choice.
        learner: ``"ladder"`` (filter lengths of one output), ``"lattice"`` (of several outputs, or with inputs; then
            the default), ``"qr-array"`` (the same in O(length^2); then the default further than one sample ahead),
            ``"submatrix"`` (k x k blocks, for outputs that are the whole state; the default one sample ahead for a
            system that shows its state without noise), ``"truncated-kalman"``, or a learner of your own.
        lookaheads: Samples ahead to forecast, rising; a learner of your own brings them.
        inputs: Known input of a system, as in ``simulate``: one course for all replicates, of which the
            verdict speaks.
        inputs_ahead: Of the inputs between a forecast and its sample, ``"known"`` (the default for a system) or
            ``"held"`` at the last one known (the default for a recording): at u[t+1] where one-step forecasts take
            it, as those of a recording do, else at u[t].
        missing: Which samples of a system are lost.
        noise: Law of a system's noise, as in ``simulate``. Theory rests on the covariances alone; beside another law
            than the normal one, the Kalman predictor is the best linear one.
        center: What is taken off a recording first, as in ``Driver``.
        Q, R, dt, delay: For a python-control plant, as in ``from_control``.
        model: Whether to fit, simulate and locate autoregressions where a recording has fewer than 8 runs.
        progress: Called with the samples done and the samples in all; for the models once more.

    Raises:
        ValueError: Bad sizes, horizon, replicates, lookaheads, precision, device or source; the message says what to
            do.
    """
    if inputs_ahead not in (None, "known", "held"):
        raise ValueError(f"inputs ahead are known or held, got {inputs_ahead!r}.")
    ahead = tuple(check_whole("lookaheads", lookaheads).tolist())
    options = Options(
        sizes, horizon, replicates, seed, precision, device, learner, ahead, inputs_ahead, progress, model
    )
    if isinstance(source, Trajectories):
        if noise != "normal":
            raise ValueError(f"a recording has noise of its own, got {noise!r}: leave it out.")
        return locate_recording(source, options, center)
    return locate_system(find_system(source, Q, R, dt, delay), options, inputs, missing, noise)
