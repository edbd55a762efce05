"""A program that is not the server gets neither the password nor a report, and no variable names another server."""

from pathlib import Path

import pytest
from basics import raises_error
from postgres_helpers import PASSWORD, SUPERUSER, Cluster
from rogue_postgres import ANSWERS, rogue

from apoa_client.outbox.postgres.connection import TimeLimits, connect
from apoa_client.settings.outbox_address import parse_address

PATIENT = TimeLimits(answer=20.0)


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


def test_a_server_that_trusts(postgres: Cluster) -> None:
    """Over a socket, where no password is asked for, one that was given proves nothing."""
    address = parse_address(f"postgresql://{SUPERUSER}@/postgres?host={postgres.folder}&port={postgres.port}")
    with raises_error("outbox_not_proven"):
        connect(address, PASSWORD, PATIENT)
    connect(address, None, PATIENT).close()


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
