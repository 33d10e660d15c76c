"""Simulate a system of the zoo, write it, read it back."""

import tempfile
from pathlib import Path

import numpy as np

from ergoscope.simulator import Missing, read_recording, simulate, write_trajectories, zoo

run = simulate(0, zoo("double-integrator"), steps=1000, replicates=8, missing=Missing(rate=0.05, burst=5))
print(f"{run.outputs.shape} samples, {np.isnan(run.outputs).mean():.1%} of them missing")
with tempfile.TemporaryDirectory() as folder:
    write_trajectories(run, Path(folder) / "data.parquet")
    again = read_recording(str(Path(folder) / "data.parquet"), ["y"], by="run", time="time")
print("read back unchanged:", np.array_equal(again.outputs, run.outputs, equal_nan=True))
