"""From a system or a recording to its critical size: the main job of the instrument."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import ArrayLike

from ..learners import (
    Driver,
    Learner,
    Scores,
    kalman,
    ladder,
    lattice,
    score,
    score_recording,
    submatrix,
    truncated_kalman,
)
from ..simulator import (
    LinearSystem,
    Missing,
    Precision,
    Trajectories,
    computing,
    find_devices,
    find_system,
    from_control,
    input_signal,
    simulate_chunks,
)
from ._critical import Best, Critical, best_size, critical_size
from ._curves import GROUPS, block_edges, curves, log_edges, rebin
from ._errors import best_errors
from ._growth import FEWEST_GROUPS, growth_laws
from ._kalman import kalman_gain
from ._location import Location, recording_sentence, rung_table, system_sentence
from ._modes import critical_length
from ._submatrix import critical_block
from ._theory import theory, trust_horizon

LEARNERS = ("ladder", "lattice", "submatrix", "truncated-kalman")
SHORTEST = 16  # samples that a growth law can be fitted to
Progress = Callable[[int, int], None]  # samples done, samples in all


class _Options(NamedTuple):
    sizes: Iterable[int] | None
    horizon: int | None
    replicates: int
    seed: int
    precision: Precision
    device: str | None
    learner: str | Learner | None
    progress: Progress


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
    inputs: str | ArrayLike = "zero",
    missing: Missing = Missing(),
    centre: Any = "first",
    Q: ArrayLike | None = None,
    R: ArrayLike | None = None,
    dt: float | None = None,
    progress: Progress = lambda done, total: None,
) -> Location:
    """Locate the size from which on the prediction error stops growing.

    A system is simulated from a zero state, ``replicates`` runs of ``horizon`` samples, beside its Kalman predictor; a
    recording is replayed. A learner of every size predicts each sample before it is seen, and the growth of the mean
    squared error over the horizon is classified for each size. From fewer than 8 runs of a recording boundedness is not
    claimed; the size that is best on it is given instead, with what the recording cannot tell apart from it.

    Args:
        source: A system; a word that ``find_system`` takes; a python-control plant, then with
            ``Q`` and ``R``; or a recording.
        sizes: Sizes to try, rising; by default 0..16, fewer for a short recording.
        horizon: Samples of each run; by default 20 000, or all of a recording. A system is not run past its trust
            horizon.
        replicates: Independent runs of a system.
        seed: Of the simulation and of the bootstrap.
        precision: ``"float32"`` or ``"float64"``.
        device: ``"cpu"``, ``"gpu"``, ..; None leaves JAX's choice.
        learner: ``"ladder"`` (filter lengths of one output), ``"lattice"`` (of several outputs, or with inputs; then
            the default), ``"submatrix"`` (k x k blocks, for outputs that are the whole state; the default for a system
            that shows its state without noise), ``"truncated-kalman"``, or a learner of your own.
        inputs: Known input of a system, as in ``simulate``: one course for all replicates, of which the
            verdict speaks.
        missing: Which samples of a system are lost.
        centre: What is taken off a recording first, as in ``Driver``.
        Q, R, dt: For a python-control plant, as in ``from_control``.
        progress: Called with the samples done and the samples in all.

    Raises:
        ValueError: Bad sizes, horizon, replicates, precision, device or source; the message says what to do.
    """
    options = _Options(sizes, horizon, replicates, seed, precision, device, learner, progress)
    if isinstance(source, Trajectories):
        return _locate_recording(source, options, centre)
    if isinstance(source, str):
        source = find_system(source, Q, R, dt)
    elif not isinstance(source, LinearSystem):
        if Q is None or R is None:
            raise ValueError("a python-control plant needs its noise: pass the covariances Q and R.")
        source = from_control(source, Q, R, dt)
    return _locate_system(source, options, inputs, missing)


def _locate_system(system: LinearSystem, options: _Options, inputs: str | ArrayLike, missing: Missing) -> Location:
    asked = _count("horizon", 20_000 if options.horizon is None else options.horizon, SHORTEST)
    replicates = _count("replicates", options.replicates, 1)
    driven = system.inputs > 0 and not (isinstance(inputs, str) and inputs == "zero")
    if not driven:
        system = system.replace(B=None, D=None)
    learner = _learner(options, (system.outputs, system.inputs), range(17), system)
    if learner.sizes[-1] >= asked:
        raise ValueError(f"size {learner.sizes[-1]} is beyond the horizon of {asked} samples: try smaller sizes.")
    trust = trust_horizon(system, options.precision)
    horizon = asked if trust is None else min(asked, trust)
    signal = input_signal(inputs, system.inputs)
    with computing(options.precision, options.device):
        driver = Driver(
            learner,
            system.outputs,
            system.inputs,
            oracle=kalman(system),
            precision=options.precision,
            device=options.device,
            **(dict(width=replicates) if learner.pooled else {}),
        )
        chunks = simulate_chunks(
            jax.random.key(options.seed),
            system,
            horizon,
            replicates,
            inputs=signal,
            missing=missing,
            device=options.device,
        )
        sums = score(
            driver,
            (chunk.outputs for chunk in chunks),
            signal,
            np.full(replicates, horizon),
            log_edges(horizon).tolist(),
            lambda done: options.progress(done, horizon),
            whole=missing.rate == 0,
            share=1 << max((replicates // GROUPS).bit_length() - 1, 0),
        )
        settings = _settings(options, learner, "none", asked, replicates)
    frame = curves(sums, learner, system.name)
    rungs, horizons = rung_table(frame, growth_laws(frame, options.seed))
    critical = critical_size(rungs)
    expected = theory(system)
    if driven:  # such modes must be cancelled like those that noise drives: no finite window recalls all of u
        excited = system.replace(Q=system.Q + system.B @ system.B.T)
        expected = expected._replace(critical_size=critical_length(excited))
    if learner.name == "submatrix":
        expected = expected._replace(critical_size=critical_block(system))
    elif learner.name not in ("ladder", "lattice"):
        expected = expected._replace(critical_size=None)
    return Location(
        critical_size=critical.size,
        verdict=critical.verdict,
        reason=critical.reason,
        sentence=system_sentence(
            system.name,
            learner.name,
            critical,
            expected.critical_size,
            horizon,
            asked,
            replicates,
            _exact_slope(system, critical.size, horizon) if learner.name == "ladder" and not driven else None,
        ),
        theory=expected,
        horizon=horizon,
        trust_horizon=trust,
        rungs=rungs,
        horizons=horizons,
        curves=frame,
        best=None,
        system=system.name,
        settings=settings | dict(inputs=inputs if isinstance(inputs, str) else "given", missing=missing._asdict()),
    )


def _exact_slope(system: LinearSystem, size: int | None, horizon: int) -> float | None:
    """Return the log-log slope over t > T/20 of the best filter's exact error."""
    if size is None:
        return None
    times = np.unique(np.geomspace(max(horizon / 20, 2), horizon, 12).astype(int))
    return float(np.polyfit(np.log(times), np.log(best_errors(system, [size], times)[:, 0]), 1)[0])


