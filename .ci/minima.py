"""Print the lowest version of every package that pyproject.toml allows, for pip: dependencies and test extra.

    python .ci/minima.py > pins.txt

``>=X`` becomes ``==X``, so X must be a version that exists. Packages that the minima test does not need are left out.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

# amqtt needs a newer typer than ergoscope, river a newer scipy; a browser has no versions here.
LEFT_OUT = {"amqtt", "playwright", "river"}


def minima(project: dict[str, list[str]] | dict[str, dict[str, list[str]]]) -> list[str]:
    """Return a pin for each requirement.

    Raises:
        ValueError: A requirement has no lower bound.
    """
    pins = {}
    for need in [*project["dependencies"], *project["optional-dependencies"]["test"]]:
        found = re.fullmatch(r"(?P<name>[\w.-]+)(\[[\w,]+\])?>=(?P<least>[\w.]+)(,.*)?", need)
        if found is None:
            raise ValueError(f"{need!r} must begin with >=: name its lowest version.")
        pins[found["name"]] = found["least"]
    return [f"{name}=={least}" for name, least in pins.items() if name not in LEFT_OUT]


if __name__ == "__main__":
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    print("\n".join(minima(settings["project"])))
