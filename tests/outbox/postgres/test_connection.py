"""Connections: a server that does not answer costs a second at most, and each refusal has its own advice.

A program that is not the server gets neither the password nor a report, and no variable names another server.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from authority_helpers import CA, CERTIFICATES
from basics import raises_error
from postgres_helpers import PASSWORD, SUPERUSER, Cluster
from rogue_postgres import ANSWERS, rogue

from apoa_client.errors import ApoaError
from apoa_client.outbox.postgres import database as database_module
from apoa_client.outbox.postgres.connection import TimeLimits, connect, connection_error
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.settings.outbox_address import Server, ServerAddress, parse_address

Open = Callable[..., PostgresDatabase]

PATIENT = TimeLimits(answer=20.0)
QUICK = TimeLimits(answer=0.2)
NETWORK_TLS = {"sslmode": "verify-full", "gssencmode": "disable"}


@contextmanager
def silent_server() -> Iterator[Server]:
    """A server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Server("127.0.0.1", server.getsockname()[1])


@contextmanager
def stopped(process: int) -> Iterator[None]:
    """A process that does nothing, as on a computer that hangs."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def refusal(address: ServerAddress, password: str | None = PASSWORD, limits: TimeLimits = PATIENT) -> ApoaError:
    with pytest.raises(ApoaError) as caught:
        connect(address, password, limits)
    return caught.value


def test_connected(postgres: Cluster) -> None:
    """The password is used over TCP, and the server sees the program's name. The folder of a socket is a server too."""
    with connect(postgres.address("postgres"), PASSWORD, PATIENT) as connection:
        assert connection.execute("SHOW application_name").fetchone() == ("apoa-client",)
        assert connection.execute("SHOW client_encoding").fetchone() == ("UTF8",)
    address = parse_address(f"postgresql://{SUPERUSER}@/postgres?host={postgres.folder}&port={postgres.port}")
    with connect(address, None, PATIENT) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with raises_error("outbox_not_proven"):  # where no password is asked for, one that was given proves nothing
        connect(address, PASSWORD, PATIENT)


@pytest.mark.parametrize(
    ("changes", "password", "name"),
    [
        ({}, "rahasia", "outbox_password"),
        ({}, None, "outbox_password"),
        ({"user": "other"}, PASSWORD, "outbox_password"),
        ({"database": "nowhere"}, PASSWORD, "outbox_not_allowed"),
        ({"servers": (Server("127.0.0.1", 1),)}, PASSWORD, "outbox_server_unreachable"),
        ({"servers": (Server("/nowhere", 5432),)}, PASSWORD, "outbox_server_unreachable"),
        ({"servers": (Server("db.invalid", 5432),), "tls": NETWORK_TLS}, PASSWORD, "outbox_server_unreachable"),
        ({"tls": NETWORK_TLS}, PASSWORD, "outbox_certificate"),
    ],
)
def test_refusals(postgres: Cluster, changes: dict[str, Any], password: str | None, name: str) -> None:
    """A wrong password or address, and a server that cannot encrypt, are not taken for a server that is down."""
    error = refusal(postgres.address("postgres")._replace(**changes), password)
    assert error.name == name
    assert "rahasia" not in error.message.render()


def test_role_without_permission(postgres: Cluster, table: str) -> None:
    """A role that may not connect, or may not read a table, gets the advice to ask for it."""
    postgres.admin.execute(f"CREATE ROLE {table}_desk LOGIN PASSWORD '{PASSWORD}'".encode())
    address = postgres.address(table, f"{table}_desk")
    database = PostgresDatabase(address, "melati", PASSWORD, PATIENT)
    with raises_error("outbox_not_allowed"), database.errors():
        database.execute("SELECT n FROM apoa.notes")
    database.close()
    postgres.admin.execute(f"REVOKE CONNECT ON DATABASE {table} FROM PUBLIC".encode())
    assert refusal(address).name == "outbox_not_allowed"
    postgres.admin.execute(f"DROP ROLE {table}_desk".encode())


def test_tls() -> None:
    """Over a network the certificate must be from the issuer, for the name in the address, and valid now."""
    with Cluster() as cluster:
        if cluster.admin.execute("SHOW ssl_library").fetchone() == ("",):
            pytest.skip("this server was built without TLS")
        key = CERTIFICATES / "server_key.pem"
        trusted = {**NETWORK_TLS, "sslrootcert": str(CA)}
        for name, expected in (
            ("server", None),
            ("elsewhere", "outbox_certificate"),
            ("expired", "outbox_certificate"),
        ):
            cluster.use_certificate(CERTIFICATES / f"{name}.pem", key)
            cluster.kill()
            cluster.start()
            address = cluster.address("postgres")._replace(tls=trusted)
            if expected is not None:
                assert refusal(address).name == expected
                continue
            with connect(address, PASSWORD, PATIENT) as connection:
                assert connection.pgconn.ssl_in_use
            assert refusal(address._replace(tls=NETWORK_TLS)).name == "outbox_certificate"


def test_silent_server() -> None:
    """A server that accepts a connection and says nothing is given up in time."""
    with silent_server() as server:
        assert refusal(ServerAddress((server,), "u", "d", {}), limits=QUICK).name == "outbox_server_unreachable"


