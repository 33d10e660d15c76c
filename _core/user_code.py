"""Objects from a user's Python file. This is the only file that runs a user's code."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from .text import did_you_mean

_ABSENT = object()


def named_object(source: str, name: str) -> Any:
    """Run a Python file, or import a module, and return its object ``name``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The code fails, or has no such name.
    """
    module = _run_file(existing_file(Path(source).expanduser())) if source.endswith(".py") else _import(source)
    with user_code(f"reading {name} from {source}"):  # a module may have a __getattr__
        found = getattr(module, name, _ABSENT)
    if found is _ABSENT:
        public = [word for word in vars(module) if not word.startswith("_")]
        raise ValueError(f"{source} has no {name!r}{did_you_mean(name, public)}")
    return found


def _run_file(file: Path) -> ModuleType:
    # A name of its own: a file called control.py or numpy.py must not replace the package.
    spec = importlib.util.spec_from_file_location(f"_ergoscope_file_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} cannot be run as Python.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        with _importing_from(file.resolve().parent), user_code(f"running {file}"):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module


def _import(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{name!r} is neither a Python file (.py) nor the name of a module.")
    with _importing_from(Path.cwd()), user_code(f"importing {name}"):
        return importlib.import_module(name)


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    # Last, not first as Python does: a random.py beside the plant must not replace the library.
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextmanager
def user_code(doing: str) -> Iterator[None]:
    """Turn any error of a user's code into a ValueError that gives the error and the line of that code."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as exc:  # a user's code may raise any of them, and SystemExit
        # The innermost line outside Python, the installed packages and this package is the user's.
        others = ("<", sys.base_prefix, sys.prefix, os.path.dirname(__file__))
        own = [frame for frame in traceback.extract_tb(exc.__traceback__) if not frame.filename.startswith(others)]
        place = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
        raise ValueError(f"{doing} failed: {type(exc).__name__}: {_message(exc)}{place}") from exc


def _message(exc: BaseException) -> str:
    try:
        return str(exc)
    except Exception:  # __str__ is the user's code, too
        return "its message cannot be shown"


def existing_file(file: Path) -> Path:
    """Return the file.

    Raises:
        FileNotFoundError: It does not exist; the message suggests the nearest name.
    """
    if not file.is_file():
        beside = os.listdir(file.parent) if file.parent.is_dir() else []
        raise FileNotFoundError(f"no file is called {str(file)!r}{did_you_mean(file.name, beside)}")
    return file
