"""Values in JSON, which has no NaN and no infinity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def json_value(value: Any) -> Any:
    """Return what stands in JSON for a value: null for a number that is not finite, also in lists and objects."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [json_value(part) for part in value]
    if isinstance(value, Mapping):
        return {name: json_value(part) for name, part in value.items()}
    return value


def json_text(answer: Any) -> str:
    """Return an answer as JSON with one field a line."""
    return json.dumps(json_value(answer), indent=2)
