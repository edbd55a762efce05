"""Message authentication codes of the rows: a seal to the public key does not prove who wrote a record, these do.

Each row has two. The content's code is over the id, the sealed content and the sealed photo, and is made once. The
state's code is over everything else, and is made again with each change. A process without the key removes the state's
code when it changes a row, and records an audit event, so that the first one with the key can tell such a row from one
whose code was taken away. A row whose code is wrong keeps it: a later change must not make it look authentic.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from apoa_client.errors import NotAuthentic, SettingsProblem
from apoa_client.outbox.sql.checkpoint import begin, has_checkpoint
from apoa_client.outbox.sql.metadata import read_metadata
from apoa_client.outbox.sql.sealing_key import KEY as PUBLIC_KEY
from apoa_client.ports.doubts import Doubt, DoubtKind
from apoa_client.report.kinds import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from apoa_client.outbox.database import Database
    from apoa_client.ports.vault import Authenticator, Sealer

STATE_COLUMNS = (
    *("short_id", "stay_id", "kind", "state", "created_at", "due_at", "attempts", "attempted_at", "next_attempt_at"),
    *("not_before", "lease", "lease_until", "last_error", "receipt_number", "receipt_issued_at", "receipt_sha256"),
    *("finished_at", "ends_at", "erased_at", "receipt_typed", "calls", "first_night", "last_morning"),
)
"""The columns under the state's code, besides the sealed findings. A row's number (`seq`) is not: it may change.

Nor is `guest_tag`, which is computed later after a restore: it only warns of the same guest. `photo_state` is added to
them where it is not null, so that the codes from before it existed stay valid.
"""

SEALED = ("content", "errors", "warnings", "photo")
ALL_COLUMNS = ("id", *STATE_COLUMNS, "guest_tag", "photo_state", "content_mac", "state_mac", *SEALED)
"""Every column of `reports` but its number (`seq`), in each engine."""

_QUERY = f"""
    SELECT seq, id, content, content_mac, state_mac, errors, warnings, photo_state, {", ".join(STATE_COLUMNS)}
    FROM reports
"""  # noqa: S608  constants
_STATE = STATE_COLUMNS.index("state")
NEW_ROW = {"state": State.QUEUED.value, "attempts": 0, "calls": 0, "receipt_typed": 0}
"""What a new row has in these columns by the schema; null in all others that the insertion does not name."""
_BATCH = 500

Codes: TypeAlias = tuple[bytes | None, bytes | None]
"""The codes of a row's content and of its state."""
NO_CODES: Codes = (None, None)


class Row(NamedTuple):
    """A row with its codes. The values may be of any type: the file may have been manipulated."""

    seq: int
    id: str
    content: object
    content_mac: object
    state_mac: object
    errors: object
    warnings: object
    photo_state: object
    read_photo: Callable[[], object]
    """Returns the sealed photo: only the content's code needs it, and many rows are read at once."""
    columns: Sequence[Any]

    @property
    def state(self) -> str:
        """The report's state."""
        return str(self.columns[_STATE])

    def value(self, column: str) -> Any:  # noqa: ANN401  whatever is stored
        """Return the value of one of `STATE_COLUMNS`."""
        return self.columns[STATE_COLUMNS.index(column)]

    def content_parts(self) -> tuple[bytes, ...]:
        """Return what the content's code is over. Raises `TypeError` for values that this program never wrote."""
        name: object = self.id
        if not isinstance(name, str):
            message = "not an id"
            raise TypeError(message)
        photo = self.read_photo()
        return b"content", name.encode(), sealed_bytes(self.content), *(() if photo is None else (sealed_bytes(photo),))

    def state_parts(self) -> tuple[bytes, ...]:
        """Return what the state's code is over. Raises `TypeError` or `ValueError` as above."""
        findings = (self.errors, self.warnings)
        photo = () if self.photo_state is None else (self.photo_state,)
        plain = [self.id, *self.columns, *(value is None for value in findings), *photo]
        text = json.dumps(plain, separators=(",", ":"), allow_nan=False)
        return b"state", text.encode("ascii"), *(b"" if value is None else sealed_bytes(value) for value in findings)

    def has_own_types(self) -> bool:
        """Return whether each value has a type that this program writes, so that a code can be made."""
        try:
            self.state_parts()
        except (TypeError, ValueError):
            return False
        return True

    def has_own_content(self, authenticator: Authenticator) -> bool:
        """Return whether this program sealed the content; also if it was erased."""
        if self.content is None:
            return self.content_mac is None and self.read_photo() is None
        try:
            return authenticator.confirms(self.content_mac, *self.content_parts())
        except (TypeError, ValueError):
            return False

    def has_own_state(self, authenticator: Authenticator) -> bool:
        """Return whether this program wrote the state and all else, with the key."""
        try:
            return authenticator.confirms(self.state_mac, *self.state_parts())
        except (TypeError, ValueError):
            return False


def sealed_bytes(value: object) -> bytes:
    """Return what was sealed. Raises `TypeError` for a value that this program never wrote."""
    if not isinstance(value, bytes):
        message = "not a sealed record"
        raise TypeError(message)
    return value


def read_rows(db: Database, condition: str, values: Sequence[object] = ()) -> list[Row]:
    """Return the rows that meet a condition. For use within `Database.read_errors`."""
    found = db.execute(f"{_QUERY} WHERE {condition}", values).fetchall()
    photos = _Photos(db, [row[0] for row in found])
    return [
        Row(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], partial(photos.read, row[0]), row[8:])
        for row in found
    ]


