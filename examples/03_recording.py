"""One real recording: the size that predicts it best, and what it cannot show."""

from pathlib import Path

from ergoscope import locate
from ergoscope.analysis import save_location
from ergoscope.simulator import read_recording

nile = read_recording(str(Path(__file__).parent / "data" / "nile.csv"), ["flow"], time="year")
found = locate(nile, sizes=range(9))
print(found)
print(found.rungs.select("size", "error", "paired"))
for file in save_location(found, "runs/nile"):
    print(file)
