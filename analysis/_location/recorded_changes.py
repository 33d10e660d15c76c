"""The changes of one recorded run, as a part of the answer: the sizes of a recording with a change are a mixture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from ..._core.text import spaced
from ...learners import Learner
from ...learners._engine.driver import Driver
from ...simulator import Trajectories
from .._drift.bet_loop import START
from .._drift.change import RATE, Change
from .._drift.recorded import recorded_changes
from .location import CHANGES, Location

MOST = 1 << 20  # samples: some seven seconds


def find_changes(
    recording: Trajectories, learner: Learner, center: Any, options: dict[str, Any]
) -> list[Change] | None:
    """Return the changes of a recording; None if none was looked for.

    They are looked for in one run of more than 2048 samples, at most a million for the time that it takes, by ladder or
    lattice without forgetting on a CPU, one sample ahead.

    Args:
        recording: What was replayed.
        learner: The learner that was replayed.
        center, options: Those of the driver.
    """
    if len(recording.lengths) != 1 or not START < recording.lengths[0] <= MOST or learner.lookaheads[0] != 1:
        return None
    if learner.forgetful is None or Driver(learner, *_channels(recording), center=center, **options).step is None:
        return None
    inputs = recording.inputs[0] if recording.inputs.shape[2] else None
    return recorded_changes(learner, recording.outputs[0], inputs, center=center, **options)


def with_changes(location: Location, found: list[Change] | None) -> Location:
    """Return the answer with the changes of the recording, which its sentence then begins with."""
    if found is None:
        return location
    rows = [{word: getattr(change, word) for word in CHANGES} for change in found]
    frame = pl.DataFrame(rows, schema=CHANGES)
    return replace(location, changes=frame, sentence=_with_words(location.sentence, location.subject, found))


def change_words(changes: list[dict[str, Any]]) -> str:
    """Return where changes were found, by the rows of ``Location.changes``, and the rate of false alarms."""
    rate = f"false alarms: at most {100 * RATE:g} %"
    since = [spaced(sample) for sample in (row["since"] for row in changes)]
    if not since:
        return f"none found ({rate})"
    return f"since sample{'s' * (len(since) > 1)} {', '.join(since)} ({rate} of stable stretches)"


def _with_words(sentence: str, name: str, found: list[Change]) -> str:
    """Return a sentence that begins with the changes, after the name."""
    if not found:
        return sentence
    last = found[-1]
    earlier = f"{len(found)} changes, since samples {', '.join(spaced(one.since) for one in found)}. Of the last one: "
    part = f"In Python locate(y[{last.noticed}:]) asks the part since then; of all parts together:"
    rest = sentence.removeprefix(f"{name}: ")
    return f"{name}: {earlier * (len(found) > 1)}{last.sentence}. {part} {rest}"


def _channels(recording: Trajectories) -> tuple[int, int]:
    return recording.outputs.shape[2], recording.inputs.shape[2]
