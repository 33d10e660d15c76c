import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import control
import numpy as np
import pytest

from ergoscope.simulator import LinearSystem, find_system, from_control, read_system, zoo, zoo_names
from ergoscope.simulator._systems.read_system import system_of, table_of

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str, name: str = "plant.toml") -> str:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return str(file)

    return write


BASE = "A = [[1, 0.5], [0, 1]]\nC = [[1, 0]]\n"


def test_toml(write: Write) -> None:
    file = write(BASE + 'B = [[0], [2]]\nD = [[3]]\nQ = [[2, 1], [1, 2]]\nR = [[0.5]]\ndt = 0.25\nname = "cart"\n')
    system = read_system(file)
    wanted = dict(A=[[1, 0.5], [0, 1]], B=[[0], [2]], C=[[1, 0]], D=[[3]], Q=[[2, 1], [1, 2]], R=[[0.5]])
    for word, value in wanted.items():
        np.testing.assert_array_equal(getattr(system, word), value)
    assert (system.dt, system.name) == (0.25, "cart")


def test_toml_with_numbers_lists_and_covariances_from_outside(write: Write) -> None:
    file = write(BASE + "Q = [0, 4]\nR = 2\n")
    system = read_system(file)
    np.testing.assert_array_equal(system.Q, np.diag([0.0, 4.0]))
    np.testing.assert_array_equal(system.R, [[2.0]])
    assert (system.dt, system.name, system.inputs) == (1.0, "plant", 0)
    other = read_system(file, Q=3, R=[[7.0]])
    np.testing.assert_array_equal(other.Q, 3 * np.eye(2))
    np.testing.assert_array_equal(other.R, [[7.0]])
    np.testing.assert_array_equal(read_system(write(BASE), Q=1, R=1).Q, np.eye(2))


def test_a_system_as_plain_numbers_is_read_back_bit_for_bit() -> None:
    told = 0
    for name in zoo_names():
        system = zoo(name)
        if system.time_varying:
            with pytest.raises(ValueError, match="varies in time"):
                table_of(system)
            continue
        again = system_of(json.loads(json.dumps(table_of(system))), "it")
        assert all(getattr(again, word).tobytes() == getattr(system, word).tobytes() for word in "ABCDQR")
        assert all(getattr(again, word).shape == getattr(system, word).shape for word in "ABCDQR")
        assert (again.dt, again.name) == (system.dt, name)
        told += 1
    assert told > 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BASE, "Q, R missing"),
        ("Q = 1\nR = 1\n", "A, C missing"),
        (BASE + "Q = 1\nR = 1\nd = [[0]]\n", "'d' is not known; did you mean 'D'"),
        (BASE + "Q = 1\nR = 1\ndT = 0.1\n", "'dT' is not known; did you mean 'dt'"),
        (BASE + "Q = 1\nR = 1\n[plant]\nx = 1\n", "'plant' is not known"),
        (BASE + "Q = [1, 2, 3]\nR = 1\n", "Q must be a number, a list of 2 or a 2 x 2 matrix"),
        (BASE + "Q = [1, -2]\nR = 1\n", "Q must be positive semidefinite"),
        (BASE + 'Q = "one"\nR = 1\n', "Q must be a number.*'one'"),
        (BASE + "Q = [[1, 0], [1]]\nR = 1\n", "Q must be a number, a list .* or a matrix, got"),
        ("A = [[1, 0], [1]]\nC = [[1, 0]]\nQ = 1\nR = 1\n", "A must be a matrix of numbers"),
        (BASE + "Q = nan\nR = 1\n", "Q must hold finite numbers"),
        (BASE + "Q = 1\nR = 1\ndt = 0\n", "dt must be a positive number"),
        (BASE + 'Q = 1\nR = 1\ndt = "fast"\n', "dt must be a number of seconds, got 'fast'"),
        (BASE + "Q = 1\nR = 1\nname = 3\n", "name must be text"),
        ("A = [[1, 2, 3], [0, 1, 1]]\nC = [[1, 0]]\nQ = 1\nR = 1\n", "A must be square, got shape \\(2, 3\\)"),
        ("A = [[1, 2], [0, 1]]\nC = [[1]]\nQ = 1\nR = 1\n", "C must have shape \\(1, 2\\)"),
        ("A = [1, 2]\nC = [[1]]\nQ = 1\nR = 1\n", "A must be a matrix"),
        ("A = 1\nC = 1\nQ = 1\nR = 1\n", "A must be a matrix \\(rows in brackets"),
        ("A = [[1, 2\n", "cannot be read as TOML"),
        ("A = [[1]]\nA = [[1]]\n", "cannot be read as TOML"),
    ],
)
def test_toml_that_is_refused(write: Write, text: str, words: str) -> None:
    file = write(text)
    with pytest.raises(ValueError, match=words) as refused:
        read_system(file)
    assert file in str(refused.value)


def test_toml_that_is_not_there_or_no_text(write: Write, tmp_path: Path) -> None:
    file = write(BASE)
    with pytest.raises(FileNotFoundError, match=r"no file is called .*plnt\.toml'; did you mean 'plant\.toml'"):
        read_system(str(tmp_path / "plnt.toml"))
    Path(file).write_bytes(b"A = \xff")
    with pytest.raises(ValueError, match="cannot be read as TOML"):
        read_system(file)
    with pytest.raises(ValueError, match="has its own dt"):
        read_system(write(BASE), Q=1, R=1, dt=0.1)


