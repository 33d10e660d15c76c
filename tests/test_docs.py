"""The documentation: its examples run, its links lead somewhere, and it fetches nothing."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("simulator", "learners", "analysis", "streams")
FETCHED = re.compile(
    r"""<(?:script|img|iframe)[^>]+src=["']?(?:https?:)?//|<link[^>]+rel=["']?stylesheet[^>]+(?:https?:)?//"""
)


def examples() -> list[doctest.DocTest]:
    """Return the doctests of all public names."""
    found: dict[str, doctest.DocTest] = {}
    names = {name: getattr(importlib.import_module("ergoscope.simulator"), name) for name in ("zoo",)}
    names |= {name: getattr(importlib.import_module("ergoscope.learners"), name) for name in ("ladder",)}
    for room in ROOMS:
        module = importlib.import_module(f"ergoscope.{room}")
        for name in dir(module):
            item = getattr(module, name)
            for test in doctest.DocTestFinder().find(item, name, globs={name: item} | names):
                if test.examples:
                    found[test.name] = test
    return list(found.values())


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_of_a_docstring_is_true(example: doctest.DocTest) -> None:
    said: list[str] = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, in which every broken link and every page left out is an error."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | dict(NO_MKDOCS_2_WARNING="1", PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_the_site_has_every_page_and_fetches_nothing(site: Path) -> None:
    pages = {path.stem for path in site.rglob("*.html")}
    assert {path.stem for path in (ROOT / "docs").rglob("*.md")} <= pages
    for page in site.rglob("*.html"):
        assert not FETCHED.search(page.read_text()), page.name


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_public_is_described(site: Path, room: str) -> None:
    page = (site / "api" / f"{room}.html").read_text()
    stub = (ROOT / room / "__init__.pyi").read_text()
    names = re.findall(r"^from \.([\w.]+) import (\w+)", stub, re.MULTILINE)
    assert len(names) > 10
    missing = [name for module, name in names if f'id="ergoscope.{room}.{module}.{name}"' not in page]
    assert not missing


def test_the_search_knows_the_words_of_the_pages(site: Path) -> None:
    index = json.loads((site / "search" / "search_index.json").read_text())
    found = [page["location"] for page in index["docs"] if "critical size" in (page["title"] + page["text"]).lower()]
    assert any(location.startswith("idea.html") for location in found)


PICTURES = [
    (page, section, name)
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    for section in re.split(r"^#+ ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name in re.findall(r"!\[[^]]*\]\((?:docs/)?images/([\w.-]+)\)", section)
]


@pytest.mark.parametrize(
    ("page", "section", "name"), PICTURES, ids=[f"{page.stem}-{name}" for page, _, name in PICTURES]
)
def test_the_command_of_a_picture_stands_in_its_section(page: Path, section: str, name: str) -> None:
    assert (ROOT / "docs" / "images" / name).is_file()
    assert re.search(
        r"\b(ergoscope (locate|reproduce|score|demo)|python (examples|benchmarks)/\w+\.py|make demo)\b", section
    )


def test_every_picture_is_shown() -> None:
    assert {name for _, _, name in PICTURES} == {file.name for file in (ROOT / "docs" / "images").iterdir()}
