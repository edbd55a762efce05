"""The state of one delivery run: what it knows, asks about single reports, and records of the answers."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.single_call import remember
from apoa_client.errors import (
    ApoaError,
    CallRefused,
    NotTheAuthority,
    OutboxDamaged,
    SealBroken,
    StorageProblem,
    UnknownOutcome,
)
from apoa_client.ports.authority import Authority, Meta, Status, Verdict
from apoa_client.ports.entries import Change, Content, Entry
from apoa_client.ports.state import Summary
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import State

_log = logging.getLogger(__name__)

T = TypeVar("T")

_NUMBERS = 100
"""Receipt numbers looked up at a time."""

_OTHER_CONTENT = "id_conflict"
"""The contract's code for an id under which the authority has another report."""

_MAX_UNANSWERED = 3
"""After so many reports in a row without a usable answer the cause is not a single report."""


class Run:
    """One run. Its results are recorded in the outbox and counted in `outcome`."""

    def __init__(self, dependencies: Dependencies, options: RunOptions) -> None:
        self.dependencies = dependencies
        self.options = options
        self.outbox = dependencies.outbox
        self.clock = dependencies.clock
        self.interruptions = dependencies.interruptions
        self.outcome = Outcome()
        self.size = plan.BatchSize(in_hurry=options.wait_s is not None)
        self.tried: set[str] = set()
        """Ids of reports that this run does not send again."""
        self.authenticated = False
        self.noticed: ApoaError | None = None
        """The restriction that ended this run: another sender has recorded it."""
        self.deferred_error: ApoaError | None = None
        """The first error of a single report or of a damaged page of the outbox. It is raised after all other work."""
        self.ends_at = self.answered_at = 0.0
        """When the run ends, and when the authority last answered (`Clock.monotonic`)."""
        self.failed_photos = 0
        """How many photos in a row failed."""
        self.authority: Authority
        """The connection, after `connect`."""
        self._connected = False
        self._unanswered = 0
        """How many reports in a row got no usable answer although they were alone in a call."""
        self._rebuild_tried = False

    # Time, and what waits.

    def left_s(self) -> float:
        """Return how many seconds a call may take now: until the run ends, or the authority was silent for too long."""
        return min(self.ends_at, self.answered_at + plan.LONGEST_SILENCE_S) - self.clock.monotonic()

    def now(self) -> datetime:
        """Return the time of this computer, in UTC."""
        return self.clock.now().astimezone(UTC)

    def summary(self) -> Summary:
        """Return the counts and times of the outbox."""
        return self.outbox.summary(now=self.now(), soon=self.now())

    def restriction(self) -> ApoaError | None:
        """Return the error of a call that is forbidden now, by this sender or another one."""
        return plan.forbidden_call(self.outbox.restrictions(), self.options.settings, self.now())

    def next_batch(self) -> list[Entry]:
        """Return what may be sent next, of the reports that this run has not tried yet."""
        heads: Iterable[Entry] = self.readable(self.outbox.heads())
        if self.options.first:
            heads = sorted(heads, key=lambda entry: entry.id != self.options.first)
        return plan.next_batch(
            heads,
            self.now(),
            size=self.size.current,
            suspect_size=self.size.for_suspects,
            keep_backoff=self.options.keep_backoff,
            tried=self.tried,
        )

    # Errors that are raised later.

    def defer(self, error: ApoaError) -> None:
        """Keep an error that is raised after all other work: the first one, or the last one about a damaged outbox."""
        if self.deferred_error is None or isinstance(error, OutboxDamaged):  # which concerns every report
            self.deferred_error = error

    def readable(self, found: Iterator[T]) -> Iterator[T]:
        """Yield what can be read in the outbox. The error of a damaged page is deferred."""
        try:
            yield from found
        except StorageProblem as exc:
            self.defer(exc)

    def rebuild_indexes(self) -> bool:
        """Rebuild damaged indexes, at most once a run, and return whether this has just been done."""
        if self._rebuild_tried:
            return False
        self._rebuild_tried = True
        self.outcome.indexes_rebuilt = self.outbox.rebuild_indexes()
        return self.outcome.indexes_rebuilt

    # Results.

    def claim(self, ids: Sequence[str]) -> tuple[str, list[Entry]]:
        """Claim reports for this run, and return the lease and what was claimed.

        A row that grows may need a damaged page of the outbox: then fewer are claimed, so that the others are sent.
        """
        now = self.now()
        try:
            lease, claimed = self.outbox.claim(ids, now=now, lease_until=now + plan.LEASE)
        except OutboxDamaged as exc:
            if self.rebuild_indexes():
                self.deferred_error = None
                return self.claim(ids)
            if len(ids) > 1:
                return self.claim(ids[: len(ids) // 2])
            self.defer(exc)
            lease, claimed = "", []
        self.tried.update(ids)
        return lease, claimed

    def renewed(self, lease: str, until: datetime | None) -> datetime | None:
        """Return when a lease that ends `until` ends: later, if a call might outlast it. None if it was taken over."""
        now = self.now()
        if not plan.must_renew(until, now):
            return until
        later = now + plan.LEASE
        return later if self.outbox.renew(lease, now=now, lease_until=later) else None

    def store(self, lease: str, verdicts: Sequence[Verdict], opened: Mapping[str, Content]) -> None:
        """Store all verdicts at once; if a page is damaged, each by itself, so that it does not lose the others.

        Raises every other `StorageProblem` at once: a database that is away, busy or full is the same for each.
        """
        now = self.now()
        changes = [
            plan.change_from_verdict(verdict, now, opened[verdict.id].warnings, opened[verdict.id].errors)
            for verdict in verdicts
        ]
        try:
            self._settle(lease, changes)
        except OutboxDamaged as exc:
            self.defer(exc)
            for change in changes:
                with suppress(OutboxDamaged):
                    self.outbox.settle(lease, [change])
        self.outbox.record_contact(now)
        for verdict in verdicts:
            self.outcome.sent += 1
            self._count(verdict)

    def requeue(
        self, error: ApoaError, lease: str, claimed: Sequence[Entry], *, backoff: bool = True, sent: bool = True
    ) -> None:
        """Queue claimed reports again. `sent` is False where the call was not made."""
        now = self.now()
        # First: later runs must know it even if this process dies here.
        remember(self.outbox, error, now, self.options.settings)
        changes = [
            plan.change_after_failure(error, entry, now, self.dependencies.jitter() if backoff else 0.0, sent=sent)
            for entry in claimed
        ]
        self._settle(lease, changes)

    def _settle(self, lease: str, changes: Sequence[Change]) -> None:
        """Record results of claimed reports. If an index is damaged, rebuild it and record them again."""
        try:
            self.outbox.settle(lease, changes)
        except OutboxDamaged:
            if not self.rebuild_indexes():
                raise
            self.outbox.settle(lease, changes)

    def find_repeated_receipts(self) -> None:
        """Find receipt numbers of this run that reports of several stays have."""
        accepted = (verdict.receipt for verdict in self.outcome.verdicts.values() if verdict.status is Status.ACCEPTED)
        numbers = list(dict.fromkeys(receipt.number for receipt in accepted if receipt is not None))
        for start in range(0, len(numbers), _NUMBERS):
            with suppress(StorageProblem):  # an old report on a damaged page is not about these reports
                self.outcome.repeated_receipts |= self.outbox.shared_receipts(numbers[start : start + _NUMBERS])

    def _count(self, verdict: Verdict) -> None:
        _log.info("report %s: %s", verdict.id, verdict.status.value)
        self.outcome.count(verdict)
        self.dependencies.progress.advance(verdict)

    # Questions to the authority about itself and about single reports.

    def connect(self) -> None:
        """Build the connection, once."""
        if not self._connected:
            self.authority = self.dependencies.connect(self.left_s)
            self._connected = True

    def meta(self) -> Meta:
        """Return what the authority says about itself."""
        meta = self.authority.meta()
        self.answered_at = self.clock.monotonic()
        return meta

    def answered(self) -> None:
        """Note that the authority answered about reports."""
        self._unanswered = 0
        self.answered_at = self.clock.monotonic()

    def ask_about_unread(self, lease: str, claimed: Sequence[Entry], *, alone: bool = False) -> None:
        """Ask about reports of which the answer said nothing readable; queue those again that get no verdict now.

        `alone` says that the whole answer was unreadable: if that happens again and again, the authority is the cause
        and no single report, and the error is raised.
        """
        left = {entry.id: entry for entry in claimed}
        until = claimed[0].lease_until
        try:
            for entry in claimed:
                until = self.renewed(lease, until)
                if until is None:
                    break
                verdict = None
                if self.left_s() > 0:
                    with suppress(CallRefused, UnknownOutcome), self.interruptions.allowed():
                        verdict = self._question(entry)
                if verdict is not None:
                    self.store(lease, [verdict], {entry.id: self.outbox.content(entry)})
                    del left[entry.id]
                elif alone:
                    self._count_unanswered(plan.unreadable_answer([entry]))
        finally:
            if left:
                error = plan.unreadable_answer(list(left.values()))
                self.defer(error)
                self.requeue(error, lease, list(left.values()))

    def ask_about_pending(self, entry: Entry) -> None:
        """Ask about one pending report, and record the answer."""
        try:
            verdict = self._question(entry)
        except (CallRefused, UnknownOutcome) as exc:
            self.outbox.settle_pending([plan.change_without_answer(exc, entry, self.now())])
            self._count_unanswered(exc)
        else:
            self._decide(entry, verdict)

    def _decide(self, entry: Entry, verdict: Verdict | None) -> None:
        """Record the answer about a pending report; None if the authority never received it."""
        if verdict is None:
            # The authority received the report once and has lost it: send it again under the same id.
            self.outbox.settle_pending([Change(entry.id, State.QUEUED, "forgotten")])
            return
        warnings: Sequence[Finding] = ()
        if verdict.warnings:
            try:
                warnings = self.outbox.content(entry).warnings
            except SealBroken:
                verdict = verdict._replace(warnings=())
        self.outbox.settle_pending([plan.change_from_verdict(verdict, self.now(), warnings)])
        self._count(verdict)

    def ask_about_doubtful(self, entry: Entry) -> bool:
        """Take over what the authority has of a report that another program changed; return whether it has it so.

        Its answer to the same id says whether it got the same content. A person decides about a report whose data were
        erased, and about one with a photo, because nothing proves whose photo it is.
        """
        if entry.erased_at is not None or entry.photo is not None or self._question(entry) is None:
            return False
        with suppress(SealBroken):
            content = self.outbox.content(entry, proven=False)
            for verdict in self.authority.submit([(entry.id, content.body)]):
                if all(error.code != _OTHER_CONTENT for error in verdict.errors):
                    self.outbox.confirm(plan.change_from_verdict(verdict, self.now()))
                    return True
        return False

    def _question(self, entry: Entry) -> Verdict | None:
        """The verdict on one report; None if the authority never received it.

        Raises `UnreadableAnswer` if the authority answers, but not what the contract says.
        """
        try:
            verdict = self.authority.verdict(entry.id)
        except NotTheAuthority as exc:
            _log.info("report %s: %s", entry.id, exc)
            self.meta()  # raises if another server answers now
            raise plan.unreadable_answer([entry]) from None
        if verdict is not None:
            self.answered()
        return verdict

    def _count_unanswered(self, error: ApoaError) -> None:
        """Defer the error of a report without a usable answer; raise it after several such reports in a row."""
        self.defer(error)
        self._unanswered += 1
        if self._unanswered == _MAX_UNANSWERED:
            raise error
