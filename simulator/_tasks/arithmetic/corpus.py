"""A text of small sentences, to learn beside the lines."""

from __future__ import annotations

from functools import lru_cache
from math import prod

import numpy as np

SEED = 0  # of the sentences: they are the same in every run
SUBJECTS = (
    "dog", "cat", "bird", "horse", "child", "farmer", "sailor", "doctor", "baker", "teacher", "singer", "painter",
)  # fmt: skip
VERBS = ("sees", "hears", "finds", "likes", "draws", "meets", "follows", "wants", "keeps", "forgets")
OBJECTS = (
    "tree", "house", "river", "song", "letter", "window", "garden", "road", "boat", "lamp", "clock", "stone", "field",
    "book", "bridge", "cloud",
)  # fmt: skip
ADJECTIVES = ("small", "big", "old", "young", "quiet", "red", "green", "round", "warm", "cold")
PARTS = (ADJECTIVES, SUBJECTS, VERBS, ADJECTIVES, OBJECTS)
SENTENCES = prod(map(len, PARTS))


@lru_cache
def corpus_text(sentences: int) -> str:
    """Return different sentences of a small grammar, in a random order, each followed by a space.

    A sentence is ``the ADJECTIVE SUBJECT VERB the ADJECTIVE OBJECT.``, each word from a list.

    Args:
        sentences: How many.

    Raises:
        ValueError: There is no sentence, or there are more than the grammar has.
    """
    if not 1 <= sentences <= SENTENCES:
        raise ValueError(
            f"the corpus has 1 to {SENTENCES} different sentences, got {sentences}: the grammar has no more."
        )
    found = []
    for number in np.random.default_rng(SEED).choice(SENTENCES, sentences, replace=False).tolist():
        chosen = []
        for part in PARTS:
            number, which = divmod(number, len(part))
            chosen.append(part[which])
        found.append("the {} {} {} the {} {}. ".format(*chosen))
    return "".join(found)
