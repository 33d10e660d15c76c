"""Strict numerics for every test.

Precision is left as JAX has it, 32 bits: a computation that wants float64 must ask for it itself, as users' calls do.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from types import UnionType
from typing import Any, Generic, Union, get_args, get_origin

import jax
import numpy as np
import pytest
from beartype import BeartypeConf, beartype
from hypothesis import settings
from jaxtyping import install_import_hook

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
# The same examples in every run, so that a change is blamed for what it did; a campaign draws new ones.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("campaign", derandomize=False, deadline=None)

# Only here, so that users do not pay for it; only where arrays flow: the public functions of the other rooms refuse
# wrong types themselves, and their tests hand them some. With the tower an int is a float, as it is for mypy.
check_types = beartype(conf=BeartypeConf(is_pep484_tower=True))


def shapes_and_types(function: Callable[..., Any]) -> Callable[..., Any]:
    function.__annotations__ = {word: plain(hint) for word, hint in function.__annotations__.items()}
    checked: Callable[..., Any] = check_types(function)
    return checked


def plain(hint: Any) -> Any:
    """beartype 0.23 cannot read a NamedTuple with a type parameter: it counts as a tuple. mypy checks it in full."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return Union[tuple(plain(part) for part in get_args(hint))]  # noqa: UP007
    of = origin or hint
    return tuple if isinstance(of, type) and issubclass(of, tuple) and issubclass(of, Generic) else hint  # type: ignore[arg-type]


install_import_hook("ergoscope.learners", f"{__name__}.shapes_and_types")

# Files that take longest, longest first: a worker that begins one of them last keeps the others waiting.
LONG = (
    "test_laws", "test_locate", "test_calibration", "test_locate_ahead", "test_single_recordings", "test_subspace",
    "test_docs_commands", "test_wavefront", "test_kalman", "test_registry", "test_cli", "test_devices", "test_streams",
    "test_tutorial", "test_examples",
)  # fmt: skip

# Commands that tests run keep what they compile for one another, and out of the user's cache; those of each worker for
# themselves, for some are killed while they write.
compiled = tempfile.TemporaryDirectory(prefix="ergoscope-compiled-")
os.environ["JAX_COMPILATION_CACHE_DIR"] = compiled.name
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.05"  # as commands have it, for programs without one
# matplotlib lists the fonts once for all; a list that some other program left in the user's cache may lack some.
os.environ.setdefault("MPLCONFIGDIR", os.path.join(compiled.name, "matplotlib"))
# The tests themselves keep nothing: in a process of many programs JAX has crashed while it wrote one out.
jax.config.update("jax_compilation_cache_dir", None)


# The loops that nearly every command runs: compiled once, side by side, before many tests at a time wait for them or
# compile the same one. Each process writes what its learner forecasts, which is the same on every processor.
LOOPS = """
import sys
import numpy as np
from ergoscope.learners import kalman, ladder, lattice, replay
from ergoscope.simulator import Trajectories, simulate, zoo
random = np.random.Generator(np.random.Philox(1))
y, u = random.standard_normal((17, 200, 2)).cumsum(axis=1), random.standard_normal((17, 200, 2))
learner, p, m = dict(
    ladder=lambda: (ladder(), 1, 0),
    kalman=lambda: (kalman(zoo("random-walk")), 1, 0),
    lattice=lambda: (lattice(outputs=2, inputs=2), 2, 2),
)[sys.argv[1]]()
names = ("a", "b")[:p], ("u", "v")[:m], tuple(map(str, range(17)))
recording = Trajectories(y[..., :p], u[..., :m], np.full(17, 200), 1.0, *names)
sys.stdout.buffer.write(replay(learner, recording, width=17).tobytes())
if sys.argv[1] == "kalman":  # the shortest of the three
    simulate(1, zoo("random-walk"), 100)
"""
BITS = pytest.StashKey[str]()


def bits_of_a_reference_run() -> str:
    """Compile the loops; return a digest of what they forecast."""
    command = [sys.executable, "-c", LOOPS]
    started = [subprocess.Popen([*command, name], stdout=subprocess.PIPE) for name in ("ladder", "kalman", "lattice")]
    import matplotlib.font_manager  # noqa: F401  meanwhile: it lists the fonts

    bits = hashlib.sha256()
    for process in started:
        bits.update(process.communicate()[0])
        assert process.returncode == 0, "a reference run failed"
    found = np.show_config("dicts").get("SIMD Extensions", {}).get("found", [])
    processor = " ".join(found) or "no extensions"
    return f"bits of a reference run: {bits.hexdigest()[:16]}, on a processor with {processor}"


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("campaign" if config.getoption("--campaign") else "fixed")
    if not hasattr(config, "workerinput") and config.getoption("numprocesses", None):
        config.stash[BITS] = bits_of_a_reference_run()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write_line(config.stash.get(BITS, ""))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Drop compiled programs between files, where they are many."""
    if nextitem is not None and nextitem.path != item.path:
        from ergoscope.analysis._sweeps.points import drop_compiled  # not before the hook above is in place

        drop_compiled()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--campaign", action="store_true", help="the long form of every test that has one: hours")
