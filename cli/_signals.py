"""An interrupt ends a command at once, with nothing half written."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console

from .._core.files import remove_unfinished


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let Ctrl-C or SIGTERM end the process while the block runs, in the main thread.

    The handler ends it itself: an exception raised there is lost where a library has called back, as JAX does while
    Python collects garbage, and the work would go on.
    """
    before = {number: signal.signal(number, _end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:  # from polars, which hears the signal first while it works
        _end()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(*_: Any) -> None:
    remove_unfinished()
    with suppress(RuntimeError):  # it was being written to
        Console(stderr=True).show_cursor()  # a progress bar hides it
        sys.stdout.flush()
    os.write(2, b"ergoscope: interrupted; nothing is half written.\n")
    os._exit(1)  # JAX may still compute in its threads: an orderly end would take memory from under them
