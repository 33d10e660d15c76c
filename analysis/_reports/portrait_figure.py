"""The figure of a portrait: exact error curves, or a simulated run of a system that varies in time."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.mlab import specgram

from ...simulator import LinearSystem, simulate
from .._exact.filter_errors import best_errors
from .._exact.riccati import innovation_covariances
from .style import WIDTH, shades, title

PERIODS = 4  # shown of a periodic system
WINDOWS = 32  # of the spectrum, over the run
RANGE = 50.0  # decibels of the colour map


def exact_figure(system: LinearSystem, critical: int, beyond: int, horizon: int) -> Figure:
    """Draw the exact error of the best filter of each length 0..critical + beyond over the horizon.

    The critical length is drawn thick. Dashed: the Kalman predictor, whose error is the least possible.
    """
    times = np.unique(np.geomspace(1, horizon, 120).astype(int))
    sizes = range(critical + beyond + 1)
    exact = best_errors(system, sizes, times)
    kalman = np.trace(innovation_covariances(system, times), axis1=1, axis2=2)
    figure = Figure(figsize=(WIDTH, 0.625 * WIDTH), layout="constrained")
    axes = figure.subplots()
    axes.grid(which="major", alpha=0.2)
    colours = shades(len(sizes))
    for size, colour in zip(sizes, colours, strict=True):
        thick = size == critical
        label = f"{size}" + " (critical)" * thick
        axes.plot(times, exact[:, size], color=colour, lw=3.0 if thick else 1.4, label=label, zorder=3 + thick)
    axes.plot(times, kalman, "--", color="0.2", lw=1.2, label="Kalman", zorder=5)
    axes.set(xscale="log", yscale="log", xlabel="horizon t (samples)", ylabel="mean squared prediction error")
    title(axes, system.name, "exact error of the best filter of each length")
    axes.legend(
        title="filter length", fontsize=8, title_fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False
    )
    return figure


def simulated_figure(system: LinearSystem) -> Figure:
    """Draw one simulated run of each output of a time-varying system, and below it the spectrum over time."""
    moving = [value for value in (getattr(system, word) for word in "ABCDQR") if value.ndim == 3]
    steps = len(moving[0]) * (PERIODS if system.periodic else 1)
    outputs = simulate(0, system, steps).outputs[0]
    window = 2 ** int(np.clip(np.log2(max(steps / WINDOWS, 1)), 5, 9))
    spectra = specgram(outputs[:, 0], NFFT=window, noverlap=window * 3 // 4, Fs=1)
    power, frequency, time = (np.asarray(part) for part in spectra)
    decibels = 10 * np.log10(np.maximum(power, power.max() * 10 ** (-RANGE / 10)))
    figure = Figure(figsize=(WIDTH, 0.625 * WIDTH), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.plot(outputs, lw=0.7, color=shades(1, 0.3)[0])
    above.set(ylabel="output y")
    above.grid(alpha=0.2)
    title(above, system.name, "one simulated run, and its spectrum over time")
    colours = below.pcolormesh(time, 2 * np.pi * frequency, decibels, cmap="viridis", rasterized=True)
    below.set(xlabel="time t (samples)", ylabel="radians a sample", ylim=(0, np.pi))
    figure.colorbar(colours, ax=below, label="power (dB)", pad=0.01)
    return figure
