"""The report: the results in a folder as one HTML file that needs no other file."""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from ..._core.files import write_text
from ..._core.progress import Progress, no_progress
from ..._core.text import spaced, spans
from ...simulator._recordings.reading import Reading
from .._location.sentences import ahead_words
from .._sweeps.folder import EXPERIMENT
from .captions import caption_of
from .html import DASH, command, facts, figure, number, page, pairs, table, words
from .scorecard_page import scorecard_parts
from .sweep_page import experiment_page

RESULTS = ("location.json", "reproduction-*.json", "scorecard.json")
LARGEST = 2_000_000  # bytes of a report
MOST_ROWS = 200  # of a table; the files beside the report have all
_SIGNS = {"bounded": "●", "growing": "▲", "undecided": "◻"}


def write_report(folder: str | Path, out: str | Path | None = None, progress: Progress = no_progress) -> Path:
    """Write the results in a folder as one HTML file: answer, tables, figures, settings and the command.

    The file needs no network, no script and no other file. It has at most 2 MB: further figures are named instead.

    Args:
        folder: Folder of ``save_location``, ``save_study``, ``save_scorecard`` or ``sweep``; the JSON file there lists
            the figures.
        out: The file to write; by default report.html in the folder.
        progress: Called with the points of a sweep that are analysed and the points in all.

    Returns:
        The file.

    Raises:
        ValueError: The folder holds no results, they cannot be read, or the file cannot be written.
    """
    folder = Path(folder).expanduser()
    out = folder / "report.html" if out is None else Path(out)
    if (folder / EXPERIMENT).is_file():
        write_text(out, experiment_page(folder, MOST_ROWS, progress))
        return out
    found = [path for name in RESULTS for path in sorted(folder.glob(name)) if path.is_file()]
    if not found:
        raise ValueError(
            f"no results in {str(folder)!r}: expected {', '.join(RESULTS)} or {EXPERIMENT}; name a folder that "
            "ergoscope locate, reproduce, score or sweep has written."
        )
    parts: list[str] = []
    titles: list[str] = []
    for path in found:
        answer = _read(path)
        try:
            title, before, after = _article(answer, folder)
            used = len("".join([*parts, before, after]).encode())
            room = LARGEST - used - 100_000 * (len(found) - len(parts))  # room for the text of the others
            parts.append(f"<article>\n{before}{_figures(answer, folder, room)}{after}</article>")
        except (AttributeError, IndexError, KeyError, TypeError) as exc:
            raise ValueError(
                f"{path} is not in ergoscope's format ({type(exc).__name__}: {exc}): run the command again."
            ) from exc
        titles.append(str(title))
    write_text(out, page(f"{', '.join(titles)}: Ergoscope", "\n".join(parts)))
    return out


def _read(path: Path) -> dict[str, Any]:
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise ValueError(f"{path} is no JSON ({exc}): run the command again.") from exc
    if not isinstance(answer, dict):
        raise ValueError(f"{path} must hold a JSON object, got a {type(answer).__name__}: run the command again.")
    return answer


def _article(answer: dict[str, Any], folder: Path) -> tuple[str, str, str]:
    """Return the title, and the HTML before and after the figures."""
    settings = answer["settings"]
    located, scored = "rungs" in answer, "rows" in answer
    title = settings["source"] if located else answer["name"]
    each = [answer, *answer["further"]] if located else [answer]
    asks = "how big must a predictor be before its error stops growing?" if located else "a result of the paper"
    asks = "how good is this predictor?" if scored else asks
    before = f'<p class="above">Ergoscope: {asks}</p>\n'
    before += f"<h1>{words(title)}</h1>\n"
    before += "".join(f'<p class="answer">{words(part["sentence"])}</p>\n' for part in each)
    if located:
        before += "".join(
            _location(part, settings, MOST_ROWS if len(each) < 10 else 20, answer["reading"]) for part in each
        )
    elif not scored:
        before += facts(dict(agrees="yes" if answer["agrees"] else "no"))
    numbers, cases = scorecard_parts(answer) if scored else ("", "")
    before += numbers
    after = cases + "".join(_table(folder / name) for name in _names(answer, ".parquet") if (folder / name).is_file())
    after += _again(settings) + _files(answer)
    version = words(settings["versions"]["ergoscope"])
    after += f"<footer>Made by ergoscope {version}; this page loads nothing from the network.</footer>\n"
    return title, before, after


