"""Checks, with the private key, that reports are as this program wrote them; opens them; takes what a person accepts.

The open reports, the latest ones and the numbers of the register are checked at each delivery, and all reports if
something is wrong or by `apoa log --verify`. Nothing is derived from the audit trail; it only helps to name a report
that was removed. What another program sealed is not opened.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.errors import DataRefused, Erased, NotAuthentic, NotNow, OutboxDamaged, SealBroken
from apoa_client.messages import msg
from apoa_client.outbox.errors import damaged
from apoa_client.outbox.rows import OF_STATE, millis
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.audit import MOVED_IN, MOVED_OUT, REPAIRED, VOUCHED
from apoa_client.outbox.sql.claims import change_values, refuse_during_maintenance, settle
from apoa_client.outbox.sql.codes import Row, RowCodes, key_needed, photo_digest, read_rows, rows_of, sealed_bytes
from apoa_client.outbox.sql.insertion import columns_of
from apoa_client.outbox.sql.metadata import DOUBTS, read, write
from apoa_client.outbox.sql.queries import OPEN
from apoa_client.outbox.sql.register import BROKEN, Register, contradicts_register, read_register, record_public_key
from apoa_client.outbox.sql.reseal import SealedRecords
from apoa_client.ports.doubts import Authentication, Doubt, DoubtKind
from apoa_client.ports.run import OutboxVersion
from apoa_client.ports.state import Actor, AuditEvent
from apoa_client.report.kinds import State, short_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from apoa_client.errors import ApoaError
    from apoa_client.outbox.database import Database
    from apoa_client.outbox.sql.insertion import Contents
    from apoa_client.ports.entries import Change, Content
    from apoa_client.ports.run import Authenticator


_BATCH = 200
"""Rows read at a time."""
_LATEST = 1000
"""Reports that each delivery checks besides the open ones: some 30 ms."""

_TO_CHECK = f"""
    SELECT seq FROM reports WHERE {OPEN} UNION SELECT seq FROM reports WHERE mac IS NULL UNION
    SELECT seq FROM (SELECT seq FROM reports ORDER BY seq DESC LIMIT {_LATEST}) AS latest
"""  # noqa: S608  constants
_EVERY = "SELECT seq FROM reports ORDER BY seq"
# Reports that were added, since a person accepted the outbox as a whole, and are not there although none was moved.
_MISSING = f"""
    SELECT DISTINCT report FROM audit WHERE action IN ('saved', 'restored', '{MOVED_IN}') AND report IS NOT NULL
    AND n > COALESCE((SELECT max(n) FROM audit WHERE action = '{VOUCHED}' AND report IS NULL), 0)
    AND NOT EXISTS (SELECT 1 FROM reports WHERE id = audit.report)
    AND NOT EXISTS (SELECT 1 FROM audit AS later
        WHERE later.report = audit.report AND later.action = '{MOVED_OUT}' AND later.n > audit.n)
"""  # noqa: S608  constants

# What a person accepts is the guest. The authority says what it has of it, so that the report is sent again.
_SEND_AGAIN = f"""
    UPDATE reports SET {", ".join(f"{name} = ?" for name in OF_STATE)}, errors = NULL,
        calls = CASE WHEN calls < 1 THEN 1 ELSE calls END
    WHERE id = ?
