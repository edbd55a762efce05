"""The outbox of many properties and desks in PostgreSQL, with psycopg: the extra `apoa-client[postgres]`."""

from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg

_EXTRA = "apoa-client[postgres]"


def require_driver() -> None:
    """Raise `SettingsProblem` if the extra `postgres` is not installed, or its driver cannot be loaded here.

    Call it before a module is loaded that needs the driver.
    """
    try:
        import psycopg  # noqa: F401  whether it can be imported
    except ImportError:
        raise SettingsProblem(
            msg("The shared outbox needs a part of the program that is not installed: the driver of PostgreSQL."),
            msg('Install it with: pip install "{extra}"', extra=_EXTRA),
            name="postgres_missing",
        ) from None
