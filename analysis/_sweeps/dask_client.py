"""Run a sweep on the workers of a Dask cluster; all machines write into one shared folder.

A task is some points of one group, which the worker prepares once. If a worker dies, Dask gives its task to another
worker, which runs the missing points.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
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
from ..._core.user_warning import warn_user
from .dask_task import SweepContext, Task, digest_of, run_task
from .group import Group

PATIENCE = 10  # seconds for a scheduler to answer
LOOK = 10.0  # seconds without a message, then check that there is a worker
A_THREAD = 4  # tasks for each thread of a worker: then all end at about the same time
AT_LEAST = 8  # tasks, if there are as many points; workers may still join


@contextmanager
def connected(cluster: str | Client) -> Iterator[Client]:
    """Give a client of a cluster. A client that the caller made stays open.

    Args:
        cluster: Address of a scheduler, or a client.

    Raises:
        ValueError: No scheduler answers at the address, or the client is asynchronous.
    """
    if isinstance(cluster, Client):
        if cluster.asynchronous:
            raise ValueError("the client must be a blocking one: make it without asynchronous=True.")
        yield cluster
        return
    with silence_logging_cmgr(logging.CRITICAL + 1):
        try:
            with ThreadPoolExecutor(1) as thread:  # in a notebook this thread has an event loop already
                found = thread.submit(asyncio.run, _kind(cluster)).result()
        except (OSError, ValueError, TypeError, RuntimeError) as exc:  # TLS raises the last two
            found = str(exc) or f"no answer within {PATIENCE} s"
        if found != "Scheduler":
            raise ValueError(
                f"no Dask scheduler answers at {cluster!r} ({found}): start one with `dask scheduler`, or "
                "correct the address, such as tcp://HOST:8786."
            )
        with Client(cluster, timeout=PATIENCE, set_as_default=False) as client:
            yield client


async def _kind(address: str) -> str:
    """Return what kind of server answers at an address; a client would wait for ever for some that are none."""
    security = Security().get_connection_args("client")
    async with rpc(address, timeout=PATIENCE, connection_args=security) as server:
        return str((await asyncio.wait_for(server.identity(), PATIENCE))["type"])


def size_of(client: Client) -> tuple[int, int]:
    """Return the number of workers and of threads in a cluster now."""
    threads = client.nthreads()
    return len(threads), sum(threads.values())


def run_on(client: Client, missing: list[Group], folder: Path, progress: Progress) -> None:
    """Run all points on the workers of a cluster and wait until they are done.

    Raises:
        ValueError: A worker does not see the folder, has other versions, or cannot run or write a point.
        ConnectionError: The scheduler ended, or workers died repeatedly at the same points.
    """
    if not missing:
        return
    folder = folder.absolute()
    context = SweepContext(folder, digest_of(folder) or "", versions(), f"ergoscope-{secrets.token_hex(8)}")
    news: SimpleQueue[Future[None] | str] = (
        SimpleQueue()
    )  # futures that have ended, and names of parts that were written
    running: dict[Future[None], Task] = {}
    numbers = count()
    left = {str(point.part): point.cost for _, points in missing for point in points}
    points, total, done = len(left), sum(left.values()), 0

    def start(tasks: list[Task]) -> None:
        keys = [(context.topic, next(numbers)) for _ in tasks]
        for task, future in zip(tasks, client.map(run_task, tasks, key=keys, context=context), strict=True):
            running[future] = task
            future.add_done_callback(news.put)

    client.subscribe_topic(context.topic, lambda event: news.put(event[1]))
    try:
        start(_tasks(missing, _threads(client)))
        while running:
            try:
                item = news.get(timeout=LOOK)
            except Empty:
                if client.status == "running":  # else the futures end as cancelled
                    _threads(client)
                continue
            parts = [item] if isinstance(item, str) else []
            if isinstance(item, Future):
                task = running.pop(item)
                if item.status == "cancelled":
                    raise ConnectionError(
                        f"the Dask scheduler ended; {points - len(left)} of {points} points are done. Run the same "
                        "command again to complete the others."
                    )
                if item.status == "error":
                    start([_remaining(task, item.exception(), folder)])
                    continue
                parts = [str(point.part) for point in task.points]
            done += sum(left.pop(part, 0) for part in parts)
            progress(done, total)
    finally:
        if client.status == "running":
            client.unsubscribe_topic(context.topic)
            client.cancel(list(running))


def _threads(client: Client) -> int:
    """Return how many threads the workers have; warn if there is no worker."""
    workers, threads = size_of(client)
    if not workers:
        warn_user("the cluster has no worker yet: waiting. Start one with `dask worker ADDRESS`.")
    return threads


def _tasks(missing: list[Group], threads: int) -> list[Task]:
    """Return the tasks, longest first: whole groups if there are enough of them, else pieces of groups."""
    pieces = -(-max(A_THREAD * threads, AT_LEAST) // max(len(missing), 1))
    tasks = []
    for work, points in missing:
        longest = sorted(points, key=lambda point: -point.cost)
        shares = [tuple(longest[k::pieces]) for k in range(min(pieces, len(longest)))]
        tasks += [Task(share, work.alone) for share in shares]
    return sorted(tasks, key=lambda task: -sum(point.cost for point in task.points))


def _remaining(task: Task, error: BaseException | None, folder: Path) -> Task:
    """Return the points that a task still has to run after its workers died.

    Raises:
        ValueError: The task cannot be read, or it failed itself.
        ConnectionError: No point was completed since the last time.
    """
    if isinstance(error, ImportError) or "deserialization" in str(error):
        raise ValueError(
            "the scheduler or a worker cannot read the task: ergoscope or Dask are missing there, or have other "
            "versions. Install the same on all machines."
        ) from error
    if not isinstance(error, KilledWorker):
        raise error or ConnectionError("a task failed without a reason.")
    left = tuple(point for point in task.points if not (folder / point.part).is_file())
    if len(left) == len(task.points):
        raise ConnectionError(
            f"workers died {error.allowed_failures + 1} times at {task.points[0].words}: see their logs "
            "for the cause. If it is memory, give each worker more memory or fewer threads, or take fewer "
            "replicates or sizes. Run the same command again to complete what is missing."
        )
    return task._replace(points=left)
