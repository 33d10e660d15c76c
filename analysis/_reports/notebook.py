"""Answers as HTML for a notebook: the parts of the report inside one element, with a style that stays in it."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from matplotlib.figure import Figure

from .._exact.design import DESIGN_METHODS, Design
from .._location.location import Location
from .captions import caption_of
from .growth_figure import growth_figure
from .html import DASH, image, number, table, words
from .location_figures import size_figure
from .location_page import answer_sentence, location_section
from .signal_figure import signal_figure

MOST_ROWS = 40
# The style of the notebook may be dark: colours are its own, apart from the mark of an answer.
_STYLE = """
.ergoscope .answer { font-size: 1.1em; line-height: 1.45; max-width: 52em; padding-left: .8em;
  border-left: .25em solid #b34700 }
.ergoscope .rest, .ergoscope .note { font-size: .92em; opacity: .8; max-width: 56em }
.ergoscope dl { display: flex; flex-wrap: wrap; gap: .2em 1.8em; margin: .6em 0 }
.ergoscope dt { display: block; float: none; width: auto; font-size: .85em; opacity: .8; font-weight: 400 }
.ergoscope dd { display: block; width: auto; margin: 0; font-weight: 600 }
.ergoscope table { border-collapse: collapse; font-variant-numeric: tabular-nums }
.ergoscope caption { text-align: left; font-weight: 600 }
.ergoscope th, .ergoscope td { text-align: right; padding: .2em .6em; white-space: nowrap }
.ergoscope thead th { white-space: normal; vertical-align: bottom; border-bottom: 1px solid }
.ergoscope .text { text-align: left }
.ergoscope .chosen > * { font-weight: 700 }
.ergoscope .scroll { overflow: auto; max-height: 36em }
.ergoscope img { display: inline-block; vertical-align: top; width: 27em; margin: .4em .8em .4em 0; background: white }
"""


def location_html(location: Location) -> str:
    """Return the answer of ``locate`` for a notebook: in words, its figures, its table of sizes."""
    answer = location.to_dict()
    each = [answer, *answer["further"]]
    figures = {"growth.png": growth_figure(location), "sizes.png": size_figure(location)}
    signal = signal_figure(location)
    if signal is not None:
        figures = {"signal.png": signal} | figures
    sections = [location_section(part, answer["settings"], MOST_ROWS, answer["reading"]) for part in each]
    return framed("".join(map(answer_sentence, each)) + pictures(figures, location.sentence) + "".join(sections))


def design_html(design: Design) -> str:
    """Return the answer of ``design`` for a notebook: in words, and its table."""
    heads = [" filter", "taps", "parameters", "error", "above the Kalman filter", "with one tap less"]
    rows = []
    for row in design.needed.to_dicts():
        cells = [number(row[word]) for word in ("size", "parameters", "error")]
        shares = [DASH if row[word] is None else f"{100 * row[word]:.2g} %" for word in ("above", "shorter")]
        rows.append([words(DESIGN_METHODS[row["method"]]), *cells, *shares])
    title = f"{design.system}: filters within {100 * design.tolerance:.3g} % of the Kalman filter"
    return framed(f'<p class="answer">{words(design.sentence)}</p>\n{table(title, heads, rows)}')


def framed(body: str) -> str:
    """Return HTML with its style, which holds for it alone."""
    return f'<div class="ergoscope">\n<style>{_STYLE}</style>\n{body}</div>\n'


def pictures(figures: Mapping[str, Figure], sentence: str) -> str:
    """Return figures side by side; by the names of their files, which give the text for those who do not see them."""
    parts = []
    for name, drawn in figures.items():
        png, caption = BytesIO(), caption_of(name)
        drawn.savefig(png, dpi=100, format="png")
        parts.append(image(png.getvalue(), f"{caption.name}: {sentence}"))
    return "<div>" + "".join(parts) + "</div>\n"
