"""The identity of a state folder survives a damaged file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ergoscope.streams._storage.identity import identity

WORDS = dict(source="lab/+/data")


@pytest.mark.parametrize("number", range(30))
def test_one_damaged_copy_costs_nothing(number: int, tmp_path: Path) -> None:
    known, rng = identity(tmp_path, WORDS, epoch=7), np.random.default_rng(number)
    files = sorted(tmp_path.glob("identity*.json"))
    whole = [file.read_bytes() for file in files]
    assert len(files) == 2 and whole[0] == whole[1] and files[0].stat().st_mode & 0o077 == 0
    raw, place = bytearray(whole[0]), int(rng.integers(len(whole[0])))
    raw[place] ^= 1 << int(rng.integers(8))
    hurt = files[int(rng.integers(2))]
    hurt.write_bytes(raw[:place] if number % 3 == 0 else raw)
    assert identity(tmp_path, WORDS) == known
    assert [file.read_bytes() for file in files] == whole


def test_two_damaged_copies_are_an_error_and_stay(tmp_path: Path) -> None:
    identity(tmp_path, WORDS)
    for file in tmp_path.glob("identity*.json"):
        file.write_bytes(file.read_bytes().replace(b"ergoscope-", b"ergoscope+"))
    before = [file.read_bytes() for file in sorted(tmp_path.glob("*"))]
    with pytest.raises(ValueError, match="and its copy are damaged: remove the folder to start anew"):
        identity(tmp_path, WORDS)
    assert [file.read_bytes() for file in sorted(tmp_path.glob("*"))] == before


def test_others_cannot_read_an_identity(tmp_path: Path, modes: Callable[[Path], dict[str, int]]) -> None:
    identity(tmp_path / "state", dict(plant="random-walk"))
    assert modes(tmp_path / "state") == {".": 0o700, "identity.json": 0o600, "identity-copy.json": 0o600}
