"""One real recording: the size that predicts it best, and what it cannot show."""

from pathlib import Path

from ergoscope import locate
from ergoscope.analysis import save_location

# A file; a polars or pandas frame, or an array (locate(y), locate(y, input=u, dt=0.1)), is taken in the same way.
found = locate(Path(__file__).parent / "data" / "nile.csv", output="flow", time="year", sizes=range(9))
print(found)
print(found.rungs.select("size", "error", "paired"))
for file in save_location(found, "runs/nile"):
    print(file)
