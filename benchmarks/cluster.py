"""Measure a sweep on Dask workers: the overhead of a task, and two workers against one.

    python benchmarks/cluster.py [--rounds 2] [--quick]

Overhead: 40 tasks whose points are done already. Such a task is sent, prepares its group, looks for its parts and
answers. It is compared with the same work in this process, without sending. The floor is as many empty calls.
Efficiency: an experiment of over a minute for one worker, on one and on two workers of one core each, and in this
process with all cores. All workers run on this machine, so the network is not included. Written to
benchmarks/results/cluster.json.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from _clock import Contender, count, interleaved, machine, ratio, rows, show, words, write
from distributed import Client, LocalCluster

from ergoscope.analysis import Experiment, read_experiment, sweep
from ergoscope.analysis._sweeps.dask_client import run_on
from ergoscope.analysis._sweeps.points import groups_of, missing_of

TASKS = 40
SEEDS = 96  # over a minute on one core
MILLISECOND, SECOND = 1e6, 1e9  # in the nanoseconds of the clock
EXPERIMENT = """[grid]
systems = ["double-integrator", "random-walk"]
learners = ["ladder"]
sizes = "0..32"
horizons = [{horizon}]
noise = {noise}
seeds = "0..{last}"

[options]
replicates = {replicates}
"""


@contextmanager
def cluster(cores: list[int]) -> Iterator[Client]:
    """Give a client of a scheduler with one worker on each of these cores."""
    with ExitStack() as stack:
        alone = dict(n_workers=0, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0")
        client = stack.enter_context(Client(stack.enter_context(LocalCluster(**alone)), set_as_default=False))
        for core in cores:
            command = ["taskset", "-c", str(core), sys.executable, "-m", "dask", "worker"]
            command += [client.cluster.scheduler_address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
            worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(worker.wait)
            stack.callback(worker.kill)
        client.wait_for_workers(len(cores))
        yield client


def experiment(folder: Path, **values: object) -> Experiment:
    file = folder / "experiment.toml"
    file.write_text(EXPERIMENT.format(**values))
    return read_experiment(file)


def overhead(folder: Path, client: Client) -> dict[str, Contender]:
    """Return contenders that run tasks of which all points are done, and the empty calls."""
    noise = [1 + k / TASKS for k in range(TASKS // 2)]
    done = experiment(folder, horizon=100, noise=noise, last=0, replicates=1)
    groups = groups_of(done)
    assert len(groups) == TASKS
    (folder / "experiment.json").write_text("{}")
    for _, points in groups:
        for point in points:
            (folder / point.part).parent.mkdir(parents=True, exist_ok=True)
            (folder / point.part).touch()

    def here() -> None:
        for _, (point,) in groups:
            alone = done._replace(
                plants={point.system: done.plants[point.system]}, noise=(point.noise,), learners=(point.learner,)
            )
            assert not missing_of(groups_of(alone), folder)

    return {
        "a task of the cluster": Contender(
            lambda: run_on(client, groups, folder, lambda done, total: None),
            TASKS * MILLISECOND,
            f"{TASKS} tasks",
        ),
        "the same in this process": Contender(here, TASKS * MILLISECOND, f"{TASKS} tasks"),
        "an empty call on the cluster": Contender(
            lambda: client.gather(client.map(bool, range(TASKS), pure=False)), TASKS * MILLISECOND, f"{TASKS} calls"
        ),
    }


def efficiency(folder: Path, clusters: dict[str, Client | None], seeds: int) -> dict[str, Contender]:
    """Return contenders that sweep the same experiment, each time into a new folder."""
    work = experiment(folder, horizon=20_000, noise=[1], last=seeds - 1, replicates=64)
    numbers = itertools.count()

    def contender(client: Client | None) -> Contender:
        return Contender(
            lambda: sweep(work, folder / f"out-{next(numbers)}", cluster=client), SECOND, f"{2 * seeds} points"
        )

    return {name: contender(client) for name, client in clusters.items()}


def main() -> None:
    parser = words(__doc__)
    parser.add_argument("--rounds", type=count, default=2)
    parser.add_argument("--quick", action="store_true", help="one round of a sixteenth of the work, nothing written")
    asked = parser.parse_args()
    rounds, seeds = (1, SEEDS // 16) if asked.quick else (asked.rounds, SEEDS)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second, ExitStack() as stack:
        one, two = (stack.enter_context(cluster(cores)) for cores in ([0], [0, 1]))
        tasks = overhead(Path(first), one)
        spent = interleaved(tasks, 3)
        clusters = {"one worker on one core": one, "two workers on a core each": two, "this process, all cores": None}
        work = efficiency(Path(second), clusters, seeds)
        timed = interleaved(work, rounds)
    task, here, empty = (spent.wall[name] for name in tasks)
    slow, fast, all_cores = (timed.wall[name] for name in work)
    lines = rows(tasks, spent, "ms") + rows(work, timed, "s")
    for line in lines:
        del line["processor"]  # that of this process; the work is done in others
    record = dict(
        title="A sweep on a cluster",
        command="python benchmarks/cluster.py",
        work="tasks whose points are done; then points of 64 replicates x 20 000 samples x 33 lengths, by workers of "
        "one thread that are held to a core each",
        machine=machine(),
        floor="the empty call",
        rows=lines,
        ratios=[
            dict(name="a task / the same in this process", values=ratio([task], here)),
            dict(name="an empty call / a task", values=ratio([empty], task)),
            dict(name="one worker / two workers, of 2", values=ratio([slow], fast), goal="2"),
            dict(name="two workers / this process with all cores", values=ratio([fast], all_cores)),
        ],
    )  # fmt: skip
    show(record)
    if not asked.quick:
        write("cluster", record)


if __name__ == "__main__":
    main()
