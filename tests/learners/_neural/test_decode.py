"""Greedy decoding: one character after the other beside a plain loop, and what it means that an answer is right."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from ergoscope.learners._neural import decode
from ergoscope.learners._neural.decode import completed, right_symbols
from ergoscope.learners._neural.mlp_model import mlp_model
from ergoscope.learners._neural.model import right
from ergoscope.learners._neural.transformer import transformer
from ergoscope.simulator._tasks.arithmetic.addition import addition
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import Examples

TASK = addition(1)
MODEL = transformer(TASK, layers=1, heads=2)
CHARACTERS, PLACES, ASKED = TASK.characters, TASK.inputs + 1, TASK.asked
PROMPTS = ["1+2=", "7", "4+"]


def random_parameters(seed: int) -> dict[str, Any]:
    """Parameters so large that each line is another."""
    random = np.random.default_rng(seed)
    shapes = jax.eval_shape(lambda key: MODEL.init(key, 6, "float32"), jax.random.key(0))
    return {word: random.standard_normal(leaf.shape).astype("float32") for word, leaf in shapes.items()}


PARAMETERS = random_parameters(1)
AFTER = jax.jit(lambda tokens: MODEL.everywhere(PARAMETERS_ON_DEVICE, tokens))  # type: ignore[misc]
PARAMETERS_ON_DEVICE = jax.tree.map(jax.numpy.asarray, PARAMETERS)


def by_hand(prompt: str, count: int) -> str:
    """Return what greedy decoding writes, one line and one character at a time; what stands behind is another each."""
    text = prompt
    for _ in range(count):
        tokens = [CHARACTERS.index(character) for character in text]
        line = np.array([(tokens + [len(text)] * PLACES)[: PLACES - 1]], "int8")
        text += CHARACTERS[int(np.asarray(AFTER(line))[0, len(text) - 1].argmax())]
    return text[len(prompt) :]


@pytest.fixture(autouse=True)
def blocks_of_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "BLOCK", 4)  # one program for all that is written here


def test_lines_go_on_as_by_hand() -> None:
    found = completed(MODEL, PARAMETERS, TASK, PROMPTS, 2)
    assert found == [by_hand(prompt, 2) for prompt in PROMPTS]
    assert completed(MODEL, PARAMETERS, TASK, PROMPTS[1:], PLACES - 2) == [by_hand(p, PLACES - 2) for p in PROMPTS[1:]]
    many = [f"{a}+{b}=" for a in range(4) for b in range(3)]
    alone = completed(MODEL, PARAMETERS, TASK, many, 2)
    assert alone == [by_hand(prompt, 2) for prompt in many] and len(set(alone)) > 2
    assert completed(MODEL, PARAMETERS, TASK, many[::-1] + PROMPTS, 2) == alone[::-1] + found


def told(seed: int, rows: int = 40) -> Examples:
    """Return questions with what the network answers, and in half of the rows one symbol of the answer changed."""
    random = np.random.default_rng(seed)
    pairs = random.integers(0, 10, (rows, 2))
    questions = [f"{a}+{b}=" for a, b in pairs]
    texts = [q + a for q, a in zip(questions, completed(MODEL, PARAMETERS, TASK, questions, ASKED), strict=True)]
    lines = np.array([[CHARACTERS.index(c) for c in text] for text in texts], "int8")
    changed = PLACES - ASKED + random.integers(0, ASKED, rows)
    lines[range(rows), changed] += random.integers(0, 2, rows).astype("int8")
    lines %= len(CHARACTERS)
    return Examples(lines[:, :-1], lines[:, -ASKED:].astype("int32"), np.zeros(rows, "int32"))  # type: ignore[arg-type]


def test_an_answer_is_right_exactly_if_each_symbol_is_after_the_true_ones() -> None:
    examples = told(2)
    logits = jax.jit(lambda x: MODEL.forward(PARAMETERS_ON_DEVICE, x, None, 0.0))(examples.x)
    with_truth = np.asarray(jax.jit(right)(logits, examples.y))
    alone = right_symbols(MODEL, PARAMETERS, TASK, examples)
    assert alone.shape == (40, ASKED)
    np.testing.assert_array_equal(alone.all(axis=1), with_truth)
    assert 5 < with_truth.sum() < 35
    shares = alone.mean(axis=0)
    each = np.asarray(logits).argmax(axis=-1) == examples.y  # with the true symbols before: another share of the last
    assert each[:, 0].mean() == shares[0] and each[:, 1].mean() != shares[1]


def test_answers_may_end_early_and_begin_late() -> None:
    examples = told(3)
    y = np.array(examples.y)
    y[::2, -1] = -1
    found = right_symbols(MODEL, PARAMETERS, TASK, examples._replace(y=y))  # type: ignore[arg-type]
    whole = right_symbols(MODEL, PARAMETERS, TASK, examples)
    assert found[::2, -1].all()
    np.testing.assert_array_equal(found[:, :-1], whole[:, :-1])
    np.testing.assert_array_equal(found[1::2], whole[1::2])
    y = np.array(examples.y)
    y[:, 0] = -1  # then the true first symbol belongs to the question
    late = right_symbols(MODEL, PARAMETERS, TASK, examples._replace(y=y))  # type: ignore[arg-type]
    logits = jax.jit(lambda x: MODEL.forward(PARAMETERS_ON_DEVICE, x, None, 0.0))(examples.x)
    assert late[:, 0].all() and late[:, 1].mean() == (np.asarray(logits).argmax(axis=-1) == examples.y)[:, 1].mean()
    for wrong in (np.full_like(y, -1), y[:0]):
        with pytest.raises(ValueError, match="each one asking for symbols"):
            right_symbols(MODEL, PARAMETERS, TASK, examples._replace(x=examples.x[: len(wrong)], y=wrong))  # type: ignore[arg-type]


def test_parameters_of_float64_are_computed_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    computing = decode.computing
    monkeypatch.setattr(decode, "computing", lambda *given: seen.append(given[0]) or computing(*given))
    completed(MODEL, {word: leaf.astype("float64") for word, leaf in PARAMETERS.items()}, TASK, PROMPTS, 2)
    completed(MODEL, PARAMETERS, TASK, PROMPTS, 2)
    assert seen == ["float64", "float32"]


@pytest.mark.parametrize(
    ("prompts", "count", "says"),
    [
        ([], 1, r"prompts are beginnings of lines, .*; got \[\]"),
        ("1+2=", 1, "prompts are beginnings of lines, .*; got '1"),
        ([""], 1, "before 1 more a prompt has 1 to 5, got 0, ''"),
        (["1+2=", "1+2=0"], 2, "has 6 characters: before 2 more a prompt has 1 to 4, got 5, '1.2=0'"),
        (["1"], 6, "before 6 more a prompt has 1 to 0, got 1"),
        (["1-2?"], 1, r"a line of this task cannot have - \?: its characters are \$"),
        (["1"], 0, "count must be a whole number of at least 1, got 0"),
    ],
)
def test_prompts_that_cannot_be_are_refused(prompts: Any, count: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        completed(MODEL, PARAMETERS, TASK, prompts, count)


def test_what_does_not_belong_together_is_refused() -> None:
    bits = parity(6, 2)
    with pytest.raises(ValueError, match="mlp.* writes no lines: give a transformer"):
        completed(mlp_model(bits), {}, bits, ["1"], 1)
    for other in (PARAMETERS | dict(positions=np.zeros((3, 6))), {}, dict(w1=np.zeros((2, 2)))):
        with pytest.raises(ValueError, match="these parameters are not those of transformer:layers=1,heads=2 on addit"):
            completed(MODEL, other, TASK, ["1"], 1)
    with pytest.raises(ValueError, match="these parameters are not those of"):
        completed(MODEL, PARAMETERS, TASK._replace(classes=5), ["1"], 1)
