"""Fixtures for the tests of the engine in PostgreSQL: small tables in a database of the test's own."""

from collections.abc import Callable, Iterator

import pytest
from postgres_helpers import PASSWORD, Cluster

from apoa_client.outbox.postgres.connection import TimeLimits
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.tables import LOCK_PROPERTY

Open = Callable[..., PostgresDatabase]

_TABLES = b"""
    CREATE SCHEMA apoa;
    CREATE TABLE apoa.properties (name text PRIMARY KEY);
    INSERT INTO apoa.properties VALUES ('melati'), ('mawar');
    CREATE FUNCTION apoa.is_member() RETURNS boolean LANGUAGE sql RETURN true;
    CREATE TABLE apoa.notes (
        property text NOT NULL DEFAULT current_setting('apoa.property'), n bigint, text text, data bytea
    );
    CREATE TABLE apoa.memo (key text, value text);
    SET LOCAL search_path = apoa;
"""


@pytest.fixture
def table(postgres: Cluster, postgres_database: str) -> str:
    """The name of a database with metadata and the table `notes`, whose rows have the name of their property."""
    with postgres.connect(postgres_database) as connection:
        connection.execute(_TABLES + LOCK_PROPERTY.encode())
    connection.close()
    return postgres_database


@pytest.fixture
def open_notes(postgres: Cluster, table: str) -> Iterator[Open]:
    """Opens the database for a property, as another desk would."""
    opened: list[PostgresDatabase] = []

    def open_one(property_name: str = "melati", **limits: float) -> PostgresDatabase:
        address = postgres.address(table)
        opened.append(PostgresDatabase(address, property_name, PASSWORD, TimeLimits(**{"answer": 20.0, **limits})))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def notes(open_notes: Open) -> PostgresDatabase:
    """The database, opened for one property."""
    return open_notes()
