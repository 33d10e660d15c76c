"""From a system or a recording to its critical size: the main job of the instrument."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal, NamedTuple, TypeAlias

import jax
import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from ..learners import (
    Driver,
    Learner,
    Scores,
    kalman,
    ladder,
    lattice,
    qr_array,
    score,
    score_recording,
    submatrix,
    truncated_kalman,
)
from ..simulator import (
    LinearSystem,
    Missing,
    Noise,
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
from ._doors import check_whole
from ._errors import best_errors
from ._growth import FEWEST_GROUPS, critical_interval, growth_laws
from ._kalman import kalman_gain
from ._location import FORECASTS, Location, ahead_words, recording_sentence, rung_table, system_sentence, versions
from ._memory import check_memory
from ._modes import critical_length
from ._regret import explosive, learning_cost, regret_size
from ._submatrix import critical_block
from ._theory import Theory, theory, trust_horizon

LEARNERS = ("ladder", "lattice", "qr-array", "submatrix", "truncated-kalman")
InputsAhead: TypeAlias = Literal["known", "held"]
LEARNED = ("ladder", "lattice", "qr-array")
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
    lookaheads: tuple[int, ...]
    inputs_ahead: InputsAhead | None
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
    lookaheads: Iterable[int] = (1,),
    inputs: str | ArrayLike = "zero",
    inputs_ahead: InputsAhead | None = None,
    missing: Missing = Missing(),
    noise: Noise = "normal",
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
    claimed; the size that is best on it is given instead, with what the recording cannot tell apart from it. Of a
    system that varies in time, theory names no size.

    Each lookahead H has a verdict of its own, on the forecasts of y[t+H] made when y[t] was the last sample known, by
    the weights of then, and against the Kalman forecast H ahead. They are *iterated* one-step forecasts with
    ``"ladder"``, *direct* ones, fitted to y[t+H] itself, with ``"qr-array"``. Theory for direct forecasts is
    ``critical_length`` at that lookahead; an iterated one is bounded from where its one-step filter is.

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
        centre: What is taken off a recording first, as in ``Driver``.
        Q, R, dt: For a python-control plant, as in ``from_control``.
        progress: Called with the samples done and the samples in all.

    Raises:
        ValueError: Bad sizes, horizon, replicates, lookaheads, precision, device or source; the message says what to
            do.
    """
    if inputs_ahead not in (None, "known", "held"):
        raise ValueError(f"inputs ahead are known or held, got {inputs_ahead!r}.")
    ahead = tuple(check_whole("lookaheads", lookaheads).tolist())
    options = _Options(sizes, horizon, replicates, seed, precision, device, learner, ahead, inputs_ahead, progress)
    if isinstance(source, Trajectories):
        if noise != "normal":
            raise ValueError(f"a recording has noise of its own, got {noise!r}: leave it out.")
        return _locate_recording(source, options, centre)
    if isinstance(source, str):
        source = find_system(source, Q, R, dt)
    elif not isinstance(source, LinearSystem):
        if Q is None or R is None:
            raise ValueError("a python-control plant needs its noise: pass the covariances Q and R.")
        source = from_control(source, Q, R, dt)
    return _locate_system(source, options, inputs, missing, noise)


