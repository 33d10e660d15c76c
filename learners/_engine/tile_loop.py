"""The compiled loop over a block: the driver's step, for some lanes, on the CPU.

A loop handles ``W`` lanes side by side, ``W`` a constant. A learner may copy their state into an array whose last axis
has this length: it stays near the processor for the whole block, and is copied back at its end. Sizes run in order and
lanes are innermost, so the sums of a lane have one order whatever ``W``: its bits depend neither on the other lanes nor
on the block. ``driver._step`` is the same step in JAX; names as there.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from ..._core.compiled import called, compiled

REACH = 2.0**20  # a forecast H samples ahead is at most this many times H the largest output so far
JUMP = 2.0**30  # a sample this many times as large as all before it starts a learner again

# What the driver keeps of a sample, ``row``: (ROWS, output, W).
MOVED, Z, UNIT, SEEN, CENTER, AGE, COUNTS, WEIGHT, LIMIT, EXPECTED, ROWS = range(11)
# What it keeps of a lookahead, ``cells``: (output size, CELLS, W); ``predict`` writes FORECAST.
DUE, FORECAST, ERROR, EXCESS, CELLS = range(5)


@cache
def tile_loop(parts: Any, lanes: int) -> Any:
    """Return the loop of a learner, for so many lanes, or for any number where ``lanes`` is 0.

    It returns the row before which it stopped: the last, or one with a jump in one of its lanes. The sums of squares go
    into ``closed`` before each row of ``cuts``, and begin anew.
    """
    load, step, predict, store = parts(lanes)

    def loop(
        constants, state, issued, center, centered, scale, largest, largest_input, age, error, excess, samples, outputs,
        inputs, expected, record, moved, cuts, closed, lookaheads, known_ahead, scaled, W, lane, begin, stop,
    ):  # fmt: skip
        number, (K, S, p, _), m, with_oracle = center.dtype, error.shape, inputs.shape[1], excess.shape[1] > 0
        packed, first = load(constants, state, lane, W), np.zeros(K + 1, np.int64)
        for k in range(K):
            first[k + 1] = first[k] + lookaheads[k] - 1
        cells, later = np.empty((K, p * S, CELLS, W), number), np.empty((first[K], p * S, W), number)
        row, u = np.empty((ROWS, p, W), number), np.zeros((1, m, W), number)
        held = np.zeros((lookaheads[-1], m, W), number)
        for k in range(K):
            load_cells(issued[k], error[k], excess[k], cells[k], later[first[k] :], lane)
        young, cut = False, 0
        while cut < len(cuts) and cuts[cut] <= begin:
            cut += 1
        for i in range(lane, lane + W):
            young |= age[i] == 0
        if young:
            predict(constants, packed, held, cells)
            for k in range(K):
                issue_first(cells[k], age, later[first[k] : first[k + 1]], lane)
        for t in range(begin, stop):
            if scaled and jumps(outputs, inputs, t, center, centered, scale, largest, largest_input, lane, W):
                stop = t
                break
            arrive(outputs, t, center, centered, scale, largest, row, lane)
            if m:
                hold(inputs, t, t, u, lane)
                if young:  # the inputs of the first samples were not known at the start of the lane
                    hold(inputs, t, t + max(known_ahead - 1, 0), held, lane)
                    predict(constants, packed, held, cells)
                    for k in range(K):
                        issue_first(cells[k], age, later[first[k] : first[k + 1]], lane)
            young = False
            for k in range(K):
                score(lookaheads[k], cells[k], expected, t, k, row, samples, with_oracle, lane)
                if t < len(record):
                    note(cells[k], row, moved, record, t, k, lane)
            step(constants, packed, row[Z], u[0], row[SEEN])
            hold(inputs, t + 1, t + known_ahead, held, lane)
            predict(constants, packed, held, cells)
            for k in range(K):
                limit = REACH * lookaheads[k] if scaled else np.inf
                issue(cells[k], limit, largest, row, later[first[k] : first[k + 1]], lane)
            for i in range(lane, lane + W):
                age[i] += np.int32(1)
                for c in range(m):
                    largest_input[c, i] = max(largest_input[c, i], abs(u[0, c, i - lane]))
            if cut < len(cuts) and cuts[cut] == t + 1:
                for k in range(K):
                    close(
                        cells[k], samples[k], closed.error[cut, k], closed.excess[cut, k], closed.samples[cut, k], lane
                    )
                cut += 1
        store(packed, state, lane)
        for k in range(K):
            store_cells(cells[k], later[first[k] :], issued[k], error[k], excess[k], lane)
        return stop

    return compiled(loop, f"loop-{parts.__name__}-{lanes}")


@called
def jumps(outputs, inputs, t, center, centered, scale, largest, largest_input, lane, W):
    """Return whether a lane is to start again before it takes this sample."""
    number, found = center.dtype.type, False
    for i in range(lane, lane + W):
        for c in range(outputs.shape[1]):
            moved = abs(outputs[t, c, i] - center[c, i])
            unit = scale[c, i] if scale[c, i] != 0 else number(1)
            found |= centered[c, i] > 0 and largest[c, i] > 0 and moved / unit > number(JUMP) * largest[c, i]
        for c in range(inputs.shape[1]):
            found |= largest_input[c, i] > 0 and abs(inputs[t, c, i]) > number(JUMP) * largest_input[c, i]
    return found


@called
def arrive(outputs, t, center, centered, scale, largest, row, lane):
    """Take the outputs in: into ``row`` go moved, z, unit, seen, the center before, samples since it is known."""
    number = center.dtype.type
    for c in range(row.shape[1]):
        for w in range(row.shape[2]):
            i = lane + w
            value = outputs[t, c, i]
            seen, known = value == value, centered[c, i] > 0
            row[CENTER, c, w], row[AGE, c, w] = center[c, i], centered[c, i]
            if seen and not known:
                center[c, i] = value
            if seen or known:
                centered[c, i] += np.int32(1)
            moved = value - center[c, i] if seen else number(0)
            if scale[c, i] == 0 and moved != 0:
                scale[c, i] = number(math.ldexp(1.0, math.frexp(moved)[1]))
            unit = scale[c, i] if scale[c, i] != 0 else number(1)
            row[MOVED, c, w], row[Z, c, w], row[UNIT, c, w] = moved, moved / unit, unit
            row[SEEN, c, w] = number(1) if seen else number(0)
            largest[c, i] = max(largest[c, i], abs(moved / unit))


@called
def hold(inputs, first, last, held, lane):
    """Copy the inputs of the samples from ``first`` on; those after the last known one hold it."""
    for j in range(held.shape[0]):
        for c in range(held.shape[1]):
            for w in range(held.shape[2]):
                held[j, c, w] = inputs[min(first + j, last), c, lane + w]


@called
def score(H, cells, expected, t, k, row, samples, with_oracle, lane):
    """Add the errors of the forecasts that are due, issued ``H`` samples ahead, and what they exceed an oracle's by."""
    number, p, W = cells.dtype.type, row.shape[1], row.shape[2]
    S = len(cells) // p
    for c in range(p):
        for w in range(W):
            row[COUNTS, c, w] = row[SEEN, c, w] if row[AGE, c, w] >= H else number(0)
            row[WEIGHT, c, w] = row[COUNTS, c, w] * row[UNIT, c, w] * row[UNIT, c, w]
            samples[k, c, lane + w] += row[COUNTS, c, w]
        for s in range(c * S, c * S + S):
            for w in range(W):
                gap = cells[s, DUE, w] - row[Z, c, w]
                cells[s, ERROR, w] += row[WEIGHT, c, w] * gap * gap
        if with_oracle:
            for w in range(W):
                row[EXPECTED, c, w] = expected[t, k, c, lane + w]
            for s in range(c * S, c * S + S):
                for w in range(W):
                    gap = cells[s, DUE, w] * row[UNIT, c, w] - row[EXPECTED, c, w]
                    cells[s, EXCESS, w] += row[COUNTS, c, w] * gap * gap


