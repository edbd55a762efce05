"""Checks that the reports in a shared outbox are as this program wrote them. Loaded when a check is made."""

from collections.abc import Callable

from apoa_client.outbox.sql.integrity import FileCheck, Integrity

_VERSIONS = "SELECT max(version), split_part(current_setting('server_version'), ' ', 1) FROM versions"


class PostgresIntegrity(Integrity):
    """The `Integrity` of one property in a shared outbox."""

    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:  # noqa: ARG002  it takes no time
        """As `Integrity`. Nothing is read: the server itself checks its files while it uses them."""
        with self._db.read_errors():
            schema, server = self._db.execute(_VERSIONS).fetchone()
        return FileCheck(complete=True, schema=schema, engine=f"PostgreSQL {server}")
