"""The networks: forms that compute the same, counted parameters, first weights, the words that name them."""

from __future__ import annotations

from math import log

import jax
import numpy as np
import pytest

from ergoscope.learners._neural.embedding_mlp import FORMS, embedding_mlp, frequency_share
from ergoscope.learners._neural.mlp_model import mlp_model
from ergoscope.learners._neural.model import count, losses, right
from ergoscope.learners._neural.recipe import default_model, model_names, read_recipe
from ergoscope.learners._neural.train import Run, train
from ergoscope.simulator._tasks.modular_addition import modular_addition
from ergoscope.simulator._tasks.parity import parity
from ergoscope.simulator._tasks.process import drawn

SUMS, BITS = modular_addition(7), parity(6, 2)
SHAPES = dict(e=(7, 6), h=(6, 4), o=(4, 6))


def test_the_three_forms_give_the_same_logits_from_equal_matrices() -> None:
    models = {form: embedding_mlp(SUMS, 6, form, "square") for form in FORMS}
    random = np.random.default_rng(1)
    tied = {word: random.standard_normal(shape).astype("float32") for word, shape in SHAPES.items()}
    v, w = tied["e"] @ tied["h"], tied["o"] @ tied["e"].T
    turn = np.linalg.qr(random.standard_normal((6, 6)))[0].astype("float32")  # O E^T = (O turn) (E turn)^T
    untied = dict(tied, o=tied["o"] @ turn, u=tied["e"] @ turn)
    alike = dict(tied=tied, untied=untied, unfactored=dict(v=v, w=w))
    x = jax.numpy.asarray(drawn(SUMS, 0, 9).x)
    forwards = jax.jit(lambda alike: {form: models[form].forward(alike[form], x, None, 0.0) for form in FORMS})
    logits = {form: np.asarray(each) for form, each in forwards(alike).items()}
    by_hand = (v[np.asarray(x)].sum(axis=1) ** 2) @ w
    for form in FORMS:
        np.testing.assert_allclose(logits[form], by_hand, rtol=1e-4, atol=1e-5)


def test_sums_are_learned_from_the_loss_of_chance_on() -> None:
    made = train(embedding_mlp(SUMS, 8), SUMS, [Run(12, 11, 0, read_recipe(None, SUMS).knobs)], (0, 60))
    assert made.scores[0, 1, 0, 0] < made.scores[0, 0, 0, 0]
    assert abs(made.scores[0, 0, 0, 0] - log(7)) < 1


@pytest.mark.parametrize("size", [1, 5])
def test_trainable_numbers_are_counted(size: int) -> None:
    models = [mlp_model(BITS), mlp_model(BITS, bias=False), *(embedding_mlp(SUMS, 6, form) for form in FORMS)]
    for model in models:
        assert model.parameters(size) == count(model, size)


def test_losses_and_answers_of_one_logit_are_those_of_two_classes() -> None:
    z, y = jax.numpy.array([[2.0], [-1.0], [0.5], [-90.0]]), jax.numpy.array([1, 1, 0, 1])
    two = jax.numpy.concatenate([jax.numpy.zeros_like(z), z], axis=1)
    one, both = (jax.jit(lambda z: (losses(z, y), right(z, y)))(logits) for logits in (z, two))
    np.testing.assert_allclose(one[0], both[0], rtol=1e-6)
    np.testing.assert_allclose(one[0], [log(1 + np.exp(-2)), log(1 + np.e), log(1 + np.exp(0.5)), 90], rtol=1e-6)
    assert one[1].tolist() == both[1].tolist() == [True, False, False, False]


def test_the_share_of_a_frequency_is_one_for_a_wave_and_small_for_noise() -> None:
    symbols = np.arange(31)
    wave = np.cos(2 * np.pi * 3 * symbols / 31)[:, None] + 5
    assert abs(float(frequency_share(jax.numpy.asarray(wave, "float32"))) - 1) < 1e-5
    noise = np.random.default_rng(0).standard_normal((31, 200))
    assert float(frequency_share(jax.numpy.asarray(noise, "float32"))) < 0.5


def test_words_name_a_network_and_are_read_back() -> None:
    made = read_recipe("mlp:width=8,decay=0.5,bias=no,batch=4", BITS)
    assert (made.size, made.knobs.decay, made.batch, made.model.name) == (8, 0.5, 4, mlp_model(BITS, bias=False).name)
    assert read_recipe(made.name, BITS) == made
    assert [default_model(task) for task in (BITS, SUMS)] == list(model_names()[:2])
    assert read_recipe(None, SUMS).model.name.startswith("embedding-mlp:")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("mpl", "no network is called 'mpl'; did you mean 'mlp'"),
        ("mlp:wdith=3", "Its options are rate, .*width, activation, bias"),
        ("mlp:width=3,width=4", "given width twice"),
        ("mlp:width=wide", "width must be a whole number, got 'wide'"),
        ("mlp:bias=perhaps", "bias must be yes or no"),
        ("mlp:width=0", "the width must be at least 1, got 0"),
        ("mlp:batch=-1", "at least one row, got -1"),
        ("mlp:decay=-1", "decay must be at least 0"),
        ("mlp:activation=tanh", "must be relu or square, got 'tanh'"),
        ("embedding-mlp", "takes symbols, and parity"),
    ],
)
def test_words_that_name_no_network_are_refused(words: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_recipe(words, BITS)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("mlp", "takes vectors of numbers"),
        ("embedding-mlp:form=loose", "must be tied, untied, unfactored"),
        ("embedding-mlp:embedding=0", "a width of at least 1"),
    ],
)
def test_networks_that_do_not_take_symbols_are_refused(words: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_recipe(words, SUMS)
    other = SUMS._replace(classes=3)
    with pytest.raises(ValueError, match="a tied embedding needs labels that are the inputs' symbols"):
        embedding_mlp(other)
