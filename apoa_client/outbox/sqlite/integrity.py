"""Checks that reports are as this program wrote them, and completes what was written without the key.

Without the key, a report is compared with its audit events. With it, its codes are checked too, and the events since
the checkpoint explain which reports may have none: `outbox.sqlite.codes` and `outbox.sqlite.checkpoint`. Only open
reports and those without a code are checked, so that this costs the same however long the history is.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from apoa_client.errors import CredentialsProblem
from apoa_client.messages import msg
from apoa_client.outbox.contents import Contents
from apoa_client.outbox.event_states import REOPENED, REPAIRED, states_after
from apoa_client.outbox.interface import FileCheck, Verification
from apoa_client.outbox.rows import doubts_from_text, doubts_text
from apoa_client.outbox.sqlite import audit
from apoa_client.outbox.sqlite.checkpoint import (
    Checkpoint,
    CheckpointBroken,
    begin,
    counts_agree,
    last_event_number,
    read_checkpoint,
    tail_is_intact,
)
from apoa_client.outbox.sqlite.codes import STATE_COLUMNS, Row, RowCodes, read_rows, write_codes
from apoa_client.outbox.sqlite.contradictions import (
    VOUCHED,
    LastEvent,
    events_span,
    find_contradictions,
    last_event,
    was_restored,
)
from apoa_client.outbox.sqlite.database import snapshot, transaction
from apoa_client.outbox.sqlite.error_translation import translate_read_errors
from apoa_client.outbox.sqlite.insertion import columns_of
from apoa_client.outbox.sqlite.metadata import (
    COUNTS_KEY,
    DOUBTS_KEY,
    actual_counts,
    is_contradicted,
    read_metadata,
    write_metadata,
)
from apoa_client.ports.audit import Actor, AuditEvent
from apoa_client.ports.doubts import Authentication, Doubt, DoubtKind
from apoa_client.ports.vault import Authenticator, RunCounter
from apoa_client.report.kinds import OPEN_STATES, State

_BATCH = 200
"""Rows completed or repaired in one transaction, so that no one waits long to save a report."""
_LEGACY_BATCH = 1000
"""Rows from before codes were made that are completed in one check."""

_OPEN = "seq IN (SELECT seq FROM reports WHERE state IN ('queued', 'sending', 'pending', 'rejected'))"
_UNAUTHENTICATED = "SELECT seq FROM reports INDEXED BY reports_unproven WHERE state_mac IS NULL"

_SET_STATE = """
    UPDATE reports SET state = ?, lease = NULL, lease_until = NULL, last_error = NULL, next_attempt_at = NULL,
        not_before = NULL, receipt_number = NULL, receipt_issued_at = NULL, receipt_sha256 = NULL, receipt_typed = 0,
        errors = CASE WHEN typeof(errors) = 'blob' THEN errors END,
        warnings = CASE WHEN typeof(warnings) = 'blob' THEN warnings END,
        calls = max(calls, 1), finished_at = CASE WHEN ? THEN COALESCE(finished_at, attempted_at, created_at) END
    WHERE seq = ?
