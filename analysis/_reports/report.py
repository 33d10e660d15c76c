"""The report: the results in a folder as one HTML file that needs no other file."""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import Any

import polars as pl

from ..._core.files import write_text
from ..._core.progress import Progress, no_progress
from ..._core.text import spans
from .._sweeps.folder import EXPERIMENT
from .beside_page import beside_parts
from .captions import caption_of
from .html import command, facts, figure, number, page, pairs, table, words
from .location_page import answer_sentence, cut, location_section
from .scorecard_page import scorecard_parts
from .sweep_page import experiment_page

RESULTS = (
    "location.json", "emergence.json", "own-curves.json", "reproduction-*.json", "scorecard.json", "beside.json",
)  # fmt: skip
LARGEST = 2_000_000  # bytes of a report
MOST_ROWS = 200  # of a table; the files beside the report have all


def write_report(folder: str | Path, out: str | Path | None = None, progress: Progress = no_progress) -> Path:
    """Write the results in a folder as one HTML file: answer, tables, figures, settings and the command.

    The file needs no network, no script and no other file. It has at most 2 MB: further figures are named instead.

    Args:
        folder: Folder of ``save_location``, ``save_emergence``, ``save_curves``, ``save_study``, ``save_scorecard`` or
            ``sweep``; the JSON file there lists the figures.
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
            "ergoscope locate, locate-curves, emerge, reproduce, score or sweep has written."
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
    located, scored, beside = "rungs" in answer, "rows" in answer, "comparison" in answer
    emerged, own = "shares" in answer or "kinds" in answer, "budgets" in answer
    title = settings["source"] if located else answer["name"]
    each = [answer, *answer["further"]] if located else [answer]
    asks = "how big must a predictor be before its error stops growing?" if located else "measured beside what is known"
    asks = "how good is this predictor?" if scored or beside else asks
    asks = "from where on is an ability there?" if emerged else asks
    asks = "what do these errors show?" if own else asks
    before = f'<p class="above">Ergoscope: {asks}</p>\n'
    before += f"<h1>{words(title)}</h1>\n"
    before += "".join(answer_sentence(part) for part in each)
    if located:
        before += "".join(
            location_section(part, settings, MOST_ROWS if len(each) < 10 else 20, answer["reading"]) for part in each
        )
    elif not (scored or emerged or own or beside):
        before += facts(dict(agrees="yes" if answer["agrees"] else "no"))
    numbers, cases = scorecard_parts(answer) if scored else ("", "")
    before += numbers + (beside_parts(answer) if beside else "")
    after = cases + "".join(_table(folder / name) for name in _names(answer, ".parquet") if (folder / name).is_file())
    after += _again(settings) + _files(answer)
    version = words(settings["versions"]["ergoscope"])
    after += f"<footer>Made by ergoscope {version}; this page loads nothing from the network.</footer>\n"
    return title, before, after


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
    shown = table(caption.name + cut(frame.height, MOST_ROWS), heads, rows)
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
