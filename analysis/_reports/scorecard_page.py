"""A scorecard in the report: the answer, the flaws, the tables of the steady and the stress cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .html import DASH, facts, number, pairs, table, words

_SIGNS = {"pass": "●", "falls short": "▲", "failed": "✗", "undecided": "◻", "not offered": ""}
_STEADY = (
    "Excess: mean squared distance to the reference over the last half of the run, in percent of its error. "
    "Against the ladder: the error above that of the ladder at the same number of parameters, or at its best length if "
    "the predictor's parameters are unknown. Growth: the law of the error over the horizon."
)
_STRESS = (
    "Excess and comparison: from the fault on. Back after: readings after the fault until the running error, divided "
    "by that of the reference, stays within 1.5 times its value before the fault."
)


def scorecard_parts(answer: dict[str, Any]) -> tuple[str, str]:
    """Return the HTML before the figures, and the table of the cases after them."""
    rows = answer["rows"]
    short = "".join(f'<p class="answer">Falls short of {words(line)}</p>\n' for line in answer["shortfalls"])
    plant = next((row for row in rows if row["kind"] == "plant"), None)
    known = {"cases": f"{len(rows)} of {len(answer['settings']['cases'])}"}
    known |= {word: str(sum(row["verdict"] == word for row in rows)) for word in ("pass", "falls short", "failed")}
    if plant is not None:
        known["excess on the plant"] = _percent(plant["excess"])
        known["error above the ladder's"] = _percent(plant["against_ladder"])
        known["coverage of its 95\u00a0% interval"] = _coverage(plant)
        known["its width / the reference's"] = number(plant["sharpness"])
        known["median step"] = _microseconds(plant["step_median"])
        known["slowest of 100 steps"] = _microseconds(plant["step_99"])
        known["memory a step"] = _bytes(plant)
    text = short + f"<section>\n<h2>the answer in numbers</h2>\n{facts(known)}"
    if answer["flaws"]:
        text += pairs("Flaws", ("flaw", "seen by"), answer["flaws"])
    text += "</section>\n"
    steady, stress = ([row for row in rows if (row["kind"] == "stress") == fault] for fault in (False, True))
    if steady:
        heads = ["case", " verdict", "error", "excess", "95\u00a0% interval", "against ladder", " growth", "coverage"]
        text += _section("steady cases", heads, [_steady(row) for row in steady], _STEADY)
    if stress:
        heads = ["case", " verdict", "back after", "excess", "95\u00a0% interval", "against ladder", "coverage"]
        text += _section("stress cases", heads, [_stress(row) for row in stress], _STRESS)
    about = {row["case"]: f"{row['shows']}. Reference: {row['reference']}{_inexact(row)}" for row in rows}
    reasons = {row["case"]: f"{row['verdict']}: {row['reason']}" for row in rows if row["verdict"] != "pass"}
    after = "<section>\n<h2>the cases</h2>\n"
    after += pairs("What each case shows, and its reference", ("case", "what"), about) + "</section>\n"
    if reasons:
        text += f"<section>\n{pairs('Cases that do not pass', ('case', 'reason'), reasons)}</section>\n"
    return text, after


def _section(title: str, heads: Sequence[str], rows: list[list[str]], note: str) -> str:
    shown = table("By case", heads, rows) + f'<p class="note">{words(note)}</p>\n'
    return f"<section>\n<h2>{words(title)}</h2>\n{shown}</section>\n"


def _steady(row: dict[str, Any]) -> list[str]:
    law = DASH if row["law"] is None else words(row["law"])
    cells = [_verdict(row), number(row["error"]), _percent(row["excess"]), _interval(row)]
    return [words(row["case"]), *cells, _percent(row["against_ladder"]), law, _coverage(row)]


def _stress(row: dict[str, Any]) -> list[str]:
    cells = [_verdict(row), number(row["recovery"]), _percent(row["excess"]), _interval(row)]
    return [words(row["case"]), *cells, _percent(row["against_ladder"]), _coverage(row)]


def _verdict(row: dict[str, Any]) -> str:
    flaws = f": {', '.join(row['flaws'])}" if row["flaws"] else ""
    return f"{_SIGNS.get(row['verdict'], '')} {words(row['verdict'] + flaws)}"


def _inexact(row: dict[str, Any]) -> str:
    return "." if row["exact"] else "; no linear predictor is optimal here, the reference is only a yardstick."


def _interval(row: dict[str, Any]) -> str:
    low, high = row["excess_low"], row["excess_high"]
    return DASH if low is None or high is None else f"{_short(low)} to {_short(high)}"


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{_short(value)}\u00a0%"


def _short(value: float) -> str:
    return number(0 if abs(value) < 5e-4 else round(value, 1) if abs(value) >= 10 else value)


def _coverage(row: dict[str, Any]) -> str:
    if row["coverage"] is None:
        return DASH
    return "{:.1f}\u00a0% ({:.1f} to {:.1f})".format(
        *(100 * row[word] for word in ("coverage", "coverage_low", "coverage_high"))
    )


def _microseconds(value: float | None) -> str:
    return DASH if value is None else f"{number(1e6 * value)}\u00a0µs"


def _bytes(row: dict[str, Any]) -> str:
    if row["memory"] is None:
        return DASH
    spread = "" if row["memory_low"] is None else f" ({_short(row['memory_low'])} to {_short(row['memory_high'])})"
    return f"{_short(row['memory'])} bytes{spread}"
