"""The live demo: its commands start, are changed, and end together."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ergoscope.streams._dashboard.demo import RUNS, LiveDemo
from ergoscope.streams._dashboard.mqtt_monitor import LiveBoard
from ergoscope.streams._mqtt.address import Address


@pytest.mark.parametrize(
    "wanted",
    [
        dict(plant="nothing", noise=1.0, largest=8),
        dict(plant="random-walk", noise=0.0, largest=8),
        dict(plant="random-walk", noise=float("nan"), largest=8),
        dict(plant="random-walk", noise="1", largest=8),
        dict(plant="random-walk", noise=1.0, largest=True),
        dict(plant="random-walk", noise=1.0, largest=65),
        dict(plant=["random-walk"], noise=1.0, largest=8),
        {},
    ],
)
def test_what_cannot_be_had_is_refused(wanted: dict[str, Any]) -> None:
    demo = LiveDemo()
    with pytest.raises(ValueError, match="must be"):
        asyncio.run(demo.choose(wanted))
    assert demo.offered()["plant"] == "double-integrator"


def test_plant_and_learner_start_and_change_and_end_together() -> None:
    async def heard(board: LiveBoard) -> dict[str, Any]:
        while not (frame := board.frame(None))["streams"] or not all(one["samples"] for one in frame["streams"]):
            await asyncio.sleep(0.1)
        return frame

    async def main() -> None:
        places: list[Address] = []

        async def changed(address: Address) -> None:
            places.append(address)
            await board.listen(address)

        async with LiveBoard() as board, LiveDemo("random-walk", 2.0, 2, changed) as demo:
            assert len([one for one in (await heard(board))["streams"] if one["name"] != "*"]) == RUNS
            first = list(demo._running)
            await demo.choose(dict(plant="stable-ar", noise=1.0, largest=1))
            assert all(one.returncode is not None for one in first)
            frame = await heard(board)
            assert frame["where"].endswith("demo2")
            running = [*demo._running, demo._broker]
        assert [one.root for one in places] == ["demo1", "demo2"]
        assert all(one is not None and one.returncode is not None for one in running)
        assert [words[0] for words in demo.commands] == ["broker", "learn", "publish"]

    asyncio.run(asyncio.wait_for(main(), 200))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="the children of a process are listed on Linux alone")
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL])
def test_a_demo_that_is_ended_leaves_no_process_behind(number: int, port: int) -> None:
    command = [sys.executable, "-m", "ergoscope", "demo", "live", "--no-open", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        assert any("the page is at" in line for line in demo.stderr)
        children = Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
        assert len(children) == 3
        demo.send_signal(number)
        assert demo.wait(60) in (0, -signal.SIGKILL)
    end = time.monotonic() + 60
    while any(_runs(child) for child in children):
        assert time.monotonic() < end
        time.sleep(0.1)


def _runs(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
