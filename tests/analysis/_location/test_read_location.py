"""A folder of ``locate`` read back: the same answer, the same figures, and damage that is told."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ergoscope.analysis import (
    Location,
    growth_figure,
    locate,
    read_location,
    save_location,
    signal_figure,
    size_figure,
)
from ergoscope.simulator import Trajectories, zoo

WALK = 3 + np.random.default_rng(1).standard_normal((10, 200, 2)).cumsum(axis=1)


@pytest.fixture(scope="module")
def located() -> dict[str, Location]:
    plant = zoo("random-walk")
    two = Trajectories.of(list(WALK), output_names=["left", "right"])
    return {
        "one recording": locate(WALK[0, :, 0], sizes=range(4), name="walk"),
        "runs, two outputs": locate(two, sizes=range(3)),
        "a system": locate(plant, sizes=range(3), horizon=300, replicates=16, name="mine"),
        "ahead": locate(WALK[0, :, 0], sizes=range(3), lookaheads=(1, 4), model=False),
    }


def same(one: Any, other: Any) -> None:
    if isinstance(one, pl.DataFrame):
        assert_frame_equal(one, other, check_dtypes=True)
    elif isinstance(one, Location):
        for each in fields(one):
            if each.name != "predictors":
                same(getattr(one, each.name), getattr(other, each.name))
    elif isinstance(one, tuple):
        assert type(one) is type(other) and len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            same(left, right)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, float) and np.isnan(one):
        assert np.isnan(other)
    else:
        assert one == other


@pytest.mark.parametrize("name", ["one recording", "runs, two outputs", "a system", "ahead"])
def test_an_answer_is_read_back_whole(located: dict[str, Location], name: str, tmp_path: Path) -> None:
    found = located[name]
    save_location(found, tmp_path)
    for path in (tmp_path, tmp_path / "location.json"):
        back = read_location(path)
        same(found, back)
        assert str(back) == str(found) and back.to_dict() == found.to_dict()
        assert [one.to_dict() for one in back.predictors] == [one.to_dict() for one in found.predictors]
    for drawn in (growth_figure, size_figure, signal_figure):
        one, other = (figure_lines(drawn(answer)) for answer in (found, back))
        assert one == other and one


def figure_lines(figure: Any) -> list[Any]:
    return [line.get_ydata().tolist() for axes in figure.axes for line in axes.lines if len(line.get_ydata()) > 2]


def test_what_an_earlier_run_left_is_not_read(located: dict[str, Location], tmp_path: Path) -> None:
    save_location(located["a system"], tmp_path)
    answer = json.loads((tmp_path / "location.json").read_text())
    answer["files"] = [file for file in answer["files"] if "signal" not in file]
    (tmp_path / "location.json").write_text(json.dumps(answer))
    assert read_location(tmp_path).signal is None


def test_a_damaged_folder_is_told(located: dict[str, Location], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a folder of `ergoscope locate`"):
        read_location(tmp_path)
    save_location(located["one recording"], tmp_path / "good")
    damages: list[tuple[str, str, str]] = [
        ("location.json", "{", "is damaged"),
        ("location.json", "[]", "is damaged"),
        ("location.json", '{"files": [], "further": []}', "no answer of this version"),
        ("curves.parquet", "PAR1", "is damaged"),
        ("predictors.json", "[{}]", "is damaged"),
    ]
    for file, text, message in damages:
        shutil.copytree(tmp_path / "good", tmp_path / "bad", dirs_exist_ok=True)
        (tmp_path / "bad" / file).write_text(text)
        with pytest.raises(ValueError, match=message):
            read_location(tmp_path / "bad")


def test_a_name_of_your_own_names_the_answer(located: dict[str, Location]) -> None:
    assert located["a system"].system == "mine" and located["a system"].sentence.startswith("mine: ")
    assert located["one recording"].system == "walk" and located["one recording"].sentence.startswith("walk: ")


def test_the_size_to_use(located: dict[str, Location]) -> None:
    recording, system = located["one recording"], located["a system"]
    assert recording.advice is not None and recording.size == recording.advice.size
    assert system.size == (system.best.size if system.critical_size is None else system.critical_size)
    assert recording.predictor().about["size"] == recording.size
