"""Locate on models fitted to a recording: what many runs of the plant might have shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import jax
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.devices import computing
from ...learners._engine.driver import Driver
from ...learners._engine.replay import score
from ...simulator import LinearSystem, Trajectories, simulate_chunks
from ...simulator._simulation.inputs import Signal, input_signal
from .._growth.critical_size import Critical, critical_size
from .._growth.curves import curves, log_edges
from .._growth.laws import critical_interval, growth_laws
from .autoregression import Autoregression, autoregression, fit_order
from .model_answer import ModelAnswer
from .options import SHORTEST, Options

LONGEST = 20_000  # samples of each run of a model
LARGEST_ORDER = 24
DRAWN = 200  # models drawn for the range of the largest eigenvalue
SIMULATED = 4  # of these, beside the fitted model
LEVEL = 0.01  # of the portmanteau test
FAR = 20.0  # log of the growth over the recording that no estimate of an eigenvalue on the circle shows
_Found: TypeAlias = tuple[Critical, tuple[int, int | None]]


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

    A size is named only if all models agree. Nothing is simulated if the residuals are not white at 1 % over 20 lags
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
        return nothing("an autoregression cannot be fitted: too few rows without missing samples, or no noise")
    if not fitted.whiteness >= LEVEL:
        return nothing(
            f"the residuals of an autoregression of order {fitted.order} are not white (portmanteau test, "
            f"p = {fitted.whiteness:.1g}), so it is not a model of this plant"
        )
    rng = np.random.default_rng(options.seed)
    drawn = sorted((fitted.drawn(rng) for _ in range(DRAWN)), key=lambda model: model.radius)
    others = [drawn[0], drawn[-1], *(drawn[k] for k in rng.choice(np.arange(1, DRAWN - 1), SIMULATED - 2, False))]
    models, found = [fitted, *others] if fitted.order else [fitted], []
    signal, seen = _recorded_inputs(recording), _observed(recording)[:horizon]
    for count, edge in fitted.on_the_circle():
        if _off(fitted, count) * len(seen) > FAR:
            continue
        if _may_be(edge, count, fitted, options, seen, signal):
            models.append(edge)
        elif _off(fitted, count) < 0:  # an eigenvalue outside the circle tells nothing about the next ones
            break
    for k, model in enumerate(models):
        progress = partial(_tell, options, k * horizon, len(models) * horizon)
        located = _located(model, k, driver, options, horizon, signal, progress)
        if located is None:
            return nothing("one of the fitted models explodes at once")
        found.append(located)
    horizon = min(samples for samples, _ in found)
    radii = fitted.radius, drawn[0].radius, drawn[-1].radius
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
    low, high = min(low for low, _ in intervals), None if None in highs else max(highs)
    answer = answer._replace(interval=(low, high))
    first: Critical = criticals[0]
    if all(each.verdict == first.verdict and each.size == first.size for each in criticals):
        return answer._replace(critical_size=first.size, verdict=first.verdict, reason=first.reason)
    return answer._replace(reason="models that the recording does not tell apart disagree; more runs would decide it")


def _located(
    model: Autoregression,
    place: int,
    driver: Driver,
    options: Options,
    horizon: int,
    inputs: NDArray[np.float64],
    progress: Callable[[int], None],
) -> tuple[int, list[_Found]] | None:
    """Locate on the runs of one model; return None if it explodes at once.

    Returns:
        The number of samples before rounding reaches the noise, and for each lookahead the critical size and its
        interval.
    """
    system, replicates = model.system(), options.replicates
    signal = input_signal(inputs, system.inputs)
    with computing(options.precision, options.device), np.errstate(over="ignore", invalid="ignore"):
        outputs = _simulated(system, place, options, horizon, signal)
        horizon = _trusted(outputs, system, options)
        if horizon < SHORTEST:
            return None
        edges = log_edges(horizon)
        sums = score(
            driver, [outputs[:horizon]], signal, np.full(replicates, horizon), edges.tolist(), progress, whole=True
        )
    frame = curves(sums, driver.learner, system.name)
    parts = (frame.filter(pl.col("lookahead") == lookahead) for lookahead in driver.learner.lookaheads)
    seed = options.seed
    return horizon, [(critical_size(growth_laws(part, seed)), critical_interval(part, seed)) for part in parts]


def _simulated(
    system: LinearSystem, place: int, options: Options, horizon: int, signal: Signal
) -> NDArray[np.floating[Any]]:
    """Simulate runs of a model from zero, ``(time, output, replicate)``; each place has its own noise."""
    key = jax.random.fold_in(jax.random.key(options.seed), place)
    chunks = simulate_chunks(key, system, horizon, options.replicates, inputs=signal, blocks=16, device=options.device)
    return np.concatenate([np.asarray(chunk.outputs) for chunk in chunks])


def _may_be(
    edge: Autoregression,
    count: int,
    fitted: Autoregression,
    options: Options,
    seen: NDArray[np.bool_],
    inputs: NDArray[np.float64],
) -> bool:
    """Return whether the recording may come from a model on the circle, by fits to runs of that model."""
    system, horizon = edge.system(), len(seen)
    with computing(options.precision, options.device):
        outputs = _simulated(system, DRAWN, options, horizon, input_signal(inputs, system.inputs))
    outputs = np.where(seen, np.asarray(outputs, float).transpose(2, 0, 1), np.nan)
    u, lengths = np.broadcast_to(inputs[:horizon], (1, horizon, inputs.shape[1])), np.array([horizon])
    names = tuple(map(str, range(system.outputs))), tuple(map(str, range(system.inputs))), ("run",)
    refits = (fit_order(Trajectories(y[None], u, lengths, None, *names), fitted.order) for y in outputs)
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


def _recorded_inputs(recording: Trajectories) -> NDArray[np.float64]:
    """Return the inputs of the longest run as deviations from their mean. A missing input takes the last value."""
    run = int(np.argmax(recording.lengths))
    u = np.asarray(recording.inputs[run, : recording.lengths[run]], float)
    if u.shape[1] == 0:
        return u
    held = pl.DataFrame(u).fill_nan(None).fill_null(strategy="forward").fill_null(strategy="backward").to_numpy()
    return np.asarray(held - held.mean(axis=0))
