"""The bands of a recording: those of the batch function, in the table, the JSON, the report, and read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.analysis import locate, location_html, read_location, save_location
from ergoscope.learners import bands, ladder, lattice, replay
from ergoscope.learners._engine.band_sums import pooled
from ergoscope.learners._engine.scored import scored_ahead
from ergoscope.simulator import Trajectories, simulate, zoo

SIZES = range(4)


def recorded(outputs: int) -> Trajectories:
    """Two runs, the second shorter, with missing samples."""
    rng = np.random.default_rng(outputs)
    y = rng.standard_normal((2, 400, outputs)).cumsum(axis=1)
    y[:, :2] = y[1, 50:60] = y[1, 300:] = np.nan
    names = tuple(f"y{i}" for i in range(outputs)), (), ("one", "two")
    return Trajectories(y, np.zeros((2, 400, 0)), np.array([400, 300]), 0.5, *names)


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_bands_of_a_recording_are_those_of_the_batch_function(outputs: int, tmp_path: Path) -> None:
    recording = recorded(outputs)
    learner = ladder(SIZES, intercept=True) if outputs == 1 else lattice(SIZES, outputs=2, intercept=True)
    found = locate(recording, sizes=SIZES, model=False)
    forecasts = replay(learner, recording, center="first")
    parts = []
    for i, length in enumerate((400, 300)):
        y = recording.outputs[i : i + 1, :length]
        known = scored_ahead(np.moveaxis(y, 0, -1), np.zeros((outputs, 1), np.int32), (1,))
        parts.append(bands(forecasts[i : i + 1, :length], y, scored=np.moveaxis(known, -1, 0)))
    sums, answer = pooled(part.sums[0] for part in parts), found.bands
    assert answer is not None and answer.newest is not None
    assert answer.coverage == sums.coverage[0].tolist() and answer.calibrated == sums.calibrated[0].tolist()
    np.testing.assert_array_equal(answer.half_width, sums.half_width[0])
    np.testing.assert_array_equal(answer.newest, parts[0].ahead[0, 0])
    assert found.rungs["coverage"].to_list() == answer.coverage
    widths = answer.newest[:, 0] if outputs == 1 else answer.newest
    assert found.rungs["half_width"].to_list() == widths.tolist()

    save_location(found, tmp_path)
    again = read_location(tmp_path)
    assert again.rungs.equals(found.rungs) and again.bands is not None
    assert json.dumps(again.to_dict()["bands"]) == json.dumps(found.to_dict()["bands"])
    written: dict[str, Any] = json.loads((tmp_path / "location.json").read_text())
    assert written["bands"]["coverage"] == answer.coverage == [rung["coverage"] for rung in written["rungs"]]
    html = location_html(found)
    assert "band: covered" in html and f"{100 * answer.coverage[0]:.1f}\u00a0%" in html


def test_a_system_has_no_bands_and_rounding_ends_them() -> None:
    assert locate("random-walk", horizon=64, replicates=2, sizes=range(2)).bands is None
    explosive = simulate(0, zoo("explosive-1"), 500)  # its output grows beyond 1 / eps times the noise
    found = locate(explosive, sizes=range(2), model=False)
    assert found.trust_horizon is not None and found.bands is None and found.to_dict()["bands"] is None
    assert "coverage" not in found.rungs.columns


def test_a_very_long_recording_has_no_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longer than the learning: a recording of ten million rows shall not wait for them."""
    monkeypatch.setattr("ergoscope.analysis._location.recording.MOST_BANDED", 1999)
    y = np.random.default_rng(1).standard_normal(2000).cumsum()
    found = locate(y, sizes=range(3), model=False)
    assert found.bands is None and "coverage" not in found.rungs.columns and found.to_dict()["bands"] is None
    assert "bands" not in found.sentence
