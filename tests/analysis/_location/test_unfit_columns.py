"""The columns that prevent the fit of an autoregression are named."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.analysis import autoregression
from ergoscope.analysis._location.unfit_columns import unfit_reason
from ergoscope.simulator import Trajectories


def recording(outputs: np.ndarray, inputs: np.ndarray) -> Trajectories:
    names = tuple("yz")[: outputs.shape[1]], tuple("uvw")[: inputs.shape[1]]
    return Trajectories(outputs[None], inputs[None], np.array([len(outputs)]), 1.0, *names, ("run",))


rng = np.random.default_rng(0)
Y, U = rng.standard_normal((300, 2)), rng.standard_normal((300, 2))
ONE = np.ones((300, 1))


@pytest.mark.parametrize(
    ("outputs", "inputs", "words"),
    [
        (Y[:, :1], ONE, "u is constant; leave it out"),
        (Y[:, :1], np.concatenate([ONE, 3 * ONE], axis=1), "u and v are constant; leave them out"),
        (np.concatenate([Y[:, :1], 2 * Y[:, :1]], axis=1), U[:, :0], "z is a multiple of y"),
        (Y[:, :1], np.concatenate([U, U @ [[1.0], [2.0]]], axis=1), "w is a sum of multiples of u and v"),
        (Y[:10, :1], U[:10, :0], "only 10 rows have no missing sample, and an autoregression needs 16"),
        (np.where(np.arange(300)[:, None] % 40, np.nan, Y[:, :1]), U[:, :0], "only 8 rows"),
    ],
)
def test_the_column_is_named(outputs: np.ndarray, inputs: np.ndarray, words: str) -> None:
    run = recording(outputs, inputs)
    assert autoregression(run) is None
    assert words in unfit_reason(run)
