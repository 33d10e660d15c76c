"""The text of small sentences."""

from __future__ import annotations

import pytest

from ergoscope.simulator._tasks.arithmetic.alphabet import WORDS
from ergoscope.simulator._tasks.arithmetic.corpus import SENTENCES, corpus_text


def test_sentences_differ_and_are_the_same_every_time() -> None:
    text = corpus_text(300)
    sentences = text.split(". ")[:-1]
    assert len(set(sentences)) == len(sentences) == 300 and set(text) <= set(WORDS)
    assert all(sentence.startswith("the ") and len(sentence.split()) == 7 for sentence in sentences)
    corpus_text.cache_clear()
    assert corpus_text(300) == text


@pytest.mark.parametrize("sentences", [0, SENTENCES + 1])
def test_more_than_the_grammar_has_is_refused(sentences: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {SENTENCES} different sentences, got {sentences}"):
        corpus_text(sentences)
