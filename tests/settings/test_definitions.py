"""One table says what each setting is; and the settings that have a form of their own: places, addresses."""

from pathlib import Path

import pytest
from basics import raises_error

from apoa_client.settings.config import GENERAL, OF_A_PROPERTY, PropertySettings
from apoa_client.settings.definitions import (
    CHOICE,
    NUMBER,
    PATH,
    SECRETS,
    Definition,
    WrongValue,
    typing_fields,
)
from apoa_client.settings.outbox_address import Server, is_server_address, parse_address
from apoa_client.settings.zones import WIB, WIT, WITA, ZONES, place_in

ALL = {**GENERAL, **OF_A_PROPERTY}


def test_every_field_of_a_property_is_defined() -> None:
    """And no setting is defined that does not exist, or that is a secret, which no settings file keeps."""
    assert set(OF_A_PROPERTY) == set(PropertySettings._fields) - {"name"}
    assert not SECRETS & set(ALL)
    assert {"surname", "room", "note"} <= set(typing_fields())
    assert not {"nights", "mrz"} & set(typing_fields())


@pytest.mark.parametrize("definition", ALL.values(), ids=ALL)
def test_examples_and_defaults_are_allowed(definition: Definition) -> None:
    """What `apoa config explain` shows can be set; and what applies without a value is always known."""
    if definition.kind != PATH or Path(definition.example).is_absolute():  # a path is one of its platform
        assert str(definition.parse(definition.example)) == definition.example
    if definition.default is not None:
        definition.check(definition.default)
    assert (definition.default is None) == (definition.unset is not None)
    assert (definition.kind == CHOICE) == bool(definition.choices)
    assert (definition.kind == NUMBER) == bool(definition.most)


def test_the_program_own_settings_are_not_set_by_hand() -> None:
    """What the program made or heard from the authority says how it changes, and no variable replaces it."""
    own = [ALL[name] for name in ("public_key", "index_key", "environment", "property_id")]
    assert all(each.set_instead is not None and not each.variable for each in own)
    # A variable left over from a test would send guests' data, and a password from the environment, elsewhere.
    assert not any(ALL[name].variable for name in ("api_url", "username", "delivery"))


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("retention_days", "30", 30),
        ("retention_days", " 3650 ", 3650),
        ("timezone", " wita ", "Asia/Makassar"),
        ("timezone", "WIB", "Asia/Jakarta"),
        ("timezone", "Wit", "Asia/Jayapura"),
        ("timezone", "asia/jayapura", "Asia/Jayapura"),
        ("vault", "File", "file"),
        ("office", "Kantor Imigrasi Denpasar", "Kantor Imigrasi Denpasar"),
        ("by_hand_order", "room, surname", "room, surname"),
        ("outbox", " postgresql://u@h/d ", "postgresql://u@h/d"),
    ],
)
def test_typed_values(name: str, typed: str, value: str | int) -> None:
    """As people type them: with blanks around, in capitals, and a zone by its abbreviation."""
    assert ALL[name].parse(typed) == value
    assert [zone.utcoffset(None).seconds // 3600 for zone in (WIB, WITA, WIT)] == [7, 8, 9]
    assert set(ZONES.values()) == {WIB, WITA, WIT}


@pytest.mark.parametrize(
    ("name", "typed", "allowed"),
    [
        ("retention_days", "0", "a number from 1 to 3650"),
        ("retention_days", "3651", "a number from 1 to 3650"),
        ("retention_days", "9" * 5000, "a number from 1 to 3650"),
        ("retention_days", "٣", "a number from 1 to 3650"),
        ("timezone", "Asia/Tokyo", "Asia/Jakarta, Asia/Pontianak, Asia/Makassar, Asia/Jayapura"),
        ("language", "", "id, en"),
        ("notify", "true", "on, off"),
        ("office", "a\nb", "any text"),
        ("ca_bundle", "ours.pem", "the full path of a file or folder"),
        ("by_hand_order", "visa", "each once: surname, given_names"),
        ("public_key", "abc", "the 44 characters of the key"),
        ("index_key", "abc", "an even number of at most 128 hexadecimal digits"),
        ("outbox", "", "sqlite, or an address of PostgreSQL"),
        ("outbox", "postgresql://u:p@h/d", "sqlite, or an address of PostgreSQL without a password"),
    ],
)
def test_wrong_values_name_the_allowed_ones(name: str, typed: str, allowed: str) -> None:
    """The same words as for a line of a file."""
    with pytest.raises(WrongValue) as caught:
        ALL[name].parse(typed)
    assert allowed in caught.value.allowed.render()


def test_parts() -> None:
    """The user, the database and each server with its port are read; the port is 5432 where none is given."""
    address = parse_address("postgresql://desk%40bali@db1.example:6432,db2.example/out%20box?sslrootcert=/etc/ca.crt")
    assert address.user == "desk@bali"
    assert address.database == "out box"
    assert address.servers == (Server("db1.example", 6432), Server("db2.example", 5432))
    assert address.tls == {"gssencmode": "disable", "sslmode": "verify-full", "sslrootcert": "/etc/ca.crt"}
    failover = parse_address("postgresql://u@db1.example,db2.example/d?target_session_attrs=read-write")
    assert [server.host for server in failover.servers] == ["db1.example", "db2.example"]
    assert is_server_address("postgresql://anything")
    assert not is_server_address("/srv/postgresql/outbox.db")
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
        "postgresql://u:rahasia@db.example/d",
        "postgresql://u@db/d?password=rahasia",
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
        "",
        "mysql://u@db/d",
        "postgresql://u@db",
        "postgresql://db/d",
        "postgresql://u@/d",
        "postgresql://u@db:0/d",
        "postgresql://u@db:x/d",
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


@pytest.mark.parametrize(
    ("address", "name", "zone"),
    [
        ("Jl. Monkey Forest 7, Ubud, Bali", "Bali", "WITA"),
        ("Jl. Raya Ubud no. 1", "Ubud", "WITA"),
        ("Jl. Denpasar 5, Bandung", "Bandung", "WIB"),
        ("Jalan Papua 3, Kota Malang 65111", "Malang", "WIB"),
        ("Padang Bai", "Padang Bai", "WITA"),
        ("Samarinda, Kalimantan Timur", "Kalimantan Timur", "WITA"),
        ("Pontianak, Kalimantan  Barat", "Kalimantan  Barat", "WIB"),
        ("Waisai, Raja Ampat", "Raja Ampat", "WIT"),
        ("Kantor Imigrasi Kelas I Jayapura", "Jayapura", "WIT"),
        *((unknown, "", "") for unknown in ("", "Jl. Melati 7", "Jl. Papua 3", "Kalimantan", "Balikpapanku", "***")),
    ],
)
def test_places(address: str, name: str, zone: str) -> None:
    """The last one counts, as it was written; no zone is guessed for a street, or an island with two of them."""
    assert place_in(address) == ((name, zone) if name else None)
