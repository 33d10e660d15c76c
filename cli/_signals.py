"""End a command at once on Ctrl-C, SIGTERM or SIGHUP, with no file half written."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console

from .._core.files import remove_unfinished
from .._core.signals import already_ending, ending_signals

_kept: list[str] = []


@contextmanager
def saying_at_end(text: str) -> Iterator[None]:
    """Say this, too, if the command is interrupted while the block runs."""
    _kept.append(text)
    try:
        yield
    finally:
        _kept.remove(text)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM or SIGHUP end the process while the block runs, in the main thread.

    The handler ends the process itself. An exception in a handler is lost inside a callback of a library, such as that
    of JAX during garbage collection, and the work would continue.
    """
    before = {number: signal.signal(number, _end) for number in ending_signals()}
    try:
        yield
    except KeyboardInterrupt:  # polars catches the signal first while it works
        _end()
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is not already_ending:
                signal.signal(number, handler)


def _end(*_: Any) -> None:
    remove_unfinished()
    with suppress(RuntimeError):  # the stream was in use
        Console(stderr=True).show_cursor()  # a progress bar hides the cursor
        sys.stdout.flush()
    os.write(2, f"ergoscope: interrupted; nothing is half written.{''.join(_kept)}\n".encode())
    os._exit(1)  # threads of JAX may still compute: a normal exit would free their memory
