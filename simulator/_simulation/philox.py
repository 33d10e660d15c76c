"""Counter-based random numbers, compiled: those of NumPy's ``Generator(Philox(key=.., counter=..))``, bit for bit.

Every series of numbers has its own counter, so a number does not depend on what was drawn in another series. The
functions take the words of a series and the place of the next one; they return a number and the place after it.

References:
    J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, Parallel random numbers: as easy as 1, 2, 3, 2011.
    G. Marsaglia, W. W. Tsang, The ziggurat method for generating random variables, 2000.
"""

from __future__ import annotations

import math

import numpy as np
from numba.np.random._constants import fi_double, ki_double, wi_double, ziggurat_nor_inv_r, ziggurat_nor_r

from ..._core.compiled import called, high_word

WORDS = 32  # made at once; those that a series does not use are lost
_M0, _M1 = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)  # Philox's multipliers, and steps of its key
_S0, _S1 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)
_ONE, _BYTE, _SIGN, _ELEVEN, _NINE = (np.uint64(number) for number in (1, 255, 256, 11, 9))
_STEPS = np.uint64(2**52 - 1)
_HEIGHT, _WIDTH, _INNER = np.array(fi_double), np.array(wi_double), np.array(ki_double)  # of the ziggurat's layers
_EDGE, _EDGE_INVERSE = float(ziggurat_nor_r), float(ziggurat_nor_inv_r)  # where the tail begins


@called
def series_of(seed, series, purpose, block, run):
    """Return a series before its first number: its words, of which there are none yet, with its key and counter."""
    words = np.zeros(WORDS + 6, np.uint64)
    words[WORDS], words[WORDS + 1] = seed, series
    words[WORDS + 3], words[WORDS + 4], words[WORDS + 5] = purpose, block, run
    return words, WORDS


@called
def _more_words(words):
    counter = words[WORDS + 2]
    for first in range(0, WORDS, 4):
        counter += _ONE
        k0, k1 = words[WORDS], words[WORDS + 1]
        c0, c1, c2, c3 = counter, words[WORDS + 3], words[WORDS + 4], words[WORDS + 5]
        for _ in range(10):
            high0, high1 = high_word(_M0, c0), high_word(_M1, c2)
            c0, c1, c2, c3 = high1 ^ c1 ^ k0, _M1 * c2, high0 ^ c3 ^ k1, _M0 * c0
            k0 += _S0
            k1 += _S1
        words[first], words[first + 1], words[first + 2], words[first + 3] = c0, c1, c2, c3
    words[WORDS + 2] = counter


@called
def uniform(words, place):
    """Return a number from [0, 1), a multiple of 2^-53."""
    if place == WORDS:
        _more_words(words)
        place = 0
    return float(np.int64(words[place] >> _ELEVEN)) * 2.0**-53, place + 1


@called
def normals(words, place, numbers):
    """Fill an array with numbers of the normal law with mean 0 and variance 1; return the place after them."""
    for i in range(len(numbers)):
        if place == WORDS:
            _more_words(words)
            place = 0
        word = words[place]
        layer, steps = word & _BYTE, (word >> _NINE) & _STEPS
        size = float(np.int64(steps)) * _WIDTH[layer]
        if steps < _INNER[layer]:  # in 99 of 100 cases; without a call, which would count references
            numbers[i], place = -size if word & _SIGN else size, place + 1
        else:
            numbers[i], place = normal(words, place)
    return place


@called
def normal(words, place):
    """Return one number of the normal law with mean 0 and variance 1."""
    while True:
        if place == WORDS:
            _more_words(words)
            place = 0
        word, place = words[place], place + 1
        layer, steps = word & _BYTE, (word >> _NINE) & _STEPS
        size = float(np.int64(steps)) * _WIDTH[layer]
        if steps < _INNER[layer]:
            break
        chance, place = uniform(words, place)
        if layer == 0:
            beyond, place = _beyond_the_edge(words, place, chance)
            return -beyond if steps & _SIGN else beyond, place
        height = _HEIGHT[layer] + (_HEIGHT[layer - _ONE] - _HEIGHT[layer]) * chance
        if height < math.exp(-0.5 * size * size):
            break
    return -size if word & _SIGN else size, place


@called
def _beyond_the_edge(words, place, chance):
    while True:
        beyond = -_EDGE_INVERSE * math.log1p(-chance)
        chance, place = uniform(words, place)
        if -2.0 * math.log1p(-chance) > beyond * beyond:
            return _EDGE + beyond, place
        chance, place = uniform(words, place)