MODULE = """
import control
import numpy as np
from ergoscope.simulator import LinearSystem
import beside

walk = LinearSystem(A=[[1.0]], C=[[1.0]], Q=[[beside.q]], R=[[1.0]], dt=0.5, name="walk")
sampled = control.ss([[0.9, 0.1], [0, 1]], [[0], [1]], [[1, 0]], 0, 0.1)
motor = control.tf([1], [1, 1, 0])
number = 3
def made(): return walk
def plant(): return motor
def needs(x): return walk
def fails():
    x = 1
    return x / 0
"""


def test_python_file(write: Write) -> None:
    write("q = 0.25\n", "beside.py")
    where = write(MODULE, "my plant.py")
    path = list(sys.path)
    for name in ("walk", "made"):
        system = read_system(f"{where}:{name}")
        np.testing.assert_array_equal(system.Q, [[0.25]])
        assert (system.dt, system.name) == (0.5, "walk")
    np.testing.assert_array_equal(read_system(f"{where}:walk", R=4).R, [[4.0]])
    system = read_system(f"{where}:sampled", Q=[1, 2], R=3)
    np.testing.assert_array_equal(system.Q, np.diag([1.0, 2.0]))
    assert (system.dt, system.name) == (0.1, "sampled")
    twin = from_control(control.tf([1], [1, 1, 0]), None, 2, 0.2, input_noise=1)
    for name in ("motor", "plant"):
        system = read_system(f"{where}:{name}", R=2, dt=0.2, input_noise=1)
        for word in "ABCDQR":
            np.testing.assert_array_equal(getattr(system, word), getattr(twin, word))
        assert system.name == name
    assert sys.path == path
    del sys.modules["beside"]


def test_python_file_that_is_refused(write: Write, tmp_path: Path) -> None:
    write("q = 0.25\n", "beside.py")
    where = write(MODULE, "p.py")
    for name, words in {
        "wlak": "has no 'wlak'; did you mean 'walk'",
        "number": "gives int; expected a LinearSystem",
        "sampled": "has no noise: give the covariances R",
        "needs": "calling .* failed: TypeError.*required positional argument",
        "fails": r"failed: ZeroDivisionError: division by zero \(.*p\.py, line 16\)",
    }.items():
        with pytest.raises(ValueError, match=words):
            read_system(f"{where}:{name}")
    with pytest.raises(ValueError, match="continuous: pass dt") as refused:
        read_system(f"{where}:motor", Q=1, R=1)
    assert f"{where}:motor" in str(refused.value)
    with pytest.raises(ValueError, match="sampled every 0.5 s: leave dt out"):
        read_system(f"{where}:walk", dt=1.0)
    del sys.modules["beside"]
    for text, words in {
        "x = (\n": "running .*bad.py failed: SyntaxError",
        "\n\nimport nothing_of_that_name\n": r"ModuleNotFoundError.*bad\.py, line 3",
        "\nimport sys; sys.exit(3)\n": r"SystemExit: 3 \(.*bad\.py, line 2\)",
    }.items():
        bad = write(text, "bad.py")
        with pytest.raises(ValueError, match=words):
            read_system(f"{bad}:x")
        assert not any(name.endswith("file_bad") for name in sys.modules)
    with pytest.raises(FileNotFoundError, match="no file is called"):
        read_system(f"{tmp_path / 'none.py'}:x")


def test_module(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("", "plants_of_test/__init__.py")
    write("import control\ntank = control.ss([[0.5]], [[1]], [[1]], 0, 2.0)\n", "plants_of_test/slow.py")
    assert read_system("plants_of_test.slow:tank", Q=1, R=1).dt == 2.0
    with pytest.raises(ValueError, match="importing plants_of_test.fast failed: ModuleNotFoundError"):
        read_system("plants_of_test.fast:tank", Q=1, R=1)
    with pytest.raises(ValueError, match="has no 'tnak'; did you mean 'tank'"):
        read_system("plants_of_test.slow:tnak")
    for name in [name for name in sys.modules if name.startswith("plants_of_test")]:
        del sys.modules[name]


@pytest.mark.parametrize("where", ["plant", "plant.py", "plant.py:", ":x", "plant.py:a.b", "plant.py:1"])
def test_words_that_name_no_system(where: str) -> None:
    with pytest.raises(ValueError, match=r"expected FILE\.toml, FILE\.py:NAME or MODULE:NAME"):
        read_system(where)
    with pytest.raises(ValueError, match="neither a Python file"):
        read_system("not a module:x")


def test_noise_at_the_input_of_a_file_and_of_a_linear_system(write: Write) -> None:
    where = write("A = [[0.5, 0], [0, 1]]\nB = [[2], [1]]\nC = [[1, 1]]\nR = 1\n", "plant.toml")
    np.testing.assert_array_equal(read_system(str(where), input_noise=3).Q, [[12.0, 6.0], [6.0, 3.0]])
    own = LinearSystem(A=[[0.5]], B=[[2.0]], C=[[1.0]], Q=0.0, R=1.0)
    np.testing.assert_array_equal(find_system(own, input_noise=3).Q, [[12.0]])
    bare = LinearSystem(A=[[0.5]], C=[[1.0]], Q=0.0, R=1.0)
    with pytest.raises(ValueError, match="needs a plant with inputs, and this one has none"):
        find_system(bare, input_noise=3)
    with pytest.raises(ValueError, match="has its own Q"):
        find_system("random-walk", input_noise=3)
    with pytest.raises(ValueError, match="both give the process noise"):
        find_system(own, Q=1, input_noise=3)
