"""Locate on models fitted to a recording: what replicates of it might have shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import jax
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..._core.devices import computing
from ...learners import Driver, score
from ...simulator import LinearSystem, Trajectories, simulate_chunks
from ...simulator._simulation.inputs import Signal, input_signal
from .._growth.critical_size import Critical, critical_size
from .._growth.curves import curves, log_edges
from .._growth.laws import critical_interval, growth_laws
from .autoregression import Autoregression, autoregression, fit_order
from .model_answer import ModelAnswer
from .options import SHORTEST, Options

LONGEST = 20_000  # samples of a model's run
LARGEST_ORDER = 24
DRAWN = 200  # models whose largest eigenvalue is looked at
SIMULATED = 4  # of them, beside the fitted one
LEVEL = 0.01  # of the portmanteau test
FAR = 20.0  # growth over the recording, in powers of e, that no estimate of an eigenvalue on the circle shows
_Found: TypeAlias = tuple[Critical, tuple[int, int | None]]


def model_answers(recording: Trajectories, options: Options, driver: Driver) -> tuple[ModelAnswer, ...]:
    """Fit autoregressions to a recording, simulate them and locate on these; one answer for each lookahead.

    The fitted model, the two of the least and the largest |eigenvalue| among 200 drawn from the asymptotic law of its
    coefficients, and two more of them are each run 64 times, as long as the recording (at most 20 000 samples), under
    its own inputs. A size is named only where all agree, and with them the models that have the largest eigenvalue, the
    two largest, .. moved onto the unit circle, as far as the recording may come from these: where at least 2 of their
    runs, with the recording's samples missing and fitted likewise, put the last of them as far off. For near one,
    estimates are biased and not normal. An eigenvalue that grows e^20-fold over the recording is surely outside.
    Nothing is simulated where the residuals are not white at 1 %, over the order's and 20 more lags.

    Args:
        recording: One or several runs.
        options: Of ``locate``: replicates, seed, precision, device, progress.
        driver: The learner made ready, without an oracle.

    References:
        J. Y. Park, Bootstrap unit root tests, 2003: of the model on the circle.
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
        return nothing("there are too few whole rows, or there is no noise, to fit an autoregression to")
    if not fitted.whiteness >= LEVEL:
        return nothing(
            f"what an autoregression of order {fitted.order} leaves is not white (portmanteau test, "
            f"p = {fitted.whiteness:.1g}), so it would speak of another plant"
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
        elif _off(fitted, count) < 0:  # what lies outside says nothing of those that follow
            break
    for k, model in enumerate(models):
        progress = partial(_tell, options, k * horizon, len(models) * horizon)
        located = _located(model, k, driver, options, horizon, signal, progress)
        if located is None:
            return nothing("a model that fits as well explodes at once")
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
    """Return a model's samples before rounding reaches its noise, and what they say; None where it explodes.

    That is the critical size and its interval for each lookahead.
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
    """Return runs of a model from zero, ``(time, output, replicate)``; each place has noise of its own."""
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
    """Return whether runs of a model on the circle, fitted likewise, put its last eigenvalue there as far off."""
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
    """Return how many samples there are before rounding reaches a thousandth of the noise."""
    limit = 1e-3 * np.sqrt(np.trace(system.Q)) / np.finfo(options.precision).eps
    beyond = ~(np.abs(outputs).max(axis=(1, 2)) <= limit)  # NaN is beyond, too
    return int(beyond.argmax()) if beyond.any() else len(outputs)


def _observed(recording: Trajectories) -> NDArray[np.bool_]:
    """Return what was observed of the run with the most samples, up to its last one, ``(time, output)``."""
    there = np.isfinite(recording.outputs) & (
        np.arange(recording.outputs.shape[1])[:, None] < recording.lengths[:, None, None]
    )
    seen = there[there.sum(axis=(1, 2)).argmax()]
    return np.asarray(seen[: int(np.flatnonzero(seen.any(axis=1))[-1]) + 1])


def _recorded_inputs(recording: Trajectories) -> NDArray[np.float64]:
    """Return the inputs of the longest run as deviations from their mean; what is missing is held."""
    run = int(np.argmax(recording.lengths))
    u = np.asarray(recording.inputs[run, : recording.lengths[run]], float)
    if u.shape[1] == 0:
        return u
    held = pl.DataFrame(u).fill_nan(None).fill_null(strategy="forward").fill_null(strategy="backward").to_numpy()
    return np.asarray(held - held.mean(axis=0))
