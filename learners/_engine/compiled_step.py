"""The driver's step on the CPU, for learners with a kernel: the lanes of a tile, in groups that run in one loop."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray

from ..._core.devices import Precision
from .._base import Kernel, Learner
from .tile_loop import JUMP, tile_loop
from .tile_state import Score, TileState, leaves_of, map_leaves

WIDE = 16  # lanes at a time: with eight the compiler works on single numbers
LEAST = 4  # of these in use
NO_CUTS = np.zeros(0, np.int64)


class CompiledStep:
    """The step of a learner and an oracle.

    Args:
        learner: With a kernel.
        oracle: With a kernel, or None.
        precision: Of the lanes.
        known_ahead: As in ``Driver``.
    """

    def __init__(self, learner: Learner, oracle: Learner | None, precision: Precision, known_ahead: int) -> None:
        self._learner, self._oracle, self._number = learner, oracle, np.dtype(precision)
        self._lookaheads, self._known_ahead = np.array(learner.lookaheads), known_ahead
        self._kernel, self._oracle_kernel = (_in_precision(one, self._number) for one in (learner, oracle))

    def start(self, inputs: int, width: int, center: Float[np.ndarray, " output"], known: bool) -> TileState:
        """Return a tile before the first sample; arguments as those of ``Driver``."""
        learner, oracle, number, p = self._learner, self._oracle, self._number, len(center)
        K, S = len(learner.lookaheads), len(learner.sizes)

        def zeros(*shape: int) -> Any:
            return np.zeros((*shape, width), number)

        def first_forecasts(learner: Learner, kernel: Kernel) -> tuple[Any, tuple[Any, ...]]:
            state, sizes = map_leaves(np.array, learner.init(p, inputs, width, number)), len(learner.sizes)
            queues = tuple(zeros(H, sizes, p) for H in learner.lookaheads)
            small = zeros(p), np.zeros((p, width), np.int32), zeros(p), zeros(p), zeros(inputs)
            sums = np.zeros(width, np.int32), zeros(K, sizes, p), zeros(K, 0, p), zeros(K, p)
            nothing = zeros(0, p), zeros(0, inputs), zeros(0, K, p), zeros(0, K, sizes, p)
            cuts = NO_CUTS, _closed(0, K, sizes, 0, p, width, number)
            for lane, group in _groups(list(range(width))):
                flags = False, *cuts, self._lookaheads, 0, False, group, lane, 0, 0
                tile_loop(kernel.parts, group if kernel.fixed else 0)(
                    kernel.constants, state, queues, *small, *sums, *nothing, *flags
                )
            return state, queues

        first: Any = center.astype(number)
        state, issued = first_forecasts(learner, self._kernel)
        oracle_state, oracle_issued = (None, None) if oracle is None else first_forecasts(oracle, self._oracle_kernel)
        sums: Any = zeros(K, S, p), zeros(K, 0 if oracle is None else S, p), zeros(K, p)
        counts: Any = np.full((p, width), known, np.int32), np.zeros(width, np.int32)
        return TileState(
            state, oracle_state, issued, oracle_issued, center=first[:, None].repeat(width, axis=1),
            centered=counts[0], scale=zeros(p) + (0 if learner.scaled else 1), largest=zeros(p),
            largest_input=zeros(inputs), age=counts[1], score=Score(*sums),
        )  # fmt: skip

    def shapes(self, outputs: int, inputs: int, width: int) -> TileState:
        """Return a tile whose arrays have their shapes and take no memory."""

        def filled(leaf: NDArray[Any]) -> NDArray[Any]:
            return np.broadcast_to(np.zeros((), leaf.dtype), (*leaf.shape[:-1], width))

        return map_leaves(filled, self.start(inputs, 0, np.zeros(outputs), True))

    def take(
        self,
        lanes: TileState,
        record: Float[np.ndarray, "time lookahead size output lane"],
        outputs: NDArray[np.floating],
        inputs: NDArray[np.floating],
        begin: int,
        end: Int[np.ndarray, " lane"],
        cuts: Int[np.ndarray, " cut"] = NO_CUTS,
    ) -> Score:
        """Take samples ``begin .. end-1`` of a block into the arrays of each lane; arguments as ``Driver.advance``.

        The arrays of ``lanes`` change in place. A ``record`` of no rows is not filled.

        Returns:
            The sums up to each row of ``cuts``, since the one before; they are then zero in ``lanes``.
        """
        y, u = outputs.astype(self._number, copy=False), inputs.astype(self._number, copy=False)
        known = self._lookaheads, self._known_ahead
        small = lanes.center, lanes.centered, lanes.scale, lanes.largest, lanes.largest_input, lanes.age
        expected = record[:0, :, 0]
        if self._oracle is not None:
            shape = len(y), len(self._lookaheads), 1, *lanes.center.shape
            record_oracle = np.empty(shape, self._number)
            own = [leaf.copy() for leaf in small]
            own[2][...] = 1
            sums = np.zeros(shape[1:], self._number), np.zeros((shape[1], 0, *shape[3:]), self._number)
            queues = lanes.oracle, lanes.oracle_issued, *own, *sums, np.zeros_like(sums[0][:, 0])
            nothing = NO_CUTS, _closed(0, shape[1], 1, 0, shape[3], shape[4], self._number)
            arrays = y, u, expected[:0], record_oracle, True, *nothing, *known, False
            self._run(self._oracle_kernel, (*queues, *arrays), y, u, begin, end, lanes)
            expected = record_oracle[:, :, 0]
        K, S, p, width = lanes.score.error.shape
        closed = _closed(len(cuts), K, S, lanes.score.excess.shape[1], p, width, self._number)
        arrays = y, u, expected, record, False, cuts, closed, *known, self._learner.scaled
        self._run(self._kernel, (lanes.state, lanes.issued, *small, *lanes.score, *arrays), y, u, begin, end, lanes)
        for cut, row in enumerate(cuts.tolist()):
            ended = end < row  # the loop did not come to the cut in these lanes
            if ended.any() and lanes.score.samples[..., ended].any():
                for leaf, open_ in zip(closed, lanes.score, strict=True):
                    leaf[cut] += np.where(ended, open_, 0)
                    open_[..., ended] = 0
        return closed

    def full(self, lanes: int) -> int:
        """Return how many lanes to run for so many: four take as long one by one as a whole group."""
        return lanes + -lanes % WIDE if lanes % WIDE >= LEAST else lanes

    def _run(
        self, kernel: Kernel, arguments: Any, y: Any, u: Any, begin: int, end: NDArray[np.int32], lanes: TileState
    ) -> None:
        row, ends = begin, end.tolist()
        while active := [lane for lane, last in enumerate(ends) if last > row]:
            stop = min(ends[lane] for lane in active)
            for lane, width in _groups(active):
                at, loop = row, tile_loop(kernel.parts, width if kernel.fixed else 0)
                while (at := loop(kernel.constants, *arguments, width, lane, at, stop)) < stop:
                    for i in range(lane, lane + width):
                        _start_again_at_a_jump(self._learner, lanes, y[at, :, i], u[at, :, i], i)
            row = stop


def _closed(cuts: int, K: int, S: int, with_oracle: int, p: int, width: int, number: np.dtype[Any]) -> Score:
    """Return empty sums for each of so many cuts."""
    shapes: Any = (cuts, K, S, p, width), (cuts, K, with_oracle, p, width), (cuts, K, p, width)
    arrays: Any = (np.zeros(shape, number) for shape in shapes)
    return Score(*arrays)


def _in_precision(learner: Learner | None, number: np.dtype[Any]) -> Any:
    """Return the kernel of a learner, the real numbers among its constants in a precision."""

    def cast(value: Any) -> Any:
        return value.astype(number) if value.dtype == np.float64 else value

    kernel = None if learner is None else learner.kernel
    return None if kernel is None else kernel._replace(constants=type(kernel.constants)(*map(cast, kernel.constants)))


def _groups(active: list[int]) -> list[tuple[int, int]]:
    """Return the first lane and the width of each group: ``WIDE`` lanes side by side, or one."""
    groups, place = [], 0
    while place < len(active):
        first = active[place]
        wide = active[place : place + WIDE] == list(range(first, first + WIDE))
        groups.append((first, WIDE if wide else 1))
        place += groups[-1][1]
    return groups


@np.errstate(over="ignore", invalid="ignore")
def _start_again_at_a_jump(learner: Learner, lanes: Any, y: Any, u: Any, lane: int) -> None:
    """Start a lane again if the sample is a jump: ``driver._start_again_at_a_jump`` for one lane, in place."""
    moved = np.where(np.isnan(y) | (lanes.centered[:, lane] == 0), 0, y - lanes.center[:, lane])
    scale, largest, largest_input = lanes.scale[:, lane], lanes.largest[:, lane], lanes.largest_input[:, lane]
    unit = np.where(scale == 0, 1, scale)
    jumps = (largest > 0) & (np.abs(moved) / unit > JUMP * largest)
    if not (jumps.any() or ((largest_input > 0) & (np.abs(u) > JUMP * largest_input)).any()):
        return
    fresh = learner.init(len(y), len(u), 1, lanes.center.dtype)
    for old, new in zip(leaves_of(lanes.state), leaves_of(fresh), strict=True):
        old[..., lane] = new[..., 0]
    new_scale = np.where(moved != 0, np.ldexp(np.ones_like(moved), np.frexp(moved)[1]), 0)
    for queue in lanes.issued:  # forecasts that were issued before keep their values
        queue[..., lane] *= unit / np.where(new_scale == 0, 1, new_scale)
    scale[:], largest[:], largest_input[:] = new_scale, 0, 0
