"""Hooks of mkdocs: the API pages list what a room makes public, and links out of docs/ are names of files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PUBLIC = re.compile(r"^from \.(?P<module>_\w+) import (?P<name>\w+) as (?P=name)$", re.MULTILINE)
ROOM = re.compile(r"^::public (?P<room>[\w.]+)$", re.MULTILINE)
OUTSIDE = re.compile(r"\[(?P<text>[^]]+)\]\((?:\.\./)+(?P<path>[^)#]+)\)")


def public(room: str) -> list[tuple[str, str]]:
    """Return (name, where it is defined) of all that a room makes public."""
    stub = (ROOT / room.removeprefix("ergoscope").replace(".", "/").lstrip("/") / "__init__.pyi").read_text()
    names = [(found["name"], f"{room}.{found['module']}.{found['name']}") for found in PUBLIC.finditer(stub)]
    return sorted(names, key=lambda pair: pair[0].lower())


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Write the names of a room where a page asks for them, and unlink what is not part of the site."""

    def listed(found: re.Match[str]) -> str:
        return "\n\n".join(f"::: {where}" for _, where in public(found["room"]))

    return OUTSIDE.sub(r"`\g<path>`", ROOM.sub(listed, markdown))
