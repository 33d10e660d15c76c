"""Live streams as a service: samples of three plants come late, twice or out of order, and change no forecast."""

import asyncio

import numpy as np

from ergoscope import simulate, zoo
from ergoscope.learners import ladder, replay
from ergoscope.streams import MemorySink, MemorySource, Service, Threshold, observation, serve

recording = simulate(1, zoo("double-integrator"), steps=500, replicates=3)
messages = [
    observation(name, y, sequence=t)
    for name, run in zip(recording.run_names, recording.outputs, strict=True)
    for t, y in enumerate(run)
]
rng = np.random.default_rng(0)
late = np.argsort([message.sequence + rng.uniform(0, 30) * (message.sequence > 0) for message in messages])
twice = np.repeat(late, rng.integers(1, 3, len(late)))

service = Service(lambda outputs, inputs: ladder(range(5)))
source, sink = MemorySource([messages[i] for i in twice]), MemorySink()  # or connect("mqtt://localhost:1883/lab/+")
asyncio.run(serve(service, source, sink))

for threshold in sink.sent[-3:]:
    assert isinstance(threshold, Threshold)
    print(threshold.found.sentence)
    print("  ", threshold.counts)
parts = [sent.forecast for sent in sink.sent if not isinstance(sent, Threshold) and sent.stream == "0"]
expected = replay(ladder(range(5)), recording, center="first")[0]
print("equal to the samples in order, bit for bit:", np.concatenate(parts).tobytes() == expected.tobytes())
