"""A real PostgreSQL of the tests' own: a cluster in a temporary folder, which ends with the process that started it."""

import hmac
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from functools import partial
from hashlib import pbkdf2_hmac, sha256
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, Self

import psycopg
import pytest
from basics import needs_tool
from outbox_helpers import sealer as new_sealer

from apoa_client import cli
from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase, translated
from apoa_client.outbox.postgres.store import PostgresOutbox, add_member, create_schema
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.ports.run import Sealer
from apoa_client.ports.state import Actor
from apoa_client.settings.outbox_address import ServerAddress, parse_address

SUPERUSER = "admin"
PASSWORD = "a-secret-of-the-tests"
"""The superuser's password over TCP. Over the socket no password is asked for."""

_SETTINGS = ("listen_addresses='127.0.0.1'", "shared_buffers=32MB", "jit=off", "wal_level=minimal", "max_wal_senders=0")
_FAST = ("fsync=off", "full_page_writes=off", "autovacuum=off")
_READY = "ready to accept"
"""What the server says when clients can connect; a standby goes on: "read-only connections"."""
_ENVIRON = {"PATH": os.defpath}

# Stops the program when the pipe from the tests' process is closed, however that ends, and keeps the files if asked to.
# SIGQUIT does not wait for a session that a test has stopped: PostgreSQL kills it after five seconds.
_GUARD = """
folder=$1; shift
"$@" 2>&1 & program=$!
read -r answer
kill -QUIT $program 2>/dev/null
wait $program
[ "$answer" = keep ] || rm -rf "$folder"
"""


class Guarded:
    """A server's program that ends with the tests' process, also if that is killed, and its folder with it."""

    def __init__(self, command: Sequence[str], folder: Path, ready: str) -> None:
        self.log: list[str] = []
        self._process = subprocess.Popen(
            ["sh", "-c", _GUARD, "guard", str(folder), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the shell's own words about a program that was killed
            text=True,
            cwd="/",
            env=_ENVIRON,
            start_new_session=True,  # Ctrl-C ends the tests, which end the program
            **_unprivileged(),
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.log.append(line)
            # Not what it answers a client that comes during its recovery.
            if ready in line or ("FATAL" in line and "the database system is" not in line):
                break
        self.is_ready = ready in self.log[-1]
        self._reader = threading.Thread(target=self.log.extend, args=[self._process.stdout], daemon=True)
        self._reader.start()

    def end(self, *, keep: bool = False) -> None:
        """End the program, and remove its folder unless it is kept."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if keep:
            self._process.stdin.write("keep\n")
        self._process.stdin.close()
        self._process.wait()
        self._reader.join()
        self._process.stdout.close()


class Cluster:
    """A server with its data: in memory where possible, and on the disk, with every sync, if it must be durable."""

    def __init__(self, *, durable: bool = False, settings: Sequence[str] = (), port: int | None = None) -> None:
        self._programs = _programs()
        memory = Path("/dev/shm")  # noqa: S108  a private folder is made below it
        in_memory = not durable and os.access(memory, os.W_OK)
        # A short path: that of a socket has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="apoa-pg-", dir=memory if in_memory else "/tmp"))  # noqa: S108
        self.port = port or free_port()
        self._server: Guarded | None = None
        self._admin: psycopg.Connection[Any] | None = None
        self._numbers = count(1)
        try:
            _give_to_server(self.folder)
            self._create()
            self._set(f"port={self.port}", f"unix_socket_directories='{self.folder}'", *settings)
            self._set(*() if durable else _FAST)
            self.start()
            if not self.admin.execute(b"SELECT pg_is_in_recovery()").fetchall()[0][0]:  # a standby has its primary's
                self.admin.execute(f"ALTER ROLE {SUPERUSER} PASSWORD '{_secret()}'".encode())
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _create(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        _give_to_server(password)
        options = ["--auth-local=trust", "--auth-host=scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-sync"]
        self.run("initdb", "-D", str(self._data), "-U", SUPERUSER, f"--pwfile={password}", *options)
        self._set(*_SETTINGS)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's user."""
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd="/", env=_ENVIRON, **_unprivileged())

    def _set(self, *settings: str) -> None:
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in settings)

    def use_certificate(self, certificate: Path, key: Path) -> None:
        """Encrypt connections with this certificate, after the next start."""
        for name, source in (("server.crt", certificate), ("server.key", key)):
            copy = self._data / name
            copy.write_bytes(source.read_bytes())
            _give_to_server(copy)
            copy.chmod(0o600)
        self._set("ssl=on")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _command(self) -> Sequence[str]:
        return [str(self._programs / "postgres"), "-D", str(self._data)]

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        command = self._command
        self._server = Guarded(command, self.folder, _READY)
        while not self._server.is_ready:
            # What is left of a killed server uses its memory for a moment.
            log = "".join(self._server.log)
            self._end(keep=True)
            assert "pre-existing shared memory block" in log, log
            self._server = Guarded(command, self.folder, _READY)

    def kill(self) -> None:
        """Kill the server, as a power cut does. Its data stay for `start`."""
        first, *_rest = (self._data / "postmaster.pid").read_text().splitlines()
        os.kill(int(first), signal.SIGKILL)
        self._end(keep=True)

    @contextmanager
    def away(self) -> Iterator[None]:
        """The server is killed, and started again at the end."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    def stop(self) -> None:
        """Stop the server, and remove its data."""
        self._end(keep=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, *, keep: bool) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None
        if self._server is not None:
            self._server.end(keep=keep)
            self._server = None

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
        # By files: a log of each page would take twice the time.
        self.admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy'.encode())
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, and end the connections to it."""
        self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())

    def address(self, database: str, user: str = SUPERUSER, port: int | None = None) -> ServerAddress:
        """The address of a database over TCP; `port` is another program's that passes everything on."""
        return parse_address(f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}")


