"""Bands of 95 % around the forecasts of every length, and what happens to them when the noise grows tenfold."""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ergoscope.learners import bands, ladder, replay

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--out", type=Path, default=Path("bands.png"), help="file of the figure")
parser.add_argument("--steps", type=int, default=8000, help="samples")
asked = parser.parse_args()

steps, rng = asked.steps, np.random.default_rng(0)
scale = np.where(np.arange(steps) < steps // 2, 1.0, 10.0)
drive, noise = scale * rng.standard_normal((2, steps))
y = (np.cumsum(np.cumsum(0.3 * drive)) + noise)[None, :, None]  # a double integrator, seen with noise
forecasts = replay(ladder(range(9), intercept=True), y, center="first")
found = bands(forecasts, y)
(sums,) = found.sums
half, error = found.half_width[0, :, 0, :, 0], np.abs(forecasts[0, :, 0, :, 0] - y[0])
missed = (error > half)[2:].cumsum(axis=0) / np.arange(1, steps - 1)[:, None]
for size, (share, width) in enumerate(zip(sums.coverage[0], found.ahead[0, 0, :, 0], strict=True)):
    trusted = "calibrated" if sums.calibrated[0, size] else "its misses come together, or not as often as chance allows"
    print(f"size {size}: {100 * share:.2f} % covered, next forecast +- {width:.3g}, {trusted}")

figure = Figure(figsize=(11, 3.6), layout="constrained")
left, middle, right = figure.subplots(1, 3)
around = slice(steps // 2 - 150, steps // 2 + 250)
times = np.arange(steps)[around]
left.plot(times, error[around, 3], ".", color="0.5", ms=3, label="|error|")
left.plot(times, half[around, 3], color="#0072b2", label="half-width, made before")
outside = error[around, 3] > half[around, 3]
left.plot(times[outside], error[around, 3][outside], "x", color="#d55e00", ms=6, label="outside")
left.axvline(steps // 2, color="0.3", lw=1, ls="--")
left.set(xlabel="sample", ylabel="output unit", title="size 3: the noise grows tenfold")
for size, style, colour in ((0, ":", "#d55e00"), (1, "-.", "#009e73"), (2, "--", "#cc79a7"), (3, "-", "#0072b2")):
    middle.plot(np.arange(2, steps), 100 * missed[:, size], style, color=colour, lw=1.3, label=f"size {size}")
middle.axhline(5, color="0.3", lw=1)
middle.axvline(steps // 2, color="0.3", lw=1, ls="--")
middle.set(
    xlabel="samples so far",
    xscale="log",
    xlim=(30, steps),
    ylim=(0, 12),
    ylabel="outside the band, %",
    title="share missed so far",
)
widths, fits = found.ahead[0, 0, :, 0], sums.calibrated[0]
right.plot(widths, "-", color="0.6", lw=1)
right.plot(np.flatnonzero(fits), widths[fits], "o", color="#0072b2", label="calibrated")
right.plot(np.flatnonzero(~fits), widths[~fits], "o", color="#0072b2", mfc="white", label="misses come together")
right.set(
    xlabel="size (past samples)", yscale="log", ylabel="half-width, output unit", title="band of the next forecast"
)
for axes in (left, middle, right):
    axes.legend(frameon=False, fontsize=8)
    axes.grid(alpha=0.25)
figure.savefig(asked.out, dpi=110)
print(asked.out)
