"""What is learned from texts over MQTT, in another order and with repeats, is what the stream teaches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np

from ergoscope.learners import PeelingDecoder
from ergoscope.simulator import skills
from ergoscope.streams import MemorySource, Observation, forward, play_texts, read_texts
from ergoscope.streams._mqtt.address import read_address
from ergoscope.streams._mqtt.source_and_sinks import MqttSink, MqttSource

CONCEPTS, TEXTS, REPEATED = 120, 700, 150


def test_the_set_learned_over_a_broker_is_that_of_the_stream(mosquitto: Callable[..., Any]) -> None:
    address = read_address(f"mqtt://127.0.0.1:{mosquitto().port}/lab/skills")
    stream, chance = skills(CONCEPTS, 4.0), np.random.default_rng(7)
    order = chance.permutation(np.concatenate([np.arange(TEXTS), chance.integers(0, TEXTS, REPEATED)]))

    async def main() -> tuple[PeelingDecoder, list[int]]:
        played = [item async for item in play_texts(stream, TEXTS, ["skills"], seed=5)]
        decoder, heard = PeelingDecoder(CONCEPTS), list[int]()

        async def learn(source: MqttSource) -> None:
            async for item in source:
                assert isinstance(item, Observation) and item.sequence is not None
                decoder.take(read_texts(item))
                heard.append(item.sequence)
                if len(heard) == len(order):
                    return

        async with MqttSource(address, qos=1) as source:
            learning = asyncio.create_task(learn(source))
            await forward(MemorySource([played[i] for i in order.tolist()]), MqttSink(address, qos=1))
            await asyncio.wait_for(learning, 30)
        return decoder, heard

    decoder, heard = asyncio.run(asyncio.wait_for(main(), 60))
    assert set(heard) == set(range(TEXTS)) and heard != sorted(heard) and len(heard) > TEXTS
    expected = PeelingDecoder(CONCEPTS)
    expected.take(stream.draw(5, 0, TEXTS))
    assert decoder.known.tolist() == expected.known.tolist() and decoder.learned > CONCEPTS / 2
