"""Checks that reports are as this program wrote them, and completes what was written without the key.

Without the key, a report is compared with its audit events. With it, its codes are checked too, and the events since
the checkpoint explain which reports may have none: `outbox.sql.codes` and `outbox.sql.checkpoint`. Only open
reports and those without a code are checked, so that this costs the same however long the history is.
"""

# Annotations stay text, as in `store`.
from __future__ import annotations

from typing import TYPE_CHECKING

from apoa_client.errors import CredentialsProblem, NotAuthentic
from apoa_client.messages import msg
from apoa_client.outbox.event_states import REPAIRED
from apoa_client.outbox.interface import Verification
from apoa_client.outbox.rows import doubts_from_text
from apoa_client.outbox.sql import audit
from apoa_client.outbox.sql.authentication import AuthenticationRun, writing_codes
from apoa_client.outbox.sql.checkpoint import Checkpoint
from apoa_client.outbox.sql.codes import RowCodes, read_rows, write_codes
from apoa_client.outbox.sql.contradictions import VOUCHED, find_contradictions, last_event
from apoa_client.outbox.sql.metadata import (
    COUNTS_KEY,
    DOUBTS_KEY,
    actual_counts,
    is_contradicted,
    read_metadata,
    write_metadata,
)
from apoa_client.outbox.sql.reseal import SealedRecords
from apoa_client.outbox.sql.row_check import RowCheck
from apoa_client.outbox.sql.sealing_key import record_public_key
from apoa_client.ports.audit import Actor, AuditEvent
from apoa_client.ports.doubts import Authentication, Doubt, DoubtKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apoa_client.outbox.contents import Contents
    from apoa_client.outbox.database import Database
    from apoa_client.ports.vault import Authenticator, RunCounter

_BATCH = 200
"""Rows read at a time."""


