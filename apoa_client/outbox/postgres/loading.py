"""Loads the engine in PostgreSQL when a property uses it: its driver is an extra, and importing it takes long."""

from typing import TYPE_CHECKING

from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg

if TYPE_CHECKING:
    from apoa_client.outbox.postgres.store import PostgresOutbox


def require_driver() -> None:
    """Raise `SettingsProblem` if the extra `postgres` is not installed, or its driver cannot be loaded."""
    try:
        import psycopg  # noqa: F401  whether it can be imported
    except ImportError:
        raise SettingsProblem(
            msg("The outbox of this property is a database of PostgreSQL, and the driver for it is not installed."),
            msg('Install it with: pip install "apoa-client[postgres]"'),
            name="postgres_missing",
        ) from None


def load_outbox() -> "type[PostgresOutbox]":
    """Return the engine. Raises what `require_driver` does."""
    require_driver()
    from apoa_client.outbox.postgres.store import PostgresOutbox

    return PostgresOutbox
