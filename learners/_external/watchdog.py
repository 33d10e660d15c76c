"""Start a program and end it, with all that it started, when it ends or when the process that asked for it is gone.

    python -I -S watchdog.py DESCRIPTOR PROGRAM ARGUMENT..

Run as a file, as the leader of a process group, with the program's own standard input, output and error. It tells over
the socket DESCRIPTOR the number of the process, or why there is none, and in the end how it ended; where the other end
of the socket closes, the group is killed. The program may hang or hold the interpreter: this process does neither.
"""

import os
import signal
import socket
import sys
import threading


def main() -> None:
    """Do so."""
    life = socket.socket(fileno=int(sys.argv[1]))
    life.set_inheritable(False)
    command = sys.argv[2:]
    try:
        program = os.posix_spawn(command[0], command, os.environ, setsigdef=[signal.SIGPIPE])
    except OSError as exc:
        life.sendall(f"{exc.strerror}\n".encode())
        return
    empty = os.open(os.devnull, os.O_RDWR)
    for ours in range(3):  # held here, they would stay open when the program ends
        os.dup2(empty, ours)
    life.sendall(f"{program}\n".encode())
    threading.Thread(target=_end_with, args=(life,), daemon=True).start()
    _, status = os.waitpid(program, 0)
    try:
        life.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    finally:
        os.killpg(0, signal.SIGKILL)


def _end_with(life: socket.socket) -> None:
    try:
        life.recv(1)
    finally:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