def _locate_system(
    system: LinearSystem, options: _Options, inputs: str | ArrayLike, missing: Missing, noise: Noise
) -> Location:
    asked = _count("horizon", 20_000 if options.horizon is None else options.horizon, SHORTEST)
    replicates = _count("replicates", options.replicates, 1)
    driven = system.inputs > 0 and not (isinstance(inputs, str) and inputs == "zero")
    if not driven:
        system = system.replace(B=None, D=None)

    def learner_of(sizes: Iterable[int] | None) -> Learner:
        return _learner(options._replace(sizes=sizes), (system.outputs, system.inputs), range(17), system)

    def driver_of(learner: Learner) -> Driver:
        return Driver(
            learner,
            system.outputs,
            system.inputs,
            oracle=kalman(system, lookaheads=learner.lookaheads),
            precision=options.precision,
            device=options.device,
            known_ahead=int(_direct_term(system)) if ahead == "held" else None,
            **(dict(width=replicates) if learner.pooled else {}),
        )

    learner = learner_of(options.sizes)
    if learner.sizes[-1] >= asked:
        raise ValueError(f"size {learner.sizes[-1]} is beyond the horizon of {asked} samples: try smaller sizes.")
    trust = trust_horizon(system, options.precision, asked)
    horizon = asked if trust is None else min(asked, trust)
    _check_ahead(learner, horizon)
    ahead = _inputs_ahead(options, learner, system.inputs, "known")
    signal = input_signal(inputs, system.inputs)
    edges = log_edges(horizon).tolist()
    check_memory(driver_of, learner_of, learner.sizes, replicates, len(edges))
    with computing(options.precision, options.device):
        driver = driver_of(learner)
        chunks = simulate_chunks(
            jax.random.key(options.seed),
            system,
            horizon,
            replicates,
            inputs=signal,
            missing=missing,
            noise=noise,
            device=options.device,
        )
        sums = score(
            driver,
            (chunk.outputs for chunk in chunks),
            signal,
            np.full(replicates, horizon),
            edges,
            lambda done: options.progress(done, horizon),
            whole=missing.rate == 0,
            share=1 << max((replicates // GROUPS).bit_length() - 1, 0),
        )
        settings = _settings(options, learner, ahead, "none", asked, replicates)
    settings |= dict(inputs=inputs if isinstance(inputs, str) else "given", missing=missing._asdict(), noise=noise)
    frame, general = curves(sums, learner, system.name), None if system.time_varying else theory(system)
    parts = []
    for lookahead in learner.lookaheads:
        rungs, horizons = _rungs(frame, lookahead, options.seed)
        critical = critical_size(rungs)
        expected, slope, unstable = None, None, False
        own = frame.filter(pl.col("lookahead") == lookahead)
        if general is not None:
            size, unstable = _expected_size(general, system, driven, learner.name, lookahead), explosive(system)
            expected = general._replace(critical_size=size)
        if expected is not None and not driven:
            sizes = critical.size, expected.critical_size
            slope = _exact_slope(system, sizes, horizon, learner.name, lookahead)
        best, regret, cost = _best_of_system(own, options.seed), None, None
        if not unstable:
            regret = regret_size(own, options.seed)
        elif critical.size is not None and lookahead == 1 and learner.name in LEARNED:
            cost = learning_cost(system, critical.size, horizon)
        part = Location(
            critical_size=critical.size,
            verdict=critical.verdict,
            reason=critical.reason,
            sentence=system_sentence(
                system.name + ahead_words(settings, lookahead),
                learner.name,
                critical,
                expected,
                horizon,
                asked,
                replicates,
                best,
                regret,
                cost,
                slope,
            ),
            interval=critical_interval(own, options.seed) if critical.verdict == "located" else None,
            regret=regret,
            theory=expected,
            horizon=horizon,
            trust_horizon=trust,
            rungs=rungs,
            horizons=horizons,
            curves=frame,
            best=best,
            system=system.name,
            settings=settings,
            lookahead=lookahead,
        )
        parts.append(part)
    return replace(parts[0], further=tuple(parts[1:]))


def _rungs(frame: pl.DataFrame, lookahead: int, seed: int) -> tuple[pl.DataFrame, tuple[int, ...]]:
    part = frame.filter(pl.col("lookahead") == lookahead)
    return rung_table(part, growth_laws(part, seed))


def _expected_size(general: Theory, system: LinearSystem, driven: bool, learner: str, lookahead: int) -> int | None:
    """Return the size from which on theory says that this learner's error is bounded, where it names one."""
    if learner == "submatrix":
        return critical_block(system)
    if learner not in ("ladder", "lattice", "qr-array"):
        return None
    if driven:  # such modes must be cancelled like those that noise drives: no finite window recalls all of u
        system = system.replace(Q=system.Q + system.B @ system.B.T)
    if learner == "qr-array" and lookahead > 1:
        return critical_length(system, lookahead=lookahead)
    return critical_length(system) if driven else general.critical_size


def _exact_slope(
    system: LinearSystem, sizes: tuple[int | None, int | None], horizon: int, learner: str, lookahead: int
) -> float | None:
    """Return the log-log slope over t > T/20 of the best filter's exact error, at the lesser of two different sizes.

    None where a size is missing, both are the same, or the learner does not fit that filter.
    """
    first, second = sizes
    fits = learner in (("ladder", "qr-array") if lookahead == 1 else ("qr-array",))
    if first is None or second is None or first == second or not fits:
        return None
    times = np.unique(np.geomspace(max(horizon / 20, lookahead + 1), horizon, 12).astype(int))
    errors = best_errors(system, [min(first, second)], times, lookahead=lookahead)[:, 0]
    return float(np.polyfit(np.log(times), np.log(errors), 1)[0])


def _locate_recording(recording: Trajectories, options: _Options, centre: Any) -> Location:
    horizon = longest = int(recording.lengths.max())
    if options.horizon is not None:
        horizon = min(longest, _count("horizon", options.horizon, SHORTEST))
    if horizon < SHORTEST:
        raise ValueError(f"a recording needs at least {SHORTEST} samples, got {horizon}.")
    channels = recording.outputs.shape[2], recording.inputs.shape[2]
    default = range(min(16, horizon // (5 * sum(channels))) + 1)

    def learner_of(sizes: Iterable[int] | None) -> Learner:
        return _learner(options._replace(sizes=sizes), channels, default)

    learner = learner_of(options.sizes)
    if learner.sizes[-1] > horizon // 2:
        raise ValueError(
            f"size {learner.sizes[-1]} is beyond the data: {horizon} samples carry sizes up to {horizon // 2}."
        )
    _check_ahead(learner, horizon)
    ahead = _inputs_ahead(options, learner, channels[1], "held")
    recording = recording.first(horizon)
    largest = float(np.nanmax(np.abs(recording.outputs), initial=0.0))
    if largest > float(np.finfo(options.precision).max):
        raise ValueError(f"the recording reaches {largest:.3g}, more than float32 holds: use float64.")
    runs, name = len(recording.lengths), ", ".join(recording.output_names)
    coarse = log_edges(horizon)
    fine = {lookahead: block_edges(horizon, lookahead=lookahead) for lookahead in learner.lookaheads}
    edges = np.unique(np.concatenate([coarse, *fine.values()])).tolist()
    scored: dict[str, Any] = dict(
        precision=options.precision, device=options.device, known_ahead=1 if ahead == "held" else None
    )
    width: dict[str, Any] = dict(width=runs) if learner.pooled else {}
    check_memory(
        lambda some: Driver(some, channels[0], channels[1], **scored, **width),
        learner_of,
        learner.sizes,
        runs,
        len(edges),
    )
    with computing(options.precision, options.device):
        sums = score_recording(
            learner,
            recording,
            edges,
            progress=lambda done: options.progress(done, horizon),
            centre=centre,
            **scored,
        )
        centre_ = centre if isinstance(centre, str) else list(centre)
        settings = _settings(options, learner, ahead, centre_, horizon, runs)
    trust = _trusted(recording, rebin(sums, coarse), options.precision)
    if trust is not None and trust >= SHORTEST:
        sums, coarse = _until(sums, trust), coarse[coarse <= trust]
        fine = {lookahead: np.append(edges[edges < trust], trust) for lookahead, edges in fine.items()}
    frame, parts = curves(rebin(sums, coarse), learner, name), []
    for j, lookahead in enumerate(learner.lookaheads):
        rungs, horizons = _rungs(frame, lookahead, options.seed)
        best = _best(rebin(sums, fine[lookahead]), learner, j, options.seed)
        paired = best.pairs.select("size", paired="verdict")
        rungs = rungs.join(paired, on="size", how="left", maintain_order="left")
        critical = _claimed(critical_size(rungs), runs, trust)
        own = frame.filter(pl.col("lookahead") == lookahead)
        subject = name + ahead_words(settings, lookahead)
        part = Location(
            critical_size=critical.size,
            verdict=critical.verdict,
            reason=critical.reason,
            sentence=recording_sentence(subject, learner.name, critical, best, int(sums.edges[-1]), horizon, runs),
            interval=critical_interval(own, options.seed) if critical.verdict == "located" else None,
            regret=None,
            theory=None,
            horizon=int(sums.edges[-1]),
            trust_horizon=trust,
            rungs=rungs,
            horizons=horizons,
            curves=frame,
            best=best,
            system=name,
            settings=settings,
            lookahead=lookahead,
        )
        parts.append(part)
    return replace(parts[0], further=tuple(parts[1:]))


def _claimed(critical: Critical, runs: int, trust: int | None) -> Critical:
    """Return what a recording may claim of the critical size."""
    if runs < FEWEST_GROUPS:
        few = (
            f"{runs} run{'s' * (runs > 1)} cannot show whether the error is bounded, for one path does not average; "
            f"record {FEWEST_GROUPS} or more."
        )
        return Critical(None, "undecided", few)
    if trust is not None and trust < SHORTEST:
        return Critical(None, "undecided", f"rounding reaches the error at sample {trust}, noise or not.")
    return critical


def _best_of_system(curves: pl.DataFrame, seed: int) -> Best:
    """Compare the sizes over the groups of replicates by their excess, the first twentieth left out."""
    late = curves.filter((pl.col("metric") == "excess") & (pl.col("first") > pl.col("last").max() // 20))
    sums = late.group_by("group", "size").agg((pl.col("value") * pl.col("samples")).sum(), pl.col("samples").sum())
    table = sums.sort("group", "size")
    sizes = table["size"].unique().sort().to_list()
    losses, samples = (table[word].to_numpy().reshape(-1, len(sizes)) for word in ("value", "samples"))
    return best_size(losses, samples[:, 0], sizes, seed)


def _best(sums: Scores, learner: Learner, place: int, seed: int) -> Best:
    """Compare the sizes at one lookahead over the blocks of all runs, the first twentieth left out."""
    late = sums.edges[:-1] >= sums.edges[-1] // 20
    losses = np.moveaxis(sums.error[late, place].sum(axis=2), 2, 1).reshape(-1, len(learner.sizes))
    return best_size(losses, sums.samples[late, place].min(axis=1).reshape(-1), list(learner.sizes), seed)


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
    far = options.lookaheads != (1,)
    if isinstance(options.learner, Learner):
        own = options.learner
        if far and own.lookaheads != options.lookaheads:
            raise ValueError(
                f"your learner forecasts {own.lookaheads} samples ahead, asked for were {options.lookaheads}: make it "
                "with these, or leave lookaheads out."
            )
        return own
    whole = system is not None and np.array_equal(system.C, np.eye(system.states)) and not system.R.any()
    outputs, inputs = channels
    one_step = "submatrix" if whole and outputs > 1 else "lattice"
    name = options.learner or ("ladder" if outputs + inputs == 1 else "qr-array" if far else one_step)
    if name not in LEARNERS:
        raise ValueError(f"no learner is called {name!r}; there are {', '.join(LEARNERS)}.")
    if far and name not in FORECASTS:
        raise ValueError(
            f"{name} forecasts one sample ahead, asked for were {options.lookaheads}: choose ladder (iterated one-step "
            "forecasts of one output) or qr-array (direct forecasts, also of several outputs and with inputs)."
        )
    if name == "submatrix":
        return submatrix(range(1, outputs + 1) if options.sizes is None else options.sizes)
    sizes = default if options.sizes is None else options.sizes
    if name == "ladder":
        return ladder(sizes, lookaheads=options.lookaheads)
    direct = inputs > 0 and (system is None or _direct_term(system))
    if name == "lattice":
        return lattice(sizes, direct=direct, outputs=outputs, inputs=inputs)
    if name == "qr-array":
        return qr_array(sizes, lookaheads=options.lookaheads, direct=direct, outputs=outputs, inputs=inputs)
    if system is None:
        raise ValueError("truncated-kalman needs a system; a recording brings none.")
    return truncated_kalman(system, kalman_gain(system).gain, sizes)


def _direct_term(system: LinearSystem) -> bool:
    """Return whether u[t] is told when y[t] is predicted."""
    return bool(system.D.any())


def _inputs_ahead(options: _Options, learner: Learner, inputs: int, default: InputsAhead) -> InputsAhead | None:
    """Return whether inputs ahead are known or held; None where there are none to know."""
    if options.inputs_ahead is not None and not inputs:
        raise ValueError(
            f"inputs ahead cannot be {options.inputs_ahead} where there is no input: name it, or leave this out."
        )
    return (options.inputs_ahead or default) if inputs and learner.lookaheads != (1,) else None


def _check_ahead(learner: Learner, horizon: int) -> None:
    furthest = learner.lookaheads[-1]
    if furthest > max(horizon // 4, 1):
        raise ValueError(
            f"a look-ahead of {furthest} samples needs a horizon of at least {4 * furthest}, there are {horizon}."
        )


def _count(word: str, value: int, least: int) -> int:
    if int(value) != value or value < least:
        raise ValueError(f"{word} must be a whole number of at least {least}, got {value}.")
    return int(value)


def _settings(
    options: _Options, learner: Learner, ahead: InputsAhead | None, centre: Any, horizon: int, replicates: int
) -> dict[str, Any]:
    devices = find_devices(options.device)
    return dict(
        learner=learner.name,
        sizes=list(learner.sizes),
        lookaheads=list(learner.lookaheads),
        forecasts=FORECASTS.get(learner.name) if learner.lookaheads[-1] > 1 else "one-step forecasts",
        inputs_ahead=ahead,
        horizon=horizon,
        replicates=replicates,
        seed=options.seed,
        precision=options.precision,
        device=", ".join(f"{device.platform}:{device.id} ({device.device_kind})" for device in devices),
        centre=centre,
        versions=versions(),
    )