"""  # noqa: S608  constants
_SENT_AGAIN = frozenset({State.QUEUED, State.SENDING, State.PENDING, State.REJECTED, State.ACCEPTED})


class Verification(NamedTuple):
    """The result of checking every report. `unauthenticated` counts those without a code."""

    reports: int
    doubts: Sequence[Doubt]
    unauthenticated: int
    with_key: bool


class FileCheck(NamedTuple):
    """The result of reading the database for damage. `engine` is the name and version of what keeps it."""

    complete: bool
    schema: int
    engine: str


class Integrity:
    """Checks whether reports are as this program wrote them, and opens them. Raises `StorageProblem`.

    `actor` is the user of this command.
    """

    def __init__(self, db: Database, codes: RowCodes, contents: Contents, actor: Actor) -> None:
        self._db = db
        self._codes = codes
        self._contents = contents
        self._actor = actor

    def doubts(self) -> list[Doubt]:
        """Return what is wrong with the outbox and its reports. A keyring is asked for the key.

        Without the key, only the numbers of reports are compared with the register.
        """
        with self._db.read_errors():
            authenticator, found = self._codes.checking(ask=True)
            with self._db.snapshot():
                if authenticator is None:
                    return found or self._wrong_numbers()
                whole, reports = self._doubts(authenticator, None)
        return [*whole, *reports]

    def _wrong_numbers(self) -> list[Doubt]:
        return [Doubt(DoubtKind.NUMBERS)] * contradicts_register(self._db)

    def check(self, report_id: str) -> bool:
        """Raise `NotAuthentic` if another program changed a report. Return whether the key was at hand to check that.

        A keyring is asked for it.
        """
        with self._db.read_errors(), self._db.snapshot():
            for row in rows_of(self._db, [report_id]):
                # Without cryptography first. A key that does not fit confirms nothing, and accuses no report.
                quick = self._codes.authenticator(ask=True, only_checks=True)
                if quick is not None and self._is_proven(row, quick):
                    return True
                authenticator = self._codes.authenticator(ask=True)
                if not self._is_proven(row, authenticator):
                    raise Doubt(DoubtKind.STATE, row.id).error()
                return authenticator is not None
        return False

    def _refuse_doubtful(self, row: Row) -> None:
        """Raise `NotAuthentic` for a row that another program wrote, if the key is at hand. For use in `read_errors`.

        Who opens a content has it.
        """
        authenticator = self._codes.authenticator()
        if self._is_proven(row, authenticator):
            return
        with self._db.snapshot():  # another process may have given it its code since it was read
            for now in rows_of(self._db, [row.id]):
                if now.sealed == row.sealed and self._is_proven(now, authenticator):
                    return
        raise Doubt(DoubtKind.STATE, row.id).error()

    def _is_proven(self, row: Row, authenticator: Authenticator | None) -> bool:
        """Return whether a row is proven, or cannot be checked without the key."""
        if authenticator is None:
            return True
        return self._codes.is_proven(row, authenticator, read_register(self._db, authenticator))

    def authenticate(self, *, ask: bool, known: OutboxVersion | None = None) -> Authentication:
        """As `Outbox.authenticate`."""
        with self._db.read_errors():
            before = read(self._db, DOUBTS) or ()
            authenticator, found = self._codes.checking(ask=ask)
            if authenticator is None:  # what the last check with the key found is still so
                found = [*before, *(found or self._wrong_numbers())]
                return Authentication(tuple(dict.fromkeys(found)), unchecked=True)
        with self._writing() as authenticator:
            if read_register(self._db, authenticator) is None and known is None:
                self._codes.adopt()
            register = self._codes.completed(authenticator)
            whole, reports = self._doubts(authenticator, known)
            if Doubt(DoubtKind.OLDER_COPY) in before:  # until a person accepts it: its version may catch up
                whole = list(dict.fromkeys([Doubt(DoubtKind.OLDER_COPY), *whole]))
            if register is not None and not whole:
                register = self._marked(register, authenticator, recount=not reports)
            if (*whole, *reports) != before:
                write(self._db, DOUBTS, (*whole, *reports) or None)
        version = None if whole or register is None else OutboxVersion(register.id, register.version)
        return Authentication((*whole, *reports), version)

    def _marked(self, register: Register, authenticator: Authenticator, *, recount: bool) -> Register:
        """Return the register for the vault, after a check that found nothing wrong with the outbox as a whole."""
        right = register
        if recount and contradicts_register(self._db):
            # A report that was in doubt was closed, or opened again: no code counts what is done with it.
            right = right.counted(self._db)
        right = right if right.is_marked else right.marked()
        if right != register:
            right.write(self._db, authenticator)
        return right

    @contextmanager
    def _writing(self) -> Iterator[Authenticator]:
        """A transaction for codes, with what makes them.

        Raises `NotNow` during maintenance, and after a change of keys: codes of the old key would be wrong.
        """
        with self._db.read_errors(), self._db.transaction():  # no code is made over what this program never writes
            refuse_during_maintenance(self._db, lambda: millis(self._db.now(self._actor.now())))
            try:
                authenticator = self._codes.authenticator()
            except NotAuthentic:  # the outbox names another key since the key was checked
                authenticator = None
            if authenticator is None:
                raise NotNow(msg("The property's key was replaced in the meantime."), name="key_replaced")
            yield authenticator

    def _doubts(self, authenticator: Authenticator, known: OutboxVersion | None) -> tuple[list[Doubt], list[Doubt]]:
        """Return what is wrong with the outbox as a whole, and with which reports."""
        register = read_register(self._db, authenticator)
        whole = list(self._of_the_whole(register, known))
        reports = list(self._doubtful(authenticator, register, _TO_CHECK))
        if whole or reports or (register is not None and register.counted(self._db) != register):
            reports = list(self._doubtful(authenticator, register, _EVERY))
        return whole, reports

    def _of_the_whole(self, register: Register | None, known: OutboxVersion | None) -> Iterator[Doubt]:
        if register is None:
            if known is not None:
                yield Doubt(DoubtKind.OLDER_COPY)
            return
        if register is not BROKEN and known is not None and not register.follows(known):
            yield Doubt(DoubtKind.OLDER_COPY)
        if register is BROKEN or not register.agrees(self._db):
            missing = [report for (report,) in self._db.execute(_MISSING).fetchall()]
            yield from (Doubt(DoubtKind.MISSING, report) for report in missing)
            if not missing:
                yield Doubt(DoubtKind.NUMBERS)
        if register is not BROKEN and not register.steers(self._db):
            yield Doubt(DoubtKind.SENDING)

    def _doubtful(self, authenticator: Authenticator, register: Register | None, which: str) -> Iterator[Doubt]:
        seqs = [seq for (seq,) in self._db.execute(which).fetchall()]
        for start in range(0, len(seqs), _BATCH):
            for row in read_rows(self._db, f"seq IN ({','.join(map(str, seqs[start : start + _BATCH]))})"):
                if not self._codes.is_proven(row, authenticator, register) or (
                    which == _EVERY and self._has_other_photo(row)
                ):
                    yield Doubt(DoubtKind.STATE, row.id)

    def _has_other_photo(self, row: Row) -> bool:
        """Return whether the photo of a row that is not erased is not the one under its code."""
        if row["photo_digest"] is None or row["erased_at"] is not None:
            return False
        photo = self._db.execute("SELECT photo FROM reports WHERE seq = ?", [row["seq"]]).fetchone()[0]
        return not isinstance(photo, bytes) or photo_digest(photo) != row["photo_digest"]

    def verify(self, known: Callable[[], OutboxVersion | None] = lambda: None) -> Verification:
        """Check every report. A keyring is asked for the key; without it, the doubts are those of the last check.

        `known` returns the version in the vault, by which an older copy of the outbox is noticed. It is called after
        the key was read.
        """
        with self._db.read_errors():
            authenticator, found = self._codes.checking(ask=True)
            version = known()  # before a sync may raise it
            with self._db.snapshot():
                reports, uncoded = self._db.execute("SELECT count(*), count(*) - count(mac) FROM reports").fetchone()
                if authenticator is None:
                    before = read(self._db, DOUBTS)
                    found += before or ()
                else:
                    register = read_register(self._db, authenticator)
                    found += self._of_the_whole(register, version)
                    found += self._doubtful(authenticator, register, _EVERY)
        return Verification(reports, tuple(dict.fromkeys(found)), uncoded, authenticator is not None)

    def accept(
        self, ids: Sequence[str], known: Callable[[], OutboxVersion | None] = lambda: None
    ) -> OutboxVersion | None:
        """Take these reports as they are, because a person looked at them; without ids the outbox as a whole.

        What the authority may have of an accepted report is asked: it is sent again. Reports in doubt stay so when the
        outbox as a whole is accepted. Returns what the vault is to know. Raises `CredentialsProblem` without the key,
        and `NotNow` during maintenance.
        """
        with self._db.read_errors():
            try:
                authenticator = self._codes.authenticator(ask=True)
            except NotAuthentic:
                self._take_key()
                authenticator = self._codes.authenticator(ask=True)
        if authenticator is None:
            raise key_needed()
        version = known()
        with self._writing() as authenticator:
            if ids:
                self._accept_reports(ids)
            else:
                self._accept_whole(authenticator, version)
        return self.authenticate(ask=True, known=None if not ids else version).version

    def _accept_reports(self, ids: Sequence[str]) -> None:
        for row in rows_of(self._db, ids):
            if row["content"] is not None and row["receipt_typed"] == 0 and row.state in _SENT_AGAIN:
                with suppress(SealBroken):  # what does not open stays as it is, and is erased by `apoa purge`
                    self._queue_again(row)
        self._codes.vouch(ids)
        audit.append(self._db, self._actor, [AuditEvent(VOUCHED, each) for each in ids])

    def confirm(self, change: Change) -> None:
        """As `Outbox.confirm`."""
        with self._writing():
            for row in rows_of(self._db, [change.id]):
                self._queue_again(row)
            settle(self._db, "state = 'queued'", [change_values(change, None, self._contents)])
            self._codes.vouch([change.id])
            audit.append(self._db, self._actor, [AuditEvent(REPAIRED, change.id, change.state.value)])

    def _queue_again(self, row: Row) -> None:
        """Let a report be as its content says, called before and without an answer."""
        report = self._contents.open(row.id, sealed_bytes(row["content"]), None, None).report
        known = columns_of(report)
        names = ", ".join(f"{name} = ?" for name in known)
        self._db.execute(f"UPDATE reports SET {names} WHERE id = ?", [*known.values(), row.id])  # noqa: S608  ours
        self._db.execute(_SEND_AGAIN, [*OF_STATE.values(), row.id])

    def _accept_whole(self, authenticator: Authenticator, known: OutboxVersion | None) -> None:
        """Take the numbers of the reports and what steers as they are. Reports in doubt stay in doubt."""
        register = self._codes.completed(authenticator)
        if register is None:
            self._codes.adopt()
        else:
            new = Register.new(self._db)._replace(version=register.version, last=self._last_coded())
            if register is not BROKEN:  # the other computers know its id
                new = new._replace(id=register.id, last=max(register.last, 0))
            new = new.marked(known.number if known is not None else 0)
            new.counted(self._db).write(self._db, authenticator)
        write(self._db, DOUBTS, None)
        audit.append(self._db, self._actor, [AuditEvent(VOUCHED)])

    def _last_coded(self) -> int:
        """Return above which number reports count as just saved: those that came since the register was broken too."""
        return int(self._db.execute("SELECT COALESCE(max(seq), 0) FROM reports WHERE mac IS NOT NULL").fetchone()[0])

    def _take_key(self) -> None:
        """Name the key of the settings in the outbox again. Raises `NotAuthentic` if it does not open everything.

        Then another computer may have another key by now.
        """
        if not SealedRecords(self._db, self._codes, self._actor).opens_all(self._codes.sealer):
            raise Doubt(DoubtKind.KEY).error()
        with self._db.transaction():
            record_public_key(self._db, self._codes.sealer.public_key)

    def content(self, report_id: str, *, proven: bool = True) -> Content:
        """As `Outbox.content`, by id."""
        with self._db.read_errors():
            return self._opened(next(rows_of(self._db, [report_id]), None), proven=proven)

    def contents(self, ids: Sequence[str]) -> dict[str, Content | ApoaError]:
        """As `Outbox.contents`, by ids."""
        rows: Mapping[str, Row] | None
        try:
            with self._db.read_errors(), self._db.snapshot():
                rows = {row.id: row for row in rows_of(self._db, ids)}
        except OutboxDamaged:
            rows = None  # each by itself: the damage may be in one of them
        found: dict[str, Content | ApoaError] = {}
        for report_id in ids:
            try:
                with self._db.read_errors():
                    row = rows.get(report_id) if rows is not None else next(rows_of(self._db, [report_id]), None)
                    found[report_id] = self._opened(row)
            except (SealBroken, OutboxDamaged, Erased) as exc:
                found[report_id] = exc
        return found

    def photo(self, report_id: str) -> bytes:
        """As `Outbox.photo`, by id."""
        with self._db.read_errors():
            with self._db.snapshot():
                row = next(rows_of(self._db, [report_id]), None)
                photo = self._db.execute("SELECT photo FROM reports WHERE id = ?", [report_id]).fetchone()
            if row is None:
                raise damaged(self._db.place)
            _refuse_erased(row)
            if photo[0] is None:
                self._refuse_doubtful(row)
                if row["photo_state"] is not None:
                    raise damaged(self._db.place)
                raise DataRefused(msg("No photo was saved with report {id}.", id=short_id(report_id)), name="no_photo")
            sealed = sealed_bytes(photo[0])
            with self._authentic(row):
                opened = self._contents.open_photo(report_id, sealed)
            if photo_digest(sealed) != row["photo_digest"]:
                raise Doubt(DoubtKind.STATE, report_id).error()
            return opened

    def _opened(self, row: Row | None, *, proven: bool = True) -> Content:
        if row is None or row["content"] is None:
            if row is not None:
                _refuse_erased(row)
            raise damaged(self._db.place)
        with self._authentic(row) if proven else nullcontext():
            findings = [None if each is None else sealed_bytes(each) for each in (row["errors"], row["warnings"])]
            return self._contents.open(row.id, sealed_bytes(row["content"]), *findings)

    @contextmanager
    def _authentic(self, row: Row) -> Iterator[None]:
        """Raise `NotAuthentic` if another program wrote what is opened inside, which reads the key."""
        try:
            yield
        except (ValueError, TypeError, KeyError):
            self._refuse_doubtful(row)
            raise
        self._refuse_doubtful(row)


def _refuse_erased(row: Row) -> None:
    if row["erased_at"] is not None:
        raise Erased(msg("The guest's data of report {id} were erased.", id=short_id(row.id)))
