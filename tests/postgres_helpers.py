"""A real PostgreSQL of the tests' own: a cluster in a temporary folder, which ends with the process that started it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from itertools import count
from pathlib import Path
from typing import Any, Self

import psycopg
from system_helpers import needs_tool

from apoa_client.outbox.postgres.address import ServerAddress, parse_address

SUPERUSER = "admin"
PASSWORD = "a-secret-of-the-tests"
"""The superuser's password over TCP. Over the socket no password is asked for."""

_SETTINGS = ("listen_addresses='127.0.0.1'", "shared_buffers=32MB", "jit=off", "wal_level=minimal", "max_wal_senders=0")
_FAST = ("fsync=off", "full_page_writes=off", "autovacuum=off")
_ENVIRON = {"PATH": os.defpath}

# Stops the server when the pipe from the tests' process is closed, however that ends. It keeps the data if asked to.
_GUARD = """
"$1/postgres" -D "$2/data" 2>&1 & server=$!
read -r answer
kill -INT $server 2>/dev/null
wait $server
[ "$answer" = keep ] || rm -rf "$2"
"""


class Cluster:
    """A server with its data: in memory where possible, and on the disk, with every sync, if it must be durable."""

    def __init__(self, *, durable: bool = False) -> None:
        self._programs = _programs()
        memory = Path("/dev/shm")  # noqa: S108  a private folder is made below it
        in_memory = not durable and os.access(memory, os.W_OK)
        # A short path: that of a socket has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="apoa-pg-", dir=memory if in_memory else "/tmp"))  # noqa: S108
        self.port = _free_port()
        self.log: list[str] = []
        self._user = _unprivileged()
        self._guard: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._admin: psycopg.Connection[Any] | None = None
        self._numbers = count(1)
        try:
            self._create(durable=durable)
            self.start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _create(self, *, durable: bool) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if self._user:
            for path in (self.folder, password):
                os.chown(path, self._user["user"], self._user["group"])
        options = ["--auth-local=trust", "--auth-host=scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-sync"]
        folders = ["-D", str(self._data), f"--pwfile={password}"]
        command = [str(self._programs / "initdb"), "-U", SUPERUSER, *folders, *options]
        subprocess.run(command, check=True, capture_output=True, cwd="/", env=_ENVIRON, **self._user)
        own = (*_SETTINGS, *(() if durable else _FAST), f"port={self.port}", f"unix_socket_directories='{self.folder}'")
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in own)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        while not self._try_to_start():
            # What is left of a killed server uses its memory for a moment.
            assert "pre-existing shared memory block" in "".join(self.log[-10:]), "".join(self.log[-10:])

    def _try_to_start(self) -> bool:
        guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "guard", str(self._programs), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env=_ENVIRON,
            start_new_session=True,  # Ctrl-C ends the tests, which end the server
            **self._user,
        )
        self._guard = guard
        assert guard.stdout is not None
        for line in guard.stdout:
            self.log.append(line)
            if "ready to accept connections" in line:
                self._reader = threading.Thread(target=self.log.extend, args=[guard.stdout], daemon=True)
                self._reader.start()
                return True
            if "database system is shut down" in line or "FATAL" in line:
                break
        self._end_guard("keep\n")
        return False

    def kill(self) -> None:
        """Kill the server, as a power cut does. Its data stay for `start`."""
        first, *_rest = (self._data / "postmaster.pid").read_text().splitlines()
        os.kill(int(first), signal.SIGKILL)
        self._end_guard("keep\n")

    def stop(self) -> None:
        """Stop the server, and remove its data."""
        self._end_guard("")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_guard(self, answer: str) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None
        if self._guard is not None:
            self._guard.communicate(answer) if self._reader is None else self._end_started(self._guard, answer)
            self._guard = None

    def _end_started(self, guard: subprocess.Popen[str], answer: str) -> None:
        assert self._reader is not None
        assert guard.stdin is not None
        assert guard.stdout is not None
        guard.stdin.write(answer)
        guard.stdin.close()
        guard.wait()
        self._reader.join()
        self._reader = None
        guard.stdout.close()

    @property
    def admin(self) -> psycopg.Connection[Any]:
        """The superuser's connection, without transactions."""
        if self._admin is None:
            self._admin = self.connect("postgres")
        return self._admin

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """A superuser's connection to a database, over the socket, without transactions."""
        options = {"host": str(self.folder), "port": self.port, "user": SUPERUSER, "dbname": database}
        return psycopg.connect(autocommit=True, **options)  # type: ignore[arg-type]

    def create_database(self, template: str = "template1") -> str:
        """Create a database as a copy of another one, to which no connection is open. Returns its name."""
        name = f"test{next(self._numbers)}"
        self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, and end the connections to it."""
        self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def address(self, database: str, user: str = SUPERUSER, port: int | None = None) -> ServerAddress:
        """The address of a database over TCP; `port` is another program's that passes everything on."""
        return parse_address(f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}")


def _programs() -> Path:
    """The folder with the programs of the newest PostgreSQL that is installed. Skips the test if there is none."""
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin/initdb") if re.fullmatch(r"\d+", path.parts[-3])]
    newest = max(debian, key=lambda path: int(path.parts[-3]), default=None)
    found = shutil.which(newest or "initdb") if sys.platform != "win32" else None
    needs_tool("postgresql", found=found is not None)
    return Path(str(found)).parent


def _unprivileged() -> dict[str, Any]:
    """What `subprocess` needs to run the server, which refuses to run as root."""
    if sys.platform == "win32" or os.geteuid():
        return {}
    from pwd import getpwnam

    user = getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
