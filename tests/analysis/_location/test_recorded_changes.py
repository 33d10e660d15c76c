"""``locate`` names the changes of one recording, and is silent about none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ergoscope.analysis import locate, read_location, save_location
from ergoscope.analysis._drift.recorded import recorded_changes
from ergoscope.analysis._location.recorded_changes import change_words
from ergoscope.learners import ladder

AT = 3000


def recording(steps: int = 4500, changes: bool = True) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    noise = np.random.default_rng(6).standard_normal(steps)
    y = np.zeros(steps)
    for t in range(4, steps):
        y[t] = 0.9 * y[t - (4 if changes and t >= AT else 1)] + noise[t]
    return y


def test_a_change_stands_first_in_the_answer(tmp_path: Path) -> None:
    y = recording()
    found = locate({"level": y}, output="level", sizes=range(9), model=False)
    assert found.changes is not None and found.changes.height == 1
    row = found.changes.row(0, named=True)
    assert (row["kind"], row["size_before"], row["size_now"]) == ("size", 1, 4) and abs(row["since"] - AT) < 120
    (change,) = recorded_changes(ladder(range(9), intercept=True), y[:, None], center="first")
    assert row == {word: getattr(change, word) for word in row}
    assert found.sentence.startswith(f"level: {change.sentence}. In Python locate(y[{row['noticed']}:]) asks")
    assert "of all parts together: use filter length" in found.sentence
    assert found.more == () or all("would tell" not in more.sentence for more in found.more)  # it is a mixture
    assert found.to_dict()["changes"] == [row]
    save_location(found, tmp_path)
    again = read_location(tmp_path)
    assert again.changes is not None and again.changes.equals(found.changes)
    assert "since sample" in (tmp_path / "report.html").read_text()


def test_none_is_found_or_looked_for() -> None:
    still = locate(recording(changes=False), sizes=range(9), model=False)
    assert still.changes is not None and still.changes.is_empty() and "needed" not in still.sentence
    short = locate(recording(2048), sizes=range(9), model=False)
    several = locate([recording(2500), recording(2500)], sizes=range(9), model=False)
    forgets = locate(recording(2500), sizes=range(9), model=False, learner="ladder:forgetting=0.99")
    assert short.changes is several.changes is forgets.changes is None
    assert short.to_dict()["changes"] is None


@pytest.mark.parametrize(
    ("since", "text"),
    [
        ([], "none found (false alarms: at most 1 %)"),
        ([20_140], "since sample 20 140 (false alarms: at most 1 % of stable stretches)"),
        ([100, 20_140], "since samples 100, 20 140 (false alarms: at most 1 % of stable stretches)"),
    ],
)
def test_words(since: list[int], text: str) -> None:
    assert change_words([dict(since=sample) for sample in since]) == text
