"""Precision and devices are arguments, in force for a block of code; importing the package sets neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

Precision = Literal["float32", "float64"]
Placed = TypeVar("Placed")


@contextmanager
def computing(precision: Precision = "float64", device: str | None = None) -> Iterator[None]:
    """Compute in one precision on one kind of device while the block runs, then go back.

    Args:
        precision: ``"float32"`` or ``"float64"``.
        device: As in ``find_devices``; of several, what is not spread goes to the first.

    Raises:
        ValueError: No such precision, or no such device here.
    """
    if precision not in ("float32", "float64"):
        raise ValueError(f"precision must be float32 or float64, got {precision!r}.")
    with (
        jax.enable_x64(precision == "float64"),
        jax.default_device(find_devices(device)[0]),
        jax.default_matmul_precision("highest"),  # no TF32 behind the name float32
    ):
        yield


def find_devices(name: str | None = None) -> tuple[jax.Device, ...]:
    """Return the devices that a name means, or say which there are.

    Args:
        name: ``"cpu"``, ``"gpu"`` or ``"tpu"`` for the first of its kind, ``"gpu:1"`` for the second, ``"gpu:all"`` for
            all of them; None for the one that JAX computes on now.

    Raises:
        ValueError: No such device here.
    """
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


def all_devices() -> tuple[jax.Device, ...]:
    """Return every device of this machine that JAX can compute on, the preferred kind first."""
    preferred, cpus = jax.devices(), jax.devices("cpu")
    return (*preferred, *(device for device in cpus if device not in preferred))


def spread(arrays: Placed, device: str | None, whole: bool = False) -> Placed:
    """Return a tree of arrays with their last axis spread evenly over the devices of a name.

    Args:
        arrays: Arrays whose last axis, that of the lanes, is a multiple of the number of devices.
        device: As in ``find_devices``; with one device the arrays stay as they are.
        whole: Every device gets all of every array.
    """
    devices = find_devices(device)
    if len(devices) == 1:
        return arrays
    mesh = Mesh(np.array(devices), ("lane",))

    def place(leaf: Any) -> Any:
        axes = () if whole or not leaf.ndim else (None,) * (leaf.ndim - 1) + ("lane",)
        return jax.device_put(leaf, NamedSharding(mesh, PartitionSpec(*axes)))  # type: ignore[no-untyped-call]

    placed: Placed = jax.tree.map(place, arrays)
    return placed
