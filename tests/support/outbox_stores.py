"""An outbox of the test's own in either engine: opened as each process opens it, and changed behind their backs."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import pytest
from outbox_helpers import sealer as new_sealer

from apoa_client.outbox.rows import NO_ACTOR
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.run import Sealer
from apoa_client.ports.state import Actor

if TYPE_CHECKING:
    from apoa_client.outbox.postgres.store import PostgresOutbox

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
"""For a test of what only SQLite has."""

AnyOutbox: TypeAlias = "SqliteOutbox | PostgresOutbox"


class Store(Protocol):
    """Where an outbox is. It exists once it is opened."""

    def open(self, sealer: Sealer | None = None, actor: Actor = NO_ACTOR) -> AnyOutbox:
        """Open it with another connection, as another process does."""
        ...

    def change(self, statement: str, *values: object) -> None:
        """Change rows as another program does, which the CHECK constraints do not stop."""
        ...

    def rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Return what is stored."""
        ...

    def raw(self) -> bytes:
        """Return every byte that is stored."""
        ...

    def fault(self) -> Exception:
        """An error of the engine, as of a failing disk."""
        ...


NewStore: TypeAlias = Callable[[], AbstractContextManager[Store]]
"""Makes a store, and removes it at the end of the context."""


class SqliteStore(NamedTuple):
    """An outbox in a file."""

    path: Path

    def open(self, sealer: Sealer | None = None, actor: Actor = NO_ACTOR) -> SqliteOutbox:
        """As `Store`."""
        return SqliteOutbox.open(self.path, sealer or new_sealer(), create=True, actor=actor)

    def change(self, statement: str, *values: object) -> None:
        """As `Store`."""
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            db.execute(statement, values)

    def rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """As `Store`."""
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(query, values).fetchall()

    def raw(self) -> bytes:
        """As `Store`: of all files in the folder."""
        return b"".join(file.read_bytes() for file in self.path.parent.iterdir())

    def fault(self) -> Exception:
        """As `Store`."""
        return sqlite3.OperationalError("I/O")


@contextmanager
def new_sqlite_store() -> Iterator[SqliteStore]:
    """As `NewStore`, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield SqliteStore(Path(folder) / "outbox.db")
