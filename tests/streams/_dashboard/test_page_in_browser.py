"""The live page as a browser shows it: a threshold emerges, without an error, at every size, and by keyboard alone."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from ergoscope.learners._catalogue import named_learner
from ergoscope.simulator import simulate, zoo
from ergoscope.streams import MemorySink, MemorySource, Service, play, serve
from ergoscope.streams._dashboard.board import Board
from ergoscope.streams._dashboard.server import Page
from ergoscope.streams._messages.metadata import plant
from ergoscope.streams._messages.output_json import output_messages
from ergoscope.streams._mqtt.address import read_address

playwright = pytest.importorskip("playwright.async_api")
playwright.expect.set_options(timeout=60_000)
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
RUNS, STEPS, NOW = 16, 600, 1.0


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(main, 120))


@pytest.fixture(scope="module")
def messages() -> list[tuple[str, bytes]]:
    """What a learner says of runs of a double integrator, as topics and payloads."""
    service, sink = Service(named_learner(None, range(5)), together=True, bands=0.95), MemorySink[Any]()
    system = zoo("double-integrator")
    played = play(simulate(1, system, STEPS, RUNS), block=20)
    known = [plant(name, system) for name in played.names]
    asyncio.run(serve(service, MemorySource([*known, *played._observations()]), sink))
    topics = []
    for said in sink.sent:
        name = said.stream
        topics += [(f"lab/{name}/ergoscope/{kind}", payload) for kind, payload in output_messages(said)]
    return topics


@asynccontextmanager
async def browser(errors: list[str], **size: Any) -> AsyncIterator[Any]:
    async with playwright.async_playwright() as driver:
        program = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = await (await program.new_context(**size)).new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(60_000)
        yield page
        await program.close()


def new_board() -> Board:
    return Board(read_address("mqtt://localhost/lab/+"), lambda: NOW)


def test_a_threshold_emerges_and_the_keyboard_is_enough(messages: list[tuple[str, bytes]]) -> None:
    errors: list[str] = []
    board, told = new_board(), dict(messages)
    advised = json.loads(
        told[f"lab/{min(topic.split('/')[1] for topic in told if '*' not in topic)}/ergoscope/threshold"]
    )
    advised = advised["advice"]["size"]

    async def main() -> None:
        async with Page(board, 0) as served, browser(errors, viewport=dict(width=1280, height=800)) as page:
            await page.goto(served.where)
            assert await page.text_content("#verdict") == "undecided"
            for topic, payload in messages:
                board.hear(topic, payload, NOW)
            await playwright.expect(page.locator("#size")).to_have_text("2")
            assert "The critical filter length is 2" in (await page.text_content("#sentence"))
            assert await page.locator("figure canvas").count() == 4
            assert await page.locator("#streams button").count() == RUNS + 1
            assert "dashed: grows; solid: stops" in (await page.text_content("#growth figcaption"))
            assert "over the Kalman predictor of the plant" in (await page.text_content("#regret figcaption"))

            await page.keyboard.press("p")
            assert await page.get_attribute("#pause", "aria-pressed") == "true"
            await page.keyboard.press("p")
            await page.focus("#streams li:nth-child(2) button")
            await page.keyboard.press("Enter")
            await playwright.expect(page.locator("[aria-current] span")).not_to_have_text("all together")
            await playwright.expect(page.locator("#verdict")).to_have_text(
                f"use size {advised}; critical size undecided"
            )
            await playwright.expect(page.locator("#size")).to_have_text(str(advised))
            assert f"use filter length {advised}" in (await page.text_content("#sentence"))
            assert "cannot show whether" in (await page.text_content("#sentence"))  # one run
            assert "The bands for 95 % have covered" in (await page.text_content("#sentence"))
            assert "grey: its 95 % band, made with it" in (await page.text_content("#signal figcaption"))
        assert not errors

    run(main())


def test_a_verdict_of_at_most_names_its_size(messages: list[tuple[str, bytes]]) -> None:
    board, errors = new_board(), list[str]()
    for topic, payload in messages:
        if topic.endswith("/threshold"):
            payload = json.dumps(json.loads(payload) | dict(critical_size=None, verdict="at most", bounded=3)).encode()
        board.hear(topic, payload, NOW)

    async def main() -> None:
        async with Page(board, 0) as served, browser(errors, viewport=dict(width=1280, height=800)) as page:
            await page.goto(served.where)
            await playwright.expect(page.locator("#verdict")).to_contain_text("; critical size at most 3")
            await playwright.expect(page.locator("#streams button b").first).to_have_text("\u22643")
        assert not errors

    run(main())


def test_it_fits_a_phone_and_a_projector_and_says_when_its_server_is_gone(messages: list[tuple[str, bytes]]) -> None:
    board, errors = new_board(), list[str]()

    async def main() -> None:
        for topic, payload in messages:
            board.hear(topic, payload, NOW)
        async with browser(errors, viewport=dict(width=390, height=844), color_scheme="dark") as page:
            async with Page(board, 0) as served:
                await page.goto(served.where)
                await page.wait_for_selector("figure#regret canvas")
                for width, height in ((390, 844), (1920, 1080)):
                    await page.set_viewport_size(dict(width=width, height=height))
                    for _ in range(100):  # until it is drawn anew
                        drawn = await page.locator("figure canvas").evaluate_all(
                            "all => all.map(one => one.clientWidth)"
                        )
                        if fits := all(width / 4 < one < width for one in drawn):
                            break
                        await page.wait_for_timeout(100)
                    assert fits and await page.evaluate("document.documentElement.scrollWidth") <= width
                assert not errors
            await playwright.expect(page.locator("#link")).to_contain_text("is gone")
            async with Page(board, served.port):
                await playwright.expect(page.locator("#link")).to_contain_text("live from")
                await page.goto(f"{served.where}?stream=nobody")  # it is shown another one
                await playwright.expect(page.locator("#size")).to_have_text("2")

    run(main())


def test_the_page_draws_any_frame(
    request: pytest.FixtureRequest, random_board: Callable[[np.random.Generator], Board]
) -> None:
    """Frames of random boards, and of a stream that never sends a number; the long form has 6000 boards."""
    errors: list[str] = []
    rng, count = np.random.default_rng(0), 6000 if request.config.getoption("--campaign") else 150
    mute = new_board()
    for k in range(20):
        mute.hear("lab/mute/ergoscope/error", b'{"epoch":1,"seq":%d,"y":null,"error":[null,null]}' % k, NOW)

    async def main() -> None:
        async with Page(new_board(), 0) as served, browser(errors, viewport=dict(width=800, height=600)) as page:
            await page.goto(served.where)
            await page.evaluate("paused = false; source.close()")
            for _ in range(0, count, 50):
                boards = [mute, *(random_board(rng) for _ in range(50))]
                frames = [board.frame(name) for board in boards for name in (None, *board._streams)]
                shown = await page.evaluate(
                    "frames => frames.map(one => { newest = one; show(); return at('streams').children.length; })",
                    frames,
                )
                assert shown == [len(frame["streams"]) for frame in frames]
        assert not errors

    asyncio.run(asyncio.wait_for(main(), 3000))
