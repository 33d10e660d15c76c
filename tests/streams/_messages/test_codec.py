"""Messages: what is sent comes back bit for bit, and whatever else comes is refused, never worse."""

from __future__ import annotations

import json
import math
import re
import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.streams import Observation, RejectedMessage, decode, encode, observation
from ergoscope.streams._messages.json_codec import KEYS, check_stream

DOCS = Path(__file__).resolve().parents[3] / "docs"


def same(left: Observation, right: Observation) -> bool:
    words = ("stream", "epoch", "sequence")
    arrays = zip(left[3:], right[3:], strict=True)
    return all(getattr(left, w) == getattr(right, w) for w in words) and all(
        a.shape == b.shape and a.tobytes() == b.tobytes() for a, b in arrays
    )


@pytest.mark.parametrize("arrow", [False, True])
@pytest.mark.parametrize(("steps", "outputs", "inputs"), [(1, 1, 0), (1, 3, 2), (16, 1, 0), (5, 2, 1)])
def test_what_is_sent_comes_back_bit_for_bit(arrow: bool, steps: int, outputs: int, inputs: int) -> None:
    rng = np.random.default_rng(0)
    y, u = (rng.standard_normal((steps, n)) * 10.0 ** rng.integers(-300, 149, (steps, n)) for n in (outputs, inputs))
    y[0, 0] = math.nan
    sent = observation("a b", y, u, sequence=2**52 + 3, epoch=2**40, time=0.5 * np.arange(steps))
    assert same(decode(encode(sent, arrow=arrow), "a b"), sent)


def test_a_sample_is_a_short_object_that_other_programs_read() -> None:
    sent = observation("plant", [1.5, None], sequence=7, epoch=2, time=0.25)
    assert json.loads(encode(sent)) == {"stream": "plant", "epoch": 2, "seq": 7, "t": 0.25, "y": [1.5, None]}
    assert encode(sent.rows(0, 1)._replace(output=np.array([[1.5]])))[-9:] == b',"y":1.5}'


def test_only_y_is_needed() -> None:
    came = decode(b' {"y": 3}\n')
    assert came[:3] == ("stream", 0, None)
    assert came.output.tolist() == [[3.0]] and came.input.shape == (1, 0) and np.isnan(came.time).all()


def arrow(**columns: object) -> bytes:
    out = BytesIO()
    pl.DataFrame(dict(epoch=[0, 0], seq=[4, 5], t=[0.0, 1.0], y=[1.0, 2.0]) | columns).write_ipc_stream(
        out, compression="uncompressed"
    )
    return out.getvalue()


def packed() -> bytes:
    out = BytesIO()
    pl.DataFrame(dict(epoch=[0] * 999, seq=range(999), t=[0.0] * 999, y=[0.0] * 999)).write_ipc_stream(
        out, compression="zstd"
    )
    return out.getvalue()


