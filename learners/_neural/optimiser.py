"""How parameters follow their gradients: one record of numbers that may differ between runs, and optax's rules."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..._core.jax_later import jax, jnp, optax

RULES = ("adamw", "sgd")


class Knobs(NamedTuple):
    """Numbers of a run that no program is compiled anew for.

    Attributes:
        rate: Learning rate.
        decay: Weight decay: a step shrinks every parameter by rate x decay, beside the gradient's step (decoupled).
        l1: Weight decay towards 0 by a constant force: l1 x sign(parameter) is added to the gradient.
        dropout: Probability that a hidden unit is left out of a step.
    """

    rate: float = 1e-3
    decay: float = 0.0
    l1: float = 0.0
    dropout: float = 0.0


class Optimiser(NamedTuple):
    """A rule and its fixed numbers.

    Attributes:
        optimiser: ``"adamw"``, or ``"sgd"`` with the same decoupled decay.
        b1, b2, eps: Of Adam: forgetting of the mean gradient and of its square, and the floor of its root.
        momentum: Of gradient descent.

    References:
        I. Loshchilov, F. Hutter, Decoupled weight decay regularization, ICLR 2019.
    """

    optimiser: str = "adamw"
    b1: float = 0.9
    b2: float = 0.98
    eps: float = 1e-8
    momentum: float = 0.0


def check_optimiser(optimiser: Optimiser) -> None:
    """Raise ValueError unless its numbers can be used."""
    if optimiser.optimiser not in RULES:
        raise ValueError(f"the optimiser must be adamw or sgd, got {optimiser.optimiser!r}.")
    for word in ("b1", "b2", "momentum"):
        if not 0 <= getattr(optimiser, word) < 1:
            raise ValueError(f"{word} must be at least 0 and below 1, got {getattr(optimiser, word)}.")
    if not optimiser.eps > 0:
        raise ValueError(f"eps must be above 0, got {optimiser.eps}.")


def check_knobs(knobs: Knobs) -> None:
    """Raise ValueError unless its numbers can be used."""
    if not 0 < knobs.rate < float("inf"):
        raise ValueError(f"rate must be above 0, got {knobs.rate}.")
    for word in ("decay", "l1"):
        if not 0 <= getattr(knobs, word) < float("inf"):
            raise ValueError(f"{word} must be at least 0, got {getattr(knobs, word)}.")
    if not 0 <= knobs.dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, got {knobs.dropout}.")


def rule(optimiser: Optimiser, knobs: Any) -> optax.GradientTransformation:
    """Return the rule of optax for one run; the numbers of ``knobs`` may be traced."""
    scaling = (
        optax.scale_by_adam(optimiser.b1, optimiser.b2, optimiser.eps)
        if optimiser.optimiser == "adamw"
        else optax.trace(optimiser.momentum)
        if optimiser.momentum
        else optax.identity()
    )

    def pull(gradients: Any, parameters: Any) -> Any:
        return jax.tree.map(lambda g, p: g + knobs.l1 * jnp.sign(p), gradients, parameters)

    return optax.chain(optax.stateless(pull), scaling, optax.add_decayed_weights(knobs.decay), optax.scale(-knobs.rate))


def stepped(optimiser: Optimiser, knobs: Any, gradients: Any, memory: Any, parameters: Any) -> tuple[Any, Any]:
    """Return parameters and memory of the rule after one step."""
    with jax.numpy_dtype_promotion("standard"):  # optax raises a number to the power of a count
        updates, memory = rule(optimiser, knobs).update(gradients, memory, parameters)
    return optax.apply_updates(parameters, updates), memory


def first_memory(optimiser: Optimiser, parameters: Any) -> Any:
    """Return the memory of the rule before the first step."""
    return rule(optimiser, Knobs()).init(parameters)
