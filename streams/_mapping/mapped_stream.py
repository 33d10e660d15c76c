"""What is known of a stream: its grid, its series, the kinds of its values, and its last samples."""

from __future__ import annotations

from ..._core.text import counted
from .._messages.errors import RejectedMessage
from .gridder import Grid
from .mapping import MISSING, NUMBER, SWITCH, Sample
from .origins import Series

REMEMBERED = 1000  # times and values of a stream, by which repeats are known


class MappedStream:
    """A stream: its grid and series, if it has them, its kinds, and the samples by which repeats are known."""

    def __init__(self, grid: Grid | None, outputs: int, origin: Series | None) -> None:
        self.grid, self.outputs, self.series = grid, outputs, origin
        self._kinds = b""  # of the outputs and inputs
        self._recent: dict[tuple[int | None, bytes, bytes], None] = {}

    def check_channels(self, sample: Sample) -> None:
        """Raise RejectedMessage if a number other than 0 and 1 comes after switches, or a switch after numbers.

        So is a sample of another width.
        """
        if not self._kinds:
            self._kinds = sample.kinds
        known = self._kinds
        if known == sample.kinds:
            return
        if len(known) != len(sample.kinds):
            raise RejectedMessage(
                "dimension",
                f"there were {counted(len(known), 'number')} at the paths at first, and here {len(sample.kinds)}: name "
                "what each payload has, such as --y values.0.",
                "width",
            )
        values = [*sample.output.tolist(), *sample.input.tolist()]
        for i, (before, here, value) in enumerate(zip(known, sample.kinds, values, strict=True)):
            if (before == NUMBER and here == SWITCH) or (before == SWITCH and here == NUMBER and value not in (0, 1)):
                channel = f"output {i + 1}" if i < self.outputs else f"input {i + 1 - self.outputs}"
                was, got = ("a number", "a switch such as ON") if here == SWITCH else ("a switch", f"{value:g}")
                raise RejectedMessage(
                    "schema",
                    f"{channel} was {was} at first, and here it is {got}: it is no reading of it. Name "
                    "another path with --y or --u.",
                    f"kind of {channel}",
                )
        self._kinds = bytes(
            here if before == MISSING else before for before, here in zip(known, sample.kinds, strict=True)
        )

    def check_new(self, sample: Sample) -> None:
        """Raise RejectedMessage if a sample with this time and these values has come before."""
        key = sample.time, sample.output.tobytes(), sample.input.tobytes()
        if key in self._recent:
            raise RejectedMessage(
                "repeated",
                "a payload has the time and the values of one before: it is dropped as a repeat. If it is a reading of "
                "its own, use --time arrival.",
            )
        self._recent[key] = None
        if len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]
