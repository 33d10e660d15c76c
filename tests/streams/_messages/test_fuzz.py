"""Hostile messages: 10 000 of them are refused by kind and change nothing of what the good ones between them give."""

from __future__ import annotations

import asyncio
import json
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ergoscope.learners import ladder
from ergoscope.simulator import zoo
from ergoscope.streams import (
    Forecasts,
    MemorySink,
    MemorySource,
    Observation,
    RejectedMessage,
    Service,
    decode,
    encode,
    observation,
    serve,
)
from ergoscope.streams._messages.limits import LARGEST_COUNT, MOST_CHANNELS
from ergoscope.streams._messages.metadata import decode_plant, encode_meta

DRAWN, EACH = 2500, 4  # messages drawn, and what is made of each: itself, and damaged again and again
BLOCKS = [
    encode(observation("a", np.arange(n * w, dtype=float).reshape(n, w), sequence=9), arrow=True)
    for n, w in ((1, 1), (4, 2), (99, 3))
]
EXTREME = [0, 1, 2, 3, 8, 2**16, 2**31 - 1, 2**60, 2**63 - 1, -1, -2, -(2**31), -(2**60)]
NUMBERS = [0, 7, -1, 2**53 - 1, 2**53, 2**62, -(2**62), 10**400, 1e308, -1e308, 5e-324, 0.5]

# Floats are NaN and infinite, too, which json writes as words.
scalars = st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.floats() | st.text(max_size=5)
deeper = st.lists(scalars, max_size=4) | st.lists(st.lists(scalars, max_size=3), max_size=3)
values = scalars | deeper | st.dictionaries(st.text(max_size=3), scalars, max_size=2)
keys = st.sampled_from(["stream", "epoch", "seq", "t", "dt", "y", "u", "y", "seq", "x"])
whole = st.sampled_from(NUMBERS[:4])
good = st.fixed_dictionaries({"y": st.sampled_from(NUMBERS[-4:])}, optional={"seq": whole, "epoch": whole})


def written(cells: list[tuple[str, Any]]) -> bytes:
    """Return an object that may have a key twice."""
    return ("{" + ",".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in cells) + "}").encode()


@st.composite
def blocks(draw: Callable[..., Any]) -> bytes:
    """An Arrow block with words of its tables put to the ends of their ranges."""
    raw = bytearray(draw(st.sampled_from(BLOCKS)))
    for _ in range(draw(st.integers(0, 4))):
        at, word, wide = 4 * draw(st.integers(0, 199)), draw(st.sampled_from(EXTREME)), draw(st.booleans())
        raw[at : at + 8] = struct.pack("<q", word) if wide else struct.pack("<i", max(min(word, 2**31 - 1), -(2**31)))
    return bytes(raw)


nested = st.tuples(st.integers(1, 2000), st.sampled_from([('{"y":', "}"), ("[", "]"), ('{"stream":[', "]}")])).map(
    lambda pair: ('{"y":' + pair[1][0] * pair[0] + "1" + pair[1][1] * pair[0] + "}").encode()
)
objects = st.lists(st.tuples(keys, values), max_size=5).map(written) | good.map(lambda one: written(list(one.items())))
messages = st.tuples(objects | objects | blocks() | nested | st.binary(max_size=64), st.integers(0, 2**32))


def damaged(payload: bytes, rng: np.random.Generator) -> bytes:
    """Return a message with bits turned, bytes cut out, put in, repeated."""
    raw = bytearray(payload or b"{")
    for _ in range(rng.integers(1, 3)):
        at, count = int(rng.integers(len(raw) or 1)), int(rng.integers(1, 9))
        what = rng.integers(4)
        if what == 0 and raw:
            raw[at] ^= 1 << int(rng.integers(8))
        elif what == 1 and raw:
            raw[at] = int(rng.choice([0, 1, 127, 128, 255, *b"09-.,e[]{}"]))
        elif what == 2:
            del raw[at : at + count]
        else:
            raw[at:at] = raw[at : at + count]
    return bytes(raw)


