"""A program in a process group of its own: questions go to its standard input, answers come from its standard output.

It ends when it is closed, and when this process ends in whatever way: see ``watchdog.py``.
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

WATCHDOG = str(Path(__file__).with_name("watchdog.py"))
PATIENCE = 60.0  # seconds for the start, first forecast included
GRACE = 0.5  # seconds for a program to end by itself after its input has ended
KILLED = 5.0  # seconds for the watchdog to kill all that the program started
CHUNK = 1 << 16
KEPT = 2000  # last bytes of standard error that are kept

FindEnd = Callable[[bytearray], int]  # bytes received -> end of the first answer, 0 while it is not complete


class ChildProcess:
    """Start a program and return at once; several can start side by side.

    Args:
        command: The program, as a path, and its arguments.
        reports_position: It writes its call stack to standard error on SIGUSR1.
        environment: Variables for its environment; those of this process have priority.
    """

    def __init__(
        self, command: Sequence[str], reports_position: bool = False, environment: Mapping[str, str] | None = None
    ) -> None:
        self._channel, theirs = socket.socketpair()
        self._name, self._reports_position = command[0], reports_position
        self._received, self._errors, self._pid = bytearray(), b"", 0
        with theirs:
            number = theirs.fileno()
            self._watchdog = subprocess.Popen(
                [sys.executable, "-I", "-S", WATCHDOG, str(number), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=[number],
                env={**(environment or {}), **os.environ},
                start_new_session=True,
            )
        pipes = self._watchdog.stdin, self._watchdog.stdout, self._watchdog.stderr
        self._in, self._out, self._err = (pipe.fileno() for pipe in pipes if pipe is not None)
        os.set_blocking(self._in, False)
        os.set_blocking(self._err, False)
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)

    def started(self) -> int:
        """Wait for the program to start and return the number of its process.

        Raises:
            Failed: It cannot start.
        """
        if not self._pid:
            report = self._report(PATIENCE)
            if not report.isdecimal():
                raise Failed("start", f"{self._name} cannot be run: {report or 'no answer'}.")
            self._pid = int(report)
        return self._pid

    def follow(self, process: int) -> None:
        """Watch this process of the program from now on, and drop the standard error of the one before."""
        self._pid, self._errors = process, b""

    def ask(self, question: bytes, find_end: FindEnd, largest: int, limit: float) -> bytes:
        """Send a question, which may be empty, and return the next answer.

        Args:
            question: Bytes for its standard input.
            find_end: Finds the end of the answer.
            largest: Largest answer, in bytes.
            limit: Seconds until the answer must be complete.

        Raises:
            Failed: No answer in time, one too large, or the program has ended.
        """
        deadline, left = time.monotonic() + limit, limit
        question = self._send(question)
        if question:
            self._poll.register(self._in, select.POLLOUT)
        while True:
            end = 0 if question else find_end(self._received)
            if end:
                answer = bytes(self._received[:end])
                del self._received[:end]
                return answer
            if len(self._received) > largest:
                raise Failed("shape", f"an answer may have at most {largest} bytes; this one has more.")
            if left <= 0:
                raise Failed("stalled", f"no answer within {limit:g} s{self._position()}")
            for ready, _ in self._poll.poll(max(left * 1000, 1)):
                if ready == self._err:
                    self._read_errors()
                elif ready == self._in:
                    question = self._send(question)
                    if not question:
                        self._poll.unregister(self._in)
                else:
                    chunk = os.read(self._out, CHUNK)
                    if not chunk:
                        raise Failed("ended", self._ending())
                    self._received += chunk
            left = deadline - time.monotonic()

    def resident(self) -> int | None:
        """Return the bytes of memory that the program holds; None where the system has no /proc (not Linux)."""
        try:
            pages = Path(f"/proc/{self._pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            return None
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def close(self, grace: float = GRACE) -> None:
        """Close its input and wait so many seconds, if any; then have it killed with all that it started."""
        if grace:
            self._close_pipes()
            with suppress(subprocess.TimeoutExpired):
                self._watchdog.wait(grace)
        self._channel.close()  # the watchdog kills all and ends
        try:
            self._watchdog.wait(KILLED)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self._watchdog.pid, signal.SIGKILL)
            self._watchdog.wait()
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._watchdog.stdin, self._watchdog.stdout, self._watchdog.stderr):
            if pipe is not None:
                pipe.close()

    def _send(self, question: bytes) -> bytes:
        """Write as much as the pipe takes; return the rest."""
        try:
            return question[os.write(self._in, question) :] if question else question
        except BlockingIOError:
            return question
        except BrokenPipeError:
            raise Failed("ended", self._ending()) from None

    def _read_errors(self) -> None:
        with suppress(BlockingIOError):
            while chunk := os.read(self._err, CHUNK):
                self._errors = (self._errors + chunk)[-KEPT:]
            self._poll.unregister(self._err)

    def _report(self, limit: float) -> str:
        """Return the next line of the watchdog; an empty text where none comes in time."""
        self._channel.settimeout(limit)
        line = b""
        with suppress(OSError):
            while not line.endswith(b"\n") and (byte := self._channel.recv(1)):
                line += byte
        return line.decode(errors="replace").strip()

    def _position(self) -> str:
        """Return the line at which a program that does not answer stands, where it reports it."""
        if not self._reports_position:
            return self._last_words()
        self._errors = b""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGUSR1)
        time.sleep(0.1)
        lines = [line.removeprefix("File ") for line in self._lines() if line.startswith("File ")]
        return f"; it stands at {', called from '.join(lines[:2])}." if lines else "."

    def _ending(self) -> str:
        report = self._report(GRACE)
        return self.ending(int(report) if report.removeprefix("-").isdecimal() else None)

    def ending(self, code: int | None) -> str:
        """Return in words how a process with this exit code ended, and the last lines of its standard error."""
        how = "its output has ended" if code is None else f"it ended with exit code {code}"
        if code is not None and code < 0:
            how = f"it was ended by the signal {signal.Signals(-code).name}"
        return f"{how}{self._last_words()}"

    def _last_words(self) -> str:
        lines = self._lines()
        return f"; its last words: {short(' / '.join(lines[-3:]))}" if lines else "."

    def _lines(self) -> list[str]:
        with suppress(KeyError):  # its standard error has ended
            self._read_errors()
        return [line.strip() for line in self._errors.decode(errors="replace").splitlines() if line.strip()]
