"""The compiled programs of training: the set and the exam of a world, first parameters, updates and scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._core.devices import Precision
from ..._core.jax_later import Array, jax, jnp
from ...simulator._tasks.process import Examples, Feed, Memory, Process, Source, world_keys
from .kept_programs import kept_programs
from .model import Model, Parameters, losses, right
from .optimiser import Optimiser, first_memory, stepped


@kept_programs
def compiled_updates(
    model: Model, optimiser: Optimiser, feed: Feed, kinds: int, precision: Precision, many: bool, drops: bool
) -> Any:
    """Return compiled ``call(world, state, knobs, bounds)`` of one run or of many: updates and scores."""

    def batch_at(world: Any, step: Array, order: Array | None) -> Examples:
        memory, _, data, batches = world
        # Batches of an endless domain belong to the world, as its set and its exam do.
        taken = feed.batch_at(memory, data if memory is None else batches, step, order)
        return _encoded(model, taken, precision) if memory is None else taken

    def scored(parameters: Parameters, examples: Examples) -> Array:
        logits = model.forward(parameters, examples.x, None, 0.0)
        loss = losses(logits, examples.y)
        answered = jnp.where(jnp.isfinite(loss), right(logits, examples.y).astype(precision), jnp.nan)
        each = jnp.stack([loss, answered])  # a run that diverged has no share of right answers
        if kinds == 1:
            return each.mean(axis=1)[:, None]
        belongs = jax.nn.one_hot(examples.kind, kinds, dtype=precision)
        return (each @ belongs) / belongs.sum(axis=0)[None]  # NaN without a row

    def call(world: Any, state: Any, knobs: Any, bounds: Array) -> tuple[Any, Array, Array]:
        def update(step: Array, carried: tuple[Any, Array | None]) -> tuple[Any, Array | None]:
            (parameters, memory), order = carried
            if feed.shuffles:  # once a pass
                begins = feed.begins_pass(world[0], step)
                order = jax.lax.cond(begins, feed.order_at, lambda *_: order, world[0], world[3], step)
            examples = batch_at(world, step, order)
            key = jax.random.fold_in(jax.random.fold_in(world[3], 1), step) if drops else None

            def loss(parameters: Parameters) -> Array:
                return losses(model.forward(parameters, examples.x, key, knobs.dropout), examples.y).mean()

            return stepped(optimiser, knobs, jax.grad(loss)(parameters), memory, parameters), order

        def stretch(state: Any, bound: Array) -> tuple[Any, tuple[Array, Array]]:
            parameters = state[0]
            order = feed.order_at(world[0], world[3], bound[0]) if feed.shuffles else None
            seen = scored(parameters, batch_at(world, bound[0], order)), scored(parameters, world[1])
            probes = jnp.array([read(parameters) for _, read in model.probes], precision)
            state, _ = jax.lax.fori_loop(bound[0], bound[1], update, (state, order))
            return state, (jnp.concatenate(seen), probes)

        state, (scores, probes) = jax.lax.scan(stretch, state, bounds)
        return state, scores, probes

    return jax.jit(jax.vmap(call, in_axes=(0, 0, 0, None)) if many else call)


def compiled_world(model: Model, source: Source, exam: int, precision: Precision, many: bool) -> Callable[[Any], Any]:
    """Return ``world(seed)``: the set, the exam, and the keys of the data and of the batches.

    The set and the exam are two programs, so that sets of other lengths share that of the exam.
    """

    def world(seed: Any) -> Any:
        memory = _compiled_set(model, source, precision, many)(seed)
        return memory, *_compiled_exam(model, source.process, exam, precision, many)(seed)

    return world


@kept_programs
def _compiled_set(model: Model, source: Source, precision: Precision, many: bool) -> Any:
    def drawn(seed: Array) -> Memory | None:
        memory = source.memory(world_keys(seed)[0])
        return None if memory is None else Memory(_encoded(model, memory.examples, precision), memory.rows)

    return jax.jit(jax.vmap(drawn) if many else drawn)


@kept_programs
def _compiled_exam(model: Model, process: Process, rows: int, precision: Precision, many: bool) -> Any:
    """Return compiled ``exam(seed)``, with the keys of the data and of the batches."""

    def drawn(seed: Array) -> tuple[Examples, Array, Array]:
        data, _, batches = world_keys(seed)
        return _encoded(model, process.exam(data, rows), precision), data, batches

    return jax.jit(jax.vmap(drawn) if many else drawn)


@kept_programs
def compiled_state(model: Model, optimiser: Optimiser, size: int, precision: Precision, many: bool) -> Any:
    """Return compiled ``state(seed, start)``: first parameters and the memory of the rule.

    ``start`` is None, or parameters that are taken as they are but for those that are NaN.
    """

    def state(seed: Array, start: Parameters | None) -> Any:
        parameters = model.init(world_keys(seed)[1], size, precision)
        if start is not None:
            parameters = jax.tree.map(lambda new, old: jnp.where(jnp.isnan(old), new, old), parameters, start)
        return parameters, first_memory(optimiser, parameters)

    return jax.jit(jax.vmap(state, in_axes=(0, None)) if many else state)


def _encoded(model: Model, examples: Examples, precision: Precision) -> Examples:
    return examples._replace(x=model.encode(examples.x, precision))
