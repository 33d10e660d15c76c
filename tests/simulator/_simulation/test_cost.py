"""Simulations that fit neither into memory nor onto the disk are refused before anything is drawn."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path

import pytest

from ergoscope.simulator import Missing, simulate, simulate_chunks, simulate_to_file, zoo
from ergoscope.simulator._simulation import cost

WALK = zoo("random-walk")
Usage = namedtuple("Usage", "total used free")


def test_runs_that_do_not_fit_are_refused_with_the_number_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost, "free_memory", lambda: 10**6)
    most = 10**6 // (3 * 8 * 10 * 2)  # ten samples of one output and one state, in three copies of 8 bytes
    cost.check_block(zoo("random-walk"), 10, most)
    with pytest.raises(ValueError, match=rf"{most + 1} replicates need .* GiB are free: try at most {most}\."):
        cost.check_block(zoo("random-walk"), 10, most + 1)


@pytest.mark.parametrize("replicates", [10**11, 2**32, 10**30])
def test_no_simulation_begins_with_too_many_runs(replicates: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="replicates need"):
        simulate(0, zoo("random-walk"), 10, replicates)
    with pytest.raises(ValueError, match="replicates need"):
        simulate_chunks(0, zoo("random-walk"), 10, replicates)
    with pytest.raises(ValueError, match="GiB"):
        simulate_to_file(tmp_path / "data.parquet", 0, zoo("random-walk"), 10, replicates)
    assert not list(tmp_path.iterdir())


def test_a_file_larger_than_the_disk_is_refused_with_the_steps_that_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost.shutil, "disk_usage", lambda folder: Usage(0, 0, 16_000))
    simulate_to_file(tmp_path / "data.parquet", 0, zoo("random-walk"), 1000, 1)
    with pytest.raises(ValueError, match=r"2 runs of 501 samples are a file of .*: try at most 500 steps\."):
        simulate_to_file(tmp_path / "more.parquet", 0, zoo("random-walk"), 501, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["data.parquet"]


@pytest.mark.parametrize("steps", [2**53 + 1, 10**18, 10**30])
def test_steps_beyond_what_a_table_numbers_are_refused_with_the_time(steps: int) -> None:
    with pytest.raises(ValueError, match="steps would take at least .* (days|years): try at most 2.53"):
        simulate_chunks(0, WALK, steps)


@pytest.mark.parametrize(("steps", "replicates"), [(10**10, 10), (10**12, 1), (10**30, 1)])
def test_what_does_not_fit_into_memory_names_the_remedy(tmp_path: Path, steps: int, replicates: int) -> None:
    with pytest.raises(ValueError, match="steps need .* GiB.* use simulate_chunks or simulate_to_file"):
        simulate(0, WALK, steps, replicates)
    with pytest.raises(ValueError, match="GiB"):
        simulate_to_file(tmp_path / "a.parquet", 0, WALK, 100 * steps, replicates)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("burst", [0, 2**31, 10**12])
def test_a_burst_beyond_the_counter_is_refused(burst: int) -> None:
    with pytest.raises(ValueError, match="a burst of 1 to 2147483647 samples"):
        simulate(0, zoo("random-walk"), 10, missing=Missing(0.5, burst))
