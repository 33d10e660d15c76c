"""Time contenders in turn within one run, and record the numbers with the machine.

This file does not import JAX: a benchmark of memory loads it alone.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

LOAD = round(os.getloadavg()[0], 1)  # before our own work adds to it
RESULTS = Path(__file__).parent / "results"
PACKAGES = ["ergoscope", "jax", "numpy", "scipy", "control"]
PACKAGES += ["padasip", "river", "filterpy", "statsmodels", "simdkalman", "dynamax", "torch", "networkx"]


class Contender(NamedTuple):
    """One way of doing the work."""

    run: Callable[[], object]
    units: float  # of work in one call; its time is given per unit
    ran: str  # that work in words


class Timed(NamedTuple):
    """Nanoseconds a unit of each contender, one entry a round."""

    wall: dict[str, list[float]]
    processor: dict[str, list[float]]  # of all cores; hardly feels other work on the machine


def words(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser of the command line that shows a file's docstring."""
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def count(text: str) -> int:
    """Read a whole number of at least 1, for argparse."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


count.__name__ = "number of at least 1"  # what argparse calls it: invalid number of at least 1 value


def share(text: str) -> float:
    """Read a number above 0 and at most 1, for argparse."""
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError
    return value


def peak() -> float:
    """Return the peak resident memory of this process in GiB."""
    import resource  # which Windows has not

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def interleaved(contenders: Mapping[str, Contender], rounds: int) -> Timed:
    """Run every contender once to compile and warm it, then all of them in turn, ``rounds`` times."""
    for contender in contenders.values():
        contender.run()
    timed = Timed({name: [] for name in contenders}, {name: [] for name in contenders})
    for _ in range(rounds):
        for name, (run, units, _) in contenders.items():
            start, start_processor = time.perf_counter(), time.process_time()
            run()
            timed.wall[name].append((time.perf_counter() - start) / units * 1e9)
            timed.processor[name].append((time.process_time() - start_processor) / units * 1e9)
    return timed


def ratio(slow: Sequence[Sequence[float]], fast: Sequence[float], per: float = 1.0) -> list[float]:
    """Return, round by round, the best of the slow times over ``per`` times the fast one."""
    return [min(values) / (quick * per) for *values, quick in zip(*slow, fast, strict=True)]


def rows(contenders: Mapping[str, Contender], timed: Timed, unit: str = "ns") -> list[dict[str, Any]]:
    """Return what ``write`` and ``show`` want to know of each contender."""
    return [
        dict(name=name, ran=contenders[name].ran, unit=unit, values=values, processor=timed.processor[name])
        for name, values in timed.wall.items()
    ]


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    known = [
        name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in facts.get("flags", "").split()
    ]
    return dict(
        processor=" ".join([facts.get("model name", platform.machine()), *known[:1]]),
        cores=os.cpu_count(),
        load=LOAD,
        python=platform.python_version(),
        versions={name: found for name in PACKAGES if (found := _version(name))},
    )


def write(name: str, record: Mapping[str, Any]) -> None:
    """Write ``benchmarks/results/NAME.json`` and say so."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    file.write_text(json.dumps(_short(record), indent=1) + "\n", encoding="utf-8")
    print(f"written: {file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}")


def show(record: Mapping[str, Any]) -> None:
    """Print the rows and ratios of a record."""
    for row in record["rows"]:
        spent = f"{figure(statistics.median(row['processor'])):>9s} of all cores" if row.get("processor") else ""
        print(f"{row['name']:58s} {spread(row['values'], row['unit']):34s} {spent}")
    for row in record["ratios"]:
        print(f"{row['name']:58s} {spread(row['values'])}{'  goal: ' + row['goal'] if row.get('goal') else ''}")
    for name, why in record.get("skipped", {}).items():
        print(f"skipped: {name}: {why}")


def spread(values: Sequence[float], unit: str = "") -> str:
    """Return the median and, of several rounds, the range."""
    median = f"{figure(statistics.median(values))} {unit}".rstrip()
    return median if len(values) == 1 else f"{median} ({figure(min(values))} to {figure(max(values))})"


def figure(value: float) -> str:
    """Return three digits of a number, whole from 100 on, its thousands apart."""
    return f"{value:.3g}" if abs(value) < 99.95 else f"{value:,.0f}".replace(",", " ")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _short(value: Any) -> Any:
    """Cut numbers to six digits: more would claim what no clock can tell."""
    if isinstance(value, Mapping):
        return {key: _short(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_short(inner) for inner in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