PROPERTY = "melati"
"""A property of the outbox, and the login of its desks."""


class Group(StrEnum):
    """What a login may do, by the name of its role."""

    DESK = "apoa_desk"
    SENDER = "apoa_sender"

    @property
    def statements(self) -> str:
        """What an administrator runs for it, in the words of `apoa help admin`; nothing after `--sender`."""
        guide = (Path(cli.__file__).parent / "guide" / "guides" / "admin.en.md").read_text(encoding="utf-8")
        [row] = re.findall(rf"^\| `{self}`: ([^|]*)\|", guide, re.MULTILINE)
        return "".join(re.findall(r"`(GRANT [^`]+)`", row))


def _secret() -> str:
    """Return what the server stores of `PASSWORD` (RFC 5803): one iteration; 4,096 take 3 ms a connection."""
    salt = b"salt of the tests"
    salted = pbkdf2_hmac("sha256", PASSWORD.encode(), salt, 1)
    client_key, server_key = (hmac.digest(salted, text, "sha256") for text in (b"Client Key", b"Server Key"))
    salt_text, stored, server = (b64encode(part).decode() for part in (salt, sha256(client_key).digest(), server_key))
    return f"SCRAM-SHA-256$1:{salt_text}${stored}:{server}"


def prepare_outbox(cluster: Cluster) -> str:
    """Create a database that is prepared as an outbox, with a login for one property. Returns its name."""
    name = cluster.create_database()
    create_schema(cluster.address(name), PASSWORD)
    add_login(cluster, name, PROPERTY, PROPERTY)
    return name


def add_login(cluster: Cluster, database: str, login: str, property_name: str, group: Group = Group.SENDER) -> None:
    """Create a login of the server, unless there is one, that may use this property of an outbox."""
    if cluster.admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [login]).rowcount == 0:
        cluster.admin.execute(f"CREATE ROLE \"{login}\" LOGIN PASSWORD '{_secret()}'".encode())
    add_member(cluster.address(database), PASSWORD, login, property_name)
    if group.statements:
        cluster.admin.execute(re.sub(r"\blogin\b", f'"{login}"', group.statements).encode())


# A superuser ignores row-level security. No desk may be in the middle of a transaction.
_DROP_CHECKS = b"""
    DO $$ DECLARE found record; BEGIN
        FOR found IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'c' AND conrelid > 0
            AND connamespace = 'apoa'::regnamespace
        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.t, found.conname); END LOOP;
    END $$
"""


