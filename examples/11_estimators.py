"""The learners inside river and scikit-learn: forecasts of a plant that is driven by a known input."""

import numpy as np
from river import evaluate, linear_model, metrics
from sklearn.linear_model import LinearRegression

from ergoscope.learners import Live, lattice, river_regressor, sklearn_regressor
from ergoscope.simulator import LinearSystem, simulate

# A room and its wall: the heater u is known, the temperature y of the room is measured.
plant = LinearSystem(A=[[0.8, 0.15], [0.05, 0.94]], B=[[0.5], [0.0]], C=[[1.0, 0.0]], Q=[0.001, 0.001], R=0.01)
heater = (np.random.default_rng(0).random((1000, 1)) > 0.5).astype(float)
run = simulate(0, plant, steps=1000, inputs=heater)
X, y = run.inputs[0], run.outputs[0, :, 0]

words = "lattice of 4", "the inputs alone"
print("scikit-learn: the last 200 samples, forecast from the first 800 and the inputs")
for name, model in zip(words, (sklearn_regressor("lattice", size=4), LinearRegression()), strict=True):
    print(f"  {name}: R^2 = {model.fit(X[:800], y[:800]).score(X[800:], y[800:]):.2f}")

print("river: each sample is forecast, then learned")
samples = [({"heater": u}, value) for u, value in zip(X[:, 0].tolist(), y.tolist(), strict=True)]
for name, model in zip(words, (river_regressor("lattice", size=4), linear_model.LinearRegression()), strict=True):
    print(f"  {name}: {evaluate.progressive_val_score(samples, model, metrics.RMSE())}")

live = Live(lattice([4], inputs=1, direct=True, intercept=True), inputs=1)
model, same = sklearn_regressor("lattice", size=4).fit(X[:1], y[:1]), []
live.observe(y[0], X[0:2])
for t in range(1, 1000):
    same.append(live.forecast[0, 0, 0])
    live.observe(y[t], X[t : t + 2])
print("one-step forecasts are those of Live, bit for bit:", np.array_equal(model.predict_one_step(X[1:], y[1:]), same))
