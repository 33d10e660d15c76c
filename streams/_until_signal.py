"""Commands that run until a signal ends them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from .._core.signals import already_ending, ending_signals

PATIENCE = 5.0  # seconds for an end in order
END_WITH_STDIN = "ERGOSCOPE_END_WITH_STDIN"  # if set, the end of standard input ends the command as a signal does


def run_streams(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end; an interrupt, SIGTERM or SIGHUP cancels it.

    A second signal cancels what it waits for at its end: what was taken is still written. A signal ``PATIENCE`` seconds
    after the first ends the process at once. One that comes after the end does nothing.
    """
    numbers, signalled = ending_signals(), False

    async def run() -> Any:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main)

        def end() -> None:
            nonlocal signalled
            if not signalled:
                loop.call_later(PATIENCE, release)
            signalled = True
            task.cancel()

        def release() -> None:
            for number in numbers:
                loop.remove_signal_handler(number)

        for number in numbers:
            with contextlib.suppress(NotImplementedError):  # where there is no such handler, an interrupt ends at once
                loop.add_signal_handler(number, end)
        if os.environ.get(END_WITH_STDIN):
            threading.Thread(target=_await_end_of_stdin, args=(loop, end), daemon=True).start()
        try:
            return await task
        except asyncio.CancelledError:
            if not signalled:
                raise
            return None

    result = asyncio.run(run())
    if signalled and threading.current_thread() is threading.main_thread():
        for number in numbers:
            signal.signal(number, already_ending)
    return result


def _await_end_of_stdin(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # there is no standard input, or the loop is closed
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(end)
