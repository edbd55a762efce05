"""Turns the errors of PostgreSQL and of its driver into those of `apoa_client.outbox.errors`.

The server's own text may quote stored values. It is used to tell errors apart, and is never shown nor kept.
https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg

from apoa_client.errors import ApoaError, CredentialsProblem, SettingsProblem, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.errors import OutboxMissing, OutboxServerUnreachable, ServerDiskFull, damaged

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


@contextmanager
def translate_read_errors(place: str) -> Iterator[None]:
    """Like `translate_errors`, for reading rows: a value that this program never wrote is damage too."""
    try:
        with translate_errors(place):
            yield
    except (ValueError, TypeError, KeyError, OverflowError) as exc:
        raise damaged(place) from exc


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
