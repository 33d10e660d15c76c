"""The address of streams on MQTT: the broker, and the topics below a root."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

PORTS = dict(mqtt=1883, mqtts=8883)
SPARKPLUG = "spBv1.0"  # first level of the topics of Sparkplug B
OUTPUTS = "ergoscope"  # root of the outputs where they cannot stand beside the topics


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


def is_filter(url: str) -> bool:
    """Return whether an address has wildcards other than one ``+`` at the end: it names topics, not streams."""
    levels = [level for level in url.partition("://")[2].split("/")[1:] if level]
    return "#" in levels or "+" in levels[:-1] or levels[:1] == [SPARKPLUG]


def read_address(url: str) -> Address:
    """Return the address ``mqtt://host:1883/lab/plant1``; ``mqtt://host/lab/+`` means all streams of ``lab``.

    ``mqtts://`` uses TLS.

    Raises:
        ValueError: It has another form.
    """
    wrong = ValueError(
        f"an address is written mqtt://host:1883/lab/plant1, or mqtt://host/lab/+ for all streams, got {url!r}."
    )
    host, port, secure, levels = _split(url, wrong)
    if not levels:
        raise wrong
    *above, stream = levels
    if any(set(level) & set("+#/\0") for level in above) or (stream != "+" and set(stream) & set("+#/\0")):
        raise wrong
    return Address(host, port, "/".join(above), stream, secure)


def read_filter(url: str) -> tuple[Address, str]:
    """Return the address and the topic filter of ``mqtt://host:1883/plant/+/temperature`` or ``mqtt://host/plant/#``.

    The address has the levels before the first wildcard as its root, without one those before the last level: the names
    of the streams are the rest of the topics, and outputs go below the root. Nothing goes below the root of Sparkplug.

    Raises:
        ValueError: It has another form.
    """
    wrong = ValueError(
        f"topics are written mqtt://host:1883/plant/+/temperature, with + for any level and # at the end for all "
        f"levels, got {url!r}."
    )
    host, port, secure, levels = _split(url, wrong)
    path = urlsplit(url.replace("#", "%23")).path.removeprefix("/").removesuffix("/")
    levels = [unquote(level) for level in path.split("/")] if levels else []  # an empty level is one, too
    wild = [level in ("+", "#") for level in levels]
    if (
        not levels
        or "#" in levels[:-1]
        or any(set(level) & set("+#/\0") for level in levels if level not in ("+", "#"))
    ):
        raise wrong
    fixed = wild.index(True) if any(wild) else len(levels) - 1
    root = OUTPUTS if levels[0] == SPARKPLUG else "/".join(levels[:fixed])
    return Address(host, port, root, "+" if any(wild) else levels[-1], secure), "/".join(levels)


def read_streams(url: str) -> Address:
    """Return the address of streams, or of the streams of topics: their outputs stand beside the topics.

    Without a topic it is ``ergoscope/+``.

    Raises:
        ValueError: It has another form.
    """
    if not url.partition("://")[2].partition("/")[2].strip("/"):
        url = f"{url.rstrip('/')}/{OUTPUTS}/+"
    return read_filter(url)[0] if is_filter(url) else read_address(url)


def _split(url: str, wrong: ValueError) -> tuple[str, int, bool, list[str]]:
    """Return host, port, whether it is secure, and the levels of the topic."""
    try:
        parts = urlsplit(url.replace("#", "%23"))
        port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        raise wrong from None
    if parts.username or parts.password:
        raise ValueError("an address must not hold a password: set ERGOSCOPE_MQTT_USER and ERGOSCOPE_MQTT_PASSWORD.")
    levels = [unquote(level) for level in parts.path.split("/") if level]
    if parts.scheme not in PORTS or not parts.hostname or parts.query or port == 0:
        raise wrong
    if any(ord(letter) < 32 or ord(letter) == 127 for level in levels for letter in level):
        raise wrong
    return parts.hostname, port, parts.scheme == "mqtts", levels
