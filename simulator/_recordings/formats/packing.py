"""Packed numbers of netCDF-4: value = scale_factor * stored + add_offset, with stored numbers that mean missing.

Reference: NetCDF Climate and Forecast (CF) metadata conventions 1.11, sections 2.5.1 and 8.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKING = ("scale_factor", "add_offset", "_FillValue", "missing_value")
TRUE = ("true", "True", b"true", b"True")


def unpacked(where: str, stored: NDArray[Any], attributes: Mapping[str, Any]) -> tuple[NDArray[Any], str]:
    """Return the numbers of a data set, NaN where missing, and a remark; as they are where nothing is packed.

    Args:
        where: The data set, for messages.
        stored: As the file has it.
        attributes: ``scale_factor``, ``add_offset``, ``_FillValue``, ``missing_value``, ``_Unsigned``, all optional.

    Raises:
        ValueError: An attribute is no number.
    """
    if stored.dtype.kind not in "iuf":
        return stored, ""
    told = {name: _numbers(where, name, attributes[name]) for name in PACKING if name in attributes}
    scale, offset = (told.get(name, np.array([plain])) for name, plain in (("scale_factor", 1.0), ("add_offset", 0.0)))
    if len(scale) != 1 or len(offset) != 1:
        raise ValueError(f"{where}: scale_factor and add_offset must be one number each, got {scale} and {offset}")
    stands = np.concatenate([told.get(name, np.empty(0)) for name in ("_FillValue", "missing_value")])
    stands = np.unique(stands[~np.isnan(stands)])
    if stored.dtype.kind == "i" and attributes.get("_Unsigned") in TRUE:
        stored = stored.view(stored.dtype.str.replace("i", "u"))
        stands = np.where(stands < 0, stands + 256.0**stored.dtype.itemsize, stands)
    missing = np.isin(stored, stands.astype(stored.dtype) if stored.dtype.kind == "f" else stands)
    packed = scale[0] != 1 or offset[0] != 0
    if not (packed or missing.any()):
        return stored, ""
    values = np.where(missing, np.nan, stored.astype(np.float64) * scale[0] + offset[0])
    words = [f"{where} = {scale[0]:g} * stored number + {offset[0]:g}"] if packed else []
    if missing.any():
        words.append(f"{', '.join(f'{number:g}' for number in stands)} stored for missing")
    return values, ", ".join(words if packed else [f"{where}: {words[0]}"])


def _numbers(where: str, name: str, value: Any) -> NDArray[np.float64]:
    try:
        return np.atleast_1d(np.asarray(value, np.float64))
    except (TypeError, ValueError) as exc:
        raise ValueError(f"{where}: {name} must be a number, got {value!r:.60}") from exc
