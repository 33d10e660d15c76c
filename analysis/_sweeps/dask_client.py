"""A sweep on the workers of a Dask cluster: points go out, parts lie in the folder that all machines share.

A task is points of one group, made ready once. Where a worker dies, Dask gives its task to another, which completes
what is missing.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue

from distributed import Client, Future, KilledWorker, Security, rpc
from distributed.utils import silence_logging_cmgr

from ..._core.progress import Progress
from ..._core.text import versions
from .dask_task import SweepContext, Task, digest_of, run_task
from .experiment import Experiment
from .points import Group

PATIENCE = 10  # seconds for a scheduler to answer
LOOK = 10.0  # seconds without news after which we look whether there is a worker
A_THREAD = 4  # tasks for each thread of a worker, so that all end at about the same time
AT_LEAST = 8  # tasks, where the points are as many; workers may still come


@contextmanager
def connected(cluster: str | Client) -> Iterator[Client]:
    """Give a client of a cluster; one of the caller's own stays open.

    Args:
        cluster: Address of a scheduler, or a client.

    Raises:
        ValueError: No scheduler answers there.
    """
    if isinstance(cluster, Client):
        if cluster.asynchronous:
            raise ValueError("the client must be a blocking one: make it without asynchronous=True.")
        yield cluster
        return
    with silence_logging_cmgr(logging.CRITICAL + 1):
        try:
            with ThreadPoolExecutor(1) as thread:  # a notebook has a loop of its own in this one
                found = thread.submit(asyncio.run, _kind(cluster)).result()
        except (OSError, ValueError, TypeError, RuntimeError) as exc:  # the last two of TLS
            found = str(exc) or f"nothing came within {PATIENCE} s"
        if found != "Scheduler":
            raise ValueError(
                f"no Dask scheduler answers at {cluster!r} ({found}): start one by dask scheduler, or mend the "
                "address, such as tcp://HOST:8786."
            )
        with Client(cluster, timeout=PATIENCE, set_as_default=False) as client:
            yield client


async def _kind(address: str) -> str:
    """Return what answers at an address; a client itself would wait for ever for some that do not."""
    security = Security().get_connection_args("client")
    async with rpc(address, timeout=PATIENCE, connection_args=security) as server:
        return str((await asyncio.wait_for(server.identity(), PATIENCE))["type"])


def size_of(client: Client) -> tuple[int, int]:
    """Return how many workers and threads a cluster has now."""
    threads = client.nthreads()
    return len(threads), sum(threads.values())


def run_on(client: Client, missing: list[Group], experiment: Experiment, folder: Path, progress: Progress) -> None:
    """Run all points on the workers of a cluster and wait for them.

    Raises:
        ValueError: A worker does not see the folder, has other versions, or cannot run or write a point.
        ConnectionError: The scheduler went away, or workers died again and again of the same points.
    """
    if not missing:
        return
    folder = folder.absolute()
    sweep = SweepContext(folder, digest_of(folder) or "", versions(), f"ergoscope-{secrets.token_hex(8)}")
    news: SimpleQueue[Future[None] | str] = SimpleQueue()  # futures that are done, and parts that are there
    running: dict[Future[None], Task] = {}
    numbers = count()
    left = {str(point.part): point.horizon for _, points in missing for point in points}
    points, total, done = len(left), sum(left.values()), 0

    def start(tasks: list[Task]) -> None:
        keys = [(sweep.topic, next(numbers)) for _ in tasks]
        for task, future in zip(tasks, client.map(run_task, tasks, key=keys, sweep=sweep), strict=True):
            running[future] = task
            future.add_done_callback(news.put)

    client.subscribe_topic(sweep.topic, lambda event: news.put(event[1]))
    try:
        start(_tasks(missing, experiment, _threads(client)))
        while running:
            try:
                item = news.get(timeout=LOOK)
            except Empty:
                if client.status == "running":  # else the futures come back as cancelled
                    _threads(client)
                continue
            parts = [item] if isinstance(item, str) else []
            if isinstance(item, Future):
                task = running.pop(item)
                if item.status == "cancelled":
                    raise ConnectionError(
                        f"the Dask scheduler went away; {points - len(left)} of {points} points are done, and the same "
                        "command completes the others."
                    )
                if item.status == "error":
                    start([_again(task, item.exception(), folder)])
                    continue
                parts = [str(point.part) for point in task.points]
            done += sum(left.pop(part, 0) for part in parts)
            progress(done, total)
    finally:
        if client.status == "running":
            client.unsubscribe_topic(sweep.topic)
            client.cancel(list(running))


def _threads(client: Client) -> int:
    """Return how many threads the workers have, and say so where there is no worker."""
    workers, threads = size_of(client)
    if not workers:
        warnings.warn("the cluster has no worker now: waiting for one, as dask worker ADDRESS starts it.", stacklevel=1)
    return threads


def _tasks(missing: list[Group], experiment: Experiment, threads: int) -> list[Task]:
    """Return what workers are given, longest first: whole groups where they are enough, else pieces of them."""
    pieces = -(-max(A_THREAD * threads, AT_LEAST) // max(len(missing), 1))
    tasks = []
    for _, points in missing:
        system, learner, noise, *_ = points[0]
        alone = experiment._replace(plants={system: experiment.plants[system]}, noise=(noise,), learners=(learner,))
        longest = sorted(points, key=lambda point: -point.horizon)
        shares = [tuple(longest[k::pieces]) for k in range(min(pieces, len(longest)))]
        tasks += [Task(share, alone) for share in shares]
    return sorted(tasks, key=lambda task: -sum(point.horizon for point in task.points))


def _again(task: Task, error: BaseException | None, folder: Path) -> Task:
    """Return what a task whose workers died has left to do; raise where it did nothing meanwhile, or failed itself."""
    if isinstance(error, ImportError) or "deserialization" in str(error):
        raise ValueError(
            "the scheduler or a worker cannot read the task, as where ergoscope or Dask are missing or others there: "
            "install the same on all machines."
        ) from error
    if not isinstance(error, KilledWorker):
        raise error or ConnectionError("a task failed, and nothing is known of why.")
    left = tuple(point for point in task.points if not (folder / point.part).is_file())
    if len(left) == len(task.points):
        system, learner, noise, *_ = task.points[0]
        raise ConnectionError(
            f"workers died again and again, {error.allowed_failures + 1} times, with {learner} on {system}, "
            f"noise {noise:g}: their own logs say of what. Where it is memory, give a worker more of it or fewer "
            "threads, or take fewer replicates or sizes; the same command completes what is missing."
        )
    return task._replace(points=left)
