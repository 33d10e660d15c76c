"""Threads that ask for a new program at once: it is made once and traced once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from typing import Any

import jax
import numpy as np

from ergoscope.learners._neural.kept_programs import kept_programs

THREADS = 4


def test_threads_make_and_compile_one_program_between_them() -> None:
    made, traced, together = [], [], Barrier(THREADS)

    @kept_programs
    def times(factor: int) -> Any:
        made.append(factor)
        sleep(0.05)  # the others come meanwhile

        def program(x: Any) -> Any:
            traced.append(x.shape)
            sleep(0.05)
            return factor * x

        return jax.jit(program)

    def work(number: int) -> Any:
        together.wait()
        return np.asarray(times(2)(np.full(3, number, np.float32)))

    with ThreadPoolExecutor(THREADS) as pool:
        for number, row in enumerate(pool.map(work, range(THREADS))):
            assert np.array_equal(row, np.full(3, 2 * number))
    assert (made, traced) == ([2], [(3,)])
    assert np.array_equal(times(3)(np.ones(3, np.float32)), np.full(3, 3))  # another one
    assert times(2) is times(2)
    assert made == [2, 3]
