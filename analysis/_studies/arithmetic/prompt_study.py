"""Networks on rows of two lines, with and without text among them: a question alone, and behind an example."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ....learners._neural.decode import completed
from ....learners._neural.train import Run
from ....simulator._tasks.arithmetic.alphabet import decode
from ....simulator._tasks.process import drawn
from ..._emergence.training import kept_parameters
from ..claims import Claim
from ..parts import Part

ASKED = 500  # questions
PARTS = {"alone": "lines alone", "text": "lines and text"}


def study_prompts(parts: Mapping[str, Part], folder: Path) -> tuple[pl.DataFrame, list[Claim]]:
    """Return what networks answer to a question alone and to one behind an example.

    Returns:
        ``part, what, examples, seed, accuracy``, and the claims: medians, reported.
    """
    rows = [
        (name, f"{words},\n{'one' if examples else 'no'} example", examples, run.seed, share)
        for name, words in PARTS.items()
        for run in parts[name].runs
        for examples, share in enumerate(answers_to_prompts(parts[name], run, folder / name))
    ]
    names = ["part", "what", "examples", "seed", "accuracy"]
    table = pl.DataFrame(rows, schema=names, orient="row")
    medians = table.group_by("part", "examples", maintain_order=True).agg(pl.col("accuracy").median())
    return table, [
        Claim(PARTS[part], f"whole answers right {'behind one example' if examples else 'alone'}, median", value)
        for part, examples, value in medians.iter_rows()
    ]


def answers_to_prompts(part: Part, run: Run, folder: Path) -> tuple[float, float]:
    """Return the share of answers that are right to questions alone, and to questions behind one example."""
    process = part.training.process
    exam = drawn(process, run.seed, ASKED, exam=True)
    whole = [decode([*x, y[-1]], process.characters) for x, y in zip(exam.x.tolist(), exam.y.tolist(), strict=True)]
    before, asked = zip(*(row.split("$")[:2] for row in whole), strict=True)
    questions, answers = zip(*(line.split("=") for line in asked), strict=True)
    parameters = kept_parameters(folder, run)[part.training.steps]
    alone = [f"{question}=" for question in questions]
    behind = [f"{example}$" + question for example, question in zip(before, alone, strict=True)]
    count = len(answers[0])
    model = part.training.recipe.model
    shares = [
        sum(map(str.__eq__, completed(model, parameters, process, prompts, count), answers)) / ASKED
        for prompts in (alone, behind)
    ]
    return shares[0], shares[1]
