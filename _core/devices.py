"""Precision and devices: set for a block of code, never by an import."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any, Literal, TypeVar

import numpy as np

from .checks import check_precision
from .jax_later import jax

Precision = Literal["float32", "float64"]
Placed = TypeVar("Placed")
_used_in: set[int] = set()  # the process that has computed with JAX; a forked copy inherits it


@contextmanager
def computing(precision: Precision = "float64", device: str | None = None) -> Iterator[None]:
    """Compute in one precision on one device while the block runs; then restore the old settings.

    Args:
        precision: ``"float32"`` or ``"float64"``.
        device: As in ``find_devices``. If it names several, arrays that are not sharded go to the first.

    Raises:
        ValueError: There is no such precision, or this machine has no such device.
        RuntimeError: This process is a fork of one that has used JAX.
    """
    refuse_fork()
    check_precision(precision)
    with (
        jax.enable_x64(precision == "float64"),
        jax.default_device(find_devices(device)[0]),
        jax.default_matmul_precision("highest"),  # no TF32 behind the name float32
    ):
        yield


def refuse_fork() -> None:
    """Refuse to compute in a fork of a process that has used JAX: its threads are missing, and it would wait for ever.

    Raises:
        RuntimeError: This process is such a fork.
    """
    if _used_in - {os.getpid()}:
        raise RuntimeError(
            "JAX has run in the process from which this one was forked, and would wait for ever here. Start workers "
            "with multiprocessing.get_context('spawn'), or with a ProcessPoolExecutor(mp_context=..) of that context."
        )
    _used_in.add(os.getpid())


def find_devices(name: str | None = None) -> tuple[jax.Device, ...]:
    """Return the devices that a name stands for.

    Args:
        name: ``"cpu"``, ``"gpu"`` or ``"tpu"`` for the first of its kind, ``"gpu:1"`` for the second, ``"gpu:all"`` for
            all of them; None for the device that JAX uses now.

    Raises:
        ValueError: This machine has no such device; the message lists the devices it has.
        RuntimeError: See ``refuse_fork``.
    """
    refuse_fork()
    if name is None:
        default = jax.config.values["jax_default_device"]
        return (default if isinstance(default, jax.Device) else jax.devices(default)[0],)
    kind, _, which = name.partition(":")
    try:
        found = tuple(jax.devices(kind))
    except RuntimeError:
        found = ()
    if which == "all" and found:
        return found
    index = int(which) if which.isdecimal() else 0 if not which else len(found)
    if index >= len(found):
        here = ", ".join(sorted(f"{device.platform}:{device.id}" for device in all_devices()))
        raise ValueError(f"no device {name!r} on this machine; there is: {here}.")
    return (found[index],)


def is_cpu(name: str | None = None) -> bool:
    """Return whether a name, as in ``find_devices``, stands for CPUs only; JAX is asked only where it is not plain."""
    return _plain_cpu(name) or all(device.platform == "cpu" for device in find_devices(name))


def device_words(name: str | None = None) -> str:
    """Return the devices that a name stands for, with their kinds, as results keep them."""
    if _plain_cpu(name):
        return "cpu:0 (cpu)"
    return ", ".join(f"{device.platform}:{device.id} ({device.device_kind})" for device in find_devices(name))


def _plain_cpu(name: str | None) -> bool:
    """Return whether a name stands for the first CPU, as far as can be told without JAX."""
    if name is None and "jax" not in sys.modules:
        name = os.environ.get("JAX_PLATFORMS") or (None if _has_plugins() else "cpu")
    return name in ("cpu", "cpu:0")


@cache
def _has_plugins() -> bool:
    """Return whether JAX has a plugin for another device."""
    return any(map(find_spec, ("jax_plugins", "libtpu"))) or bool(entry_points(group="jax_plugins"))


def all_devices() -> tuple[jax.Device, ...]:
    """Return every device of this machine that JAX can use; the preferred kind comes first."""
    preferred, cpus = jax.devices(), jax.devices("cpu")
    return (*preferred, *(device for device in cpus if device not in preferred))


def shard(arrays: Placed, device: str | None, whole: bool = False) -> Placed:
    """Split the last axis of every array of a tree evenly over the devices that a name stands for.

    Args:
        arrays: Arrays. Their last axis counts lanes; its length is a multiple of the number of devices.
        device: As in ``find_devices``. With one device the arrays are returned unchanged.
        whole: Do not split: every device holds a full copy.
    """
    devices = find_devices(device)
    if len(devices) == 1:
        return arrays
    mesh = jax.sharding.Mesh(np.array(devices), ("lane",))

    def place(leaf: Any) -> Any:
        axes = () if whole or not leaf.ndim else (None,) * (leaf.ndim - 1) + ("lane",)
        spec = jax.sharding.PartitionSpec(*axes)  # type: ignore[no-untyped-call]
        return jax.device_put(leaf, jax.sharding.NamedSharding(mesh, spec))

    placed: Placed = jax.tree.map(place, arrays)
    return placed
