"""Hostile messages: 10 000 of them are refused by kind and change nothing of what the good ones between them give."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ergoscope.learners import ladder
from ergoscope.streams import Forecasts, MemorySink, MemorySource, Observation, Refused, Service, decode, encode
from ergoscope.streams import observation as sample
from ergoscope.streams._json_payload import LARGEST_COUNT, MOST_CHANNELS
from ergoscope.streams._refused import KINDS

MESSAGES = 10_000
BATCH = 250
RNG = np.random.default_rng(0)
BLOCKS = [encode(sample("a", RNG.standard_normal((n, w)), sequence=9), arrow=True) for n, w in ((1, 1), (4, 2), (99, 3))]
EXTREME = [0, 1, 2, 3, 8, 2**16, 2**31 - 1, 2**60, 2**63 - 1, -1, -2, -(2**31), -(2**60)]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 2**53 - 1, 2**53, 2**62, -(2**62), 10**400, 1e308, -1e308, 5e-324]),
    st.floats(),  # NaN and Infinity, too, which json writes as words
    st.text(max_size=5),
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2))
keys = st.sampled_from(["stream", "epoch", "seq", "t", "dt", "y", "u"])
pairs = st.lists(st.tuples(keys | st.text(max_size=3), values), max_size=5)


@st.composite
def objects(draw: Callable[..., Any]) -> bytes:
    """An object that may have a key twice."""
    cells = [("y", draw(values)), *draw(pairs)]
    return ("{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in cells) + "}").encode()


@st.composite
def damaged_blocks(draw: Callable[..., Any]) -> bytes:
    """An Arrow block with words of its tables put to the ends of their ranges, or cut."""
    raw = bytearray(draw(st.sampled_from(BLOCKS)))
    for _ in range(draw(st.integers(1, 4))):
        at, word, wide = 4 * draw(st.integers(0, 199)), draw(st.sampled_from(EXTREME)), draw(st.booleans())
        raw[at : at + 8] = struct.pack("<q", word) if wide else struct.pack("<i", np.clip(word, -(2**31), 2**31 - 1))
    return bytes(raw[: draw(st.sampled_from([None, len(raw) // 2, 8]))])


nested = st.tuples(st.integers(1, 2000), st.sampled_from([b"[", b'{"y":', b'{"y":[', b'{"stream":['])).map(
    lambda pair: b'{"y":' + pair[1] * pair[0] + b"1" + {b"[": b"]"}.get(pair[1][-1:], b"}") * pair[0] + b"}"
)
hostile = st.one_of(st.binary(max_size=64), objects(), damaged_blocks(), nested)
batches = st.lists(hostile, min_size=BATCH, max_size=BATCH)
fuzzed = settings(
    max_examples=MESSAGES // BATCH,
    database=None,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_ten_thousand_hostile_messages_give_observations_or_refusals() -> None:
    seen, kinds = 0, dict.fromkeys(("taken", *KINDS), 0)

    @fuzzed
    @given(batches)
    def decodes(batch: list[bytes]) -> None:
        nonlocal seen
        for payload in batch:
            seen += 1
            try:
                came = decode(payload, "a")
            except Refused as refused:
                kinds[refused.kind] += 1
                assert str(refused).isprintable() and len(str(refused)) < 400
                continue
            kinds["taken"] += 1
            rows = came.output.shape[0]
            assert 1 <= rows == came.input.shape[0] == len(came.time)
            assert 1 <= came.output.shape[1] <= MOST_CHANNELS and came.input.shape[1] <= MOST_CHANNELS
            assert not any(np.isinf(part).any() for part in came[3:])
            assert 0 <= came.epoch < LARGEST_COUNT and 0 <= (came.sequence or 0) < LARGEST_COUNT

    decodes()
    assert seen >= MESSAGES
    assert all(kinds[kind] > 20 for kind in ("taken", "malformed", "schema", "non-finite")), kinds
    print(kinds)
