"""External predictors: their forecasts, their failures, and what they cannot do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ergoscope.learners import Outcome, ladder, open_predictor, replay
from ergoscope.simulator import Trajectories

EXAMPLES = Path(__file__).parents[3] / "examples"
FILE = '''
import contextlib, ctypes, gc, os, random, subprocess, sys, time
import numpy as np

class Last:
    """The last value seen of each output, plus the sum of the inputs then."""
    parameters = 3
    def __init__(self, outputs=1, inputs=0, dt=0.0):
        self.forecast, self.calls, self.shape = np.zeros(outputs), 0, (outputs, inputs, dt)
    def predict(self):
        return self.forecast
    def update(self, y, u):
        assert y.shape == (self.shape[0],) and u.shape == (self.shape[1],) and self.shape[2] == 0.5
        self.forecast, self.calls = np.where(np.isnan(y), self.forecast, y) + u.sum(), self.calls + 1
        assert y.base is None and u.base is None
        y[:], u[:] = 7.0, 7.0  # they are its own

class Wide(Last):
    def variance(self):
        return None if self.calls == 2 else np.diag(1.0 + np.arange(self.shape[0])) + 0.5

def factory(outputs, inputs, dt, more=1):
    return Last(outputs, inputs, dt)

whole = Last(2, 1, 0.5)

held = [0.0, 0.0]
def predict():
    return held
def update(y, u):
    held[:] = [last if np.isnan(new) else new for last, new in zip(held, y)]
    held[:] = [value + u.sum() for value in held]
pair = (predict, update)

seven, empty = 7, object()
def nothing(): return None
def needs(gain): return Last()
class Keyless:
    def predict(self, x): return x
    def update(self, y, u): pass
class Short:
    def predict(self): return 0.0
    def update(self, y): pass
def broken(): return 1 / 0
def observing():
    import control
    return control.ss(0.5, [[1.0]], 1.0, 0.0, dt=1)
def __getattr__(name):  # imported only where it is asked for
    if name == "observer":
        return observing()
    if name == "filtered":
        from filterpy.kalman import KalmanFilter
        return KalmanFilter(dim_x=1, dim_z=1)
    raise AttributeError(name)

class Counts:
    def __init__(self, outputs):
        self.calls = 0
    def predict(self):
        return 0.0
    def update(self, y, u):
        self.calls += 1
        if self.calls == 30:
            self.fail()
class Raises(Counts):
    def fail(self): raise KeyError("lost")
class Leaves(Counts):
    def fail(self): sys.exit("bye")
class Ends(Counts):
    def fail(self):
        print("out of luck", file=sys.stderr)
        os._exit(3)
class Abandons(Counts):
    def fail(self): raise BaseException("enough")
class Colours(Counts):
    def fail(self): raise ValueError("\\x1b[2J\\x07 red")
class Crashes(Counts):
    def fail(self): os.kill(os.getpid(), 11)
class Interrupts(Counts):
    def fail(self): raise KeyboardInterrupt("no more")
class Stalls(Counts):
    def fail(self): time.sleep(100)
class HoldsTheInterpreter(Counts):
    def fail(self): ctypes.PyDLL(None).sleep(100)
class Switches(Counts):
    answer = None
    def fail(self): self.predict = lambda: self.answer
class Wrong(Switches): answer = [1.0, 2.0]
class Silent(Switches): answer = None
class Wordy(Switches): answer = "1.0"
class Huge(Switches): answer = np.zeros(10**7)
class Undefined(Switches): answer = float("nan")
class Infinite(Switches): answer = np.array([np.inf])
class Negative(Counts):
    spread = 1.0
    def variance(self): return self.spread
    def fail(self): self.spread = -1.0
class Two(Counts):
    def __init__(self, outputs): raise ValueError("two outputs, no more")
class Many(Counts):
    parameters = "many"
class Stray(Counts):
    def __init__(self, outputs): self.update = 5
    def predict(self): return 0.0

class Loud(Last):
    def update(self, y, u):
        print("heard", y)
        sys.stdout.buffer.write(b"{}")
        os.write(1, b"[1.0]" * 1000)
        subprocess.run(["echo", "hello"])
        assert sys.stdin.readline() == ""
        super().update(y, u)

seen = []
class Remembers(Counts):
    def __init__(self, outputs): self.calls = len(seen)
    def predict(self): return float(self.calls)
    def update(self, y, u): seen.append(y)

class Tells(Counts):
    """Its process, the one before that, and numbers drawn at random."""
    def __init__(self):
        self.drawn = [os.getpid(), os.getppid(), np.random.random(), random.random()]
    def predict(self): return self.drawn
    def update(self, y, u): pass

class Family(Counts):
    def fail(self):
        child = subprocess.Popen(["sleep", "1000"])
        open(os.environ["PIDS"], "w").write(f"{os.getpid()} {child.pid}\\n")
        while True:
            pass

class Peeks(Counts):
    """Looks for numbers t + 0.123456789 with t above that of the last sample."""
    def predict(self):
        return float(getattr(self, "found", 0))
    def update(self, y, u):
        super().update(y, u)
        self.now = float(y[0])
    def fail(self):
        self.now, self.found, todo, done = 29.2, 0, [sys._current_frames(), gc.get_objects()], set()
        for frame in sys._current_frames().values():
            while frame is not None:
                todo.append(dict(frame.f_locals))
                frame = frame.f_back
        while todo:
            thing = todo.pop()
            if isinstance(thing, (dict, list, tuple)) and id(thing) not in done:
                done.add(id(thing))
                todo += list(thing.values()) if isinstance(thing, dict) else list(thing)
            elif isinstance(thing, float):
                self.look(np.array([thing]))
            elif type(thing) is np.ndarray and thing.dtype == float:
                self.look(thing.ravel())
        for name in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []:
            try:
                os.set_blocking(int(name), False)
                text = os.read(int(name), 10**6)
                self.look(np.frombuffer(text[len(text) % 8:]))
            except OSError:
                continue
            finally:
                with contextlib.suppress(OSError):
                    os.set_blocking(int(name), True)
        if os.path.exists("/proc/self/maps"):
            with open("/proc/self/mem", "rb", 0) as memory, open("/proc/self/maps") as maps:
                for line in maps:
                    first, last = (int(end, 16) for end in line.split()[0].split("-"))
                    if "rw" in line and last - first < 10**8:
                        with contextlib.suppress(OSError):
                            memory.seek(first)
                            self.look(np.frombuffer(memory.read(last - first)))
    def look(self, numbers):
        with np.errstate(all="ignore"):
            future = (numbers > self.now + 0.5) & (numbers < 101)
            self.found += int((np.abs(numbers[future] % 1 - 0.123456789) < 1e-9).sum())
'''
STEPS = 60
Y = np.random.default_rng(5).normal(size=(STEPS, 2))
Y[7], Y[9, 0] = np.nan, np.nan
U = np.random.default_rng(6).normal(size=(STEPS, 1))
ONE, NONE = np.nan_to_num(Y[:, :1]), np.zeros((STEPS, 0))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("my own") / "predictors.py"
    file.write_text(FILE)
    return file


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """A program in sh."""

    def write(text: str) -> str:
        file = tmp_path / "program"
        file.write_text(f"#!/bin/sh\n{text}\n" if text else "")
        file.chmod(0o755)
        return str(file)

    return write


def run(
    words: str, y: np.ndarray = ONE, u: np.ndarray = NONE, limit: float = 30.0, in_process: bool = False
) -> Outcome:
    with open_predictor(words, limit=limit, in_process=in_process) as predictor:
        return predictor.run(y, u, 0.5)


def last_values() -> np.ndarray:
    """The twin: what Last forecasts of Y and U, sample by sample."""
    held, made = np.zeros(2), []
    for y, u in zip(Y, U, strict=True):
        made.append(held)
        held = np.array([old if np.isnan(new) else new for old, new in zip(held, y, strict=True)]) + u[0]
    return np.array(made)


FORMS = [("Last", True), ("Wide", True), ("factory", True), ("whole", True), ("pair", True)]
FORMS += [("Wide", False), ("pair", False), ("Loud", False)]  # the other forms take the same path


@pytest.mark.parametrize(("name", "in_process"), FORMS)
def test_a_predictor_of_each_form_is_its_twin(file: Path, name: str, in_process: bool) -> None:
    done = run(f"{file}:{name}", Y, U, in_process=in_process)
    assert done.failure is None
    np.testing.assert_array_equal(done.forecast, last_values())
    assert done.parameters == (None if name == "pair" else 3)
    assert (done.seconds > 0).all() and done.seconds.sum() < 60
    assert (len(done.memory) == 0) == (in_process or not Path("/proc/self/statm").exists())
    if len(done.memory):
        assert len(done.memory) == STEPS and (done.memory[:, 1] > 5e6).all()
    if name == "Wide":
        expected = np.tile([1.5, 2.5], (STEPS, 1))
        expected[2] = np.nan
        np.testing.assert_array_equal(done.variance, expected)
    else:
        assert done.variance is None


def test_samples_and_forecasts_may_be_larger_than_a_pipe_holds(file: Path) -> None:
    series = np.arange(27_000.0).reshape(3, 9000)
    done = run(f"{file}:Last", series, np.zeros((3, 1)))
    assert done.failure is None
    np.testing.assert_array_equal(done.forecast[1:], series[:-1])


FAILURES = {
    "Raises": (30, "raised", "update with sample 29 failed: KeyError: 'lost'"),
    "Leaves": (30, "raised", "SystemExit: bye"),
    "Abandons": (30, "raised", "BaseException: enough"),
    "Colours": (30, "raised", r"ValueError: \x1b[2J\x07 red"),
    "Wrong": (30, "shape", "the forecast must be one number, got shape (2,)"),
    "Silent": (30, "shape", "got None"),
    "Wordy": (30, "shape", "got str '1.0'"),
    "Huge": (30, "shape", "got shape (10000000,)"),
    "Undefined": (30, "not finite", "the forecast is [nan]"),
    "Infinite": (30, "not finite", "the forecast is [inf]"),
    "Negative": (30, "not finite", "the variance [-1.0] has a negative value"),
    "Two": (0, "start", "two outputs, no more"),
    "Many": (0, "start", "parameters must be a whole number of at least 0, got str 'many'"),
    "Stray": (0, "start", "update is int, expected a method called as update(y, u)"),
}
ENDINGS = {
    "Ends": (30, "ended", "ended with exit code 3; its last words: out of luck"),
    "Interrupts": (30, "ended", "KeyboardInterrupt: no more"),
    "Crashes": (30, "ended", "ended by the signal SIGSEGV"),
    "Stalls": (30, "stalled", "no answer within 2 s; it stands at"),
    "HoldsTheInterpreter": (30, "stalled", "no answer within 2 s"),
}


APART = [
    *ENDINGS,
    "Raises",
    "Abandons",
    "Colours",
    "Wrong",
    "Undefined",
    "Two",
]  # the other failures are reported the same way
EACH = [(name, True) for name in FAILURES] + [(name, False) for name in APART]


@pytest.mark.parametrize(("name", "in_process"), EACH)
def test_a_failure_is_named_with_its_step(file: Path, name: str, in_process: bool) -> None:
    step, kind, message = (FAILURES | ENDINGS)[name]
    done = run(f"{file}:{name}", limit=2.0 if kind == "stalled" else 30.0, in_process=in_process)
    assert done.failure is not None
    assert done.failure[:2] == (step, kind) and message in done.failure.message
    if kind == "raised":
        line = next(n for n, text in enumerate(FILE.splitlines(), 1) if text == f"class {name}(Counts):") + 1
        assert f"{file}, line {line}" in done.failure.message
    assert len(done.failure.message) < 400
    assert np.isfinite(done.forecast[:step]).all() and np.isnan(done.forecast[step:]).all()
    assert np.isfinite(done.seconds[:step]).all() and np.isnan(done.seconds[step:]).all()


def test_the_next_run_starts_afresh(file: Path) -> None:
    with open_predictor(f"{file}:Ends") as predictor:
        assert [predictor.run(ONE, NONE, 1.0).failure[:2] for _ in range(2)] == [(30, "ended")] * 2  # type: ignore[index]
    with open_predictor(f"{file}:Raises") as predictor:
        assert [predictor.run(ONE, NONE, 1.0).failure[:2] for _ in range(3)] == [(30, "raised")] * 3  # type: ignore[index]
    with open_predictor(f"{file}:Remembers") as predictor:  # a module that keeps what it has seen
        first, second = (predictor.run(ONE, NONE, 1.0) for _ in range(2))
    np.testing.assert_array_equal(first.forecast, second.forecast)
    with open_predictor(f"{file}:whole", in_process=True) as predictor:  # an object that keeps it
        first, second = (predictor.run(Y, U, 0.5) for _ in range(2))
    np.testing.assert_array_equal(first.forecast, second.forecast)


@pytest.mark.parametrize("threads", [False, True])
def test_each_run_has_a_process_of_its_own(file: Path, tmp_path: Path, threads: bool) -> None:
    mine = tmp_path / "mine.py"
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
    mine.write_text(FILE + thread * threads)
    with open_predictor(f"{mine}:Tells") as predictor:
        runs = [predictor.run(np.zeros((3, 4)), np.zeros((3, 0)), 1.0) for _ in range(3)]
    assert [done.failure for done in runs] == [None] * 3
    process, before, *drawn = np.array([done.forecast[2] for done in runs]).T
    assert len(set(process)) == 3
    if Path("/proc/self/task").exists():  # copies of one process, unless it has threads
        assert len(set(before)) == (3 if threads else 1)
    assert all(len(set(numbers)) == 3 for numbers in drawn)
    assert gone([int(pid) for pid in process])


def test_a_predictor_in_its_own_process_cannot_see_later_samples(file: Path) -> None:
    series = np.arange(100.0)[:, None] + 0.123456789
    apart = run(f"{file}:Peeks", series, np.zeros((100, 0)))
    assert apart.failure is None
    assert (apart.forecast == 0).all()
    inside = run(f"{file}:Peeks", series, np.zeros((100, 0)), in_process=True)
    assert inside.forecast[-1, 0] >= 70  # where it can, this one finds it


def gone(pids: list[int]) -> bool:
    for _ in range(500):
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_stalled_predictor_is_killed_with_its_children(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    done = run(f"{file}:Family", limit=2.0)
    assert done.failure is not None and done.failure.kind == "stalled"
    assert gone([int(pid) for pid in (tmp_path / "pids").read_text().split()])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has subreapers")
@pytest.mark.parametrize("ends", [True, False])
def test_a_process_in_a_session_of_its_own_is_killed_with_the_program(tmp_path: Path, ends: bool) -> None:
    mine, pids = tmp_path / "daemon.py", tmp_path / "pids"
    mine.write_text(
        f"""import os, time
