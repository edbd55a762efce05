"""Sends the statements of a transaction together: over a slow line to the server, each wait takes long.

A statement waits until a result is looked at, of this statement or of a later one, or the transaction ends. So its
error may be raised by a later one. Between two sendings the server knows that the transaction is idle. Behind a pooler
what waits is sent one by one: after a pipeline, PgBouncer 1.24 now and then gave no answer any more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import psycopg

from apoa_client.outbox.postgres.connection import Connection

_MOST = 100
"""Statements that wait to be sent."""


class Result:
    """The `outbox.database.Cursor` of a statement that may wait to be sent."""

    def __init__(self, cursor: psycopg.Cursor[Any], send: Callable[[], None]) -> None:
        self._cursor = cursor
        self._send = send

    @property
    def rowcount(self) -> int:
        """As `Cursor`."""
        self._send()
        return self._cursor.rowcount

    def fetchone(self) -> Any:  # noqa: ANN401  as `Cursor`
        """As `Cursor`."""
        self._send()
        return self._cursor.fetchone()

    def fetchmany(self, size: int, /) -> list[Any]:
        """As `Cursor`."""
        self._send()
        return self._cursor.fetchmany(size)

    def fetchall(self) -> list[Any]:
        """As `Cursor`."""
        self._send()
        return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        """As `Cursor`."""
        self._send()
        return iter(self._cursor)


class Statements:
    """The statements of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: list[Callable[[], object]] = []

    def execute(
        self, statement: bytes, values: Sequence[Any] | Mapping[str, Any], *, prepare: bool | None = None
    ) -> Result:
        """Execute a statement; the caller does not change `values` later. `prepare` is psycopg's."""
        cursor = self._connection.cursor()
        return self._deferred(cursor, partial(cursor.execute, statement, values, prepare=prepare))

    def executemany(self, statement: bytes, rows: Iterable[Sequence[Any]] | Iterable[Mapping[str, Any]]) -> Result:
        """Execute a statement once for each row of values. Rows that do not exist yet are sent as they come."""
        cursor = self._connection.cursor()
        result = self._deferred(cursor, partial(cursor.executemany, statement, rows))
        if not isinstance(rows, list):
            self.send()
        return result

    def _deferred(self, cursor: psycopg.Cursor[Any], action: Callable[[], object]) -> Result:
        self._waiting.append(action)
        if len(self._waiting) >= _MOST:
            self.send()
        return Result(cursor, self.send)

    def send(self) -> None:
        """Send what waits, and wait for all results. Raises the first error; the statements after it do not run."""
        waiting, self._waiting = self._waiting, []
        if len(waiting) == 1 or self._connection.prepare_threshold is None:  # a pooler may be in between
            for action in waiting:
                action()
        elif waiting:
            with ExitStack() as pipeline:
                pipeline.enter_context(self._connection.pipeline())
                try:
                    for action in waiting:
                        action()
                except BaseException:
                    with suppress(psycopg.Error):  # of the statements after it
                        pipeline.close()
                    raise
