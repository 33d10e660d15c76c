"""Peel streams of texts, and say from how many texts on, or up to how many slots, the concepts are learned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from ..._core.checks import check_seed
from ..._core.progress import Progress, no_progress
from ..._core.ranges import check_count
from ..._core.text import did_you_mean, spaced, versions
from ...simulator._tasks.find import find_texts
from ...simulator._tasks.texts import TextStream
from .._exact.density_evolution import load_for_share
from .emerged_texts import EmergedTexts
from .judge import emergence
from .learned_texts import stream_passage
from .passages import PASSAGE

AXES = ("texts", "slots")
WORDS = {0.5: "half", 1.0: "all"}
TEXTS = 10_000  # of each stream along the slots
FAR, MOST_USUAL = 4, 100_000_000  # texts looked at: times those of theory, at most so many unless more are asked for
MOST_TEXTS, MOST_RUNS, POINTS = 10_000_000_000, 100_000, 240


def emerge_texts(
    task: str | TextStream,
    along: str,
    values: Sequence[float] | None = None,
    *,
    runs: int = 8,
    texts: int | None = None,
    level: float | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> EmergedTexts:
    """Peel streams of texts, and say from where on a share of their concepts is learned.

    A decoder with R slots, one for each concept, learns from one text after the other (``PeelingDecoder``). What it has
    learned never shrinks, so each stream has one passage of its own, known to the text.

    * Along ``"texts"``: by how many texts half of the streams have taught the share.
    * Along ``"slots"``: up to how many concepts R half of the streams teach the share within ``texts`` texts.

    ``exact`` is the answer by density evolution for many concepts.

    Args:
        task: A stream of texts of ``ergoscope zoo``, ``NAME`` or ``NAME:option=value,..``, or a ``TextStream``.
        along: The axis.
        values: Numbers of slots, at least two; none along ``"texts"``.
        runs: Streams, of each number of slots.
        texts: Texts of each stream; None: 10 000 along the slots; else four times as many as by theory, at most 1e8.
        level: Share of the concepts to learn, .5 if None.
        seed: Of the first stream; the others count up.
        progress: Called with the texts read, and the texts of all streams that are looked at.

    Raises:
        ValueError: There is no such stream or axis, or a value cannot be.

    References:
        A. Nayak, L. Varshney, An information theory of compute-optimal size scaling, emergence, and plateaus in
        language models, 2024 (arXiv 2410.01243).
    """
    stream = find_texts(task)
    tried = _slots(task, stream, along, values)
    check_count("runs", runs, 1)
    if len(tried) * runs > MOST_RUNS:
        raise ValueError(f"at most {spaced(MOST_RUNS)} streams are read, got {len(tried)} x {runs}.")
    check_seed(seed)
    level = 0.5 if level is None else level
    if not 0 < level <= 1:
        raise ValueError(f"level is the share of the concepts to learn, above 0 and up to 1; got {level}.")
    most = _texts(along, texts, stream, level)
    every = max(1, most // POINTS)
    passages, curves = [], []
    total = len(tried) * runs * most
    for i, slots in enumerate(tried):
        resized = stream.of_size(slots)
        for j in range(runs):
            run = i * runs + j
            found = stream_passage(
                resized,
                seed + j,
                math.ceil(level * slots),
                most,
                every,
                lambda done, _: progress(run * most + done, total),  # noqa: B023
            )
            labels = dict(run=run, seed=seed + j, slots=slots)
            curves.append(found.curve.select(*(pl.lit(each).alias(word) for word, each in labels.items()), pl.all()))
            passages.append(labels | _passage(found.text, most))
    progress(total, total)
    columns = dict(run=pl.Int64, seed=pl.Int64, slots=pl.Int64) | PASSAGE
    frame = pl.DataFrame(passages, schema=columns)
    ability = f"learns {WORDS.get(level, f'{100 * level:g} %')} of the concepts"
    load = float(load_for_share(level, stream.mean))
    of_texts = along == "texts"
    exact = load * stream.concepts if of_texts else most / load
    answer = emergence(
        frame,
        "steps" if of_texts else along,
        ability=ability,
        horizon_word="texts",
        horizon=most,
        exact=exact if 0 < exact < math.inf else None,
        seed=seed,
    )
    if of_texts:
        answer = replace(answer, axis="texts", shares=answer.shares.rename({"steps": "texts"}))
    name = stream.name if of_texts or isinstance(task, TextStream) else task
    settings = dict(task=name, learner="peeling", along=along, values=list(tried), runs=runs, texts=most)
    settings |= dict(level=level, seed=seed, versions=versions())
    return EmergedTexts(answer, pl.concat(curves), frame, settings)


def _slots(task: str | TextStream, stream: TextStream, along: str, values: Sequence[float] | None) -> tuple[int, ...]:
    """Return the numbers of concepts of the streams."""
    if along not in AXES:
        raise ValueError(
            f"there is no axis {along!r} for texts{did_you_mean(along, AXES)} The axes are {', '.join(AXES)}."
        )
    if along == "texts":
        if values is not None:
            raise ValueError("the axis texts has no values: every stream is read text by text; leave values out.")
        return (stream.concepts,)
    if isinstance(task, str) and any(part.split("=")[0].strip() == "concepts" for part in _options(task)):
        raise ValueError(f"the slots are the concepts, and --values are their numbers: leave concepts out of {task!r}.")
    if values is None or len(values) < 2:
        got = "none" if not values else f"{values[0]:g} alone"
        raise ValueError(f"the axis slots needs at least two values, such as 1600..2800:200; got {got}.")
    if any(value != int(value) or value < 1 for value in values):
        raise ValueError(f"the values of slots must be whole numbers of at least 1, got {list(values)}.")
    if len(set(values)) < len(values):
        raise ValueError(f"the values of slots must differ, got {list(values)}.")
    return tuple(sorted(int(value) for value in values))


def _options(words: str) -> list[str]:
    return words.partition(":")[2].split(",")


def _texts(along: str, texts: int | None, stream: TextStream, level: float) -> int:
    """Return the most texts to read of a stream."""
    if texts is not None:
        check_count("texts", texts, 1)
        if texts > MOST_TEXTS:
            raise ValueError(f"at most {spaced(MOST_TEXTS)} texts of a stream are read, got {texts}.")
        return texts
    if along == "slots":
        return TEXTS
    nearly = min(level, 1 - 1 / (2 * stream.concepts))  # all concepts take endlessly many texts only if there are many
    load = float(np.minimum(load_for_share(nearly, stream.mean), MOST_USUAL))
    return int(min(math.ceil(FAR * load * stream.concepts) + 100, MOST_USUAL))


def _passage(text: int | None, most: int) -> dict[str, object]:
    """Return the columns of a passage, which is known to the text."""
    passed = text is not None
    return dict(
        kind="all",
        low=most if text is None else text - 1 or None,
        high=text,
        censored=not passed,
        diverged=False,
        relapsed=False,
        last=most,
    )
