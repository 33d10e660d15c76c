"""Answers in a notebook: HTML that stays in its element, and figures on axes of the user's own."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure

from ergoscope.analysis import (
    Location,
    design,
    growth_figure,
    locate,
    score_predictor,
    signal_figure,
    size_figure,
)
from ergoscope.learners import open_predictor
from ergoscope.simulator import zoo

NAME = "<b>level</b>"


@pytest.fixture(scope="module")
def found() -> Location:
    walk = np.random.default_rng(1).standard_normal(300).cumsum()
    return locate({NAME: walk}, output=NAME, sizes=range(4), lookaheads=(1, 3), model=False)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(text: str) -> Tags:
    tags = Tags(text)
    assert not tags.open and not {"script", "link", "b", "html", "body"} & set(tags.seen)
    assert not re.search(r"https?://", text)
    for rule in re.findall(r"^([^{}\n]*[^{}\s]) ?\{", text.split("<style>")[1].split("</style>")[0], re.MULTILINE):
        assert all(part.strip().startswith(".ergoscope ") for part in rule.split(",")), rule
    return tags


def test_a_location_shows_its_answer_its_figures_and_its_tables(found: Location) -> None:
    shown = found._repr_html_()
    tags = check(shown)
    assert tags.seen.count("img") == 3 and tags.seen.count("table") == 2
    assert "use filter length" in shown and "3 samples ahead" in shown


def test_a_design_and_a_scorecard_show_themselves() -> None:
    planned = design("double-integrator", 500)
    assert "fitted" in planned._repr_html_() and check(planned._repr_html_()).seen.count("table") == 1
    assert planned.to_dict()["critical_size"] == 2
    with open_predictor("ladder:size=2") as opened:
        card = score_predictor(opened, zoo("random-walk"), cases=["plant", "dropout"], quick=True, replicates=2)
    shown = card._repr_html_()
    assert check(shown).seen.count("img") == 3 and "dropout" in shown
    assert card.to_dict()["rows"][0]["case"] == "plant"


@pytest.mark.parametrize("draw", [growth_figure, size_figure, signal_figure])
def test_a_figure_is_drawn_on_axes_of_the_user(found: Location, draw: object) -> None:
    own = Figure()
    left, right = own.subplots(1, 2)
    assert draw(found, ax=right) is own  # type: ignore[operator]
    assert right.lines and not left.lines and right.get_xlabel() and right.get_ylabel()
    assert len(own.axes) == 2
    alone = draw(found)  # type: ignore[operator]
    assert len(alone.axes) >= 2  # a panel for each look-ahead
    upper = alone.axes[0]
    own_lines, alone_lines = ([np.asarray(line.get_ydata()).tolist() for line in axes.lines] for axes in (right, upper))
    assert own_lines == alone_lines
