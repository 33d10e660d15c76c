"""What is said, as JSON: many numbers and few come back bit for bit, and what is none is null."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from ergoscope.streams import Forecasts
from ergoscope.streams._messages.output_json import MANY, output_messages


def made(rows: int, sizes: int, outputs: int) -> Forecasts:
    rng = np.random.default_rng(rows)
    numbers = rng.standard_normal((rows + 1, 1, sizes, outputs)) * 10.0 ** rng.integers(
        -308, 300, (rows + 1, 1, sizes, 1)
    )
    numbers[0, 0, 0, 0], numbers[rows // 2, 0, -1, -1], numbers[-1, 0, 0, 0] = np.nan, np.inf, -0.0
    output = rng.standard_normal((rows, outputs))
    output[-1, 0] = np.nan
    scored = ~np.isnan(output)
    return Forecasts("a", 3, 40, np.full(rows, np.nan), output, numbers[:-1], numbers[-1], scored)


def read(values: Any, like: Any) -> Any:
    return np.array(json.loads(json.dumps(values), parse_constant=lambda word: 1 / 0), float).reshape(like.shape)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("rows", [1, 2, 100])
def test_every_number_comes_back_and_what_is_none_is_null(rows: int, outputs: int) -> None:
    said = made(rows, 12, outputs)
    assert (said.error.size > MANY) == (rows == 100)  # both ways of writing
    (kind, prediction), (other, error) = output_messages(said, ("prediction", "error"))
    assert (kind, other) == ("prediction", "error")
    told, missed = json.loads(prediction), json.loads(error)
    assert list(told) == ["epoch", "seq", "forecast"] and list(missed) == ["epoch", "seq", "y", "error"]
    assert (told["epoch"], told["seq"], missed["epoch"], missed["seq"]) == (3, 41, 3, 40)
    coming = np.concatenate([said.forecast[1:, 0], said.ahead[None, 0]])
    for values, expected in ((told["forecast"], coming), (missed["error"], said.error), (missed["y"], said.output)):
        finite = np.where(np.isfinite(expected), expected, np.nan)
        np.testing.assert_array_equal(read(values, expected), finite)
        assert np.array_equal(
            np.signbit(read(values, expected)) & ~np.isnan(finite), np.signbit(finite) & ~np.isnan(finite)
        )
    shape = np.shape(json.loads(prediction)["forecast"])
    assert shape == ((rows,) if rows > 1 else ()) + (12,) + ((outputs,) if outputs > 1 else ())
