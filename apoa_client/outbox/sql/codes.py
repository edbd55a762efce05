"""One message authentication code a row: a seal to the public key does not prove who wrote a record, the code does.

The code is over every column but those that senders change without meaning (lease, attempts, the times of the next
try) and the guest hash, under a key that is derived from the private key. A row gets one only if

- its code was right before the change, or
- it was saved without the key: its number is above the last that had a code, and it looks as a save leaves it, or
- the authority, a proven backup or a person says that it is right (`vouch`).

So a row with a code changes only with the key, and a row whose code is wrong keeps it. Each change gives its rows the
outbox' next version, and brings the register up to date in the same transaction: see `outbox.sql.register`.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256
from json import JSONEncoder
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from apoa_client.errors import CredentialsProblem, NotAuthentic, OutboxDamaged, SettingsProblem
from apoa_client.messages import msg
from apoa_client.outbox.rows import COLUMNS, NAMES
from apoa_client.outbox.sql.metadata import PUBLIC_KEY, REGISTER, read_metadata
from apoa_client.outbox.sql.register import BROKEN, Register, has_history, read_register, was_replaced_by
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.report.kinds import OPEN_STATES, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from apoa_client.outbox.database import Database
    from apoa_client.ports.run import Authenticator, Sealer

_PLAIN = tuple(column.name for column in COLUMNS if column.coded)
"""The columns under the code, besides what is sealed."""
ALL_COLUMNS = NAMES[1:]
"""Every column of `reports` but its number (`seq`), in each engine."""

HAND_OVER = "handover "
"""The beginning of the lease of a report that is being handed over. The state that it had before follows."""
_READ = ("seq", "mac", "lease", "content", "errors", "warnings", "photo_digest", *_PLAIN)
_QUERY = f"SELECT {', '.join(_READ)} FROM reports"  # noqa: S608  constants
_PLAIN_OF = itemgetter(*_PLAIN)
_STATE, _VERSION = _PLAIN.index("state"), _PLAIN.index("version")
_AS_SAVED = {each.name: each.initial for each in COLUMNS if each.coded and each.report is None and each.saved is None}
"""What a row that was saved without the key has in the columns under the code that the saving does not fill."""
_WRITE = "UPDATE reports SET mac = ?, version = ? WHERE seq = ?"
_UNCODED = "mac IS NULL AND"
_BATCH = 500
_encode = JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Row(dict[str, Any]):
    """The values of a row by their columns. They may be of any type: the file may have been manipulated."""

    @property
    def id(self) -> str:
        """The report's id."""
        return str(self["id"])

    @property
    def sealed(self) -> Sequence[object]:
        """What is sealed, and the digest of the photo."""
        return self["content"], self["errors"], self["warnings"], self["photo_digest"]

    @property
    def state(self) -> str:
        """The report's state. While it is sent or handed over, the state that it had before: nothing has changed yet.

        No lease opens what is closed: such a row has a state that no code is over.
        """
        stored, lease = str(self["state"]), str(self["lease"])
        if stored != State.SENDING:
            return stored
        before = lease.removeprefix(HAND_OVER) if lease.startswith(HAND_OVER) else State.QUEUED.value
        return before if before in OPEN_STATES else stored

    @property
    def is_open(self) -> bool:
        """Whether the report is still to be delivered."""
        return self.state in OPEN_STATES

    @property
    def version(self) -> int:
        """The version of the row's last change with the key; 0 if it has no code."""
        return self["version"] if self["mac"] is not None and isinstance(self["version"], int) else 0

    def parts(self, version: int) -> Iterator[bytes]:
        """Yield what the row's code with this version is over. Raises `TypeError` or `ValueError` for odd values."""
        values = list(_PLAIN_OF(self))
        values[_STATE], values[_VERSION] = self.state, version
        while values[-1] is None:  # a column behind `version`, which a row from before that column does not have
            values.pop()
        yield _encode(values).encode("ascii")
        for sealed in self.sealed:
            yield b"" if sealed is None else b"=" + sealed_bytes(sealed)

    def is_authentic(self, authenticator: Authenticator) -> bool:
        """Return whether this program wrote the row, with the key."""
        try:
            return self["mac"] is not None and authenticator.confirms(self["mac"], *self.parts(self.version))
        except (TypeError, ValueError):
            return False

    def is_as_saved(self) -> bool:
        """Return whether it looks as a save without the key leaves it: queued, never called, nothing answered."""
        return (
            self["mac"] is None
            and self["errors"] is None
            and {**{name: self[name] for name in _AS_SAVED}, "state": self.state} == _AS_SAVED
            and isinstance(self["content"], bytes)
            and isinstance(self["warnings"], bytes | None)
            and (self["photo_digest"] is None) == (self["photo_state"] is None)
            and self.has_own_types()
        )

    def has_own_types(self) -> bool:
        """Return whether each value has a type that this program writes, so that a code can be made."""
        try:
            return bool(list(self.parts(0)))
        except (TypeError, ValueError):
            return False