def _location(part: dict[str, Any], settings: dict[str, Any], most: int, reading: dict[str, Any] | None) -> str:
    """Return the facts and the table of one look-ahead."""
    word = settings["size_label"]
    ahead = ahead_words(settings, part["lookahead"]).removeprefix(", ")
    theory, best, trust = part["theory"], part["best"], part["trust_horizon"]
    size = part["critical_size"]
    bounded = min((rung["size"] for rung in part["rungs"] if rung["verdict"] == "bounded"), default=None)
    known = {f"critical {word}, found": _answer(size, part["verdict"], bounded)}
    interval, regret = part["interval"], part["regret"]
    if interval is not None:
        high = "above the largest tried" if interval["high"] is None else number(interval["high"])
        low = "below the smallest tried" if interval["low"] is None else number(interval["low"])
        known["its 95\u00a0% interval"] = f"{low} to {high}"
    alike = spans([size for size in best["alike"] if size != best["size"]])
    known |= {f"best {word}": number(best["size"]), "not significantly different": words(alike or "none")}
    if regret is not None:
        known[f"regret within {regret['factor']:g} times the least from"] = (
            f"{number(regret['size'])} ({number(regret['low'])} to {number(regret['high'])})"
        )
    known |= _modelled(part.get("model"), word)
    if theory is not None:
        known[f"critical {word}, theory"] = number(theory["critical_size"])
        known["modes that do not decay"] = number(theory["unstable_modes"])
        known["memory of the Kalman predictor"] = _samples(theory["memory"], "unbounded")
    known["horizon"] = _samples(part["horizon"], "")
    if theory is not None or not _has_excess(part):  # it is unknown for a system that varies in time
        known["rounding reaches the noise"] = _samples(trust, "never", "after ")
    if reading is not None:
        known["read"] = words(Reading.of(reading).words)
    text = f"<section>\n<h2>{words(ahead or 'the answer in numbers')}</h2>\n{facts(known)}"
    text += f"<p>{words(part['reason'][:1].upper() + part['reason'][1:])}</p>\n" + _rungs(part, word, most)
    text += _outputs(part["outputs"], word)
    unit = "noise of each output, squared and summed" if part["outputs"] else "output unit squared"
    note = (
        f"Error: mean squared prediction error at horizon t ({unit}). Growth: the law fitted to the error; its "
        "interval is over the replicates."
    )
    if _has_excess(part):
        note += " Excess: mean squared distance to the Kalman predictor."
    if size is not None or not _has_excess(part):
        note += f" The row in bold is the {'critical' if _has_excess(part) else 'best'} {word}."
    return text + f'<p class="note">{words(note)}</p>\n</section>\n'


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
    oracle, paired = _has_excess(part), any("paired" in rung for rung in rungs)
    spread = any(rung["growth"]["low"] is not None for rung in rungs)
    counted = any(rung["parameters"] != rung["size"] for rung in rungs)
    heads = [word, " verdict", "growth"] + ["95\u00a0% interval"] * spread + [" against size before"] * paired
    heads += ["error, " + f"t = {number(horizon)}".replace(" ", "\u00a0") for horizon in horizons]
    heads += ["excess"] * oracle + ["parameters"] * counted
    answer = part["critical_size"] if oracle else part["best"]["size"]
    chosen = next((place for place, rung in enumerate(rungs) if rung["size"] == answer), 0)
    first = max(chosen - most // 2, 0) if chosen >= most else 0
    rows = []
    for rung in rungs[first : first + most]:
        law, interval = _growth(rung["growth"])
        cells = [number(rung["size"]), f"{_SIGNS.get(rung['verdict'], '')} {words(rung['verdict'])}", law]
        cells += [interval] * spread + [words(rung.get("paired") or "")] * paired
        cells += [number(value) for value in rung.get("errors", [rung["error"]])]
        rows.append(cells + [number(rung["excess"])] * oracle + [number(rung["parameters"])] * counted)
    return table(f"Error by {word}" + _cut(len(rungs), most), heads, rows, None if answer is None else chosen - first)


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


def _cut(rows: int, most: int) -> str:
    return f": {most} of {spaced(rows)}; all are in the files beside this report" if rows > most else ""


def _figures(answer: dict[str, Any], folder: Path, room: int) -> str:
    """Return the figures that exist, as many as fit."""
    parts = []
    for name in _names(answer, ".png"):
        caption = caption_of(name)
        if not (folder / name).is_file() or not caption.shown:
            continue
        png = (folder / name).read_bytes()
        shown = figure(png, f"{caption.name}: {answer['sentence']}", caption.seen)
        if len(shown) > room:
            shown = f"<p>{words(name)} is too large for this page; it is in the folder of this report.</p>\n"
        room -= len(shown)
        parts.append(f"<section>\n<h2>{words(caption.name)}</h2>\n{shown}</section>\n")
    return "".join(parts)


def _table(path: Path) -> str:
    """Return a table of results; nothing for a file that is only listed."""
    caption = caption_of(path.name)
    if not caption.shown:
        return ""
    try:
        frame = pl.read_parquet(path, glob=False)
    except (OSError, pl.exceptions.PolarsError) as exc:
        raise ValueError(f"{path} must be a Parquet file and cannot be read ({exc}): run the command again.") from exc
    heads = [f" {name}" if kind == pl.String else name for name, kind in frame.schema.items()]
    rows = [[number(value) for value in row] for row in frame.head(MOST_ROWS).iter_rows()]
    shown = table(caption.name + _cut(frame.height, MOST_ROWS), heads, rows)
    return f'<section>\n<h2>{words(caption.name)}</h2>\n{shown}<p class="note">{words(caption.seen)}</p>\n</section>\n'


def _again(settings: dict[str, Any]) -> str:
    """Return the settings and the command line."""
    rows = {key.replace("_", " "): _setting(key, settings[key]) for key in settings if key != "command"}
    called = "<p>Made by a call in Python with these settings.</p>\n"
    line = command(settings["command"]) if settings.get("command") else called
    return "<section>\n<h2>Run it again</h2>\n" + line + pairs("Settings", ("setting", "value"), rows) + "</section>\n"


def _setting(key: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, list):
        return spans(value) if key in ("sizes", "lookaheads") else ", ".join(map(str, value))
    return str(value)


def _files(answer: dict[str, Any]) -> str:
    rows = {name: ": ".join(filter(None, _words_of(name))) for name in _names(answer)}
    return f"<section>\n<h2>Files</h2>\n{pairs('What was written', ('file', 'what it is'), rows)}</section>\n"


def _words_of(name: str) -> tuple[str, str]:
    caption = caption_of(name)
    return caption.name, "" if caption.shown else caption.seen


def _names(answer: dict[str, Any], suffix: str = "") -> list[str]:
    """Return the names of the files of an answer, without their folder: it may have been moved."""
    names = [PurePath(file.replace("\\", "/")).name for file in answer["files"]]
    return [name for name in names if name.endswith(suffix)]
