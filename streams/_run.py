"""From a command to its end: an interrupt or SIGTERM ends what runs in order, a second one at once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from ..learners import Learner, make_learner
from ..learners._catalogue import default_learner, learner_entry, sized_by_length
from ._messages.outputs import Output
from ._service.service import Service
from ._sources.interfaces import Arrivals, Sink


def run_streams(main: Coroutine[Any, Any, Any], stop: Callable[[], bool] | None = None) -> Any:
    """Run a coroutine to its end.

    Args:
        main: What runs.
        stop: Called at the first interrupt or SIGTERM; without it, or where it returns False, we cancel the coroutine.
    """

    async def run() -> Any:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main)
        signals = (signal.SIGINT, signal.SIGTERM)

        def end() -> None:
            for number in signals:
                loop.remove_signal_handler(number)
            if stop is None or not stop():
                task.cancel()

        for number in signals:
            with contextlib.suppress(NotImplementedError):  # where there is no such thing, an interrupt ends at once
                loop.add_signal_handler(number, end)
        return await task

    return asyncio.run(run())


def learner_of(words: str | None, sizes: Sequence[int] | None) -> Callable[[int, int], Learner]:
    """Return what makes the learner of streams so wide.

    Args:
        words: As for ``make_learner``; by default the ladder for one output, else the lattice.
        sizes: Of the ladder, by default 0..16.
    """

    def make(outputs: int, inputs: int) -> Learner:
        name = words or default_learner(outputs, inputs)
        tried = range(17) if sizes is None and sized_by_length(name) else sizes
        given = dict(sizes=tried, outputs=outputs, inputs=inputs)
        # Of the inputs nothing is known ahead: y[t+1] is forecast from u[t] and those before.
        return make_learner(name, given | dict(direct=False))

    if words is not None:
        learner_entry(words.partition(":")[0])  # so that a wrong name is said before anything comes
    return make


async def serve(
    service: Service, source: Arrivals, sink: Sink[Output], opened: Callable[[], None] | None = None
) -> None:
    """Run a service between what is opened here; ``opened`` is called once it is."""
    with contextlib.suppress(asyncio.CancelledError):  # told to end before it ran, as while there is no broker yet
        async with source, sink:
            if opened is not None:
                opened()
            await service.run(source, sink)
