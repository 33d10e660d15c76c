"""The contract of a task: where its examples come from, and which ones are kept for the exam.

A key stands for one world: its training examples and its exam. Equal keys give equal examples on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..._core.jax_later import Array, jax, jnp


class Examples(NamedTuple):
    """Labelled examples, one in each row.

    Attributes:
        x: What a learner is given, ``(row, *input)``, whole numbers.
        y: The labels ``(row, *label)``, whole numbers from 0; -1 for a symbol of a label that is not asked for.
        kind: Number of the kind of each example, ``(row,)``.
    """

    x: Array
    y: Array
    kind: Array


class Process(NamedTuple):
    """A task: an endless source of labelled examples.

    Attributes:
        name: The task with its options, as ``find_task`` reads it.
        about: One line.
        theory: What is known exactly, in one sentence.
        inputs: Numbers of an input, or symbols where ``symbols`` is set.
        symbols: Different symbols of an input; None where it is a vector of numbers.
        classes: Different labels.
        kinds: Names of the kinds of examples; ``("all",)`` where there is one.
        frequency: Share of each kind among the examples.
        chance: Loss, in nats, of a learner that knows the frequencies of the labels alone.
        domain: Different examples, where they are so few that they can be divided; None where repeats are rare.
        rows: Rows that a set of this task usually has.
        draw: ``draw(key, rows)``: examples to learn from, independent and uniform; of a finite domain the first
            ``rows`` of the permutation that belongs to the key.
        exam: ``exam(key, rows)``: examples for the exam; of a finite domain the last ``rows`` of the same permutation,
            else drawn with another key, so that it meets no training row but by chance.
        signal, distractors: Inputs that the label depends on, and inputs that it does not depend on.
        characters: The symbols as text, where they are characters of a line; ``""`` else.
        asked: Of a line the label is the next character after each of its last ``asked`` inputs, ``(row, asked)``;
            0 where the label is one number.
        fewest, most: Rows that a set may have; most is None where there is no limit but the domain.
    """

    name: str
    about: str
    theory: str
    inputs: int
    symbols: int | None
    classes: int
    kinds: tuple[str, ...]
    frequency: tuple[float, ...]
    chance: float
    domain: int | None
    rows: int
    draw: Callable[[Array, int], Examples]
    exam: Callable[[Array, int], Examples]
    signal: tuple[int, ...] = ()
    distractors: tuple[int, ...] = ()
    characters: str = ""
    asked: int = 0
    fewest: int = 1
    most: int | None = None


EXAM_ROWS = 2000  # of a domain without end; a share of .5 is then known to 1 %
WHOLE_DOMAIN = 10_000  # different examples; of a larger domain the exam is not all that is left
EXAM_ROWS_OF_A_KIND = 200
HELD = (1024, 4096, 16_384, 65_536)  # rows of memory, each for sets of many lengths


def exam_rows(process: Process, rows: int | None, wanted: int | None = None) -> int:
    """Return how many rows the exam of a set has.

    All that are left of a domain of up to 10 000 examples; else 2000, or 200 of each kind if that is more.

    Args:
        process: The task.
        rows: Rows of the set; None for a fresh stream of an endless domain.
        wanted: Rows asked for; None for as many as there should be.

    Raises:
        ValueError: The task has not that many different examples.
    """
    if wanted is not None and wanted < 1:
        raise ValueError(f"the exam must have at least one row, got {wanted}.")
    if rows is not None and rows < 1:
        raise ValueError(f"a set must have at least one row, got {rows}.")
    if rows is not None and not process.fewest <= rows <= (process.most or rows):
        limit = "" if process.most is None else f" to {process.most}"
        raise ValueError(
            f"a set of {process.name} has {process.fewest}{limit} rows{'' if limit else ' or more'}, got {rows}."
        )
    kinds = len(process.kinds)
    if wanted is not None and wanted < kinds:
        raise ValueError(
            f"the exam of {process.name} has {kinds} kinds of examples: give it {kinds} rows or more, got {wanted}."
        )
    usual = max(EXAM_ROWS, EXAM_ROWS_OF_A_KIND * kinds * (kinds > 1))
    if process.domain is None:
        return usual if wanted is None else wanted
    training = process.rows if rows is None else rows
    left = process.domain - training
    if wanted is None and process.domain > WHOLE_DOMAIN:
        wanted = min(usual, max(left, 1))
    if left < (1 if wanted is None else wanted):
        raise ValueError(
            f"{process.name} has {process.domain} different examples: {training} to learn from leave {max(left, 0)} "
            f"for an exam of {wanted or 'at least 1'}. Ask for fewer rows."
        )
    return left if wanted is None else wanted


class Memory(NamedTuple):
    """A finite set that batches are taken from.

    Attributes:
        examples: Its rows, and behind them rows that are never taken: one compiled program serves sets of many lengths.
        rows: Their number, an array: no program is compiled for it.
    """

    examples: Examples
    rows: Array


class Feed(NamedTuple):
    """How batches are made: what a compiled program depends on, whatever the length of the set.

    Attributes:
        draw: That of an endless task whose batches are fresh; None where they are taken from a memory.
        batch: Rows of a batch; None for the whole set in every batch.
        shuffles: Whether the set is shuffled anew in every pass; else rows of a memory are taken at random.
    """

    draw: Callable[[Array, int], Examples] | None
    batch: int | None
    shuffles: bool

    def begins_pass(self, memory: Memory, step: Array) -> Array:
        """Return whether a pass over the set begins with the batch of this step."""
        assert self.batch is not None
        return step % (memory.rows // self.batch) == 0

    def order_at(self, memory: Memory, key: Array, step: Array) -> Array:
        """Return the order of the rows of the set in the pass that a step belongs to, ``(row,)``."""
        assert self.batch is not None
        one_pass = jax.random.fold_in(key, step // (memory.rows // self.batch))
        return _shuffled(one_pass, memory.rows, len(memory.examples.y))

    def batch_at(self, memory: Memory | None, key: Array, step: Array, order: Array | None = None) -> Examples:
        """Return the batch of a step.

        Fresh batches of a finite domain take rows of its training part at random. A finite set in batches is shuffled
        anew in every pass; what does not fill a batch at the end of a pass is left out of it.

        Args:
            memory: What ``Source.memory`` returned.
            key: Of the world; where there is a memory, of the batches.
            step: Number of the batch.
            order: What ``order_at`` returns for this step, if it is known: making it costs as much as sorting the set.
        """
        if memory is None:
            assert self.draw is not None and self.batch is not None
            batches = jax.random.fold_in(key, 2)  # 1 is that of the exam
            return self.draw(jax.random.fold_in(batches, step), self.batch)
        if self.batch is None:
            return memory.examples
        if not self.shuffles:
            chosen = jax.random.randint(jax.random.fold_in(key, step), (self.batch,), 0, memory.rows, "int32")
        else:
            place = step % (memory.rows // self.batch) * self.batch
            chosen = jax.lax.dynamic_slice(
                self.order_at(memory, key, step) if order is None else order, (place,), (self.batch,)
            )
        return Examples(*(part[chosen] for part in memory.examples))


class Source(NamedTuple):
    """An endless stream of batches: fresh examples, or a finite set again and again.

    Attributes:
        process: The task.
        rows: Rows of the finite set; None for fresh examples.
        batch: Rows of a batch; None for the whole set in every batch.
    """

    process: Process
    rows: int | None
    batch: int | None

    @property
    def feed(self) -> Feed:
        """How the batches are made."""
        endless = self.rows is None and self.process.domain is None
        shuffles = self.rows is not None and self.batch is not None
        return Feed(self.process.draw if endless else None, self.batch, shuffles)

    def memory(self, key: Array) -> Memory | None:
        """Return the set that batches are taken from; None where every batch is drawn anew."""
        if self.rows is None and self.process.domain is None:
            return None
        rows = self.process.rows if self.rows is None else self.rows
        behind = 0 if self.batch is None else held_rows(rows) - rows
        examples = self.process.draw(key, rows)
        padded = (jnp.pad(part, ((0, behind), *((0, 0),) * (part.ndim - 1))) for part in examples)
        return Memory(Examples(*padded), jnp.asarray(rows, "int32"))


def held_rows(rows: int) -> int:
    """Return the rows that a set takes in memory if it is shown in batches: 1024, 4096, 16 384 or 65 536.

    A longer one takes its own rows: there memory and sorting cost more than compiling anew.
    """
    return next((held for held in HELD if rows <= held), rows)


def _shuffled(key: Array, rows: Array, held: int) -> Array:
    """Return the first ``rows`` of ``held`` numbers in random order, and the others behind them.

    The numbers are sorted twice by 32 random bits, as in ``jax.random.permutation`` of a long set: with one sort, ties
    would keep their order.
    """
    order = places = jnp.arange(held, dtype="int32")
    for _ in range(2):
        key, one = jax.random.split(key)
        bits = jnp.where(places < rows, jax.random.bits(one, (held,), "uint32"), jnp.uint32(2**32 - 1))
        _, order = jax.lax.sort_key_val(bits, order)  # stable: what is behind stays there
    return order


def fresh(process: Process, batch: int) -> Source:
    """Return the endless stream of fresh batches of a task.

    Raises:
        ValueError: The batch has no rows.
    """
    if batch < 1:
        raise ValueError(f"a batch must have at least one row, got {batch}.")
    return Source(process, None, batch)


def replayed(process: Process, rows: int, batch: int | None = None) -> Source:
    """Return the stream that shows a finite set again and again.

    Args:
        process: The task.
        rows: Rows of the set.
        batch: Rows of a batch; None for the whole set in every batch.

    Raises:
        ValueError: There are not that many different examples, or a batch is larger than the set.
    """
    exam_rows(process, rows)
    if batch is not None and not 1 <= batch <= rows:
        raise ValueError(f"a batch of a set of {rows} rows must have 1 to {rows} rows, got {batch}.")
    return Source(process, rows, batch)


def drawn(process: Process, seed: int, rows: int, exam: bool = False) -> Examples:
    """Return the examples of the world that a seed stands for, as arrays of NumPy.

    Args:
        process: The task.
        seed: As that of a run of ``train``.
        rows: How many.
        exam: Those of the exam.
    """
    draw = process.exam if exam else process.draw
    found = jax.jit(lambda key: draw(key, rows))(world_keys(seed)[0])
    return Examples(*(np.asarray(part) for part in found))  # type: ignore[arg-type]


def world_keys(seed: int | Array) -> Array:
    """Return the keys of a run: of its examples, of its first parameters, of its batches and its dropout."""
    keys: Array = jax.random.split(jax.random.key(seed), 3)
    return keys


def permuted(key: Array, domain: int, rows: int, last: bool) -> Array:
    """Return the first or last rows of the permutation of a finite domain that belongs to a key."""
    order = jax.random.permutation(key, domain)
    return order[domain - rows :] if last else order[:rows]


def random_bits(key: Array, rows: int, bits: int) -> Array:
    """Return independent fair bits ``(row, bit)``; 32 of them are made of one random word."""
    words = jax.random.bits(key, (rows, -(-bits // 32)), "uint32")
    places = jnp.arange(32, dtype="uint32")[None, None]
    flat = ((words[:, :, None] >> places) & jnp.uint32(1)).reshape(rows, -1)
    return jnp.asarray(flat[:, :bits], "int8")


def one_kind(rows: int) -> Array:
    """Return the kinds of examples of a task that has one."""
    return jnp.zeros(rows, "int32")


def fractions(counts: NDArray[np.float64]) -> tuple[float, ...]:
    """Return positive numbers divided by their sum."""
    return tuple((counts / counts.sum()).tolist())
