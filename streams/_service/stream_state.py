"""A service as arrays and words, for a checkpoint: what is restored goes on with the same bits.

No sample is pending when a snapshot is made. Samples that wait for a lost one are part of it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._messages.arrow_codec import decode_arrow, encode_arrow
from .._messages.outputs import Counts
from .sequencer import Sequencer
from .verdicts import VerdictSchedule


@dataclass
class Stream:
    """The state of one stream outside the table.

    Attributes:
        sequencer: The order of its samples.
        last_active: Samples that the service had taken in when it last took in one of this stream.
        schedule: When the next verdict is due.
    """

    sequencer: Sequencer
    last_active: int
    schedule: VerdictSchedule = field(default_factory=VerdictSchedule)

    def state(self, name: str) -> dict[str, Any]:
        """Return the state as plain JSON."""
        order = self.sequencer
        held = [base64.b85encode(encode_arrow(rows)).decode() for _, rows in sorted(order.held.items())]
        return dict(
            name=name,
            epoch=order.epoch,
            expected=order.expected,
            held=held,
            counts=vars(order.counts),
            numbered=order.numbered,
            next_verdict=self.schedule.due,
            last_active=self.last_active,
        )


def restore_stream(words: Mapping[str, Any], window: int) -> Stream:
    """Return the stream that ``Stream.state`` described."""
    held = [decode_arrow(base64.b85decode(rows), words["name"]) for rows in words["held"]]
    order = Sequencer(
        window,
        words["epoch"],
        words["expected"],
        {rows.sequence or 0: rows for rows in held},
        Counts(**words["counts"]),
        bool(words["numbered"]),
    )
    return Stream(order, words["last_active"], VerdictSchedule(words["next_verdict"]))


class OtherSettings(ValueError):
    """A checkpoint of a service with other settings."""


def check_settings(here: Mapping[str, Any], saved: Mapping[str, Any]) -> None:
    """Check that a service has the settings of a checkpoint.

    Raises:
        OtherSettings: A setting differs; the text names it.
    """
    for word, value in here.items():
        if saved.get(word) != value:
            raise OtherSettings(
                f"the checkpoint is of another {word}: {saved.get(word)!r:.80}, here it is {value!r:.80}. Name another "
                f"state folder, or use the same {word}."
            )
