"""Who we are to a broker, and how it is told in secret: from the environment, never from the command line or a log.

``ERGOSCOPE_MQTT_USER``; ``ERGOSCOPE_MQTT_PASSWORD``, or a file that holds it, ``ERGOSCOPE_MQTT_PASSWORD_FILE``. For
``mqtts://`` files in PEM: ``ERGOSCOPE_MQTT_CA``, who signed the broker's certificate (by default those whom the system
trusts), and, where the broker asks for ours, ``ERGOSCOPE_MQTT_CERT`` and ``ERGOSCOPE_MQTT_KEY``.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import NamedTuple

_PREFIX = "ERGOSCOPE_MQTT_"


class Login(NamedTuple):
    """User and password, where there are any; the password is not shown."""

    user: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"Login({self.user!r}, ..)"


def read_login() -> Login:
    """Return user and password from the environment.

    Raises:
        ValueError: A password without a user, or a file that cannot be read.
    """
    user, password, file = (os.environ.get(_PREFIX + word) for word in ("USER", "PASSWORD", "PASSWORD_FILE"))
    if file is not None:
        try:
            password = Path(file).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as exc:
            raise ValueError(f"{_PREFIX}PASSWORD_FILE must name a file that can be read, got {file!r}.") from exc
    if password is not None and user is None:
        raise ValueError(f"a password needs a user: set {_PREFIX}USER, too.")
    return Login(user, password)


def tls_context() -> ssl.SSLContext:
    """Return what checks the broker's certificate and name, and shows ours.

    Raises:
        ValueError: A file is missing or is none.
    """
    authority, certificate, key = (os.environ.get(_PREFIX + word) for word in ("CA", "CERT", "KEY"))
    try:
        context = ssl.create_default_context(cafile=authority)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except OSError as exc:  # what ssl raises is one, too
        files = ", ".join(file for file in (authority, certificate, key) if file is not None)
        raise ValueError(
            f"{_PREFIX}CA, CERT and KEY must name PEM files that can be read, got {files}: {exc}."
        ) from exc
    return context
