"""The outbox of many properties and desks in PostgreSQL, with psycopg: the extra `apoa-client[postgres]`."""

from apoa_client.errors import SettingsProblem, install_advice
from apoa_client.messages import msg


def require_driver() -> None:
    """Raise `SettingsProblem` if the extra `postgres` is not installed, or its driver cannot be loaded here.

    Call it before a module is loaded that needs the driver.
    """
    try:
        import psycopg  # noqa: F401  whether it can be imported
    except ImportError:
        raise SettingsProblem(
            msg("The shared outbox needs a part of the program that is not installed: the driver of PostgreSQL."),
            install_advice("postgres"),
            name="postgres_missing",
        ) from None
