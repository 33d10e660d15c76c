"""Networks that go on from a network: fewer steps, the folder that knows its start, what is refused."""

from __future__ import annotations

import json
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis import emerge
from ergoscope.analysis._emergence.emerged import Emerged
from ergoscope.learners import load_checkpoint, save_checkpoint

TASK, NETWORK = "parity:bits=6,k=2", "mlp:width=16,decay=0.1"


def small(**words: Any) -> Emerged:
    given = dict(dict(task=TASK, along="steps", learner=NETWORK, rows=48, runs=1, steps=28, seed=5), **words)
    return emerge(given.pop("task"), given.pop("along"), given.pop("values", None), given.pop("learner"), **given)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Emerged:
    """One network that is not able yet, in a folder."""
    return small(folder=tmp_path_factory.mktemp("first"), keep=True)


def test_the_file_of_a_run_says_what_it_is(first: Emerged) -> None:
    (file,) = first.checkpoints
    kept = load_checkpoint(file)
    assert kept.task == first.settings["task"] and kept.learner == first.settings["learner"]
    assert (kept.step, kept.size, list(kept.kept)) == (28, 16, [28])
    assert file.with_suffix(".parquet").is_file()
    assert first.settings["keep"] == [28] and "start" not in first.settings
    assert first.curves.filter(pl.col("metric") == "exam accuracy")["value"][-1] < 0.8


def test_who_goes_on_needs_fewer_steps(first: Emerged, tmp_path: Path) -> None:
    """Were both alike, all nine of one kind would come before all nine of the other once in 24 310 times."""
    assert 2 / comb(18, 9) < 1e-4
    tuned = small(learner=None, runs=9, steps=120, seed=0, start=first.checkpoints[0])
    plain = small(runs=9, steps=120, seed=0)
    assert tuned.passages["low"].min() is not None and not plain.passages["censored"].any()
    assert tuned.passages["high"].max() < plain.passages["low"].min()  # type: ignore[operator]
    ends = first.curves.filter((pl.col("metric") == "norm") & (pl.col("step") == 28))["value"]
    begins = tuned.curves.filter((pl.col("metric") == "norm") & (pl.col("step") == 0))["value"]
    assert set(begins) == set(ends)
    assert tuned.settings["learner"] == plain.settings["learner"]
    assert tuned.settings["start"] == load_checkpoint(first.checkpoints[0]).settings


def test_a_folder_goes_on_with_its_start_and_with_no_other(first: Emerged, tmp_path: Path) -> None:
    file, folder = tmp_path / "start.npz", tmp_path / "out"
    file.write_bytes(first.checkpoints[0].read_bytes())

    def interrupted(done: int, total: int) -> None:
        if done >= 3 * 28:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(runs=6, folder=folder, start=file, keep=True, progress=interrupted)
    before = {path: path.read_bytes() for path in folder.rglob("*.npz")}
    made = small(runs=6, folder=folder, start=file, keep=True)
    assert 0 < len(before) < 6 and all(path.read_bytes() == content for path, content in before.items())
    assert made.curves.equals(small(runs=6, start=file).curves)
    assert all(path.is_file() for path in made.checkpoints) and len(set(made.checkpoints)) == 6
    said = json.loads((folder / "training.json").read_text())["start"]
    kept = load_checkpoint(file)
    assert said == kept.settings and len(said["digest"]) == 16
    (tmp_path / "moved.npz").write_bytes(file.read_bytes())
    assert small(runs=6, folder=folder, start=tmp_path / "moved.npz", keep=True).curves.equals(made.curves)
    save_checkpoint(kept._replace(kept={28: kept.parameters | dict(b2=kept.parameters["b2"] + 1)}), file)
    with pytest.raises(ValueError, match="was made with start = .*digest"):
        small(runs=6, folder=folder, start=file, keep=True)
    with pytest.raises(ValueError, match="was made with start = .*, not null"):
        small(runs=6, folder=folder, keep=True)
    with pytest.raises(ValueError, match="was made with start = null"):
        small(folder=first.checkpoints[0].parents[7], start=file, keep=True)


def test_what_cannot_be_kept_or_started_from_is_refused_before_a_folder_is_made(first: Emerged, tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("a,b\n")
    kept = load_checkpoint(first.checkpoints[0])
    save_checkpoint(
        kept._replace(kept={28: {w: leaf * np.nan for w, leaf in kept.parameters.items()}}), tmp_path / "n.npz"
    )
    start, folder = first.checkpoints[0], tmp_path / "out"
    wrong: list[tuple[dict[str, Any], str]] = [
        (dict(keep=True, folder=None), "parameters are kept in a folder"),
        (dict(start=tmp_path / "none.npz"), "there is no file"),
        (dict(start=tmp_path / "text.npz"), "is no checkpoint, or is broken"),
        (dict(start=tmp_path / "n.npz"), "has diverged"),
        (dict(start=start, along="size", values=[8, 16], learner=None), "the networks of a start have one size"),
        (dict(start=start, learner="mlp:width=8"), "of size 16 and this run a .* of size 8"),
        (dict(start=start, learner="mlp:width=16,activation=square"), "activation=relu.* of size 16 and this run"),
        (dict(start=start, task="parity:bits=7,k=2"), "w1 6 x 16, and on parity:bits=7.* it has w1 7 x 16"),
        (dict(start=start, task="modular-addition:p=7", rows=None, learner=None), "mlp takes vectors of numbers"),
    ]
    for words, says in wrong:
        with pytest.raises(ValueError, match=says):
            small(**dict(dict(folder=folder), **words))
    assert not folder.exists()