def test_connection_that_comes_too_late(postgres: Cluster) -> None:
    """A connection that is made after the time limit is closed, and the thread ends."""
    first, *_rest = (postgres.folder / "data" / "postmaster.pid").read_text().splitlines()
    before = set(threading.enumerate())
    with stopped(int(first)):
        assert refusal(postgres.address("postgres"), limits=QUICK).name == "outbox_server_unreachable"
    for thread in set(threading.enumerate()) - before:
        thread.join()
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'apoa-client' AND datname = 'postgres'"
    while postgres.admin.execute(query).fetchone() != (0,):
        pass


def test_failover(postgres: Cluster) -> None:
    """With several servers, one that is down and one that is silent hold up nothing."""
    [good] = postgres.address("postgres").servers
    with silent_server() as silent:
        address = postgres.address("postgres")._replace(servers=(silent, Server("127.0.0.1", 1), good))
        with connect(address, PASSWORD, PATIENT) as connection:
            assert connection.info.port == good.port
        assert refusal(address, "wrong", QUICK).name == "outbox_password"


def test_server_that_only_reads(postgres: Cluster, postgres_database: str) -> None:
    """A server that does not accept changes is not the one that is sought: a failover is not over yet."""
    postgres.admin.execute(f"ALTER DATABASE {postgres_database} SET default_transaction_read_only = on".encode())
    assert refusal(postgres.address(postgres_database)).name == "outbox_server_unreachable"


def test_stopped_session(open_notes: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops answering, at the beginning or within a transaction, is noticed by this process's clock."""
    monkeypatch.setattr(database_module, "_MARGIN_S", 0.05)
    desk = open_notes(answer=0.3, statement=0.2)
    with stopped(session_of(desk)), raises_error("outbox_server_unreachable"), desk.errors():
        desk.execute("SELECT 1")
    with raises_error("outbox_server_unreachable"), desk.transaction(), stopped(session_of(desk)):
        assert desk.execute("INSERT INTO notes (n) VALUES (1)").rowcount
    with desk.transaction():
        desk.execute("INSERT INTO notes (n) VALUES (2)")


def session_of(desk: PostgresDatabase) -> int:
    row = desk.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("FATAL:  password authentication failed for user", "outbox_password"),
        ('server certificate for "db" does not match host name "other"', "outbox_certificate"),
        ('root certificate file "/x/root.crt" does not exist', "outbox_certificate"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', "outbox_not_allowed"),
        ("FATAL:  the database system is starting up", "outbox_server_unreachable"),
        ("SSL SYSCALL error: EOF detected", "outbox_server_unreachable"),
        ("FATAL:  dalam bahasa lain", "outbox_server_unreachable"),
    ],
)
def test_texts(text: str, name: str) -> None:
    """What the driver says about a connection that failed is recognized; what is not counts as no answer."""
    assert connection_error(psycopg.OperationalError(text), "place").name == name


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_rogue_listener(answer: str) -> None:
    """It is refused before anything is sent to it, whatever it asks for."""
    with rogue(answer) as server:
        address = parse_address(f"postgresql://melati@127.0.0.1:{server.port}/apoa")
        with raises_error("outbox_not_proven") as caught:
            connect(address, PASSWORD, PATIENT)
        assert server.connections == 1
    assert server.received == b""
    assert caught.value.exit_code == 77
    assert PASSWORD not in caught.value.message.render()


@pytest.mark.parametrize("answer", set(ANSWERS) - {"no password"})
def test_a_rogue_listener_without_a_password(answer: str) -> None:
    """Where no password is stored, none of the user's own is sent."""
    with rogue(answer) as server:
        address = parse_address(f"postgresql://melati@127.0.0.1:{server.port}/apoa")
        with raises_error("outbox_password"):
            connect(address, None, PATIENT)
    assert server.received == b""


def test_the_drivers_variables(postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable and no file of PostgreSQL's own programs redirects the connection or changes what is read."""
    with rogue("no password") as server:
        services = tmp_path / "services"
        services.write_text(f"[other]\nhost=127.0.0.1\nhostaddr=127.0.0.1\nport={server.port}\nrequire_auth=none\n")
        variables = {
            "PGHOST": "127.0.0.1",
            "PGHOSTADDR": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGREQUIREAUTH": "none",
            "PGSERVICE": "other",
            "PGSERVICEFILE": str(services),
            "PGDATABASE": "x",
            "PGUSER": "x",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": "/nowhere",
            "PGOPTIONS": "-c search_path=public",
            "PGDATESTYLE": "German",
            "PGTZ": "Asia/Makassar",
            "PGCLIENTENCODING": "latin1",
            "PGCONNECT_TIMEOUT": "x",
            "PGTARGETSESSIONATTRS": "standby",
            "PGLOADBALANCEHOSTS": "x",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        by_name = parse_address(f"postgresql://{SUPERUSER}@localhost:{postgres.port}/postgres")
        for address in (by_name, postgres.address("postgres")):
            with connect(address, PASSWORD, PATIENT) as connection:
                assert connection.info.port == postgres.port
                values = "datestyle", "timezone", "client_encoding"
                before = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in values]
                assert before == [
                    ("ISO, MDY",),
                    (postgres.admin.execute(b"SHOW timezone").fetchone() or ())[:1],
                    ("UTF8",),
                ]
        assert server.connections == 0


def test_a_password_file(postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that the vault does not have is not taken from the user's own files."""
    file = tmp_path / ".pgpass"
    file.write_text(f"*:*:*:*:{PASSWORD}\n")
    file.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PGPASSFILE", str(file))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with raises_error("outbox_password"):
        connect(postgres.address("postgres"), None, PATIENT)
