"""Measure the live page: its delay, the processor time of the learner, and the memory of the browser.

    python benchmarks/live.py [--seconds 300]

Runs ``ergoscope demo live`` (32 runs of a double integrator, 200 samples a second each, in messages of 20) and the page
in Chromium. Delay, in the first minute: seconds from the newest sample to the sample that the page shows, above the
least. Memory, in the seconds after that: the size of a heap snapshot without the code that the browser compiles; its
least-squares slope with the 95 % interval. Then the processor time of the learner, with ten pages and with none, in
turn.
Written to benchmarks/results/live.json, and four moments of the first 40 seconds to docs/images/live.png.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from _clock import count, machine, show, words, write
from playwright.sync_api import Browser, Page, sync_playwright
from scipy.stats import t as student

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "live.png"
MOMENTS = (2, 4, 10, 40)  # seconds after the page was opened
PORT = 8765
RATE = 200.0
WHERE = f"http://127.0.0.1:{PORT}/"
MINUTE = 60.0
LOOKS = 20  # at the memory
ROUNDS = 3


def watched(page: Page) -> tuple[np.ndarray, list[bytes], float]:
    """Return (time, samples shown of each run), the pictures, and when the size was found."""
    places, pictures, found = [], [], float("nan")
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < MINUTE:
        shown: dict[str, Any] = page.evaluate(
            "newest && {samples: newest.streams.filter(one => one.name !== '*').map(one => one.samples),"
            " size: document.getElementById('size').textContent}"
        )
        if shown and shown["samples"] and min(shown["samples"]):
            places.append((time.monotonic(), min(shown["samples"])))
        if shown and shown["size"] == "2" and np.isnan(found):
            found = now
        if len(pictures) < len(MOMENTS) and now >= MOMENTS[len(pictures)]:
            pictures.append(page.screenshot())
        page.wait_for_timeout(250)
    return np.array(places), pictures, found


def held(page: Page, seconds: int) -> np.ndarray:
    """Return (time, bytes of data, bytes of compiled code) in the page's heap, after collections."""
    probe, looks, begun = page.context.new_cdp_session(page), [], time.monotonic()
    chunks: list[str] = []
    probe.on("HeapProfiler.addHeapSnapshotChunk", lambda event: chunks.append(event["chunk"]))
    for k in range(LOOKS):
        page.wait_for_timeout(max(k * seconds / (LOOKS - 1) - (time.monotonic() - begun), 0) * 1000)
        chunks.clear()
        probe.send("HeapProfiler.takeHeapSnapshot", dict(reportProgress=False))
        told = json.loads("".join(chunks))
        meta = told["snapshot"]["meta"]
        nodes = np.array(told["nodes"], np.int64).reshape(-1, len(meta["node_fields"]))
        kind, size = (nodes[:, meta["node_fields"].index(word)] for word in ("type", "self_size"))
        kinds = meta["node_types"][0]
        code, native = kind == kinds.index("code"), kind == kinds.index("native")
        looks.append((time.monotonic() - begun, size[~code & ~native].sum(), size[code].sum()))
    return np.array(looks, float)


def slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Return units a second, and the ends of the 95 % interval."""
    centered = x - x.mean()
    value = float(centered @ y / (centered @ centered))
    rest = y - y.mean() - value * centered
    error = np.sqrt(rest @ rest / (len(x) - 2) / (centered @ centered))
    reach = float(student.isf(0.025, len(x) - 2) * error)
    return value, value - reach, value + reach


def strip(pictures: list[bytes]) -> None:
    figure, axes = plt.subplots(2, 2, figsize=(11.0, 7.4), dpi=110)
    for axis, moment, picture in zip(np.ravel(axes), MOMENTS, pictures, strict=False):
        axis.imshow(plt.imread(io.BytesIO(picture)), interpolation="lanczos")
        axis.set_title(f"{moment} s", fontsize=11)
        axis.axis("off")
    figure.tight_layout(pad=0.8)
    figure.savefig(PICTURE)


def learner(demo: subprocess.Popen[str]) -> Path:
    """Return where Linux tells of the learner's process."""
    children = (Path("/proc") / str(demo.pid) / "task" / str(demo.pid) / "children").read_text().split()
    return next(
        Path("/proc") / pid for pid in children if b"\0learn\0" in (Path("/proc") / pid / "cmdline").read_bytes()
    )


def cost(program: Browser, process: Path, pages: int, seconds: float = 15.0) -> float:
    """Return seconds of processor that the learner takes a second, with so many pages open."""
    opened = [program.new_page() for _ in range(pages)]
    for page in opened:
        page.goto(WHERE)
    spent = []
    for _ in range(2):
        fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
        spent.append((time.monotonic(), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")))
        time.sleep(seconds * (len(spent) == 1))
    for page in opened:
        page.close()
    return (spent[1][1] - spent[0][1]) / (spent[1][0] - spent[0][0])


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--seconds", type=count, default=300)
    given = parser.parse_args()
    if shutil.which("chromium") is None:
        print("skipped: chromium is not installed")
        return
    command = [sys.executable, "-m", "ergoscope", "demo", "live", "--no-open", "--port", str(PORT)]
    demo = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert demo.stderr is not None
        if not any("the page is at" in line for line in demo.stderr):
            raise SystemExit("the demo has not started")
        with sync_playwright() as driver:
            program = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = program.new_page(viewport=dict(width=1280, height=800))
            page.goto(WHERE)
            places, pictures, found = watched(page)
            seconds, data, code = held(page, given.seconds).T
            page.close()
            costs = [(cost(program, learner(demo), 0), cost(program, learner(demo), 10)) for _ in range(ROUNDS)]
            program.close()
    finally:
        demo.terminate()
        demo.wait(60)
    strip(pictures)
    due = places[:, 0] * RATE - places[:, 1]
    behind = (due - due.min()) / RATE
    record = dict(
        title="The live page",
        command=f"python benchmarks/live.py --seconds {given.seconds}",
        work="32 streams, 200 samples a second each, 9 lengths, in messages of 20; one page in Chromium",
        machine=machine(),
        rows=[
            dict(name="until the page shows critical size 2", ran="once", unit="s", values=[found]),
            dict(name="page behind, median", ran=f"{len(behind)} looks", unit="s", values=[float(np.median(behind))]),
            dict(name="page behind, worst", ran=f"{len(behind)} looks", unit="s", values=[float(behind.max())]),
            dict(name="data in its heap", ran="first, last", unit="MB", values=[data[0] / 1e6, data[-1] / 1e6]),
            dict(
                name="data grows, and 95 % interval",
                ran=f"{LOOKS} looks",
                unit="bytes/s",
                values=[*slope(seconds, data)],
            ),
            dict(name="compiled code", ran="first, last", unit="MB", values=[code[0] / 1e6, code[-1] / 1e6]),
        ],
        ratios=[
            dict(name="learner's processor time, ten pages open / none", values=[ten / none for none, ten in costs])
        ],
    )
    show(record)
    write("live", record)


if __name__ == "__main__":
    main()
