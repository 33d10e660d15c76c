"""The loops of the peeling decoder, compiled.

The entries of a concept are the kept texts that name it. They stand in nodes of 16 words of ``nodes``: word 0 is the
last entry of the node before it, -1 for none, and the others are texts. A node is as long as a line of the processor's
cache, so that walking along the entries costs one access to memory for each node.
A kept text is two words of ``texts``: how many unknown concepts it has, and the exclusive or of their numbers, which is
the number itself when one is left.
Free nodes and free texts are chains, through word 0 of a node and through the second word of a text.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Int32, UInt8

from ..._core.compiled import compiled, uncounted

NODE = 16  # words
LAST, MARK = range(2)  # of a concept: its last entry; the text that named it last
UNKNOWN, XOR = range(2)  # of a text
# Counters: concepts learned; those of them that were followed up; texts and words of nodes in use or freed; the first
# free text and the first free node, -1 for none; texts that wait.
LEARNED, FOLLOWED, TEXTS_END, FREE_TEXT, NODES_END, FREE_NODE, WAITING, COUNTERS = range(8)


class Memory(NamedTuple):
    """What a decoder remembers; the loops change it in place."""

    known: UInt8[np.ndarray, " concept"]
    concepts: Int32[np.ndarray, "concept 2"]
    order: Int32[np.ndarray, " concept"]  # learned concepts, in the order of learning
    texts: Int32[np.ndarray, "text 2"]
    nodes: Int32[np.ndarray, " word"]
    counters: Int[np.ndarray, "8"]


@uncounted
def _learn(memory, concept):
    counters = memory.counters
    memory.known[concept] = 1
    memory.order[counters[LEARNED]] = concept
    counters[LEARNED] += 1


@uncounted
def _follow_up(memory):
    """Take every concept that was learned out of the texts that wait, until no text has exactly one unknown."""
    known, concepts, order, texts, nodes, counters = memory
    while counters[FOLLOWED] < counters[LEARNED]:
        concept = order[counters[FOLLOWED]]
        counters[FOLLOWED] += 1
        entry = concepts[concept, LAST]
        while entry >= 0:
            node = entry // NODE * NODE
            for place in range(entry, node, -1):
                text = nodes[place]
                unknown, rest = texts[text, UNKNOWN] - 1, texts[text, XOR] ^ concept
                texts[text, UNKNOWN], texts[text, XOR] = unknown, rest
                if unknown == 1:
                    if not known[rest]:
                        _learn(memory, rest)
                elif unknown == 0:
                    texts[text, XOR], counters[FREE_TEXT] = counters[FREE_TEXT], text
                    counters[WAITING] -= 1
            entry = nodes[node]
            nodes[node], counters[FREE_NODE] = counters[FREE_NODE], node
        concepts[concept, LAST] = -1


@uncounted
def _add_entry(memory, concept, text):
    entry = memory.concepts[concept, LAST] + 1
    if entry % NODE == 0:
        node = memory.counters[FREE_NODE]
        if node < 0:
            node = memory.counters[NODES_END]
            memory.counters[NODES_END] += NODE
        else:
            memory.counters[FREE_NODE] = memory.nodes[node]
        memory.nodes[node], entry = entry - 1, node + 1
    memory.nodes[entry] = text
    memory.concepts[concept, LAST], memory.concepts[concept, MARK] = entry, text


def _take(memory, indptr, indices, start, learned):
    """Take texts from ``start`` on; return how many are done when a text might not fit into the memory."""
    known, concepts, _, texts, nodes, counters = memory
    for i in range(start, len(indptr) - 1):
        text = counters[FREE_TEXT] if counters[FREE_TEXT] >= 0 else counters[TEXTS_END]
        if text == len(texts) or counters[NODES_END] + NODE * (indptr[i + 1] - indptr[i]) > len(nodes):
            return i
        unknown = xor = 0
        for k in range(indptr[i], indptr[i + 1]):
            concept = indices[k]
            if not known[concept] and concepts[concept, MARK] != text:
                _add_entry(memory, concept, text)
                unknown, xor = unknown + 1, xor ^ concept
        if unknown:
            if text == counters[TEXTS_END]:
                counters[TEXTS_END] += 1
            else:
                counters[FREE_TEXT] = texts[text, XOR]
            texts[text, UNKNOWN], texts[text, XOR] = unknown, xor
            counters[WAITING] += 1
        if unknown == 1:
            _learn(memory, xor)
            _follow_up(memory)
        learned[i] = counters[LEARNED]
    return len(indptr) - 1


def _entries(memory, text_of, concept_of):
    """Write the text and the concept of every entry; return how many there are."""
    count = 0
    for concept in range(len(memory.known)):
        entry = memory.concepts[concept, LAST]
        while entry >= 0:
            node = entry // NODE * NODE
            for place in range(entry, node, -1):
                text_of[count], concept_of[count] = memory.nodes[place], concept
                count += 1
            entry = memory.nodes[node]
    return count


take: Any = compiled(_take, "peeling")
entries: Any = compiled(_entries, "peeling-entries")
