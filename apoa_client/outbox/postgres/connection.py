"""Connects to the server of a shared outbox that accepts changes, and never waits for an answer without end."""

import os
import selectors
import time
from collections.abc import Generator
from contextlib import suppress
from functools import partial
from math import ceil
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, NamedTuple, NoReturn, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import make_conninfo
from psycopg.waiting import Ready

from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.outbox.postgres.error_translation import connection_error, unreachable
from apoa_client.settings.outbox_address import Server, ServerAddress
from apoa_client.timeouts import BackgroundCall

T = TypeVar("T")

SEARCH_PATH = "SET LOCAL search_path = pg_catalog, apoa, pg_temp"
"""The first statement of each transaction, before any function is called.

In the schemas of the server's own path, any login may have a function that fits a call better than PostgreSQL's.
"""

_INTERVAL_S = 0.1
"""Seconds between two looks at the time. On Windows, Ctrl-C does not interrupt a wait."""
_NO_FILE = f"{os.devnull}/none"
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
"""Without a call of the system for each wait, which the default one on Linux needs. Windows has no `poll`."""


class TimeLimits(NamedTuple):
    """The time limits of a connection, in seconds.

    `answer` is how long the server may take to connect, and to begin a transaction. `lock` is how long another
    process may write to the property, `statement` how long one statement may take, and `idle` how long the server
    keeps a transaction whose process does not go on.
    """

    answer: float = 1.0
    lock: float = 3.0
    statement: float = 30.0
    idle: float = 60.0


class NoAnswer(psycopg.OperationalError):
    """The server gave no sign for too long. The connection is closed."""


class Connection(psycopg.Connection[Any]):
    """A connection whose waits end, also where the server is stopped or the line is cut without any sign of it."""

    longest_wait = TimeLimits().answer
    """Seconds without any progress after which the connection is closed."""

    def wait(self, gen: Generator[Any, Any, T], interval: float = _INTERVAL_S, timeout: float | None = None) -> T:
        """Wait as psycopg asks for it, by a generator that yields what it waits for and is sent what is ready.

        Raises `NoAnswer` after `longest_wait` without any progress. Ctrl-C ends the connection too. Every `interval`
        the generator is sent that nothing is ready. A wait with a `timeout`, for a notification, is psycopg's own.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        end = time.monotonic() + self.longest_wait
        socket = self.fileno()
        try:
            wanted = next(gen)
            with _Selector() as selector:
                selector.register(socket, wanted)
                while True:
                    found = selector.select(interval)
                    before, wanted = wanted, gen.send(found[0][1] if found else Ready.NONE)
                    if wanted != before:
                        selector.modify(socket, wanted)
                    if found:
                        end = time.monotonic() + self.longest_wait
                    elif time.monotonic() > end:
                        self._give_up(gen)
        except StopIteration as exc:
            result: T = exc.value
            return result
        except KeyboardInterrupt:  # nothing waits for the answers any more
            self.close()
            raise

    def _give_up(self, gen: Generator[Any, Any, object]) -> NoReturn:
        with suppress(psycopg.Error):
            gen.close()
        self.close()
        raise NoAnswer


class NumberLoader(Loader):
    """Reads `numeric`, the type of a sum of integers, as SQLite gives it: as an integer if it is one."""

    def load(self, data: Buffer) -> int | float:
        """Return the number."""
        text = bytes(data)
        return int(text) if text.lstrip(b"-").isdigit() else float(text)


def connect(address: ServerAddress, password: str | None, limits: TimeLimits) -> Connection:
    """Connect to all servers of the address at once, and return the first connection that accepts changes.

    A server that is down without any sign thus delays nothing. With a password, a server must prove that it knows it.
    Raises `OutboxServerUnreachable` after `limits.answer`, `CredentialsProblem` or `SettingsProblem`.
    """
    _forget_variables()
    attempts = _Attempts(address.place)
    for server in address.servers:
        BackgroundCall(partial(attempts.run, _parameters(address, server, password, limits)))
    connection = attempts.first(len(address.servers), limits.answer)
    connection.adapters.register_loader("numeric", NumberLoader)
    return connection


def _forget_variables() -> None:
    """Remove the driver's variables from the environment: no parameter replaces PGSERVICE, PGTZ and PGDATESTYLE."""
    variables = os.environ  # noqa: TID251  the driver reads the environment itself
    for name in [name for name in variables if name.startswith("PG")]:
        del variables[name]


def _parameters(address: ServerAddress, server: Server, password: str | None, limits: TimeLimits) -> str:
    return make_conninfo(
        host=server.host,
        hostaddr="",  # else that of PGHOSTADDR
        port=server.port,
        user=address.user,
        dbname=address.database,
        password=password,
        passfile=_NO_FILE,  # its password would be bound to no address
        # A program that listens where the server does not run gets neither the password nor a report.
        require_auth="none" if password is None else "scram-sha-256",
        application_name="apoa-client",
        client_encoding="utf8",
        target_session_attrs="read-write",
        connect_timeout=ceil(limits.answer) + 1,  # ends the thread of an attempt that was given up
        keepalives_idle=30,  # a line that is cut while nothing is asked is noticed after a minute
        keepalives_interval=10,
        keepalives_count=3,
        **address.tls,
    )


class _Attempts:
    """Attempts to connect, each in a thread of its own. Connections that come too late are closed."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._ended: SimpleQueue[Connection | Exception] = SimpleQueue()
        self._lock = Lock()
        self._over = False

    def run(self, parameters: str) -> None:
        """Connect, and keep the connection, or the error."""
        result: Connection | Exception
        try:
            # Without prepared statements: a pooler may give each transaction another session.
            result = Connection.connect(parameters, autocommit=True, prepare_threshold=None)
        except psycopg.ProgrammingError as exc:
            result = exc  # a bug of this program
        except psycopg.Error as exc:
            result = connection_error(exc, self._place)
        with self._lock:
            if not self._over:
                self._ended.put(result)
                return
        _discard(result)

    def first(self, attempts: int, seconds: float) -> Connection:
        """Return the first connection. Raises the error that says most, if there is none in this time."""
        end = time.monotonic() + seconds
        error: Exception = unreachable(self._place)
        try:
            for _attempt in range(attempts):
                result = self._ended.get(timeout=max(end - time.monotonic(), 0.001))
                if isinstance(result, Connection):
                    return result
                if isinstance(error, OutboxServerUnreachable):
                    error = result
        except Empty:
            pass
        finally:
            self._end()
        raise error

    def _end(self) -> None:
        with self._lock:
            self._over = True
        while not self._ended.empty():
            _discard(self._ended.get())


def _discard(result: Connection | Exception) -> None:
    if isinstance(result, Connection):
        result.close()
