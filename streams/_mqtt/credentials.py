"""User, password and certificates for a broker, from the environment; they are on no command line and in no log.

``ERGOSCOPE_MQTT_USER``; ``ERGOSCOPE_MQTT_PASSWORD``, or a file that holds it, ``ERGOSCOPE_MQTT_PASSWORD_FILE``. For
``mqtts://`` there are PEM files: ``ERGOSCOPE_MQTT_CA``, the authority of the broker's certificate (by default those
that the system trusts), and, if the broker asks for a client certificate, ``ERGOSCOPE_MQTT_CERT`` and
``ERGOSCOPE_MQTT_KEY``.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import NamedTuple

_PREFIX = "ERGOSCOPE_MQTT_"
LONGEST = 65_535  # bytes of a text in MQTT


class Login(NamedTuple):
    """User and password; None: there is none. The password is not shown."""

    user: str | None
    password: str | None

    def __repr__(self) -> str:
        return f"Login({self.user!r}, ..)"


def read_login() -> Login:
    """Return user and password from the environment.

    Raises:
        ValueError: A password without a user, one of them too long for MQTT, or a file that cannot be read.
    """
    user, password, file = (os.environ.get(_PREFIX + word) for word in ("USER", "PASSWORD", "PASSWORD_FILE"))
    if file is not None:
        try:
            password = Path(file).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as exc:
            raise ValueError(f"{_PREFIX}PASSWORD_FILE must name a file that can be read, got {file!r}.") from exc
    if password is not None and user is None:
        raise ValueError(f"a password needs a user: set {_PREFIX}USER.")
    for word, value in (("USER", user), ("PASSWORD", password)):
        if value is not None and len(value.encode()) > LONGEST:
            raise ValueError(f"{_PREFIX}{word} must have at most {LONGEST} bytes, got {len(value.encode())}.")
    return Login(user, password)


def tls_context() -> ssl.SSLContext:
    """Return a context that checks the broker's certificate and name, with the client certificate if there is one.

    Raises:
        ValueError: A file is missing or no PEM file.
    """
    authority, certificate, key = (os.environ.get(_PREFIX + word) for word in ("CA", "CERT", "KEY"))
    try:
        context = ssl.create_default_context(cafile=authority)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except OSError as exc:  # errors of ssl, too
        files = ", ".join(file for file in (authority, certificate, key) if file is not None)
        raise ValueError(
            f"{_PREFIX}CA, CERT and KEY must name PEM files that can be read, got {files}: {exc}."
        ) from exc
    return context


def remedy(error: str, secure: bool) -> str:
    """Return the remedy for an error of a connection; ``secure``: over TLS."""
    low = error.lower()
    if "doesn't match" in low or "mismatch" in low:
        return "Use a name of the broker that is in its certificate."
    if "certificate verify failed" in low:
        return f"If you trust the authority of its certificate, set {_PREFIX}CA to its PEM file."
    if "not authorized" in low or "user name or password" in low:
        return f"Set {_PREFIX}USER, and {_PREFIX}PASSWORD or {_PREFIX}PASSWORD_FILE, to a user of the broker."
    if "timed out" in low and secure:
        shown = _PREFIX + "CERT" in os.environ
        return (
            f"If it asks for a client certificate, does it trust the authority of {_PREFIX}CERT?"
            if shown
            else f"If it asks for a client certificate, set {_PREFIX}CERT and {_PREFIX}KEY."
        )
    if "timed out" in low:
        return "If it uses TLS, write mqtts:// and its port, by default 8883."
    if "wrong version number" in low or "record layer failure" in low:
        return "It does not use TLS at this port: write mqtt://, or its TLS port, by default 8883."
    return "Is a broker running there?"
