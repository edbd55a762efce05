"""Runs the program in processes forked from one that has already imported it, which saves most of its start-up time.

The call is the same as for the installed command: arguments, a whole environment, standard streams and an exit code.
Where APOA_COMMAND names an installation, as in `.ci/run` for the wheel, that command itself is started for each call.

What Python and the system's libraries read when a process starts (locale, PYTHON* variables, LD_PRELOAD, a container)
belongs to the process that is forked from: there is one for each `start`. Everything else is a `Condition` of the call.
"""

import atexit
import ctypes
import gc
import importlib
import io
import json
import os
import pkgutil
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

HEAVY = (
    *("requests", "truststore", "nacl.bindings", "nacl.public", "tomlkit", "jinja2", "segno", "rich.console"),
    *("rich.progress", "jsonschema", "werkzeug.serving", "werkzeug.routing", "sqlite3", "tomllib", "uuid"),
)
"""Libraries that the program imports only when they are needed."""
_LENGTH = 4
_LONGEST_TEXT = 1 << 20
_BASE: tuple[tuple[str, str], ...] = (("PYTHONIOENCODING", "utf-8"),)
"""The environment in which the process to fork from starts, unless a call names another one."""


class Condition(NamedTuple):
    """What is unusual about a process beside its environment."""

    folder: str = ""
    """The working directory; the caller's if empty."""
    folder_deleted: bool = False
    """Whether the working directory is deleted first."""
    umask: int = 0o022
    closed: Sequence[int] = ()
    """The numbers of standard streams that are closed."""
    out: str = ""
    """A device to write standard output to, such as /dev/full."""
    merged: bool = False
    """Whether standard error goes where standard output goes."""
    limits: Mapping[str, int] = {}
    """Limits of the system by their names, such as NOFILE."""
    powerless: bool = False
    """Whether root is without root's powers."""
    new_session: bool = False
    background: bool = False
    """Whether it is a background job of a terminal, which is stopped when it reads from it."""
    seconds: float = 0
    """After how many seconds it is terminated, as a server is; 0 for never."""
    longest: int = 60
    """After how many seconds it is killed."""


USUAL = Condition()


def run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    stdin: str,
    *,
    timeout: float,
    condition: Condition = USUAL,
    start: tuple[tuple[str, str], ...] = _BASE,
    container: tuple[str, ...] = (),
) -> "subprocess.CompletedProcess[str]":
    """Run one call to its end. Raises `TimeoutError` after this many seconds.

    `start` is the environment of the process to fork from, and `container` the words of a program that starts it.
    """
    with (
        tempfile.TemporaryFile() as typed,
        _output(condition.limits) as (out, written),
        _output(condition.limits) as (err, written_to_err),
    ):
        typed.write(stdin.encode())
        typed.seek(0)
        folder = condition.folder or str(Path.cwd())
        request = json.dumps([list(arguments), dict(environ), condition._replace(folder=folder)._asdict()]).encode()
        server = _server(start, container)
        server.settimeout(timeout)
        socket.send_fds(server, [len(request).to_bytes(_LENGTH)], [typed.fileno(), out, err])
        server.sendall(request)
        code = int.from_bytes(_receive(server, _LENGTH), signed=True)
        return subprocess.CompletedProcess(arguments, code, written(), written_to_err())


@contextmanager
def _output(limits: Mapping[str, int]) -> Iterator[tuple[int, Callable[[], str]]]:
    """Return a descriptor to write to, and what returns the text that was written.

    It is of a file, which holds any text, or of a pipe if no file may grow.
    """
    if "FSIZE" not in limits:
        with tempfile.TemporaryFile() as file:

            def content() -> str:
                file.seek(0)
                return file.read().decode(errors="replace")

            yield file.fileno(), content
        return
    import fcntl  # not on Windows

    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _LONGEST_TEXT)
    with os.fdopen(writer, "wb") as end, os.fdopen(reader, "rb") as text:

        def rest() -> str:
            end.close()
            return text.read().decode(errors="replace")

        yield writer, rest


