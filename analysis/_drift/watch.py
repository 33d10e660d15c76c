"""Watch streams for a change of the size that they need: a long and a short memory side by side.

The **long memory** is the learner itself, which forgets nothing; ``a`` is its size of least accumulated error so far
(predictive least squares). The **short memory** is the same learner with forgetting 1 - 1/W; ``b`` is its best size of
the last 64 to 128 samples. Both forecast each sample before it comes, and are chosen before it comes. With e_a the
error of the long memory, e_b that of the short one, and m the mean of |e_a| over about the last W samples, the score

    s = (e_a^2 - e_b^2) / (e_a^2 + e_b^2 + 2 m^2)                                  in (-1, 1)

is positive where the short memory was better; no outlier counts for more than one sample. There are two such scores,
for size a and for size b of the short memory. If the noise is symmetric and unimodal, E[s] has the sign of
d_a^2 - d_b^2, with d the distance of a forecast from the conditional mean: both errors change places where the noise
is mirrored at the middle of the two forecasts. Two more scores are of the level of the errors, upwards and downwards:
min(e_a^2 / r^2, 16) / 16 and (r - |e_a|) / (|e_a| + r), with r the mean of |e_a| over samples 256 to 511.

**Null hypothesis**, for each score: E[s | past] is on the whole not above a bar, which is

    max(0, mean of the score so far) + 0.01 + dependence + 3 standard errors

for sizes; for levels it begins with 1.1 times the mean (upwards) or with the mean + 0.03 (downwards). So what the short
memory always gains on a plant that no size of the ladder describes is no change. The margin is the least change that is
looked for. The last two terms are for scores that depend on each other, as with skewed noise: lambda (V - var) / 2 and
3 sqrt(V / n), with V the variance of sums over 256 samples, divided by 256. All is estimated from the samples of the
stretch, 2048 samples late.

**Test** by betting. For each score and each lambda of 0.1, 0.3 and 0.9,

    M_t = (M_{t-1} + w_t) (1 + lambda (s_t - bar) / d),    d = 1 + |bar|; upwards d = bar, the most that can be lost

The w_t sum to 1 over all times, and fall like 1 / (t log(t)^2): whenever the change comes, something was staked just
then. The mean of all M_t, with what is not staked yet, begins with 1 and is a nonnegative supermartingale under the
null hypothesis. So it ever reaches 1 / rate with probability ``rate`` at most (Ville), for each stretch between
changes.

At the next multiple of 128 samples the learner takes over the short memory, which then begins anew: it has learned from
both sides of the change. 128 samples later the new one is good enough to be taken over; 384 samples later its errors
decide the size.

A stretch begins with the stream or after a change. There are no bets in its first 2048 scored samples, in which the
long memory is young and the bars are not known.

References:
    J. Ville, *Etude critique de la notion de collectif*, 1939. G. Shafer, Testing by betting, J. R. Statist. Soc. A
    184, 2021. J. Shin, A. Ramdas, A. Rinaldo, E-detectors, New England J. Statist. Data Sci. 2, 2024: a stake for each
    start of a change. J. Rissanen, Order estimation by accumulated prediction errors, J. Appl. Prob. 23A, 1986.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy.typing import NDArray
from scipy.special import stdtrit

from ...learners import Learner
from ...learners._engine.driver import Driver
from ...learners._engine.tile_state import TileState, leaves_of, with_leaves
from .bet_loop import BEST, GRID, LAG, LOUDER, MARGINS, RING, SHARES, bet
from .change import RATE, Change

SHORT = 256  # samples of the short memory, at least
STEP = 2 * GRID  # samples between decisions: a block of the driver, so that watching takes no more steps
WATCHING, DECIDING = range(2)
FIRST, ENOUGH = 0.5, 1.5  # short memories after a change was noticed: errors are used from, the size is decided
CONFIDENCE = 0.95


class Bets(NamedTuple):
    """What the loop keeps of each lane; see ``bet_loop.py``."""

    scored: NDArray[np.int64]
    age: NDArray[np.int64]
    chosen: NDArray[np.int64]
    now: NDArray[np.int64]
    loss: NDArray[np.float64]
    error: NDArray[np.float64]
    unit: NDArray[np.float64]
    reference: NDArray[np.float64]
    past: NDArray[np.float64]
    held: NDArray[np.float64]
    bar: NDArray[np.float64]
    wealth: NDArray[np.float64]
    run: NDArray[np.float64]
    begun: NDArray[np.int64]
    noticed: NDArray[np.int64]
    recent: NDArray[np.float64]
    ring: NDArray[np.float64]


OF_STRETCH = (
    "scored",
    "loss",
    "error",
    "unit",
    "reference",
    "past",
    "held",
    "bar",
    "wealth",
    "run",
    "begun",
    "noticed",
)


def short_memory(learner: Learner) -> int:
    """Return the samples of the short memory: longer filters need more."""
    return max(SHORT, 8 * (learner.sizes[-1] + 1))


def check_watched(driver: Driver, rate: float) -> None:
    """Raise ValueError if the streams of a driver cannot be watched for changes, with this rate of false alarms."""
    if not 0 < rate < 1:
        raise ValueError(f"the rate of false alarms must be between 0 and 1, such as 0.01; got {rate}.")
    learner = driver.learner
    if learner.forgetful is None or driver.step is None:
        raise ValueError(
            f"changes are found by a second {learner.name} with a shorter memory, and this one has none: use ladder "
            "(one output) or lattice without forgetting, on the CPU."
        )


class ChangeWatch:
    """The short memories and the bets of the lanes of a tile.

    Args:
        driver: Driver of the long memories.
        rate: Of false alarms.

    Raises:
        ValueError: The learner has no short memory, or the rate is not between 0 and 1.
    """

    def __init__(self, driver: Driver, rate: float = RATE) -> None:
        check_watched(driver, rate)
        learner, lanes, p = driver.learner, driver.width, driver.outputs
        assert learner.forgetful is not None
        self.rate, self.learner, self.window = rate, learner, short_memory(learner)
        options: dict[str, Any] = dict(center=driver.center, precision=driver.precision, device=driver.device)
        options |= dict(width=lanes, block=driver.block, known_ahead=driver.known_ahead)
        self.driver = Driver(learner.forgetful(1 - 1 / self.window), p, driver.inputs, **options)
        self.lanes, self._record = self.driver.start(), self.driver.record()
        S, kinds = len(learner.sizes), len(MARGINS)

        def zeros(*shape: int) -> Any:
            return np.full((*shape, lanes), 0.0)

        def counts(*shape: int) -> Any:
            return np.zeros((*shape, lanes), np.int64)

        self.bets = Bets(
            counts(), counts(), counts(), counts(), zeros(S), zeros(2), zeros(p), zeros(p), zeros(kinds, 4),
            zeros(LAG + 1, kinds, 2), zeros(kinds, len(SHARES)), zeros(kinds, len(SHARES)), zeros(kinds),
            counts(kinds), counts(), zeros(S), zeros(RING, S + 3),
        )  # fmt: skip
        # of a change that is being decided: stage, since, when the short memory began, place of the size before
        self._stage, self._since, self._anew, self._before, self._by_weights = (counts() for _ in range(5))

    def room(self, i: int) -> int:
        """Return how many samples a lane takes at most at once: decisions are made at fixed samples."""
        return int(STEP - self.bets.age[i] % STEP)

    def compare(
        self,
        lanes: TileState,
        forecast: Float[np.ndarray, "time size output lane"],
        scored: Bool[np.ndarray, "time output lane"],
        outputs: Float[np.ndarray, "block output lane"],
        inputs: Float[np.ndarray, "ahead input lane"],
        end: Int[np.ndarray, " lane"],
    ) -> dict[int, Change]:
        """Take in the first ``end`` samples of each lane; return the changes by lane.

        Args:
            lanes: The tile of the long memories after these samples. After a change, until the short memory knows the
                plant, they take over what the short memory has learned.
            forecast: Of the long memories, one sample ahead.
            scored: Where forecasts are scored.
            outputs, inputs, end: As given to the driver; a lane may not pass the end of its ``room``.
        """
        rows = len(scored)
        self.lanes, self._record = self.driver.advance(self.lanes, self._record, outputs, inputs, np.int32(0), end)
        short = np.asarray(self._record)[:rows, 0]
        active = np.flatnonzero(end)
        some = slice(int(active[0]), int(active[-1]) + 1) if len(active) else slice(0)  # a tile is often nearly empty
        arrays = (np.asarray(array[..., some], np.float64) for array in (forecast, short, outputs[:rows]))
        steps = np.asarray(end[some], np.int64)
        bet(*(array[..., some] for array in self.bets), *arrays, scored[..., some], steps, self.window, 1 / self.rate)
        found: dict[int, Change] = {}
        due = (end > 0) & (self.bets.age % STEP == 0)
        if not due.any():
            return found
        for i in np.flatnonzero(due & (self.bets.noticed > 0)).tolist():
            if self._stage[i] == WATCHING:
                self._begin(i, lanes)
                continue
            if self._is_due(i, ENOUGH):
                found[i] = self._decide(i)
            if self._by_weights[i] and self._is_due(i, FIRST):
                self._take_over(i, lanes)
            if i in found:
                self._new_stretch(i)
        return found

    def _is_due(self, i: int, memories: float) -> bool:
        return bool(self.bets.age[i] >= self._anew[i] + memories * self.window)

    def _begin(self, i: int, lanes: TileState) -> None:
        """Note since when the lane has changed, the start of the best run of the winner; begin a new short memory."""
        wealth = self.bets.wealth[:, :, i].max(axis=1)
        winner = int(wealth.argmax())
        since = self._since[i] = self.bets.begun[winner, i]
        self._anew[i], self._stage[i] = self.bets.age[i], DECIDING
        self._by_weights[i] = wealth[: BEST + 1].max() >= wealth[LOUDER:].max()
        block = max(since // GRID - 1, (self.bets.age[i] - 1) // GRID - (RING - 2), 0)
        self._before[i] = self.bets.ring[block % RING, -1, i]  # chosen at the end of the block before
        if self._by_weights[i]:
            self._take_over(i, lanes)
        self._restart(i)

    def _restart(self, i: int) -> None:
        for leaf, fresh in zip(leaves_of(self.lanes), leaves_of(self.driver.start()), strict=True):
            leaf[..., i] = fresh[..., i]

    def _blocks(self, i: int, since: float) -> NDArray[np.float64]:
        """Return the rows of the ring of the complete blocks since a sample, ``(block, row)``."""
        stop = int(self.bets.age[i]) // GRID
        first = max(-(-int(since) // GRID), stop - (RING - 1))
        return np.asarray(self.bets.ring[np.arange(first, stop) % RING, :, i])

    def _decide(self, i: int) -> Change:
        """Decide the size that is needed now."""
        rows, sizes = self._blocks(i, self._anew[i] + FIRST * self.window), self.learner.sizes
        losses, long, samples = rows[:, : len(sizes)], rows[:, -3], rows[:, -2].sum()
        best = int(losses.sum(axis=0).argmin())
        now = next(k for k in range(best + 1) if k == best or not _is_more(losses[:, k], losses[:, best]))
        kind: Any = "size"
        if not self._by_weights[i] and not _is_more(long, losses[:, now]):
            kind, now = "noise", int(self._before[i])
        elif now == self._before[i]:
            kind = "weights"
        since_rows = self._blocks(i, self._since[i])
        error, count = self.bets.error[:, i] - since_rows[:, -3:-1].sum(axis=0)
        ratio = None
        current = long if kind == "noise" else losses[:, now]
        if error > 0 and count > 0 and samples > 0 and current.sum() > 0:
            ratio = float(np.sqrt(current.sum() / samples / (error / count)))
        self._by_weights[i] = kind != "noise"
        self.bets.chosen[i] = now
        return Change(
            since=int(self._since[i]), noticed=int(self.bets.noticed[i]), told=int(self.bets.age[i]), kind=kind,
            size_before=sizes[int(self._before[i])], size_now=sizes[now], at_least=best == len(sizes) - 1,
            ratio=ratio, rate=self.rate, size_label=self.learner.size_label,
        )  # fmt: skip

    def _take_over(self, i: int, lanes: TileState) -> None:
        """Give the long memory of a lane what the short one has learned."""
        for mine, its in zip(leaves_of(lanes), leaves_of(self.lanes), strict=True):
            mine[..., i] = its[..., i]

    def _new_stretch(self, i: int) -> None:
        self._stage[i] = WATCHING
        for word in OF_STRETCH:
            getattr(self.bets, word)[..., i] = 0

    def clear(self, i: int) -> None:
        """Reset a lane to the bits that it has in a new tile."""
        self._restart(i)
        for array in self._own():
            array[..., i] = 0

    def _own(self) -> list[NDArray[Any]]:
        return [*self.bets, self._stage, self._since, self._anew, self._before, self._by_weights]

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the state of the lanes."""
        return {f"leaf {k}": np.array(leaf) for k, leaf in enumerate([*leaves_of(self.lanes), *self._own()])}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over what ``state`` returned.

        Raises:
            ValueError: The shapes differ.
        """
        fresh = [*leaves_of(self.lanes), *self._own()]
        saved = [arrays.get(f"leaf {k}") for k in range(len(fresh))]
        for old, new in zip(saved, fresh, strict=True):
            if old is None or (old.shape, old.dtype) != (new.shape, new.dtype):
                raise ValueError("the checkpoint has other bets on changes: name another state folder.")
        leaves = len(leaves_of(self.lanes))
        self.lanes = with_leaves(self.lanes, iter([np.array(leaf) for leaf in saved[:leaves]]))
        for mine, old in zip(self._own(), saved[leaves:], strict=True):
            mine[...] = old


def _is_more(losses: NDArray[np.float64], than: NDArray[np.float64]) -> bool:
    """Return whether losses are the larger ones, by a paired t test on their logarithms in blocks (one-sided, 95 %)."""
    least = np.finfo(float).tiny
    gap, n = np.log(np.maximum(losses, least)) - np.log(np.maximum(than, least)), len(losses)
    if n < 2:
        return bool(gap.sum() > 0)
    return bool(gap.mean() > stdtrit(n - 1, CONFIDENCE) * gap.std(ddof=1) / np.sqrt(n))
