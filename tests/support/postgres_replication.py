"""A primary and a standby of PostgreSQL, set up by the statements of the administrators' guide."""

import re
from pathlib import Path
from typing import Self

from postgres_helpers import PROPERTY, SUPERUSER, Cluster, SharedOutbox, prepare_outbox

import apoa_client
from apoa_client.settings.outbox_address import Server, ServerAddress

_GUIDE = Path(apoa_client.__file__).parent / "cli" / "guide" / "guides" / "admin.en.md"
_LOG = ("wal_level=replica", "max_wal_senders=4")
"""Debian's settings, other than those of `Cluster`."""


def _statements(beginning: str) -> list[str]:
    """Return the SQL of the guide's `psql -c "..."` in the block of commands that begins so."""
    [block] = re.findall(f"```text\n({re.escape(beginning)}.*?)```", _GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return re.findall(r'-c "(.+?)"', block)


class Standby(Cluster):
    """A copy of another server, which it follows until it is promoted."""

    def __init__(self, primary: Cluster, port: int | None = None) -> None:
        self._primary = primary
        super().__init__(port=port)

    def _create(self) -> None:
        source = f"host={self._primary.folder} port={self._primary.port} user={SUPERUSER}"
        self.run("pg_basebackup", "-d", source, "-D", str(self._data), "-R", "--checkpoint=fast", "--no-sync")


class Pair:
    """Two servers with a shared outbox, of which one accepts changes."""

    def __init__(self) -> None:
        self.primary = Cluster(settings=_LOG)
        try:
            self.database = prepare_outbox(self.primary)
            self.standby: Cluster = Standby(self.primary)
        except BaseException:
            self.primary.stop()
            raise
        servers = tuple(Server("127.0.0.1", each.port) for each in (self.primary, self.standby))
        self.address: ServerAddress = self.primary.address(self.database, PROPERTY)._replace(servers=servers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.primary.stop()
        self.standby.stop()

    @property
    def outbox(self) -> SharedOutbox:
        """The outbox on the server that accepts changes."""
        return SharedOutbox(self.primary, self.database)

    def confirm_twice(self) -> None:
        """Let the standby confirm each transaction before the primary does."""
        for statement in _statements("# on db1, when db2 runs"):
            self.primary.admin.execute(statement.encode())
        while self.primary.admin.execute("SELECT sync_state FROM pg_stat_replication").fetchall() != [("sync",)]:
            pass

    def promote(self) -> None:
        """Let the standby accept changes, after the primary was killed: each takes the other's part."""
        for statement in _statements("# db1 is off. On db2"):
            self.standby.admin.execute(statement.encode())
        self.primary, self.standby = self.standby, self.primary

    def join_again(self) -> None:
        """Make a standby of the server that was killed, as a new copy."""
        self.standby.stop()
        self.standby = Standby(self.primary, self.standby.port)
        self.confirm_twice()
