"""A program in a process group of its own, asked and answering over its standard input and output.

It ends when it is closed, and when this process is gone, in whatever way: see ``watchdog.py``.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .validation import Failed, short

GUARD = str(Path(__file__).with_name("watchdog.py"))
PATIENCE = 60.0  # seconds that a program may take to start, first forecast included
GRACE = 0.5  # seconds in which a program ends by itself once its input has ended
CHUNK = 1 << 16
HEARD = 2000  # last bytes of standard error that are kept

Ends = Callable[[bytearray], int]  # what has come -> where the first answer in it ends, 0 while there is none


class ChildProcess:
    """Start a program; nothing is awaited here, so that several can start side by side.

    Args:
        command: The program, as a path, and its arguments.
        tells_where: It writes where it stands to standard error on SIGUSR1.
        environment: What is set in its environment, unless it is set in ours.
    """

    def __init__(
        self, command: Sequence[str], tells_where: bool = False, environment: Mapping[str, str] | None = None
    ) -> None:
        self._life, theirs = socket.socketpair()
        self._name, self._tells_where = command[0], tells_where
        self._came, self._heard, self._pid = bytearray(), b"", 0
        with theirs:
            number = theirs.fileno()
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", GUARD, str(number), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=[number],
                env={**(environment or {}), **os.environ},
                start_new_session=True,
            )
        pipes = self._guard.stdin, self._guard.stdout, self._guard.stderr
        self._in, self._out, self._err = (pipe.fileno() for pipe in pipes if pipe is not None)
        os.set_blocking(self._in, False)
        os.set_blocking(self._err, False)
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)

    def started(self) -> int:
        """Wait for the program to start and return the number of its process.

        Raises:
            Failed: It cannot be run.
        """
        if not self._pid:
            said = self._told(PATIENCE)
            if not said.isdecimal():
                raise Failed("start", f"{self._name} cannot be run: {said or 'no answer'}.")
            self._pid = int(said)
        return self._pid

    def follow(self, process: int) -> None:
        """Look at this process of the program from now on, and forget what was said before."""
        self._pid, self._heard = process, b""

    def ask(self, question: bytes, ends: Ends, largest: int, limit: float) -> bytes:
        """Return the next answer, after a question that may be empty.

        Args:
            question: What is written to it.
            ends: Where the answer ends.
            largest: Bytes that it may have.
            limit: Seconds that it may take.

        Raises:
            Failed: No answer in time, one too large, or the program has ended.
        """
        deadline, left = time.monotonic() + limit, limit
        question = self._send(question)
        if question:
            self._poll.register(self._in, select.POLLOUT)
        while True:
            end = 0 if question else ends(self._came)
            if end:
                answer = bytes(self._came[:end])
                del self._came[:end]
                return answer
            if len(self._came) > largest:
                raise Failed("shape", f"an answer may have {largest} bytes, this one has more.")
            if left <= 0:
                raise Failed("stalled", f"no answer within {limit:g} s{self._where()}")
            for ready, _ in self._poll.poll(max(left * 1000, 1)):
                if ready == self._err:
                    self._hear()
                elif ready == self._in:
                    question = self._send(question)
                    if not question:
                        self._poll.unregister(self._in)
                else:
                    chunk = os.read(self._out, CHUNK)
                    if not chunk:
                        raise Failed("ended", self._ending())
                    self._came += chunk
            left = deadline - time.monotonic()

    def resident(self) -> int | None:
        """Return the bytes of memory that the program holds, where the system tells (Linux)."""
        try:
            pages = Path(f"/proc/{self._pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return None
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def close(self, grace: float = GRACE) -> None:
        """End its input, give it so many seconds, then kill it and all that it started."""
        for pipe in (self._guard.stdin, self._guard.stdout, self._guard.stderr):
            if pipe is not None:
                pipe.close()
        with suppress(subprocess.TimeoutExpired):
            self._guard.wait(grace)
        if self._guard.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._guard.pid, signal.SIGKILL)
            self._guard.wait()
        self._life.close()

    def _send(self, question: bytes) -> bytes:
        """Write what the pipe takes; return the rest."""
        try:
            return question[os.write(self._in, question) :] if question else question
        except BlockingIOError:
            return question
        except BrokenPipeError:
            raise Failed("ended", self._ending()) from None

    def _hear(self) -> None:
        with suppress(BlockingIOError):
            while chunk := os.read(self._err, CHUNK):
                self._heard = (self._heard + chunk)[-HEARD:]
            self._poll.unregister(self._err)

    def _told(self, limit: float) -> str:
        """Return the next line of the guard; nothing where none comes in time."""
        self._life.settimeout(limit)
        told = b""
        with suppress(OSError):
            while not told.endswith(b"\n") and (byte := self._life.recv(1)):
                told += byte
        return told.decode(errors="replace").strip()

    def _where(self) -> str:
        """Return where a program that does not answer stands, if it can tell."""
        if not self._tells_where:
            return self._last_words()
        self._heard = b""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGUSR1)
        time.sleep(0.1)
        lines = [line.removeprefix("File ") for line in self._lines() if line.startswith("File ")]
        return f"; it stands at {', called from '.join(lines[:2])}." if lines else "."

    def _ending(self) -> str:
        told = self._told(GRACE)
        return self.ending(int(told) if told.removeprefix("-").isdecimal() else None)

    def ending(self, code: int | None) -> str:
        """Return in words how a process with this exit code ended, and what it last said."""
        how = "its output has ended" if code is None else f"it ended with exit code {code}"
        if code is not None and code < 0:
            how = f"it was ended by the signal {signal.Signals(-code).name}"
        return f"{how}{self._last_words()}"

    def _last_words(self) -> str:
        lines = self._lines()
        return f"; it last said: {short(' / '.join(lines[-3:]))}" if lines else "."

    def _lines(self) -> list[str]:
        with suppress(KeyError):  # its standard error had ended before
            self._hear()
        return [line.strip() for line in self._heard.decode(errors="replace").splitlines() if line.strip()]
