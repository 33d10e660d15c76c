"""Run a page until it is cancelled: of a running service, or of the demo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from pathlib import Path

from .._mqtt.address import Address, read_streams
from .._sources.interfaces import Source
from .demo import LiveDemo
from .mqtt_monitor import LiveBoard
from .server import Page


async def show_page(
    where: str,
    opened: Callable[[str], None],
    port: int = 8000,
    host: str = "127.0.0.1",
    recording: Path | None = None,
    names: Collection[str] = (),
    source: Callable[[], Source] | None = None,
) -> None:
    """Show streams on a page until cancelled.

    Args:
        where: ``mqtt://host:1883/lab`` or ``lab/+`` for all streams of ``lab``, ``lab/plant1`` for one, or the topics
            that are learned.
        opened: Called with the address of the page.
        port, host, names: As for ``Page``.
        recording: Folder where all samples are recorded; None: they are not.
        source: As for ``LiveBoard``.

    Raises:
        ConnectionError: The port is in use, or the broker rejects the connection.
        ValueError: The address has another form, or a package of the page is missing.
    """
    address, board = read_streams(where), LiveBoard(recording, source)
    await board.listen(address)
    async with board, Page(board, port, host, recording=recording, names=names) as page:
        await _shown(page, board, opened)


async def show_demo(
    plant: str,
    noise: float,
    largest: int,
    started: Callable[[list[list[str]]], None],
    opened: Callable[[str], None],
    port: int = 8000,
    host: str = "127.0.0.1",
    recording: Path | None = None,
    names: Collection[str] = (),
) -> None:
    """Run the demo and its page until cancelled.

    Args:
        plant, noise, largest: As for ``LiveDemo``.
        started: Called with the commands, whenever they have started.
        opened, port, host, recording, names: As for ``show_page``.

    Raises:
        ConnectionError, ValueError: As ``show_page``, or a setting is not valid.
    """
    board = LiveBoard(recording)

    async def changed(address: Address) -> None:
        started(demo.commands)
        await board.listen(address)

    demo = LiveDemo(plant, noise, largest, changed)
    async with Page(board, port, host, demo, recording, names) as page, demo, board:
        await _shown(page, board, opened)


async def _shown(page: Page, board: LiveBoard, opened: Callable[[str], None]) -> None:
    opened(page.where)
    with contextlib.suppress(asyncio.CancelledError):
        await board.last()
