"""The documentation: its examples run, its links lead somewhere, and it fetches nothing."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("simulator", "learners", "analysis", "streams")
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
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


EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def wrong_installs(text: str) -> list[str]:
    """Return the installs of a text that do not exist: of ergoscope by its name, or with an extra that there is not."""
    wrong = []
    for words in re.findall(r"\bpip\w* install\b[^`\n#]*", text):
        extras = [name.strip() for part in re.findall(r"\.\[([^]]*)\]", words) for name in part.split(",")]
        if re.search(r"(?<![\w/.-])ergoscope\b", words) or not set(extras) <= set(EXTRAS):
            wrong.append(words.strip())
    return wrong


def test_an_install_that_does_not_exist_is_found() -> None:
    for words in ("'ergoscope[broker,page]'", "ergoscope", "-U ergoscope", "'.[live]'", "-e '.[test, browser]'"):
        assert wrong_installs(f"First `pip install {words}`, then") == [f"pip install {words}"]
    for words in ("'.[broker,page]'", "-c constraints.txt . filterpy", "filterpy  # for ergoscope", ".[cuda]"):
        assert wrong_installs(f"    pip install {words}\n") == []


@pytest.mark.parametrize(
    "page", [ROOT / name for name in PAGES] + sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name
)
def test_an_install_of_a_page_exists(page: Path) -> None:
    assert wrong_installs(page.read_text(encoding="utf-8")) == []


def test_an_install_that_a_message_names_exists() -> None:
    found = 0
    for room in ("_core", *ROOMS, "cli", "benchmarks", "examples"):
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text(encoding="utf-8").replace("\\", "")
            found += len(re.findall(r"pip install [\"']?\.\[", text))
            assert wrong_installs(text) == [], file
    assert found > 4


def test_the_makefile_and_the_extras_name_extras_that_exist() -> None:
    assert wrong_installs((ROOT / "Makefile").read_text()) == []
    for needs in EXTRAS.values():
        for need in needs:
            if need.startswith("ergoscope"):
                assert set(need.removeprefix("ergoscope[").removesuffix("]").split(",")) <= set(EXTRAS)
