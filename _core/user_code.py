"""Objects from a user's own Python, which is run here and nowhere else."""

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


def named_object(source: str, name: str) -> Any:
    """Run a Python file, or import a module, and return what is called ``name`` in it.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It fails, or has no such name.
    """
    module = _run_file(existing(Path(source).expanduser())) if source.endswith(".py") else _import(source)
    if not hasattr(module, name):
        public = [word for word in vars(module) if not word.startswith("_")]
        raise ValueError(f"{source} has no {name!r}{did_you_mean(name, public)}")
    return getattr(module, name)


def _run_file(file: Path) -> ModuleType:
    # A name of its own, so that a file called control.py or numpy.py does not take the place of the package.
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
    # Last, not first as Python itself does: a user's random.py next to the plant must not break the libraries.
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextmanager
def user_code(doing: str) -> Iterator[None]:
    """Turn whatever a user's code raises into a ValueError that says what, and in which line of it."""
    try:
        yield
    except (Exception, SystemExit) as exc:
        # The innermost line outside Python, the installed packages and this one is the user's own.
        others = ("<", sys.base_prefix, sys.prefix, os.path.dirname(__file__))
        own = [frame for frame in traceback.extract_tb(exc.__traceback__) if not frame.filename.startswith(others)]
        place = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
        raise ValueError(f"{doing} failed: {type(exc).__name__}: {exc}{place}") from exc


def existing(file: Path) -> Path:
    """Return the file if it is there, else say so and name the nearest one."""
    if not file.is_file():
        beside = os.listdir(file.parent) if file.parent.is_dir() else []
        raise FileNotFoundError(f"no file is called {str(file)!r}{did_you_mean(file.name, beside)}")
    return file
