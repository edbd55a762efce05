"""What the metadata say of the codes and the key: the register of an outbox, and the public key of its records.

The register says which rows have codes, counted, and what steers, under a code of its own. Each change with the key
gives its rows the next version. The register has the last version, the number of rows with codes and the sum of their
versions: a row that was removed lowers the number, and one that was put back as it was before lowers the sum. The vault
keeps the highest version by the register's random id, so that an older copy of the whole outbox is noticed too.

The public key is the one to which records are sealed. A process that read the settings before a key rotation compares
its key with it, so that it does not store a record that no key opens. A rotation first saves the new public key in the
settings, then records it here, then seals the records again. So once it is recorded here, the settings have it too, and
no record is sealed to an earlier key any more.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar

from apoa_client.outbox.sql.metadata import (
    HOLD,
    PUBLIC_KEY,
    REGISTER,
    REPLACED_KEY,
    SUSPENSION,
    Counts,
    actual_counts,
    read_metadata,
    write,
)
from apoa_client.outbox.sql.queries import OPEN, UNCODED

if TYPE_CHECKING:
    from collections.abc import Callable

    from apoa_client.outbox.database import Database
    from apoa_client.ports.run import Authenticator, OutboxVersion, Sealer


_HASH = 32
"""Hexadecimal digits of a hash."""

_STRIDE = 1000
"""Between two checks there are fewer changes with the key."""

STEERING = (SUSPENSION.key, HOLD.key)
"""The metadata that decide whether and when reports are sent. The public key is compared with that of the settings."""

# An index has both columns. A report that is being handed over counts as open, as it was before.
_NUMBERS = f"""
    SELECT count(*), COALESCE(sum(CASE WHEN {OPEN} THEN 1 ELSE 0 END), 0), COALESCE(sum(version), 0)
    FROM reports WHERE mac IS NOT NULL
"""  # noqa: S608  constants
_ANY_CODE = "SELECT 1 FROM reports WHERE mac IS NOT NULL AND version > 0 LIMIT 1"
_HISTORY = f"""
    SELECT 1 FROM tally WHERE state NOT IN ('queued', 'sending') AND reports > 0 UNION
    SELECT 1 FROM reports INDEXED BY reports_open WHERE {OPEN} AND calls > 0 LIMIT 1
"""  # noqa: S608  constants


class Register(NamedTuple):
    """What was true after the last change with the key."""

    id: str
    """A random id of the outbox."""
    version: int
    """The number of changes with the key."""
    last: int
    """The highest number (`seq`) that was looked at: a row without a code up to it is not one that was just saved."""
    reports: int
    """The number of rows with codes."""
    open: int
    """The number of open ones among them."""
    versions: int
    """The sum of their versions."""
    steering: str
    """Hashes of the values of `STEERING`, as the last process with the key wrote each, with commas between."""

    @classmethod
    def new(cls, db: Database) -> Self:
        """Return the register of an outbox without codes, or of which no code is known, with a new id."""
        return cls(os.urandom(8).hex(), 0, -(1 << 63), 0, 0, 0, ",".join(_hashes(db)))

    def write(self, db: Database, authenticator: Authenticator) -> None:
        """Store it, numbers with blanks between, and its code in hexadecimal, inside a transaction."""
        text = " ".join(map(str, self))
        write(db, REGISTER, f"{text} {authenticator.code(b'register', text.encode()).hex()}")

    @property
    def is_marked(self) -> bool:
        """Whether nothing was changed since the last check."""
        return self.version % _STRIDE == 0

    def marked(self, version: int = 0) -> Self:
        """Return it with the next version of a check, above this one too: the vault keeps it.

        It is far ahead, so that changes of an older copy do not reach it before the next check.
        """
        return self._replace(version=(max(self.version, version) // _STRIDE + 1) * _STRIDE)

    def steered(self, db: Database, key: str) -> Self:
        """Return it with the hash of one of `STEERING` as the metadata have it now."""
        known, now = self.steering.split(","), _hashes(db)
        place = STEERING.index(key)
        return self._replace(steering=",".join([*known[:place], now[place], *known[place + 1 :]]))

    def counted(self, db: Database) -> Self:
        """Return it with the numbers of the rows that have codes now. Reads an index as a whole."""
        reports, opened, versions = db.execute(_NUMBERS).fetchone()
        return self._replace(reports=reports, open=opened, versions=int(versions))

    def follows(self, known: OutboxVersion) -> bool:
        """Return whether it is of the outbox that the vault knows, and not older."""
        return self.id == known.outbox and self.version >= known.number

    def agrees(self, db: Database) -> bool:
        """Return whether these are the numbers of the rows that have codes now. Reads an index as a whole.

        Whether a row is open is under its own code: that number is for processes without the key.
        """
        return self.counted(db)._replace(open=self.open) == self

    def steers(self, db: Database) -> bool:
        """Return whether what steers was written with the key. That a restriction is gone does no harm: it returns."""
        pairs = zip(STEERING, self.steering.split(","), _hashes(db), strict=True)
        return all(known == now or read_metadata(db, key) is None for key, known, now in pairs)


BROKEN = Register("", 0, (1 << 63) - 1, 0, 0, 0, "")
"""The register where the stored one was not written with the property's key, or was removed although there are codes.

