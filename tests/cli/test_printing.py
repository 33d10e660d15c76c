"""The table of a location: what leads, which columns go, and what stands under it; on 80 columns."""

from __future__ import annotations

import numpy as np
import pytest
from rich.console import Console

from ergoscope.analysis import Location, locate
from ergoscope.cli._printing import _captions, _table
from ergoscope.simulator import simulate, zoo


def printed(location: Location) -> list[str]:
    console = Console(width=80, color_system=None)
    with console.capture() as shown:
        console.print(_table(location))
    return shown.get().splitlines()


@pytest.fixture(scope="module")
def single() -> Location:
    y = np.random.default_rng(0).standard_normal(400).cumsum()
    return locate(y, sizes=range(9), model=False)


def test_one_run_has_costs_and_no_growth(single: Location) -> None:
    head = printed(single)[2]
    assert "more error" in head and "95 % interval" in head and "vs prev." in head
    assert "growth" not in head and "verdict" not in head and "…" not in "".join(printed(single))
    assert single.advice is not None
    (row,) = [line for line in printed(single) if line.split()[:1] == [str(single.advice.size)]]
    assert "%" not in row  # the size that the others are compared with


def test_many_runs_have_both_and_fit_80_columns() -> None:
    found = locate(simulate(3, zoo("random-walk"), 1000, 16), sizes=range(4))
    lines = printed(found)
    assert all(word in lines[2] for word in ("growth", "verdict", "more error")) and "vs prev." not in lines[2]
    assert all(len(line) <= 80 for line in lines) and "…" not in "".join(lines)


def test_what_a_size_is_stands_under_the_table(single: Location) -> None:
    lines = _captions(single)
    assert lines[0] == "size: filter length: how many past samples of the output a forecast reads"
    assert single.advice is not None and lines[1].startswith(f"more error: than size {single.advice.size}")


@pytest.mark.parametrize(("inputs", "says"), [("zero", True), ("white", False)])
def test_a_plant_whose_inputs_are_zero_says_that_no_tap_reads_them(inputs: str, says: bool) -> None:
    found = locate("quadruple-tank", horizon=200, replicates=8, sizes=range(3), inputs=inputs)
    assert any(line.startswith("inputs: zero, so no tap reads them") for line in _captions(found)) == says
    assert found.settings["inputs_not_read"] == (2 if says else 0)
