"""A database is prepared once, by the administrator, and is refused if it is of another version."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from basics import raises_error
from postgres_helpers import PASSWORD, PROPERTY, Cluster, Group, SharedOutbox

from apoa_client.outbox.postgres import store as schema
from apoa_client.outbox.postgres.connection import TimeLimits, connect
from apoa_client.outbox.postgres.store import add_member, create_schema
from apoa_client.outbox.postgres.tables import STATEMENTS, VERSION

PATIENT = TimeLimits(answer=20.0, lock=20.0)


def test_two_administrators_at_once() -> None:
    """One prepares the database, and the others find it prepared: the first of its server, and one after it."""
    with Cluster() as cluster, ThreadPoolExecutor(3) as pool:
        for _database in range(2):
            address = cluster.address(cluster.create_database())
            versions = pool.map(lambda place: create_schema(place, PASSWORD, PATIENT), [address] * 3)
            assert sorted(versions) == [0, VERSION, VERSION]


def test_a_failed_step_leaves_nothing(
    postgres: Cluster, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt begins with an empty database."""
    address = postgres.address(postgres_database)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "STATEMENTS", (*STATEMENTS, "SELECT 1 / 0"))
        with raises_error("outbox_damaged"):
            create_schema(address, PASSWORD)
    assert create_schema(address, PASSWORD) == 0


def test_one_of_a_newer_version(postgres_outbox: SharedOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is neither used nor prepared again."""
    monkeypatch.setattr(schema, "VERSION", VERSION - 1)
    with raises_error("outbox_too_new"):
        postgres_outbox.open()
    with raises_error("outbox_too_new"):
        create_schema(postgres_outbox.cluster.address(postgres_outbox.database), PASSWORD)


def test_a_desk_cannot_prepare_it(postgres_outbox: SharedOutbox) -> None:
    """Nor bring it to another version, nor let a login use a property."""
    address = postgres_outbox.cluster.address(postgres_outbox.database, PROPERTY)
    with raises_error("outbox_not_allowed"):
        create_schema(address, PASSWORD)
    with raises_error("outbox_not_allowed"):
        add_member(address, PASSWORD, PROPERTY, "kenanga")


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"login": "admin"}, "outbox_not_restricted"), ({"property_name": "kenanga"}, "outbox_not_allowed")],
    ids=["superuser", "another login's"],
)
def test_what_a_login_may_not_use(postgres_outbox: SharedOutbox, changes: dict[str, str], error: str) -> None:
    """A superuser would see the reports of every property as those of one; another one's would look empty."""
    with raises_error(error):
        postgres_outbox.open(**changes)  # type: ignore[arg-type]  # all are texts


def test_what_is_not_there(postgres: Cluster, postgres_database: str, postgres_outbox: SharedOutbox) -> None:
    """A database is not prepared by the way, and a login is created by the administrator before."""
    with raises_error("outbox_missing"):
        SharedOutbox(postgres, postgres_database).open(login="admin")
    with raises_error("outbox_missing"):
        add_member(postgres_outbox.cluster.address(postgres_outbox.database), PASSWORD, "unknown", PROPERTY)


@pytest.mark.usefixtures("postgres_template")  # which has the login
def test_administrators_who_are_no_superusers() -> None:
    """The owner of a database who may create roles, as hosted servers have one, is enough.

    The owner of the next database is granted the roles of the server by the first one, as the guide says it.
    """
    roles = ", ".join(("apoa_owner", *Group))
    with Cluster() as cluster:
        cluster.admin.execute(f"CREATE ROLE {PROPERTY} LOGIN PASSWORD '{PASSWORD}'".encode())
        for number, admin in enumerate(("first", "second")):
            cluster.admin.execute(f"CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD '{PASSWORD}'".encode())
            cluster.admin.execute(f"CREATE DATABASE {admin} OWNER {admin}".encode())
            address = cluster.address(admin, admin)
            if number:
                with connect(cluster.address("first", "first"), PASSWORD, TimeLimits(answer=20.0)) as connection:
                    connection.execute(f"GRANT {roles} TO {admin} WITH ADMIN OPTION".encode())
            assert [create_schema(address, PASSWORD) for _time in range(2)] == [0, VERSION]
            add_member(address, PASSWORD, PROPERTY, PROPERTY)
            with SharedOutbox(cluster, admin).open() as outbox:
                assert list(outbox.heads()) == []
