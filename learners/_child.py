"""The process in which a predictor from outside runs: it is told one sample at a time, and holds no other.

    python -P -m ergoscope.learners._child FILE.py:NAME

Frames go both ways, four bytes of length and then the content. Here: an object of JSON with outputs, inputs and dt;
then each sample as doubles, y and u. Back: nothing once the name is found; the number of parameters; then each answer
as doubles, seconds, forecast and, where there is one, variance; each after a ``+``. After a ``-`` comes what failed,
and that is the end. What the predictor prints goes to standard error.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import struct
import sys
from collections.abc import Iterator

import numpy as np

from ._answers import Answer, Failed
from ._maker import Stepper, find_maker

LENGTH = struct.Struct("<I")


def frame(content: bytes) -> bytes:
    """Return the content after its length."""
    return LENGTH.pack(len(content)) + content


def frame_end(came: bytearray) -> int:
    """Return where the first frame ends, 0 while it is not whole."""
    end = LENGTH.size + LENGTH.unpack_from(came)[0] if len(came) >= LENGTH.size else 0
    return end if end <= len(came) else 0


def main() -> None:
    """Serve one run."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    faulthandler.register(signal.SIGUSR1, all_threads=False)

    def contents() -> Iterator[bytes]:
        while head := source.read(LENGTH.size):
            yield source.read(LENGTH.unpack(head)[0])

    def tell(content: bytes) -> None:
        data = memoryview(frame(content))
        while data:
            data = data[os.write(sink, data) :]

    try:
        maker = find_maker(sys.argv[1], once=True)
        tell(b"+")
        coming = contents()
        stream = json.loads(next(coming))
        stepper, p = Stepper(maker, **stream), stream["outputs"]
        tell(b"+" + json.dumps(stepper.parameters).encode())
        tell(_packed(stepper.first()))
        for content in coming:
            sample = np.frombuffer(content)
            tell(_packed(stepper.next(sample[:p].copy(), sample[p:].copy())))
    except ValueError as exc:
        tell(b"-" + json.dumps(["start", str(exc)]).encode())
    except Failed as failed:
        tell(b"-" + json.dumps([failed.kind, failed.said]).encode())
    except (StopIteration, BrokenPipeError):
        pass  # nobody asks any more


def _packed(answer: Answer) -> bytes:
    numbers = [np.array([answer.seconds]), answer.forecast, *([] if answer.variance is None else [answer.variance])]
    return b"+" + np.concatenate(numbers).tobytes()


if __name__ == "__main__":
    main()