class Daemon:
    def __init__(self):
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            open({str(pids)!r}, "a").write(f"{{os.getpid()}}\\n")
            time.sleep(1000)
            os._exit(0)
        os.wait()
    def predict(self):
        return 0.0
    def update(self, y, u):
        while {not ends}:
            pass
"""
    )
    done = run(f"{mine}:Daemon", np.zeros((200, 1)), np.zeros((200, 0)), limit=2.0)
    assert (done.failure is None) == ends
    started = [int(pid) for pid in pids.read_text().split()]
    assert started and gone(started)


def test_children_of_a_program_that_ended_are_killed(program: Callable[[str], str], tmp_path: Path) -> None:
    done = run(program(f"sleep 1000 & echo $! > '{tmp_path}/pids'; echo 1.5; exit 2"))
    assert done.failure is not None and "exit code 2" in done.failure.message
    assert gone([int((tmp_path / "pids").read_text())])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_predictor_ends_with_its_parent(file: Path, tmp_path: Path, number: int) -> None:
    pids = tmp_path / "pids"
    script = f"""if True:
        import signal
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs in the background ignores it
        import numpy as np
        from ergoscope.learners._external.predictor import ExternalPredictor
        from ergoscope.learners._external.sessions import WorkerSession
        with ExternalPredictor("family", lambda: WorkerSession({f"{file}:Family"!r}, 100.0)) as predictor:
            predictor.run(np.zeros((60, 1)), np.zeros((60, 0)), 1.0)
        """
    environment = os.environ | {"PIDS": str(pids)}
    parent = subprocess.Popen([sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, text=True)
    while not (pids.exists() and pids.read_text().endswith("\n")):
        assert parent.poll() is None
        time.sleep(0.02)
    parent.send_signal(number)
    errors = parent.communicate(timeout=60)[1]
    assert parent.returncode == -number
    assert ("KeyboardInterrupt" in errors) == (number == signal.SIGINT)
    assert gone([int(pid) for pid in pids.read_text().split()])


BAD = {
    "FILE:absent": "has no 'absent'",
    "FILE:Lost": "did you mean 'Last'?",
    "FILE:seven": "is int, not callable and no predictor",
    "FILE:empty": "is object, not callable and no predictor",
    "FILE:nothing": "gives NoneType; expected an object with predict() and update(y, u)",
    "FILE:needs": "needs gain, which it is not given: it may take outputs, inputs, dt by name",
    "FILE:Keyless": "predict(x) cannot be called as predict()",
    "FILE:Short": "update(y) cannot be called as update(y, u)",
    "FILE:broken": "ZeroDivisionError: division by zero (FILE, line",
    "FILE:filtered": "is a KalmanFilter of filterpy: write filterpy:FILE:filtered",
    "FILE:observer": "is a discrete StateSpace, or (estimator, plant), of python-control: write control:FILE:observer",
    "FILE:observing": "write control:FILE:observing",
    "river:FILE:seven": "is int, not callable and no predictor; expected a regressor of river",
    "filterpy:FILE": "names no predictor: expected ANY.py:NAME or MODULE:NAME",
    "FILE": "is a file, but not executable: write FILE:NAME",
    "NEAR:Last": "no file is called 'NEAR'; did you mean 'predictors.py'?",
    "no_such_module:Last": "No module named 'no_such_module'",
    "ladle": "names no predictor; did you mean 'ladder'?",
    "./no-such-program": "names no predictor. Expected ANY.py:NAME, MODULE:NAME",
    "": "names no predictor",
    "ladder:length=3": "ladder has no option 'length'. Its options are forgetting, ridge, intercept",
    "ladder:size=many": "size must be one whole number",
    "kalman": "needs to know the plant",
}
# The others take the same path through a process.
SLOW = [words for words in BAD if "FILE:" in words and words not in ("FILE:Lost", "FILE:broken")]


def test_an_object_that_is_no_predictor_is_refused_before_any_data(file: Path) -> None:
    def placed(text: str) -> str:
        near = str(file.with_name("predictor.py"))
        return text.replace("FILE", str(file)).replace("NEAR", near).replace("ANY", "FILE")

    for words, message in BAD.items():
        for in_process in (True,) if words in SLOW else (True, False):
            with pytest.raises(ValueError, match=re.escape(placed(message))):
                open_predictor(placed(words), in_process=in_process)
    with pytest.raises(ValueError, match="must be a positive number of seconds"):
        open_predictor(f"{file}:Last", limit=0.0)
    with open_predictor(f"{file}:Last", in_process=True) as predictor:
        for y, u in ((np.zeros(3), np.zeros((3, 0))), (np.zeros((0, 1)), np.zeros((0, 0))), (np.zeros((3, 1)), NONE)):
            with pytest.raises(ValueError, match="of one length"):
                predictor.run(y, u, 1.0)
        with pytest.raises(ValueError, match="must be finite"):
            predictor.run(np.full((3, 1), np.inf), np.zeros((3, 0)), 1.0)


PROGRAMS = {
    "while read line; do echo '[1.5]'; done": (STEPS, None, ""),
    'while read line; do echo \'{"forecast": [1.5], "variance": [[2]], "parameters": 4}\'; done': (STEPS, None, ""),
    "while read line; do echo 1.5; done": (STEPS, None, ""),
    "yes 1.5": (STEPS, None, ""),  # it never reads what it is given
    "while read line; do echo '[1.5, 2]'; done": (0, "shape", "the forecast must be one number, got shape (2,)"),
    "while read line; do echo hello; done": (0, "shape", "an answer must be one line of JSON, got 'hello\\n'"),
    "while read line; do echo NaN; done": (0, "not finite", "the forecast is [nan]"),
    "while read line; do echo '[null]'; done": (0, "not finite", "the forecast is [nan]"),
    "read line; echo [; cat": (0, "shape", "one line of JSON"),
    "echo 1.5; read line; echo 1.5; read line; echo oh >&2; exit 4": (2, "ended", "exit code 4; its last words: oh"),
    "cat /dev/zero": (0, "shape", "this one has more"),
    "echo 1.5; sleep 100": (1, "stalled", "no answer within 2 s."),
}


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_program_speaks_lines_of_json(program: Callable[[str], str], text: str) -> None:
    step, kind, message = PROGRAMS[text]
    done = run(program(text), limit=2.0 if kind == "stalled" else 30.0)
    if kind is None:
        assert done.failure is None
    else:
        assert done.failure is not None
        assert done.failure[:2] == (step, kind) and message in done.failure.message
    assert (done.forecast[:step] == 1.5).all() and np.isnan(done.forecast[step:]).all()
    if "variance" in text:
        assert done.variance is not None and (done.variance == 2).all()
        assert done.parameters == 4


def test_a_file_that_cannot_run_is_refused(program: Callable[[str], str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be run: Exec format error"):
        open_predictor(program(""))
    plain = tmp_path / "plain"
    plain.write_text("text")
    with pytest.raises(ValueError, match="is a file, but not executable: run chmod"):
        open_predictor(str(plain))


def test_a_program_receives_each_sample_after_its_forecast(program: Callable[[str], str], tmp_path: Path) -> None:
    words = program(f"while read line; do echo \"$line\" >> '{tmp_path}/lines'; echo '[1, 2]'; done")
    assert run(words, Y[:9], U[:9]).failure is None
    received = (tmp_path / "lines").read_text().splitlines()
    assert len(received) == 9
    assert received[8] == f'{{"y": [null, null], "u": [{float(U[7, 0])!r}]}}'


def test_a_program_receives_the_lines_of_the_page(program: Callable[[str], str], tmp_path: Path) -> None:
    page = (EXAMPLES.parent / "docs" / "predictors.md").read_text()
    lines = [line.split(maxsplit=2)[2] for line in page.splitlines() if line.startswith("    it reads")]
    answers = [line.split(maxsplit=2)[2] for line in page.splitlines() if line.startswith("    it writes")]
    script = "; ".join(f"read line; echo \"$line\" >> '{tmp_path}/lines'; echo '{answer}'" for answer in answers)
    with open_predictor(program(script)) as predictor:
        done = predictor.run(np.array([[1.5], [np.nan], [0.0]]), np.full((3, 1), 0.25), 0.1)
    assert done.failure is None
    assert (tmp_path / "lines").read_text().splitlines() == lines
    assert done.forecast[:, 0].tolist() == [0.0, 1.5, 1.5]
    assert done.variance is not None and done.variance[2, 0] == 0.8


def test_the_program_in_c_is_its_twin_in_python_to_the_last_digit(tmp_path: Path) -> None:
    if shutil.which("cc") is None:
        pytest.skip("no C compiler called cc")
    program = tmp_path / "predictor"
    command = ["cc", "-O2", "-Wall", "-Werror", "-ffp-contract=off", "-o", str(program), str(EXAMPLES / "predictor.c")]
    subprocess.run(command, check=True, timeout=60)
    in_c, in_python = run(str(program), Y[:, :1], NONE), run(f"{EXAMPLES / 'my_predictor.py'}:make", Y[:, :1], NONE)
    assert in_c.failure is None and in_python.failure is None
    np.testing.assert_array_equal(in_c.forecast, in_python.forecast)
    assert in_python.parameters == 2
    assert in_python.variance is not None and np.isfinite(in_python.variance[1:]).all()


def test_a_learner_by_name_is_the_batch_run_bit_for_bit() -> None:
    series = Trajectories(ONE[None], NONE[None], np.array([STEPS]), 1.0, ("y",), (), ("",))
    done = run("ladder:size=3,forgetting=0.99")
    np.testing.assert_array_equal(done.forecast, replay(ladder([3], 0.99), series)[0, :, 0, 0])
    assert done.parameters == 3 and done.failure is None
    assert (done.seconds == done.seconds[0]).all()
    np.testing.assert_array_equal(run("ladder").forecast, replay(ladder(), series)[0, :, 0, -1])
    two = run("ladder", Y, U)
    assert two.failure is not None and two.failure[:2] == (0, "start")
    assert run("persistence", Y, U).forecast[1].tolist() == Y[0].tolist()


def test_the_process_of_a_predictor_does_not_load_jax() -> None:
    code = "import sys, ergoscope.learners._external.worker; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)
