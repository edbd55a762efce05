"""The database that the shared SQL of the outbox runs on, as every engine offers it.

The SQL names no property. An engine that keeps many properties in one database restricts each statement to its own.
"""

# Annotations stay text, so that no command loads what it does not use.
from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from apoa_client.outbox.errors import damaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime


class Cursor(Protocol):
    """The result of a statement."""

    @property
    def rowcount(self) -> int:
        """The number of rows that an INSERT, UPDATE or DELETE changed."""
        ...

    def fetchone(self) -> Any:  # noqa: ANN401  a row, as both engines give it
        """Return the next row; None if there is none."""
        ...

    def fetchmany(self, size: int, /) -> list[Any]:
        """Return the next rows, at most `size`; an empty list after the last."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the rows that are left."""
        ...


class Database(Protocol):
    """A connection to the database of one property, for one thread.

    Statements are written for both engines, with SQLite's places for values: `?` for a sequence of them, `:name` for a
    mapping. They raise the engine's errors: call them within `transaction`, `errors` or `read_errors`. In a
    transaction, an engine may execute a statement, and raise its error, only when a result is looked at, of this one or
    a later one, or when the transaction ends.
    """

    place: str
    """What messages call the database: the path of a file, or an address without a secret."""
    metadata: dict[str, Any] | None
    """What the table `memo` holds in this transaction, read at its beginning; None outside of `transaction`."""
    may_delete: bool
    """Whether this program may delete the row of a report."""
    insertion_order: str
    """The column that is higher the later a draft was inserted."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction or a snapshot is open."""
        ...

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> Cursor:
        """Execute a statement with these values. Outside of a transaction it must only read."""
        ...

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]] | Iterable[Mapping[str, Any]], /) -> Cursor:
        """Execute a statement once for each row of values. `rowcount` is their sum."""
        ...

    def insert_report(self, statement: str, values: Mapping[str, Any], /) -> int | None:
        """Execute an insertion into `reports`; return the row's number (`seq`), None if it conflicts with another row.

        The statement ends with `ON CONFLICT DO NOTHING`.
        """
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Do everything inside or nothing, durable at the end; no other process writes to the property meanwhile.

        Raises what `errors` raises.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Read the database as it is at one moment, whatever other processes write meanwhile.

        A transaction that is open goes on. For use within `errors` or `read_errors`.
        """
        ...

    def errors(self) -> AbstractContextManager[None]:
        """Turn the errors of the engine and of the system into those of `apoa_client.outbox.errors`."""
        ...

    @contextmanager
    def read_errors(self) -> Iterator[None]:
        """Like `errors`, for reading rows: a value that this program never wrote is damage too (`OutboxDamaged`)."""
        try:
            with self.errors():
                yield
        except (ValueError, TypeError, KeyError, OverflowError) as exc:
            raise damaged(self.place) from exc

    def any_text(self) -> AbstractContextManager[None]:
        """Read also text with invalid bytes, which this program never wrote, with surrogates in their places."""
        ...

    def now(self, here: datetime) -> datetime:
        """Return the time by which senders wait: `here`, this computer's, unless other computers write here too."""
        ...

    def unused_seq(self) -> int:
        """Return a number (`seq`) above that of every report, inside a transaction; no later insertion takes it."""
        ...

    def skip_numbers(self, highest: int) -> None:
        """Let every later insertion get a number (`seq`) above this one, inside a transaction."""
        ...

    def highest_event(self) -> int:
        """Return the highest number that an audit event ever had; 0 if the engine does not remember it by itself."""
        ...

    def empty_log(self, *, wait: bool = True) -> bool:
        """Remove what was erased from the older pages that the engine keeps, and return whether that was possible.

        Readers may prevent it: `wait` says whether to wait for them. For use within `errors`.
        """
        ...

    def close(self) -> None:
        """Close the connection. Closing twice does no harm."""
        ...
