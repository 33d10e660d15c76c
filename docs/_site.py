"""Hooks of mkdocs: list the public API, make the README a page, unlink files that are not in docs/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PUBLIC = re.compile(r"^from \.(?P<module>[\w.]+) import (?P<name>\w+) as (?P=name)$", re.MULTILINE)
ROOM = re.compile(r"^::public (?P<room>[\w.]+)$", re.MULTILINE)
OUTSIDE = re.compile(r"\[(?P<text>[^]]+)\]\((?:\.\./)+(?P<path>[^)#]+)\)")
LINK = re.compile(r"\]\((?=[\w./-]+\))")  # to a file, not to an address
README = "first-steps.md"


def public(room: str) -> list[tuple[str, str]]:
    """Return (name, where it is defined) for the public names of a room."""
    stub = (ROOT / room.removeprefix("ergoscope").replace(".", "/").lstrip("/") / "__init__.pyi").read_text()
    names = [(found["name"], f"{room}.{found['module']}.{found['name']}") for found in PUBLIC.finditer(stub)]
    return sorted(names, key=lambda pair: pair[0].lower())


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Make a page of the README, and point its links from docs/ to the root."""
    title, text = (ROOT / "README.md").read_text().split("\n", 1)
    text = LINK.sub("](../", text).replace("](../docs/", "](")
    files.append(File.generated(config, README, content=f"{title}: first steps\n{text}"))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace ``::public ROOM`` by the names of the room, and unlink files that are not in the site."""

    def listed(found: re.Match[str]) -> str:
        return "\n\n".join(f"::: {where}" for _, where in public(found["room"]))

    markdown = markdown.replace("](../README.md)", f"]({README})")
    return OUTSIDE.sub(r"`\g<path>`", ROOM.sub(listed, markdown))