"""
_CLOSED_BY_DESK = frozenset({"received", "superseded", "withdrawn"})


class _Authenticity(Enum):
    """What a check of one row found, besides a doubt."""

    AUTHENTIC = auto()
    UNAUTHENTICATED = auto()
    """It has no code yet, and what it holds is explained by its audit events."""
    UNCONFIRMED = auto()
    """As above, and only the events since the checkpoint say that the authority accepted it."""


_Finding: TypeAlias = _Authenticity | DoubtKind


class Integrity:
    """The `interface.Integrity` of one database; `actor` is the user of this command."""

    def __init__(self, db: sqlite3.Connection, path: Path, codes: RowCodes, contents: Contents, actor: Actor) -> None:
        self._db = db
        self._path = path
        self._codes = codes
        self._contents = contents
        self._actor = actor
        self._content_check: _Check | None = None
        """Kept, because a list opens many contents; an older checkpoint only explains more rows."""

    def doubts(self) -> list[Doubt]:
        """As `interface.Integrity`."""
        with translate_read_errors(self._path):
            authenticator = self._codes.authenticator()
            with snapshot(self._db):
                found: list[Doubt] = []
                if is_contradicted(self._db):
                    found = list(find_contradictions(self._db)) or [Doubt(DoubtKind.TRAIL)]
                if not found and authenticator is not None:
                    check = _Check(self._db, authenticator)
                    found = list(check.of_the_trail()) if check.broken or not check.counts_agree() else []
                return found

    def check(self, report_id: str) -> None:
        """As `interface.Integrity`."""
        with translate_read_errors(self._path):
            doubt = self._doubt(report_id, self._codes.authenticator(only_checks=True))
            if doubt is not None:  # a key that does not fit confirms nothing
                doubt = self._doubt(report_id, self._codes.authenticator())
            if doubt is not None:
                raise doubt.error()

    def _doubt(self, report_id: str, authenticator: Authenticator | None) -> Doubt | None:
        """Return what is wrong with a report's state: compared with its events only, if there is no key."""
        with snapshot(self._db):
            event = last_event(self._db, report_id)
            for row in read_rows(self._db, "id = ?", [report_id]):
                if authenticator is not None:
                    wrong = isinstance(_Check(self._db, authenticator).judge_state(row), DoubtKind)
                else:
                    wrong = event is not None and not event.agrees(row.state, erased=row.value("erased_at") is not None)
                if wrong:
                    return Doubt(DoubtKind.STATE, report_id)
        return None

    def check_content(self, report_id: str) -> None:
        """Raise `NotAuthentic` if another program sealed the content of a report. For use in `translate_read_errors`.

        Without the key nothing is checked, but who opens a content has it.
        """
        authenticator = self._codes.authenticator()
        if authenticator is None:
            return
        if self._content_check is None:
            self._content_check = _Check(self._db, authenticator)
        for row in read_rows(self._db, "id = ?", [report_id]):
            if not self._content_check.has_own_content(row):
                raise Doubt(DoubtKind.CONTENT, report_id).error()

    def authenticate(self, *, ask: bool, counter: int | None = None) -> Authentication:
        """As `ports.DeliveryState`."""
        self._content_check = None
        with translate_read_errors(self._path):
            authenticator = self._codes.authenticator(ask=ask)
            before = doubts_from_text(read_metadata(self._db, DOUBTS_KEY))
        if authenticator is None:  # what the last check with the key found is still so
            return Authentication(tuple(dict.fromkeys([*before, *self.doubts()])))
        return _Authentication(self._db, self._path, self._contents, authenticator, self._actor).run(counter)

    def check_file(self, is_over: Callable[[], bool]) -> FileCheck:
        """As `interface.Integrity`."""
        from apoa_client.outbox.sqlite.file_check import check_file

        return check_file(self._db, self._path, is_over)

    def verify(self, run_counter: RunCounter | None = None) -> Verification:
        """As `interface.Integrity`."""
        with translate_read_errors(self._path):
            authenticator = self._codes.authenticator(ask=True)
            counter = run_counter.read() if run_counter is not None else None  # before a sync may count on
            with snapshot(self._db):
                return self._verify(authenticator, counter)

    def _verify(self, authenticator: Authenticator | None, counter: int | None) -> Verification:
        doubts = dict.fromkeys(find_contradictions(self._db))
        check = _Check(self._db, authenticator, counter) if authenticator is not None else None
        if check is not None:
            doubts |= dict.fromkeys(check.of_the_trail())
        reports = unauthenticated = 0
        last = -(1 << 63)
        while rows := read_rows(self._db, f"seq > ? ORDER BY seq LIMIT {_BATCH}", [last]):
            reports += len(rows)
            unauthenticated += sum(row.state_mac is None for row in rows)
            if check is not None:
                findings = ((check.judge(row), row.id) for row in rows)
                doubts |= {Doubt(kind, name): None for kind, name in findings if isinstance(kind, DoubtKind)}
            last = rows[-1].seq
        return Verification(reports, tuple(doubts), unauthenticated, check is not None)

    def vouch(self) -> int:
        """As `interface.Integrity`."""
        with translate_read_errors(self._path):
            authenticator = self._codes.authenticator(ask=True)
        if authenticator is None:
            raise CredentialsProblem(
                msg("The private key is needed to accept the reports as they are, and it is not available now."),
                msg(
                    "Unlock the keyring. If the key is not on this computer any more, restore it with: apoa key recover"
                ),
                name="key_needed",
            )
        self.authenticate(ask=True)  # what can be explained is no matter of trust
        doubts = [doubt.report for doubt in self.verify().doubts if doubt.kind is DoubtKind.STATE]
        with transaction(self._db, self._path):
            write_metadata(self._db, DOUBTS_KEY, None)
            return _vouch(self._db, authenticator, self._actor, doubts)


