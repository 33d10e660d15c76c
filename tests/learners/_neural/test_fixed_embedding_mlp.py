"""The five-neuron network as a model: its numbers, its logits, and what it does with the constructed weights."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ergoscope.analysis._studies.grokking.five_neurons import five_neurons
from ergoscope.learners._neural.fixed_embedding_mlp import fixed_embedding_mlp
from ergoscope.learners._neural.model import count
from ergoscope.learners._neural.recipe import read_recipe
from ergoscope.simulator._tasks.find import find_task


@pytest.mark.parametrize("activation", ["relu", "square"])
def test_the_constructed_weights_give_the_constructed_logits(activation: str) -> None:
    net = five_neurons(67, 5, activation)
    model = fixed_embedding_mlp(find_task("modular-addition"), activation)
    pairs = np.random.default_rng(0).integers(0, 67, (40, 2)).astype(np.int32)
    parameters = dict(h=jnp.asarray(net.inputs, "float32"), o=jnp.asarray(net.outputs, "float32"))
    logits = model.forward(parameters, jnp.asarray(pairs), None, 0.0)
    z = (net.embedding[pairs[:, 0]] + net.embedding[pairs[:, 1]]) @ net.inputs * np.sqrt(2 / 67)
    s = z**2 if activation == "square" else np.maximum(z, 0)
    np.testing.assert_allclose(logits, s @ net.outputs @ net.embedding.T * np.sqrt(2 / 67), atol=2e-6)
    assert (np.asarray(logits).argmax(axis=1) == pairs.sum(axis=1) % 67).all()


def test_it_has_twenty_parameters_and_a_recipe() -> None:
    found = read_recipe("fixed-embedding-mlp", find_task("modular-addition:share=0.3"))
    assert found.size == 5
    assert count(found.model, 5) == found.model.parameters(5) == 20
    assert found.knobs.rate == 0.01
    assert found.knobs.decay == 0.001


def test_a_task_without_symbols_is_refused() -> None:
    with pytest.raises(ValueError, match="has none: choose mlp"):
        fixed_embedding_mlp(find_task("parity"))


def test_the_spread_of_the_first_embedding() -> None:
    process = find_task("modular-addition")
    wide, plain = (read_recipe(f"embedding-mlp:spread={spread}", process).model for spread in (3.8633, 1))
    one, two = (model.init(jax.random.key(0), 24, "float32") for model in (wide, plain))
    np.testing.assert_allclose(one["e"], 3.8633 * two["e"], rtol=1e-5)
    np.testing.assert_array_equal(one["h"], two["h"])
    assert float(one["e"].var()) == pytest.approx(2 / 67, rel=0.05)
    with pytest.raises(ValueError, match="spread must be above 0, got 0"):
        read_recipe("embedding-mlp:spread=0", process)
