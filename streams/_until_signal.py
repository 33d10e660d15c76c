"""Commands that run until a signal ends them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from .._core.signals import ending_signals

END_WITH_STDIN = "ERGOSCOPE_END_WITH_STDIN"  # if set, the end of standard input ends the command as a signal does


def run_streams(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end; the first interrupt, SIGTERM or SIGHUP cancels it, a second one ends at once."""

    async def run() -> Any:
        numbers = ending_signals()
        loop, task, signalled = asyncio.get_running_loop(), asyncio.ensure_future(main), False

        def end() -> None:
            nonlocal signalled
            if signalled:
                return
            signalled = True
            for number in numbers:
                loop.remove_signal_handler(number)
            task.cancel()

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

    return asyncio.run(run())


def _await_end_of_stdin(loop: asyncio.AbstractEventLoop, end: Callable[[], None]) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # there is no standard input, or the loop is closed
        while os.read(0, 1024):
            pass
        loop.call_soon_threadsafe(end)
