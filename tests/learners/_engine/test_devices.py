"""Lanes spread over several devices: eight, forced on the CPU, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import json
import tempfile
from pathlib import Path
import numpy as np
from ergoscope.analysis import locate, read_experiment, scan_curves, sweep
from ergoscope.learners import kalman, ladder, lattice, replay
from ergoscope.simulator import LinearSystem, simulate, zoo

plant = zoo("double-integrator")
learners = [ladder(range(5), lookaheads=(1, 3)), lattice(range(3)), kalman(plant)]
learners += [kalman(plant, covariance=np.eye(2))._replace(name="kalman in JAX", kernel=None)]
found = {}
for precision in ("float32", "float64"):
    for name in ("two-tones", "double-integrator"):
        one = simulate(0, name, 200, 11, precision=precision)
    for learner in learners[1:] if precision == "float64" else learners[:1]:
        made = [replay(learner, one, precision=precision, device=name) for name in ("cpu", "cpu:all")]
        found[f"{learner.name} {learner.lookaheads} {precision}"] = np.array_equal(*made)
for name, options in {
    "two-tones": dict(precision="float32"), "figure-1": dict(sizes=[1, 3], replicates=24),
}.items():
    options = dict(sizes=range(4), horizon=400, replicates=20) | options
    one, eight = (locate(name, device=device, **options) for device in ("cpu", "cpu:all"))
    assert eight.settings["device"].count("cpu:") == 8
    found["locate " + name] = float(((one.curves["value"] / eight.curves["value"]).log().abs()).max())

def swept(device):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "grid.toml"
        file.write_text(f'''
            grid = {{systems = ["two-tones"], learners = ["ladder"], sizes = "0..3", horizons = [400]}}
            options = {{replicates = 20, precision = "float32", device = "{device}"}}
        ''')
        return scan_curves(sweep(read_experiment(file), Path(folder) / "out")).collect()

found["sweep"] = swept("cpu").equals(swept("cpu:all"))
try:
    locate("figure-1", device="cpu:all", replicates=20, horizon=100)
except ValueError as refused:
    found["refused"] = str(refused)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_eight_devices_give_the_bits_of_one(found: dict[str, object]) -> None:
    same = {name: value for name, value in found.items() if isinstance(value, bool)}
    assert len(same) == 5
    assert all(same.values()), same


def test_eight_devices_locate_the_curves_of_one(found: dict[str, object]) -> None:
    apart = {name: value for name, value in found.items() if isinstance(value, float)}
    assert len(apart) == 2
    # Lanes alone take one path; a pooled learner adds 24 x 400 products up in another order, and solves with them.
    pooled = 100 * np.finfo(float).eps * 24 * 400
    assert all(value <= (pooled if name == "locate figure-1" else 0) for name, value in apart.items()), apart


def test_a_pooled_learner_wants_as_many_lanes_on_each(found: dict[str, object]) -> None:
    assert "multiple of 8 replicates" in str(found["refused"])
