"""Locate on models fitted to a recording: what many runs of the plant might have shown."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...learners._engine.driver import Driver
from ...learners._engine.replay import score
from ...simulator import LinearSystem, Trajectories, simulate_chunks
from .._growth.critical_size import Critical, critical_size
from .._growth.curves import curves, log_edges
from .._growth.laws import critical_interval, growth_laws
from .._growth.output_units import in_noise_units
from .autoregression import Autoregression, autoregression, fit_order
from .model_answer import ModelAnswer
from .options import SHORTEST, Options
from .unfit_columns import unfit_reason

LONGEST = 20_000  # samples of each run of a model
LARGEST_ORDER = 24
DRAWN = 200  # models drawn for the range of the largest eigenvalue
SIMULATED = 4  # of these, beside the fitted model
LEVEL = 0.01  # of the portmanteau test
SETTLED = 0.01  # what is left of the past
FAR = 20.0  # log of the growth over the recording that no estimate of an eigenvalue on the circle shows
_Found: TypeAlias = tuple[Critical, tuple[int | None, int | None]]


def model_answers(recording: Trajectories, options: Options, driver: Driver) -> tuple[ModelAnswer, ...]:
    """Fit autoregressions to a recording, simulate them and locate on the runs; one answer for each lookahead.

    Each model is run 64 times, as long as the recording (at most 20 000 samples) and with its inputs. The models are

    * the fitted one;
    * of 200 models drawn from the asymptotic law of its coefficients, those with the smallest and the largest
      |eigenvalue|, and two others;
    * models with the largest eigenvalue, the two largest, .. moved onto the unit circle, if the recording may come from
      them: at least 2 of their runs, with the recording's missing samples and fitted in the same way, must put the last
      moved eigenvalue as far from the circle. Near the circle estimates are biased and not normal. An eigenvalue that
      grows e^20-fold over the recording is outside for sure.

    A size is named only if all models agree. No two runs share a path of the inputs: each takes the recorded inputs of
    one run, from a random sample on and around its end. If no model comes near the unit circle, all errors are bounded
    and nothing is simulated; that is if lambda^(T/10) < 1/100 for the largest |eigenvalue|, so that the error of no tap
    settles within T/20. Nothing is simulated either if the residuals are not white at 1 % over 20 lags
    beyond the order.

    Args:
        recording: One or several runs.
        options: The options of ``locate``: replicates, seed, precision, device, progress.
        driver: The driver of the learner, without an oracle.

    References:
        J. Y. Park, Bootstrap unit root tests, 2003: for the models on the circle.
        G. M. Ljung, G. E. P. Box, On a measure of lack of fit in time series models, 1978.
        J. R. M. Hosking, The multivariate portmanteau statistic, 1980.
    """
    learner, replicates = driver.learner, options.replicates
    horizon = min(int(recording.lengths.max()), LONGEST)
    fitted = autoregression(recording, LARGEST_ORDER)

    def nothing(reason: str) -> tuple[ModelAnswer, ...]:
        order, white = (None, None) if fitted is None else (fitted.order, fitted.whiteness)
        radii = None if fitted is None else (fitted.radius,) * 3
        answer = ModelAnswer(order, radii, white, None, "undecided", reason, None, horizon, replicates, 0)
        return (answer,) * len(learner.lookaheads)

    if fitted is None:
        return nothing(unfit_reason(recording))
    if not fitted.whiteness >= LEVEL:
        return nothing(f"linear models of order up to {fitted.tried} do not fit this recording")
    rng = np.random.default_rng(options.seed)
    drawn = sorted((fitted.drawn(rng) for _ in range(DRAWN)), key=lambda model: model.radius)
    others = [drawn[0], drawn[-1], *(drawn[k] for k in rng.choice(np.arange(1, DRAWN - 1), SIMULATED - 2, False))]
    seen, radii = _observed(recording)[:horizon], (fitted.radius, drawn[0].radius, drawn[-1].radius)
    if radii[2] < SETTLED ** (10 / len(seen)):
        answer = _stable(fitted, radii, learner.sizes[0], horizon, replicates)
        return (answer,) * len(learner.lookaheads)
    models, found = [fitted, *others] if fitted.order else [fitted], []
    paths = _input_paths(recording, horizon, replicates, options.seed)
    for count, edge in fitted.on_the_circle():
        if _off(fitted, count) * len(seen) > FAR:
            continue
        if _may_be(edge, count, fitted, options, seen, paths):
            models.append(edge)
        elif _off(fitted, count) < 0:  # an eigenvalue outside the circle tells nothing about the next ones
            break
    for k, model in enumerate(models):
        progress = partial(_tell, options, k * horizon, len(models) * horizon)
        located = _located(model, k, driver, options, horizon, paths, progress)
        if located is None:
            return nothing("one of the fitted models explodes at once")
        found.append(located)
    horizon = min(samples for samples, _ in found)
    return tuple(
        _agreed(
            [each[j] for _, each in found],
            ModelAnswer(
                fitted.order, radii, fitted.whiteness, None, "undecided", "", None, horizon, replicates, len(models)
            ),
        )
        for j in range(len(learner.lookaheads))
    )


def _agreed(found: list[_Found], answer: ModelAnswer) -> ModelAnswer:
    criticals, intervals = zip(*found, strict=True)
    highs = [high for _, high in intervals]
    lows = [low for low, _ in intervals if low is not None]
    low, high = min(lows) if len(lows) == len(intervals) else None, None if None in highs else max(highs)
    answer = answer._replace(interval=(low, high))
    first: Critical = criticals[0]
    if all(each.verdict == first.verdict and each.bounded == first.bounded for each in criticals):
        size, verdict, reason, bounded, _ = first
        return answer._replace(critical_size=size, verdict=verdict, reason=reason, bounded=bounded)
    return answer._replace(reason="models that the recording does not tell apart disagree; more runs would decide it")


def _stable(
    fitted: Autoregression, radii: tuple[float, float, float], smallest: int, horizon: int, replicates: int
) -> ModelAnswer:
    """Return the answer if all models forget their past within the recording: every size is bounded."""
    critical = None if smallest else 0
    return ModelAnswer(
        order=fitted.order,
        radii=radii,
        whiteness=fitted.whiteness,
        critical_size=critical,
        verdict="at most" if smallest else "located",
        reason="no model comes near the unit circle, so the error of every size is bounded",
        interval=(critical, smallest),
        horizon=horizon,
        replicates=replicates,
        models=0,
        bounded=smallest,
    )


def _located(
    model: Autoregression,
    place: int,
    driver: Driver,
    options: Options,
    horizon: int,
    paths: NDArray[np.float64],
    progress: Callable[[int], None],
) -> tuple[int, list[_Found]] | None:
    """Locate on the runs of one model; return None if it explodes at once.

    Returns:
        The number of samples before rounding reaches the noise, and for each lookahead the critical size and its
        interval.
    """
    system, replicates = model.system(), options.replicates
    with np.errstate(over="ignore", invalid="ignore"):
        outputs = _simulated(system, place, options, horizon, paths)
        horizon = _trusted(outputs, system, options)
        if horizon < SHORTEST:
            return None
        edges = log_edges(horizon)
        sums = score(
            driver,
            [outputs[:horizon]],
            lambda t: paths[np.minimum(t, len(paths) - 1)],
            np.full(replicates, horizon),
            edges.tolist(),
            progress,
            whole=True,
        )
    noise = np.sqrt(np.diag(model.covariance))
    frame = curves(in_noise_units(sums, noise), driver.learner, system.name)
    parts = (frame.filter(pl.col("lookahead") == lookahead) for lookahead in driver.learner.lookaheads)
    seed = options.seed
    return horizon, [(critical_size(growth_laws(part, seed)), critical_interval(part, seed)) for part in parts]


def _simulated(
    system: LinearSystem, place: int, options: Options, horizon: int, paths: NDArray[np.float64]
) -> NDArray[np.floating[Any]]:
    """Simulate runs of a model from zero, ``(time, output, replicate)``; each place has its own noise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a surplus lag is a mode that the output does not show
        noisy = system.replace(B=None, D=None) if system.inputs else system
    chunks = simulate_chunks(options.seed, noisy, horizon, options.replicates, series=place)
    outputs = np.concatenate([chunk.outputs for chunk in chunks])
    return outputs + _response(system, paths[:horizon]) if system.inputs else outputs


