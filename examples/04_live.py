"""Predict, then observe: one stream, sample by sample, with the same bits as a replay of its recording."""

import numpy as np

from ergoscope.learners import Live, ladder, replay
from ergoscope.simulator import simulate, zoo

learner = ladder(range(5))
recording = simulate(1, zoo("double-integrator"), steps=300)
live = Live(learner)
forecasts = []
for y in recording.outputs[0, :, 0]:
    forecasts.append(live.forecast)  # (lookahead, size, output), before y is seen
    live.observe(y)
forecasts = np.array(forecasts)
errors = recording.outputs[0, 100:] - forecasts[100:, 0, :, 0]
for size, power in zip(learner.sizes, np.mean(errors**2, axis=0), strict=True):
    print(f"length {size}: mean squared error {power:10.2f}")
print("equal to the replay, bit for bit:", np.array_equal(forecasts, replay(learner, recording)[0]))
