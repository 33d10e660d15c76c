"""The live page: what it answers, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from ergoscope.streams._dashboard.server import MOST_PAGES, Page


class Board:
    """Shows two streams, and counts how often it is asked."""

    asked = 0

    def frame(self, stream: str | None) -> dict[str, Any]:
        self.asked += 1
        if stream not in (None, "one", "two"):
            raise KeyError(stream)
        return dict(stream=stream or "one", asked=self.asked)


class Choices:
    def __init__(self) -> None:
        self.wanted: list[dict[str, Any]] = []

    def offered(self) -> dict[str, Any]:
        return dict(plants=["random-walk"])

    async def choose(self, wanted: dict[str, Any]) -> None:
        if wanted.get("largest") != 3:
            raise ValueError("largest must be 3.")
        self.wanted.append(wanted)


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(main, 60))


async def events(client: httpx.AsyncClient, url: str, number: int) -> list[dict[str, Any]]:
    came = []
    async with client.stream("GET", url) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line:
                came.append(json.loads(line.removeprefix("data: ")))
            if len(came) == number:
                return came
    return came


def test_a_page_is_told_frames_and_its_files_and_nothing_from_elsewhere() -> None:
    async def main() -> None:
        async with Page(Board(), 0) as page, httpx.AsyncClient(base_url=page.where) as client:
            index = await client.get("/")
            assert "<h1>Ergoscope</h1>" in index.text
            assert "default-src 'none'" in index.headers["content-security-policy"]
            assert "set-cookie" not in index.headers
            for name in ("page.js", "page.css", "uplot.js", "uplot.css", "uplot.LICENSE", "icon.svg"):
                assert (await client.get(f"/page/{name}")).status_code == 200
            for text in (
                index.text,
                (await client.get("/page/page.js")).text,
                (await client.get("/page/page.css")).text,
            ):
                assert "http:" not in text and "https:" not in text and "<style" not in text and "style=" not in text
            one = await events(client, "/frames", 2)
            two = await events(client, "/frames?stream=two", 1)
            assert [frame["stream"] for frame in one + two] == ["one", "one", "two"]

    run(main())


def test_what_is_no_page_gets_a_plain_answer() -> None:
    wrong = {
        "/nothing": 404, "/page/": 404,
         "/page/nothing.js": 404, "/page/..%2f_page.py": 404, "/frames?stream=three": 404,
        "/frames?stream=" + 300 * "a": 400, "/frames?other=1": 400,
        "/" + 8000 * "a": 404,
    }  # fmt: skip

    async def main() -> None:
        async with Page(Board(), 0) as page, httpx.AsyncClient(base_url=page.where) as client:
            for path, status in wrong.items():
                answer = await client.get(path)
                assert (answer.status_code, len(answer.text) < 100) == (status, True), path
                assert "Traceback" not in answer.text
            for method, path in (("POST", "/"), ("POST", "/demo"), ("DELETE", "/frames"), ("PUT", "/page/page.js")):
                assert (await client.request(method, path)).status_code == 405
            assert (await client.get("/", headers={"Host": "evil.example"})).status_code == 400
            assert (await client.get("/")).status_code == 200  # it still serves

    run(main())


def test_ten_pages_are_told_the_same_frames_and_too_many_are_sent_away() -> None:
    board = Board()

    async def main() -> None:
        limits = httpx.Limits(max_connections=None)
        async with Page(board, 0) as page, httpx.AsyncClient(base_url=page.where, limits=limits) as client:
            told = await asyncio.gather(*(events(client, "/frames", 3) for _ in range(10)))
            assert board.asked < 10 + 10 * 3  # each asks once whether there is such a stream
            assert all(len(frames) == 3 for frames in told)
            many = [asyncio.create_task(events(client, "/frames", 1000)) for _ in range(MOST_PAGES)]
            while page._frames.pages < MOST_PAGES:
                await asyncio.sleep(0.05)
            assert (await client.get("/frames")).status_code == 429
            for task in many:
                task.cancel()
            while page._frames.pages:
                await asyncio.sleep(0.05)
            assert len(await events(client, "/frames", 1)) == 1

    run(main())


def test_only_a_page_of_ours_changes_the_demo() -> None:
    choices = Choices()

    async def main() -> None:
        async with Page(Board(), 0, demo=choices) as page, httpx.AsyncClient(base_url=page.where) as client:
            assert (await client.get("/demo")).json() == dict(plants=["random-walk"])
            assert (await client.post("/demo", json=dict(largest=3))).status_code == 200
            refused = await client.post("/demo", json=dict(largest=4))
            assert (refused.status_code, refused.text) == (400, "largest must be 3.")
            for body in (b"", b"[]", b"nonsense", b"[" * 4000):
                answer = await client.post("/demo", content=body, headers={"Content-Type": "application/json"})
                assert answer.status_code == 400, body[:20]
            body = b'{"largest": 3}'
            for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""):
                assert (await client.post("/demo", content=body, headers={"Content-Type": kind})).status_code == 415
            json = {"Content-Type": "application/json; charset=utf-8"}
            assert (await client.post("/demo", content=body, headers=json)).status_code == 200

    run(main())
    assert choices.wanted == [dict(largest=3)] * 2


def test_parts_of_the_recording_can_be_fetched_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "part-000001.parquet").write_bytes(b"samples")
    (tmp_path / "password").write_bytes(b"secret")

    async def main() -> None:
        async with Page(Board(), 0, recording=tmp_path) as page, httpx.AsyncClient(base_url=page.where) as client:
            assert (await client.get("/recording")).json() == ["part-000001.parquet"]
            assert (await client.get("/recording/part-000001.parquet")).content == b"samples"
            for name in ("password", "part-000002.parquet", "..%2fpassword"):
                assert (await client.get(f"/recording/{name}")).status_code == 404
        async with Page(Board(), 0) as page, httpx.AsyncClient(base_url=page.where) as client:
            assert (await client.get("/recording")).json() is None

    run(main())


def test_a_port_in_use_is_said() -> None:
    async def main() -> None:
        async with Page(Board(), 0) as page:
            with pytest.raises(ConnectionError, match="already in use"):
                async with Page(Board(), page.port):
                    pass

    run(main())


def test_a_body_is_read_up_to_its_limit_and_no_further() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1 << 28:
            sent += 1 << 16
            yield bytes(1 << 16)

    async def main() -> None:
        async with Page(Board(), 0, demo=Choices()) as page, httpx.AsyncClient(base_url=page.where) as client:
            json = {"Content-Type": "application/json"}
            for content in (bytes(5000), endless()):
                try:
                    answer = await client.post("/demo", content=content, headers=json)
                    assert answer.status_code == 413
                except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
                    pass  # the server has closed the connection before all was sent
            assert (await client.get("/demo")).status_code == 200

    run(main())
    assert sent < 1 << 25


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_page_answers_to_its_own_names_alone(host: str) -> None:
    async def main() -> None:
        names = {
            "localhost": 200, "127.0.0.1": 200, "192.168.1.7": 200, "[::1]": 200, "plant.example": 200,
            "Plant.Example": 200, "evil.example": 400, "127.0.0.1.evil.example": 400, "": 400, "[evil]": 400,
        }  # fmt: skip
        async with Page(Board(), 0, host, names=["plant.example"]) as page, httpx.AsyncClient() as client:
            for name, status in names.items():
                url, header = f"http://127.0.0.1:{page.port}/", {"Host": f"{name}:{page.port}"}
                assert (await client.get(url, headers=header)).status_code == status, name

    run(main())


def test_a_page_is_at_an_address_of_ipv6_and_an_empty_one_is_refused() -> None:
    async def main() -> None:
        async with Page(Board(), 0, "::1") as page, httpx.AsyncClient(base_url=page.where) as client:
            assert page.where == f"http://[::1]:{page.port}/"
            assert (await client.get("/")).status_code == 200

    with pytest.raises(ValueError, match="must name an address"):
        Page(Board(), 0, "")
    if not socket.has_ipv6:
        pytest.skip("this system has no IPv6")
    try:
        run(main())
    except ConnectionError:
        pytest.skip("this system has no IPv6")
