"""TLS and passwords, through a broker in this process that asks for both."""

from __future__ import annotations

import asyncio
import gc
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from amqtt.broker import Broker
from pwdlib import PasswordHash

from ergoscope.streams import (
    MemorySource,
    Observation,
    forward,
    observation,
)
from ergoscope.streams._mqtt.address import Address
from ergoscope.streams._mqtt.credentials import Login, read_login, tls_context
from ergoscope.streams._mqtt.source_and_sinks import MqttSink, MqttSource

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
WORDS = ("USER", "PASSWORD", "PASSWORD_FILE", "CA", "CERT", "KEY")


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for word in WORDS:
        monkeypatch.delenv(f"ERGOSCOPE_MQTT_{word}", raising=False)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate of its own for localhost."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there to make a certificate")
    folder = tmp_path_factory.mktemp("pem")
    words = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", *words.split(), *files], check=True, capture_output=True, timeout=60)
    return folder


async def exchange(folder: Path, pem: Path | None) -> list[Observation]:
    """Send one observation through a broker that knows one user."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    (folder / "users").write_text(f"me:{PasswordHash.recommended().hash('secret')}\n")
    listener: dict[str, Any] = {"type": "tcp", "bind": f"127.0.0.1:{port}"}
    if pem is not None:
        listener |= {"ssl": True, "certfile": str(pem / "cert.pem"), "keyfile": str(pem / "key.pem")}
    known = {"amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(folder / "users")}}
    broker = Broker({"listeners": {"default": listener}, "plugins": known})
    await broker.start()
    try:
        address = Address("localhost", port, "lab", "a", secure=pem is not None)
        async with MqttSource(address) as source:
            await forward(MemorySource([observation("a", 1.5, sequence=0)]), MqttSink(address))
            async for came in source:
                return [came]
    finally:
        await broker.shutdown()
    return []


def run(folder: Path, pem: Path | None) -> list[Observation]:
    try:
        return asyncio.run(asyncio.wait_for(exchange(folder, pem), 30))
    finally:
        gc.collect()  # a socket of a handshake that fails is left to Python, which shall say so here


def test_a_password_and_tls_open_the_door(tmp_path: Path, pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("secret\n")
    monkeypatch.setenv("ERGOSCOPE_MQTT_USER", "me")
    monkeypatch.setenv("ERGOSCOPE_MQTT_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("ERGOSCOPE_MQTT_CA", str(pem / "cert.pem"))
    (came,) = run(tmp_path, pem)
    assert float(came.output[0, 0]) == 1.5


def test_a_broker_whose_certificate_nobody_has_signed_is_not_trusted(
    tmp_path: Path, pem: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERGOSCOPE_MQTT_USER", "me")
    monkeypatch.setenv("ERGOSCOPE_MQTT_PASSWORD", "secret")
    with pytest.raises(ConnectionError, match="certificate"):
        run(tmp_path, pem)


@pytest.mark.parametrize("password", ["wrong", None])
def test_without_the_password_the_door_stays_shut(
    password: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if password is not None:
        monkeypatch.setenv("ERGOSCOPE_MQTT_USER", "me")
        monkeypatch.setenv("ERGOSCOPE_MQTT_PASSWORD", password)
    with pytest.raises(ConnectionError, match="Set ERGOSCOPE_MQTT_USER") as refused:
        run(tmp_path, None)
    assert "wrong" not in str(refused.value)


def test_what_is_set_wrong_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERGOSCOPE_MQTT_PASSWORD", "secret")
    with pytest.raises(ValueError, match="needs a user") as refused:
        read_login()
    assert "secret" not in str(refused.value) and "secret" not in repr(Login("me", "secret"))
    monkeypatch.setenv("ERGOSCOPE_MQTT_PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(ValueError, match="a file that can be read"):
        read_login()
    (tmp_path / "long").write_text("x" * 65_536)
    monkeypatch.setenv("ERGOSCOPE_MQTT_USER", "me")
    monkeypatch.setenv("ERGOSCOPE_MQTT_PASSWORD_FILE", str(tmp_path / "long"))
    with pytest.raises(ValueError, match="at most 65535 bytes, got 65536"):
        read_login()
    monkeypatch.setenv("ERGOSCOPE_MQTT_CA", str(tmp_path / "none.pem"))
    with pytest.raises(ValueError, match="PEM files"):
        tls_context()
