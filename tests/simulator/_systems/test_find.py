import subprocess
import sys
from pathlib import Path

import control
import numpy as np
import pytest

from ergoscope.simulator import LinearSystem, find_system, from_control, simulate, to_filterpy, zoo
from ergoscope.simulator._systems.find import is_recording

PLANT = "import control\nplant = control.ss([[0.5]], [[1]], [[1]], 0, 0.1)\n"


def test_names_are_accepted_wherever_a_system_is(tmp_path: Path) -> None:
    walk = zoo("random-walk")
    np.testing.assert_array_equal(simulate(0, "random-walk", 50).outputs, simulate(0, walk, 50).outputs)
    assert to_filterpy("random-walk").F.tolist() == walk.A.tolist()
    (tmp_path / "plant.toml").write_text("A = [[0.5]]\nC = [[1]]\nQ = [1]\nR = 1\n")
    for source in (tmp_path / "plant.toml", str(tmp_path / "plant.toml")):
        assert find_system(source).A.tolist() == [[0.5]]
        assert simulate(0, source, 5).outputs.shape == (1, 5, 1)
    (tmp_path / "plant.py").write_text(PLANT)
    assert from_control(f"{tmp_path / 'plant.py'}:plant", 1.0, 1.0).A.tolist() == [[0.5]]
    with pytest.raises(ValueError, match="did you mean 'random-walk'"):
        simulate(0, "random-wlk", 50)
    with pytest.raises(ValueError, match="FILE.py:NAME or MODULE:NAME of one, got 'random-walk'; find_system"):
        from_control("random-walk", 1.0, 1.0)
    with pytest.raises(ValueError, match="a LinearSystem needs no conversion"):
        from_control(walk, 1.0, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["nile.csv", "a.PARQUET", "runs/*.csv", "run?.csv"])
def test_a_recording_is_no_system_and_the_message_says_how_to_read_it(name: str) -> None:
    assert is_recording(name)
    with pytest.raises(ValueError, match="is a recording, not a system: read it with simulator.read_recording"):
        find_system(name)


def test_a_folder_beside_does_not_hide_a_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("random-walk", "data"):
        (tmp_path / folder).mkdir()
    assert not is_recording("random-walk") and find_system("random-walk").states == 1
    assert is_recording("./random-walk") and is_recording("data")
    with pytest.raises(ValueError, match="'data' is a recording"):
        find_system("data")


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("dt", [0, 0.1])
@pytest.mark.parametrize("word", ["A", "B", "C"])
def test_plants_of_infinite_numbers_are_refused(bad: float, dt: float, word: str) -> None:
    plant = control.ss([[0.5, 0], [0, 1]], [[1], [0]], [[1, 0]], 0, dt)
    getattr(plant, word)[0, 0] = bad
    with pytest.raises(ValueError, match=f"{word} of the plant must hold finite numbers"):
        from_control(plant, 1.0, 1.0, 0.1)


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_toml_nested_deep_is_refused(tmp_path: Path, brackets: str) -> None:
    file = tmp_path / "plant.toml"
    opening, closing = ("[", "]") if brackets == "[]" else ("{a=", "}")
    file.write_text(f"A = {opening * 3000}{'' if brackets == '[]' else 1}{closing * 3000}\nC = 1\nQ = 1\nR = 1\n")
    # How deep Python's reader goes depends on the recursion limit, which other packages raise.
    with pytest.raises(ValueError, match="nested too deep|A must be a matrix of numbers, got") as refused:
        find_system(str(file))
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise BaseException('no')", "failed: BaseException: no"),
        ("import sys\nsys.exit(3)", "failed: SystemExit: 3"),
        ("raise GeneratorExit", "failed: GeneratorExit"),
        ("class E(Exception):\n    def __str__(self):\n        raise E()\nraise E()", "its message cannot be shown"),
        ("def f():\n    return f()\nf()", "failed: RecursionError"),
        ("def __getattr__(name):\n    raise BaseException(name)", "failed: BaseException: plant"),
    ],
)
def test_whatever_a_plant_file_raises_is_a_value_error(tmp_path: Path, code: str, words: str) -> None:
    file = tmp_path / "plant.py"
    file.write_text(code + "\n")
    with pytest.raises(ValueError, match=words):
        find_system(f"{file}:plant", 1.0, 1.0)


def test_an_interruption_is_not_a_fault_of_the_code(tmp_path: Path) -> None:
    file = tmp_path / "plant.py"
    file.write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        find_system(f"{file}:plant")


def test_a_function_is_called_once_and_may_fail() -> None:
    assert find_system(lambda: LinearSystem([[0.5]], [[1.0]], 1.0, 1.0)).states == 1

    def failing() -> None:
        raise BaseException("no")

    with pytest.raises(ValueError, match="calling the plant failed: BaseException: no"):
        find_system(failing)


def test_a_system_needs_no_python_control() -> None:
    code = (
        "import sys; from ergoscope.simulator import LinearSystem, find_system, simulate; "
        "simulate(0, LinearSystem([[0.5]], [[1.0]], 1.0, 1.0), 5); simulate(0, 'random-walk', 5); "
        "assert not {'control', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
