"""Checkpoints: what was written is read, word for word and bit for bit; foreign and broken files are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import Checkpoint, load_checkpoint, save_checkpoint
from ergoscope.learners._neural.optimiser import Knobs
from ergoscope.learners._neural.recipe import read_recipe, run_words
from ergoscope.simulator._tasks.parity import parity

W = np.array([[1.5, -0.0], [3e-42, np.pi]], "float32")
MADE = Checkpoint(
    "parity", "mlp:width=2", "mlp", 2, "$+", {7: dict(w=W + 1, b=np.ones(2)), 30: dict(w=W, b=np.ones(2))}
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_checkpoint(MADE, tmp_path / "a.npz")
    return tmp_path / "a.npz"


def test_what_was_written_is_read(file: Path) -> None:
    found = load_checkpoint(file)
    assert found[:-1] == MADE[:-1] and found.step == 30 and list(found.kept) == [7, 30]
    for step, tree in MADE.kept.items():
        for word, leaf in tree.items():
            read = found.kept[step][word]
            assert read.dtype == leaf.dtype and read.shape == leaf.shape and read.tobytes() == leaf.tobytes()
    assert found.parameters["w"].tobytes() == W.tobytes()


def test_the_digest_is_that_of_the_content_alone(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere.npz"
    save_checkpoint(MADE, other)
    assert load_checkpoint(other).settings == load_checkpoint(file).settings == MADE.settings
    assert MADE.settings == dict(task="parity", learner="mlp:width=2", step=30, digest=MADE.settings["digest"])
    moved = W.copy()
    moved[0, 1] = 0.0  # was -0.0
    changed = [
        MADE._replace(kept={30: dict(w=moved, b=np.ones(2))}),
        MADE._replace(kept={30: dict(w=W.reshape(1, 4), b=np.ones(2))}),
        MADE._replace(kept={30: dict(w=W, c=np.ones(2))}),
        MADE._replace(kept={30: dict(w=W, b=np.ones(2, "float32"))}),
        MADE._replace(characters="+$"),
        MADE._replace(network="mlp:bias=no"),
    ]
    digests = {each.settings["digest"] for each in [MADE, *changed]}
    assert len(digests) == 1 + len(changed)
    assert MADE._replace(kept={30: dict(b=np.ones(2), w=W)}).settings == MADE.settings  # in any order


def test_the_words_of_a_run_name_its_network() -> None:
    task = parity(6, 2)
    recipe = read_recipe("mlp:width=8,bias=no,batch=4", task)
    words = run_words(recipe, 5, Knobs(0.25, 0.0, 1e-05, 0.5))
    made = read_recipe(words, task)
    assert (made.size, made.knobs, made.model, made.batch) == (5, Knobs(0.25, 0.0, 1e-05, 0.5), recipe.model, 4)
    assert run_words(recipe, 8, recipe.knobs) == recipe.name


def archive(path: Path, **arrays: Any) -> None:
    np.savez(path, allow_pickle=True, **arrays)


ABOUT = {word: value for word, value in MADE._asdict().items() if word != "kept"}
WRONG = {
    "nothing": lambda path: path.touch(),
    "text": lambda path: path.write_text("step,w\n1,2\n"),
    "one array": lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"),
    "cut": lambda path: path.write_bytes(path.with_name("a.npz").read_bytes()[:-40]),
    "another archive": lambda path: archive(path, w=W),
    "objects": lambda path: archive(path, **{"3/w": np.array([{}])}),
    "without words": lambda path: archive(path, **{"3/w": W}),
    "words alone": lambda path: archive(path, about=np.array(json.dumps(ABOUT))),
    "half of the words": lambda path: archive(path, about=np.array('{"task": "parity"}'), **{"3/w": W}),
    "other words": lambda path: archive(path, about=np.array(json.dumps(ABOUT | dict(size="2"))), **{"3/w": W}),
    "a list": lambda path: archive(path, about=np.array("[1]"), **{"3/w": W}),
    "no JSON": lambda path: archive(path, about=np.array("parity"), **{"3/w": W}),
}


@pytest.mark.parametrize("name", WRONG)
def test_foreign_and_broken_files_are_refused(name: str, file: Path) -> None:
    path = file.with_name("b.npz")
    WRONG[name](path)
    with pytest.raises(ValueError, match=r"b\.npz' (is no checkpoint, or is broken|does not say of which network)"):
        load_checkpoint(path)


def test_every_damaged_byte_is_seen_or_harmless(file: Path) -> None:
    """A file whose byte has changed is refused, or it is read as it was: the archive has sums of what it holds."""
    whole, refused = file.read_bytes(), 0
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            assert load_checkpoint(file).settings["digest"] == MADE.settings["digest"]
        except ValueError:
            refused += 1
    assert refused > len(whole) / 7 / 3


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path, says in ((tmp_path / "none.npz", "there is no file"), (tmp_path, "is a folder: name a file in it")):
        with pytest.raises(ValueError, match=says):
            load_checkpoint(path)
    with pytest.raises(ValueError, match="cannot write"):
        save_checkpoint(MADE, tmp_path / "none" / "a.npz")
