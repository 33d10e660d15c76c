"""The battery: its cases, and the forecasts of a predictor, the reference and the ladder in each case.

Time: all arrays count readings, as ``Readings`` does; a forecast of reading ``t`` is made from those before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

from ..._core.text import did_you_mean
from ...learners import Learner, Outcome, kalman, make_learner, replay
from ...learners._catalogue import default_learner
from ...learners._external.predictor import ExternalPredictor
from ...simulator import LinearSystem, zoo, zoo_names
from ...simulator._stress.faults import faults, find_fault
from ...simulator._stress.readings import Readings, Scenario, nominal
from .._exact.theory import trust_horizon

Kind = Literal["plant", "zoo", "stress"]
QUICK_ZOO = (
    "random-walk",
    "double-integrator",
    "harmonic-oscillator",
    "damped-oscillator",
    "explosive-1",
    "stable-ar",
    "dc-motor",
    "switching",
)
FEWEST_STEPS = 400  # of a stress case
STEADY = "Kalman filter of the plant"
TURN = 0.3  # radians a sample


class Lengths(NamedTuple):
    """Readings of a run of each kind of case, and runs."""

    plant: int = 40_000
    zoo: int = 10_000
    stress: int = 4_000
    replicates: int = 16


FULL, QUICK = Lengths(), Lengths(12_000, 2_000, 2_000, 8)


class Case(NamedTuple):
    """One case as data.

    Attributes:
        name: Its name in ``--cases``.
        kind: ``"plant"`` and ``"zoo"`` are steady, without a fault; ``"stress"`` is the plant with a fault.
        shows: The property of a predictor that the case tests.
        reference: The predictor that it is compared with.
        exact: No predictor has a smaller mean squared error than the reference.
        scene: The plant, the readings and runs, when the fault begins and ends, the seed.
        since: The reading from which recovery is counted, None in a steady case.
        make: ``(scene) -> readings``.
    """

    name: str
    kind: Kind
    shows: str
    reference: str
    exact: bool
    scene: Scenario
    since: int | None
    make: Callable[[Scenario], Readings]


class CaseResult(NamedTuple):
    """The forecasts of a case, in the unit of the plant; NaN where a reading does not count, and after a failure.

    ``ladder`` has the squared errors, summed over the outputs, of each rung.
    """

    case: Case
    outcomes: tuple[Outcome, ...]
    target: Float[np.ndarray, "batch time output"]
    forecast: Float[np.ndarray, "batch time output"]
    variance: Float[np.ndarray, "batch time output"] | None
    reference: Float[np.ndarray, "batch time output"]
    ladder: Float[np.ndarray, "batch time size"]
    rungs: tuple[tuple[int, int], ...]  # size and parameters of each rung

    @property
    def error(self) -> NDArray[np.float64]:
        """Squared errors, ``(batch, time)``, summed over the outputs."""
        return _squares(self.forecast - self.target)

    @property
    def oracle(self) -> NDArray[np.float64]:
        """Squared errors of the reference, NaN where those of the predictor are."""
        return np.where(np.isnan(self.error), np.nan, _squares(self.reference - self.target))

    @property
    def excess(self) -> NDArray[np.float64]:
        """Squared differences to the reference."""
        return _squares(self.forecast - self.reference)


def resonance() -> LinearSystem:
    """Return the default plant of the stress cases: a tone of radius 0.98, 0.3 radians a sample."""
    turn = np.array([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]])
    return LinearSystem(0.98 * turn, np.eye(1, 2), np.eye(2), np.eye(1), name="resonance")


def case_names() -> dict[str, str]:
    """Return the names of the cases and groups, with one line about each."""
    groups = dict(zoo="every system of the zoo, steady", stress="every stress case")
    plant = dict(plant="the plant, steady: --plant, or a resonance")
    return plant | groups | {name: fault.shows for name, fault in faults().items()} | zoo_names()


def battery(
    plant: LinearSystem | None = None,
    chosen: Sequence[str] | None = None,
    quick: bool = False,
    seed: int = 0,
    replicates: int | None = None,
) -> list[Case]:
    """Return the cases of a battery.

    By default: the plant and all stress cases on it, and, where no plant is given, the zoo. A predictor that is made
    for one plant is not tested on others unless ``chosen`` names them.

    Args:
        plant: The user's; None for ``resonance()``.
        chosen: Names of cases, or the groups ``zoo`` and ``stress``; None for the default.
        quick: Shorter runs, eight systems of the zoo.
        seed: Of the simulations; all cases of one plant share its noise where possible.
        replicates: Independent runs of each case; None for 8 quick ones, 16 otherwise.

    Raises:
        ValueError: An unknown case, a plant for which there are no stress cases, or no replicate.
    """
    lengths = QUICK if quick else FULL
    if replicates is not None:
        if replicates < 1:
            raise ValueError(f"replicates must be a whole number of at least 1, got {replicates}.")
        lengths = lengths._replace(replicates=replicates)
    own = resonance() if plant is None else plant
    systems = list(QUICK_ZOO) if quick else list(zoo_names())
    groups = dict(plant=["plant"], zoo=systems, stress=list(faults()))
    asked = chosen if chosen is not None else ["plant", "stress"] if plant is not None else ["plant", "stress", "zoo"]
    names = list(dict.fromkeys(name for word in asked for name in groups.get(word, [word])))
    if not names:
        raise ValueError(f"name at least one case; there are {', '.join(case_names())}.")
    if chosen is None and plant is not None and plant.time_varying:
        names = ["plant"]  # faults are defined on plants that do not vary
    return [_case(name, own, lengths, seed) for name in names]


def run_case(
    case: Case, predictor: ExternalPredictor, progress: Callable[[int], None] = lambda runs: None
) -> CaseResult:
    """Run a predictor through a case, up to the first run that fails.

    Args:
        case: One of ``battery``.
        predictor: An open one; each run starts a fresh one.
        progress: Called with the runs done.
    """
    readings = case.make(case.scene)
    outcomes: list[Outcome] = []
    for given in readings.given:
        outcomes.append(predictor.run(given, readings.inputs, case.scene.system.dt))
        progress(len(outcomes))
        if outcomes[-1].failure is not None:
            break
    runs = len(outcomes)
    counts = readings.scored[:, None]
    at = readings.sample
    forecast = np.stack([outcome.forecast for outcome in outcomes])
    forecast = (forecast - readings.offset) / readings.scale[:, None]
    variances = [outcome.variance for outcome in outcomes if outcome.variance is not None]
    variance = np.stack(variances) / readings.scale[:, None] ** 2 if len(variances) == runs else None
    reference = replay(kalman(readings.system), readings.seen, known_ahead=0)[:runs, at, 0, 0]
    rungs, errors = _ladder(readings, runs)
    target = readings.target[:runs, at]
    return CaseResult(
        case=case,
        outcomes=tuple(outcomes),
        target=target,
        forecast=np.where(counts, forecast, np.nan),
        variance=variance,
        reference=reference,
        ladder=np.where(counts, errors, np.nan),
        rungs=rungs,
    )


def _case(name: str, plant: LinearSystem, lengths: Lengths, seed: int) -> Case:
    if name == "plant":
        shows = f"{plant.name}: nothing happens to it"
        return Case(name, "plant", shows, STEADY, True, _scene(plant, lengths.plant, lengths, seed), None, nominal)
    if name in zoo_names():
        scene = _scene(zoo(name), lengths.zoo, lengths, seed)
        return Case(name, "zoo", zoo_names()[name], STEADY, True, scene, None, nominal)
    if name not in faults():
        hint = did_you_mean(name, case_names())
        raise ValueError(f"no case is called {name!r}{hint} There are: {', '.join(case_names())}.")
    fault = find_fault(name)
    scene = _scene(plant, lengths.stress, lengths, seed)
    if plant.time_varying or scene.steps < FEWEST_STEPS:
        why = "varies in time" if plant.time_varying else f"outgrows its noise after {scene.steps} samples"
        raise ValueError(f"{plant.name} {why}: stress cases need a plant that does not; ask for --cases plant.")
    since = scene.begin if fault.until == "begin" else scene.end
    return Case(name, "stress", fault.shows, fault.reference, fault.exact, scene, since, fault.make)


def _scene(system: LinearSystem, steps: int, lengths: Lengths, seed: int) -> Scenario:
    """Return a scene that ends where rounding would reach the noise; a fault takes its fifth eighth."""
    end = trust_horizon(system, "float64", steps)
    steps = steps if end is None else min(steps, end)
    return Scenario(system, steps, lengths.replicates, steps // 2, 5 * steps // 8, seed)


@lru_cache(maxsize=16)  # one learner, one compiled kernel
def _every_length(outputs: int, inputs: int) -> Learner:
    name = default_learner(outputs, inputs)
    longest = 16 if name == "ladder" else 8
    return make_learner(name, dict(sizes=range(longest + 1), outputs=outputs, inputs=inputs, direct=False))


def _ladder(readings: Readings, runs: int) -> tuple[tuple[tuple[int, int], ...], NDArray[np.float64]]:
    """Return the rungs and their squared errors in the unit of the plant: of a learner of every length."""
    batch, steps, outputs = readings.given.shape
    learner = _every_length(outputs, readings.inputs.shape[1])
    inputs = np.broadcast_to(readings.inputs, (batch, *readings.inputs.shape))
    recording = readings.seen.first(steps)
    recording = type(recording)(
        readings.given, inputs, np.full(batch, steps), recording.dt, recording.output_names, recording.input_names,
        recording.run_names,
    )  # fmt: skip
    forecasts = replay(learner, recording, known_ahead=0)[:runs, :, 0]
    forecasts = (forecasts - readings.offset[:, None]) / readings.scale[:, None, None]
    errors = _squares(forecasts - readings.target[:runs, readings.sample][:, :, None])
    return tuple(zip(learner.sizes, learner.parameters, strict=True)), errors


def _squares(difference: NDArray[np.floating]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):  # a forecast that diverges
        return np.asarray(np.sum(difference**2, axis=-1), np.float64)
