"""What a change is: since when, which size was needed before and which one now."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from ..._core.json_values import json_value
from ..._core.text import spaced

Kind = Literal["size", "weights", "noise"]
RATE = 0.01  # of false alarms
ALIKE = 1.1  # the error is called the same up to this ratio


class Change(NamedTuple):
    """A change of one stream.

    Attributes:
        since: The first sample after the change, as estimated; samples are counted from 0 with the stream.
        noticed: Samples of the stream when the evidence was enough.
        told: Samples of the stream when the size was decided.
        kind: ``"size"``: another size is needed; ``"weights"``: the same size with other weights; ``"noise"``: the same
            predictor, with larger or smaller errors.
        size_before: The size of least accumulated error before the change.
        size_now: The smallest size that is not shown to be worse than the best since the change.
        at_least: Whether the best size since the change is the largest tried.
        ratio: Root of the mean squared error since, over that before; None if either is zero.
        rate: Of false alarms: the probability that a stretch without a change ever gives one.
        size_label: What a size is.
    """

    since: int
    noticed: int
    told: int
    kind: Kind
    size_before: int
    size_now: int
    at_least: bool
    ratio: float | None
    rate: float
    size_label: str

    @property
    def sentence(self) -> str:
        """The change in words."""
        label, now, since = self.size_label, self.size_now, f"since sample {spaced(self.since)}"
        if self.kind == "size":
            needed = f"{label} {'at least ' * self.at_least}{now}"
            text = f"{needed} is needed {since}; {self.size_before} was needed before"
        elif self.kind == "weights":
            text = f"{label} {now} is still needed, with other weights {since}"
        else:
            text = f"{label} {now} is still needed, with the same weights, and the noise has changed {since}"
        return f"{text}; {self.error_words} (false alarms: at most {100 * self.rate:g} % of stable stretches)"

    @property
    def error_words(self) -> str:
        """The errors since, beside those before."""
        if self.ratio is None:
            return "the error before or since is zero"
        if 1 / ALIKE <= self.ratio <= ALIKE:
            return "the error is as large as before"
        if self.ratio > 1:
            return f"the error is {self.ratio:.2g} times what it was"
        return f"the error is {100 * self.ratio:.0f} % of what it was"

    def record(self) -> dict[str, Any]:
        """Return the change as plain JSON."""
        return self._asdict() | dict(ratio=json_value(self.ratio), sentence=self.sentence)
