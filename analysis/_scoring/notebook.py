"""A scorecard as HTML for a notebook."""

from __future__ import annotations

from .._reports.html import words
from .._reports.notebook import framed, pictures
from .._reports.scorecard_page import scorecard_parts
from .save_scorecard import scorecard_figures
from .scorecard import Scorecard


def scorecard_html(card: Scorecard) -> str:
    """Return a scorecard for a notebook: the answer in words, its tables, its figures."""
    numbers, cases = scorecard_parts(card.to_dict())
    figures = {} if card.partial else scorecard_figures(card)
    return framed(f'<p class="answer">{words(card.sentence)}</p>\n{numbers}{pictures(figures, card.sentence)}{cases}')
