"""The study of arithmetic: networks on lines of addition, and completion of the map that the lines are entries of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ...._core.progress import Progress, no_progress, part_of
from ....learners._neural.model import count
from ..._emergence.sentences import estimate_words
from ..claims import Claim, claims_table, verdict
from ..parts import Part, cost_sentence, train_parts
from ..study import StudyResult
from .cells import FORMATS, MANY, PARAMETERS, STEPS, WIDTH, parts
from .completion_study import SHARE_SIZES, Completion, study_completion
from .format_study import METRIC, Formats, study_beyond, study_formats
from .prompt_study import study_prompts
from .published import published_table

PARTS = 1000  # of the work
COMPLETION_PARTS = 50  # about as many as its part of the time
TOLD = 2.64  # the load that the sentence names


def reproduce_arithmetic(
    seed: int = 0,
    progress: Progress = no_progress,
    quick: bool = False,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> StudyResult:
    """Learn to add from lines of characters: how many lines each format takes; and what the lines determine at all.

    The network has 2 layers of width 48 and reads lines such as ``128+367=0495``; its loss is that of the answer. It
    has learned if it answers half of the exam right, whole answers, of pairs that no line had. Beside it the addition
    map M_ij = i + j, n rows and columns, is completed from m entries without any network.

        formats     plain, reverse, and with steps written out (simplified, detailed): lines and steps they take
        longer      four digits asked after lines of three; excluded: numbers that no line has
        prompts     rows of two lines, with and without text among the rows: questions alone and behind an example
        completion  the share determined, when all is, the rule of contiguous 2 x 2 blocks, alternating least squares
                    for a map of unknown form, numbers that never come

    Args:
        seed: First seed of the networks, and that of the other runs.
        progress: Called with the parts of the work done, and all.
        quick: A minute: plain and reverse on two sets each, and a quarter of the other runs or less.
        folder: Where ended networks are kept, and not trained again; None: nowhere.
        say: Called with the cost before anything is trained.

    Returns:
        The claims as a table ``part, what, measured, low, high, agrees, ground``; further tables by name.

    References:
        N. Lee, K. Sreenivasan, J. D. Lee, K. Lee, D. Papailiopoulos, Teaching arithmetic to small transformers,
        ICLR 2024 (arXiv 2307.03381).
    """
    if folder is None:
        with TemporaryDirectory(prefix="ergoscope-arithmetic-") as made:
            return reproduce_arithmetic(seed, progress, quick, Path(made), say)
    planned = parts(seed, quick)
    say(f"arithmetic: {cost_sentence(planned, folder)}")
    completion = study_completion(seed, quick, part_of(progress, 0, COMPLETION_PARTS, PARTS))
    curves = train_parts(planned, folder, part_of(progress, COMPLETION_PARTS, PARTS, PARTS))
    formats = study_formats(curves, seed)
    claims = [_size_claim(planned["reverse"]), *formats.claims]
    tables = {
        "answers": formats.answers,
        "steps": formats.steps,
        "curves": _jumps(curves),
        "published": published_table(),
    }
    if not quick:
        tables["beyond"], found = study_beyond(curves["longer"], curves["excluded"])
        tables["prompts"], asked = study_prompts(planned, folder)
        claims += [*found, *asked]
    claims += completion.claims
    agrees, words = verdict(claims)
    tables |= {
        "completion-shares": completion.shares,
        "completion-all": completion.complete,
        "completion-passages": completion.passages,
        "completion-medians": completion.medians,
        "completion-blocks": completion.blocks,
        "completion-low-rank": completion.low_rank,
        "completion-excluded": completion.excluded,
        "completion-ranks": completion.ranks,
    }
    sentence = f"arithmetic: {words}; {_networks_sentence(formats)}; {_completion_sentence(completion)}"
    return StudyResult(claims_table(claims), agrees, sentence, tables)


def _size_claim(part: Part) -> Claim:
    measured = count(part.training.recipe.model, WIDTH)
    return Claim("network", f"parameters, counted, width {WIDTH}", measured, PARAMETERS, PARAMETERS, "theory")


def _jumps(curves: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the accuracy over the steps of every run on a format: ``format, lines, seed, step, accuracy``."""
    frames = [
        curves[name]
        .filter(metric=METRIC)
        .select(pl.lit(name).alias("format"), "seed", "step", lines="rows", accuracy="value")
        for name in FORMATS
        if name in curves
    ]
    return pl.concat(frames)


def _networks_sentence(formats: Formats) -> str:
    places = [
        f"{level:.0%} of the exam from {estimate_words((found.value, found.low, found.high))} {name} lines"
        for level, formats_found in formats.half_points.items()
        for name, found in formats_found.items()
        if found.value is not None
    ]
    if places:
        return f"within {STEPS} steps half of the networks of {PARAMETERS} parameters answer {', '.join(places)} on"
    medians = (
        formats.answers.filter(lines=MANY).group_by("format", maintain_order=True).agg(pl.col("accuracy").median())
    )
    words = ", ".join(f"{value:.2f} of the {name}" for name, value in medians.iter_rows())
    return (
        f"{MANY} lines and {STEPS} steps teach a network of {PARAMETERS} parameters to answer {words} lines of the exam"
    )


def _completion_sentence(completion: Completion) -> str:
    size = SHARE_SIZES[-1]
    row = completion.shares.filter(size=size, load=TOLD).row(0, named=True)
    return (
        f"{TOLD:g} n samples determine {row['share']:.3f} of the addition map of {size} numbers, by theory "
        f"{row['exact']:.3f}"
    )
