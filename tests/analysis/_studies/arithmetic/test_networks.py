"""What the study says of networks: on curves that are made, on the published table, and on a trained network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ergoscope.analysis._emergence.training import train_runs
from ergoscope.analysis._studies.arithmetic import cells, prompt_study
from ergoscope.analysis._studies.arithmetic.cells import FEW, MANY, STEPS, parts
from ergoscope.analysis._studies.arithmetic.format_study import study_beyond, study_formats
from ergoscope.analysis._studies.arithmetic.network_figures import beyond_figure
from ergoscope.analysis._studies.arithmetic.published import published_half_point, published_table
from ergoscope.analysis._studies.claims import Claim

EDGES = np.array([0, 100, 200, 400, 800, STEPS])


def curves(kind: str, when: dict[int, int], last: dict[int, float], seeds: int = 4) -> pl.DataFrame:
    """Return runs that answer nothing before the step ``when``, and the share ``last`` from then on."""
    frames = [
        pl.DataFrame(dict(step=EDGES, value=np.where(when[lines] <= EDGES, last[lines], 0.0))).with_columns(
            run=pl.lit(100 * lines + seed), seed=pl.lit(seed), rows=pl.lit(lines), kind=pl.lit(kind),
            metric=pl.lit("exam accuracy"),
        )
        for lines in when
        for seed in range(seeds)
    ]  # fmt: skip
    return pl.concat(frames).with_columns(pl.col("run", "step", "rows").cast(pl.Int64))


def named(claims: list[Claim], part: str, begins: str) -> Claim:
    (found,) = (one for one in claims if one.part == part and one.what.startswith(begins))
    return found


@pytest.mark.parametrize(("plain_by", "agrees"), [(800, True), (400, False)])
def test_made_curves_are_read_as_they_were_made(plain_by: int, agrees: bool) -> None:
    never = 10 * STEPS
    made = {
        "plain": curves(
            "all", {FEW: never, 1000: never, MANY: plain_by, 2800: 800}, {FEW: 0, 1000: 0, MANY: 0.9, 2800: 0.95}
        ),
        "reverse": curves("all", {FEW: never, 1000: 400, MANY: 400, 2800: 200}, {FEW: 0, 1000: 1, MANY: 1, 2800: 1}),
        "detailed": curves("all", {62: never, 125: 100}, {62: 0, 125: 1}, seeds=2),
    }
    found = study_formats(made, 0)
    ratio = named(found.claims, f"steps, {MANY} lines", "reverse over plain")
    assert (ratio.measured, ratio.agrees) == (400 / plain_by, agrees)
    assert named(found.claims, f"plain, {MANY} lines", "whole answers").measured == 0.9
    assert named(found.claims, f"reverse, {FEW} lines", "whole answers").agrees
    half = found.half_points[0.5]
    assert FEW < half["reverse"].value < 1000 < half["plain"].value < MANY  # type: ignore[operator]
    assert set(half) == set(found.half_points[0.9]) == {"plain", "reverse"}  # of two seeds nothing is located
    order = named(found.claims, "order", "reverse over plain")
    assert (order.measured, order.agrees) == (1000 / MANY, True)
    steps = found.steps.filter(format="plain", lines=MANY)["step"].to_list()
    assert steps == [plain_by] * 4 and found.steps["step"].null_count() == 4 + 4 + 4 + 2
    swapped = study_formats({"plain": made["reverse"], "reverse": made["plain"]}, 0)
    wrong = [one.what for one in swapped.claims if one.agrees is False]
    assert [what.split(",")[0] for what in wrong] == [
        "whole answers right", "whole answers right", "reverse over plain (ratio of steps)",
        "reverse over plain (ratio of lines)",
    ]  # fmt: skip


def test_longer_lines_are_judged_by_the_best_network_and_drawn() -> None:
    short, long = (curves(kind, {MANY: 0}, {MANY: share}) for kind, share in (("3 digits", 0.99), ("4 digits", 0.0)))
    better = long.with_columns(value=pl.when(pl.col("seed") == 3).then(0.06).otherwise(pl.col("value")))
    seen, strange = (short.with_columns(kind=pl.lit(kind)) for kind in ("seen numbers", "excluded numbers"))
    for beyond, other, agrees in ((long, strange, True), (better, strange.with_columns(value=pl.lit(0.8)), False)):
        table, claims = study_beyond(pl.concat([short, beyond]), pl.concat([seen, other]))
        assert named(claims, "longer", "answers of 4 digits right").agrees == agrees
        assert named(claims, "excluded", "answers with a number in no line").agrees == agrees
    assert table.filter(part="longer", kind="4 digits")["accuracy"].to_list() == [0.0, 0.0, 0.0, 0.06]
    prompts = pl.DataFrame(dict(what=["alone", "behind"], accuracy=[0.2, 0.3]))
    figure = beyond_figure(dict(beyond=table, prompts=prompts))
    assert figure is not None and len(figure.axes) == 3 and beyond_figure({}) is None


def test_the_published_table_has_the_published_half_points() -> None:
    """Log-linear between 3000 and 4000 lines, 28.7 and 62.3 %; below 250 lines nothing was measured."""
    share = (50 - 28.7) / (62.3 - 28.7)
    assert published_half_point("plain") == pytest.approx(3000 * (4000 / 3000) ** share)
    assert published_half_point("reverse") == pytest.approx(2380, rel=0.02)
    assert published_half_point("simplified") == pytest.approx(750, rel=0.1)
    assert published_half_point("detailed") is None
    assert published_table().filter(format="plain", lines=2000)["accuracy"].to_list() == [0.0174]


def test_the_whole_study_has_the_parts_it_names() -> None:
    whole, quick = parts(3, False), parts(3, True)
    assert list(whole) == ["plain", "reverse", "longer", "excluded", "text", "alone", "simplified", "detailed"]
    assert {run.seed for run in whole["plain"].runs} == {3, 4, 5, 6} and {run.seed for run in quick["plain"].runs} == {
        3
    }
    assert whole["plain"].training.recipe.model is whole["reverse"].training.recipe.model  # compiled once for both
    assert whole["longer"].training.process.kinds[1] == "4 digits"
    assert "text=0.5" in whole["text"].training.process.name and whole["text"].training.keep == (STEPS,)


def test_prompts_are_answered_as_the_exam_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers given by heart are all right, others by chance; an untrained network of width 8 answers nothing."""
    for name, value in dict(WIDTH=8, STEPS=2, EXAM=20, MIXED=64).items():
        monkeypatch.setattr(cells, name, value)
    monkeypatch.setattr(prompt_study, "ASKED", 40)
    part = parts(0, False)["alone"]
    part = part._replace(runs=part.runs[:1])
    train_runs(part.training, part.runs, tmp_path / "alone")
    assert max(prompt_study.answers_to_prompts(part, part.runs[0], tmp_path / "alone")) < 0.2
    asked: list[list[str]] = []

    def by_heart(model: object, parameters: object, process: object, prompts: list[str], count: int) -> list[str]:
        asked.append(prompts)
        sums = [sum(int(number) for number in prompt.split("$")[-1][:-1].split("+")) for prompt in prompts]
        return [f"{one:04d}"[::-1] for one in sums]

    monkeypatch.setattr(prompt_study, "completed", by_heart)
    assert prompt_study.answers_to_prompts(part, part.runs[0], tmp_path / "alone") == (1.0, 1.0)
    alone, behind = asked[-2:]
    assert all(len(prompt) == 8 and prompt.endswith("=") for prompt in alone)
    assert all(
        len(prompt) == 21 and prompt.count("=") == 2 and prompt[13:] == one
        for prompt, one in zip(behind, alone, strict=True)
    )
