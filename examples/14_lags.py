"""How many lags? The number for skforecast, darts, sktime and statsmodels, beside the order that BIC selects.

It simulates autoregressions of known order, and draws how often each way finds it.
"""

import argparse

import numpy as np
from matplotlib.figure import Figure
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

from ergoscope import critical_lags

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--series", type=int, default=2, help="series of each order and length")
series = parser.parse_args().series

ORDERS = {0: (), 1: (0.7,), 2: (0.5, -0.5), 3: (0.3, 0.2, 0.4)}
SAMPLES = (50, 100, 200, 400, 800)


def simulated(coefficients: tuple[float, ...], samples: int, seed: int) -> np.ndarray:
    """Return an autoregression about a level of 5."""
    noise = np.random.default_rng(seed).standard_normal(samples + 200)
    y = np.zeros(samples + 200)
    for t in range(len(coefficients), len(y)):
        y[t] = noise[t] + sum(a * y[t - 1 - k] for k, a in enumerate(coefficients))
    return y[200:] + 5


y = simulated(ORDERS[2], 400, 3)
answer = critical_lags(y)
print(answer)
print("statsmodels:", AutoReg(y, lags=answer.lags, trend="c").fit().forecast(2).round(3))
print("one by one:", answer.each, "and for darts:", answer.negative)

figure = Figure(figsize=(8, 3.4), layout="constrained")
for axes, (order, coefficients) in zip(figure.subplots(1, len(ORDERS), sharey=True), ORDERS.items(), strict=True):
    ours, theirs, alike = (np.zeros(len(SAMPLES)) for _ in range(3))
    for k, samples in enumerate(SAMPLES):
        for seed in range(series):
            y = simulated(coefficients, samples, 1000 * order + seed)
            found, chosen = critical_lags(y, largest=8), ar_select_order(y, 8, ic="bic").ar_lags
            ours[k] += (found.lags == order) / series
            alike[k] += (order in found.alike) / series
            theirs[k] += (len(chosen or ()) == order) / series
    axes.plot(SAMPLES, ours, "o-", color="#0072b2", label="critical_lags")
    axes.plot(SAMPLES, theirs, "s--", color="#d55e00", label="ar_select_order, BIC")
    axes.plot(SAMPLES, alike, ":", color="0.5", label="the order is among those alike")
    axes.set(xscale="log", xlabel="samples", title=f"order {order}", ylim=(-0.05, 1.05))
    axes.set_xticks(SAMPLES, SAMPLES)
    axes.minorticks_off()
    axes.grid(alpha=0.25)
    print(f"order {order}: found at {SAMPLES} samples in {ours.round(2)}, by BIC in {theirs.round(2)}")
figure.axes[0].set_ylabel(f"share of {series} series")
figure.legend(*axes.get_legend_handles_labels(), ncols=3, loc="outside lower center", frameon=False)
figure.savefig("lags.png", dpi=140)
print("lags.png")
