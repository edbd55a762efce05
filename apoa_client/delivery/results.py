"""Records what a call did to its reports: verdicts, reports that are queued again, and errors to be raised later."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies, Outcome
from apoa_client.delivery.single_call import remember
from apoa_client.errors import ApoaError, OutboxDamaged, SealBroken, StorageProblem
from apoa_client.ports.authority import Status, Verdict
from apoa_client.ports.entries import Change, Content, Entry
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import State

_log = logging.getLogger(__name__)

T = TypeVar("T")

_NUMBERS = 100
"""Receipt numbers looked up at a time."""


class Results:
    """The results of one run: recorded in the outbox, counted in `outcome`. `settings` is the settings' fingerprint."""

    def __init__(self, dependencies: Dependencies, settings: str, outcome: Outcome) -> None:
        self.deferred_error: ApoaError | None = None
        """The first error of a single report or of a damaged page of the outbox. It is raised after all other work."""
        self._dependencies = dependencies
        self._outbox = dependencies.outbox
        self._settings = settings
        self._outcome = outcome
        self._rebuild_tried = False

    def rebuild_indexes(self) -> bool:
        """Rebuild damaged indexes, at most once a run, and return whether this has just been done."""
        if self._rebuild_tried:
            return False
        self._rebuild_tried = True
        self._outcome.indexes_rebuilt = self._outbox.rebuild_indexes()
        return self._outcome.indexes_rebuilt

    def find_repeated_receipts(self) -> None:
        """Find receipt numbers of this run that reports of several stays have."""
        verdicts = self._outcome.verdicts.values()
        accepted = (verdict.receipt for verdict in verdicts if verdict.status is Status.ACCEPTED)
        numbers = list(dict.fromkeys(receipt.number for receipt in accepted if receipt is not None))
        for start in range(0, len(numbers), _NUMBERS):
            with suppress(StorageProblem):  # an old report on a damaged page is not about these reports
                self._outcome.repeated_receipts |= self._outbox.shared_receipts(numbers[start : start + _NUMBERS])

    def store(self, lease: str, verdicts: Sequence[Verdict], opened: Mapping[str, Content]) -> None:
        """Store all verdicts at once; if a page is damaged, each by itself, so that it does not lose the others.

        Raises every other `StorageProblem` at once: a database that is away, busy or full is the same for each.
        """
        now = self._now()
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
                    self._outbox.settle(lease, [change])
        self._outbox.record_contact(now)
        for verdict in verdicts:
            self._outcome.sent += 1
            self._count(verdict)

    def renewed(self, lease: str, until: datetime | None) -> datetime | None:
        """Return when a lease that ends `until` ends: later, if a call might outlast it. None if it was taken over."""
        now = self._now()
        if not plan.must_renew(until, now):
            return until
        later = now + plan.LEASE
        return later if self._outbox.renew(lease, now=now, lease_until=later) else None

    def requeue(
        self, error: ApoaError, lease: str, claimed: Sequence[Entry], *, backoff: bool = True, sent: bool = True
    ) -> None:
        """Queue claimed reports again. `sent` is False where the call was not made."""
        now = self._now()
        # First: later runs must know it even if this process dies here.
        remember(self._outbox, error, now, self._settings)
        changes = [
            plan.change_after_failure(error, entry, now, self._dependencies.jitter() if backoff else 0.0, sent=sent)
            for entry in claimed
        ]
        self._settle(lease, changes)

    def _settle(self, lease: str, changes: Sequence[Change]) -> None:
        """Record results of claimed reports. If that meets a damaged index, rebuild it and record them again."""
        try:
            self._outbox.settle(lease, changes)
        except OutboxDamaged:
            if not self.rebuild_indexes():
                raise
            self._outbox.settle(lease, changes)

    def decide(self, entry: Entry, verdict: Verdict | None) -> None:
        """Record the answer about a pending report; None if the authority never received it."""
        if verdict is None:
            # The authority received the report once and has lost it: send it again under the same id.
            self._outbox.settle_pending([Change(entry.id, State.QUEUED, "forgotten")])
            return
        warnings: Sequence[Finding] = ()
        if verdict.warnings:
            try:
                warnings = self._outbox.content(entry).warnings
            except SealBroken:
                verdict = verdict._replace(warnings=())
        self._outbox.settle_pending([plan.change_from_verdict(verdict, self._now(), warnings)])
        self._count(verdict)

    def _count(self, verdict: Verdict) -> None:
        _log.info("report %s: %s", verdict.id, verdict.status.value)
        self._outcome.count(verdict)
        self._dependencies.progress.advance(verdict)

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

    def _now(self) -> datetime:
        return self._dependencies.clock.now().astimezone(UTC)
