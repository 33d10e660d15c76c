"""JAX and optax, imported when they are first used: learners with a compiled loop never use them on a CPU.

Other files take ``jax``, ``jnp``, ``optax`` and ``Array`` from here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["Array", "jax", "jit", "jnp", "optax", "pytree"]
Class = TypeVar("Class", bound=type)
_classes: list[Any] = []  # that JAX is to be told of
_registering = RLock()


class _Later:
    """A module that is imported when something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, word: str) -> Any:
        with _registering:  # threads that train may ask at the same time
            while _classes:
                import_module("jax").tree_util.register_pytree_node_class(_classes[-1])
                _classes.pop()
        return getattr(import_module(self._name), word)


if TYPE_CHECKING:
    import jax
    import jax.numpy as jnp
    import optax
    from jaxtyping import Array
else:
    jax, jnp, optax = _Later("jax"), _Later("jax.numpy"), _Later("optax")

    class _IsArray(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, jax.Array)

    class Array(metaclass=_IsArray):
        """JAX's array, in annotations that are checked at run time."""


def jit(function: Callable[..., Any], **options: Any) -> Any:
    """Return the function, compiled by ``jax.jit``, which is called when the function is."""

    @cache
    def made() -> Any:
        return jax.jit(function, **options)

    @wraps(function)
    def call(*arguments: Any, **words: Any) -> Any:
        return made()(*arguments, **words)

    return call


def pytree(made: Class) -> Class:
    """Register a class with ``tree_flatten`` and ``tree_unflatten`` as a pytree, once JAX is used."""
    _classes.append(made)
    return made
