"""One real recording: the size to use, what others would cost, and what one run cannot show."""

from pathlib import Path

from ergoscope import locate
from ergoscope.analysis import save_location

# A file; a polars or pandas frame, or an array (locate(y), locate(y, input=u, dt=0.1)), is taken in the same way.
found = locate(Path(__file__).parent / "data" / "nile.csv", output="flow", time="year", sizes=range(9))
print(found)
if found.advice is not None:
    print(found.advice.costs)  # of the other sizes, beside that of the size to use
for file in save_location(found, "runs/nile"):
    print(file)
