"""The files of examples/mosquitto as shipped: who is let in, who may write what, and what is said to others."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ergoscope.learners import ladder
from ergoscope.streams import Service, connect, serve
from ergoscope.streams._connect import output_sink

SHIPPED = Path(__file__).resolve().parents[3] / "examples" / "mosquitto"
USERS = ("learner", "plant1", "plant2", "viewer")
PROGRAMS = ("openssl", "bash", "mosquitto_pub", "mosquitto_sub", "mosquitto_passwd")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)}: not installed"),
    # A handshake that fails leaves a socket to Python, which says so when it is collected.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped files, with certificates and passwords made as docs/security.md says."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
    subprocess.run(["./certificates.sh", "localhost", *USERS], cwd=folder, check=True, capture_output=True, timeout=60)
    (folder / "passwords").touch()
    for user in USERS:
        command = ["mosquitto_passwd", "-b", "passwords", user, f"secret of {user}"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=20)
    return folder


@pytest.fixture
def broker(lab: Path, mosquitto: Callable[..., Any]) -> Iterator[Any]:
    """A Mosquitto that runs the shipped files, at another port, and logs all; nothing else is changed in them."""
    lines = (lab / "mosquitto.conf").read_text()
    assert lines.count("\nlistener 8883\n") == 1
    stay = "user root\n" if os.geteuid() == 0 else ""  # else it would leave root, and the files of the test with it
    yield mosquitto(stay + "log_type all\n" + lines.replace("\nlistener 8883\n", "\n"), lab)
    gc.collect()


def client(lab: Path, port: int, user: str, program: str, *words: str) -> list[str]:
    """Return the command line of a client of Mosquitto's that is let in."""
    files = {name: str(lab / "certificates" / name) for name in ("ca.crt", f"{user}.crt", f"{user}.key")}
    shown = zip(("--cafile", "--cert", "--key"), files.values(), strict=True)
    given = ["-h", "localhost", "-p", str(port), "-u", user, "-P", f"secret of {user}"]
    return [program, *given, *(word for pair in shown for word in pair), *words]


def become(monkeypatch: pytest.MonkeyPatch, lab: Path, user: str, **other: str | None) -> None:
    """Set the environment to that of a user who is let in, but for what is given."""
    folder = lab / "certificates"
    known = dict(CA=folder / "ca.crt", CERT=folder / f"{user}.crt", KEY=folder / f"{user}.key")
    words = {word: str(path) for word, path in known.items()} | dict(USER=user, PASSWORD=f"secret of {user}")
    monkeypatch.delenv("ERGOSCOPE_MQTT_PASSWORD_FILE", raising=False)
    for word, value in (words | other).items():
        if value is None:
            monkeypatch.delenv(f"ERGOSCOPE_MQTT_{word}", raising=False)
        else:
            monkeypatch.setenv(f"ERGOSCOPE_MQTT_{word}", value)


def test_outside_clients_feed_a_learner_and_hear_it_and_nobody_writes_what_is_not_his(
    lab: Path, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    become(monkeypatch, lab, "learner")
    port, log = broker.port, broker.folder / "log"
    where, service = f"mqtts://localhost:{port}/lab/+", Service(lambda outputs, inputs: ladder(range(3)))
    walk = np.random.default_rng(0).standard_normal(300).cumsum()
    lines = "\n".join(json.dumps(dict(seq=k, y=y)) for k, y in enumerate(walk.tolist())).encode()

    def send(user: str, stream: str, payload: bytes) -> None:
        words = ["-t", f"lab/{stream}/data", "-q", "1", "-l"]
        subprocess.run(client(lab, port, user, "mosquitto_pub", *words), input=payload, check=True, timeout=30)

    async def main() -> None:
        learning = asyncio.create_task(serve(service, connect(where), output_sink(where, ["threshold"])))
        while "lab/+/data (QoS" not in log.read_text():  # until it hears
            await asyncio.sleep(0.01)
        for user, stream in (("plant2", "plant1"), ("viewer", "plant1"), ("viewer", "viewer"), ("learner", "learner")):
            await asyncio.to_thread(send, user, stream, b'{"seq": 0, "y": 1e9}')
        await asyncio.to_thread(send, "plant1", "plant1", lines)
        while service.samples < 300:
            await asyncio.sleep(0.01)
        learning.cancel()
        await learning

    asyncio.run(asyncio.wait_for(main(), 60))
    assert (
        list(service.counts) == ["plant1"] and service.counts["plant1"].taken == 300 and not service.rejections.counts
    )
    hear = client(lab, port, "viewer", "mosquitto_sub", "-C", "1", "-W", "20", "-t", "lab/plant1/ergoscope/threshold")
    told = json.loads(subprocess.run(hear, check=True, capture_output=True, timeout=30).stdout)
    assert told["samples"] == 300 and told["counts"]["taken"] == 300


WRONG: dict[str, tuple[dict[str, str | None], str, str]] = {
    "an authority unknown": (dict(CA=None), "localhost", "certificate verify failed.* set ERGOSCOPE_MQTT_CA"),
    "another authority": (dict(CA="other"), "localhost", "certificate verify failed.* set ERGOSCOPE_MQTT_CA"),
    "another name": ({}, "127.0.0.1", "a name of the broker that is in its certificate"),
    "a wrong password": (dict(PASSWORD="wrong"), "localhost", "Not authorized.* Set ERGOSCOPE_MQTT_USER"),
    "no user": (dict(USER=None, PASSWORD=None), "localhost", "Not authorized.* Set ERGOSCOPE_MQTT_USER"),
    "no certificate": (dict(CERT=None, KEY=None), "localhost", "set ERGOSCOPE_MQTT_CERT and ERGOSCOPE_MQTT_KEY"),
    "a certificate of another's": (
        dict(CERT="other", KEY="other"),
        "localhost",
        "does it trust the authority of ERGOSCOPE",
    ),
    "no TLS": ({}, "plain", "write mqtts://"),
}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority and a certificate that nobody knows."""
    folder = tmp_path_factory.mktemp("other")
    command = ["bash", str(SHIPPED / "certificates.sh"), "localhost", "learner"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return folder / "certificates"


@pytest.mark.parametrize("name", WRONG)
def test_who_is_not_let_in_is_told_what_to_do(
    name: str, lab: Path, other: Path, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, host, message = WRONG[name]
    files = dict(CA=str(other / "ca.crt"), CERT=str(other / "learner.crt"), KEY=str(other / "learner.key"))
    become(monkeypatch, lab, "learner", **{w: files[w] if value == "other" else value for w, value in changed.items()})
    monkeypatch.setattr(
        "ergoscope.streams._mqtt.connection.ANSWER", 1.0
    )  # a broker that closes the connection gives none
    given = "mqtt://localhost" if host == "plain" else f"mqtts://{host}"

    async def main() -> None:
        async with connect(f"{given}:{broker.port}/lab/+"):
            pass

    with pytest.raises(ConnectionError, match=message) as refused:
        asyncio.run(asyncio.wait_for(main(), 30))
    assert "secret" not in str(refused.value) and "wrong." not in str(refused.value)