So no row without a code counts as just saved: none has a higher number than this last one.
"""


def read_register(db: Database, authenticator: Authenticator) -> Register | None:
    """Return the register, or `BROKEN`; None if no report ever had a code."""
    value = read_metadata(db, REGISTER.key)
    if value is None:
        return BROKEN if db.execute(_ANY_CODE).fetchone() else None
    text, _blank, code = str(value).rpartition(" ")
    try:
        is_ours = authenticator.confirms(bytes.fromhex(code), b"register", text.encode())
        name, version, last, reports, opened, versions, steering = text.split(" ")
        register = Register(name, int(version), int(last), int(reports), int(opened), int(versions), steering)
    except ValueError:
        return BROKEN
    return register if is_ours else BROKEN


def has_history(db: Database) -> bool:
    """Return whether a report was ever sent or changed: then the outbox is older than its register."""
    return db.execute(_HISTORY).fetchone() is not None


def contradicts_register(db: Database) -> bool:
    """Return whether there are more or fewer reports than the register says. Needs no key, and reads few rows."""
    (uncoded,) = db.execute(UNCODED).fetchone()
    return contradicts(read_metadata(db, REGISTER.key), actual_counts(db), int(uncoded))


def contradicts(value: object, actual: Counts, uncoded: int) -> bool:
    """Return whether the stored register has other numbers of reports. Reports without a code are open."""
    parts = str(value).split(" ")
    if len(parts) != len(Register._fields) + 1:
        return value is not None
    return parts[3:5] != [str(actual.total - uncoded), str(actual.open - uncoded)]


def _hashes(db: Database) -> list[str]:
    from hashlib import sha256  # start-up: `apoa status` compares numbers only

    values = (str(read_metadata(db, key)) for key in STEERING)
    return [sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH] for value in values]


_Sealed = TypeVar("_Sealed")


def record_public_key(db: Database, public_key: str) -> None:
    """Record the public key of the settings, inside a transaction."""
    write(db, PUBLIC_KEY, public_key)


def record_replacement(db: Database, public_key: str, before: Authenticator) -> None:
    """Record a new public key, inside a transaction, so that a computer that has the old key believes it."""
    record_public_key(db, public_key)
    write(db, REPLACED_KEY, f"{public_key} {before.code(b'replaced', public_key.encode()).hex()}")


def was_replaced_by(db: Database, authenticator: Authenticator, public_key: str) -> bool:
    """Return whether the key that makes these codes was replaced by this one in a key rotation."""
    named, _blank, code = str(read_metadata(db, REPLACED_KEY.key)).partition(" ")
    try:
        return named == public_key and authenticator.confirms(bytes.fromhex(code), b"replaced", named.encode())
    except ValueError:
        return False


def sealed_to_current_key(db: Database, sealer: Sealer, sealed: _Sealed, seal: Callable[[], _Sealed]) -> _Sealed:
    """Return `sealed`, or what `seal` returns if the property has another key pair by now.

    Call it inside the transaction that stores the result, with what `seal` returned before it. An outbox without a
    recorded key, from an earlier version, accepts every key. Raises `SettingsProblem` if the settings cannot be read.
    """
    recorded = read_metadata(db, PUBLIC_KEY.key)
    if recorded in {None, sealer.public_key} or not sealer.refresh():
        return sealed
    return seal()
