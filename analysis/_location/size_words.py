"""What a size is, in words: for sentences, tables and reports."""

from __future__ import annotations

from ..._core.text import counted

_PAST = {"filter length": "the output", "window length": "every output and input"}
_EXPLAINED = {
    "longest window": "how many past samples of every output and input the longest predictor of the mixture reads",
    "number of filters": "how many fixed filters of the past are weighed",
    "state order": "how many states the model has",
    "block size": "how many rows and columns of the state matrix are fitted",
    "rank": "the rank of the fitted state matrix",
    "parameters": "how many numbers are fitted",
}


def explained(label: str) -> str:
    """Return ``filter length: how many past samples of the output a forecast reads``; empty for a label of your own."""
    if label in _PAST:
        return f"{label}: how many past samples of {_PAST[label]} a forecast reads"
    return f"{label}: {_EXPLAINED[label]}" if label in _EXPLAINED else ""


def reads(label: str, size: int) -> str:
    """Return what a forecast of a size reads, such as ``the last 2 samples``; empty if the label does not say it."""
    if label not in _PAST:
        return ""
    if size == 0:
        return "no past sample"
    of = f" of {_PAST[label]}" if label == "window length" else ""
    return f"the last {size} samples{of}" if size > 1 else f"the last sample{of}"


def sized(label: str, size: int) -> str:
    """Return a size with its unit: ``5 taps``, ``window length 3``."""
    return counted(size, "tap") if label == "filter length" else f"{label} {size}"
