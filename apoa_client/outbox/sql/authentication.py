"""Checks open reports and those without a code, with the private key; completes and repairs what the trail explains."""

# Annotations stay text, as in `store`.
from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from apoa_client.errors import NotAuthentic, NotNow
from apoa_client.messages import msg
from apoa_client.outbox.event_states import REOPENED, REPAIRED, states_after
from apoa_client.outbox.rows import doubts_text, millis
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.checkpoint import Checkpoint, begin
from apoa_client.outbox.sql.codes import STATE_COLUMNS, Row, RowCodes, read_rows, write_codes
from apoa_client.outbox.sql.contradictions import LastEvent, last_event
from apoa_client.outbox.sql.insertion import columns_of
from apoa_client.outbox.sql.maintenance import refuse_during_maintenance
from apoa_client.outbox.sql.metadata import DOUBTS_KEY, read_metadata, write_metadata
from apoa_client.outbox.sql.row_check import Authenticity, RowCheck
from apoa_client.ports.audit import Actor, AuditEvent
from apoa_client.ports.doubts import Authentication, Doubt, DoubtKind
from apoa_client.report.kinds import OPEN_STATES, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from apoa_client.outbox.contents import Contents
    from apoa_client.outbox.database import Database
    from apoa_client.ports.vault import Authenticator

_BATCH = 200
"""Rows completed or repaired in one transaction, so that no one waits long to save a report."""
_LEGACY_BATCH = 1000
"""Rows from before codes were made that are completed in one check."""

_OPEN = "seq IN (SELECT seq FROM reports WHERE state IN ('queued', 'sending', 'pending', 'rejected'))"
_UNAUTHENTICATED = "SELECT seq FROM reports INDEXED BY reports_unproven WHERE state_mac IS NULL"

_SET_STATE = """
    UPDATE reports SET state = ?, lease = NULL, lease_until = NULL, last_error = NULL, next_attempt_at = NULL,
        not_before = NULL, receipt_number = NULL, receipt_issued_at = NULL, receipt_sha256 = NULL, receipt_typed = 0,
        errors = ?, warnings = ?,
        photo_state = CASE WHEN photo IS NOT NULL THEN 'kept' END,
        calls = CASE WHEN calls < 1 THEN 1 ELSE calls END,
        finished_at = CASE WHEN ? THEN COALESCE(finished_at, attempted_at, created_at) END
    WHERE seq = ?
"""
_CLOSED_BY_DESK = frozenset({"received", "superseded", "withdrawn"})


@contextmanager
def writing_codes(db: Database, codes: RowCodes, actor: Actor) -> Iterator[None]:
    """A transaction for codes that are made with the key at hand.

    Raises `NotNow` during maintenance, which adds rows that only its end explains, and after a change of keys: codes of
    the key of before would be wrong.
    """
    with db.transaction():
        refuse_during_maintenance(db, lambda: millis(db.now(actor.now())))
        try:
            authenticator = codes.authenticator()
        except NotAuthentic:  # the outbox names another key since the key was checked
            authenticator = None
        if authenticator is None:
            raise NotNow(msg("The property's key was replaced in the meantime."), name="key_replaced")
        yield


