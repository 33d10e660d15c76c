"""Runs that go on from a checkpoint: bits, what is taken over by character and place, what is refused."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from ergoscope.learners._neural.checkpoint import Checkpoint
from ergoscope.learners._neural.mlp_model import mlp_model
from ergoscope.learners._neural.model import Model
from ergoscope.learners._neural.start import checked_start, first_parameters
from ergoscope.learners._neural.train import Run, train
from ergoscope.learners._neural.transformer import transformer
from ergoscope.simulator._tasks.arithmetic.addition import addition
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import Process

TASK = parity(6, 2)
MODEL = mlp_model(TASK)
RUNS = [Run(3, 16, 1), Run(3, 16, 2)]


def kept(process: Process, model: Model, size: int, **changed: Any) -> Checkpoint:
    """Return a checkpoint of a network with parameters that all differ."""
    shapes = jax.eval_shape(lambda key: model.init(key, size, "float32"), jax.random.key(0))
    random = np.random.default_rng(size)
    tree = {word: random.standard_normal(leaf.shape).astype("float32") for word, leaf in shapes.items()}
    return Checkpoint(process.name, "", model.name, size, process.characters, {5: tree})._replace(**changed)


@pytest.mark.parametrize("side_by_side", [1, 2])
def test_a_run_begins_with_the_bits_that_it_is_given_and_as_usual_where_there_are_none(side_by_side: int) -> None:
    """The memory of the rule is empty: the first step of Adam is rate x sign(gradient), beside the decay."""
    given = dict(kept(TASK, MODEL, 3).parameters)
    given["w2"] = np.full_like(given["w2"], np.nan)
    given["b1"][1] = np.nan
    options: dict[str, Any] = dict(keep=(0, 1), exam=8, side_by_side=side_by_side)
    usual, made = (train(MODEL, TASK, RUNS, (0, 1), start=start, **options) for start in (None, given))
    for number in range(2):
        first, plain = made.parameters[number][0], usual.parameters[number][0]
        for word, leaf in given.items():
            np.testing.assert_array_equal(first[word], np.where(np.isnan(leaf), plain[word], leaf))
        moved = made.parameters[number][1]["w1"] - first["w1"]
        rate, decay = RUNS[0].knobs.rate, RUNS[0].knobs.decay
        np.testing.assert_allclose(np.abs(moved + rate * decay * first["w1"]), rate, rtol=0.01)
    assert not np.array_equal(made.parameters[0][0]["w2"], made.parameters[1][0]["w2"])


def test_a_second_run_begins_with_the_bits_that_the_first_ended_with() -> None:
    one = train(MODEL, TASK, RUNS[:1], (0, 9), keep=(9,), exam=8)
    end = one.parameters[0][9]
    two = train(MODEL, TASK, RUNS[:1], (0, 1), keep=(0,), exam=8, start=end)
    assert all(np.array_equal(two.parameters[0][0][word], leaf) for word, leaf in end.items())
    assert np.array_equal(two.scores[0, 0, 2:], one.scores[0, -1, 2:])  # the same exam


def task(characters: str, inputs: int) -> Process:
    return addition(1)._replace(
        name=f"lines:{characters}",
        characters=characters,
        symbols=len(characters),
        classes=len(characters),
        inputs=inputs,
    )


def test_embeddings_are_taken_over_by_character_and_positions_by_number() -> None:
    old, new = task("$+01=AC", 9), task("x=10$", 4)
    before = kept(old, transformer(old, 1, 2), 4)
    given = before.parameters
    taken = first_parameters(before, transformer(new, 1, 2), new, 4)
    assert taken["embedding"].shape == (5, 4) and taken["positions"].shape == (4, 4)
    for row, character in enumerate("x=10$"):
        expected = given["embedding"]["$+01=AC".index(character)] if character in "$+01=AC" else [np.nan] * 4
        np.testing.assert_array_equal(taken["embedding"][row], expected)
    np.testing.assert_array_equal(taken["positions"], given["positions"][:4])
    for word in set(given) - {"embedding", "positions"}:
        np.testing.assert_array_equal(taken[word], given[word])
    after = kept(new, transformer(new, 1, 2), 4)
    back = first_parameters(after, transformer(old, 1, 2), old, 4)["positions"]  # to longer lines
    np.testing.assert_array_equal(back[:4], after.parameters["positions"])
    assert np.isnan(back[4:]).all() and back.shape == (9, 4)
    same = first_parameters(before, transformer(old, 1, 2), old, 4)
    assert all(np.array_equal(same[word], leaf) for word, leaf in given.items())


def test_what_does_not_agree_is_refused_by_both_names() -> None:
    lines, bits = task("$+01=", 5), kept(TASK, MODEL, 3)
    there = kept(lines, transformer(lines, 1, 2), 4)
    wrong: list[tuple[Checkpoint, Model, Process, int, str]] = [
        (bits, MODEL, TASK, 4, "is a mlp:.* of size 3 and this run a mlp:.* of size 4"),
        (bits, mlp_model(TASK, "square"), TASK, 3, "activation=relu.* this run a mlp:activation=square"),
        (there, transformer(lines, 1, 4), lines, 4, "layers=1,heads=2 of size 4 and this run a .*heads=4"),
        (bits, mlp_model(parity(7, 2)), parity(7, 2), 3, "w1 6 x 3, and on parity:bits=7.* it has w1 7 x 3"),
        (
            bits._replace(kept={5: dict(w1=np.ones((6, 3)))}),
            MODEL,
            TASK,
            3,
            "has parameters of no more, and on .* b1 3",
        ),
        (bits._replace(kept={5: bits.parameters | dict(b1=np.full(3, np.inf))}), MODEL, TASK, 3, "has diverged"),
    ]
    for checkpoint, model, process, size, says in wrong:
        with pytest.raises(ValueError, match=says):
            first_parameters(checkpoint, model, process, size)
    with pytest.raises(ValueError, match=r"of b1 3, .*, and mlp.* of size 4 has b1 4"):
        train(MODEL, TASK, [*RUNS, Run(4, 16, 0)], (0, 1), start=bits.parameters)
    single = checked_start(MODEL, {w: leaf.astype("float64") for w, leaf in bits.parameters.items()}, [3], "float32")
    assert all(np.array_equal(single[w], leaf) and leaf.dtype == "float32" for w, leaf in bits.parameters.items())
