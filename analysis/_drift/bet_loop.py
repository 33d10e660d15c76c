"""The loop that bets on a change, compiled: the errors of a long memory beside those of a short one.

Time: ``scored`` counts the scored samples of a stretch, which begins with the stream or after a change. Up to SETTLED
they give the unit of the errors, from LEARNED on the reference, from START on there are bets. See ``watch.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core.compiled import called, compiled

GRID = 64  # samples between the moments at which something is decided
YOUNG, SETTLED, LEARNED, START = 2 * GRID, 512, 1024, 2048
REFERENCE = 256  # samples in a block of the reference
LAG = 8  # blocks that the reference is late: a change is found before it becomes part of its own reference
RING = 32  # blocks of GRID samples whose errors are kept
SHARES = np.array([0.1, 0.3, 0.9])  # of its wealth that a bet puts on the next sample
MARGINS = np.array([0.01, 0.01, 0.0, 0.03])  # of the scores: smaller changes are not looked for
RISE = 1.1  # of the mean squared error: smaller rises are not looked for
MOST = 16.0  # of a squared error, in units of the mean absolute error: so much counts at most
CERTAIN = 3.0  # standard errors of the reference
LARGEST = 1e200  # of a squared error: sums stay finite
SAME, BEST, LOUDER, QUIETER = range(4)  # the scores
SUM, SQUARES, BLOCKS, COUNT = range(4)  # of the reference


@called
def stake(k):
    """Return the part of the first wealth that is bet from block ``k`` on: all of them sum to 1."""
    return 1 / np.log2(k + 2.0) - 1 / np.log2(k + 3.0)


@called
def _most_lost(kind, bar):
    """Return how far the score can be below its bar: a bet cannot lose more than its share."""
    return bar if kind == LOUDER and bar > 0 else 1 + abs(bar)


@called
def _take_reference(held, past, k, kind, i):
    """Add a block of scores to the reference."""
    past[kind, SUM, i] += held[k, kind, 0, i]
    past[kind, SQUARES, i] += held[k, kind, 1, i]
    past[kind, BLOCKS, i] += held[k, kind, 0, i] ** 2
    past[kind, COUNT, i] += REFERENCE


@called
def _end_reference(held, past, bar, scored, i):
    """End a block of scores, and set the bars that the next scores must exceed."""
    late = scored > START
    for kind in range(len(MARGINS)):
        if not late:
            _take_reference(held, past, LAG, kind, i)
        elif scored > START + LAG * REFERENCE:
            _take_reference(held, past, 0, kind, i)
        if late:
            for k in range(LAG):
                held[k, kind, :, i] = held[k + 1, kind, :, i]
        held[LAG, kind, :, i] = 0
        n = past[kind, COUNT, i]
        mean = past[kind, SUM, i] / n
        variance = max(past[kind, SQUARES, i] / n - mean * mean, 0.0)
        long_run = max(past[kind, BLOCKS, i] / n - REFERENCE * mean * mean, variance)
        usual = max(mean, 0.0) if kind < LOUDER else mean * (RISE if kind == LOUDER else 1.0)
        for k in range(len(SHARES)):
            dependence = 0.5 * SHARES[k] * (long_run - variance) / _most_lost(kind, usual)
            bar[kind, k, i] = usual + MARGINS[kind] + dependence + CERTAIN * np.sqrt(long_run / n)


@called
def _bet_on(score, bar, wealth, run, begun, age, kind, w, i):
    """Bet on one score, and keep the start of the run that has won the most."""
    for k in range(len(SHARES)):
        least = bar[kind, k, i]
        wealth[kind, k, i] = (wealth[kind, k, i] + w) * (1 + SHARES[k] * (score - least) / _most_lost(kind, least))
    if run[kind, i] < 1:
        run[kind, i], begun[kind, i] = 1, age[i] - 1
    least = bar[kind, 1, i]
    run[kind, i] *= 1 + SHARES[1] * (score - least) / _most_lost(kind, least)


@called
def _add_squares(forecast, y, weight, sums, t):
    """Add the weighted squared errors of every size."""
    for s in range(forecast.shape[1]):
        for c in range(forecast.shape[2]):
            for i in range(forecast.shape[3]):
                gap = forecast[t, s, c, i] - y[c, i]
                square = gap * gap
                sums[s, i] += weight[c, i] * (square if square < LARGEST else LARGEST)


def _bet(
    scored, age, chosen, now, loss, error, unit, reference, past, held, bar, wealth, run, begun, noticed, recent, ring,
    long, short, output, counts, steps, window, enough,
):  # fmt: skip
    T, (S, p, lanes) = len(output), long.shape[1:]
    y, weight = np.zeros((p, lanes)), np.zeros((p, lanes))
    for t in range(T):
        for i in range(lanes):
            for c in range(p):
                use = t < steps[i] and counts[t, c, i]
                r = reference[c, i] if scored[i] >= SETTLED else unit[c, i]
                y[c, i] = output[t, c, i] if use else 0.0
                weight[c, i] = 1 / (r * r) if use and r > 0 and scored[i] >= GRID else 0.0
        _add_squares(long, y, weight, loss, t)
        _add_squares(short, y, weight, recent, t)
        for i in range(lanes):
            if t >= steps[i]:
                continue
            seen, a, b, n = 0, chosen[i], now[i], scored[i]
            place = (age[i] // GRID) % RING
            age[i] += 1
            size, power, old, same, best = 0.0, 0.0, 0.0, 0.0, 0.0
            for c in range(p):
                if not counts[t, c, i]:
                    continue
                seen += 1
                e, m = abs(long[t, a, c, i] - y[c, i]), unit[c, i]
                e = e if e < np.sqrt(LARGEST) else np.sqrt(LARGEST)
                f, g, scale = short[t, a, c, i] - y[c, i], short[t, b, c, i] - y[c, i], 1 / m if m > 0 else 0.0
                old, same, best = old + (scale * e) ** 2, same + (scale * f) ** 2, best + (scale * g) ** 2
                part = e / reference[c, i] if n >= SETTLED and reference[c, i] > 0 else 1.0
                size, power = size + part, power + part * part
                ring[place, S, i] += weight[c, i] * e * e
                error[0, i] += weight[c, i] * e * e
                since = n - YOUNG if n >= YOUNG else n
                unit[c, i] += (e - m) * max(1 / (since + 1.0), 1.0 / window)
                if n < SETTLED:  # no size is chosen in the first half, and its errors are large
                    reference[c, i] += (e - reference[c, i]) / (n % (SETTLED // 2) + 1.0)
            if seen:
                ring[place, S + 1, i] += 1
                error[1, i] += 1
                if n >= LEARNED:
                    scores = (
                        (old - same) / (old + same + 2 * seen) if same < LARGEST else -1.0,
                        (old - best) / (old + best + 2 * seen) if best < LARGEST else -1.0,
                        min(power / (MOST * seen), 1.0),
                        -(size - seen) / (size + seen),
                    )
                    w = stake((n - START) // GRID) / GRID if n >= START else 0.0
                    for kind in range(len(MARGINS)):
                        held[LAG, kind, 0, i] += scores[kind]
                        held[LAG, kind, 1, i] += scores[kind] ** 2
                        if n >= START:
                            _bet_on(scores[kind], bar, wealth, run, begun, age, kind, w, i)
                    if noticed[i] == 0 and wealth[:, :, i].mean() >= enough:
                        noticed[i] = age[i]
                    if (n + 1) % REFERENCE == 0:
                        _end_reference(held, past, bar, n + 1, i)
                scored[i] = n + 1
                if n + 1 == SETTLED:
                    loss[:, i], error[:, i] = 0, 0
            if age[i] % GRID == 0:
                for s in range(S):
                    ring[place, s, i], recent[s, i] = recent[s, i], 0
                before = (place - 1) % RING
                if scored[i] >= SETTLED + GRID or YOUNG <= scored[i] < SETTLED:
                    chosen[i] = np.argmin(loss[:, i])
                now[i] = np.argmin(ring[place, :S, i] + ring[before, :S, i])
                ring[place, S + 2, i] = chosen[i]
                ring[(place + 1) % RING, :, i] = 0


bet: Any = compiled(_bet, "bets-on-changes")
