"""Precision and device are arguments, in force for a block of code; importing the package sets neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import jax

Precision = Literal["float32", "float64"]


@contextmanager
def computing(precision: Precision = "float64", device: str | None = None) -> Iterator[None]:
    """Compute in one precision on one kind of device while the block runs, then go back.

    Args:
        precision: ``"float32"`` or ``"float64"``.
        device: ``"cpu"``, ``"gpu"`` or ``"tpu"``, with ``:1`` behind it for the second one; None leaves JAX's choice.

    Raises:
        ValueError: No such precision, or no such device here.
    """
    if precision not in ("float32", "float64"):
        raise ValueError(f"precision must be float32 or float64, got {precision!r}.")
    chosen = None if device is None else find_device(device)
    with (
        jax.enable_x64(precision == "float64"),
        jax.default_device(chosen or default_device()),
        jax.default_matmul_precision("highest"),  # no TF32 behind the name float32
    ):
        yield


def default_device() -> Any:
    """Return the device that JAX computes on now, None where that is its own choice."""
    return jax.config.values["jax_default_device"]


def find_device(name: str) -> jax.Device:
    """Return the device that ``"gpu"`` or ``"gpu:1"`` names, or say which there are."""
    kind, _, number = name.partition(":")
    try:
        found = jax.devices(kind)
    except RuntimeError:
        found = []
    index = int(number) if number.isdecimal() else 0 if not number else len(found)
    if index >= len(found):
        here = ", ".join(sorted({f"{device.platform}:{device.id}" for device in (*jax.devices(), *jax.devices("cpu"))}))
        raise ValueError(f"no device {name!r} on this machine; there is: {here}.")
    return found[index]
