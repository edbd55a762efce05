"""The address of a shared outbox: what is allowed in it, and how the connection is protected."""

import pytest
from basics import raises_error

from apoa_client.settings.outbox_address import Server, is_server_address, parse_address


def test_parts() -> None:
    """The user, the database and each server with its port are read; the port is 5432 where none is given."""
    address = parse_address("postgresql://desk%40bali@db1.example:6432,db2.example/out%20box?sslrootcert=/etc/ca.crt")
    assert address.user == "desk@bali"
    assert address.database == "out box"
    assert address.servers == (Server("db1.example", 6432), Server("db2.example", 5432))
    assert address.tls == {"gssencmode": "disable", "sslmode": "verify-full", "sslrootcert": "/etc/ca.crt"}
    assert address.place == "postgresql://desk%40bali@db1.example:6432,db2.example:5432/out%20box"


@pytest.mark.parametrize(
    ("hosts", "servers"),
    [
        ("postgres://u@localhost/d", [Server("localhost", 5432)]),
        ("postgresql://u@127.0.0.1:1/d", [Server("127.0.0.1", 1)]),
        ("postgresql://u@[::1]:5433/d", [Server("::1", 5433)]),
        ("postgresql://u@%2Frun%2Fpg:5433/d", [Server("/run/pg", 5433)]),
        ("postgresql://u@/d?host=/run/pg&port=5433", [Server("/run/pg", 5433)]),
        (
            "postgresql://u@/d?host=/run/pg,127.0.0.2&port=5433,5434",
            [Server("/run/pg", 5433), Server("127.0.0.2", 5434)],
        ),
    ],
)
def test_this_computer(hosts: str, servers: list[Server]) -> None:
    """A loopback address and the folder of a socket need no TLS; the password itself is never sent there."""
    address = parse_address(hosts)
    assert list(address.servers) == servers
    assert address.tls == {"gssencmode": "disable", "sslmode": "prefer"}
    assert parse_address(address.place) == address


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca", "other", ""])
def test_tls_over_a_network(mode: str) -> None:
    """Over a network nothing less than verify-full is accepted, also if one of several servers is near."""
    with raises_error("outbox_address"):
        parse_address(f"postgresql://u@db.example/d?sslmode={mode}")
    with raises_error("outbox_address"):
        parse_address(f"postgresql://u@localhost,db.example/d?sslmode={mode}")
    assert parse_address("postgresql://u@db.example/d?sslmode=verify-full").tls["sslmode"] == "verify-full"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "postgresql://u:rahasia@db.example/d",
            "postgresql://u:@db.example/d",
            "postgresql://u@db/d?password=rahasia",
        ),
        *("postgresql://u@db/d?sslkey=rahasia", "postgresql://u@db/d?passfile=rahasia"),
    ],
)
def test_no_password(text: str) -> None:
    """A password is refused, because the settings would store it, and the message says where it belongs."""
    with raises_error("outbox_address") as caught:
        parse_address(text)
    assert "must not contain a password" in caught.value.message.render()
    assert "APOA_OUTBOX_PASSWORD_FILE" in str(caught.value.advice and caught.value.advice.render())


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "outbox.db",
            "mysql://u@db/d",
            "postgresql:/u@db/d",
            "postgresql://",
            "postgresql://u@db",
            "postgresql://u@db/",
        ),
        *(
            "postgresql://db/d",
            "postgresql://u@/d",
            "postgresql://u@db:0/d",
            "postgresql://u@db:65536/d",
            "postgresql://u@db:x/d",
        ),
        *("postgresql://u@db,/d", "postgresql://u@db/d#x", "postgresql://u@db/d?x"),
        *("postgresql://u@db/d?host=db2", "postgresql://u@db\\x/d", "postgresql://u@d b/d", "postgresql://u@dé/d"),
        *("postgresql://u@[::1/d", "postgresql://u@db/d?options=-c%20x", "postgresql://u@db/d?sslcert=x"),
        *("postgresql://u@db/d?target_session_attrs=any", "postgresql://u@localhost/d?sslmode=no"),
        *("postgresql://u@db/d?sslmode=verify-full&sslmode=disable", "postgresql://u@db/d?sslrootcert=system"),
    ],
)
def test_refused(text: str) -> None:
    """What is not such an address, or has another option, is refused, and the message does not quote it."""
    with raises_error("outbox_address") as caught:
        parse_address(text)
    assert not text or text not in caught.value.message.render()


def test_failover() -> None:
    """The servers of a failover are allowed, with what PostgreSQL's own tools need to find the one that writes."""
    text = "postgresql://u@db1.example,db2.example/d?target_session_attrs=read-write"
    assert [server.host for server in parse_address(text).servers] == ["db1.example", "db2.example"]


def test_what_is_a_server() -> None:
    """A path is not taken for a server."""
    assert is_server_address("postgresql://anything")
    assert not is_server_address("/srv/postgresql/outbox.db")
