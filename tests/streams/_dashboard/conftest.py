"""Boards for the tests of the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ergoscope.streams._dashboard.board import Board
from ergoscope.streams._mqtt.address import read_address


def threshold(critical: int | None, samples: int) -> dict[str, Any]:
    """A threshold of three sizes as it is published."""
    counts = dict.fromkeys(("taken", "repeated", "lost", "reordered", "outdated"), 0)
    verdict = "undecided" if critical is None else "located"
    record = dict(samples=samples, critical_size=critical, verdict=verdict, best=dict(size=2, alike=[]), refused={})
    return record | dict(sizes=[0, 1, 2], errors=[9.0, 3.0, 1.0], counts=counts, sentence="said")


@pytest.fixture
def random_board() -> Callable[[np.random.Generator], Board]:
    """Return a function that draws a board."""

    def random_board(rng: np.random.Generator) -> Board:
        """A board that has heard a few messages, with nulls, extreme numbers, other shapes and gaps."""
        board = Board(read_address("mqtt://localhost/lab/+"), lambda: 7.0)
        numbers = [None, 0.0, 1.0, -1.0, 1e-320, 1e200, -1e308]
        for _ in range(int(rng.integers(0, 12))):
            name = ["a", "b", "*", "run-2", "run-10"][rng.integers(5)]
            kind = ["error", "error", "error", "threshold", "meta", "status"][rng.integers(6)]
            sizes, steps, outputs = int(rng.integers(1, 5)), int(rng.integers(1, 5)), int(rng.integers(1, 3))

            def drawn(*shape: int) -> Any:
                if not shape:
                    return numbers[rng.integers(len(numbers))]
                return [drawn(*shape[1:]) for _ in range(shape[0])]

            shape = [*([steps] if steps > 1 else []), sizes, *([outputs] if outputs > 1 else [])]
            seen = shape[:1] * (steps > 1) + shape[-1:] * (outputs > 1)
            record: dict[str, Any] = dict(epoch=int(rng.integers(3)), seq=int(rng.integers(40_000)))
            record |= dict(y=drawn(*seen), error=drawn(*shape)) | (
                {"oracle": drawn(*seen)} if rng.random() < 0.5 else {}
            )
            record |= {"band": drawn(*shape)} if rng.random() < 0.5 else {}
            if kind == "threshold":
                record = threshold([None, 0, 2][rng.integers(3)], int(rng.integers(1 << 40)))
                record |= dict(errors=None) if rng.random() < 0.3 else dict(errors=drawn(3))
                shares = [[0.95, None, 0.0], [0.9, 1.0, 2.0], None][rng.integers(3)]  # the second is refused
                record |= dict(bands=shares and dict(level=0.95, coverage=shares, size=[None, 2][rng.integers(2)]))
                record["counts"]["lost"] = int(rng.integers(1 << 62)) << 8
            topic = f"lab/{name}/{'' if kind in ('meta', 'status') else 'ergoscope/'}{kind}"
            meta = dict(outputs=["height", 3][:outputs], units={"height": "m"})
            payload = b"online" if kind == "status" else json.dumps(meta if kind == "meta" else record).encode()
            board.hear(topic, payload, float(rng.integers(7)))
        return board

    return random_board
