"""The live demo: a broker, a plant and a learner, each a command in its own process, and the settings of the page."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import numpy as np

from ...simulator import zoo
from .._mqtt.address import Address, read_address
from .._sources.interfaces import NullContext
from .._until_signal import END_WITH_STDIN

PLANTS = ("double-integrator", "random-walk", "triple-integrator", "harmonic-oscillator", "two-tones", "stable-ar")
RUNS = 32  # runs of one plant: with fewer, growth is not distinguished from chance
RATE = 200.0  # samples per second
BLOCK = 20  # samples in a message
NOISE = (0.01, 100.0)  # factor of the plant's measurement noise
LARGEST = 64  # filter length
_LEFT = 10.0  # seconds in which a command must end


class LiveDemo(NullContext):
    """Runs the commands while the block runs.

    Args:
        plant: Name of a system of the zoo.
        noise: Factor of its measurement noise covariance.
        largest: The largest filter length.
        changed: Awaited with the address of the streams whenever the commands have started.

    Attributes:
        commands: The commands that run, as a user types them.
    """

    def __init__(
        self,
        plant: str = PLANTS[0],
        noise: float = 1.0,
        largest: int = 8,
        changed: Callable[[Address], Awaitable[None]] | None = None,
    ) -> None:
        self.chosen = _checked(dict(plant=plant, noise=noise, largest=largest))
        self.commands: list[list[str]] = []
        self._changed, self._round = changed, 0
        self._broker: asyncio.subprocess.Process | None = None
        self._running: list[asyncio.subprocess.Process] = []
        self._lock = asyncio.Lock()
        self._draining: asyncio.Task[None] | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._port = _free_port()

    async def __aenter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="ergoscope-demo-")
        try:
            self.commands = [["broker", "--port", str(self._port)]]
            self._broker = await _start(self.commands[0])
            await self._listening()
            await self._begin()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()
        if self._broker is not None:
            await _stop(self._broker)
        if self._folder is not None:
            self._folder.cleanup()

    def offered(self) -> dict[str, Any]:
        """Return the plants, and the present settings."""
        return dict(plants=list(PLANTS)) | self.chosen

    async def choose(self, wanted: dict[str, Any]) -> None:
        """Start the plant and the learner again.

        Args:
            wanted: ``plant``, ``noise`` and ``largest``.

        Raises:
            ValueError: A setting is missing or out of range.
        """
        chosen = _checked(wanted)
        async with self._lock:
            await self._end()
            self.chosen = chosen
            await self._begin()

    async def _begin(self) -> None:
        assert self._folder is not None
        self._round += 1  # its own root: retained messages of the last round are not seen
        address = read_address(f"mqtt://127.0.0.1:{self._port}/demo{self._round}/+")
        file = Path(self._folder.name) / f"{self.chosen['plant']}.toml"
        file.write_text(_toml(self.chosen["plant"], self.chosen["noise"]), encoding="utf-8")
        root = f"mqtt://{address.broker}/demo{self._round}"
        words = [
            f"learn {root}/+ --sizes 0..{self.chosen['largest']} --together".split(),
            ["publish", str(file), *f"--to {root}/run --streams {RUNS} --rate {RATE:g} --block {BLOCK}".split()],
        ]
        self.commands[1:] = words
        learner = await _start(words[0])
        self._running = [learner]
        assert learner.stderr is not None
        while b"listening" not in await learner.stderr.readline():  # so that the learner gets the first sample
            await asyncio.sleep(0.05)
            if learner.returncode is not None:
                raise ConnectionError("the demo's learner has ended; run it alone to see why: " + " ".join(words[0]))
        self._draining = asyncio.create_task(_drain(learner.stderr), name="ergoscope-drain")
        self._running.append(await _start(words[1]))
        if self._changed is not None:
            await self._changed(address)

    async def _end(self) -> None:
        running, self._running = self._running, []
        await asyncio.gather(*(_stop(one) for one in running))
        if self._draining is not None:
            await self._draining
            self._draining = None

    async def _listening(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.close()
                return
            if self._broker is not None and self._broker.returncode is not None:
                raise ConnectionError(
                    "the demo's broker has ended: is amqtt installed? In a checkout: pip install '.[broker]'."
                )
            await asyncio.sleep(0.05)


async def _start(words: list[str]) -> asyncio.subprocess.Process:
    # Its own session: Ctrl-C goes to the demo, which ends the others in order. If the demo is killed, its end of the
    # pipe to standard input is closed, and the command ends.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ergoscope", *words),
        env=os.environ | {END_WITH_STDIN: "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE if words[0] == "learn" else asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )


async def _drain(stream: asyncio.StreamReader) -> None:
    """Read and drop the messages of a command: it would wait when the pipe is full."""
    while await stream.read(1 << 16):
        pass


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _LEFT)
    except TimeoutError:
        process.kill()
        await process.wait()


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    plant, noise, largest = [wanted.get(word) for word in ("plant", "noise", "largest")]
    if plant not in PLANTS:
        raise ValueError(f"plant must be one of {', '.join(PLANTS)}.")
    if not isinstance(noise, int | float) or not NOISE[0] <= noise <= NOISE[1]:
        raise ValueError(f"noise must be a number from {NOISE[0]:g} to {NOISE[1]:g}.")
    if isinstance(largest, bool) or not isinstance(largest, int) or not 1 <= largest <= LARGEST:
        raise ValueError(f"largest must be a whole number from 1 to {LARGEST}.")
    return dict(plant=plant, noise=noise, largest=largest)


def _toml(plant: str, noise: float) -> str:
    system = zoo(plant)
    matrices = dict(A=system.A, C=system.C, Q=system.Q, R=noise * np.asarray(system.R))
    lines = [f"{word} = {json.dumps(np.asarray(matrix).tolist())}" for word, matrix in matrices.items()]
    return "\n".join([f"name = {json.dumps(plant)}", f"dt = {1 / RATE!r}", *lines, ""])


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
