"""The rule of contiguous 2 x 2 blocks: three known entries give the fourth."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool
from numpy.typing import ArrayLike

from .completion_kernel import fill


def contiguous_completion(mask: ArrayLike) -> Bool[np.ndarray, "row column"]:
    """Fill every contiguous 2 x 2 block that has exactly three known entries, again and again until none is left.

    What is filled depends on no order. This is bootstrap percolation: all is filled from a density of known entries on
    that falls slowly with the size, so the samples needed grow nearly as n^2, not as n.

    Args:
        mask: Which entries are known, ``(row, column)``.

    Returns:
        Which entries are known in the end, in the same shape.

    Raises:
        ValueError: The mask is no matrix of True and False.

    Examples:
        >>> contiguous_completion([[True, True, False], [True, False, True]]).all()
        np.True_

    References:
        N. Lee, K. Sreenivasan, J. D. Lee, K. Lee, D. Papailiopoulos, Teaching arithmetic to small transformers,
        arXiv 2307.03381. M. Aizenman, J. L. Lebowitz, Metastability effects in bootstrap percolation, 1988.
    """
    filled = np.array(mask)
    if filled.ndim != 2 or filled.dtype != bool:
        raise ValueError(
            f"the mask must be a matrix of True and False, got {filled.dtype} of shape {filled.shape}: "
            "write matrix != 0, or the like."
        )
    if min(filled.shape) >= 2:
        known = filled.astype(np.int8)
        count = known[:-1, :-1] + known[:-1, 1:] + known[1:, :-1] + known[1:, 1:]
        stack = np.empty(count.size, np.int64)
        ready = np.flatnonzero(count == 3)
        stack[: len(ready)] = ready
        fill(filled, count, stack, len(ready))
    return filled
