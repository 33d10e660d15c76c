"""The functions that a user calls: their page runs, and a library that is missing has its command."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ergoscope.learners import river_forecaster, river_regressor, sklearn_regressor

PAGE = (Path(__file__).parents[3] / "docs" / "estimators.md").read_text(encoding="utf-8")


NEEDS = {
    "river_regressor": "RiverRegressor needs river>=0.23: pip install 'river>=0.23'",
    "river_forecaster": "RiverForecaster needs river>=0.23: pip install 'river>=0.23'",
    "sklearn_regressor": "SklearnRegressor needs scikit-learn>=1.6: pip install 'scikit-learn>=1.6'",
}


def test_a_library_that_is_missing_has_its_command() -> None:
    """And the rest of the room needs neither, ``import *`` included."""
    code = (
        "import sys; sys.modules['river'] = sys.modules['sklearn'] = None; from ergoscope.learners import *\n"
        f"for function in ({', '.join(NEEDS)}):\n"
        "    try: function()\n"
        "    except ModuleNotFoundError as exc: print(exc)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(NEEDS.values())


def test_the_libraries_are_not_imported_before_they_are_used() -> None:
    code = (
        "import sys; from ergoscope.learners import *\n"
        "Live('ladder').observe(1.0); print(sorted({'river', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_examples_of_the_page_run(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("river", reason="river is missing: pip install river")
    for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
        exec(compile(block, "docs/estimators.md", "exec"), {"__name__": "page"})
    error, forecasts, score, last = capsys.readouterr().out.splitlines()
    assert float(error.removeprefix("MAE: ")) < 0.1
    assert [float(value) for value in forecasts.strip("[]").split(",")] == pytest.approx([20, 21, 22], abs=0.01)
    assert float(score) > 0.999
    assert abs(float(last)) < 1e-3


@pytest.mark.parametrize("make", [river_regressor, river_forecaster, sklearn_regressor])
def test_a_learner_that_does_not_serve_is_refused_at_once(make: Callable[..., object]) -> None:
    pytest.importorskip("river" if "river" in make.__name__ else "sklearn")
    with pytest.raises(ValueError, match="no learner is called 'laddr'; did you mean 'ladder'"):
        make("laddr")
    with pytest.raises(ValueError, match="kalman needs to know the plant") as refused:
        make("kalman")
    assert "kalman," not in str(refused.value).partition("choose one of")[2]
    with pytest.raises(ValueError, match="size must be a whole number from 0 on, or None, got -1"):
        make("ladder", size=-1)
