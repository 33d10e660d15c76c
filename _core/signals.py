"""The signals that end a command."""

from __future__ import annotations

import signal
from typing import Any


def ending_signals() -> list[signal.Signals]:
    """Return SIGINT, SIGTERM and SIGHUP, as far as the system has them; without SIGHUP under ``nohup``."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return [number for number in numbers if number.name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN]


def already_ending(*_: Any) -> None:
    """Handle a signal that comes when the process is about to end: nothing is left to do."""
