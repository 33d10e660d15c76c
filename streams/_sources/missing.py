"""Missing samples in place of rejected messages, for streams that do not count their messages.

Without numbers the samples of a stream are counted as they come. If a rejected message were left out, the samples
after it would move one step back in time. It is therefore replaced by missing samples.
"""

from __future__ import annotations

import numpy as np

from .._messages.errors import RejectedMessage
from .._messages.limits import MOST_STREAMS
from .._messages.observation import Observation

REPLACED = ("oversized", "malformed", "schema", "dimension", "non-finite")


class MissingSamples:
    """The width of each stream that does not count, and missing samples of that width."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, int, int]] = {}  # epoch, outputs and inputs of the last message
        self._first: str | None = None
        self._several = False

    @property
    def only(self) -> str | None:
        """The stream of all messages so far; None if there are several, or none."""
        return None if self._several else self._first

    def remember(self, stream: str, epoch: int, outputs: int, inputs: int) -> None:
        """Note a stream that did not count before a restart."""
        self._see(stream)
        self._last[stream] = epoch, outputs, inputs

    def _see(self, stream: str) -> None:
        self._several = self._several or self._first not in (None, stream)
        self._first = self._first or stream

    def note(self, observation: Observation) -> None:
        """Note a valid message."""
        self._see(observation.stream)
        if observation.sequence is not None:
            self._last.pop(observation.stream, None)
            return
        widths = observation.output.shape[1], observation.input.shape[1]
        self._last[observation.stream] = observation.epoch, *widths
        if len(self._last) > 2 * MOST_STREAMS:
            del self._last[next(iter(self._last))]

    def replace(self, rejected: RejectedMessage, stream: str | None) -> Observation | None:
        """Return missing samples in place of a rejected message; None if its stream is not known, or counts."""
        last = self._last.get(stream or "")
        if stream is None or last is None or rejected.numbered or rejected.kind not in REPLACED:
            return None
        epoch, *widths = last
        time, output, input = (np.full((rejected.samples, width), np.nan) for width in (1, *widths))
        return Observation(stream, epoch, None, time[:, 0], output, input)