class Integrity:
    """What every engine has of an `interface.Integrity`; `actor` is the user of this command."""

    def __init__(self, db: Database, codes: RowCodes, contents: Contents, actor: Actor) -> None:
        self._db = db
        self._codes = codes
        self._contents = contents
        self._actor = actor
        self._content_check: RowCheck | None = None
        """Kept, because a list opens many contents; an older checkpoint only explains more rows."""

    def doubts(self) -> list[Doubt]:
        """As `interface.Integrity`."""
        with self._db.read_errors():
            authenticator, found = self._codes.checking()
            with self._db.snapshot():
                if is_contradicted(self._db):
                    found += list(find_contradictions(self._db)) or [Doubt(DoubtKind.TRAIL)]
                if not found and authenticator is not None:
                    check = RowCheck(self._db, authenticator)
                    found = list(check.of_the_trail()) if check.broken or not check.counts_agree() else []
                return found

    def check(self, report_id: str) -> None:
        """As `interface.Integrity`."""
        with self._db.read_errors():
            doubt = self._doubt(report_id, self._codes.authenticator(only_checks=True))
            if doubt is not None:  # a key that does not fit confirms nothing
                doubt = self._doubt(report_id, self._codes.authenticator())
            if doubt is not None:
                raise doubt.error()

    def _doubt(self, report_id: str, authenticator: Authenticator | None) -> Doubt | None:
        """Return what is wrong with a report's state: compared with its events only, if there is no key."""
        with self._db.snapshot():
            event = last_event(self._db, report_id)
            for row in read_rows(self._db, "id = ?", [report_id]):
                if authenticator is not None:
                    wrong = isinstance(RowCheck(self._db, authenticator).judge_state(row, event), DoubtKind)
                else:
                    wrong = event is not None and not event.agrees(row.state, erased=row.value("erased_at") is not None)
                if wrong:
                    return Doubt(DoubtKind.STATE, report_id)
        return None

    def content_check(self) -> RowCheck | None:
        """Return what checks who sealed contents and photos. For use in `Database.read_errors`.

        Without the key (None) nothing is checked, but who opens a content has it.
        """
        authenticator = self._codes.authenticator()
        if authenticator is None:
            return None
        if self._content_check is None:
            self._content_check = RowCheck(self._db, authenticator)
        return self._content_check

    def authenticate(self, *, ask: bool, counter: int | None = None) -> Authentication:
        """As `ports.DeliveryState`."""
        self._content_check = None
        with self._db.read_errors():
            before = doubts_from_text(read_metadata(self._db, DOUBTS_KEY))
            authenticator, _doubts = self._codes.checking(ask=ask)
        if authenticator is None:  # what the last check with the key found is still so
            return Authentication(tuple(dict.fromkeys([*before, *self.doubts()])), unchecked=True)
        return AuthenticationRun(self._db, self._contents, self._codes, authenticator, self._actor).run(counter)

    def verify(self, run_counter: RunCounter | None = None) -> Verification:
        """As `interface.Integrity`."""
        with self._db.read_errors():
            authenticator, found = self._codes.checking(ask=True)
            counter = run_counter.read() if run_counter is not None else None  # before a sync may count on
            with self._db.snapshot():
                return self._verify(authenticator, counter, found)

    def _verify(self, authenticator: Authenticator | None, counter: int | None, found: Sequence[Doubt]) -> Verification:
        doubts = dict.fromkeys([*found, *find_contradictions(self._db)])
        check = RowCheck(self._db, authenticator, counter) if authenticator is not None else None
        if check is not None:
            doubts |= dict.fromkeys(check.of_the_trail())
        reports = unauthenticated = 0
        last = -(1 << 63)
        while rows := read_rows(self._db, f"seq > ? ORDER BY seq LIMIT {_BATCH}", [last]):
            reports += len(rows)
            unauthenticated += sum(row.state_mac is None for row in rows)
            if check is not None:
                findings = check.judge(rows)
                doubts |= {Doubt(kind, row.id): None for row, kind in findings if isinstance(kind, DoubtKind)}
            last = rows[-1].seq
        return Verification(reports, tuple(doubts), unauthenticated, check is not None)

    def vouch(self, run_counter: RunCounter | None = None) -> int:
        """As `interface.Integrity`."""
        with self._db.read_errors():
            try:
                authenticator = self._codes.authenticator(ask=True)
            except NotAuthentic:
                self._take_key()
                authenticator = self._codes.authenticator(ask=True)
        if authenticator is None:
            raise CredentialsProblem(
                msg("The private key is needed to accept the reports as they are, and it is not available now."),
                msg(
                    "Unlock the keyring. If the key is not on this computer any more, restore it with: apoa key recover"
                ),
                name="key_needed",
            )
        counter = run_counter.read() if run_counter is not None else None
        self.authenticate(ask=True)  # what can be explained is no matter of trust
        doubts = [doubt.report for doubt in self.verify().doubts if doubt.kind is DoubtKind.STATE]
        with writing_codes(self._db, self._codes, self._actor):
            write_metadata(self._db, DOUBTS_KEY, None)
            return _vouch(self._db, authenticator, self._actor, doubts, counter or 0)

    def _take_key(self) -> None:
        """Name the key of the settings in the outbox again. Raises `NotAuthentic` if it does not open everything.

        Then another computer may have another key by now.
        """
        if not SealedRecords(self._db, self._actor).opens_all(self._codes.sealer):
            raise Doubt(DoubtKind.KEY).error()
        with self._db.transaction():
            record_public_key(self._db, self._codes.sealer.public_key)


def _vouch(db: Database, authenticator: Authenticator, actor: Actor, doubtful: Sequence[str], counter: int) -> int:
    """Take the outbox as it is, inside a transaction, without contents that others sealed.

    Return the new counter: higher than that of the vault, which is never lowered.
    """
    check = RowCheck(db, authenticator)
    rows = [row for report_id in doubtful for row in read_rows(db, "id = ?", [report_id])]
    taken = [row for row in rows if check.has_own_content(row)]
    audit.append(db, actor, [AuditEvent(VOUCHED), *(AuditEvent(REPAIRED, row.id, row.state) for row in taken)])
    write_metadata(db, COUNTS_KEY, actual_counts(db).text())  # the events do not explain them
    write_codes(db, authenticator, [row.id for row in taken])
    if check.checkpoint is not None:
        legacy, counter = check.checkpoint.legacy, max(check.checkpoint.counter, counter) + 1
    else:  # nothing says any more which rows may have no code
        (legacy,) = db.execute("SELECT COALESCE(max(seq), 0) FROM reports").fetchone()
        counter += 1
    Checkpoint.of(db, legacy, counter).write(db, authenticator)
    return counter
