"""The parts of a report about a location: the answer in words, its facts, the table of sizes and that of outputs."""

from __future__ import annotations

from typing import Any

from ..._core.text import spaced, spans
from ...simulator._recordings.reading import Reading
from .._location.advice import percent
from .._location.recorded_changes import change_words
from .._location.sentences import ahead_words
from .._location.size_words import explained
from .html import DASH, facts, number, table, words

_SIGNS = {"bounded": "●", "growing": "▲", "undecided": "◻"}


def answer_sentence(part: dict[str, Any]) -> str:
    """Return the answer in words; what can be done now is larger than the rest."""
    text, advice = part["sentence"], (part.get("advice") or {}).get("sentence", "")
    end = text.find(advice) + len(advice) + 1 if advice and advice in text else len(text)
    rest = f'<span class="rest">{words(text[end:])}</span>' if text[end:] else ""
    return f'<p class="answer">{words(text[:end])}{rest}</p>\n'


def location_section(part: dict[str, Any], settings: dict[str, Any], most: int, reading: dict[str, Any] | None) -> str:
    """Return the facts and the table of one look-ahead."""
    word = settings["size_label"]
    ahead = ahead_words(settings, part["lookahead"]).removeprefix(", ")
    theory, best, trust = part["theory"], part["best"], part["trust_horizon"]
    size, advice = part["critical_size"], part.get("advice")
    bounded = min((rung["size"] for rung in part["rungs"] if rung["verdict"] == "bounded"), default=None)
    known = {} if advice is None else _advised(advice, word)
    known[f"critical {word}, found"] = _answer(size, part["verdict"], bounded)
    interval, regret = part["interval"], part["regret"]
    if interval is not None:
        high = "above the largest tried" if interval["high"] is None else number(interval["high"])
        low = "below the smallest tried" if interval["low"] is None else number(interval["low"])
        known["its 95\u00a0% interval"] = f"{low} to {high}"
    alike = spans([size for size in best["alike"] if size != best["size"]])
    known |= {f"{word} of least error": number(best["size"]), "not told apart from it": words(alike or "none")}
    if regret is not None:
        known[f"regret within {regret['factor']:g} times the least from"] = (
            f"{number(regret['size'])} ({number(regret['low'])} to {number(regret['high'])})"
        )
    known |= _modelled(part.get("model"), word)
    if theory is not None:
        known[f"critical {word}, theory"] = number(theory["critical_size"])
        known["modes that do not decay"] = number(theory["unstable_modes"])
        known["memory of the Kalman predictor"] = _samples(theory["memory"], "unbounded")
    if part.get("changes") is not None:
        known["changes"] = words(change_words(part["changes"]))
    known["horizon"] = _samples(part["horizon"], "")
    if theory is not None or not _has_excess(part):  # it is unknown for a system that varies in time
        known["rounding reaches the noise"] = _samples(trust, "never", "after ")
    bands = part.get("bands")
    if bands is not None and bands["size"] is not None:
        known[f"smallest {word} with a calibrated band"] = number(bands["size"])
    if reading is not None:
        known["read"] = words(Reading.of(reading).words)
    text = f"<section>\n<h2>{words(ahead or 'the answer in numbers')}</h2>\n{facts(known)}"
    text += f"<p>{words(part['reason'][:1].upper() + part['reason'][1:])}</p>\n" + _rungs(part, word, most)
    text += _outputs(part["outputs"], word)
    unit = "noise of each output, squared and summed" if part["outputs"] else "output unit squared"
    note = f"{explained(word)}. ".capitalize() if explained(word) else ""
    note += f"Error: mean squared prediction error at horizon t ({unit})."
    if _judged(part):
        note += " Growth: the law fitted to the error; its interval is over the replicates."
    if _has_excess(part):
        note += " Excess: mean squared distance to the Kalman predictor."
    if advice is not None:
        note += (
            f" More error: mean squared error after the first twentieth of the recording, above that of {word} "
            f"{advice['size']}; its interval and the comparison with the size before are paired, sample by sample."
        )
    if bands is not None:
        note += " Band: forecast plus or minus its half-width, calibrated sample by sample; the half-width is the last."
    if settings.get("inputs_not_read"):
        note += " The inputs of the plant are zero, and no tap reads them; design counts taps of the inputs, too."
    if size is not None or advice is not None:
        note += f" The row in bold is the {'critical ' if advice is None else ''}{word}{' to use' * bool(advice)}."
    return text + f'<p class="note">{words(note)}</p>\n</section>\n'


def _advised(advice: dict[str, Any], word: str) -> dict[str, str]:
    """Return the facts of the advice: the size to use, and what the next shorter one costs."""
    known = {f"use {word}": number(advice["size"])}
    shorter = [row for row in advice["costs"] if row["size"] < advice["size"]]
    for row in shorter[-1:]:
        known[f"{row['size']} has more error by"] = " (95\u00a0%: ".join(_cost(row)) + ")"
    return known


def _cost(row: dict[str, Any]) -> list[str]:
    """Return the further error of a size and its interval."""
    above, low, high = (row[word] for word in ("above", "low", "high"))
    if above < 10:
        return [words(percent(above)), words(f"{percent(low)[:-2]} to {percent(high)}").replace("-", "&minus;")]
    return [f"{number(1 + above)} times", f"{number(1 + low)} to {number(1 + high)} times"]


