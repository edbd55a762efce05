"""Connects to the server of a shared outbox that accepts changes, and never waits for an answer without end.

The errors of PostgreSQL and of its driver become those of `apoa_client.outbox.errors`. The server's own text may quote
stored values. It is used to tell errors apart, and is never shown nor kept.
https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import os
import selectors
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from math import ceil
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, NoReturn, TypeVar

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import make_conninfo
from psycopg.waiting import Ready

from apoa_client.errors import ApoaError, CredentialsProblem, SettingsProblem, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxMissing, OutboxServerUnreachable, ServerDiskFull, damaged
from apoa_client.processes import BackgroundCall
from apoa_client.settings.outbox_address import Server, ServerAddress

_UNREACHABLE = frozenset(
    {
        *("08", "57"),  # connection lost; shut down, starting up, or cancelled after a time-out
        *("25006", "25P03"),  # failed over to a server that only reads yet; idle for too long
        *("53000", "53200", "53300", "53400"),  # no memory, or too many connections
    }
)
_BUSY = frozenset({"40", "55P03", "55006"})
"""Serialization failures and deadlocks too: the lock of the property prevents them, unless another program writes.

A transaction is not repeated here, because its body may have called others. Nothing of it is stored.
"""
_FULL = frozenset({"53100", "54"})
_MISSING = frozenset({"3F", "42P01", "42703", "42883", "42704"})
_REFUSED = frozenset({"28", "42501", "3D"})
_DAMAGED = frozenset({"XX001", "XX002", "58", "23", "22"})

_WRONG_PASSWORD = ("authentication failed", "no password supplied", "no such user", 'requirement "none"')
_NOT_PROVEN = ('requirement "scram', "server signature", "SCRAM message")
_WRONG_CERTIFICATE = (
    *("certificate", "does not support SSL", "unsupported protocol", "handshake failure", "wrong version number"),
    "requires SSL",
)
_WRONG_ADDRESS = (
    *("does not exist", "permission denied", "no pg_hba.conf entry", "is not permitted to log in", "no such database"),
    *("authentication method 10 not supported", "not currently accepting"),
)


@contextmanager
def translate_errors(place: str) -> Iterator[None]:
    """Turn what psycopg raises into a `StorageProblem` about the database, which `place` names.

    Raises also `CredentialsProblem` and `SettingsProblem`. An error of this program's own calls is left as it is.
    """
    try:
        yield
    except psycopg.Error as exc:
        if exc.sqlstate is None and isinstance(exc, psycopg.ProgrammingError):
            raise  # a bug of this program, not a problem of the database
        error = _from_state(exc.sqlstate, place)
    else:
        return
    raise error from None  # the driver's error quotes values


def _from_state(state: str | None, place: str) -> ApoaError:
    """Return the error for a state of SQL (SQLSTATE); None is a lost connection."""
    kinds = (state or "08000", (state or "08000")[:2])  # and its class
    for states, error in _ERRORS:
        if not states.isdisjoint(kinds):
            return error(place)
    return StorageProblem(
        msg("The database at {place} refused a request (error {code}).", place=place, code=kinds[0]),
        msg("Nothing was changed. Please send this message to the maintainers of apoa-client."),
        name="outbox_server_error",
    )


def connection_error(exc: psycopg.Error, place: str) -> ApoaError:
    """Return the error for a connection that was not made.

    The driver gives no state then, only the text. One that is not recognized counts as a server that does not answer.
    """
    text = str(exc)
    if exc.sqlstate is not None:
        return _from_state(exc.sqlstate, place)
    if any(part in text for part in _WRONG_PASSWORD):
        return CredentialsProblem(
            msg("The database at {place} refused the user or the password.", place=place),
            msg("Ask your IT admin for the password of the database."),
            name="outbox_password",
        )
    if any(part in text for part in _NOT_PROVEN):
        return CredentialsProblem(
            msg(
                "The database at {place} did not prove that it knows the password, so no report was sent to it.",
                place=place,
            ),
            msg(
                "Another program may listen there. Ask your IT admin: the server must ask this user for a password by "
                "scram-sha-256. If it needs none from this computer, remove the password: apoa logout --outbox"
            ),
            name="outbox_not_proven",
        )
    if any(part in text for part in _WRONG_CERTIFICATE):
        return SettingsProblem(
            msg("The connection to the database at {place} is not secure, so it was not used.", place=place),
            msg(
                "Ask your IT admin: the server must have a certificate for its name, and the address must name the "
                "file of its issuer: sslrootcert=/path/ca.crt"
            ),
            name="outbox_certificate",
        )
    if any(part in text for part in _WRONG_ADDRESS):
        return _refused(place)
    return unreachable(place)


def unreachable(place: str) -> OutboxServerUnreachable:
    """Return the error for a server that does not answer."""
    return OutboxServerUnreachable(msg("The database at {place} does not answer.", place=place))


def _refused(place: str) -> SettingsProblem:
    return SettingsProblem(
        msg("The database at {place} does not allow this user what is needed, or does not exist.", place=place),
        msg("Ask your IT admin to check the address and the roles of the database. Nothing was changed."),
        name="outbox_not_allowed",
    )


def _busy(place: str) -> OutboxServerUnreachable:
    return OutboxServerUnreachable(
        msg("Another process has been changing the outbox at {place} for too long.", place=place),
        msg(
            "Nothing is lost: what was saved before is still there. Try again in a minute. If it stays so, ask your IT "
            "admin to end what holds the property's lock: pg_stat_activity shows sessions that are idle in transaction."
        ),
        name="outbox_busy",
    )


def _missing(place: str) -> OutboxMissing:
    return OutboxMissing(
        msg("There is no outbox of apoa-client at {place}, or not of this version.", place=place),
        msg("Ask your IT admin to prepare or to update the database. Nothing was changed."),
    )


_ERRORS: Sequence[tuple[frozenset[str], Callable[[str], ApoaError]]] = (
    (_UNREACHABLE, unreachable),
    (_BUSY, _busy),
    (_FULL, ServerDiskFull),
    (_MISSING, _missing),
    (_REFUSED, _refused),
    (_DAMAGED, damaged),
)


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
        the generator is sent that nothing is ready. Only waits for notifications have a `timeout`.
        """
        del timeout
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
    place = address.place
    ended: SimpleQueue[Connection | Exception] = SimpleQueue()
    for server in address.servers:
        parameters = _parameters(address, server, password, limits)
        BackgroundCall(lambda parameters=parameters: ended.put(_attempt(parameters, place)))  # type: ignore[misc]  # a lambda with a default
    left, end = len(address.servers), time.monotonic() + limits.answer
    error: Exception = unreachable(place)
    try:
        while left:
            result = ended.get(timeout=max(end - time.monotonic(), 0.001))
            left -= 1
            if isinstance(result, Connection):
                result.adapters.register_loader("numeric", NumberLoader)
                return result
            if isinstance(error, OutboxServerUnreachable):  # the one that says most
                error = result
    except Empty:
        pass
    finally:
        if left:
            BackgroundCall(partial(_close_late, ended, left))
    raise error


def _attempt(parameters: str, place: str) -> "Connection | Exception":
    """Return a connection, or the error."""
    try:
        # Without prepared statements: a pooler may give each transaction another session.
        return Connection.connect(parameters, autocommit=True, prepare_threshold=None)
    except psycopg.ProgrammingError as exc:
        return exc  # a bug of this program
    except psycopg.Error as exc:
        return connection_error(exc, place)


def _close_late(ended: "SimpleQueue[Connection | Exception]", left: int) -> None:
    """Close the connections of the attempts that are not over yet."""
    for _attempt in range(left):
        result = ended.get()
        if isinstance(result, Connection):
            result.close()


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
