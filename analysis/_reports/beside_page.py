"""A predictor on a recording in the report: the answer in numbers, and the table of the sizes."""

from __future__ import annotations

from typing import Any

from ...simulator._recordings.reading import Reading
from .._location.advice import percent
from .html import DASH, facts, number, pairs, table, words

_SIGNS = {"better": "▼", "alike": "●", "worse": "▲"}
_NOTE = (
    "Ratio: the mean squared error of the predictor divided by that of the size, over the same samples after the first "
    "twentieth, with its 95 % interval by a paired block bootstrap. Verdict: whether the predictor is better or worse "
    "than the size, or alike: the interval contains 1, or lies within 1 % of it. Marked: the first size that is alike."
)


def beside_parts(answer: dict[str, Any]) -> str:
    """Return the HTML before the figures."""
    found, settings = answer["comparison"], answer["settings"]
    short = "".join(f'<p class="answer">Falls short of {words(line)}</p>\n' for line in answer["shortfalls"])
    known = {} if found is None else _known(found)
    if answer["coverage"] is not None:
        low, value, high = (100 * answer["coverage"][word] for word in ("low", "value", "high"))
        known["coverage of its 95\u00a0% interval"] = f"{value:.1f}\u00a0% ({low:.1f} to {high:.1f})"
    if answer["step_median"] is not None:
        known["median step"] = f"{number(1e6 * answer['step_median'])}\u00a0µs"
    known["runs"] = f"{answer['runs']} of {settings['runs']}"
    if answer["reading"] is not None:
        known["read"] = words(Reading.of(answer["reading"]).words)
    text = short + f"<section>\n<h2>the answer in numbers</h2>\n{facts(known)}"
    if answer["failure"] is not None:
        failure = answer["failure"]
        where = {"run": failure["run"], "sample": str(failure["step"]), "what": failure["message"]}
        text += pairs("How it failed", ("", failure["kind"]), where)
    if answer["flaws"]:
        text += pairs("Flaws", ("flaw", "seen by"), answer["flaws"])
    text += "</section>\n"
    return text if found is None else text + _sizes(found, settings["size_label"])


def _known(found: dict[str, Any]) -> dict[str, str]:
    saving = found["saving"]
    known = {"standing": words(found["standing"]), "samples compared": number(found["samples"])}
    known["its mean squared error"] = number(found["error"])
    known["size to use"] = number(found["use"])
    if saving is not None:
        interval = f"{percent(saving['low'])[:-2]} to {percent(saving['high'])}"
        known[f"size {saving['size']} would save"] = words(f"{percent(saving['share'])} ({interval})")
    return known


def _sizes(found: dict[str, Any], label: str) -> str:
    rows = [
        [
            number(row["size"]),
            number(row["error"]),
            number(row["ratio"]),
            DASH if row["low"] is None else f"{number(row['low'])} to {number(row['high'])}",
            f"{_SIGNS[row['verdict']]} {row['verdict']}",
        ]
        for row in found["sizes"]
    ]
    place = next((k for k, row in enumerate(found["sizes"]) if row["size"] == found["as_good_as"]), None)
    shown = table(
        "The predictor beside each size", [label, "error", "ratio", "95\u00a0% interval", " verdict"], rows, place
    )
    return f'<section>\n<h2>by size</h2>\n{shown}<p class="note">{words(_NOTE)}</p>\n</section>\n'