class AuthenticationRun:
    """One check of what is open and of what has no code, with the key. Several may work at once."""

    def __init__(
        self, db: Database, contents: Contents, codes: RowCodes, authenticator: Authenticator, actor: Actor
    ) -> None:
        self._db = db
        self._contents = contents
        self._codes = codes
        self._authenticator = authenticator
        self._actor = actor
        self._counter: int | None = None
        self._doubts: dict[Doubt, None] = {}
        self._repaired: list[str] = []
        self._closed: list[str] = []

    def run(self, counter: int | None) -> Authentication:
        """Do it, in short transactions. Raises `NotNow` as `writing_codes`, and a later run does the rest."""
        self._counter = counter
        if counter is None:
            with self._transaction():
                begin(self._db, self._authenticator)
        with self._db.read_errors():
            check = self._check()
            todo = list(self._not_authentic(check))
        for start in range(0, len(todo), _BATCH):
            with self._transaction():
                self._handle(todo[start : start + _BATCH])
        with self._transaction():
            check = self._check()
            self._handle(self._unauthenticated(check.checkpoint))  # what was saved meanwhile
            trail = dict.fromkeys(check.of_the_trail())
            self._handle(self._seqs_of(doubt.report for doubt in trail if doubt.kind is DoubtKind.STATE))
            repaired = set(self._repaired)
            self._doubts |= {doubt: None for doubt in trail if doubt.report not in repaired}
            made = self._make_checkpoint(check)
            text = doubts_text(list(self._doubts))
            if text != read_metadata(self._db, DOUBTS_KEY):
                write_metadata(self._db, DOUBTS_KEY, text)
        return Authentication(tuple(self._doubts), tuple(self._repaired), tuple(self._closed), made)

    def _transaction(self) -> AbstractContextManager[None]:
        return writing_codes(self._db, self._codes, self._actor)

    def _check(self) -> RowCheck:
        return RowCheck(self._db, self._authenticator, self._counter)

    def _seqs(self, checkpoint: Checkpoint | None) -> list[int]:
        opened = self._db.execute(f"SELECT seq FROM reports WHERE {_OPEN}").fetchall()  # noqa: S608  constants
        return list(dict.fromkeys([*(seq for (seq,) in opened), *self._unauthenticated(checkpoint)]))

    def _unauthenticated(self, checkpoint: Checkpoint | None) -> list[int]:
        """Return the numbers of rows without a code that are not legacy."""
        legacy = checkpoint.legacy if checkpoint is not None else 0
        found = self._db.execute(f"{_UNAUTHENTICATED} AND (seq > ? OR seq <= 0)", [legacy]).fetchall()
        return [seq for (seq,) in found]

    def _seqs_of(self, ids: Iterable[str]) -> list[int]:
        return [row.seq for report_id in ids for row in read_rows(self._db, "id = ?", [report_id])]

    def _not_authentic(self, check: RowCheck) -> Iterator[int]:
        seqs = self._seqs(check.checkpoint)
        for start in range(0, len(seqs), _BATCH):
            numbers = ",".join(map(str, seqs[start : start + _BATCH]))
            for row, finding in check.judge(read_rows(self._db, f"seq IN ({numbers})")):
                if finding is not Authenticity.AUTHENTIC:
                    yield row.seq

    def _handle(self, seqs: Sequence[int]) -> None:
        """Complete or repair these rows, inside a transaction."""
        check = self._check()
        unauthenticated: list[str] = []
        for seq in seqs:
            for row, finding in check.judge(read_rows(self._db, "seq = ?", [seq])):
                if finding is Authenticity.UNAUTHENTICATED:
                    unauthenticated.append(row.id)
                    self._note_closed(check, row)
                elif finding is Authenticity.UNCONFIRMED or finding is DoubtKind.STATE:
                    self._repair(check, row)
                elif isinstance(finding, DoubtKind):
                    self._doubts[Doubt(finding, row.id)] = None
        write_codes(self._db, self._authenticator, unauthenticated)

    def _note_closed(self, check: RowCheck, row: Row) -> None:
        """Note a report that the desk closed without the key: only the desk can say whether that is so."""
        event = last_event(self._db, row.id)
        after = check.checkpoint.n if check.checkpoint is not None else None
        if event is not None and after is not None and event.n > after and event.action in _CLOSED_BY_DESK:
            self._closed.append(row.id)

    def _repair(self, check: RowCheck, row: Row) -> None:
        """Set a report's state to what the audit trail says, or queue it again: sending it twice does no harm."""
        event = last_event(self._db, row.id)
        state = None if check.broken else _repaired_state(event, row)
        if state is None or event is None:
            self._doubts[Doubt(DoubtKind.STATE, row.id)] = None
            return
        self._set_state(row, state)
        reopened = event.action == "accepted"
        repair = AuditEvent(REOPENED, row.id) if reopened else AuditEvent(REPAIRED, row.id, state.value)
        audit.append(self._db, self._actor, [repair])
        write_codes(self._db, self._authenticator, [row.id])
        self._repaired.append(row.id)

    def _set_state(self, row: Row, state: State) -> None:
        """Set what is known: the state, and what the sealed content says; a value of no known type is removed."""
        if isinstance(row.content, bytes):
            known = columns_of(self._contents.open(row.id, row.content, None, None).report)
            names = ", ".join(f"{name} = ?" for name in known)
            self._db.execute(f"UPDATE reports SET {names} WHERE seq = ?", [*known.values(), row.seq])  # noqa: S608  ours
        findings = [sealed if isinstance(sealed, bytes) else None for sealed in (row.errors, row.warnings)]
        self._db.execute(_SET_STATE, [state.value, *findings, state not in OPEN_STATES, row.seq])
        [now] = read_rows(self._db, "seq = ?", [row.seq])
        odd = [name for name in STATE_COLUMNS if not isinstance(now.value(name), int | str | None)]
        for name in odd:
            value = 1 if name in {"attempts", "calls"} else None
            self._db.execute(f"UPDATE reports SET {name} = ? WHERE seq = ?", [value, row.seq])  # noqa: S608  ours

    def _make_checkpoint(self, before: RowCheck) -> int | None:
        """Return the counter of the last checkpoint, after making one if something is new; None in doubt."""
        old = before.checkpoint
        if self._doubts or old is None:
            return None
        legacy = self._complete_legacy(old.legacy)
        new = Checkpoint.of(self._db, legacy, old.counter)
        if new == old:
            return old.counter
        new = new._replace(counter=old.counter + 1)
        new.write(self._db, self._authenticator)
        return new.counter

    def _complete_legacy(self, legacy: int) -> int:
        """Complete some rows from before codes were made; return up to which number there may be more."""
        if not legacy:
            return 0
        query = f"{_UNAUTHENTICATED} AND seq <= ? AND seq > 0 ORDER BY seq DESC LIMIT {_LEGACY_BATCH}"
        seqs = [seq for (seq,) in self._db.execute(query, [legacy]).fetchall()]
        self._handle(seqs)
        return seqs[-1] - 1 if len(seqs) == _LEGACY_BATCH else 0


def _repaired_state(event: LastEvent | None, row: Row) -> State | None:
    """Return the state of a report whose row is not what was written; None if only a person can say.

    What a person typed is not known any more, and what was erased cannot be sent.
    """
    if event is None or event.action == "received":
        return None
    [*states] = states_after(event.action, event.detail)
    if states[0] in {State.SUPERSEDED, State.WITHDRAWN}:
        return State(states[0])
    if row.content is None:
        return None
    return State.PENDING if states[0] == State.PENDING else State.QUEUED