def _locate_recording(recording: Trajectories, options: _Options, centre: Any) -> Location:
    horizon = longest = int(recording.lengths.max())
    if options.horizon is not None:
        horizon = min(longest, _count("horizon", options.horizon, SHORTEST))
    if horizon < SHORTEST:
        raise ValueError(f"a recording needs at least {SHORTEST} samples, got {horizon}.")
    channels = recording.outputs.shape[2], recording.inputs.shape[2]
    learner = _learner(options, channels, range(min(16, horizon // (5 * sum(channels))) + 1))
    if learner.sizes[-1] > horizon // 2:
        raise ValueError(
            f"size {learner.sizes[-1]} is beyond the data: {horizon} samples carry sizes up to {horizon // 2}."
        )
    recording = recording.first(horizon)
    largest = float(np.nanmax(np.abs(recording.outputs), initial=0.0))
    if largest > float(np.finfo(options.precision).max):
        raise ValueError(f"the recording reaches {largest:.3g}, more than float32 holds: use float64.")
    runs, name = len(recording.lengths), ", ".join(recording.output_names)
    coarse, fine = log_edges(horizon), block_edges(horizon)
    with computing(options.precision, options.device):
        sums = score_recording(
            learner,
            recording,
            np.union1d(coarse, fine).tolist(),
            progress=lambda done: options.progress(done, horizon),
            centre=centre,
            precision=options.precision,
            device=options.device,
        )
        settings = _settings(options, learner, centre if isinstance(centre, str) else list(centre), horizon, runs)
    trust = _trusted(recording, rebin(sums, coarse), options.precision)
    if trust is not None and trust >= SHORTEST:
        sums, coarse, fine = _until(sums, trust), coarse[coarse <= trust], np.append(fine[fine < trust], trust)
    frame = curves(rebin(sums, coarse), learner, name)
    rungs, horizons = rung_table(frame, growth_laws(frame, options.seed))
    best = _best(rebin(sums, fine), learner, options.seed)
    paired = best.pairs.select("size", paired="verdict")
    rungs = rungs.join(paired, on="size", how="left", maintain_order="left")
    critical = critical_size(rungs)
    if runs < FEWEST_GROUPS:
        few = (
            f"{runs} run{'s' * (runs > 1)} cannot show whether the error is bounded, for one path does not average; "
            f"record {FEWEST_GROUPS} or more."
        )
        critical = Critical(None, "undecided", few)
    elif trust is not None and trust < SHORTEST:
        critical = Critical(None, "undecided", f"rounding reaches the error at sample {trust}, noise or not.")
    return Location(
        critical_size=critical.size,
        verdict=critical.verdict,
        reason=critical.reason,
        sentence=recording_sentence(name, learner.name, critical, best, int(sums.edges[-1]), horizon, runs),
        theory=None,
        horizon=int(sums.edges[-1]),
        trust_horizon=trust,
        rungs=rungs,
        horizons=horizons,
        curves=frame,
        best=best,
        system=name,
        settings=settings,
    )


def _best(sums: Scores, learner: Learner, seed: int) -> Best:
    """Compare the sizes over the blocks of all runs, the first twentieth left out."""
    late = sums.edges[:-1] >= sums.edges[-1] // 20
    losses = np.moveaxis(sums.error[late, 0].sum(axis=2), 2, 1).reshape(-1, len(learner.sizes))
    return best_size(losses, sums.samples[late, 0].min(axis=1).reshape(-1), list(learner.sizes), seed)


def _trusted(recording: Trajectories, sums: Scores, precision: Precision) -> int | None:
    """Return the samples up to which rounding stays below a thousandth of the best root mean square error, if not all.

    The best error at a horizon is that of the best size over the later half of the time till then.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        centred = np.abs(recording.outputs - recording.outputs[:, :1])
        reached = np.maximum.accumulate(np.nanmax(centred, axis=(0, 2), initial=0.0))
        error, samples = sums.error[:, 0].sum(axis=(2, 3)), sums.samples[:, 0].sum(axis=(1, 2))
        for k, stop in enumerate(sums.edges[1:].tolist()):
            half = slice(int(np.searchsorted(sums.edges, stop / 2)), k + 1)
            best = (error[half].sum(axis=0) / max(samples[half].sum(), 1)).min()
            lost = not reached[stop - 1] * np.finfo(precision).eps <= 1e-3 * np.sqrt(best)  # NaN is lost, too
            if lost and samples[half].sum() and stop >= SHORTEST:
                return int(sums.edges[k])
    return None


def _until(sums: Scores, samples: int) -> Scores:
    """Return the sums of the stretches that end by then."""
    bins = int(np.searchsorted(sums.edges, samples))
    return Scores(sums.edges[: bins + 1], *(leaf[:bins] for leaf in sums[1:]))


def _learner(
    options: _Options, channels: tuple[int, int], default: Iterable[int], system: LinearSystem | None = None
) -> Learner:
    if isinstance(options.learner, Learner):
        return options.learner
    whole = system is not None and np.array_equal(system.C, np.eye(system.states)) and not system.R.any()
    outputs, inputs = channels
    name = options.learner or (
        "submatrix" if whole and outputs > 1 else "lattice" if outputs + inputs > 1 else "ladder"
    )
    if name not in LEARNERS:
        raise ValueError(f"no learner is called {name!r}; there are {', '.join(LEARNERS)}.")
    if name == "submatrix":
        return submatrix(range(1, outputs + 1) if options.sizes is None else options.sizes)
    sizes = default if options.sizes is None else options.sizes
    if name == "ladder":
        return ladder(sizes)
    if name == "lattice":
        direct = inputs > 0 and (system is None or bool(system.D.any()))
        return lattice(sizes, direct=direct, outputs=outputs, inputs=inputs)
    if system is None:
        raise ValueError("truncated-kalman needs a system; a recording brings none.")
    return truncated_kalman(system, kalman_gain(system).gain, sizes)


def _count(word: str, value: int, least: int) -> int:
    if int(value) != value or value < least:
        raise ValueError(f"{word} must be a whole number of at least {least}, got {value}.")
    return int(value)


def _settings(options: _Options, learner: Learner, centre: Any, horizon: int, replicates: int) -> dict[str, Any]:
    devices = find_devices(options.device)
    return dict(
        learner=learner.name,
        sizes=list(learner.sizes),
        horizon=horizon,
        replicates=replicates,
        seed=options.seed,
        precision=options.precision,
        device=", ".join(f"{device.platform}:{device.id} ({device.device_kind})" for device in devices),
        centre=centre,
        versions=dict(python=platform.python_version())
        | {name: version(name) for name in ("ergoscope", "jax", "numpy", "polars")},
    )
