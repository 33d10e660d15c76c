"""Parameters that a folder of runs keeps: those of the trainer, and as many as were asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ergoscope.analysis._emergence.training import Training, kept_parameters, missing_runs, train_runs
from ergoscope.learners._neural.recipe import read_recipe
from ergoscope.learners._neural.train import Run, train
from ergoscope.simulator._tasks.find import find_task


def test_parameters_are_kept_beside_the_curves(tmp_path: Path) -> None:
    process = find_task("parity:bits=6")
    recipe = read_recipe("mlp:width=3", process)
    training = Training(process, recipe, 50, keep=(0, 17, 50))
    runs = [Run(3, 20, seed, recipe.knobs) for seed in (4, 5)]
    assert missing_runs([*runs, runs[0]], tmp_path) == runs
    frame = train_runs(training, runs, tmp_path)
    assert missing_runs(runs, tmp_path) == []
    assert 17 in frame["step"].to_list()  # an edge that is kept is scored
    made = train(recipe.model, process, runs, training.edges, optimiser=recipe.optimiser, keep=(0, 17, 50))
    for number, run in enumerate(runs):
        kept = kept_parameters(tmp_path, run)
        assert list(kept) == [0, 17, 50]
        for step, tree in kept.items():
            assert sorted(tree) == ["b1", "b2", "w1", "w2"]
            for name, array in tree.items():
                np.testing.assert_array_equal(array, made.parameters[number][step][name])
