"""The parts of an HTML page: escaped text, tables, figures, the frame with its style. No script, no network.

``words``, ``number`` and ``table`` take text and escape it; they return HTML.
"""

from __future__ import annotations

import base64
import html
import math
import shlex
from collections.abc import Sequence
from typing import Any

from ..._core.text import spaced

DASH = "&ndash;"  # an unknown value
_FRAME = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""
# Colours only repeat what words and signs say.
_STYLE = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #57606a; --line: #d5dbe1; --pale: #f5f7f9; --mark: #b34700 }
* { box-sizing: border-box }
body { max-width: 54rem; margin: 0 auto; padding: 2.2rem 1.3rem 4rem; color: var(--ink); background: #fff;
  font: 1.03rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif;
  overflow-wrap: anywhere }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.6rem 0 .7rem }
p { margin: .6rem 0; max-width: 46rem }
.above { margin: 0; color: var(--soft); font-size: .9rem }
.answer { font-size: 1.25rem; line-height: 1.45; margin: .8rem 0; padding-left: 1rem;
  border-left: .3rem solid var(--mark) }
.rest { font-size: 1.05rem; color: var(--soft) }
.note, figcaption, footer { color: var(--soft); font-size: .92rem }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .8rem }
dt::first-letter, h2::first-letter { text-transform: uppercase }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: .6rem; margin: 1rem 0 }
dl div { background: var(--pale); border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .8rem }
dt { color: var(--soft); font-size: .85rem; line-height: 1.3 }
dd { margin: .15rem 0 0; font-weight: 600 }
.scroll { overflow-x: auto; margin: .8rem 0 }
.long { overflow-y: auto; max-height: 40rem }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; overflow-wrap: normal }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem }
th, td { text-align: right; padding: .28rem .65rem; border-bottom: 1px solid var(--line); white-space: nowrap }
th:first-child, td:first-child { padding-left: .4rem }
thead th { color: var(--soft); font-weight: 600; white-space: normal; line-height: 1.3;
  border-bottom: 2px solid var(--line); vertical-align: bottom }
.text { text-align: left }
.chosen > * { font-weight: 700; background: #fff3e6 }
.pairs th, .pairs td { text-align: left; white-space: normal; vertical-align: top; overflow-wrap: anywhere }
.pairs th { font-weight: 400; color: var(--soft); min-width: 8.5rem }
article + article { margin-top: 4rem }
sup { font-size: .72em; line-height: 0 }
figure { margin: 1.4rem 0 2.2rem }
img { display: block; width: 100%; max-width: 42rem; height: auto; margin-bottom: .6rem }
pre { background: var(--pale); border: 1px solid var(--line); border-radius: .4rem; padding: .8rem 1rem;
  white-space: pre-wrap; font: .92rem/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace }
code span { display: inline-block; max-width: 100% }
.wide img { max-width: none }
@media (max-width: 36rem) {
  .wide img { width: 50rem }
  body { padding: 1.3rem 1rem 3rem }
  h1 { font-size: 1.55rem }
  .answer { font-size: 1.12rem }
  dl { grid-template-columns: 1fr 1fr }
  th, td { padding: .28rem .5rem }
}
@media print {
  @page { margin: 16mm }
  body { max-width: none; padding: 0; font-size: 10pt }
  .scroll { overflow: visible; max-height: none }
  th, td { padding: .15rem .45rem }
  h2, caption, thead { break-after: avoid }
  figure, tr, dl div, pre { break-inside: avoid }
  img { width: auto; max-width: 12cm; max-height: 24cm }
}
"""


def page(title: str, body: str) -> str:
    """Return a whole page around its body of HTML."""
    return _FRAME.format(title=words(title), style=_STYLE, body=body)


def words(text: object) -> str:
    """Return HTML that shows a text: nothing in the text acts as a tag or an attribute."""
    return html.escape(str(text), quote=True)


def number(value: Any) -> str:
    """Return a number to three digits, a long one with a power of ten; a dash for an unknown value."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return DASH
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return words(value)
    if isinstance(value, int):
        return spaced(value)
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:#.3g}".rstrip(".") if abs(value) < 999.5 else f"{value:.0f}"
    mantissa, _, power = f"{value:.1e}".partition("e")
    return f"{mantissa} &times; 10<sup>{int(power)}</sup>".replace("-", "&minus;")


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], chosen: int | None = None) -> str:
    """Return a table; one that is wider than the page scrolls by itself.

    Args:
        caption: Text.
        heads: Text of each column; a leading space marks a column of words, aligned to the left.
        rows: Cells as HTML; the first cell is the head of its row.
        chosen: Index of the row in bold.
    """
    sides = [' class="text"' if head.startswith(" ") else "" for head in heads]
    top = "".join(f'<th scope="col"{side}>{words(head.strip())}</th>' for head, side in zip(heads, sides, strict=True))
    lines = []
    for place, row in enumerate(rows):
        cells = [f"<td{side}>{cell}</td>" for cell, side in zip(row[1:], sides[1:], strict=True)]
        mark = ' class="chosen"' if place == chosen else ""
        lines.append(f'<tr{mark}><th scope="row"{sides[0]}>{row[0]}</th>{"".join(cells)}</tr>')
    inner = f"<caption>{words(caption)}</caption>\n<thead><tr>{top}</tr></thead>\n<tbody>\n"
    # Keys must reach a region that scrolls.
    kind = "scroll long" if len(rows) > 40 else "scroll"
    return f'<div class="{kind}" tabindex="0"><table>{inner}' + "\n".join(lines) + "\n</tbody></table></div>\n"


def pairs(caption: str, heads: tuple[str, str], rows: dict[str, str]) -> str:
    """Return a table of two columns of text."""
    top = "".join(f'<th scope="col">{words(head)}</th>' for head in heads)
    lines = [f'<tr><th scope="row">{words(key)}</th><td>{words(value)}</td></tr>' for key, value in rows.items()]
    inner = f"<caption>{words(caption)}</caption><thead><tr>{top}</tr></thead><tbody>\n" + "\n".join(lines)
    return f'<table class="pairs">{inner}\n</tbody></table>\n'


def command(line: Sequence[str]) -> str:
    """Return a command line, quoted for a shell; lines break between its words only."""
    spans = " ".join(f"<span>{words(shlex.quote(word))}</span>" for word in line)
    return f"<pre><code>{spans}</code></pre>\n"


def facts(rows: dict[str, str]) -> str:
    """Return short facts side by side, from text to HTML."""
    return "<dl>" + "".join(f"<div><dt>{words(key)}</dt><dd>{rows[key]}</dd></div>" for key in rows) + "</dl>\n"


def image(png: bytes, alt: str) -> str:
    """Return a picture that is part of the page."""
    data = base64.b64encode(png).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{words(alt)}">'


def figure(png: bytes, alt: str, caption: str) -> str:
    """Return a figure with its picture inside."""
    shown = image(png, alt)
    if int.from_bytes(png[16:20], "big") > 1100:  # pixels: several panels side by side, unreadable if they shrink
        shown = f'<div class="scroll wide" tabindex="0">{shown}</div>'
    return f"<figure>{shown}<figcaption>{words(caption)}</figcaption></figure>\n"
