"""Hears which properties of a shared outbox have new reports: the trigger `wake_senders` notifies when they commit."""

from hashlib import sha256
from typing import Self

import psycopg

from apoa_client.outbox.postgres.connection import Connection, TimeLimits, connect, translate_errors
from apoa_client.settings.outbox_address import ServerAddress

# A session that listens is idle, outside of every transaction: it holds no snapshot. The server must not end it, and
# notices after a minute that its computer has vanished.
_LISTEN = b"""
    SET search_path = pg_catalog;
    SET idle_session_timeout = 0;
    SET tcp_keepalives_idle = 30;
    SET tcp_keepalives_interval = 10;
    SET tcp_keepalives_count = 3;
    LISTEN apoa_queued
"""


class PostgresListener:
    """Hears of reports that any computer adds to a shared outbox, for every property of one login.

    It has a connection of its own. Open it with `open`, and close it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._quiet: set[str] = set()
        """The properties, as they are hashed, that nothing was heard of since they were asked for."""

    @classmethod
    def open(cls, address: ServerAddress, password: str | None) -> Self | None:
        """Connect and listen. Returns None behind a pooler, which may give each transaction another session.

        Raises what `connect` does.
        """
        limits = TimeLimits()
        connection = connect(address, password, limits)
        connection.longest_wait = limits.answer
        try:
            with translate_errors(address.place):
                if connection.execute(b"SELECT pg_catalog.pg_backend_pid()").fetchone() != (
                    connection.info.backend_pid,
                ):
                    connection.close()
                    return None
                connection.execute(_LISTEN)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    @property
    def is_open(self) -> bool:
        """Whether it hears anything: not if its connection is lost."""
        return not self._connection.closed

    def heard(self, property_name: str) -> bool:
        """Return whether the property may have new reports since this was last asked, without waiting.

        It may when this is first asked, and once when the connection was lost: then reports were added unheard.
        """
        if self.is_open:
            self._read()
        hashed = sha256(property_name.encode()).hexdigest()
        if hashed in self._quiet:
            return False
        self._quiet.add(hashed)
        return True

    def close(self) -> None:
        """Close the connection. Closing twice does no harm."""
        self._connection.close()

    def _read(self) -> None:
        """Read what has arrived, without waiting. If the connection is lost, any property may have new reports."""
        session = self._connection.pgconn
        try:
            session.consume_input()
        except psycopg.Error:
            self.close()
            self._quiet.clear()
            return
        while (found := session.notifies()) is not None:
            self._quiet.discard(found.extra.decode())