def two_batches() -> bytes:
    frame = pl.DataFrame(dict(epoch=[0, 0], seq=[4, 5], t=[0.0, 1.0], y=[1.0, 2.0]))
    out = BytesIO()
    frame.write_ipc_stream(out, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    one = out.getvalue()
    end = one[-8:]
    batch = one[one.index(b"\xff\xff\xff\xff", 8) : -8]
    return one[:-8] + batch + end


def test_what_python_writes_for_a_missing_number_is_missing() -> None:
    got = decode(json.dumps({"y": [1.0, float("nan")], "u": float("nan"), "t": float("nan")}).encode())
    np.testing.assert_array_equal(got.output, [[1.0, np.nan]])
    assert np.isnan(got.input).all() and np.isnan(got.time).all()


BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "malformed"),
    "no JSON": (b"hello", "malformed"),
    "no object": (b"[1, 2]", "malformed"),
    "half": (b'{"y": 1', "malformed"),
    "not UTF-8": (b'{"y": "\xff\xfe"}', "malformed"),
    "deep": (b"[" * 100_000, "malformed"),
    "deep in y": (b'{"y": ' + b"[" * 100_000, "malformed"),
    "a pickle": (b"\x80\x04\x95\x00", "malformed"),
    "many digits": (b'{"y": 1' + b"0" * 5000 + b"}", "malformed"),
    "oversized": (b" " * 2_000_000, "oversized"),
    "no y": (b'{"x": 1}', "schema"),
    "unknown key": (b'{"y": 1, "sequence": 3}', "schema"),
    "text": (b'{"y": "1.5"}', "schema"),
    "yes": (b'{"y": true}', "schema"),
    "no output": (b'{"y": []}', "schema"),
    "ragged": (b'{"y": [[1], [1, 2]]}', "schema"),
    "mixed": (b'{"y": [[1], 2]}', "schema"),
    "other rows": (b'{"y": [[1], [2]], "u": [1]}', "schema"),
    "wide": (json.dumps({"y": [1] * 300}).encode(), "schema"),
    "negative seq": (b'{"y": 1, "seq": -1}', "schema"),
    "seq 1.5": (b'{"y": 1, "seq": 1.5}', "schema"),
    "seq beyond": (b'{"y": 1, "seq": 9007199254740993}', "schema"),
    "epoch null": (b'{"y": 1, "epoch": null}', "schema"),
    "a topic as name": (b'{"y": 1, "stream": "a/b"}', "schema"),
    "a wildcard": (b'{"y": 1, "stream": "+"}', "schema"),
    "a surrogate": (b'{"y": 1, "stream": "\\ud800"}', "schema"),
    "a control character": (b'{"y": 1, "stream": "\\u009b31m"}', "schema"),
    "a name that turns the line around": (b'{"y": 1, "stream": "a\\u202eb"}', "schema"),
    "a deep name": (b'{"y": 1, "stream": ' + b"[" * 31 + b"]" * 31 + b"}", "schema"),
    "a deeper name": (b'{"y": 1, "stream": ' + b"[" * 32 + b"]" * 32 + b"}", "malformed"),
    "dt 0": (b'{"y": 1, "dt": 0}', "schema"),
    "infinite": (b'{"y": -Infinity}', "non-finite"),
    "overflow": (b'{"y": 1e999}', "non-finite"),
    "time beyond": (b'{"y": [[1], [2]], "t": 1e308, "dt": 1e308}', "non-finite"),
    "a great integer": (b'{"y": 1' + b"0" * 400 + b"}", "non-finite"),
    "arrow: cut": (arrow()[:300], "malformed"),
    "arrow: its first bytes": (b"\xff\xff\xff\xff", "schema"),
    "arrow: garbage": (b"\xff\xff\xff\xff" + bytes(range(200)), "malformed"),
    "arrow: compressed": (packed(), "schema"),
    "arrow: two batches": (two_batches(), "schema"),
    "arrow: no y": (arrow(y=["a", "b"]), "schema"),
    "arrow: float32": (arrow(y=pl.Series([1, 2], dtype=pl.Float32)), "schema"),
    "arrow: another column": (arrow(z=[1.0, 2.0]), "schema"),
    "arrow: y and y1": (arrow(y1=[1.0, 2.0]), "schema"),
    "arrow: seq jumps": (arrow(seq=[4, 6]), "schema"),
    "arrow: seq null": (arrow(seq=[4, None]), "schema"),
    "arrow: two epochs": (arrow(epoch=[0, 1]), "schema"),
    "arrow: negative": (arrow(seq=[-2, -1]), "schema"),
    "arrow: columns alike": (arrow().replace(b"\x01\0\0\0y", b"\x01\0\0\0t"), "schema"),
    "arrow: a buffer of 16 GiB": (
        arrow().replace(struct.pack("<qq", 64, 16), struct.pack("<qq", 64, 1 << 34)),
        "malformed",
    ),
    "arrow: 2^60 rows": (arrow().replace(struct.pack("<qq", 2, 0), struct.pack("<qq", 1 << 60, 0)), "malformed"),
    "arrow: its square overflows": (arrow(y=[1.0, -1e151]), "non-finite"),
    "its square overflows": (b'{"y": 1e151}', "non-finite"),
    "arrow: infinite": (arrow(y=[1.0, math.inf]), "non-finite"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_refused_by_its_kind(name: str) -> None:
    payload, kind = BAD[name]
    with pytest.raises(RejectedMessage) as refused:
        decode(payload, None)
    assert refused.value.kind == kind
    assert 20 < len(str(refused.value)) < 400 and str(refused.value).isprintable()


def test_the_schema_on_the_page_is_the_one_that_is_held() -> None:
    schema = json.loads((DOCS / "observation.schema.json").read_text())
    name = re.compile(schema["properties"]["stream"]["pattern"])
    for text in ("a b", "\u00e9", "", "a/b", "\n", "\x85", "\u2029", "\u2069", "+", "x" * 201):
        try:
            check_stream(text)
        except RejectedMessage:
            assert name.search(text) is None
        else:
            assert name.search(text)
    assert set(schema["properties"]) == set(KEYS) and schema["required"] == ["y"]
    assert schema["additionalProperties"] is False
    for example in schema["examples"]:
        decode(json.dumps(example).encode())
