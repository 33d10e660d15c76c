"""A predictor on a recording: errors against replay and a loop, failures, what a recording shows, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.analysis import (
    RecordingScore,
    parse_requirements,
    recording_shortfalls,
    save_recording_score,
    score_on_recording,
)
from ergoscope.analysis._growth.curves import block_edges
from ergoscope.learners import ladder, open_predictor, replay
from ergoscope.simulator import Trajectories

HERE = Path(__file__).parent
SIZES = range(4)


def walks(runs: int = 2, steps: int = 600, noise: float = 1.0) -> Trajectories:
    """Return random walks with noise, a gap, and runs of different lengths."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((runs, steps, 1)).cumsum(axis=1) + noise * rng.standard_normal((runs, steps, 1)) + 5
    y[:, 200:204] = np.nan
    lengths = np.array([steps - 90 * r for r in range(runs)])
    y[np.arange(steps)[None] >= lengths[:, None]] = np.nan
    names = tuple(f"run {r}" for r in range(runs))
    return Trajectories(y, np.zeros((runs, steps, 0)), lengths, None, ("y",), (), names)


def scored(who: str, recording: Any, **options: Any) -> RecordingScore:
    options = dict(learner=ladder(SIZES)) | options
    with open_predictor(f"{HERE / 'shadows.py'}:{who}", in_process=True) as predictor:
        return score_on_recording(predictor, recording, **options)


def test_errors_are_those_of_replay_and_of_a_loop() -> None:
    recording = walks()
    found = scored("Last", recording)
    assert found.comparison is not None and found.failure is None and found.runs == 2
    forecasts = replay(ladder(SIZES), recording, center="first")[:, :, 0, :, 0]
    edges = block_edges(600)
    start, sums, count = int(edges[edges >= 30][0]), np.zeros(5), 0
    for r, run in enumerate(recording.outputs[..., 0]):
        last = 0.0
        for t, y in enumerate(run):
            if t >= start and not np.isnan(y):
                sums += [*(forecasts[r, t] - y) ** 2, (last - y) ** 2]
                count += 1
            last = last if np.isnan(y) else y
    assert found.comparison.samples == count
    assert found.comparison.error == pytest.approx(sums[-1] / count, rel=1e-12)
    np.testing.assert_allclose(found.comparison.sizes["error"], sums[:-1] / count, rtol=1e-12)
    np.testing.assert_allclose(found.comparison.sizes["ratio"], sums[-1] / sums[:-1], rtol=1e-12)
    # each step of a walk with noise errs by 1 + 2; its best filter by (1 + 5^0.5) / 2 + 1 = 2.618
    # of normal errors of variance 3, a variance of 4 covers 97.6 %
    assert found.comparison.as_good_as == 1 and found.coverage is not None
    assert found.coverage.low is not None and found.coverage.low < 0.976 < found.coverage.high  # type: ignore[operator]


def test_the_first_sample_is_compared_where_the_center_is_known() -> None:
    recording = walks(1, 40)
    for center, first in (("first", 1), ("none", 0), ([5.0], 0)):
        curves = scored("Last", recording, learner=ladder([0, 1]), center=center).curves
        own = curves.filter(curves["size"].is_null())
        assert own["first"][0] == 0 and np.isnan(own["error"][0]) == (first == 1 and own["last"][0] == 0)


def test_of_two_outputs_none_outweighs_the_other() -> None:
    recording = walks(1)
    y = np.concatenate([recording.outputs, 1000 * walks(2).outputs[1:]], axis=2)
    both = Trajectories(y, recording.inputs, recording.lengths, 1.0, ("a", "b"), (), ("0",))
    one = scored("two", both, learner=None, sizes=[0, 1, 2]).comparison
    other = scored("two", Trajectories(y[..., ::-1], *vars_of(both)), learner=None, sizes=[0, 1, 2]).comparison
    assert one is not None and other is not None
    np.testing.assert_allclose(one.sizes["ratio"], other.sizes["ratio"], rtol=1e-6)
    assert 2 < one.error < 2.7  # 3 / 2.618 of the noise of each output, summed: not 1000^2


def vars_of(recording: Trajectories) -> tuple[Any, ...]:
    return recording.inputs, recording.lengths, recording.dt, ("b", "a"), (), recording.run_names


