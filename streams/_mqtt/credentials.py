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


def remedy(said: str, secure: bool) -> str:
    """Return what to do where a broker does not take us, by what was said of it; over TLS or not."""
    low = said.lower()
    if "doesn't match" in low or "mismatch" in low:
        return "Call the broker by a name that stands in its certificate."
    if "certificate verify failed" in low:
        return f"If you trust who signed its certificate, set {_PREFIX}CA to their PEM file."
    if "not authorized" in low or "user name or password" in low:
        return f"Are we let in? Set {_PREFIX}USER, and {_PREFIX}PASSWORD or {_PREFIX}PASSWORD_FILE, as it has them."
    if "timed out" in low and secure:
        shown = _PREFIX + "CERT" in os.environ
        return (
            "If it asks for a certificate, does it accept whoever signed ours?"
            if shown
            else f"If it asks for a certificate, set {_PREFIX}CERT and {_PREFIX}KEY."
        )
    if "timed out" in low:
        return "If it speaks TLS, write mqtts:// and its port, by default 8883."
    if "wrong version number" in low or "record layer failure" in low:
        return "It speaks no TLS there: write mqtt://, or its TLS port, by default 8883."
    return "Is one running there?"
