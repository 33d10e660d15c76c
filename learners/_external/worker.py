"""The process in which a predictor from outside runs: it is told one sample at a time, and holds no other.

    python -P -m ergoscope.learners._external.worker FILE.py:NAME

It runs the file once, and for each run is copied (fork): the copy is told the samples and is gone with the run, so that
none starts with what another has seen, and none waits for its imports. Where a file starts threads, which a copy would
not have, it serves one run itself.

Frames go both ways, four bytes of length and then the content. Here, for each run: an object of JSON with outputs,
inputs and dt; each sample as doubles, y and u; nothing. Back: how many runs it serves; for each run an object with
parameters and the number of the process; each answer as doubles, seconds, forecast and, where there is one, variance;
each after a ``+``. After a ``-`` comes what failed, which ends the run; after a ``.``, when the copy is gone, its exit
code. What the predictor prints goes to standard error.
"""

from __future__ import annotations

import faulthandler
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Iterator

import numpy as np

from .factory import PredictorFactory, Stepper, find_factory
from .framing import LENGTH, frame
from .validation import Answer, Failed


def main() -> None:
    """Serve runs until nobody asks any more."""
    source, sink = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    threads = _threads()
    try:
        maker = find_factory(sys.argv[1], once=True)
    except ValueError as exc:
        _tell(sink, b"-" + json.dumps(["start", str(exc)]).encode())
        return
    if not threads or _threads() != threads:
        _tell(sink, b"+one")
        _serve(maker, source, sink)
        return
    _tell(sink, b"+many")
    asked = select.poll()
    asked.register(source, select.POLLIN)
    while asked.poll()[0][1] & select.POLLIN:  # else the other end is closed
        copy = os.fork()
        if not copy:
            np.random.seed()  # noqa: NPY002, or each copy would draw the same
            code = 1
            try:
                _serve(maker, source, sink)
                code = 0
            except BaseException:  # a KeyboardInterrupt that the predictor raised
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)  # an orderly end would touch, and so copy, all that is shared
        _tell(sink, b".%d" % os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]))


def _serve(maker: PredictorFactory, source: int, sink: int) -> None:
    coming = _contents(source)
    try:
        stream = json.loads(next(coming))
        stepper, p = Stepper(maker, **stream), stream["outputs"]
        _tell(sink, b"+" + json.dumps(dict(parameters=stepper.parameters, process=os.getpid())).encode())
        _tell(sink, _packed(stepper.first()))
        for content in coming:
            sample = np.frombuffer(content)
            _tell(sink, _packed(stepper.next(sample[:p].copy(), sample[p:].copy())))
    except Failed as failed:
        _tell(sink, b"-" + json.dumps([failed.kind, failed.said]).encode())
    except (StopIteration, BrokenPipeError):
        pass  # nobody asks any more


def _contents(source: int) -> Iterator[bytes]:
    """Yield the frames of a run."""
    with os.fdopen(source, "rb") as pipe:
        while head := pipe.read(LENGTH.size):
            size = LENGTH.unpack(head)[0]
            if not size:
                return
            yield pipe.read(size)


def _tell(sink: int, content: bytes) -> None:
    data = memoryview(frame(content))
    while data:
        data = data[os.write(sink, data) :]


def _threads() -> int:
    """Return the threads of this process, 0 where the system does not tell."""
    tasks = "/proc/self/task"
    return len(os.listdir(tasks)) if os.path.isdir(tasks) else 0


def _packed(answer: Answer) -> bytes:
    numbers = [np.array([answer.seconds]), answer.forecast, *([] if answer.variance is None else [answer.variance])]
    return b"+" + np.concatenate(numbers).tobytes()


if __name__ == "__main__":
    main()