class _Photos:
    """The sealed photos of rows that were read together. Few have one: which, is asked once for all of them."""

    def __init__(self, db: Database, seqs: Sequence[int]) -> None:
        self._db = db
        self._seqs = seqs

    @cached_property
    def _there(self) -> frozenset[int]:
        query = f"SELECT seq FROM reports WHERE seq IN ({','.join(map(str, self._seqs))}) AND photo IS NOT NULL"  # noqa: S608  numbers of our own
        return frozenset(row[0] for row in self._db.execute(query).fetchall())

    def read(self, seq: int) -> object:
        """Return the photo of a row; None if it has none."""
        if seq not in self._there:
            return None
        row = self._db.execute("SELECT photo FROM reports WHERE seq = ?", [seq]).fetchone()
        return None if row is None else row[0]


def rows_of(db: Database, ids: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of these reports. For use within `Database.read_errors`."""
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        yield from read_rows(db, f"id IN ({', '.join('?' * len(batch))})", batch)


@contextmanager
def renewed_codes(db: Database, authenticator: Authenticator, seq: int) -> Iterator[None]:
    """Write those codes of a row again that were right before it is changed, inside a transaction."""
    [old] = read_rows(db, "seq = ?", [seq])
    own_content = old.content is not None and old.has_own_content(authenticator)
    own_state = old.has_own_state(authenticator)
    yield
    [new] = read_rows(db, "seq = ?", [seq])
    content = authenticator.code(*new.content_parts()) if own_content else new.content_mac
    state = authenticator.code(*new.state_parts()) if own_state else new.state_mac
    db.execute("UPDATE reports SET content_mac = ?, state_mac = ? WHERE seq = ?", [content, state, seq])


def write_codes(db: Database, authenticator: Authenticator, ids: Sequence[str]) -> None:
    """Write both codes of these rows, inside a transaction: the caller vouches for what they hold."""
    values = [
        (
            None if row.content is None else authenticator.code(*row.content_parts()),
            authenticator.code(*row.state_parts()),
            row.seq,
        )
        for row in rows_of(db, ids)
    ]
    db.executemany("UPDATE reports SET content_mac = ?, state_mac = ? WHERE seq = ?", values)


def _codes_of_new(authenticator: Authenticator, inserted: Mapping[str, Any]) -> Codes:
    values = {**NEW_ROW, **inserted}
    sealed = values["content"], *NO_CODES, None, values["warnings"], values["photo_state"]
    columns = [values.get(name) for name in STATE_COLUMNS]
    row = Row(0, values["id"], *sealed, lambda: values["photo"], columns)
    return authenticator.code(*row.content_parts()), authenticator.code(*row.state_parts())


class RowCodes:
    """Keeps the codes of one database right when rows change."""

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
        if other is None:
            return authenticator
        if not self.sealer.owns(other):
            raise Doubt(DoubtKind.KEY).error()
        return self.sealer.authenticator(ask=ask, only_checks=only_checks)  # the settings may name that one by now

    def _other_key(self) -> str | None:
        """Return the public key that the outbox names; None if it names none, or that of the settings."""
        recorded = read_metadata(self._db, PUBLIC_KEY)
        return None if recorded in {None, self.sealer.public_key} else str(recorded)

    def checking(self, *, ask: bool = False) -> tuple[Authenticator | None, list[Doubt]]:
        """Return what checks codes, and a doubt in place of it if the outbox names another key."""
        try:
            authenticator = self.authenticator(ask=ask)
        except NotAuthentic:
            return None, [Doubt(DoubtKind.KEY)]
        unchecked = authenticator is None and self._other_key() is not None
        return authenticator, [Doubt(DoubtKind.UNCHECKED)] if unchecked else []

    def _writer(self) -> Authenticator | None:
        """Return what makes the codes of a change. Without codes, the next check looks for what explains that."""
        try:
            return self.authenticator()
        except SettingsProblem:  # `NotAuthentic`, or the settings cannot be read now
            return None

    def begin(self) -> None:
        """Make the first checkpoint, before the first row with a code, inside a transaction, if the key is at hand."""
        authenticator = None if has_checkpoint(self._db) else self._writer()
        if authenticator is not None:
            begin(self._db, authenticator)

    def of_new(self, rows: Sequence[Mapping[str, Any]]) -> list[Codes]:
        """Return the codes of rows that this process has just sealed, to be inserted with these values by column.

        Call it inside the transaction that inserts them. Without the key the rows have no codes yet.
        """
        authenticator = self._writer()
        return [NO_CODES if authenticator is None else _codes_of_new(authenticator, row) for row in rows]

    def added(self, ids: Sequence[str]) -> None:
        """Write the codes of reports that this process has just sealed and stored, if the key is at hand."""
        authenticator = self._writer()
        if authenticator is not None:
            write_codes(self._db, authenticator, ids)

    def authentic(self, ids: Sequence[str]) -> frozenset[str] | None:
        """Return which of these rows are authentic before they are changed; None if the key is not at hand."""
        if not ids:
            return frozenset()
        authenticator = self._writer()
        if authenticator is None:
            return None
        return frozenset(row.id for row in rows_of(self._db, ids) if row.has_own_state(authenticator))

    def changed(self, ids: Sequence[str], authentic: frozenset[str] | None) -> None:
        """Write the state's code of rows that were changed, if they were `authentic` before.

        Without the key (None) it is removed: then the caller must record an audit event of each row.
        """
        if not ids:
            return
        authenticator = self._writer() if authentic is not None else None
        if authenticator is None or authentic is None:
            self._db.executemany("UPDATE reports SET state_mac = NULL WHERE id = ?", [(each,) for each in ids])
            return
        values = [
            (authenticator.code(*row.state_parts()), row.seq)
            for row in rows_of(self._db, [each for each in ids if each in authentic])
        ]
        self._db.executemany("UPDATE reports SET state_mac = ? WHERE seq = ?", values)
