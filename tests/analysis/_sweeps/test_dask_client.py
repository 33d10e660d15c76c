"""Sweeps on a Dask cluster: the bits of a sweep on this machine, whoever dies meanwhile, and what is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from filelock import FileLock

from ergoscope.analysis import plan_sweep, read_experiment, sweep
from ergoscope.cli import main

if sys.platform == "win32":
    pytest.skip("there is no SIGKILL on Windows", allow_module_level=True)

from distributed import Client, KilledWorker, LocalCluster

from ergoscope.analysis._sweeps import dask_client, dask_task
from ergoscope.analysis._sweeps.points import groups_of

GRID = """[grid]
systems = ["random-walk"]
learners = ["ladder"]
sizes = "0..2"
horizons = [3000]
seeds = "0..7"

[options]
replicates = 8
"""


def write(folder: Path, text: str = GRID) -> Path:
    file = folder / "first.toml"
    file.write_text(text)
    return file


def parts(folder: Path) -> dict[str, pl.DataFrame]:
    """Return every part by its place; nothing else may lie there but what was asked for and the lock."""
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    assert {name for name in files if not name.endswith(".parquet")} == {"experiment.json", ".lock"}
    return {name: pl.read_parquet(path) for name, path in files.items() if name.endswith(".parquet")}


def same(found: Path, expected: Path) -> bool:
    one, other = parts(found), parts(expected)
    return list(one) == list(other) and all(one[place].equals(other[place]) for place in one)


@contextmanager
def scheduler() -> Iterator[LocalCluster]:
    """Give a scheduler on this machine alone, without workers."""
    with LocalCluster(n_workers=0, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


def worker(address: str, threads: int = 1) -> subprocess.Popen[bytes]:
    """Start a worker as a user does."""
    words = [sys.executable, "-m", "dask", "worker", address, "--nthreads", str(threads), "--no-nanny"]
    return subprocess.Popen([*words, "--no-dashboard"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 200
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    with scheduler() as there:
        address = there.scheduler_address
        workers = [worker(address), worker(address, threads=2)]
        until(lambda: len(there.scheduler.workers) == 2)
        yield address, workers
        for process in workers:
            process.kill()
            process.wait()


def test_workers_write_the_bits_of_this_machine_though_one_is_killed(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, workers = cluster
    experiment = read_experiment(write(tmp_path))
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        if not told:
            workers[0].kill()
        told.append((done, total))

    sweep(experiment, tmp_path / "swept", progress, address)
    total = 8 * 3000
    assert len(told) >= 8 and told[0][0] < total and told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    sweep(experiment, tmp_path / "here")
    assert same(tmp_path / "swept", tmp_path / "here")
    plan = plan_sweep(experiment, tmp_path / "swept", address)
    assert (plan.done, plan.cluster) == (8, (1, 2))


def test_the_user_s_own_client_stays_open_and_a_folder_is_completed(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    experiment = read_experiment(write(tmp_path, GRID.replace("0..7", "0..1")))
    with Client(cluster[0]) as client:
        sweep(experiment, tmp_path / "out", cluster=client)
        before = {place: (tmp_path / "out" / place).stat().st_mtime_ns for place in parts(tmp_path / "out")}
        gone = tmp_path / "out" / next(iter(before))
        gone.unlink()
        sweep(experiment, tmp_path / "out", cluster=client)
        after = {place: (tmp_path / "out" / place).stat().st_mtime_ns for place in parts(tmp_path / "out")}
        assert after.keys() == before.keys()
        assert [place for place in before if after[place] != before[place]] == [next(iter(before))]
        assert client.status == "running"


def test_a_worker_ends_what_nobody_wants_any_more(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    """A point of hours runs beside a short one, after which the sweep is interrupted."""
    experiment = read_experiment(write(tmp_path, GRID.replace("[3000]", "[3000, 200000000]").replace('"0..7"', "0")))

    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with Client(cluster[0]) as client:
        with pytest.raises(KeyboardInterrupt):
            sweep(experiment, tmp_path / "out", interrupted, client)
        busy = "executing_count"
        until(lambda: not any(client.run(lambda dask_worker: getattr(dask_worker.state, busy)).values()))
    assert list(parts(tmp_path / "out")) == ["system=random-walk/learner=ladder/noise=1.0/steps=3000/seed-0.parquet"]


def test_a_worker_of_other_versions_ends_the_sweep(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_client, "versions", lambda: dict(jax="0.0.1"))
    with pytest.raises(ValueError, match=r"worker tcp://.* jax .* here and 0\.0\.1 there: install the same"):
        sweep(read_experiment(write(tmp_path)), tmp_path / "out", cluster=cluster[0])
    assert not parts(tmp_path / "out")


def test_a_worker_must_see_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_task, "SEEN_WITHIN", 0)
    shared = dask_task.SweepContext(tmp_path, "digest", {}, "topic")
    (tmp_path / "file").touch()
    for where in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(ValueError, match="must be a folder that all machines share"):
            dask_task.check_worker(shared._replace(folder=where))
    (tmp_path / "experiment.json").write_text("{}")
    with pytest.raises(ValueError, match="its experiment.json is not that of the command"):
        dask_task.check_worker(shared)
    dask_task.check_worker(shared._replace(digest=dask_task.digest_of(tmp_path) or ""))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "http://127.0.0.1:80", "tls://127.0.0.1:9"])
def test_a_scheduler_that_does_not_answer_changes_nothing(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dask_client, "PATIENCE", 1)
    monkeypatch.setattr("warnings.showwarning", None)
    monkeypatch.chdir(tmp_path)
    for words in ([], ["--check"]):
        monkeypatch.setattr(sys, "argv", ["ergoscope", "sweep", str(write(tmp_path)), *words, "--cluster", address])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        assert f"ergoscope: no Dask scheduler answers at {address!r}" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["first.toml"]


def test_a_worker_is_no_scheduler(cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path) -> None:
    with Client(cluster[0]) as client:
        address = next(iter(client.nthreads()))
    with pytest.raises(ValueError, match=r"no Dask scheduler answers .* \(Worker\)"):
        sweep(read_experiment(write(tmp_path)), tmp_path / "out", cluster=address)


def test_a_scheduler_that_goes_away_is_told_of(tmp_path: Path) -> None:
    """No worker comes; while the sweep waits for one, the scheduler ends."""
    experiment = read_experiment(write(tmp_path))
    with scheduler() as alone:
        ends = threading.Timer(1, alone.close)
        ends.start()
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            with pytest.raises(ConnectionError, match="scheduler ended; 0 of 8 points are done"):
                sweep(experiment, tmp_path / "out", cluster=alone.scheduler_address)
        ends.join()
    assert ["no worker yet: waiting" in str(each.message) for each in heard] == [True]
    assert not parts(tmp_path / "out")
    FileLock(tmp_path / "out" / ".lock").acquire(timeout=0)


def test_without_the_library_its_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "ergoscope.analysis._sweeps.dask_client")
    monkeypatch.delattr("ergoscope.analysis._sweeps.dask_client")  # else it is taken from the package
    with pytest.raises(ValueError, match=r"pip install '.\[cluster\]'"):
        sweep(read_experiment(write(tmp_path)), tmp_path / "out", cluster="tcp://127.0.0.1:8786")
    assert not (tmp_path / "out").exists()


def test_tasks_are_whole_programs_or_pieces_longest_first(tmp_path: Path) -> None:
    experiment = read_experiment(write(tmp_path, GRID.replace('"0..7"', '"0..7"\nnoise = [1, 2]')))
    groups = groups_of(experiment)
    asked = sorted(point for _, points in groups for point in points)
    for threads, count in ((0, 8), (1, 8), (3, 12), (100, 16)):
        tasks = dask_client._tasks(groups, threads)
        assert sorted(point for task in tasks for point in task.points) == asked
        lengths = [sum(point.horizon for point in task.points) for task in tasks]
        assert len(tasks) == count and lengths == sorted(lengths, reverse=True)
        for task in tasks:
            ((system, learner, noise),) = {point[:3] for point in task.points}
            alone = task.experiment
            assert ((*alone.plants,), alone.learners, alone.noise) == ((system,), (learner,), (noise,))
    many = groups * 4
    assert len(dask_client._tasks(many, 2)) == len(many)  # whole groups


def test_workers_that_die_of_a_point_are_told_of(tmp_path: Path) -> None:
    """A task whose workers died goes on where points were done meanwhile, else it ends the sweep."""
    experiment = read_experiment(write(tmp_path))
    task = dask_client._tasks(groups_of(experiment), 0)[0]
    task = dask_task.Task((*task.points, task.points[0]._replace(seed=9)), experiment)
    died = KilledWorker("key", SimpleNamespace(address="tcp://w"), 3)
    with pytest.raises(ConnectionError, match="4 times at ladder on random-walk, noise 1"):
        dask_client._remaining(task, died, tmp_path)
    part = tmp_path / task.points[0].part
    part.parent.mkdir(parents=True)
    part.touch()
    assert dask_client._remaining(task, died, tmp_path).points == task.points[1:]
    with pytest.raises(ValueError, match="Install the same on all machines"):
        dask_client._remaining(task, ModuleNotFoundError("No module named 'ergoscope'"), tmp_path)


def test_workers_and_the_command_killed_again_and_again(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """Two workers and the command, killed a random while after a random number of further parts, each started again."""
    if not pytestconfig.getoption("--campaign"):
        pytest.skip("a sweep of 500 points, killed 25 times: make campaign-sweep")
    text = GRID.replace("[3000]", "[100, 2000]").replace('"0..7"', '"0..124"\nnoise = [0.5, 1]')
    file, folder, kills = write(tmp_path, text), tmp_path / "killed", 25
    rng, killed = np.random.default_rng(9), dict(worker=0, command=0)

    def there() -> int:
        return len(list(folder.rglob("seed-*.parquet")))

    with scheduler() as cluster:
        address = cluster.scheduler_address
        words = [sys.executable, "-m", "ergoscope", "sweep", str(file), "--out", str(folder), "--cluster", address]
        workers = [worker(address), worker(address)]
        command = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(kills):
            wanted = min(there() + int(rng.integers(0, 500 // kills)), 499)
            while command.poll() is None and there() <= wanted:
                time.sleep(0.01)
            time.sleep(float(rng.uniform(0, 0.02)))
            if command.poll() is not None:
                break
            which = int(rng.integers(0, 3))
            process = (*workers, command)[which]
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            killed["command" if which == 2 else "worker"] += 1
            if which == 2:
                command = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            else:
                workers[which] = worker(address)
        _, errors = command.communicate(timeout=600)
        assert command.returncode == 0, errors
        for process in workers:
            process.kill()
            process.wait()
    assert min(killed.values()) > 0
    sweep(read_experiment(file), tmp_path / "whole")
    assert len(parts(folder)) == 500 and same(folder, tmp_path / "whole")
    print(f"500 points, kills of {killed}: each part the same as of a sweep on this machine that nobody killed")
