"""The ladder that stands beneath learners which make one forecast of those of all lengths."""

from __future__ import annotations

from ._base import Learner
from ._ladder import ladder
from ._lattice import lattice


def every_length(longest: int, forgetting: float, ridge: float, direct: bool, outputs: int, inputs: int) -> Learner:
    """Return least squares of the lengths 0 .. longest: ``ladder`` for one output without inputs, else ``lattice``."""
    sizes = range(longest + 1)
    if outputs == 1 and inputs == 0 and not direct:
        return ladder(sizes, forgetting, ridge)
    return lattice(sizes, forgetting, ridge, direct=direct, outputs=outputs, inputs=inputs)
