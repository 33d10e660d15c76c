"""Start a program, and kill its process group when it ends or when the process that asked for it is gone.

    python -I -S watchdog.py DESCRIPTOR PROGRAM ARGUMENT..

It runs as a file, as the leader of a process group, with the program's own standard input, output and error. It writes
to the socket DESCRIPTOR the number of the process, or why the program could not start, and later the exit code. When
the other end of the socket closes, it kills the group. The program may hang or hold the interpreter: this process does
neither.
"""

import os
import signal
import socket
import sys
import threading


def main() -> None:
    """Start the program, report on it, and kill the group at the end."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    command = sys.argv[2:]
    try:
        program = os.posix_spawn(command[0], command, os.environ, setsigdef=[signal.SIGPIPE])
    except OSError as exc:
        channel.sendall(f"{exc.strerror}\n".encode())
        return
    empty = os.open(os.devnull, os.O_RDWR)
    for number in range(3):  # open here, they would stay open when the program ends
        os.dup2(empty, number)
    channel.sendall(f"{program}\n".encode())
    threading.Thread(target=_kill_when_closed, args=(channel,), daemon=True).start()
    _, status = os.waitpid(program, 0)
    try:
        channel.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    finally:
        os.killpg(0, signal.SIGKILL)


def _kill_when_closed(channel: socket.socket) -> None:
    try:
        channel.recv(1)
    finally:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