@cache
def _server(start: tuple[tuple[str, str], ...], container: tuple[str, ...]) -> socket.socket:
    """Start the process to fork from, once for this process. It ends when this one does."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [*container, sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=dict(start),
            stdin=subprocess.DEVNULL,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _receive(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = connection.recv(size - len(content))
        if not part:
            message = "the process that commands are forked from has ended"
            raise ConnectionError(message)
        content += part
    return content


def _serve(connection: socket.socket) -> tuple[Any, list[int]]:
    """Fork for each request. Returns in the child, with the request and its three standard streams."""
    while True:
        head, streams, _flags, _address = socket.recv_fds(connection, _LENGTH, 3)
        if not head:
            os._exit(0)
        request = json.loads(_receive(connection, int.from_bytes(head)))
        child = os.fork()
        if child == 0:
            connection.close()
            return request, streams
        for stream in streams:
            os.close(stream)
        _child, status = os.waitpid(child, 0)
        connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(_LENGTH, signed=True))


def _become(request: Any, streams: Sequence[int]) -> None:
    """Give this process the arguments, the environment, the folder and the streams of a new one."""
    arguments, environ, given = request
    condition = Condition(**given)
    if condition.background:
        streams = [_become_background_job(), *streams[1:]]
    os.environ.clear()
    os.environb.update({name.encode(): value.encode() for name, value in environ.items()})
    os.chdir(condition.folder.encode())
    if condition.folder_deleted:
        shutil.rmtree(condition.folder.encode())
    _replace_streams(streams, condition)
    time.tzset()
    random.seed()
    sys.argv = ["apoa", *(os.fsdecode(word.encode()) for word in arguments)]
    os.umask(condition.umask)
    if condition.new_session:
        os.setsid()
    _end_in_time(condition)
    _limit(condition)


def _replace_streams(streams: Sequence[int], condition: Condition) -> None:
    if condition.out:
        streams = [streams[0], os.open(condition.out, os.O_WRONLY), streams[2]]
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if condition.merged:
        os.dup2(1, 2)
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0)), encoding, errors)
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), encoding, errors)
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w")), encoding, "backslashreplace", line_buffering=True
    )
    for number in condition.closed:
        name = ("stdin", "stdout", "stderr")[number]
        getattr(sys, name).close()  # and its descriptor with it
        setattr(sys, name, None)  # as Python does where it is closed from the start
        setattr(sys, f"__{name}__", None)


def _become_background_job() -> int:
    """Continue in a child that is a background job of a new terminal. Returns its side of the terminal.

    This process ends when the child does, or is stopped, and says so as a shell does: 128 and the signal's number.
    """
    import fcntl
    import termios

    os.setsid()
    _desk, line = os.openpty()
    fcntl.ioctl(line, termios.TIOCSCTTY, 0)
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        return line
    _child, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        os.kill(child, signal.SIGKILL)
        os._exit(128 + os.WSTOPSIG(status))
    os._exit(os.waitstatus_to_exitcode(status) % 256)


def _end_in_time(condition: Condition) -> None:
    def terminate(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(condition.longest)
        os.kill(os.getpid(), signal.SIGTERM)

    if condition.seconds:
        signal.signal(signal.SIGALRM, terminate)
    signal.setitimer(signal.ITIMER_REAL, condition.seconds or condition.longest)


def _limit(condition: Condition) -> None:
    import resource

    if condition.powerless and os.geteuid() == 0:
        header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        ctypes.CDLL(None).capset(header, nothing)
    for name, value in condition.limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))


def import_program() -> None:
    """Import each module of the program but the one that runs it."""
    import apoa_client

    for module in pkgutil.walk_packages(apoa_client.__path__, "apoa_client."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def main() -> int:
    """Import the program, then serve calls; in a forked child, run the program."""
    for name in HEAVY:
        importlib.import_module(name)
    import_program()
    gc.freeze()
    _become(*_serve(socket.socket(fileno=int(sys.argv[1]))))
    program: Callable[[], int] = sys.modules["apoa_client.cli.main"].main
    try:
        return program()
    finally:  # Python's end takes back its handler: a late signal would kill a process that has ended by itself
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    sys.exit(main())
