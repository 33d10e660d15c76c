"""The report as a reader meets it: parsed, and opened in a browser where there is one."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from ergoscope.analysis import locate, save_location, write_report
from ergoscope.analysis._studies.registry import save_study
from ergoscope.analysis._studies.study import StudyResult
from ergoscope.simulator import read_recording, zoo

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "<script>alert(\"1\")</script>' onload='x' &amp; ]]> \u2028 {body}"
VOID = {"meta", "img", "link", "br", "hr", "input", "base"}


class Page(HTMLParser):
    """Tags with their attributes, the words of the page, and the rows of its tables; says what is not closed."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.rows = "", list[list[str]]()
        self._open: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self._open):
            self.rows[-1][-1] += data
        if "style" not in self._open:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def located(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("located")
    found = locate("random-walk", sizes=range(4), horizon=1000, replicates=16, lookaheads=[1, 3])
    words = ["ergoscope", "locate", "random-walk", "--out", "it's <here>"]
    save_location(replace(found, settings=found.settings | dict(command=words)), folder, zoo("random-walk"))
    return folder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on a recording whose output has a hostile name."""
    folder = tmp_path_factory.mktemp("recorded")
    walk = np.random.default_rng(0).standard_normal(300).cumsum()
    pl.DataFrame({HOSTILE: walk}).write_parquet(folder / "data.parquet")
    save_location(locate(read_recording(str(folder / "data.parquet"), [HOSTILE]), sizes=range(3)), folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduced")
    rows = [("figure-1", horizon, size, 1.0 / size, 1.0 / size, 1.1) for horizon in (10, 20) for size in range(1, 8)]
    table = pl.DataFrame(rows, schema=["system", "horizon", "size", "measured", "exact", "limit"], orient="row")
    save_study(
        "figure-1", StudyResult(table, True, "figure 1: they agree"), folder, dict(command=["ergoscope", "reproduce"])
    )
    return folder


@pytest.fixture(scope="module", params=["located", "recorded", "reproduced"])
def folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.getfixturevalue(request.param))


def answer_of(folder: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(next(folder.glob("*.json")).read_text(encoding="utf-8"))
    return answer


def test_one_file_that_needs_nothing_else(folder: Path) -> None:
    file = folder / "report.html"
    page = Page(file)
    assert file.stat().st_size < 1_000_000
    assert not {"script", "link", "iframe", "base", "object"} & {tag for tag, _ in page.tags}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert not {"href", "srcset", "action"} & set(attributes)
        assert (attributes.get("src") or "data:image/png;base64,").startswith("data:image/png;base64,")
    assert not re.search(r"url\(|@import|https?:", file.read_text(encoding="utf-8"))
    assert any(meta.get("name") == "viewport" for meta in page.named("meta"))


def test_sentence_figures_settings_and_files_are_there(folder: Path) -> None:
    page, answer = Page(folder / "report.html"), answer_of(folder)
    names = [Path(file).name for file in answer["files"]]
    for part in (answer, *answer.get("further", [])):
        assert part["sentence"] in page.text
    assert len(page.named("img")) == len(page.named("figure")) == sum(name.endswith(".png") for name in names) > 0
    assert all(len(image["alt"] or "") > 20 for image in page.named("img"))
    assert len(page.named("caption")) == len(page.named("table")) == len(page.named("thead"))
    assert all(head.get("scope") in ("col", "row") for head in page.named("th"))
    firsts = [row[0] for row in page.rows]
    assert set(names) | {key.replace("_", " ") for key in answer["settings"]} - {"command"} <= set(firsts)
    assert len({len(row) for row in page.rows if row[0] in names}) == 1


def test_a_table_for_each_lookahead_with_a_row_for_each_size(located: Path) -> None:
    page, answer = Page(located / "report.html"), answer_of(located)
    heads = [k for k, row in enumerate(page.rows) if row[:2] == ["filter length", "verdict"]]
    assert len(heads) == 2
    for head, part in zip(heads, (answer, *answer["further"]), strict=True):
        rows = page.rows[head + 1 : head + 5]
        assert [row[0] for row in rows] == ["0", "1", "2", "3"]
        assert [row[1].split()[-1] for row in rows] == [rung["verdict"] for rung in part["rungs"]]
        assert [len(rung["errors"]) for rung in part["rungs"]] == [len(part["horizons"])] * 4
        assert [rung["errors"][-1] for rung in part["rungs"]] == [rung["error"] for rung in part["rungs"]]
        at = page.rows[head].index("error, t\u00a0=\u00a01\u00a0000")
        shown = [float(row[at].replace("\u00a0", "")) for row in rows[1:]]
        np.testing.assert_allclose(shown, [rung["error"] for rung in part["rungs"][1:]], rtol=0.01)
    assert "ergoscope locate random-walk --out 'it'\"'\"'s <here>'" in page.text


def test_a_reproduction_shows_its_table(reproduced: Path) -> None:
    rows = [row for row in Page(reproduced / "report.html").rows if row[0] == "figure-1"]
    assert [row[1:4] for row in rows[:2]] == [["10", "1", "1.00"], ["10", "2", "0.500"]]
    assert len(rows) == 14


def test_several_results_share_a_folder_and_a_wide_figure_scrolls_by_itself(reproduced: Path, tmp_path: Path) -> None:
    shutil.copytree(reproduced, tmp_path, dirs_exist_ok=True)
    answer = answer_of(reproduced) | dict(name="other", sentence="other: they do not agree", files=["other.png"])
    (tmp_path / "reproduction-other.json").write_text(json.dumps(answer))
    Figure(figsize=(12, 3)).savefig(tmp_path / "other.png")
    write_report(tmp_path)
    page = Page(tmp_path / "report.html")
    assert page.text.index("figure 1: they agree") < page.text.index("other: they do not agree")
    assert (len(page.named("article")), len(page.named("img"))) == (2, 2)
    assert [box.get("class") for box in page.named("div") if "wide" in (box.get("class") or "")] == ["scroll wide"]


def test_hostile_words_are_shown_and_not_obeyed(located: Path, recorded: Path, tmp_path: Path) -> None:
    assert f"{HOSTILE}: use filter length" in Page(recorded / "report.html").text

    def spoiled(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: spoiled(part, name) for name, part in value.items()}
        if isinstance(value, list) and key != "files":
            return [spoiled(part, key) for part in value]
        return HOSTILE if isinstance(value, str) and key not in ("learner", "law") else value

    answer = spoiled(answer_of(located)) | dict(files=["growth.png", HOSTILE.replace("/", "_")])
    (tmp_path / "location.json").write_text(json.dumps(answer), encoding="utf-8")
    shutil.copy(located / "growth.png", tmp_path)
    page = Page(write_report(tmp_path))
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in Page(located / "report.html").tags}
    assert len(page.named("img")) == 1
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) > 10


def test_a_moved_folder_and_a_file_elsewhere(located: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(located, moved)
    (moved / "report.html").unlink()
    file = write_report(moved, tmp_path / "elsewhere.html")
    assert file.read_bytes() == (located / "report.html").read_bytes()
    assert not (moved / "report.html").exists()


def test_many_sizes_and_large_figures_stay_below_the_limit(located: Path, tmp_path: Path) -> None:
    answer = answer_of(located)
    answer["rungs"] = [answer["rungs"][1] | dict(size=size) for size in range(5000)]
    answer |= dict(further=[], critical_size=3000)
    (tmp_path / "location.json").write_text(json.dumps(answer))
    png = (located / "growth.png").read_bytes()
    (tmp_path / "growth.png").write_bytes(png)
    (tmp_path / "sizes.png").write_bytes(png + bytes(2_000_000))
    page = Page(write_report(tmp_path))
    assert (tmp_path / "report.html").stat().st_size < 2_000_000
    assert len(page.named("img")) == 1
    assert "200 of 5 000" in page.text
    assert [row[0] for row in page.rows if "bounded" in row[1]][::199] == ["2 900", "3 099"]
    assert "sizes.png is too large" in page.text


BROKEN = {
    "nothing there": (None, "no results in"),
    "half a file": ('{"sentence": ', "is no JSON"),
    "not of this kind": ("[1, 2]", "must hold a JSON object, got a list"),
    "keys missing": ('{"sentence": "so", "rungs": []}', "KeyError: 'settings'"),
    "a number for a list": (
        '{"name": "x", "agrees": true, "sentence": "so", "settings": {}, "files": 3}',
        "run the command again",
    ),
    "a word for a number": (
        '{"name": "x", "agrees": true, "sentence": "so", "settings": {"versions": 3}, "files": []}',
        "TypeError",
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_result_is_refused_and_nothing_is_written(kind: str, tmp_path: Path) -> None:
    text, expected = BROKEN[kind]
    if text is not None:
        (tmp_path / "location.json").write_text(text)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ValueError, match=re.escape(expected)):
        write_report(tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_a_broken_table_is_refused(reproduced: Path, tmp_path: Path) -> None:
    shutil.copytree(reproduced, tmp_path, dirs_exist_ok=True)
    (tmp_path / "figure-1.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(ValueError, match=r"figure-1\.parquet must be a Parquet file"):
        write_report(tmp_path)


# Run by the page itself: how wide it came out, and how large each figure did.
PROBE = """
addEventListener("load", () => console.log("measured " + JSON.stringify({
  width: innerWidth, needed: document.documentElement.scrollWidth,
  figures: Array.from(document.images, image => [image.naturalWidth, image.clientWidth])})))
"""


def browse(file: Path, profile: Path) -> list[str]:
    """Return what the browser's console says while it opens a file."""
    assert BROWSER is not None
    words = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"]
    words += [f"--user-data-dir={profile}", "--window-size=1400,900", "--enable-logging=stderr", "--v=0", file.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    assert "</html>" in done.stdout
    return re.findall(r"CONSOLE.*?\] \"(.*)\", source", done.stderr)


@pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome on the path")
def test_a_browser_shows_it_whole_on_a_desk_and_on_a_phone(folder: Path, tmp_path: Path) -> None:
    assert browse(folder / "report.html", tmp_path / "profile") == []
    text = (folder / "report.html").read_text(encoding="utf-8")
    probed = re.sub(r"<meta http-equiv.*?>\n", "", text).replace("</body>", f"<script>{PROBE}</script></body>")
    (tmp_path / "probed.html").write_text(probed, encoding="utf-8")
    for width in (1280, 390):  # in a frame, for a window has a least width
        frame = f'<!DOCTYPE html><title>frame</title><iframe src="probed.html" width="{width}" height="800"></iframe>'
        (tmp_path / "frame.html").write_text(frame)
        (said,) = browse(tmp_path / "frame.html", tmp_path / "profile")
        measured = json.loads(said.removeprefix("measured ").replace('\\"', '"'))
        assert measured["width"] == width
        assert measured["needed"] <= width
        assert len(measured["figures"]) == sum(file.endswith(".png") for file in answer_of(folder)["files"])
        for natural, shown in measured["figures"]:
            assert natural > 500
            assert shown > 0.8 * min(width, 700)
