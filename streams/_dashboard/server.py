"""The live page: the frames of a board, sent to browsers four times a second; by default only to this machine.

Server-sent events: each page asks for one stream and is sent whole frames. A page that was away or is slow misses
nothing and never falls behind. A frame is made once for all pages of the same stream.
"""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import json
import socket
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

PERIOD = 0.25  # seconds from frame to frame
MOST_PAGES = 64
LONGEST_NAME = 256
LARGEST_BODY = 4096
_FILES = Path(__file__).with_name("page")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Shows(Protocol):
    """The source of the frames."""

    def frame(self, stream: str | None) -> dict[str, Any]:
        """Return everything that a page of a stream draws; None: of the first. KeyError: there is no such stream."""
        ...


class Demo(Protocol):
    """The settings that the page can change."""

    def offered(self) -> dict[str, Any]:
        """Return the choices and the present settings."""
        ...

    async def choose(self, wanted: dict[str, Any]) -> None:
        """Start again with other settings; ValueError: they are not valid."""
        ...


class Page:
    """Serves the page while the block runs.

    Args:
        board: Source of the frames.
        port: Port; 0: a free one.
        host: Address to listen on; by default only this machine can connect.
        demo: Settings that the page can change; None: none.
        recording: Folder of parts for download; None: there is none.
        names: Further names in addresses of the page. Requests to other names are rejected, because any website can
            give its own name the address of this machine.

    Attributes:
        where: Address of the page.

    Raises:
        ValueError: Starlette or uvicorn is missing, or the host is empty.
        ConnectionError: The port is in use.
    """

    def __init__(
        self,
        board: Shows,
        port: int = 8000,
        host: str = "127.0.0.1",
        demo: Demo | None = None,
        recording: Path | None = None,
        names: Collection[str] = (),
    ) -> None:
        if not host:
            raise ValueError("--host must name an address such as 127.0.0.1 or ::1, got an empty text.")
        try:
            self._uvicorn = importlib.import_module("uvicorn")
            importlib.import_module("starlette")
        except ImportError as exc:
            raise ValueError("the page needs starlette and uvicorn: in a checkout, pip install '.[page]'.") from exc
        self.board, self.demo, self.recording = board, demo, recording
        self.host, self.port = host, port
        self._names = {"localhost", host.lower(), *(name.lower() for name in names)}
        self._frames = _Frames(board)
        self._serving: asyncio.Task[None] | None = None

    @property
    def where(self) -> str:
        """Address of the page."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"

    async def __aenter__(self) -> Self:
        config = self._uvicorn.Config(
            self.app(), host=self.host, port=self.port, log_config=None, lifespan="off", timeout_graceful_shutdown=1,
            server_header=False, h11_max_incomplete_event_size=16_384,
        )  # fmt: skip
        self._server = self._uvicorn.Server(config)
        self._server.capture_signals = _no_signals  # run_streams handles them
        try:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            listening = socket.create_server((self.host, self.port), family=family)
        except OSError as exc:
            raise ConnectionError(
                f"cannot listen at {self.where}: {exc.strerror}. Choose another port or host."
            ) from None
        self.port = listening.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve([listening]), name="ergoscope-page")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.ended = True
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

    def app(self) -> Any:
        """Return the ASGI application."""
        from starlette.applications import Starlette
        from starlette.exceptions import HTTPException
        from starlette.middleware import Middleware
        from starlette.requests import Request
        from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
        from starlette.routing import Route

        async def index(request: Request) -> Response:
            return FileResponse(_FILES / "index.html", headers=_HEADERS)

        async def file(request: Request) -> Response:
            name = request.path_params["name"]
            if name not in {path.name for path in _FILES.iterdir()}:
                raise HTTPException(404, "there is no such file")
            return FileResponse(_FILES / name, headers=_HEADERS)

        async def recorded(request: Request) -> Response:
            parts = (
                {} if self.recording is None else {part.name: part for part in self.recording.glob("part-*.parquet")}
            )
            if "name" not in request.path_params:
                return JSONResponse(None if self.recording is None else sorted(parts), headers=_HEADERS)
            if request.path_params["name"] not in parts:
                raise HTTPException(404, "there is no such part")
            return FileResponse(parts[request.path_params["name"]], headers=_HEADERS)

        async def frames(request: Request) -> Response:
            stream = request.query_params.get("stream")
            if set(request.query_params) - {"stream"} or (stream is not None and len(stream) > LONGEST_NAME):
                raise HTTPException(400, "a page asks for frames?stream=NAME")
            try:
                self.board.frame(stream)
            except KeyError:
                raise HTTPException(404, "there is no such stream") from None
            if self._frames.pages >= MOST_PAGES:
                raise HTTPException(429, f"{MOST_PAGES} pages are open, and no more are served")
            return StreamingResponse(self._frames.events(stream), headers=_HEADERS, media_type="text/event-stream")

        async def offer(request: Request) -> Response:
            if request.method == "POST":
                if self.demo is None:
                    raise HTTPException(405, "nothing can be changed here")
                # Only this page may send JSON: for another site a browser asks first, and gets no permission.
                if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                    raise HTTPException(415, "the content type must be application/json")
                try:
                    await self.demo.choose(_object(await _body(request.stream())))
                except OverflowError:
                    # The rest is not read: the connection ends.
                    headers = {"Connection": "close"}
                    raise HTTPException(413, f"a request may have {LARGEST_BODY} bytes", headers) from None
                except ValueError as exc:
                    raise HTTPException(400, str(exc)) from None
            return JSONResponse(None if self.demo is None else self.demo.offered(), headers=_HEADERS)

        async def refused(request: Request, exc: Exception) -> Response:
            assert isinstance(exc, HTTPException)
            return PlainTextResponse(exc.detail, exc.status_code, headers=_HEADERS | dict(exc.headers or {}))

        return Starlette(
            routes=[
                Route("/", index),
                Route("/page/{name}", file),
                Route("/frames", frames),
                Route("/recording", recorded),
                Route("/recording/{name}", recorded),
                Route("/demo", offer, methods=["GET", "POST"]),
            ],
            middleware=[Middleware(_OwnNames, names=self._names)],
            exception_handlers={HTTPException: refused},
        )


class _OwnNames:
    """Rejects requests to names that are not the page's own; literal addresses are its own.

    A website cannot make a browser send a literal address as its host, so that this stops DNS rebinding.
    """

    def __init__(self, app: Any, names: set[str]) -> None:
        self.app, self.names = app, names

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            from starlette.datastructures import Headers
            from starlette.responses import PlainTextResponse

            name = _host_name(Headers(scope=scope).get("host", ""))
            if name not in self.names and not _is_address(name):
                text = f"the page is not called {name[:60]!a}: start it with --allow-host and this name"
                await PlainTextResponse(text, 400, headers=_HEADERS)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _host_name(header: str) -> str:
    """Return the name in a Host header, without the port and the brackets of IPv6."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _body(chunks: AsyncIterator[bytes]) -> bytes:
    """Return a request body; OverflowError: it is too long, and the rest is not read."""
    body = b""
    async for chunk in chunks:
        body += chunk
        if len(body) > LARGEST_BODY:
            raise OverflowError
    return body


