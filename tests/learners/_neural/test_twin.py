"""A few steps of the trainer against the same steps in plain NumPy, with the gradient written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ergoscope.learners._neural.mlp_model import mlp_model
from ergoscope.learners._neural.optimiser import Knobs, Optimiser
from ergoscope.learners._neural.train import Run, train
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import Process, drawn

STEPS, ROWS, WIDTH, SEED = 6, 14, 5, 3
Tree = dict[str, np.ndarray[Any, Any]]


def gradient(parameters: Tree, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any], activation: str) -> Tree:
    """Return the gradient of the mean cross-entropy of one logit."""
    z = x @ parameters["w1"] + parameters.get("b1", 0.0)
    hidden, slope = (np.maximum(z, 0), (z > 0) * 1.0) if activation == "relu" else (z**2, 2 * z)
    logit = hidden @ parameters["w2"][:, 0] + parameters.get("b2", np.zeros(1))[0]
    error = (1 / (1 + np.exp(-logit)) - y) / len(y)
    back = error[:, None] * parameters["w2"][:, 0] * slope
    found = dict(w1=x.T @ back, w2=(hidden.T @ error)[:, None], b1=back.sum(axis=0), b2=error.sum(keepdims=True))
    return {word: found[word] for word in parameters}


def steps(parameters: Tree, x: Any, y: Any, activation: str, knobs: Knobs, rule: Optimiser) -> Tree:
    mean, square = ({word: np.zeros_like(p) for word, p in parameters.items()} for _ in range(2))
    for step in range(1, STEPS + 1):
        for word, g in gradient(parameters, x, y, activation).items():
            p = parameters[word]
            g = g + knobs.l1 * np.sign(p)
            if rule.optimiser == "adamw":
                mean[word] = rule.b1 * mean[word] + (1 - rule.b1) * g
                square[word] = rule.b2 * square[word] + (1 - rule.b2) * g**2
                g = mean[word] / (1 - rule.b1**step) / (np.sqrt(square[word] / (1 - rule.b2**step)) + rule.eps)
            else:
                mean[word] = rule.momentum * mean[word] + g
                g = mean[word]
            parameters = parameters | {word: p - knobs.rate * (g + knobs.decay * p)}
    return parameters


CASES = {
    "AdamW": (Optimiser(), Knobs(0.02, 0.3), "relu", True),
    "AdamW with L1, without biases": (Optimiser(b1=0.8, b2=0.95, eps=1e-3), Knobs(0.02, 0.3, 0.01), "relu", False),
    "descent with momentum, L1 and decay": (Optimiser("sgd", momentum=0.9), Knobs(0.1, 0.2, 0.02), "square", True),
}


@pytest.mark.parametrize(("rule", "knobs", "activation", "bias"), CASES.values(), ids=CASES)
def test_the_steps_are_those_of_numpy(rule: Optimiser, knobs: Knobs, activation: str, bias: bool) -> None:
    task: Process = parity(6, 2, "signs" if bias else "bits")
    edges = (0, STEPS)
    made = train(
        mlp_model(task, activation, bias), task, [Run(WIDTH, ROWS, SEED, knobs)], edges, optimiser=rule, exam=10,
        keep=edges, precision="float64",
    )  # fmt: skip
    seen = drawn(task, SEED, ROWS)
    first = {word: np.asarray(leaf) for word, leaf in made.parameters[0][0].items()}
    assert first.keys() == ({"w1", "w2", "b1", "b2"} if bias else {"w1", "w2"})
    expected = steps(first, np.asarray(seen.x, float), np.asarray(seen.y), activation, knobs, rule)
    for word, leaf in made.parameters[0][STEPS].items():
        assert leaf.dtype == np.float64 and not np.array_equal(leaf, first[word])
        np.testing.assert_allclose(leaf, expected[word], rtol=1e-11, atol=1e-13, err_msg=word)
