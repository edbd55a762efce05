"""The outbox of one property in a database of many properties and desks: opened, checked, and prepared.

An administrator prepares and updates it: a user who may create roles, and owns the database or may create schemas in
it. Each login of a desk is then bound to its properties.
"""

# Annotations stay text, as in `outbox.sql.store`.
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Self

from psycopg import sql

from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg
from apoa_client.outbox.errors import OtherVersion, OutboxMissing
from apoa_client.outbox.postgres.connection import SEARCH_PATH, Connection, TimeLimits, connect, translate_errors
from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.outbox.postgres.tables import STATEMENTS, VERSION
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql.store import Outbox
from apoa_client.settings.outbox_address import ServerAddress

if TYPE_CHECKING:
    from apoa_client.outbox.sql.integrity import FileCheck
    from apoa_client.ports.run import Sealer
    from apoa_client.ports.state import Actor

_VERSIONS = "SELECT max(version), split_part(current_setting('server_version'), ' ', 1) FROM versions"


class PostgresOutbox(Outbox):
    """An `Outbox` on a server. Open it with `open`, close it, and do not share it between threads."""

    @classmethod
    def open(
        cls,
        address: ServerAddress,
        property_name: str,
        password: str | None,
        sealer: Sealer,
        *,
        actor: Actor = NO_ACTOR,
        limits: TimeLimits | None = None,
    ) -> Self:
        """Connect, and check that the database is an outbox of this version that this login may use.

        Raises as `open_database`.
        """
        return cls(open_database(address, password, property_name, limits), sealer, actor)

    def check_queue(self) -> None:
        """As `Outbox`: the server keeps its indexes itself, and nothing is read."""

    def rebuild_indexes(self) -> bool:
        """As `Outbox`: only the server's administrator can do this, so that it returns false."""
        return False

    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:  # noqa: ARG002  it takes no time
        """As `Outbox`. Nothing is read: the server itself checks its files while it uses them."""
        from apoa_client.outbox.sql.integrity import FileCheck

        with self._db.read_errors():
            schema, server = self._db.execute(_VERSIONS).fetchone()
        return FileCheck(complete=True, schema=schema, engine=f"PostgreSQL {server}")


# Preparing a database.

# The roles are those of the whole server, so that other databases may have made them. A schema of another owner is not
# used: its functions would run as the administrator. Of two administrators, one waits for the other's schema or table.
_PREPARE = """
DO $$
DECLARE
    role text;
BEGIN
    IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'apoa' AND pg_get_userbyid(nspowner) = 'apoa_owner') THEN
        RETURN;
    END IF;
    FOREACH role IN ARRAY ARRAY['apoa_owner', 'apoa_desk', 'apoa_sender'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I', role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
    -- Since PostgreSQL 16 only who made a role, or was granted it with the admin option, may grant it.
    IF NOT pg_has_role('apoa_sender', 'apoa_desk', 'USAGE') THEN
        GRANT apoa_desk TO apoa_sender;
    END IF;
    IF NOT pg_has_role('apoa_owner', 'USAGE') THEN
        GRANT apoa_owner TO CURRENT_USER;
    END IF;
    BEGIN
        CREATE SCHEMA apoa AUTHORIZATION apoa_owner;
    EXCEPTION WHEN unique_violation OR duplicate_schema THEN -- another administrator was waited for, here or at a role
        IF (SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'apoa') <> 'apoa_owner' THEN
            RAISE;
        END IF;
        RETURN;
    END;
END $$;
SET LOCAL ROLE apoa_owner;
SET LOCAL search_path = apoa, pg_temp; -- pg_catalog, which is not named, is first, and nothing is created there
CREATE TABLE IF NOT EXISTS versions (version integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now());
LOCK TABLE versions IN SHARE ROW EXCLUSIVE MODE;
SET LOCAL ROLE NONE;
DO $$
BEGIN
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
EXCEPTION WHEN insufficient_privilege OR invalid_schema_name THEN NULL; -- `may_create_in_public` says so
END $$;
SET LOCAL ROLE apoa_owner
"""
_MAY_CREATE = b"SELECT FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege('public', oid, 'CREATE')"
_VERSION = b"SELECT coalesce(max(version), 0) FROM apoa.versions"

_ADD_MEMBER = """
    WITH added AS (INSERT INTO apoa.properties VALUES ({property}) ON CONFLICT DO NOTHING RETURNING name),
    counted AS (
        INSERT INTO apoa.tally
        SELECT name, state, 0 FROM added, unnest(ARRAY['queued', 'sending', 'pending', 'rejected', 'accepted',
            'superseded', 'withdrawn']) AS state)
    SELECT
"""
_BIND = "INSERT INTO apoa.members VALUES ({login}, {property}) ON CONFLICT DO NOTHING"

