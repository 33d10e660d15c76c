"""The live page in a browser: how far it is behind, what it costs the learner, and whether the browser's memory grows.

    python benchmarks/live.py [--seconds 300]

Runs ``ergoscope demo live`` (32 runs of a double integrator, 200 samples a second each, in messages of 20) and the page
in Chromium. Behind: seconds from the best moment's place in the stream to the one that the page shows. Memory: the
JavaScript heap after a collection, its slope by least squares over the second half, with the 95 % interval. Then the
processor time of the learner, with ten pages open and with none, in turn.
Written to benchmarks/results/live.json, and four moments of the first 40 seconds to docs/images/live.png.
"""

from __future__ import annotations

import io
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
ROUNDS = 3


def watched(page: Page, seconds: int) -> tuple[np.ndarray, np.ndarray, list[bytes], float]:
    """Return (time, samples shown of each run), (time, bytes of heap), the pictures, and when the size was found."""
    places, heap, pictures, found = [], [], [], float("nan")
    probe = page.context.new_cdp_session(page)
    begun = time.monotonic()
    while (now := time.monotonic() - begun) < seconds:
        shown: dict[str, Any] = page.evaluate(
            "newest && {samples: newest.streams.filter(one => one.name !== 'all').map(one => one.samples),"
            " size: document.getElementById('size').textContent}"
        )
        if shown and shown["samples"] and min(shown["samples"]):
            places.append((time.monotonic(), min(shown["samples"])))
        if shown and shown["size"] == "2" and np.isnan(found):
            found = now
        if len(pictures) < len(MOMENTS) and now >= MOMENTS[len(pictures)]:
            pictures.append(page.screenshot())
        if not heap or now - heap[-1][0] > 10:
            probe.send("HeapProfiler.collectGarbage")
            heap.append((now, probe.send("Runtime.getHeapUsage")["usedSize"]))
        page.wait_for_timeout(250)
    return np.array(places), np.array(heap), pictures, found


def slope(heap: np.ndarray) -> tuple[float, float, float]:
    """Return bytes a second, and the ends of the 95 % interval, of the second half."""
    x, y = heap[len(heap) // 2 :].T
    centred = x - x.mean()
    value = float(centred @ y / (centred @ centred))
    rest = y - y.mean() - value * centred
    error = np.sqrt(rest @ rest / (len(x) - 2) / (centred @ centred))
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
            places, heap, pictures, found = watched(page, given.seconds)
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
            dict(name="JavaScript heap", ran="first, last", unit="MB", values=[heap[0, 1] / 1e6, heap[-1, 1] / 1e6]),
            dict(name="heap grows, and 95 % interval", ran="second half", unit="bytes/s", values=list(slope(heap))),
        ],
        ratios=[
            dict(name="learner's processor time, ten pages open / none", values=[ten / none for none, ten in costs])
        ],
    )
    show(record)
    write("live", record)


if __name__ == "__main__":
    main()
