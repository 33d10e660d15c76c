"""The peeling decoder against offline peeling with sets, in any order and batch, with repeats; its memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ergoscope.learners import PeelingDecoder
from ergoscope.learners._discrete import peeling
from ergoscope.learners._discrete.peeling_kernel import FREE_NODE, FREE_TEXT, NODES_END, TEXTS_END
from ergoscope.simulator import Texts, skills, texts_of

Rows = list[list[int]]


def offline(rows: Sequence[Sequence[int]]) -> set[int]:
    """The textbook: go through all texts again and again, until none has exactly one unknown concept."""
    known: set[int] = set()
    while taught := {concept for row in rows if len(rest := set(row) - known) == 1 for concept in rest}:
        known |= taught
    return known


def learned_after_each(rows: Rows) -> list[int]:
    return [len(offline(rows[: i + 1])) for i in range(len(rows))]


def found(decoder: PeelingDecoder) -> set[int]:
    return set(np.flatnonzero(decoder.known).tolist())


@st.composite
def worlds(draw: st.DrawFn) -> tuple[int, Rows]:
    """Few concepts and short texts, so that some learn all, some nothing; repeats within texts and of texts."""
    concepts = draw(st.integers(1, 12))
    row = st.lists(st.integers(0, concepts - 1), max_size=4)
    rows = draw(st.lists(row, max_size=25))
    again = draw(st.lists(st.sampled_from(rows), max_size=5)) if rows else []
    return concepts, rows + again


@settings(max_examples=60)
@given(worlds(), st.data())
def test_the_same_is_learned_in_any_order_and_batch_and_with_repeats(
    world: tuple[int, Rows], data: st.DataObject
) -> None:
    concepts, rows = world
    shuffled = data.draw(st.permutations(rows))
    repeated = data.draw(st.lists(st.sampled_from(rows), max_size=8)) if rows else []
    for order in (rows, list(shuffled), list(shuffled) + repeated):
        expected = learned_after_each(order)
        whole, single, parts = (PeelingDecoder(concepts) for _ in range(3))
        assert whole.take(texts_of(order)).tolist() == expected
        assert [int(single.take(texts_of([row]))[0]) for row in order] == expected
        cut = data.draw(st.integers(0, len(order)))
        assert [*parts.take(texts_of(order[:cut])), *parts.take(texts_of(order[cut:]))] == expected
        for decoder in (whole, single, parts):
            assert found(decoder) == offline(rows)
            assert decoder.learned == len(offline(rows))
            assert decoder.waiting == sum(len(set(row) - offline(rows)) > 1 for row in order)


@settings(max_examples=40)
@given(worlds(), st.data())
def test_a_decoder_goes_on_from_what_it_kept(world: tuple[int, Rows], data: st.DataObject) -> None:
    concepts, rows = world
    cut = data.draw(st.integers(0, len(rows)))
    first, second = PeelingDecoder(concepts), PeelingDecoder(concepts)
    first.take(texts_of(rows[:cut]))
    known = offline(rows[:cut])
    kept = first.kept()
    rests = sorted(sorted(set(row) - known) for row in rows[:cut] if len(set(row) - known) > 1)
    assert (
        sorted(sorted(kept.indices[a:b].tolist()) for a, b in zip(kept.indptr, kept.indptr[1:], strict=False)) == rests
    )
    second.take(texts_of([[concept] for concept in known]))
    second.take(kept)
    assert first.take(texts_of(rows[cut:])).tolist() == second.take(texts_of(rows[cut:])).tolist()


@pytest.mark.parametrize("load", [3.0, 4.6, 6.0])
def test_a_larger_stream_is_learned_as_offline(load: float) -> None:
    texts = skills(400).draw(3, 0, int(400 * load))
    rows = [texts.indices[a:b].tolist() for a, b in zip(texts.indptr, texts.indptr[1:], strict=False)]
    decoder = PeelingDecoder(400)
    decoder.take(texts)
    assert found(decoder) == offline(rows)


def test_a_chain_is_resolved_at_once() -> None:
    """Each text has one concept more than is known; the last text to come starts all."""
    n = 5000
    decoder = PeelingDecoder(n)
    assert not decoder.take(texts_of([[i, i + 1] for i in range(n - 1)])).any()
    assert decoder.waiting == n - 1
    assert decoder.take(texts_of([[0]])).tolist() == [n]
    assert decoder.waiting == 0


def test_memory_is_that_of_the_texts_that_wait() -> None:
    """A thousand rounds of texts that are resolved take no more room than one; known texts take none."""
    decoder, n = PeelingDecoder(3000), 3
    used = []
    for start in range(0, 3000, n):
        a, b, c = range(start, start + n)
        decoder.take(texts_of([[a, b], [b, c], [a, b, c], [a, b, c], [c, b]]))
        assert decoder.waiting == 5
        decoder.take(texts_of([[a]]))
        assert decoder.waiting == 0
        used.append(tuple(decoder._memory.counters[[TEXTS_END, NODES_END]]))
    assert set(used) == {used[0]}
    decoder.take(texts_of([[a, b, c] for a, b, c in zip(*[iter(range(3000))] * 3, strict=True)] * 3))
    assert tuple(decoder._memory.counters[[TEXTS_END, NODES_END]]) == used[0]
    assert len(decoder._memory.texts) == 3000  # as at first


def test_every_free_piece_is_found_again() -> None:
    """After all is learned, the free chains hold every text and every node that were ever in use."""
    decoder = PeelingDecoder(500)
    decoder.take(skills(500).draw(0, 0, 5000))
    decoder.take(texts_of([[concept] for concept in range(500)]))
    memory = decoder._memory
    for start, following, expected in (
        (FREE_TEXT, lambda text: memory.texts[text, 1], memory.counters[TEXTS_END]),
        (FREE_NODE, lambda node: memory.nodes[node], memory.counters[NODES_END] // 16),
    ):
        chain, piece = set(), int(memory.counters[start])
        while piece >= 0:
            assert piece not in chain
            chain.add(piece)
            piece = int(following(piece))
        assert len(chain) == expected


def test_more_words_than_can_be_numbered_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peeling, "MOST_WORDS", 16 * 100)
    decoder = PeelingDecoder(200)
    with pytest.raises(ValueError, match="50 texts wait, .* cannot be numbered in 32 bits"):
        decoder.take(texts_of([[i, i + 100] for i in range(60)]))
    assert decoder.waiting == 50


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (texts_of([[0, 4]]), "numbered 0 to 3, got 4: a decoder needs a slot"),
        (texts_of([[0, -1]]), "numbered 0 to 3, got -1"),
        (Texts(np.array([0, 1]), np.array([0, 1])), "end with the number of concepts named, 2"),
        (Texts(np.array([1, 2]), np.array([0, 1])), "must begin with 0"),
        (Texts(np.array([0, 2, 1, 2]), np.array([0, 1])), "not fall"),
        (Texts(np.array([], np.int64), np.array([], np.int64)), "must begin with 0"),
        (Texts(np.array([0, 1]), np.array([0.0])), "whole numbers, got int64 and float64"),  # type: ignore[arg-type]
    ],
)
def test_bad_texts_are_refused_and_nothing_is_learned(texts: Texts, message: str) -> None:
    decoder = PeelingDecoder(4)
    with pytest.raises(ValueError, match=message):
        decoder.take(texts)
    assert decoder.learned == decoder.waiting == 0


@pytest.mark.parametrize(("concepts", "message"), [(0, "at least 1, got 0"), (2**31, "numbered in 32 bits")])
def test_a_decoder_that_cannot_be_is_refused(concepts: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PeelingDecoder(concepts)
