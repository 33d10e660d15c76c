"""Text as numbers and back."""

from __future__ import annotations

import numpy as np
import pytest

from ergoscope.simulator import decode, encode
from ergoscope.simulator._tasks.arithmetic.alphabet import alphabet


def test_numbers_are_places_in_the_alphabet() -> None:
    characters = alphabet("+=")
    assert characters == "$+0123456789="
    tokens = encode("128+367=0495$", characters)
    assert tokens.dtype == np.int8 and tokens.tolist() == [3, 4, 10, 1, 5, 8, 9, 12, 2, 6, 11, 7, 0]
    assert decode(tokens, characters) == "128+367=0495$"
    assert encode("", characters).tolist() == [] and decode([], characters) == ""


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match=r"cannot have - ' ' x: its characters are \$ \+ 0 1 2 3 4 5 6 7 8 9 =\."):
        encode("1- x2-", "$+0123456789=")
    with pytest.raises(ValueError, match="numbered from 0 to 2, got -1, 3: they are a b c"):
        decode([0, 3, -1], "abc")
    for wrong in ([[0, 1]], [0.5]):
        with pytest.raises(ValueError, match="expected a row of whole numbers"):
            decode(wrong, "abc")
