"""From a python-control plant to its critical size."""

import control

from ergoscope import locate

plant = control.ss([[0, 1], [0, 0]], [[0], [1]], [[1, 0]], 0)  # position of a mass pushed by a force
found = locate(plant, Q=1.0, R=0.01, dt=0.1, sizes=range(6))
print(found)
print(found.rungs.select("size", "error", "excess", "exponent", "verdict"))
