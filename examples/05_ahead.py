"""A verdict for each look-ahead, and what forecasting further costs least squares and the Kalman filter."""

import polars as pl

from ergoscope import locate

found = locate("double-integrator", learner="qr-array", lookaheads=(1, 5, 10), sizes=range(5))
print(found)
for part in found.each:
    row = part.rungs.row(by_predicate=pl.col("size") == 4, named=True)
    kalman = row["error"] - row["excess"]
    print(f"{part.lookahead:2} ahead: mean squared error {row['error']:6.1f}, of the Kalman filter about {kalman:6.1f}")