class _Frames:
    """Frames as events, made once a period for each stream."""

    def __init__(self, board: Shows) -> None:
        self.board, self.pages, self.ended = board, 0, False
        self._made: dict[str | None, tuple[float, bytes]] = {}

    async def events(self, stream: str | None) -> AsyncIterator[bytes]:
        """Yield an event each period while the page is open."""
        self.pages += 1
        try:
            while not self.ended:
                try:
                    yield self._event(stream)
                except KeyError:  # it is not there any more
                    return
                await asyncio.sleep(PERIOD)
        finally:
            self.pages -= 1
            if not self.pages:
                self._made.clear()

    def _event(self, stream: str | None) -> bytes:
        now = asyncio.get_running_loop().time()
        made = self._made.get(stream)
        if made is None or now - made[0] > PERIOD / 2:
            record = json.dumps(self.board.frame(stream), separators=(",", ":"), allow_nan=False)
            made = self._made[stream] = now, f"data: {record}\n\n".encode()
        return made[1]


def _object(body: bytes) -> dict[str, Any]:
    try:
        wanted = json.loads(body)
    except (ValueError, RecursionError):
        wanted = None
    if not isinstance(wanted, dict):
        raise ValueError("the body must be a small JSON object")
    return wanted


@contextmanager
def _no_signals() -> Iterator[None]:
    yield
