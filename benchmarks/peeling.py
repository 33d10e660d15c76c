"""Compare the online peeling decoder with decoders in plain Python, and with the bytes that it must touch.

    python benchmarks/peeling.py [--concepts 1000000] [--rounds 3]

The work is R concepts and 4.6 R texts that name 6 of them on average, just above the threshold of 4.533: nearly all is
learned, most of it in one avalanche. Contenders at R = 1e4: ours, in one batch and text by text; a decoder on a graph
of networkx, from which known concepts are removed; the same on dictionaries of sets. Before the clock starts, all are
compared: they learn the same concepts. Then R = 1e6, ours alone, and the drawing of its texts. Times are per concept
named; ratios and goals are of processor time, which hardly feels other work on the machine. The floor copies as many
bytes as the decoder must touch: each concept named is read (4 bytes), entered (8 of the concept, 4 of the entry), and
later taken out again (4 of the entry, 8 of the text). It touches them in order, the decoder in the order of chance:
so a second floor reads two lines of memory at random places for each, one for the entry and one for the text.
Without networkx its rows are skipped: pip install networkx. Written to benchmarks/results/peeling.json.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write

from ergoscope.learners import PeelingDecoder
from ergoscope.simulator import Texts, skills

LOAD, SMALL = 4.6, 10_000
TOUCHED = 4 + 8 + 4 + 4 + 8  # bytes for each concept named
LINE = 16  # words of a line of the processor's cache


def drawn(concepts: int) -> Texts:
    return skills(concepts).draw(0, 0, round(LOAD * concepts))


def ours(concepts: int, texts: Texts) -> int:
    decoder = PeelingDecoder(concepts)
    decoder.take(texts)
    return decoder.learned


def one_by_one(concepts: int, parts: list[Texts]) -> int:
    decoder = PeelingDecoder(concepts)
    for part in parts:
        decoder.take(part)
    return decoder.learned


def with_networkx(texts: Texts) -> int:
    """Remove each concept that a text of degree 1 teaches from the graph of concepts and texts."""
    import networkx

    graph = networkx.Graph()
    number = np.repeat(np.arange(texts.number), np.diff(texts.indptr))
    graph.add_edges_from(zip((-1 - number).tolist(), texts.indices.tolist(), strict=True))
    ready = deque(text for text in graph if text < 0 and graph.degree(text) == 1)
    learned = 0
    while ready:
        text = ready.popleft()
        if graph.degree(text) == 1:
            (concept,) = graph.neighbors(text)
            near = list(graph.neighbors(concept))
            graph.remove_node(concept)
            learned += 1
            ready.extend(each for each in near if graph.degree(each) == 1)
    return learned


def with_sets(texts: Texts) -> int:
    """The same on dictionaries of sets."""
    cuts = texts.indptr.tolist()
    unknown = [set(texts.indices[a:b].tolist()) for a, b in zip(cuts, cuts[1:], strict=False)]
    naming: dict[int, list[int]] = {}
    for text, row in enumerate(unknown):
        for concept in row:
            naming.setdefault(concept, []).append(text)
    ready = deque(text for text, row in enumerate(unknown) if len(row) == 1)
    learned = 0
    while ready:
        if row := unknown[ready.popleft()]:
            (concept,) = row
            learned += 1
            for text in naming[concept]:
                unknown[text].discard(concept)
                if len(unknown[text]) == 1:
                    ready.append(text)
    return learned


def copied(size: int) -> Callable[[], object]:
    """Return a function that reads and writes as many bytes in all."""
    source, target = np.ones(size // 2, np.uint8), np.zeros(size // 2, np.uint8)
    return lambda: np.copyto(target, source)


def read_at_random(concepts: int, texts: Texts) -> Callable[[], object]:
    """Return a function that reads a line of memory at two random places for each concept named."""
    source, places = np.ones(LINE * concepts, np.int32), LINE * texts.indices.astype(np.int64)
    return lambda: (source.take(places), source.take(places))


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--concepts", type=count, default=1_000_000)
    parser.add_argument("--rounds", type=count, default=3)
    given = parser.parse_args()
    texts, skipped = drawn(SMALL), dict[str, str]()
    parts = [texts.between(i, i + 1) for i in range(texts.number)]
    named, shape = len(texts.indices), f"R = {SMALL}"
    made = {
        f"ours, {shape}, one batch": Contender(partial(ours, SMALL, texts), named, f"{texts.number} texts"),
        f"ours, {shape}, text by text": Contender(partial(one_by_one, SMALL, parts), named, f"{texts.number} texts"),
        f"dictionaries of sets, {shape}": Contender(partial(with_sets, texts), named, f"{texts.number} texts"),
        f"networkx, {shape}": Contender(partial(with_networkx, texts), named, f"{texts.number} texts"),
    }
    for name, contender in list(made.items()):
        try:
            found = contender.run()
        except ImportError as exc:
            skipped[name] = str(exc)
            del made[name]
        else:
            assert found == ours(SMALL, texts), f"{name}: {found} learned"
    large = drawn(given.concepts)
    many, size = len(large.indices), f"R = {given.concepts}"
    ran = f"{large.number} texts, {many} concepts named"
    made[f"ours, {size}, one batch"] = Contender(partial(ours, given.concepts, large), many, ran)
    made[f"drawing the texts, {size}"] = Contender(partial(drawn, given.concepts), many, ran)
    made[f"copying as many bytes, {size}"] = Contender(copied(TOUCHED * many), many, f"{TOUCHED} bytes each")
    made[f"two reads at random places, {size}"] = Contender(read_at_random(given.concepts, large), many, "a line each")
    timed = interleaved(made, given.rounds)
    mine, big = (timed.processor[f"ours, {each}, one batch"] for each in (shape, size))
    ratios: list[dict[str, Any]] = [
        dict(name=f"{other} / ours in one batch, {shape}", values=ratio([timed.processor[name]], mine), goal=goal)
        for other, goal in (("networkx", "at least 100"), ("dictionaries of sets", ""))
        if (name := f"{other}, {shape}") in made
    ]
    seconds = [each * many / 1e9 for each in big]
    ratios.append(dict(name=f"processor time of ours, {size} (s)", values=seconds, goal="less than 5 at R = 1e6"))
    for other in ("copying as many bytes", "two reads at random places"):
        floor = timed.processor[f"{other}, {size}"]
        ratios.append(dict(name=f"ours / {other}, {size}", values=ratio([big], floor)))
    record = dict(
        title="Peeling texts",
        command="python benchmarks/peeling.py",
        work="4.6 R texts that name 6 of R concepts on average; times per concept named, ratios of processor time",
        machine=machine(),
        floor=f"a copy of {TOUCHED} bytes for each concept named, in order; the decoder touches them in the order of "
        "chance, as do two reads of a line of memory at random places",
        rows=rows(made, timed),
        ratios=ratios,
        skipped=skipped,
    )
    show(record)
    write("peeling", record)


if __name__ == "__main__":
    main()
