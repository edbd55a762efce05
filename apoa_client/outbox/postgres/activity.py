"""The servers that copy a shared outbox."""

from datetime import timedelta

from apoa_client.outbox.postgres.database import PostgresDatabase
from apoa_client.ports.state import Replication

_REPLICATION = "SELECT standbys, synchronous, lag_s FROM replication()"


def read_replication(db: PostgresDatabase) -> Replication:
    """Return what is known of the standbys of the server."""
    with db.read_errors():
        [(standbys, synchronous, lag_s)] = db.execute(_REPLICATION).fetchall()
    return Replication(standbys, synchronous, None if lag_s is None else timedelta(seconds=lag_s))