def _response(system: LinearSystem, paths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the response of a model to its inputs without noise, ``(time, output, replicate)``."""
    x, response = np.zeros((system.states, paths.shape[2])), []
    with np.errstate(over="ignore", invalid="ignore"):
        for u in paths:
            response.append(system.C @ x + system.D @ u)
            x = system.A @ x + system.B @ u
    return np.stack(response)


def _input_paths(recording: Trajectories, horizon: int, replicates: int, seed: int) -> NDArray[np.float64]:
    """Return a path of the inputs for each replicate, ``(time, input, replicate)``, as deviations from the mean.

    A path is the input of one recorded run, from a random sample on and around its end. A missing input takes the last
    value.
    """
    rng, paths = np.random.default_rng([seed, DRAWN]), []
    for _ in range(replicates if recording.inputs.shape[2] else 0):
        run = int(rng.integers(len(recording.lengths)))
        u = np.asarray(recording.inputs[run, : recording.lengths[run]], float)
        held = pl.DataFrame(u).fill_nan(None).fill_null(strategy="forward").fill_null(strategy="backward").to_numpy()
        times = (np.arange(horizon) + rng.integers(len(held))) % len(held)
        paths.append((held - held.mean(axis=0))[times])
    return np.stack(paths, axis=2) if paths else np.zeros((horizon, 0, replicates))


def _may_be(
    edge: Autoregression,
    count: int,
    fitted: Autoregression,
    options: Options,
    seen: NDArray[np.bool_],
    paths: NDArray[np.float64],
) -> bool:
    """Return whether the recording may come from a model on the circle, by fits to runs of that model."""
    system, horizon = edge.system(), len(seen)
    outputs = _simulated(system, DRAWN, options, horizon, paths)
    outputs = np.where(seen, np.asarray(outputs, float).transpose(2, 0, 1), np.nan)
    inputs, lengths = paths[:horizon].transpose(2, 0, 1), np.array([horizon])
    names = tuple(map(str, range(system.outputs))), tuple(map(str, range(system.inputs))), ("run",)
    pairs = zip(outputs, inputs, strict=True)
    refits = (fit_order(Trajectories(y[None], u[None], lengths, None, *names), fitted.order) for y, u in pairs)
    distances = np.array([_off(refit, count) for refit in refits if refit is not None])
    found = _off(fitted, count)
    as_far = (distances <= found).sum() if found < 0 else (distances >= found).sum()
    return bool(as_far >= 2)


def _off(model: Autoregression, count: int) -> float:
    return float(np.log(np.maximum(np.abs(model.eigenvalues[count - 1]), np.finfo(float).tiny)))


def _tell(options: Options, before: int, total: int, done: int) -> None:
    options.progress(before + done, total)


def _trusted(outputs: NDArray[np.floating[Any]], system: LinearSystem, options: Options) -> int:
    """Return the number of samples before rounding reaches a thousandth of the noise."""
    limit = 1e-3 * np.sqrt(np.trace(system.Q)) / np.finfo(options.precision).eps
    beyond = ~(np.abs(outputs).max(axis=(1, 2)) <= limit)  # NaN counts as beyond
    return int(beyond.argmax()) if beyond.any() else len(outputs)


def _observed(recording: Trajectories) -> NDArray[np.bool_]:
    """Return which samples of the longest run were observed, up to the last one, ``(time, output)``."""
    there = np.isfinite(recording.outputs) & (
        np.arange(recording.outputs.shape[1])[:, None] < recording.lengths[:, None, None]
    )
    seen = there[there.sum(axis=(1, 2)).argmax()]
    return np.asarray(seen[: int(np.flatnonzero(seen.any(axis=1))[-1]) + 1])