def _answer(size: int | None, verdict: str, bounded: int | None) -> str:
    """Return the critical size, or what is known instead."""
    if size is not None:
        return number(size)
    return f"at most {number(bounded)}" if verdict == "at most" and bounded is not None else words(verdict)


def _modelled(model: dict[str, Any] | None, word: str) -> dict[str, str]:
    """Return the facts from models fitted to a recording, marked as model-based."""
    if model is None:
        return {}
    size = model["critical_size"]
    known = {f"critical {word}, model-based": _answer(size, model["verdict"], model.get("bounded"))}
    if model["interval"] is not None:
        high = model["interval"]["high"]
        upper = "above the largest tried" if high is None else number(high)
        low = model["interval"]["low"]
        known["among the models"] = f"{'below the smallest tried' if low is None else number(low)} to {upper}"
    if model["models"]:
        runs = f"{number(model['replicates'])} runs of {_samples(model['horizon'], '')}"
        known["simulated from each model"] = runs
    return known


def _outputs(outputs: list[dict[str, Any]], word: str) -> str:
    """Return a table of the outputs, if there are several."""
    if not outputs:
        return ""
    heads = [" output", "noise (output unit)", f"best {word}", f"critical {word}", " verdict"]
    rows = []
    for row in outputs:
        numbers = [number(row[key]) for key in ("noise", "best_size", "critical_size")]
        rows.append([words(row["output"]), *numbers, words(row["reason"] if row["noise"] is None else row["verdict"])])
    return table("Each output by itself", heads, rows)


def _rungs(part: dict[str, Any], word: str, most: int) -> str:
    rungs, horizons = part["rungs"], part.get("horizons", [part["horizon"]])
    oracle, paired, judged = _has_excess(part), any("paired" in rung for rung in rungs), _judged(part)
    advice = part.get("advice")
    costs = {} if advice is None else {row["size"]: row for row in advice["costs"]}
    counted = any(rung["parameters"] != rung["size"] for rung in rungs)
    heads = [word] + [" verdict", "growth", "95\u00a0% interval"] * judged
    heads += ["more error", "its 95\u00a0% interval"] * bool(costs) + [" against size before"] * paired
    bands = part.get("bands")
    heads += ["error, " + f"t = {number(horizon)}".replace(" ", "\u00a0") for horizon in horizons]
    heads += ["excess"] * oracle + ["parameters"] * counted
    heads += [f"{100 * bands['level']:g}\u00a0% band: covered", "its half-width"] if bands else []
    answer = part["critical_size"] if advice is None else advice["size"]
    chosen = next((place for place, rung in enumerate(rungs) if rung["size"] == answer), 0)
    first = max(chosen - most // 2, 0) if chosen >= most else 0
    rows = []
    for rung in rungs[first : first + most]:
        law, interval = _growth(rung["growth"])
        cells = [number(rung["size"])]
        cells += [f"{_SIGNS.get(rung['verdict'], '')} {words(rung['verdict'])}", law, interval] * judged
        if costs:
            cells += _cost(costs[rung["size"]]) if rung["size"] in costs else [DASH, DASH]
        cells += [words(rung.get("paired") or "")] * paired
        cells += [number(value) for value in rung.get("errors", [rung["error"]])]
        cells += [number(rung["excess"])] * oracle + [number(rung["parameters"])] * counted
        rows.append(cells + ([_covered(rung), _widths(rung)] if bands else []))
    return table(f"Error by {word}" + cut(len(rungs), most), heads, rows, None if answer is None else chosen - first)


def _covered(rung: dict[str, Any]) -> str:
    return DASH if rung["coverage"] is None else f"{100 * rung['coverage']:.1f}\u00a0%"


def _widths(rung: dict[str, Any]) -> str:
    widths = rung["half_width"]
    return ", ".join(map(number, widths)) if isinstance(widths, list) else number(widths)


def _judged(part: dict[str, Any]) -> bool:
    """Return whether there were enough runs to judge growth."""
    return any(rung["growth"]["low"] is not None for rung in part["rungs"])


def _has_excess(part: dict[str, Any]) -> bool:
    return any(rung["excess"] is not None for rung in part["rungs"])


def _growth(growth: dict[str, Any]) -> tuple[str, str]:
    """Return the law and its interval."""
    if growth["law"] == "exponential":
        return f"e<sup>{number(growth['rate'])} t</sup>", DASH
    if growth["exponent"] is None:
        return DASH, DASH
    law = f"t<sup>{_hundredth(growth['exponent'])}</sup>"
    return law, DASH if growth["low"] is None else f"{_hundredth(growth['low'])} to {_hundredth(growth['high'])}"


def _hundredth(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "&minus;")


def _samples(count: float | None, otherwise: str, before: str = "") -> str:
    if count is None:
        return words(otherwise)
    return f"{before}{number(count if count < 1e6 else float(count))} samples"


def cut(rows: int, most: int) -> str:
    return f": {most} of {spaced(rows)}; all are in the files beside this report" if rows > most else ""