def _vouch(db: sqlite3.Connection, authenticator: Authenticator, actor: Actor, doubtful: Sequence[str]) -> int:
    """Take the outbox as it is, inside a transaction, without contents that others sealed. Return the new counter."""
    check = _Check(db, authenticator)
    rows = [row for report_id in doubtful for row in read_rows(db, "id = ?", [report_id])]
    taken = [row for row in rows if check.has_own_content(row)]
    audit.append(db, actor, [AuditEvent(VOUCHED), *(AuditEvent(REPAIRED, row.id, row.state) for row in taken)])
    write_metadata(db, COUNTS_KEY, actual_counts(db).text())  # the events do not explain them
    write_codes(db, authenticator, [row.id for row in taken])
    if check.checkpoint is not None:
        legacy, counter = check.checkpoint.legacy, check.checkpoint.counter + 1
    else:  # nothing says any more which rows may have no code
        (legacy,) = db.execute("SELECT COALESCE(max(seq), 0) FROM reports").fetchone()
        counter = 1
    Checkpoint(last_event_number(db), actual_counts(db), legacy, counter).write(db, authenticator)
    return counter


class _Check:
    """Checks rows with the key, against the checkpoint as it is now."""

    def __init__(self, db: sqlite3.Connection, authenticator: Authenticator, counter: int | None = None) -> None:
        """`counter` is that of the vault, if it is known: then there was a checkpoint."""
        self._db = db
        self._authenticator = authenticator
        self._counter = counter
        self.broken = False
        """Whether the checkpoint is not the property's: then nothing explains a row without a code."""
        self.checkpoint: Checkpoint | None = None
        try:
            self.checkpoint = read_checkpoint(db, authenticator)
            self.broken = self.checkpoint is None and counter is not None
        except CheckpointBroken:
            self.broken = True
        self._after = self.checkpoint.n if self.checkpoint is not None else -1

    @cached_property
    def _restored(self) -> bool:
        """Whether a backup was restored since the checkpoint: reports without events came with it."""
        return was_restored(self._db, max(self._after, 0))

    def counts_agree(self) -> bool:
        """Return whether the numbers of reports are those of the checkpoint and the events since."""
        return self.checkpoint is None or counts_agree(self._db, self.checkpoint)

    def of_the_trail(self) -> Iterable[Doubt]:
        """Yield what is wrong with the outbox as a whole."""
        if self.broken:
            yield Doubt(DoubtKind.TRAIL)
        elif self.checkpoint is not None:
            if not tail_is_intact(self._db, self.checkpoint.n):
                yield Doubt(DoubtKind.TRAIL)
            if self._counter is not None and self.checkpoint.counter < self._counter:
                yield Doubt(DoubtKind.OLDER_COPY)
            if not self.counts_agree():
                found = list(find_contradictions(self._db))
                yield from found
                if not found and not self._restored:
                    yield Doubt(DoubtKind.TRAIL)

    def has_own_content(self, row: Row) -> bool:
        """Return whether this program sealed the content, or may have done so without the key."""
        if row.content is None or row.content_mac is not None:
            return row.has_own_content(self._authenticator)
        if self.broken:
            return False
        if self._is_legacy(row):
            return True
        span = events_span(self._db, row.id)
        return self._restored if span is None else span[0] > self._after

    def judge(self, row: Row) -> _Finding:
        """Return what is true of a row."""
        return self.judge_state(row) if self.has_own_content(row) else DoubtKind.CONTENT

    def judge_state(self, row: Row) -> _Finding:
        """Return what is true of a row, whatever its content is."""
        event = last_event(self._db, row.id)
        # A report from before there was an audit trail has a code since the first run with the key.
        eventless = event is None and (row.state_mac is not None or self._is_legacy(row) or self._restored)
        erased = row.value("erased_at") is not None
        if not eventless and (event is None or not event.agrees(row.state, erased=erased)):
            return DoubtKind.STATE
        if row.state_mac is not None:
            return _Authenticity.AUTHENTIC if row.has_own_state(self._authenticator) else DoubtKind.STATE
        if not self._may_lack_code(row):
            return DoubtKind.STATE
        is_new = self.checkpoint is not None and event is not None and event.n > self._after
        unconfirmed = is_new and event is not None and event.action == "accepted" and not erased
        return _Authenticity.UNCONFIRMED if unconfirmed else _Authenticity.UNAUTHENTICATED

    def _may_lack_code(self, row: Row) -> bool:
        """Return whether something since the checkpoint explains that a row has no code."""
        if self.broken or not row.has_own_types():
            return False
        if self._is_legacy(row):
            return True
        span = events_span(self._db, row.id)
        return self._restored if span is None else span[1] > self._after

    def _is_legacy(self, row: Row) -> bool:
        """Return whether the row may be from before codes were made."""
        return self.checkpoint is None or 0 < row.seq <= self.checkpoint.legacy


