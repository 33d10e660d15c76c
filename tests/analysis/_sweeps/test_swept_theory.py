"""The table of a sweep never contradicts exact theory."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ergoscope.analysis import locate, read_experiment, sweep, thresholds, write_report
from ergoscope.simulator import find_system

CHAIN = """A = [[1, 1, 0], [0, 1, 0], [0, 0, 1.03]]
C = [[1, 0, 1]]
Q = [1, 1, 1e-6]
R = 1
"""  # two unit roots and one of 1.03: two taps cancel the explosive one, and what is left grows late
EXPERIMENT = """[grid]
systems = ["chain.toml", "weak-tone", "nearer-unit-root", "random-walk", "drifting"]
learners = ["ladder"]
sizes = "0..5"
horizons = [600]
[options]
replicates = 32
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("swept")
    (folder / "chain.toml").write_text(CHAIN)
    (folder / "late.toml").write_text(EXPERIMENT)
    out = sweep(read_experiment(folder / "late.toml"), folder / "out")
    return folder, thresholds(out)


@pytest.mark.parametrize(
    ("system", "verdict", "size"),
    [
        ("chain.toml", "not visible yet", None),
        ("weak-tone", "not visible yet", None),
        ("nearer-unit-root", "not visible yet", None),
        ("random-walk", "located", 1),
    ],
)
def test_a_size_that_theory_denies_is_not_located(
    found: tuple[Path, pl.DataFrame], system: str, verdict: str, size: int | None
) -> None:
    (row,) = found[1].filter(pl.col("system") == system).to_dicts()
    assert (row["verdict"], row["critical_size"]) == (verdict, size), row["reason"]
    assert (row["low"] is None) == (size is None)


def test_the_reason_is_that_of_locate(found: tuple[Path, pl.DataFrame]) -> None:
    """The runs differ, so the size that looks bounded is compared, and when theory's size shows."""
    (row,) = found[1].filter(pl.col("system") == "chain.toml").to_dicts()
    alone = locate(find_system(str(found[0] / "chain.toml")), sizes=range(6), horizon=600, replicates=32)
    assert alone.verdict == "not visible yet" and row["reason"] == alone.reason
    assert "the error looks bounded from 2 on" in row["reason"] and "theory's 3" in row["reason"]


def test_a_system_that_varies_in_time_has_no_theory(found: tuple[Path, pl.DataFrame]) -> None:
    (row,) = found[1].filter(pl.col("system") == "drifting").to_dicts()
    assert "theory" not in row["reason"]


def test_the_page_counts_what_is_not_visible_yet(found: tuple[Path, pl.DataFrame]) -> None:
    page = write_report(found[0] / "out").read_text()
    assert page.count("not visible yet: 1") == 3


def test_a_part_of_the_folder_is_read_without_theory(found: tuple[Path, pl.DataFrame]) -> None:
    part = next((found[0] / "out").glob("system=chain*"))
    (row,) = thresholds(part).to_dicts()
    assert (row["verdict"], row["critical_size"]) == ("located", 2)
