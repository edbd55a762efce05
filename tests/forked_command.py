"""Runs the program in processes forked from one that has already imported it, which saves most of its start-up time.

The call is the same as for the installed command: arguments, a whole environment, standard streams and an exit code.
`.ci/run` measures coverage and then starts the installed command itself for each call.
"""

import atexit
import gc
import importlib
import io
import json
import os
import pkgutil
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

HEAVY = (
    *("requests", "truststore", "nacl.bindings", "nacl.public", "tomlkit", "jinja2", "segno", "rich.console"),
    *("rich.progress", "jsonschema", "werkzeug.serving", "werkzeug.routing", "sqlite3", "tomllib", "uuid"),
)
"""Libraries that the program imports only when they are needed."""
_LENGTH = 4


def run(
    arguments: Sequence[str], environ: Mapping[str, str], stdin: str, *, timeout: float
) -> "subprocess.CompletedProcess[str]":
    """Run one call to its end. Raises `TimeoutError` after this many seconds."""
    with tempfile.TemporaryFile() as typed, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        typed.write(stdin.encode())
        typed.seek(0)
        request = json.dumps([list(arguments), dict(environ), str(Path.cwd())]).encode()
        server = _server()
        server.settimeout(timeout)
        socket.send_fds(server, [len(request).to_bytes(_LENGTH)], [typed.fileno(), out.fileno(), err.fileno()])
        server.sendall(request)
        code = int.from_bytes(_receive(server, _LENGTH), signed=True)
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read().decode(), err.read().decode())


@cache
def _server() -> socket.socket:
    """Start the process to fork from, once for this process. It ends when this one does."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={},
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
    arguments, environ, folder = request
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    time.tzset()
    random.seed()
    sys.argv = ["apoa", *arguments]
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0)), "utf-8")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), "utf-8")
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w")), "utf-8", "backslashreplace", line_buffering=True
    )


def main() -> int:
    """Import the program, then serve calls; in a forked child, run the program."""
    import apoa_client

    for name in HEAVY:
        importlib.import_module(name)
    for module in pkgutil.walk_packages(apoa_client.__path__, "apoa_client."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.freeze()
    _become(*_serve(socket.socket(fileno=int(sys.argv[1]))))
    program: Callable[[], int] = sys.modules["apoa_client.cli.main"].main
    return program()


if __name__ == "__main__":
    sys.exit(main())
