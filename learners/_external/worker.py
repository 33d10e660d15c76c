"""The process in which an external predictor runs: it receives one sample at a time, and holds no later one.

    python -P -m ergoscope.learners._external.worker FILE.py:NAME

It runs the file once. For each run it forks: the copy receives the samples and ends with the run. So no run starts with
what another run has seen, and no run waits for imports. A file that starts threads cannot be forked (the copy would not
have them): then the process serves one run itself.

Frames go both ways: four bytes of length, then the content.

* It receives for each run: a JSON object with outputs, inputs and dt; then each sample as doubles, y and u; then an
  empty frame.
* It sends: ``+one`` or ``+many``, the number of runs it serves. For each run ``+`` and a JSON object with parameters
  and the number of the process; for each answer ``+`` and doubles: seconds, forecast and, where there is one, variance.
  ``-`` and what failed ends the run. ``.`` and the exit code comes when the copy has ended.

What the predictor prints goes to standard error.
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
    """Serve runs until the other end closes."""
    source, sink = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    threads = _threads()
    try:
        factory = find_factory(sys.argv[1], once=True)
    except ValueError as exc:
        _send(sink, b"-" + json.dumps(["start", str(exc)]).encode())
        return
    if not threads or _threads() != threads:
        _send(sink, b"+one")
        _serve(factory, source, sink)
        return
    _send(sink, b"+many")
    requests = select.poll()
    requests.register(source, select.POLLIN)
    while requests.poll()[0][1] & select.POLLIN:  # else the other end is closed
        copy = os.fork()
        if not copy:
            np.random.seed()  # noqa: NPY002, else each copy would draw the same numbers
            code = 1
            try:
                _serve(factory, source, sink)
                code = 0
            except BaseException:  # a KeyboardInterrupt that the predictor raised
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)  # an orderly end would touch, and so copy, all shared memory
        _send(sink, b".%d" % os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]))


def _serve(factory: PredictorFactory, source: int, sink: int) -> None:
    contents = _contents(source)
    try:
        stream = json.loads(next(contents))
        stepper, p = Stepper(factory, **stream), stream["outputs"]
        _send(sink, b"+" + json.dumps(dict(parameters=stepper.parameters, process=os.getpid())).encode())
        _send(sink, _packed(stepper.first()))
        for content in contents:
            sample = np.frombuffer(content)
            _send(sink, _packed(stepper.next(sample[:p].copy(), sample[p:].copy())))
    except Failed as failed:
        _send(sink, b"-" + json.dumps([failed.kind, failed.message]).encode())
    except (StopIteration, BrokenPipeError):
        pass  # the other end is closed


def _contents(source: int) -> Iterator[bytes]:
    """Yield the frames of a run."""
    with os.fdopen(source, "rb") as pipe:
        while head := pipe.read(LENGTH.size):
            size = LENGTH.unpack(head)[0]
            if not size:
                return
            yield pipe.read(size)


def _send(sink: int, content: bytes) -> None:
    data = memoryview(frame(content))
    while data:
        data = data[os.write(sink, data) :]


def _threads() -> int:
    """Return the threads of this process, 0 where the system does not report them."""
    tasks = "/proc/self/task"
    return len(os.listdir(tasks)) if os.path.isdir(tasks) else 0


def _packed(answer: Answer) -> bytes:
    numbers = [np.array([answer.seconds]), answer.forecast, *([] if answer.variance is None else [answer.variance])]
    return b"+" + np.concatenate(numbers).tobytes()


if __name__ == "__main__":
    main()
