"""The study of skills: concepts from texts, the best use of computation, the giant component, and plateaus."""

from __future__ import annotations

from ...._core.progress import Progress, no_progress, part_of
from ..claims import claims_table, verdict
from ..study import StudyResult
from .giant_study import study_giant
from .levels_study import LevelsFound, study_levels
from .peeling_study import MEAN, Peeling, study_peeling
from .split_study import study_split

PARTS = 1000  # of the work
PEELING_PARTS = 700  # about as many as its part of the time; the rest are the graphs


def reproduce_skills(seed: int = 0, progress: Progress = no_progress, quick: bool = False) -> StudyResult:
    """Measure what a graph of concepts, texts and skills says about size, emergence and plateaus.

    R concepts are learned from T texts by peeling, d = 6 concepts a text on average; the budget is C = R T.

        peeling     thresholds T / R of single streams beside density evolution, and how far they lie apart
        split       R* and T* of each budget, beside sqrt(C)
        giant       largest component of sampled graphs beside Lambert's W
        levels      skills level by level, and the accuracy of tasks of one level and of several

    Args:
        seed: First seed of the streams and of the graphs.
        progress: Called with the parts of the work done, and all.
        quick: 60 streams of each size in place of 300, and graphs of 1e5 nodes in place of 1e6.

    Returns:
        The claims as a table ``part, what, measured, low, high, agrees, ground``; further tables by name.

    References:
        A. Nayak, L. Varshney, An information theory of compute-optimal size scaling, emergence, and plateaus in
        language models, 2024 (arXiv 2410.01243).
    """
    peeling = study_peeling(seed, quick, part_of(progress, 0, PEELING_PARTS, PARTS))
    giant = study_giant(seed, quick, part_of(progress, PEELING_PARTS, PARTS, PARTS))
    split, levels = study_split(), study_levels()
    claims = [*peeling.claims, *split.claims, *giant.claims, *levels.claims]
    agrees, words = verdict(claims)
    tables = {
        "thresholds": peeling.thresholds,
        "passages": peeling.passages,
        "streams": peeling.summary,
        "curves": peeling.curves,
        "split": split.table,
        "giant": giant.table,
        "acquired": levels.acquired,
        "accuracy": levels.accuracy,
        "plateaus": levels.plateaus,
    }
    return StudyResult(claims_table(claims), agrees, f"skills: {words}; {_sentence(peeling, levels)}", tables)


def _sentence(peeling: Peeling, levels: LevelsFound) -> str:
    exact = peeling.thresholds.filter(mean=MEAN).row(0, named=True)
    last, heights = (
        peeling.summary.row(-1, named=True),
        levels.plateaus.filter(links="exact", tasks="several")["height"],
    )
    limit, rests = peeling.limit, " and ".join(f"{height:.2f}" for height in heights)
    return (
        f"concepts are learned at once at {limit.load:.3f} +- {limit.error:.3f} texts a concept, exactly "
        f"{exact['load']:.3f}; sd(T / R) sqrt(R) of streams is {last['spread']:.1f}, exactly {exact['spread']:.2f}, "
        f"{exact['code']:.2f} for codes and {exact['published']:.2f} with the published signs; the accuracy of tasks "
        f"of several levels rests at {rests}"
    )
