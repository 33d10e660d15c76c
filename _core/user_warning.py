"""Warnings that point at the user's line, however deep in the package the cause was found."""

from __future__ import annotations

import sys
import warnings

_PACKAGE = __name__.partition(".")[0]


def warn_user(sentence: str) -> None:
    """Warn, as if by the first caller outside the package."""
    frame, level = sys._getframe(1), 2  # level 2 is the caller of this function
    while frame.f_back is not None and _is_inside(str(frame.f_globals.get("__name__"))):
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence, stacklevel=level)


def _is_inside(module: str) -> bool:
    return module == _PACKAGE or module.startswith(_PACKAGE + ".")
