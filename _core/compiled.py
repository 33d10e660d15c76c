"""Compiled loops for the CPU: Numba, with its results kept in the user's cache folder.

No fast-math: nothing is contracted or reordered, so the bits depend neither on the processor nor on the number of
lanes. A loop that cannot be read from the folder, or not be kept there, is compiled again; this is never an error. The
logger ``ergoscope.compiled`` tells at level INFO when one is compiled.
Numba's files hold compiled code, like those of ``__pycache__``: the folder is the user's own.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.extending
from llvmlite import ir
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator

Function = TypeVar("Function", bound=Callable[..., Any])
log = logging.getLogger("ergoscope.compiled")
KEPT = 4  # versions of the sources whose loops are kept
# Where a loop comes from: what it calls, the records that it takes, and what these import.
SOURCES = (
    "_core/compiled.py",
    "_core/jax_later.py",
    "analysis/_drift/bet_loop.py",
    "learners/_base.py",
    "learners/_discrete/completion_kernel.py",
    "learners/_discrete/peeling_kernel.py",
    "learners/_engine",
    "learners/_least_squares",
    "learners/_linalg",
    "learners/_state_space",
    "simulator/_simulation",
    "streams/_service/error_loop.py",
)
_njit: Any = numba.njit  # its types know only some of its options
_OPTIONS: dict[str, Any] = dict(error_model="numpy", nogil=True, no_cfunc_wrapper=True)


def called(function: Function) -> Function:
    """Return a function that compiled loops call."""
    return cast(Function, _njit(**_OPTIONS, no_cpython_wrapper=True)(inspect.unwrap(function)))


def inlined(function: Function) -> Function:
    """Return a function that becomes part of every compiled loop that calls it: constants of the loop reach it."""
    options = _OPTIONS | dict(no_cpython_wrapper=True, forceinline=True)
    return cast(Function, _njit(**options)(inspect.unwrap(function)))


def uncounted(function: Function) -> Function:
    """Return a function as ``inlined``, which makes no array: without it a call would count references to arrays."""
    options = _OPTIONS | dict(no_cpython_wrapper=True, forceinline=True, _nrt=False)
    return cast(Function, _njit(**options)(inspect.unwrap(function)))


def compiled(function: Function, name: str) -> Function:
    """Return the function as a compiled loop that runs without the interpreter lock, and is kept for the next process.

    Args:
        function: What to compile, at its first call with each set of types.
        name: A name that is different for every closure: what it was made of.
    """
    body: Any = inspect.unwrap(function)  # tests wrap every function in checks of its types
    body.__qualname__ = name  # names the files
    loop = _njit(**_OPTIONS)(body)
    with suppress(OSError, RuntimeError):  # no place to keep it
        files: Any = _Cache
        loop._cache = files(body)
    return cast(Function, loop)


def _high_word(context: Any, a: Any, b: Any) -> Any:
    """Return the upper 64 bits of the product of two words of 64 bits."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(word, wide) for word in arguments))
        return builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), ir.IntType(64))

    return numba.uint64(numba.uint64, numba.uint64), build


high_word: Any = numba.extending.intrinsic(_high_word)


def cache_folder() -> Path:
    """Return the folder of what is compiled, for this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "ergoscope" / "compiled"


@cache
def _sources() -> str:
    """Return a digest of the files that a loop may come from: a change elsewhere leaves all loops as they are."""
    digest = hashlib.sha256()
    for path in source_files():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def source_files() -> list[Path]:
    """Return the files that a loop may come from."""
    places = [Path(__file__).parents[1] / source for source in SOURCES]
    return [file for place in places for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]


class _Locator(_CacheLocator):
    """The user's cache folder, one subfolder for each version of the sources."""

    def __init__(self, function: Any, file: str) -> None:
        self._py_file, self._folder = file, cache_folder() / f"loops-{_sources()}"

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> _Locator:
        return cls(py_func, py_file)

    def ensure_cache_path(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, mode=0o700)
            versions = sorted(self._folder.parent.glob("loops-*"), key=lambda path: path.stat().st_mtime)
            for old in versions[:-KEPT]:
                shutil.rmtree(old, ignore_errors=True)

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return _sources()

    def get_disambiguator(self) -> str:
        return ""


class _Files(CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012  Numba's own attribute


class _Cache(FunctionCache):
    """Numba's cache; the name stands for the closure, and files that cannot be used are ignored."""

    _impl_class = _Files

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return sig, codegen.magic_tuple()  # of the processor

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        load: Any = super().load_overload
        loop = None
        try:
            loop = load(sig, target_context)
        except Exception:  # torn by a killed command, or of another version: compile it
            flush: Any = self.flush
            with suppress(OSError):
                flush()
        if loop is None:
            log.info("compiling a loop for this processor: it is kept, and the next command begins at once.")
        return loop

    def save_overload(self, sig: Any, data: Any) -> None:
        save: Any = super().save_overload
        with suppress(Exception):  # no place, or another process writes
            save(sig, data)
