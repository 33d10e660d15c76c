"""The live page: what a board shows, told to browsers a few times a second; for this machine alone by default.

Server-sent events: each page asks for one stream and is sent whole frames, so one that was away or is slow has missed
nothing, and never falls behind. A frame is made once for all pages that look at the same stream.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
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
    """What a page shows."""

    def frame(self, stream: str | None) -> dict[str, Any]:
        """Return all that a page of this stream draws; of the first one where None. KeyError: there is no such one."""
        ...


class Demo(Protocol):
    """What a presenter may change from the page."""

    def offered(self) -> dict[str, Any]:
        """Return the choices and what is chosen."""
        ...

    async def choose(self, wanted: dict[str, Any]) -> None:
        """Start anew with what is wanted; ValueError: it cannot be had."""
        ...


class Page:
    """Serves the page while the block runs.

    Args:
        board: What is shown.
        port: To listen at; 0 takes a free one.
        host: To listen at; by default this machine alone can reach it.
        demo: What may be changed; None: nothing.
        recording: Folder whose parts may be fetched; None: there is none.

    Attributes:
        where: Address of the page.

    Raises:
        ValueError: Starlette or uvicorn is missing.
        ConnectionError: The port is in use.
    """

    def __init__(
        self,
        board: Shows,
        port: int = 8000,
        host: str = "127.0.0.1",
        demo: Demo | None = None,
        recording: Path | None = None,
    ) -> None:
        try:
            self._uvicorn = importlib.import_module("uvicorn")
            importlib.import_module("starlette")
        except ImportError as exc:
            raise ValueError("the page is an extra: pip install 'ergoscope[page]'.") from exc
        self.board, self.demo, self.recording = board, demo, recording
        self.host, self.port = host, port
        self._frames = _Frames(board)
        self._serving: asyncio.Task[None] | None = None

    @property
    def where(self) -> str:
        """Address of the page."""
        return f"http://{self.host}:{self.port}/"

    async def __aenter__(self) -> Self:
        config = self._uvicorn.Config(
            self.app(), host=self.host, port=self.port, log_config=None, lifespan="off", timeout_graceful_shutdown=1,
            server_header=False, h11_max_incomplete_event_size=16_384,
        )  # fmt: skip
        self._server = self._uvicorn.Server(config)
        self._server.capture_signals = _no_signals  # the command hears them
        try:
            listening = socket.create_server((self.host, self.port))
        except OSError as exc:
            raise ConnectionError(f"nothing can listen at {self.where}: {exc.strerror}. Choose another port.") from None
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
        from starlette.middleware.trustedhost import TrustedHostMiddleware
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
            return StreamingResponse(self._frames.told(stream), headers=_HEADERS, media_type="text/event-stream")

        async def offer(request: Request) -> Response:
            if request.method == "POST":
                if self.demo is None:
                    raise HTTPException(405, "nothing can be changed here")
                # Only a page of ours sends JSON: others would have to ask first, and are not answered.
                body = await request.body()
                if request.headers.get("content-type") != "application/json" or len(body) > LARGEST_BODY:
                    raise HTTPException(400, "a small JSON object is wanted")
                try:
                    await self.demo.choose(_object(body))
                except ValueError as exc:
                    raise HTTPException(400, str(exc)) from None
            return JSONResponse(None if self.demo is None else self.demo.offered(), headers=_HEADERS)

        async def refused(request: Request, exc: Exception) -> Response:
            assert isinstance(exc, HTTPException)
            return PlainTextResponse(exc.detail, exc.status_code, headers=_HEADERS | dict(exc.headers or {}))

        hosts = ["127.0.0.1", "localhost", "[::1]", self.host] if self.host not in ("0.0.0.0", "::") else ["*"]
        return Starlette(
            routes=[
                Route("/", index),
                Route("/page/{name}", file),
                Route("/frames", frames),
                Route("/recording", recorded),
                Route("/recording/{name}", recorded),
                Route("/demo", offer, methods=["GET", "POST"]),
            ],
            # Names that others point at this machine are not answered to.
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
            exception_handlers={HTTPException: refused},
        )


class _Frames:
    """Frames as events, made once a period for each stream that is looked at."""

    def __init__(self, board: Shows) -> None:
        self.board, self.pages, self.ended = board, 0, False
        self._made: dict[str | None, tuple[float, bytes]] = {}

    async def told(self, stream: str | None) -> AsyncIterator[bytes]:
        """Yield an event each period for as long as the page listens."""
        self.pages += 1
        try:
            while not self.ended:
                try:
                    yield self._event(stream)
                except KeyError:  # it has been forgotten since
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
        raise ValueError("a small JSON object is wanted")
    return wanted


@contextmanager
def _no_signals() -> Iterator[None]:
    yield