@called
def close(cells, samples, error, excess, count, lane):
    """Move the sums of some lanes into ``error``, ``excess`` and ``count``."""
    zero, p, S = cells.dtype.type(0), error.shape[1], len(error)
    for c in range(p):
        for w in range(cells.shape[2]):
            i = lane + w
            count[c, i], samples[c, i] = samples[c, i], zero
            for s in range(S):
                r = c * S + s
                error[s, c, i], cells[r, ERROR, w] = cells[r, ERROR, w], zero
                if len(excess):
                    excess[s, c, i] = cells[r, EXCESS, w]
                cells[r, EXCESS, w] = zero


@called
def note(cells, row, moved, record, t, k, lane):
    """Write the forecasts that are due in the unit of the streams, ``(time, lookahead, size, output, lane)``."""
    S = record.shape[2]
    for c in range(row.shape[1]):
        for s in range(S):
            for w in range(row.shape[2]):
                center = record.dtype.type(0) if moved else row[CENTER, c, w]
                record[t, k, s, c, lane + w] = center + cells[c * S + s, DUE, w] * row[UNIT, c, w]


@called
def issue(cells, limit, largest, row, later, lane):
    """Queue the newest forecasts, within ``limit`` times the largest output; the next in the queue become due."""
    number, p, W, wait = cells.dtype.type, row.shape[1], row.shape[2], len(later)
    S = len(cells) // p
    for c in range(p):
        for w in range(W):
            row[LIMIT, c, w] = number(limit) * largest[c, lane + w] if limit < np.inf else number(np.inf)
        for s in range(c * S, c * S + S):
            for w in range(W):
                value, most = cells[s, FORECAST, w], row[LIMIT, c, w]
                less = value if value < most else most
                within = less if less > -most else -most
                within = within if value - value == number(0) else value  # what is not finite marks an overflow
                cells[s, FORECAST if wait else DUE, w] = within
    if wait:
        for s in range(len(cells)):
            for w in range(W):
                cells[s, DUE, w] = later[wait - 1, s, w]
                for h in range(wait - 1, 0, -1):
                    later[h, s, w] = later[h - 1, s, w]
                later[0, s, w] = cells[s, FORECAST, w]