def test_an_input_is_known_to_both_only_after_its_sample() -> None:
    rng = np.random.default_rng(4)
    u = rng.standard_normal(2000)
    y = np.append(0.0, u[:-1]) + 0.1 * rng.standard_normal(2000)
    found = scored("Input", y, input=u, learner=None, sizes=[0, 1, 2]).comparison
    # u[t-1] is known to one tap, and u[t] to none: then the error would be 0.01 at size 0
    assert found is not None and found.use == 1 and abs(found.excess) < 0.03
    assert found.sizes["error"][0] > 0.5 and found.error == pytest.approx(0.01, rel=3.9 * (2 / 1900) ** 0.5)


@pytest.mark.parametrize("name", ["Raises", "NotFinite"])
def test_a_failure_is_named_and_what_was_compared_until_then_is_said(name: str) -> None:
    found = scored(name, walks())
    assert found.failure is not None and (found.failure.run, found.failure.step) == ("run 0", 300)
    assert found.runs == 1 and found.comparison is not None
    until = scored("Last", Trajectories.of(walks().outputs[0, :300])).comparison
    assert until is not None and found.comparison.sizes.equals(until.sizes)
    assert f"{name} on y failed at sample 300 of run run 0: " in found.sentence and ". Until then " in found.sentence
    assert len(found.flaws) == 1 and found.flaws[0].name == {"Raises": "raises", "NotFinite": "not finite"}[name]


@pytest.mark.parametrize(
    ("name", "flaws"),
    [("Last", []), ("Random", ["non-deterministic"]), ("Clock", ["ignores the samples"]), ("Zero", [])],
)
def test_a_recording_shows_who_ignores_it_and_who_differs(name: str, flaws: list[str]) -> None:
    found = scored(name, walks(1, 240))
    assert [flaw.name for flaw in found.flaws] == flaws
    assert all(flaw in found.sentence for flaw in flaws)


def test_requirements_on_a_recording() -> None:
    required = parse_requirements(
        "excess<20%, excess<10%, ladder<0.1, finite, deterministic, flawless, calibrated, bounded"
    )
    short = recording_shortfalls(scored("Last", walks(1, 900)), required)
    assert [line.partition(":")[0] for line in short] == ["excess<10%", "ladder<0.1", "calibrated", "bounded"]
    assert "excess is 1" in short[0] and "a recording does not measure it" in short[3]  # 3 / 2.618 - 1 is 14.6 %
    failed = recording_shortfalls(scored("NotFinite", walks()), parse_requirements("finite, flawless, zoo:excess<1"))
    assert [line.partition(":")[0] for line in failed] == ["finite", "flawless", "zoo"]


def test_a_learner_of_the_catalogue_equals_its_own_size() -> None:
    found = score_on_recording("ladder:size=2", walks(), learner=ladder(SIZES), center="none").comparison
    assert (
        found is not None
        and found.sizes["ratio"][2] == pytest.approx(1.0, abs=1e-4)
        and found.sizes["verdict"][2] == "alike"
    )


def test_the_files_and_the_notebook(tmp_path: Path) -> None:
    found = scored("Last", walks(), name="<walks>")
    files = save_recording_score(found, tmp_path / "out", ["excess<1%: why"])
    assert [file.name for file in files] == [
        "report.html", "beside_sizes.png", "beside_growth.png", "beside_sizes.parquet", "curves.parquet", "beside.json",
    ]  # fmt: skip
    page = (tmp_path / "out" / "report.html").read_text()
    assert "&lt;walks&gt;" in page and "Falls short of excess&lt;1%: why" in page and page.count("<img") == 2
    assert json.loads((tmp_path / "out" / "beside.json").read_text())["sentence"] == found.sentence
    shown = found._repr_html_()
    assert "as good as" in shown and shown.count("<img") == 2
    few = scored("Last", Trajectories.of(walks(1).outputs[0, :17]))
    assert few.comparison is None and few.sentence.endswith("on y: too few samples could be compared.")
    assert len(save_recording_score(few, tmp_path / "few")) == 3


BAD: dict[str, tuple[Any, dict[str, Any], str]] = {
    "constant": (np.ones(50), {}, "always 1: there is nothing to predict"),
    "short": (np.arange(9.0), {}, "at least 16 samples, got 9"),
    "sizes": (np.arange(40.0), dict(learner=ladder([0, 30])), "size 30 is beyond the data"),
    "huge": (np.arange(40.0) * 1e160, {}, "the largest value of a recording"),
    "lookahead": (np.arange(40.0), dict(learner=ladder([1], lookaheads=(2,))), "a predictor forecasts the next sample"),
    "shape": (np.arange(80.0).reshape(40, 2), dict(learner=None), "the predictor cannot begin on y1, y2"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(name: str) -> None:
    recording, options, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        scored("Last", recording, **options)
