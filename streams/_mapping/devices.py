"""Several devices or samples in the payloads of one topic: the paths that ``--each`` and ``--by`` would name."""

from __future__ import annotations

from typing import Any

from .origins import series
from .paths import leaves, written

_KEYS = ("id", "device", "device_id", "deviceid", "sensor", "sensor_id", "name", "model", "host", "hostname", "mac",
         "node", "station", "serial", "serial_number", "address")  # fmt: skip
_MOST = 100  # paths of names, and names at each
_LONGEST = 200  # letters of a name


def batch_path(record: Any) -> str | None:
    """Return the path of the list in a record that has nothing but a list of objects; None: it is no such batch."""
    if not isinstance(record, dict) or len(record) != 1:
        return None
    ((key, value),) = record.items()
    objects = isinstance(value, list) and value and all(isinstance(part, dict) for part in value)
    return written(key) if objects else None


class DeviceNames:
    """The names that stand in the records of a topic."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}
        self._records = 0

    def see(self, record: Any) -> None:
        """Take in a record."""
        self._records += 1
        tagged = series(record) is not None
        for path, value in leaves(record) if isinstance(record, dict) else ():
            tag = tagged and (path == "name" or path.startswith("tags."))
            if not (tag or path.rpartition(".")[2].lower() in _KEYS) or isinstance(value, bool | float | None):
                continue
            if path in self._names or len(self._names) < _MOST:
                self._names.setdefault(path, set()).add(str(value)[:_LONGEST])

    @property
    def by(self) -> str | None:
        """The path that tells the most devices; None: there is one device, or the names hardly come twice."""
        told = {
            path: len(names) for path, names in self._names.items() if 1 < len(names) <= min(self._records / 2, _MOST)
        }
        return max(told, key=lambda path: told[path]) if told else None
