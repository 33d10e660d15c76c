"""Noise distributions: independent variables of mean 0 and variance 1. The simulation scales them to Q and R.

* ``"normal"``: z ~ N(0, 1), E z^4 = 3.
* ``"student-t"``: z = sqrt(3/5) t_5, t_5 = n_0 / sqrt((n_1^2 + .. + n_5^2) / 5) with normal n_i, E z^4 = 9.
* ``"uniform"``: z uniform on +-sqrt(3), E z^4 = 9/5.
* ``"impulsive"``: z = b n / sqrt(1.99), n normal, b = 10 with probability 0.01, else 1: 1 % of the samples are ten
  times as large; E z^4 = 3 (0.99 + 0.01 10^4) / 1.99^2 = 76.5.

References:
    S. Kotz, S. Nadarajah, Multivariate t Distributions and Their Applications, 2004, chapter 1. J. W. Tukey, A survey
    of sampling from contaminated distributions, 1960.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, get_args

import numpy as np

from ..._core.compiled import called
from .philox import normal, normals, uniform

Noise: TypeAlias = Literal["normal", "student-t", "uniform", "impulsive"]
LAWS: tuple[str, ...] = get_args(Noise)

_FREEDOM = 5
_SHARE, _SIZE = 0.01, 10.0
_DEVIATION = math.sqrt(1 - _SHARE + _SHARE * _SIZE**2)
_EDGE = math.sqrt(3.0)


def law_number(noise: str) -> int:
    """Return the place of a noise among ``LAWS``.

    Raises:
        ValueError: No noise has that name.
    """
    if noise not in LAWS:
        raise ValueError(f"no noise is called {noise!r}; there are {', '.join(LAWS)}.")
    return LAWS.index(noise)


@called
def draw(law, words, place, numbers):
    """Fill an array with numbers of a law, in order; return the place after them in their series."""
    if law == 0:
        return normals(words, place, numbers)
    parts = np.empty(1 + _FREEDOM)
    for i in range(len(numbers)):
        if law == 1:
            place, squares = normals(words, place, parts), 0.0
            for k in range(1, 1 + _FREEDOM):
                squares += parts[k] * parts[k]
            numbers[i] = parts[0] * math.sqrt((_FREEDOM - 2) / squares)
        elif law == 2:
            chance, place = uniform(words, place)
            numbers[i] = 2 * _EDGE * chance - _EDGE
        else:
            chance, place = uniform(words, place)
            shock, place = normal(words, place)
            numbers[i] = (_SIZE if chance < _SHARE else 1.0) / _DEVIATION * shock
    return place
