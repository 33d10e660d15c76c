"""The address of streams on MQTT: the broker, and the topics below a root."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

PORTS = dict(mqtt=1883, mqtts=8883)


class Address(NamedTuple):
    """A broker, and a stream below a root; the stream ``+`` means all streams.

    Topics: ``<root>/<stream>/data`` has the observations; ``meta`` and ``status`` (``online`` or ``offline``) beside it
    are retained. The outputs of a learner are in ``prediction``, ``error`` and, retained, ``threshold`` below
    ``<root>/<stream>/ergoscope``.
    """

    host: str
    port: int
    root: str
    stream: str
    secure: bool = False

    @property
    def broker(self) -> str:
        """Host and port for messages."""
        return f"{self.host}:{self.port}"

    def topic(self, *rest: str, stream: str | None = None) -> str:
        """Return a topic of the stream, or of another stream below the same root."""
        return "/".join([*([self.root] if self.root else []), stream or self.stream, *rest])


def read_address(url: str) -> Address:
    """Return the address ``mqtt://host:1883/lab/plant1``; ``mqtt://host/lab/+`` means all streams of ``lab``.

    ``mqtts://`` uses TLS.

    Raises:
        ValueError: It has another form.
    """
    wrong = ValueError(
        f"an address is written mqtt://host:1883/lab/plant1, or mqtt://host/lab/+ for all streams, got {url!r}."
    )
    try:
        parts = urlsplit(url)
        port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        raise wrong from None
    if parts.username or parts.password:
        raise ValueError("an address must not hold a password: set ERGOSCOPE_MQTT_USER and ERGOSCOPE_MQTT_PASSWORD.")
    levels = [unquote(level) for level in parts.path.split("/") if level]
    if parts.scheme not in PORTS or not parts.hostname or parts.query or "#" in url or not levels:
        raise wrong
    *above, stream = levels
    if port == 0 or any(ord(letter) < 32 or ord(letter) == 127 for level in levels for letter in level):
        raise wrong
    if any(set(level) & set("+#/\0") for level in above) or (stream != "+" and set(stream) & set("+#/\0")):
        raise wrong
    return Address(parts.hostname, port, "/".join(above), stream, parts.scheme == "mqtts")