class _Authentication:
    """One check of what is open and of what has no code, with the key."""

    def __init__(
        self, db: sqlite3.Connection, path: Path, contents: Contents, authenticator: Authenticator, actor: Actor
    ) -> None:
        self._db = db
        self._path = path
        self._contents = contents
        self._authenticator = authenticator
        self._actor = actor
        self._counter: int | None = None
        self._doubts: dict[Doubt, None] = {}
        self._repaired: list[str] = []
        self._closed: list[str] = []

    def run(self, counter: int | None) -> Authentication:
        """Do it, in short transactions."""
        self._counter = counter
        if counter is None:
            with transaction(self._db, self._path):
                begin(self._db, self._authenticator)
        with translate_read_errors(self._path):
            check = self._check()
            todo = list(self._not_authentic(check))
        for start in range(0, len(todo), _BATCH):
            with transaction(self._db, self._path):
                self._handle(todo[start : start + _BATCH])
        with transaction(self._db, self._path):
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

    def _check(self) -> _Check:
        return _Check(self._db, self._authenticator, self._counter)

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

    def _not_authentic(self, check: _Check) -> Iterator[int]:
        seqs = self._seqs(check.checkpoint)
        for start in range(0, len(seqs), _BATCH):
            numbers = ",".join(map(str, seqs[start : start + _BATCH]))
            for row in read_rows(self._db, f"seq IN ({numbers})"):
                if check.judge(row) is not _Authenticity.AUTHENTIC:
                    yield row.seq

    def _handle(self, seqs: Sequence[int]) -> None:
        """Complete or repair these rows, inside a transaction."""
        check = self._check()
        unauthenticated: list[str] = []
        for seq in seqs:
            for row in read_rows(self._db, "seq = ?", [seq]):
                finding = check.judge(row)
                if finding is _Authenticity.UNAUTHENTICATED:
                    unauthenticated.append(row.id)
                    self._note_closed(check, row)
                elif finding is _Authenticity.UNCONFIRMED or finding is DoubtKind.STATE:
                    self._repair(check, row)
                elif isinstance(finding, DoubtKind):
                    self._doubts[Doubt(finding, row.id)] = None
        write_codes(self._db, self._authenticator, unauthenticated)

    def _note_closed(self, check: _Check, row: Row) -> None:
        """Note a report that the desk closed without the key: only the desk can say whether that is so."""
        event = last_event(self._db, row.id)
        after = check.checkpoint.n if check.checkpoint is not None else None
        if event is not None and after is not None and event.n > after and event.action in _CLOSED_BY_DESK:
            self._closed.append(row.id)

    def _repair(self, check: _Check, row: Row) -> None:
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
        self._db.execute(_SET_STATE, [state.value, state not in OPEN_STATES, row.seq])
        [now] = read_rows(self._db, "seq = ?", [row.seq])
        odd = [name for name in STATE_COLUMNS if not isinstance(now.value(name), int | str | None)]
        for name in odd:
            value = 1 if name in {"attempts", "calls"} else None
            self._db.execute(f"UPDATE reports SET {name} = ? WHERE seq = ?", [value, row.seq])  # noqa: S608  ours

    def _make_checkpoint(self, before: _Check) -> int | None:
        """Return the counter of the last checkpoint, after making one if something is new; None in doubt."""
        old = before.checkpoint
        if self._doubts or old is None:
            return None
        legacy = self._complete_legacy(old.legacy)
        new = Checkpoint(last_event_number(self._db), actual_counts(self._db), legacy, old.counter)
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
