"""The keyed bijection: a permutation of every domain, and one that looks like any other."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
import pytest
from scipy.stats import chi2

from ergoscope.simulator._tasks.arithmetic.bijection import shuffled

LIMIT = 1e-4 / 2  # two-sided


@pytest.mark.parametrize("domain", [1, 2, 3, 100, 101, 1000, 31416, 10**6])
def test_it_is_a_permutation_that_belongs_to_its_key(domain: int) -> None:
    places = np.arange(domain, dtype=np.int32)
    make = jax.jit(partial(shuffled, domain=domain))
    orders = [np.asarray(make(jax.random.key(seed), jax.numpy.asarray(places))) for seed in (0, 1, 2)]
    for order in orders:
        assert order.dtype == np.int32 and (np.sort(order) == places).all()
    if domain >= 100:
        assert (orders[0] != orders[1]).mean() > 0.9 and (orders[1] != places).mean() > 0.9


def test_a_place_does_not_depend_on_the_others() -> None:
    key, places = jax.random.key(3), np.arange(70, dtype=np.int32).reshape(7, 10)
    whole = np.asarray(shuffled(key, jax.numpy.asarray(places), 77))
    part = np.asarray(shuffled(key, jax.numpy.asarray(places[2, 3:5]), 77))
    assert (whole[2, 3:5] == part).all()


def test_every_ordered_pair_is_equally_likely_for_two_places() -> None:
    domain, keys = 11, 22_000
    each = jax.vmap(lambda key: shuffled(key, jax.numpy.array([0, 1, 7], "int32"), domain))
    found = np.asarray(jax.jit(each)(jax.random.split(jax.random.key(5), keys)))
    for one, other in ((0, 1), (1, 2)):
        counts = np.zeros((domain, domain), int)
        np.add.at(counts, (found[:, one], found[:, other]), 1)
        assert not counts.diagonal().any()
        cells = domain * (domain - 1)
        statistic = ((counts - keys / cells) ** 2 / (keys / cells))[~np.eye(domain, dtype=bool)].sum()
        assert chi2.ppf(LIMIT, cells - 1) < statistic < chi2.isf(LIMIT, cells - 1)


def test_the_first_places_of_a_large_domain_look_uniform() -> None:
    domain, rows = 10**6, 10_000
    order = np.asarray(shuffled(jax.random.key(8), jax.numpy.arange(rows, dtype="int32"), domain)).astype(int)
    a, b = order // 1000, order % 1000
    for cells in (a // 100 * 10 + b // 100, a % 10 * 10 + b % 10, a // 100 * 10 + b % 10, np.diff(a) % 100):
        counts = np.bincount(cells, minlength=100)
        statistic = ((counts - len(cells) / 100) ** 2 / (len(cells) / 100)).sum()
        assert chi2.ppf(LIMIT, 99) < statistic < chi2.isf(LIMIT, 99)
