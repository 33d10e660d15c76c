"""Start a program; kill it with all that it started when it ends or when the process that asked for it is gone.

    python -I -S watchdog.py DESCRIPTOR PROGRAM ARGUMENT..

It runs as a file, as the leader of a process group, with the program's own standard input, output and error. It writes
to the socket DESCRIPTOR the number of the process, or why the program could not start, and later the exit code. When
the other end of the socket closes, it kills the program. The program may hang or hold the interpreter: this process
does neither.

On Linux it is the subreaper: a process that has left the group and whose parent has ended becomes a child of this one,
so it is found and killed, too. Elsewhere only the group is killed.
"""

import ctypes
import os
import signal
import socket
import sys
import threading
from contextlib import suppress

SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl
ROUNDS = 1000  # of looking for descendants: a program that forks faster than they are killed ends this


def main() -> None:
    """Start the program, report on it, and kill it with all that it started."""
    with suppress(OSError, AttributeError):  # not Linux
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    command = sys.argv[2:]
    try:
        program = os.posix_spawn(command[0], command, os.environ, setsigdef=[signal.SIGPIPE])
    except OSError as exc:
        channel.sendall(f"{exc.strerror}\n".encode())
        return
    try:
        empty = os.open(os.devnull, os.O_RDWR)
        for number in range(3):  # open here, they would stay open when the program ends
            os.dup2(empty, number)
        channel.sendall(f"{program}\n".encode())  # fails where the other end is closed already
        threading.Thread(target=_kill_when_closed, args=(channel,), daemon=True).start()
        _, status = os.waitpid(program, 0)
        channel.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    finally:
        kill_all()


def kill_all() -> None:
    """Kill all descendants, then the group with this process."""
    try:
        for _ in range(ROUNDS):
            found = descendants()
            if not found:
                break
            for process in found:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
            with suppress(ChildProcessError):  # zombies are no descendants to look for again
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    finally:
        os.killpg(0, signal.SIGKILL)


def descendants() -> list[int]:
    """Return the processes under this one, as far as /proc shows them (Linux)."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else []:
        if name.isdecimal():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                if state != b"Z":
                    parents.setdefault(int(parent), []).append(int(name))
    found, todo = [], [os.getpid()]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def _kill_when_closed(channel: socket.socket) -> None:
    try:
        channel.recv(1)
    finally:
        kill_all()


if __name__ == "__main__":
    main()
