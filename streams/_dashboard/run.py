"""A page until it is told to end: of a running service, or of a demo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from .._mqtt.address import Address, read_address
from .demo import LiveDemo
from .mqtt_monitor import LiveBoard
from .server import Page


async def show_page(
    where: str,
    opened: Callable[[str], None],
    port: int = 8000,
    host: str = "127.0.0.1",
    recording: Path | None = None,
) -> None:
    """Show streams on a page until cancelled.

    Args:
        where: ``mqtt://host:1883/lab`` or ``lab/+`` for all of ``lab``, ``lab/plant1`` for one.
        opened: Called with the address of the page.
        port, host: Where the page is.
        recording: Folder where all samples are recorded, too.

    Raises:
        ConnectionError: The port is in use, or the broker does not let us in.
        ValueError: It is no such address, or what serves pages is missing.
    """
    address, board = read_address(where), LiveBoard(recording)
    await board.listen(address)
    async with board, Page(board, port, host, recording=recording) as page:
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
) -> None:
    """Run the demo and its page until cancelled.

    Args:
        plant, noise, largest: As for ``LiveDemo``.
        started: Called with the commands that run, whenever they have started anew.
        opened, port, host, recording: As for ``show_page``.

    Raises:
        ConnectionError, ValueError: As ``show_page``, and where a choice is none.
    """
    board = LiveBoard(recording)

    async def changed(address: Address) -> None:
        started(demo.commands)
        await board.listen(address)

    demo = LiveDemo(plant, noise, largest, changed)
    async with Page(board, port, host, demo, recording) as page, demo, board:
        await _shown(page, board, opened)


async def _shown(page: Page, board: LiveBoard, opened: Callable[[str], None]) -> None:
    opened(page.where)
    with contextlib.suppress(asyncio.CancelledError):
        await board.last()
