"""Measure what bands cost: the service with and without them, alone and with its messages, of 1 and of 32 streams.

    python benchmarks/bands.py [--samples 2048] [--rounds 7]

The learner is the ladder of lengths 0..16. Samples come in blocks of 128, so that the work counts and not the calls.
The messages are those of an MQTT sink: predictions, errors and thresholds as JSON. All run in turn in each round; the
ratios are of processor time. Written to benchmarks/results/bands.json.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope.learners import Learner, ladder
from ergoscope.streams import Observation, Service, observation
from ergoscope.streams._messages.output_json import output_messages

BLOCK, LENGTHS = 128, range(17)


def blocks(streams: int, samples: int) -> list[list[Observation]]:
    """Return the micro-batches of a random walk in noise: a block of each stream."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((streams, samples, 1)).cumsum(axis=1) + rng.standard_normal((streams, samples, 1))
    starts = range(0, samples, BLOCK)
    return [[observation(f"s{i}", y[i, k : k + BLOCK], sequence=k) for i in range(streams)] for k in starts]


def make(outputs: int, inputs: int) -> Learner:
    return ladder(LENGTHS, intercept=True)


def served(batches: list[list[Observation]], bands: float | None, messages: bool) -> Callable[[], None]:
    def run() -> None:
        service = Service(make, bands=bands)
        for batch in batches:
            for output in service.take(batch):
                if messages:
                    output_messages(output)

    return run


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--samples", type=count, default=2048, help="of each of 32 streams; of one stream four times")
    parser.add_argument("--rounds", type=count, default=7)
    given = parser.parse_args()
    contenders, pairs = dict[str, Contender](), list[str]()
    for streams, samples in ((1, 4 * given.samples), (32, given.samples)):
        batches = blocks(streams, samples)
        for messages in (False, True):
            name = f"{streams} stream{'s' * (streams > 1)}{', messages' * messages}"
            pairs.append(name)
            for bands in (None, 0.95):
                work = f"{streams} x {samples} samples"
                run = served(batches, bands, messages)
                contenders[name + ", bands" * (bands is not None)] = Contender(run, streams * samples, work)
    timed = interleaved(contenders, given.rounds)
    record = dict(
        title="Bands",
        command="python benchmarks/bands.py",
        work=f"the service with the ladder of lengths 0 to {LENGTHS[-1]}, blocks of {BLOCK} samples",
        machine=machine(),
        rows=rows(contenders, timed),
        ratios=[
            dict(name=f"with bands / without, {name}", values=ratio([timed.processor[f"{name}, bands"]], spent))
            for name, spent in ((name, timed.processor[name]) for name in pairs)
        ],
    )
    show(record)
    write("bands", record)


if __name__ == "__main__":
    main()
