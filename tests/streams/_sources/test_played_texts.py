"""Texts as live streams: through both forms of messages they stay what they are."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest

from ergoscope.learners import PeelingDecoder
from ergoscope.simulator import skills
from ergoscope.streams import Observation, observation, play_texts, read_texts
from ergoscope.streams._messages.codec import decode, encode
from ergoscope.streams._sources.interfaces import Source


def all_of(source: Source) -> list[Observation]:
    async def read() -> list[Observation]:
        return [item async for item in source]

    return asyncio.run(read())


@pytest.mark.parametrize(("block", "arrow"), [(1, False), (7, False), (7, True)])
def test_texts_come_back_from_messages(block: int, arrow: bool) -> None:
    stream = skills(30, 2.0)
    items = all_of(play_texts(stream, 1100, ["a", "b"], seed=3, block=block, epoch=5))
    for seed, name in ((3, "a"), (4, "b")):
        mine = [decode(encode(item, arrow=arrow)) for item in items if item.stream == name]
        texts, drawn = [read_texts(item) for item in mine], stream.draw(seed, 0, 1100)
        assert np.concatenate([each.indices for each in texts]).tolist() == drawn.indices.tolist()
        assert np.concatenate([np.diff(each.indptr) for each in texts]).tolist() == np.diff(drawn.indptr).tolist()
    decoders = PeelingDecoder(30), PeelingDecoder(30)
    for each in texts:
        decoders[0].take(each)
    decoders[1].take(drawn)
    assert decoders[0].known.tolist() == decoders[1].known.tolist()


def test_a_message_is_no_longer_than_its_text() -> None:
    items = all_of(play_texts(skills(30, 1.0), 40, seed=1))
    lengths = np.diff(skills(30, 1.0).draw(1, 0, 40).indptr)
    assert 0 in lengths and 1 in lengths and lengths.max() > 2
    for item, length in zip(items, lengths.tolist(), strict=True):
        y = json.loads(encode(item))["y"]
        assert y is None if length == 0 else isinstance(y, float) if length == 1 else len(y) == length


def test_an_interrupted_stream_goes_on() -> None:
    whole = all_of(play_texts(skills(9), 20, seed=2))
    rest = all_of(play_texts(skills(9), 20, seed=2, skip=15))
    assert [encode(item) for item in rest] == [encode(item) for item in whole[15:]]


def test_what_is_no_text_and_what_does_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="a text holds numbers of concepts"):
        read_texts(observation("a", [0.5, 2.0]))
    with pytest.raises(ValueError, match="room for 256 concepts: texts may name 128 on average, got 200"):
        play_texts(skills(1000, 200.0))
