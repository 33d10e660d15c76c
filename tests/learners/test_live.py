"""Live and replay take a learner or its name; a fork of a process that has used JAX is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import Live, kalman, ladder, lattice, replay
from ergoscope.simulator import simulate, zoo


def test_a_learner_may_be_named() -> None:
    run = simulate(1, zoo("random-walk"), 50)
    named, made = Live("ladder:forgetting=0.99"), Live(ladder(forgetting=0.99, intercept=True))
    for y in run.outputs[0, :, 0]:
        named.observe(y)
        made.observe(y)
    np.testing.assert_array_equal(named.forecast, made.forecast)
    tank = simulate(1, zoo("quadruple-tank"), 30)
    made = lattice(intercept=True, outputs=2, inputs=2)
    np.testing.assert_array_equal(replay("lattice", tank), replay(made, tank))
    bare = lattice(outputs=2, inputs=2)
    np.testing.assert_array_equal(replay("lattice:intercept=no", tank), replay(bare, tank))


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        ("ladle", "no learner is called 'ladle'; did you mean 'ladder'"),
        ("kalman", "kalman needs a system"),
        (3, "3"),  # types are checked at run time here, else by ``find_learner``
    ],
)
def test_something_else_is_refused(learner: Any, message: str) -> None:
    with pytest.raises(Exception, match=message):
        Live(learner)


FORK = """
import os, sys
from ergoscope import locate
from ergoscope.learners import Live, ladder
from ergoscope.simulator import simulate, zoo
if {first}:
    Live("qr-array")
child = os.fork()
if not child:
    try:
        {action}
        os._exit(0)
    except RuntimeError as exc:
        os._exit(7 if "get_context('spawn')" in str(exc) else 8)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.parametrize(
    ("first", "action", "code"),
    [
        (True, "Live('qr-array')", 7),
        (True, "locate('random-walk', horizon=64)", 7),  # only JAX knows the default device then
        (False, "Live('qr-array')", 0),  # the parent has not used JAX
        (True, "Live(ladder(range(3)), device='cpu').observe(1.0)", 0),  # these two do not use it
        (True, "simulate(0, zoo('random-walk'), 10)", 0),
    ],
)
def test_a_fork_of_a_process_that_has_used_jax_is_refused(first: bool, action: str, code: int) -> None:
    script = FORK.format(first=first, action=action)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == [str(code)], done.stderr


def test_the_oracle_of_a_live_stream_is_a_learner() -> None:
    live = Live("ladder", oracle=kalman(zoo("random-walk")))
    live.observe(1.0)
    assert np.isfinite(live.forecast).all()


def test_one_center_may_be_a_number() -> None:
    run = simulate(1, zoo("random-walk"), 40)
    one, listed = (replay(ladder(range(3)), run, center=center) for center in (5.0, [5.0]))
    np.testing.assert_array_equal(one, listed)
    with pytest.raises(ValueError, match="a known center must be 1 finite numbers"):
        replay(ladder(range(3)), run, center=float("nan"))
