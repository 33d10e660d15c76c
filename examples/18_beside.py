"""Your own predictor beside filters of every length: on a recording, and live, in the shadow of the service."""

import asyncio
from pathlib import Path

from ergoscope import simulate, zoo
from ergoscope.analysis import beside_sizes_figure, score_on_recording
from ergoscope.learners import ladder
from ergoscope.streams import Beside, BesideSink, MemorySink, MemorySource, Service, observation, serve

PREDICTOR = f"{Path(__file__).with_name('my_predictor.py')}:make"  # a level and a slope, see docs/predictors.md
recording = simulate(1, zoo("double-integrator"), steps=4000)

found = score_on_recording(PREDICTOR, recording, sizes=range(11), name="double-integrator")
print("on a recording:", found.sentence)
beside_sizes_figure(found).savefig("beside.png", dpi=140)

service = Service(lambda outputs, inputs: ladder(range(11), intercept=True))
messages = [observation("plant1", y, sequence=t) for t, y in enumerate(recording.outputs[0])]
sink = MemorySink()  # or output_sink("mqtt://localhost:1883/lab/+")
asyncio.run(serve(service, MemorySource(messages), BesideSink(sink, PREDICTOR, service)))
said = [sent for sent in sink.sent if isinstance(sent, Beside)]
for one in said:
    print("live:", one.sentence)
print("the same standing, live and recorded:", said[-1].comparison.standing == found.comparison.standing)
