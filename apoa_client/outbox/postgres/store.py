"""The outbox of one property, in a database of many properties and desks."""

# Annotations stay text, as in `outbox.sql.store`.
from __future__ import annotations

from typing import TYPE_CHECKING, Self

from apoa_client.outbox.postgres.schema import check_schema, open_database
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql.store import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from apoa_client.outbox.postgres.connection import TimeLimits
    from apoa_client.outbox.postgres.database import PostgresDatabase
    from apoa_client.outbox.sql.integrity import FileCheck
    from apoa_client.ports.state import Actor
    from apoa_client.ports.vault import Sealer
    from apoa_client.settings.outbox_address import ServerAddress

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

        Raises as `schema.open_database`.
        """
        return cls(open_database(address, password, property_name, limits), sealer, actor)

    @classmethod
    def on(cls, db: PostgresDatabase, property_name: str, sealer: Sealer) -> Self:
        """Open another property of the login, in place of that of before. Raises as `schema.check_schema`."""
        db.property_name = property_name
        check_schema(db)
        return cls(db, sealer)

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