_CHECK = """
    SELECT (SELECT max(version) FROM apoa.versions), row_security_active('apoa.reports'), apoa.is_member()
"""


def create_schema(address: ServerAddress, password: str | None, limits: TimeLimits | None = None) -> int:
    """Make the roles and tables in the database, if they are not there. Return the version that was there, or 0.

    No login but the owner may create anything in the schema `public` afterwards, if the administrator may decide this.
    The user of the address is the administrator. It is one transaction, so that an error leaves everything as it was.
    Raises what connecting does, `SettingsProblem` if the user may not do it, and `OtherVersion`.
    """
    with _transaction(address, password, limits) as connection:
        connection.execute(_PREPARE.encode())
        [(version,)] = connection.execute(_VERSION).fetchall()
        _refuse_newer(version, address.place)
        if not version:
            for statement in STATEMENTS:
                connection.execute(statement.encode())
            connection.execute("INSERT INTO versions VALUES (%s)", [VERSION])
    return int(version)


def may_create_in_public(address: ServerAddress, password: str | None) -> bool:
    """Return whether every login may create functions in the schema `public`. Raises what connecting does."""
    with _transaction(address, password, None) as connection:
        return connection.execute(_MAY_CREATE).rowcount > 0


def add_member(address: ServerAddress, password: str | None, login: str, property_name: str) -> None:
    """Let an existing login of the server save, read and send the reports of a property.

    The user of the address is the administrator. Raises what `create_schema` does, and `SettingsProblem` if there is no
    such login.
    """
    values = {"login": sql.Literal(login), "property": sql.Literal(property_name)}
    with _transaction(address, password, None) as connection:
        connection.execute(sql.SQL("GRANT apoa_sender TO {}").format(sql.Identifier(login)))
        connection.execute(b"SET LOCAL ROLE apoa_owner")
        connection.execute(sql.SQL(_ADD_MEMBER).format(**values))
        connection.execute(sql.SQL(_BIND).format(**values))


def open_database(
    address: ServerAddress, password: str | None, property_name: str, limits: TimeLimits | None = None
) -> PostgresDatabase:
    """Connect for one property, and check that the database is an outbox.

    Raises `OutboxServerUnreachable` after `limits.answer` seconds, and as `check_schema`.
    """
    db = PostgresDatabase(address, property_name, password, limits)
    try:
        check_schema(db)
    except BaseException:
        db.close()
        raise
    return db


def check_schema(db: PostgresDatabase) -> None:
    """Raise an error unless the database is an outbox of this version, and the user may use this property alone.

    Raises `OutboxMissing`, `OtherVersion` and `SettingsProblem`.
    """
    with db.errors():
        [(version, is_restricted, has_access)] = db.execute(_CHECK).fetchall()
    if version is None:  # as while a dump of the database is loaded
        raise OutboxMissing(
            msg("The outbox at {place} is not complete.", place=db.place),
            msg("Ask your IT admin to finish what is being restored there, or to prepare the database."),
        )
    _refuse_newer(version, db.place)
    if not is_restricted:
        raise SettingsProblem(
            msg("The user of the database at {place} sees every property there, so it was not used.", place=db.place),
            msg("Ask your IT admin for a user that can use only this property."),
            name="outbox_not_restricted",
        )
    if not has_access:
        raise SettingsProblem(
            msg(
                "The user of the database at {place} cannot use the property {property} there.",
                place=db.place,
                property=db.property_name,
            ),
            msg("Ask your IT admin to check the name of the property, and to add the user to it."),
            name="outbox_not_allowed",
        )


def _refuse_newer(version: int, place: str) -> None:
    if version > VERSION:
        raise OtherVersion(
            msg("The outbox at {place} was made by a newer version of apoa-client.", place=place),
            msg("Update apoa-client on this computer, then try again. Nothing was changed."),
            name="outbox_too_new",
        )


@contextmanager
def _transaction(address: ServerAddress, password: str | None, limits: TimeLimits | None) -> Iterator[Connection]:
    """A transaction of the administrator, on a connection of its own."""
    limits = limits or TimeLimits(answer=10.0)
    with translate_errors(address.place), closing(connect(address, password, limits)) as connection:
        connection.longest_wait = limits.statement
        with connection.transaction():
            connection.execute(f"{SEARCH_PATH}; SET LOCAL lock_timeout = {limits.lock * 1000:.0f}".encode())
            yield connection
