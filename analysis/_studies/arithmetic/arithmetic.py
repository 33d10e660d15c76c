"""The study of arithmetic: how much of the addition map samples determine, and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...._core.progress import Progress, no_progress, part_of
from ..claims import claims_table, verdict
from ..study import StudyResult
from .completion_study import BLOCK_SIZE, FEW_BLOCKS, MANY_BLOCKS, SHARE_SIZES, Completion, study_completion

PARTS = 1000  # of the work
COMPLETION_PARTS = PARTS  # about as many as its part of the time
TOLD = 2.64  # the load that the sentence names


def reproduce_arithmetic(
    seed: int = 0,
    progress: Progress = no_progress,
    quick: bool = False,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> StudyResult:
    """Complete the addition map from samples, beside the exact laws of how many it takes.

    The map M_ij = i + j has n rows and n columns, and m of its entries are seen.

        completion  the share determined, when all is, the rule of contiguous 2 x 2 blocks, alternating least squares
                    for a map of unknown form, numbers that never come

    Args:
        seed: Of the runs.
        progress: Called with the parts of the work done, and all.
        quick: A quarter of the runs or less.
        folder: Where ended networks are kept, and not trained again; None: nowhere.
        say: Called with the cost before anything is trained.

    Returns:
        The claims as a table ``part, what, measured, low, high, agrees, ground``; further tables by name.

    References:
        N. Lee, K. Sreenivasan, J. D. Lee, K. Lee, D. Papailiopoulos, Teaching arithmetic to small transformers,
        ICLR 2024 (arXiv 2307.03381).
    """
    completion = study_completion(seed, quick, part_of(progress, 0, COMPLETION_PARTS, PARTS))
    claims = completion.claims
    agrees, words = verdict(claims)
    tables = {
        "completion-shares": completion.shares,
        "completion-all": completion.complete,
        "completion-passages": completion.passages,
        "completion-medians": completion.medians,
        "completion-blocks": completion.blocks,
        "completion-low-rank": completion.low_rank,
        "completion-excluded": completion.excluded,
        "completion-ranks": completion.ranks,
    }
    return StudyResult(claims_table(claims), agrees, f"arithmetic: {words}; {_sentence(completion)}", tables)


def _sentence(completion: Completion) -> str:
    size = SHARE_SIZES[-1]
    row = completion.shares.filter(size=size, load=TOLD).row(0, named=True)
    last = completion.complete.row(-1, named=True)
    blocks = completion.blocks.filter(size=BLOCK_SIZE)
    few, many = (blocks.filter(samples=count)["filled"][0] for count in (FEW_BLOCKS, MANY_BLOCKS))
    return (
        f"{TOLD:g} n samples determine {row['share']:.3f} of the addition map of {size} numbers, by theory "
        f"{row['exact']:.3f}, and n log(2n) all of it in {last['complete']:.2f} of the runs with {last['size']} "
        f"numbers, by theory {last['product']:.2f}; contiguous 2 x 2 blocks fill {few:.2f} of the maps of {BLOCK_SIZE} "
        f"numbers with {FEW_BLOCKS} samples and {many:.2f} with {MANY_BLOCKS}"
    )
