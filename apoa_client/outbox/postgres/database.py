"""One property's part of a shared database in PostgreSQL, as `apoa_client.outbox.database.Database`.

Every statement runs in a transaction that begins with the name of the property in the setting `apoa.property`. The
tables take it as the value of their column `property`, and row-level security restricts each statement to it. All
settings are those of the transaction alone, so that PgBouncer may give each transaction another session.

The statements of a transaction are sent together: over a slow line to the server, each wait takes long. A statement
waits until a result is looked at, of this statement or of a later one, or the transaction ends. So its error may be
raised by a later one. Between two sendings the server knows that the transaction is idle. Behind a pooler what waits is
sent one by one: after a pipeline, PgBouncer 1.24 now and then gave no answer any more.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, cast

import psycopg
from psycopg import errors, sql
from psycopg.pq import TransactionStatus

from apoa_client.outbox.database import Database
from apoa_client.outbox.postgres.connection import (
    SEARCH_PATH,
    Connection,
    NoAnswer,
    TimeLimits,
    connect,
    translate_errors,
)
from apoa_client.outbox.sql.metadata import READ_ALL
from apoa_client.settings.outbox_address import ServerAddress

_PARTS = re.compile(
    r"""
    (?P<kept> '(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | :: )  # text, names, comments, casts
    | (?P<hint> \s+ (?: INDEXED \s+ BY \s+ \w+ | NOT \s+ INDEXED ) \b )
    | :(?P<name> [A-Za-z_]\w* )
    | (?P<place> \? )
    | (?P<percent> % )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


@lru_cache(maxsize=512)
def translated(statement: str) -> bytes:
    """Return the statement with `%s` for `?` and `%(name)s` for `:name`, and without hints that only SQLite knows.

    What stands in quotes and comments stays; only `%` is doubled there too, because psycopg reads it everywhere.
    """
    return _PARTS.sub(_replacement, statement).encode()


def _replacement(part: re.Match[str]) -> str:
    if part["name"]:
        return f"%({part['name']})s"
    if part["place"]:
        return "%s"
    return "" if part["hint"] else part[0].replace("%", "%%")


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


_READ = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"

# A server that is set up to confirm a transaction before it is durable is asked not to.
_SETTINGS = """
    SELECT set_config('apoa.property', {property}, true),
        set_config('statement_timeout', {statement}, true),
        set_config('lock_timeout', {lock}, true),
        set_config('idle_in_transaction_session_timeout', {idle}, true),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true),
        pg_backend_pid()
"""
_TRY_LOCK = "SELECT lock_property(false)"
# The time limit of a statement would end the wait first, and as another error.
_WAIT_FOR_LOCK = "SET LOCAL statement_timeout = 0; SELECT lock_property(true)"

_NEXT = "nextval(pg_get_serial_sequence('reports', 'seq'))"
_SKIP = f"SELECT count({_NEXT}) FROM generate_series(1, greatest(0, ?::bigint - {_NEXT}))"  # noqa: S608  constants

_MARGIN_S = 1.0
"""How much longer than the server's own time limit this process waits for its answer."""
_PREPARE_AFTER = 5
"""Executions of one text after which the server keeps it prepared."""


class PostgresDatabase(Database):
    """A `Database` in PostgreSQL. It connects when it is first used, and again after the connection was lost.

    Outside of a transaction, statements only read. Without a password, the driver looks for one as `psql` does.
    """

    insertion_order = "n"
    may_delete = False

    def __init__(
        self, address: ServerAddress, property_name: str, password: str | None = None, limits: TimeLimits | None = None
    ) -> None:
        self.place = address.place
        self.metadata: dict[str, Any] | None = None
        self._address = address
        self.property_name = property_name
        self._password = password
        self._limits = limits or TimeLimits()
        self._connection: Connection | None = None
        self._statements: Statements | None = None
        """Those of the transaction that is open."""

    @property
    def in_transaction(self) -> bool:
        """As `Database`."""
        return self._statements is not None

    def execute(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = (), /) -> Result:
        """Execute a statement, as `Statements` does; outside of a transaction, one that only reads."""
        if self._statements is None:
            with self._transaction(_READ):
                return self.execute(statement, values)
        return self._statements.execute(translated(statement), values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]] | Iterable[Mapping[str, Any]], /) -> Result:
        """Execute a statement once for each row of values, as `Statements` does."""
        if self._statements is None:
            with self._transaction(_READ):
                return self.executemany(statement, rows)
        return self._statements.executemany(translated(statement), rows)

    def insert_report(self, statement: str, values: Mapping[str, Any], /) -> int | None:
        """As `Database`."""
        found = self.execute(f"{statement} RETURNING seq", values).fetchall()
        return int(found[0][0]) if found else None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything inside or nothing, durable at the end; no other process writes to the property meanwhile.

        Raises `OutboxServerUnreachable` also if the answer to the commit was lost: it may be durable then.
        """
        with self.errors(), self._transaction(_WRITE):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read the database as it is at one moment. A transaction that is open goes on."""
        if self.in_transaction:
            yield
            return
        with self._transaction(_SNAPSHOT):
            yield

    def errors(self) -> AbstractContextManager[None]:
        """Turn the errors of PostgreSQL into those of `apoa_client.outbox.errors`."""
        return translate_errors(self.place)

    def any_text(self) -> AbstractContextManager[None]:
        """As `Database`: PostgreSQL stores no text with invalid bytes."""
        return nullcontext()

    def now(self, here: datetime) -> datetime:  # noqa: ARG002  it may be wrong
        """As `Database`: the server's time."""
        [(now,)] = self.execute("SELECT clock_timestamp()").fetchall()
        return cast("datetime", now).astimezone(UTC)

    def unused_seq(self) -> int:
        """As `Database`: takes the number from the sequence, which gives it to no insertion."""
        [(seq,)] = self.execute(f"SELECT {_NEXT}").fetchall()
        return int(seq)

    def skip_numbers(self, highest: int) -> None:
        """As `Database`: takes the numbers from the sequence, which only its owner may set."""
        self.execute(_SKIP, [highest])

    def highest_event(self) -> int:
        """As `Database`: the numbers of events are those of the chain, and PostgreSQL remembers none of them."""
        return 0

    def empty_log(self, *, wait: bool = True) -> bool:  # noqa: ARG002  there is nothing to wait for
        """As `Database`: returns true, because nothing can be done from here.

        What was erased stays, sealed, in old versions of rows until the server's own VACUUM, and in its log of changes,
        its standbys and its backups for as long as those are kept.
        """
        return True

    def connect(self) -> Connection:
        """Return a new connection with this login, which the caller closes. For use within `errors`."""
        return connect(self._address, self._password, self._limits)

    def close(self) -> None:
        """Close the connection. Closing twice does no harm."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        if self.in_transaction:
            message = "a transaction is open"
            raise RuntimeError(message)
        self._begin(begin)
        self._statements = Statements(self._session())
        try:
            yield
            self._commit(self._statements)
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._statements = self.metadata = None

    def _begin(self, begin: str) -> None:
        """Begin a transaction in one exchange with the server; a second one waits for another process's lock."""
        kept = self._connection is not None
        try:
            locked = self._send_beginning(begin)
        except BaseException as exc:
            self.close()
            if not kept or isinstance(exc, NoAnswer) or not isinstance(exc, psycopg.OperationalError):
                raise
            locked = self._send_beginning(begin)  # the connection was lost since the last transaction
        connection = self._session()
        if not locked:
            self._wait_for_lock(connection)
        connection.longest_wait = self._limits.statement + _MARGIN_S

    def _wait_for_lock(self, connection: Connection) -> None:
        connection.longest_wait = self._limits.lock + _MARGIN_S
        limit = f"SET LOCAL statement_timeout = {self._limits.statement * 1000:.0f}"
        try:
            cursor = connection.execute(f"{_WAIT_FOR_LOCK}; {limit}; {READ_ALL}".encode(), prepare=False)
            self.metadata = _last_rows(cursor)
        except BaseException:
            self._roll_back()
            raise

    def _send_beginning(self, begin: str) -> bool:
        """Return whether the transaction has what it needs to go on: one that writes, the lock of the property."""
        if self._connection is None:
            self._connection = self.connect()
        connection = self._connection
        connection.longest_wait = self._limits.answer
        cursor = connection.execute(self._beginning(begin), prepare=False)
        cursor.nextset()
        cursor.nextset()
        row = cursor.fetchone()
        if row is not None and row[-1] == connection.info.backend_pid:  # no pooler is in between
            connection.prepare_threshold = _PREPARE_AFTER
        if begin != _WRITE:
            return True
        cursor.nextset()
        is_locked = cursor.fetchone() == (True,)
        self.metadata = _last_rows(cursor)
        return is_locked

    def _beginning(self, begin: str) -> bytes:
        values = {
            "property": self.property_name,
            "statement": f"{self._limits.statement * 1000:.0f}",
            "lock": f"{self._limits.lock * 1000:.0f}",
            "idle": f"{self._limits.idle * 1000:.0f}",
        }
        settings = sql.SQL(_SETTINGS).format(**{name: sql.Literal(value) for name, value in values.items()})
        locking = [_TRY_LOCK, READ_ALL] if begin == _WRITE else []
        return ";".join([begin, SEARCH_PATH, settings.as_string(self._connection), *locking]).encode()

    def _commit(self, statements: Statements) -> None:
        if self._session().info.transaction_status == TransactionStatus.INERROR:
            raise errors.InFailedSqlTransaction  # the server would roll back, and say so in no error
        statements.execute(b"COMMIT", (), prepare=False)
        statements.send()

    def _roll_back(self) -> None:
        """End the transaction, or the connection if that is not possible."""
        if self._connection is None:
            return
        self._connection.longest_wait = self._limits.answer
        try:
            self._connection.execute(b"ROLLBACK", prepare=False)
        except psycopg.Error:
            self.close()

    def _session(self) -> Connection:
        if self._connection is None:
            message = "no transaction is open"
            raise RuntimeError(message)
        return self._connection


def _last_rows(cursor: psycopg.Cursor[Any]) -> dict[str, str | None]:
    """Return the rows, each a key and a value, of the last statement that the cursor executed."""
    while cursor.nextset():
        pass
    return dict(cursor.fetchall())