@called
def issue_first(cells, age, later, lane):
    """Replace the newest forecasts of the lanes that have no sample."""
    for s in range(len(cells)):
        for w in range(cells.shape[2]):
            if age[lane + w] == 0:
                if len(later):
                    later[0, s, w] = cells[s, FORECAST, w]
                else:
                    cells[s, DUE, w] = cells[s, FORECAST, w]


@called
def load_cells(queue, error, excess, cells, later, lane):
    """Copy the forecasts under way, newest first, and the sums of some lanes."""
    wait, S, p = len(queue) - 1, queue.shape[1], queue.shape[2]
    for c in range(p):
        for s in range(S):
            for w in range(cells.shape[2]):
                i, r = lane + w, c * S + s
                cells[r, DUE, w], cells[r, ERROR, w] = queue[wait, s, c, i], error[s, c, i]
                cells[r, EXCESS, w] = excess[s, c, i] if len(excess) else error.dtype.type(0)
                for h in range(wait):
                    later[h, r, w] = queue[h, s, c, i]


@called
def store_cells(cells, later, queue, error, excess, lane):
    """Copy them back."""
    wait, S, p = len(queue) - 1, queue.shape[1], queue.shape[2]
    for c in range(p):
        for s in range(S):
            for w in range(cells.shape[2]):
                i, r = lane + w, c * S + s
                queue[wait, s, c, i], error[s, c, i] = cells[r, DUE, w], cells[r, ERROR, w]
                if len(excess):
                    excess[s, c, i] = cells[r, EXCESS, w]
                for h in range(wait):
                    queue[h, s, c, i] = later[h, r, w]


@called
def copy_in(lanes, lane, W):
    """Return ``W`` lanes of an array with two other axes."""
    packed = np.empty((lanes.shape[0], lanes.shape[1], W), lanes.dtype)
    for a in range(lanes.shape[0]):
        for b in range(lanes.shape[1]):
            for w in range(W):
                packed[a, b, w] = lanes[a, b, lane + w]
    return packed


@called
def copy_out(packed, lanes, lane):
    """Copy them back."""
    for a in range(packed.shape[0]):
        for b in range(packed.shape[1]):
            for w in range(packed.shape[2]):
                lanes[a, b, lane + w] = packed[a, b, w]
