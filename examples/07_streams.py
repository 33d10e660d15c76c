"""Live streams as a service: three plants report late, twice or in another order, and the learner takes no harm."""

import asyncio

import numpy as np

from ergoscope import simulate, zoo
from ergoscope.learners import ladder, replay
from ergoscope.streams import MemorySink, MemorySource, Service, Threshold, observation

recording = simulate(1, zoo("double-integrator"), steps=500, replicates=3)
messages = [
    observation(name, y, sequence=t)
    for name, run in zip(recording.run_names, recording.outputs, strict=True)
    for t, y in enumerate(run)
]
rng = np.random.default_rng(0)
late = np.argsort([message.sequence + rng.uniform(0, 30) * (message.sequence > 0) for message in messages])
twice = np.repeat(late, rng.integers(1, 3, len(late)))

service, heard = Service(lambda outputs, inputs: ladder(range(5))), MemorySink()
asyncio.run(service.run(MemorySource([messages[i] for i in twice]), heard))  # or connect("mqtt://localhost:1883/lab/+")

for said in heard.sent[-3:]:
    assert isinstance(said, Threshold)
    print(said.found.sentence)
    print("  ", said.counts)
parts = [said.forecast for said in heard.sent if not isinstance(said, Threshold) and said.stream == "0"]
expected = replay(ladder(range(5)), recording, center="first")[0]
print("as if they had come in order, bit for bit:", np.concatenate(parts).tobytes() == expected.tobytes())
