"""A network of a file goes on with lines of its task."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

from ergoscope.learners import Checkpoint, complete_lines, save_checkpoint
from ergoscope.learners._neural.decode import completed
from ergoscope.learners._neural.recipe import read_recipe
from ergoscope.simulator._tasks.find import find_task

WORDS = "transformer:width=4,layers=1,heads=2"


def test_a_file_is_enough_to_complete_lines(tmp_path: Path) -> None:
    process = find_task("addition:digits=1")
    recipe = read_recipe(WORDS, process)
    shapes = jax.eval_shape(lambda key: recipe.model.init(key, 4, "float32"), jax.random.key(0))
    random = np.random.default_rng(1)
    tree = {word: random.standard_normal(leaf.shape).astype("float32") for word, leaf in shapes.items()}
    kept = Checkpoint(process.name, recipe.name, recipe.model.name, 4, process.characters, {3: tree})
    save_checkpoint(kept, tmp_path / "a.npz")
    prompts = ["1+2=", "9+"]
    expected = completed(recipe.model, tree, process, prompts, 2)
    assert complete_lines(tmp_path / "a.npz", prompts, 2) == complete_lines(kept, prompts, 2) == expected
    assert complete_lines(kept._replace(task="mine"), prompts, 2, task=process) == expected
    for wrong, says in (
        (kept._replace(task="mine"), "no task is called 'mine'"),
        (kept._replace(task="parity"), "takes lines of characters"),
        (kept._replace(task="addition:digits=2"), "these parameters are not those of"),
        (kept._replace(task="parity", learner="mlp"), "writes no lines"),
    ):
        with pytest.raises(ValueError, match=says):
            complete_lines(wrong, prompts, 2)
    with pytest.raises(ValueError, match="there is no file"):
        complete_lines("none.npz", prompts, 2)
