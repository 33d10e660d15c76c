"""Broker, learner and publisher killed again and again while they run: nothing is lost, nothing is taken in twice.

``make campaign-faults`` is the long form: a million samples, twenty restarts of the broker, by SIGTERM and SIGKILL in
turn, and twenty SIGKILL each of learner and publisher, when so many samples are sent as a seed draws.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from ergoscope.learners import ladder
from ergoscope.simulator import zoo
from ergoscope.streams import MemorySink, MemorySource, Observation, Service, play_simulation, serve
from ergoscope.streams._messages.metadata import plant
from ergoscope.streams._storage.checkpoint import read_checkpoint
from ergoscope.streams._storage.journal import _decode, _records

SHIPPED = Path(__file__).parents[3] / "examples" / "mosquitto" / "mosquitto.conf"
KEPT = (
    "persist",
    "autosave",
    "max_queued",
    "max_inflight",
)  # of the shipped lines; TLS costs time and is tried elsewhere
PLANT = "double-integrator"


class Plan(NamedTuple):
    """Samples, samples in a message and a second, and what is killed, in an order that is drawn."""

    samples: int
    block: int
    rate: int
    events: list[str]


SHORT = Plan(20_000, 16, 1_000, ["broker", "broker", "learner", "publisher"])
LONG = Plan(1_000_000, 128, 6_000, ["broker", "learner", "publisher"] * 20)


class Command:
    """A command of ergoscope that is started again when it was killed."""

    def __init__(self, folder: Path, name: str, *words: str) -> None:
        self.words, self.folder, self.log = [sys.executable, "-m", "ergoscope", *words], folder, folder / f"{name}.log"
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.words, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=log)

    def kill(self) -> bool:
        """Kill it if it still runs."""
        self.process.kill()
        return self.process.wait(10) == -signal.SIGKILL

    def said(self) -> str:
        return self.log.read_text()


def until(ready: Callable[[], Any], seconds: float, what: Callable[[], str]) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, what()
        time.sleep(0.05)


def last_in_journal(folder: Path) -> int:
    """Return how many samples there are up to the last one in a journal that is being written."""
    newest = max((folder / "journal").glob("*.journal"), default=None)
    samples = 0
    for record in _records(b"" if newest is None else newest.read_bytes()):
        item = _decode(record.body)
        if isinstance(item, Observation):
            samples = max(samples, (item.sequence or 0) + item.steps)
    return samples


def uninterrupted(folder: Path, samples: int) -> dict[str, Any]:
    service, played = Service(lambda outputs, inputs: ladder(range(5), intercept=True)), zoo(PLANT)
    items = chain([plant("p", played)], play_simulation(played, samples, ["p"], block=128)._observations())
    asyncio.run(serve(service, MemorySource(items), MemorySink(), state=folder))
    found = read_checkpoint(folder)
    assert found is not None
    return found[0]


def test_nothing_is_lost_or_taken_in_twice_whatever_is_killed(
    tmp_path: Path, mosquitto: Callable[..., Any], request: pytest.FixtureRequest
) -> None:
    plan = LONG if request.config.getoption("--campaign") else SHORT
    lines = [line for line in SHIPPED.read_text().splitlines() if line.startswith(KEPT)]
    broker = mosquitto("\n".join(["user root", "allow_anonymous true", *lines]))
    root = f"mqtt://127.0.0.1:{broker.port}/lab"
    learner = Command(
        tmp_path, "learner", *f"learn {root}/+ --learner ladder --sizes 0..4 --say threshold".split(),
        *["--state", "learned", "--checkpoint", "1"],
    )  # fmt: skip
    until(lambda: "listening" in learner.said(), 120, learner.said)
    # Mosquitto has a new session on its disk after a hundred changes or so, and forgets it when killed before.
    broker.process.send_signal(signal.SIGUSR1)  # save
    until((broker.folder / "mosquitto.db").exists, 60, learner.said)
    publisher = Command(
        tmp_path, "publisher", *f"publish {PLANT} --to {root}/p --block {plan.block} --state sent".split(),
        *f"--steps {plan.samples} --rate {plan.rate} --epoch 0".split(),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    killed = Counter[str]()
    until(lambda: last_in_journal(tmp_path / "learned") >= 200 * plan.block, 120, learner.said)
    span = 400 * plan.block, 0.9 * plan.samples
    moments = np.sort(rng.uniform(*span, len(plan.events))).astype(int).tolist()
    for event, moment in zip(rng.permutation(plan.events).tolist(), moments, strict=True):
        until(lambda moment=moment: last_in_journal(tmp_path / "sent") >= moment, 120, publisher.said)
        if event == "broker":
            broker.stop(kill=killed["broker"] % 2 == 0)
            time.sleep(rng.uniform(0, 1))
            broker.start()
            killed["broker"] += 1
        else:
            command = learner if event == "learner" else publisher
            killed[event] += command.kill()
            command.start()
    assert publisher.process.wait(600) == 0, publisher.said()

    until(lambda: last_in_journal(tmp_path / "learned") >= plan.samples, 120, learner.said)
    learner.process.terminate()
    assert learner.process.wait(60) == 0, learner.said()
    learned, expected = read_checkpoint(tmp_path / "learned"), uninterrupted(tmp_path / "whole", plan.samples)
    assert learned is not None
    counts = learned[1]["streams"][0]["counts"]
    print(f"\nkilled: {dict(killed)}; of {plan.samples} samples {counts}")
    assert counts["lost"] == 0 and counts["taken"] == plan.samples and counts["repeated"] > 0
    assert killed == Counter(plan.events)
    assert {name: array.tobytes() for name, array in learned[0].items()} == {
        name: array.tobytes() for name, array in expected.items()
    }
