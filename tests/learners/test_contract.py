"""The types of the contract: mypy accepts a learner whose functions share one state, and refuses every other."""

from __future__ import annotations

from pathlib import Path

import pytest

from ergoscope.learners import learner_names

ROOT = Path(__file__).parents[2]
CONFIGURATION = f"""[mypy]
mypy_path = {ROOT / "typings"}
strict = True
follow_imports = skip
disallow_subclassing_any = False
disallow_any_unimported = False
[mypy-ergoscope.learners._base]
follow_imports = silent
[mypy-typing_extensions]
follow_imports = normal
"""
LEARNER = """from __future__ import annotations
from typing import Any, NamedTuple
from jaxtyping import Array
from ergoscope.learners._base import Learner

class Mine(NamedTuple):
    level: Array
class Other(NamedTuple):
    level: Array

def factory() -> Learner[Mine]:
    def init(outputs: int, inputs: int, lanes: int, dtype: Any) -> Mine:
        raise NotImplementedError
    def predict(state: Mine, inputs: Array) -> Array:
        raise NotImplementedError
    def update(state: Mine, output: Array, input: Array, observed: Array) -> Mine:
        raise NotImplementedError
    def variance(state: Mine) -> Array:
        raise NotImplementedError
    return Learner("mine", init, predict, update, (1,), (0,), variance=variance)

def everybody(learner: Learner) -> Learner:
    return learner
everybody(factory())
"""
WRONG = {
    "init returns another state": ("dtype: Any) -> Mine", "dtype: Any) -> Other", "Argument 2"),
    "predict takes another state": ("predict(state: Mine", "predict(state: Other", "Argument 3"),
    "predict takes no inputs": ("predict(state: Mine, inputs: Array)", "predict(state: Mine)", "Argument 3"),
    "update takes another state": ("update(state: Mine", "update(state: Other", "Argument 4"),
    "update returns another state": ("observed: Array) -> Mine", "observed: Array) -> Other", "Argument 4"),
    "update takes no flags": (", observed: Array)", ")", "Argument 4"),
    "variance takes another state": ("variance(state: Mine", "variance(state: Other", 'Argument "variance"'),
    "the factory promises another state": ("-> Learner[Mine]", "-> Learner[Other]", "Argument 2"),
}


def complaints(code: str, folder: Path) -> str:
    api = pytest.importorskip("mypy.api", reason="mypy is in the extra check")
    (folder / "mypy.ini").write_text(CONFIGURATION)
    (folder / "mine.py").write_text(code)
    where = ["--config-file", str(folder / "mypy.ini"), "--cache-dir", str(folder / "cache"), str(folder / "mine.py")]
    report: str = api.run(where)[0]
    return report


def test_a_learner_whose_functions_share_one_state_is_accepted(tmp_path: Path) -> None:
    assert complaints(LEARNER, tmp_path).startswith("Success")


@pytest.mark.parametrize("fault", WRONG)
def test_a_learner_whose_functions_do_not_fit_is_refused(fault: str, tmp_path: Path) -> None:
    right, wrong, place = WRONG[fault]
    assert LEARNER.count(right) == 1
    report = complaints(LEARNER.replace(right, wrong), tmp_path)
    assert f'{place} to "Learner" has incompatible type' in report, report


@pytest.mark.parametrize("name", learner_names())
def test_every_factory_names_its_state(name: str) -> None:
    returned = str(learner_names()[name].make.__annotations__["return"])
    assert "Learner[" in returned and returned != "Learner[Any]"
