"""Brokers for the tests of this room."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

HERE = ("mosquitto", "/usr/sbin/mosquitto")  # Debian keeps it where not everybody looks


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def modes() -> Iterator[Callable[[Path], dict[str, int]]]:
    """Return a function to the permissions of a folder, ".", and of its files; the umask takes none away."""
    if os.name == "nt":
        pytest.skip("permissions are others on Windows")
    before = os.umask(0)
    yield lambda folder: {
        path.relative_to(folder).as_posix(): path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))
    }
    os.umask(before)


@pytest.fixture
def port() -> int:
    """A port that nobody listens at."""
    return free_port()


class Mosquitto:
    """Mosquitto on a port of its own, with a folder for what it keeps; it can be killed and started again."""

    def __init__(self, program: str, folder: Path, lines: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self.program, self.folder, self.file = program, folder, folder / "mosquitto.conf"
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(f"listener {self.port} 127.0.0.1\n{lines}\n")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-c", self.file.name], cwd=self.folder, stdout=log, stderr=log
            )
        for _ in range(500):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.01)
        raise AssertionError("mosquitto does not answer")

    def stop(self, kill: bool = False) -> None:
        """End it: in order, or at once as a crash would."""
        if self.process is not None:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Start a Mosquitto with these lines of configuration beside its port, and these files; it ends with the test."""
    program = next((found for name in HERE if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("mosquitto is not installed")
    started: list[Mosquitto] = []

    def begin(lines: str = "allow_anonymous true", files: Path | None = None) -> Mosquitto:
        started.append(Mosquitto(program, tmp_path / f"mosquitto{len(started)}", lines))
        if files is not None:
            shutil.copytree(files, started[-1].folder, ignore=lambda *_: ["mosquitto.conf"], dirs_exist_ok=True)
        started[-1].start()
        return started[-1]

    yield begin
    for broker in started:
        broker.stop()
