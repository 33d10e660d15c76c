"""A plant that needs one tap and later four: the change is named, and the forecasts follow it."""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ergoscope.learners import ladder
from ergoscope.streams import Changed, Forecasts, Service, observation

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--samples", type=int, default=4000, help="of each half")
parser.add_argument("--out", type=Path, default=Path("changes.png"))
asked = parser.parse_args()
half = asked.samples

noise = np.random.default_rng(5).standard_normal(2 * half)
y = np.zeros(2 * half)
for t in range(4, 2 * half):
    y[t] = 0.9 * y[t - (1 if t < half else 4)] + noise[t]

errors = {}
for changes in (None, 0.01):  # the rate of false alarms
    service = Service(lambda outputs, inputs: ladder(range(9), intercept=True), changes=changes)
    said = service.take([observation("plant", y[t : t + 100, None], sequence=t) for t in range(0, 2 * half, 100)])
    errors[changes] = np.concatenate([part.error[:, :, 0] for part in said if isinstance(part, Forecasts)])
found = [part.found for part in said if isinstance(part, Changed)]
for change in found:
    print(f"plant: {change.sentence}")

figure = Figure(figsize=(8, 5.2), layout="constrained")
window, upper, lower = half // 40, *figure.subplots(2, 1, sharex=True, sharey=True)
for axes, error, name in zip((upper, lower), errors.values(), ("learn", "learn --changes"), strict=True):
    for size, style in ((1, "--"), (4, "-"), (8, ":")):
        squares = np.nan_to_num(error[:, size] ** 2).cumsum()
        mean = (squares[window:] - squares[:-window]) / window
        axes.plot(np.arange(window, 2 * half), mean, style, label=f"filter length {size}", lw=1.5)
    axes.axhline(1, color="0.6", lw=0.8)
    axes.set_ylabel("mean squared error")
    axes.set_title(f"{name}: mean over {window} samples; grey: the noise of the plant", fontsize=10, loc="left")
for change in found:
    lower.axvline(change.since, color="0.3", ls=":", lw=1.2)
    lower.axvline(change.told, color="0.3", ls="-.", lw=1.2)
    text = f"since {change.since}: {change.size_now} taps, {change.size_before} before "
    lower.annotate(text, (change.since, 6), fontsize=9, ha="right")
lower.set_xlabel("sample")
upper.set_ylim(0, 8)
upper.legend(loc="upper left", fontsize=9)
figure.savefig(asked.out, dpi=110)
print(f"written: {asked.out}")