@pytest.fixture(scope="module")
def payloads() -> list[bytes]:
    """Ten thousand messages, the same in each run."""
    found: list[bytes] = []

    @settings(
        max_examples=DRAWN,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(messages)
    def draw(message: tuple[bytes, int]) -> None:
        payload, seed = message
        rng = np.random.default_rng(seed)
        found.extend([payload, *(damaged(payload, rng) for _ in range(EACH - 1))])

    draw()
    return found


def taken(payload: bytes) -> Observation | RejectedMessage:
    try:
        return decode(payload, "hostile")
    except RejectedMessage as refused:
        return refused


def test_what_comes_of_any_bytes_is_an_observation_or_a_refusal(payloads: list[bytes]) -> None:
    assert len(payloads) >= DRAWN * EACH
    kinds: Counter[str] = Counter()
    for payload in payloads:
        came = taken(payload)
        if isinstance(came, RejectedMessage):
            kinds[came.kind] += 1
            assert str(came).isprintable() and len(str(came)) < 400, payload
            continue
        kinds["taken"] += 1
        assert 1 <= len(came.output) == len(came.input) == len(came.time), payload
        assert 1 <= came.output.shape[1] <= MOST_CHANNELS and came.input.shape[1] <= MOST_CHANNELS, payload
        assert not any(np.isinf(part).any() for part in came[3:]), payload
        assert 0 <= came.epoch < LARGEST_COUNT and 0 <= (came.sequence or 0) < LARGEST_COUNT, payload
    print(dict(kinds))
    # A wrong key comes before a value that is not finite: few of these are left.
    assert all(kinds[kind] > 20 for kind in ("taken", "malformed", "schema")) and kinds["non-finite"] > 5, kinds


def test_what_comes_of_any_meta_is_a_plant_or_a_refusal() -> None:
    rng, found = np.random.default_rng(0), Counter[str]()
    pushed = zoo("double-integrator").replace(B=[[0.5], [1.0]], D=None)
    told = encode_meta(1, 1, dict(dt=0.5, units=dict(y="m")), pushed)
    wrong = [*NUMBERS, None, True, "1", [], {}, [[]], [[1.0]], [[1.0, 2.0]], [1.0, 2.0]]
    for _ in range(1500):
        meta = json.loads(told)
        table = [meta, meta["system"], meta["system"]["A"], meta["system"]["Q"][1]][rng.integers(4)]
        key = int(rng.integers(2)) if isinstance(table, list) else list(table)[rng.integers(len(table))]
        table[key] = wrong[rng.integers(len(wrong))]
        payload = json.dumps(meta).encode() if rng.random() < 0.7 else damaged(told, rng)
        try:
            came: Any = decode_plant(payload, "hostile")
        except RejectedMessage as refused:
            came = refused
        if isinstance(came, RejectedMessage):
            found[came.kind] += 1
            assert str(came).isprintable() and len(str(came)) < 400, payload
        else:
            found["none" if came.system is None else "known"] += 1
    assert all(found[kind] > 20 for kind in ("known", "malformed", "schema")), found


class Payloads(MemorySource):
    """Messages with the name of their stream, as a broker hands them on."""

    def __init__(self, messages: list[tuple[str, bytes]]) -> None:
        super().__init__([])
        self.messages = messages

    async def __aiter__(self) -> AsyncIterator[Observation]:
        for stream, payload in self.messages:
            try:
                yield decode(payload, stream)
            except RejectedMessage as refused:
                self.rejections.add(refused, stream)


def run(messages: list[tuple[str, bytes]]) -> tuple[Service, bytes]:
    """Return the service at its end, and the bits of what it forecast of the good stream."""
    service, sink = Service(lambda outputs, inputs: ladder(range(3))), MemorySink[Any]()
    asyncio.run(asyncio.wait_for(serve(service, Payloads(messages), sink), 120))
    made = [part for part in sink.sent if isinstance(part, Forecasts) and part.stream == "good"]
    return service, b"".join(part.forecast.tobytes() for part in made)


def test_hostile_messages_between_good_ones_change_nothing_of_theirs(payloads: list[bytes]) -> None:
    walk = np.random.default_rng(1).standard_normal(len(payloads)).cumsum()
    valid = [("good", encode(observation("good", y, sequence=k))) for k, y in enumerate(walk.tolist())]
    mixed: list[tuple[str, bytes]] = []
    expected: Counter[str] = Counter()
    for message, payload in zip(valid, payloads, strict=True):
        came = taken(payload)
        refused = isinstance(came, RejectedMessage)
        if isinstance(came, RejectedMessage):
            expected[came.kind] += 1
        elif (came.output.shape[1], came.input.shape[1]) != (1, 0):
            expected["dimension"] += 1
        # What is refused comes on the good stream itself; what is not would rightly be one of its samples.
        mixed += [message, ("good" if refused else "hostile", payload)]
    service, forecasts = run(mixed)
    assert service.counts["good"].taken == len(valid) and service.rejections.counts == expected
    hostile = service.counts["hostile"]  # what is drawn depends on the constants that the package contains
    assert hostile.taken > 0 and hostile.taken + hostile.repeated + hostile.outdated > 10
    assert forecasts == run(valid)[1] != b""


FUZZ_META = """
import json, resource, sys
import numpy as np
from ergoscope.learners import ladder
from ergoscope.simulator import zoo
from ergoscope.streams import RejectedMessage, Service, observation
from ergoscope.streams._messages.metadata import decode_plant, encode_meta

service = Service(lambda outputs, inputs: ladder(range(3)))
service.take([observation("a", 1.0)])
taken = sum(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (taken * 1024 + (1 << 30),) * 2)
rng = np.random.default_rng(0)
good = json.loads(encode_meta(1, 0, {}, zoo("double-integrator")))
scalars = [1, 0.5, -1, 1e308, 10**400, None, "x", True]
found = dict(known=0, rejected=0)

def matrix(rows, columns):
    return [[float(x) for x in row] for row in rng.standard_normal((rows, columns)).round(2)]

def drawn():
    kind = rng.integers(4)
    if kind == 0:
        return scalars[rng.integers(len(scalars))]
    if kind == 1:
        return matrix(int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    if kind == 2:
        return [[1.0]] * int(10 ** rng.uniform(0, 5.2))
    return [[1.0] * int(10 ** rng.uniform(0, 5))]

for k in range(int(sys.argv[1])):
    meta = json.loads(json.dumps(good))
    for word in rng.choice(["A", "B", "C", "D", "Q", "R", "dt", "schema"], size=rng.integers(0, 4)):
        (meta if word == "schema" else meta["system"])[str(word)] = drawn() if rng.random() < 0.8 else good["schema"]
    payload = json.dumps(meta).encode()
    try:
        plant = decode_plant(payload, "a")
    except RejectedMessage:
        found["rejected"] += 1
        continue
    found["known"] += 1
    if found["known"] <= 30:
        service.take([plant, observation("a", float(k))])
print(found, dict(service.rejections.counts), service.samples)
"""


def test_meta_of_any_size_takes_no_memory(request: pytest.FixtureRequest) -> None:
    """Under a limit of 1 GiB beyond what the program has; the long form has 10 000 messages."""
    count = 10_000 if request.config.getoption("--campaign") else 400
    command = [sys.executable, "-c", FUZZ_META, str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250 if count < 1000 else 3000)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    assert "known" in done.stdout and "'failed'" not in done.stdout