def be_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands of this process wait longer for an answer: a busy machine is no failure."""
    for module in ("connection", "database"):
        monkeypatch.setattr(f"apoa_client.outbox.postgres.{module}.TimeLimits", partial(TimeLimits, answer=20.0))


def until(is_so: Callable[[], object], longest_s: float = 60.0) -> None:
    """Ask until it is so. Fails after some time: what the server does on its own takes a moment."""
    end = time.monotonic() + longest_s
    while not is_so():
        assert time.monotonic() < end


class SharedOutbox(NamedTuple):
    """A database that is prepared as an outbox: the `Store` of one property, and others."""

    cluster: Cluster
    database: str

    def address(self, login: str = PROPERTY) -> str:
        """Its address in the settings of a desk."""
        return f"postgresql://{login}@127.0.0.1:{self.cluster.port}/{self.database}"

    def open(
        self,
        sealer: Sealer | None = None,
        actor: Actor = NO_ACTOR,
        *,
        login: str = PROPERTY,
        property_name: str = PROPERTY,
        port: int | None = None,
    ) -> PostgresOutbox:
        """Open it for a property, as another desk does; `port` is a pooler's."""
        address = self.cluster.address(self.database, login, port)
        limits = TimeLimits(answer=20.0)  # a busy machine is no failure
        return PostgresOutbox.open(address, property_name, PASSWORD, sealer or new_sealer(), actor=actor, limits=limits)

    def add_login(self, login: str, property_name: str, group: Group = Group.SENDER) -> None:
        """Create a login of the server, unless there is one, that may use this property."""
        add_login(self.cluster, self.database, login, property_name, group)

    def change(self, statement: str, *values: object) -> None:
        """As `Store`, as the superuser; a row that is inserted is of the first property."""
        with closing(self._connect()) as connection:
            connection.execute(_DROP_CHECKS)
            connection.execute(translated(statement), values)

    def rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """As `Store`, of every property."""
        with closing(self._connect()) as connection:
            return connection.execute(translated(query), values).fetchall()

    def reports(self) -> Sequence[tuple[Any, ...]]:
        """The ids and states of the reports, in their order."""
        return self.rows("SELECT id, state FROM reports ORDER BY seq")

    def raw(self) -> bytes:
        """As `Store`: of all rows."""
        tables = ("reports", "tally", "audit", "memo", "drafts")
        values = (value for table in tables for row in self.rows(f"SELECT * FROM {table}") for value in row)  # noqa: S608
        return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)

    def fault(self) -> Exception:
        """As `Store`."""
        return psycopg.errors.IoError("I/O")

    def _connect(self) -> psycopg.Connection[Any]:
        connection = self.cluster.connect(self.database)
        connection.execute("SELECT set_config('search_path', 'apoa', false)")
        connection.execute("SELECT set_config('apoa.property', %s, false)", [PROPERTY])
        return connection


@contextmanager
def new_shared_outbox(cluster: Cluster, template: str) -> Iterator[SharedOutbox]:
    """As `NewStore`, a copy of a database that is prepared. Its leases count by the clock of the test."""
    name = cluster.create_database(template)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PostgresDatabase, "now", lambda _db, here: here)
            yield SharedOutbox(cluster, name)
    finally:
        cluster.drop_database(name)


_POOLER = """
[databases]
{database} = host={cluster.folder} port={cluster.port} pool_size={sessions}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
{more}
"""


@contextmanager
def pooler(cluster: Cluster, database: str, sessions: int, more: str = "") -> Iterator[int]:
    """PgBouncer in transaction mode, with so many sessions of the server for all its clients. Yields its port."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/opt/homebrew/bin")
    needs_tool("pgbouncer", found=program is not None)
    folder, port = cluster.folder / f"pooler-{database}", free_port()
    folder.mkdir()
    _give_to_server(folder)
    users, settings = folder / "users", folder / "pgbouncer.ini"
    users.write_text(f'"{SUPERUSER}" "{PASSWORD}"\n"{PROPERTY}" "{PASSWORD}"\n')
    values = {"cluster": cluster, "database": database, "sessions": sessions, "port": port, "users": users}
    settings.write_text(_POOLER.format(more=more, **values))
    for path in (users, settings):
        _give_to_server(path)
    started = Guarded([str(program), str(settings)], folder, "process up")
    try:
        assert started.is_ready, "".join(started.log)
        yield port
    finally:
        started.end()


def _programs() -> Path:
    """The folder with the programs that APOA_POSTGRES names, else those of the newest PostgreSQL that is installed.

    Skips the test if there is none.
    """
    named = os.environ.get("APOA_POSTGRES")
    if named:
        return Path(named)
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin/initdb") if re.fullmatch(r"\d+", path.parts[-3])]
    newest = max(debian, key=lambda path: int(path.parts[-3]), default=None)
    found = shutil.which(newest or "initdb") if sys.platform != "win32" else None
    needs_tool("postgresql", found=found is not None)
    return Path(str(found)).parent


def _give_to_server(path: Path) -> None:
    if owner := _unprivileged():
        os.chown(path, owner["user"], owner["group"])


def _unprivileged() -> dict[str, Any]:
    """What `subprocess` needs to run the server, which refuses to run as root."""
    if sys.platform == "win32" or os.geteuid():
        return {}
    from pwd import getpwnam

    user = getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port() -> int:
    """A port of this computer that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
