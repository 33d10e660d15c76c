"""Run every size on simulated runs of a system, beside its Kalman predictor: prepare once, run many times."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..._core.ranges import check_count
from ...learners import Learner, kalman
from ...learners._engine.driver import Driver
from ...learners._engine.replay import RunEnd, Scores, score
from ...simulator import LinearSystem, Missing, simulate_chunks
from ...simulator._simulation.inputs import Signal, input_signal
from ...simulator._simulation.noise import Noise
from .._exact.theory import trust_horizon
from .._growth.curves import GROUPS, log_edges
from .memory_check import check_memory
from .options import SHORTEST, InputsAhead, Options, check_ahead, choose_inputs_ahead, choose_learner, direct_term
from .output_noise import system_noise
from .work_check import check_work


class PreparedRun(NamedTuple):
    """A system and its predictors. All its runs share the compiled kernels.

    Attributes:
        system: The plant; without inputs if all inputs are zero.
        learner: The learner.
        driver: The learner beside the Kalman predictor.
        signal: The known input.
        ahead: Whether inputs ahead are known or held; None if there are no inputs, or only one-step forecasts.
        asked: Samples asked for.
        horizon: Samples to run: those asked for, but not beyond ``trust``.
        trust: Number of samples after which rounding reaches the noise; None for never.
        replicates: Independent runs.
        units: The unit of each output of ``system`` in units of the plant, ``(output,)``.
        noise: The noise of each output of ``system``, ``(output,)``.
    """

    system: LinearSystem
    learner: Learner
    driver: Driver
    signal: Signal
    ahead: InputsAhead | None
    asked: int
    horizon: int
    trust: int | None
    replicates: int
    units: NDArray[np.float64]
    noise: NDArray[np.float64]


def prepare(system: LinearSystem, options: Options, inputs: str | ArrayLike) -> PreparedRun:
    """Return the system with its learner, after all checks that need no run.

    Raises:
        ValueError: The learner, the horizon, the inputs or the memory do not allow it.
    """
    asked = check_count("horizon", 20_000 if options.horizon is None else options.horizon, SHORTEST)
    replicates = check_count("replicates", options.replicates, 1)
    if system.inputs == 0 or (isinstance(inputs, str) and inputs == "zero"):
        system = system.replace(B=None, D=None)
    units = _even_units(system)
    if (units != 1).any():
        C, D, R = system.C / units[:, None], system.D / units[:, None], system.R / np.outer(units, units)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it has been said of the plant
            system = system.replace(C=C, D=D, R=R)

    def learner_of(sizes: Iterable[int] | None) -> Learner:
        return choose_learner(options._replace(sizes=sizes), (system.outputs, system.inputs), range(17), system)

    def driver_of(learner: Learner) -> Driver:
        return Driver(
            learner,
            system.outputs,
            system.inputs,
            oracle=kalman(system, lookaheads=learner.lookaheads),
            precision=options.precision,
            device=options.device,
            known_ahead=int(direct_term(system)) if ahead == "held" else None,
            **(dict(width=replicates) if learner.pooled else {}),
        )

    learner = learner_of(options.sizes)
    trust = trust_horizon(system, options.precision, asked)
    horizon = check_horizon(learner, asked, trust)
    check_work(horizon, replicates, len(learner.sizes))
    ahead = choose_inputs_ahead(options, learner, system.inputs, "known")
    signal = input_signal(inputs, system.inputs)
    check_memory(driver_of, learner_of, learner, replicates, len(log_edges(horizon)))
    noise = system_noise(system, horizon)
    driver = driver_of(learner)
    return PreparedRun(system, learner, driver, signal, ahead, asked, horizon, trust, replicates, units, noise)


def _even_units(system: LinearSystem) -> NDArray[np.float64]:
    """Return units of several outputs in which the measurement noise of output p has the variance 1 + p/16.

    The units of the plant then change neither the rounding nor the draws. Noise is drawn in the order of its size, so
    the sizes must differ.
    """
    R = np.asarray(system.R).reshape(-1, system.outputs, system.outputs).mean(axis=0)
    variances = np.diag(R)
    if system.outputs == 1 or not variances.any():
        return np.ones(system.outputs)
    wanted = 1 + np.arange(system.outputs) / 16
    return np.asarray(np.sqrt(np.where(variances > 0, variances, wanted) / wanted))


def check_horizon(learner: Learner, asked: int, trust: int | None) -> int:
    """Return how many of the samples asked for are run, or raise ValueError if they are too few."""
    check_count("horizon", asked, SHORTEST)
    if learner.sizes[-1] >= asked:
        raise ValueError(f"size {learner.sizes[-1]} is beyond the horizon of {asked} samples: try smaller sizes.")
    horizon = asked if trust is None else min(asked, trust)
    check_ahead(learner, horizon)
    return horizon


def run_prepared(
    prepared: PreparedRun,
    seed: int,
    horizon: int,
    missing: Missing = Missing(),
    noise: Noise = "normal",
    series: int = 0,
    progress: Callable[[int], None] = lambda done: None,
    end: RunEnd | None = None,
) -> Scores:
    """Simulate from a zero state, predict, and return the sums over stretches of equal length on a log scale.

    Args:
        prepared: The system and its predictors.
        seed: Of the noise.
        horizon: Samples of each run.
        missing: Which samples are lost.
        noise: Distribution of the noise.
        series: As in ``simulate_chunks``: another one is independent.
        progress: Called with the samples done.
        end: Keeps the end of one run.
    """
    driver, replicates = prepared.driver, prepared.replicates
    chunks = simulate_chunks(
        seed,
        prepared.system,
        horizon,
        replicates,
        inputs=prepared.signal,
        missing=missing,
        noise=noise,
        series=series,
    )
    return score(
        driver,
        (chunk.outputs for chunk in chunks),
        prepared.signal,
        np.full(replicates, horizon),
        log_edges(horizon).tolist(),
        progress,
        whole=missing.rate == 0,
        share=1 << max((replicates // GROUPS).bit_length() - 1, 0),
        end=end,
    )
