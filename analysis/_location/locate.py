"""``locate``: from a system or a recording to its critical size."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from numpy.typing import ArrayLike

from ..._core.checks import check_whole
from ..._core.devices import Precision
from ..._core.progress import Progress, no_progress
from ..._core.text import printable
from ...learners import Learner
from ...simulator import Dialect, LinearSystem, Missing, Trajectories, find_recording, find_system
from ...simulator._recordings.find import is_data
from ...simulator._simulation.noise import Noise
from ...simulator._systems.find import is_recording
from .location import Location
from .options import InputsAhead, Options
from .recording import locate_recording
from .system import locate_system


def locate(
    source: LinearSystem | Trajectories | str | Any,
    *,
    output: str | Sequence[str] = (),
    input: str | Sequence[str] | ArrayLike = (),
    by: str | None = None,
    time: str | None = None,
    dialect: Dialect | None = None,
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
    name: str | None = None,
    input_noise: ArrayLike | None = None,
    model: bool = True,
    progress: Progress = no_progress,
) -> Location:
    """Locate the size from which on the prediction error stops growing.

    A system is simulated from a zero state: ``replicates`` runs of ``horizon`` samples, beside its Kalman predictor.
    A recording is replayed. The learner predicts each sample with every size before it sees the sample.
    The growth of the mean squared error over the horizon is then classified for each size.

    A recording of fewer than 8 runs cannot show whether an error is bounded. The answer then names the best size and
    the size of low regret, and gives the critical size by autoregressions fitted to the recording (``model``), which is
    not a measurement. For a system that varies in time there is no theory.

    Each lookahead H has its own verdict. It is for the forecast of y[t+H] from the samples up to y[t], with the weights
    learned by then, beside the Kalman forecast H samples ahead. ``"ladder"`` *iterates* one-step forecasts;
    ``"qr-array"`` fits *direct* forecasts of y[t+H]. Theory for direct forecasts is ``critical_length`` at that
    lookahead; an iterated forecast is bounded if its one-step filter is.

    Args:
        source: A system, a name or file that ``find_system`` takes, a python-control plant (with ``Q`` and ``R``); or a
            recording: a file as for ``read_recording``, a data frame (polars, pandas), an array ``(time,)``,
            ``(time, output)`` or ``(run, time, output)``, a list of arrays, one a run, or Trajectories.
        output, input, by, time: Columns of a file or a frame, as in ``read_recording``; the output may be left out
            where there is one column of numbers. For arrays ``input`` is the array of the inputs.
        dialect: How a file is written, and what is done with its rows; what it leaves out is found.
        sizes: Sizes to try, rising; by default 0..16, fewer for a short recording.
        horizon: Samples of each run; by default 20 000, or all of a recording. A system is not run past its trust
            horizon.
        replicates: Independent runs of a system.
        seed: Seed of the simulation and of the bootstrap.
        precision: ``"float32"`` or ``"float64"``.
        device: ``"cpu"``, ``"gpu"``, ..; None leaves JAX's choice.
        learner: ``"ladder"`` (filter lengths of one output), ``"lattice"`` (of several outputs, or with inputs; then
            the default), ``"qr-array"`` (the same in O(length^2); then the default further than one sample ahead),
            ``"submatrix"`` (k x k blocks, if the outputs are the whole state; the default one sample ahead for a
            system whose state is measured without noise), ``"truncated-kalman"``, or a learner of your own.
        lookaheads: Samples ahead to forecast, rising. Your own learner must have the same.
        inputs: Known input of a system, as in ``simulate``: one course for all replicates. The verdict holds for this
            input.
        inputs_ahead: The inputs between a forecast and its sample are ``"known"`` (the default for a system) or
            ``"held"`` at the last known one (the default for a recording). That is u[t+1] if one-step forecasts use
            it, as for a recording, else u[t].
        missing: Which samples of a system are lost.
        noise: Distribution of a system's noise, as in ``simulate``. Theory uses the covariances only. If the noise is
            not normal, the Kalman predictor is the best linear predictor.
        center: What is subtracted from a recording first, as in ``Driver``.
        Q, R, dt, delay, input_noise: For a python-control plant, as in ``from_control``; ``dt`` is the step of an
            array, too.
        name: Of the system or recording in the answer; by default its own, or the names of the outputs.
        model: Whether to fit autoregressions and locate on them, for a recording of fewer than 8 runs.
        progress: Called with the samples done and the samples in all; a second time for the models.

    Raises:
        ValueError: Sizes, horizon, replicates, lookaheads, precision, device or source are not valid. The message says
            what to do.
    """
    if inputs_ahead not in (None, "known", "held"):
        raise ValueError(f"inputs_ahead must be 'known' or 'held', got {inputs_ahead!r}.")
    sizes = tuple(sizes) if isinstance(sizes, Iterator) else sizes  # read more than once
    ahead = tuple(check_whole("lookaheads", lookaheads).tolist())
    options = Options(
        sizes, horizon, replicates, seed, precision, device, learner, ahead, inputs_ahead, progress, model
    )
    path = os.fspath(source) if isinstance(source, os.PathLike) else source
    if is_data(source) or (isinstance(path, str) and is_recording(path)):
        source = find_recording(source, output, input, by, time, dt, dialect)
        if not (isinstance(inputs, str) and inputs == "zero"):
            raise ValueError(
                "inputs is the known input of a system; that of a recording is input, a column or an array."
            )
        of_system = dict(noise=noise != "normal", missing=missing != Missing(), Q=Q is not None, R=R is not None)
        of_system |= dict(delay=delay is not None, input_noise=input_noise is not None)
        if wrong := [word for word, given in of_system.items() if given]:
            raise ValueError(f"{', '.join(wrong)}: for a system; a recording has its own: leave it out.")
        return locate_recording(source, options, center, name)
    columns = dict(output=output, input=input, by=by, time=time, dialect=dialect)
    if columns != dict(output=(), input=(), by=None, time=None, dialect=None):
        raise ValueError(
            f"{', '.join(columns)} tell how a recording is read, and {printable(str(source), 60)} is a system: leave "
            "them out. The known input of a system is inputs='white', .. or an array."
        )
    system = find_system(source, Q, R, dt, delay, input_noise)
    return locate_system(system if name is None else system.replace(name=name), options, inputs, missing, noise)
