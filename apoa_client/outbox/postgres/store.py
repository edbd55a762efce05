"""The outbox of one property, in a database of many properties and desks."""

# Annotations stay text, as in `outbox.sql.store`.
from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from apoa_client.outbox.postgres.schema import check_schema, open_database
from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sql.store import Outbox

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from apoa_client.outbox.postgres.connection import TimeLimits
    from apoa_client.outbox.postgres.database import PostgresDatabase
    from apoa_client.outbox.postgres.integrity import PostgresIntegrity
    from apoa_client.ports.outbox import ReportBatch
    from apoa_client.ports.state import Actor
    from apoa_client.ports.vault import Sealer
    from apoa_client.settings.outbox_address import ServerAddress


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

    def batch(self) -> AbstractContextManager[ReportBatch]:
        """As `ports.ReportQueue`."""
        from apoa_client.outbox.postgres.batch import PostgresBatch

        return PostgresBatch.opened(self._db, self._sealer, self._codes, self._actor)

    def check_queue(self) -> None:
        """As `ports.DeliveryState`: the server keeps its indexes itself, and nothing is read."""

    def rebuild_indexes(self) -> bool:
        """As `ports.DeliveryState`: only the server's administrator can do this, so that it returns false."""
        return False

    @cached_property
    def integrity(self) -> PostgresIntegrity:
        """As `Outbox`."""
        from apoa_client.outbox.postgres.integrity import PostgresIntegrity

        return PostgresIntegrity(self._db, self._codes, self._contents, self._actor)