def photo_digest(sealed: bytes) -> bytes:
    """Return the digest of a sealed photo, which says nothing about the photo: a seal is random."""
    return sha256(sealed).digest()


def sealed_bytes(value: object) -> bytes:
    """Return what was sealed. Raises `TypeError` for a value that this program never wrote."""
    if not isinstance(value, bytes):
        message = "not a sealed record"
        raise TypeError(message)
    return value


def read_rows(db: Database, condition: str, values: Sequence[object] = ()) -> list[Row]:
    """Return the rows that meet a condition. For use within `Database.read_errors`."""
    found = db.execute(f"{_QUERY} WHERE {condition}", values).fetchall()
    return [Row(zip(_READ, row, strict=True)) for row in found]


def rows_of(db: Database, ids: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of these reports. For use within `Database.read_errors`."""
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        yield from read_rows(db, f"id IN ({', '.join('?' * len(batch))})", batch)


def key_needed() -> CredentialsProblem:
    """Return the error of a change that needs the private key, which is not at hand."""
    return CredentialsProblem(
        msg("The private key is needed to change a report that was saved before, and it is not at hand."),
        msg("Unlock the keyring. If the key is not on this computer any more, restore it with: apoa key recover"),
        name="key_needed",
    )


class RowCodes:
    """Keeps the codes of one database, and its register, right when rows change."""

    def __init__(self, db: Database, sealer: Sealer) -> None:
        self._db = db
        self.sealer = sealer

    def authenticator(self, *, ask: bool = False, only_checks: bool = False) -> Authenticator | None:
        """Return what makes and checks codes, as `ports.Sealer`; None only if the private key is not at hand.

        Raises `NotAuthentic` if the outbox names a public key whose private key the property does not have: another
        program wrote it, or another computer has another key by now, whose codes would look wrong here.
        """
        authenticator = self.sealer.authenticator(ask=ask, only_checks=only_checks)
        other = None if authenticator is None else self._other_key()
        if authenticator is None or other is None:
            return authenticator
        if not self.sealer.owns(other):
            raise Doubt(DoubtKind.KEY).error(certain=was_replaced_by(self._db, authenticator, other))
        return self.sealer.authenticator(ask=ask, only_checks=only_checks)  # the settings may name that one by now

    def _other_key(self) -> str | None:
        """Return the public key that the outbox names; None if it names none, or that of the settings."""
        recorded = read_metadata(self._db, PUBLIC_KEY.key)
        return None if recorded in {None, self.sealer.public_key} else str(recorded)

    def checking(self, *, ask: bool = False) -> tuple[Authenticator | None, list[Doubt]]:
        """Return what checks codes, and a doubt in place of it if the outbox names another key."""
        try:
            authenticator = self.authenticator(ask=ask)
        except NotAuthentic:
            return None, [Doubt(DoubtKind.KEY)]
        unchecked = authenticator is None and self._other_key() is not None
        return authenticator, [Doubt(DoubtKind.UNCHECKED)] if unchecked else []

    def ask(self) -> None:
        """Ask a keyring for the key before a transaction: others do not wait until a person has answered.

        Raises `CredentialsProblem` without it.
        """
        if self.sealer.authenticator(ask=True) is None:
            raise key_needed()

    # Changes, always inside a transaction.

    @contextmanager
    def saving(self) -> Iterator[Callable[[Row], None]]:
        """Give reports that are saved inside their codes, if the key is at hand.

        Yields what completes a row before it is inserted. So saving needs no key. Without it, or in doubt, the next
        check with the key completes the rows.
        """
        authenticator = self._unless_in_doubt(ask=False)
        register = None if authenticator is None else self._register(authenticator)
        if authenticator is None or register is None:
            yield lambda _values: None
            return
        register, all_read = self._write_all(authenticator, register, _UNCODED, Row.is_as_saved)
        version, saved = register.version + 1, 0

        def give_code(values: Row) -> None:
            nonlocal saved
            saved += 1
            values.update(version=version, mac=authenticator.code(*values.parts(version)))

        yield give_code
        if saved and register is not BROKEN:
            (last,) = self._db.execute("SELECT max(seq) FROM reports").fetchone()
            register._replace(
                version=version,
                last=last if all_read else register.last,
                reports=register.reports + saved,
                open=register.open + saved,
                versions=register.versions + version * saved,
            ).write(self._db, authenticator)

    def _unless_in_doubt(self, *, ask: bool) -> Authenticator | None:
        """Return what `authenticator` does; None also in doubt, and while the settings cannot be read."""
        try:
            return self.authenticator(ask=ask)
        except SettingsProblem:  # `NotAuthentic` too
            return None

    @contextmanager
    def changing(self, ids: Sequence[str], authenticator: Authenticator | None = None) -> Iterator[frozenset[str]]:
        """Renew the codes of those reports that are authentic before they are changed, or removed, inside.

        Yields their ids. A keyring is asked for the key if necessary. Raises `CredentialsProblem` without it, and
        `NotAuthentic` if the outbox names another key. Without reports nothing is needed.
        """
        if not ids:
            yield frozenset()
            return
        authenticator = authenticator or self.authenticator(ask=True)
        if authenticator is None:
            raise key_needed()
        register = self.completed(authenticator)
        before = [row for row in rows_of(self._db, ids) if self.is_proven(row, authenticator, register)]
        yield frozenset(row.id for row in before)
        if register is not None:
            self._write(authenticator, register, before, list(rows_of(self._db, [row.id for row in before])))

    def vouch(self, ids: Sequence[str]) -> None:
        """Give these reports codes as they are: a proven backup, the authority or a person confirms them.

        Nothing is done without the key.
        """
        authenticator = self.authenticator(ask=True)
        if authenticator is None:
            return
        register = self.completed(authenticator)
        if register is not None:
            self._write(authenticator, register, list(rows_of(self._db, ids)))

    def completed(self, authenticator: Authenticator) -> Register | None:
        """Give codes to what was saved without the key, and return the register; None if there was never one.

        A new outbox gets its register here. One from before there were codes gets it only by `adopt`.
        """
        register = self._register(authenticator)
        return register and self._write_all(authenticator, register, _UNCODED, Row.is_as_saved)[0]

    def _register(self, authenticator: Authenticator) -> Register | None:
        register = read_register(self._db, authenticator)
        if register is None and not has_history(self._db):
            register = Register.new(self._db)
            register.write(self._db, authenticator)
        return register

    def adopt(self) -> None:
        """Make the register of an outbox from before there was one: every report gets a code as it is.

        Raises `CredentialsProblem` without the key.
        """
        authenticator = self.authenticator(ask=True)
        if authenticator is None:
            raise key_needed()
        register, _all_read = self._write_all(authenticator, Register.new(self._db), "", Row.has_own_types)
        register.write(self._db, authenticator)

    def renew(self, authenticator: Authenticator) -> None:
        """Write the register with this key, which confirms it: without any report, no change of one does it."""
        register = read_register(self._db, authenticator)
        if register is not None and register is not BROKEN:
            register.write(self._db, authenticator)

    def steered(self, key: str) -> bool:
        """Note in the register, if there is one, that this process wrote the metadata of this key.

        Return false if the private key, for which a keyring is asked, cannot be had.
        """
        if read_metadata(self._db, REGISTER.key) is None:
            return True
        authenticator = self._unless_in_doubt(ask=True)
        register = None if authenticator is None else read_register(self._db, authenticator)
        if authenticator is not None and register is not None and register is not BROKEN:
            register.steered(self._db, key).write(self._db, authenticator)
        return authenticator is not None

    def is_proven(self, row: Row, authenticator: Authenticator, register: Register | None) -> bool:
        """Return whether a row is authentic, or was saved without the key and has no code yet."""
        if row["mac"] is not None:
            return row.is_authentic(authenticator)
        return register is None or (row["seq"] > register.last and row.is_as_saved())

    def _write_all(
        self, authenticator: Authenticator, register: Register, which: str, may_have: Callable[[Row], bool]
    ) -> tuple[Register, bool]:
        """Write the codes of the rows above the last number that may have one; return whether each could be read.

        A row on a damaged page holds up no other one: the last number stays below it, and a later check tries it again.
        """
        condition = f"{which} seq > ? ORDER BY seq LIMIT {_BATCH}"
        last, all_read = register.last, True
        while True:
            try:
                with self._db.read_errors():
                    found = read_rows(self._db, condition, [last])
                seqs = [row["seq"] for row in found]
            except OutboxDamaged:
                seqs = [seq for (seq,) in self._db.execute(f"SELECT seq FROM reports WHERE {condition}", [last])]  # noqa: S608  constants
                found, all_read = [row for seq in seqs for row in self._readable(seq)], False
            if seqs:
                last = seqs[-1]
                register = register._replace(last=last) if all_read else register
                register = self._write(authenticator, register, [row for row in found if may_have(row)])
            if len(seqs) < _BATCH:
                return register, all_read

    def _readable(self, seq: int) -> list[Row]:
        """Return the row with this number; none if it cannot be read."""
        try:
            with self._db.read_errors():
                return read_rows(self._db, "seq = ?", [seq])
        except OutboxDamaged:
            return []

    def _write(
        self,
        authenticator: Authenticator,
        register: Register,
        before: Sequence[Row],
        now: Sequence[Row] | None = None,
    ) -> Register:
        """Write the codes of these rows, which were changed or removed since they were read if `now` is given."""
        if not before:
            return register
        now = before if now is None else now
        version = register.version + 1
        codes = [(authenticator.code(*row.parts(version)), version, row["seq"]) for row in now]
        self._db.executemany(_WRITE, codes)
        if register is BROKEN:  # it stays as it is, so that it is noticed
            return register
        coded = [row for row in before if row["mac"] is not None]
        register = register._replace(
            version=version,
            reports=register.reports + len(now) - len(coded),
            open=register.open + sum(row.is_open for row in now) - sum(row.is_open for row in coded),
            versions=register.versions + version * len(now) - sum(row.version for row in coded),
        )
        register.write(self._db, authenticator)
        return register
