"""One run of delivery: claim a batch, send it, store the results, and repeat.

The order of the steps matters. A report is stored as `sending` before its first byte leaves. If the process is killed
or stopped, the lease expires and another run sends the report again under the same id; the authority answers with the
same receipt. Several runs may work at once: each claims what it sends, and none stores an answer without its lease.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from apoa_client.delivery import plan
from apoa_client.delivery.authentication import authenticate
from apoa_client.delivery.batch_size import BatchSize
from apoa_client.delivery.next_batch import NextBatch
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.delivery.photos import Photos
from apoa_client.delivery.questions import Questions
from apoa_client.delivery.results import Results
from apoa_client.delivery.run_time import RunTime
from apoa_client.delivery.single_call import remember
from apoa_client.errors import (
    ApoaError,
    CallRefused,
    CredentialsProblem,
    NotAuthentic,
    NotNow,
    NotTheAuthority,
    OutboxDamaged,
    SealBroken,
    StorageProblem,
    TooLarge,
    UnknownOutcome,
)
from apoa_client.messages import msg
from apoa_client.ports.authority import Authority, Meta
from apoa_client.ports.doubts import DoubtKind
from apoa_client.ports.entries import Content, Entry, Selection
from apoa_client.ports.state import Summary
from apoa_client.report.deadline import CLOCK_TOLERANCE
from apoa_client.report.kinds import State
from apoa_client.timeouts import BackgroundCall

_log = logging.getLogger(__name__)

_MOST_DOUBTFUL = 50
"""Reports in doubt that the authority is asked about in one run."""

_FAST_S = 0.05
"""While the authority answers so fast, there is nothing to be gained by doing something else meanwhile."""


def deliver(dependencies: Dependencies, options: RunOptions) -> Outcome:
    """Deliver until no report may be sent, time is over, or an error ends the run.

    Errors of the connection or the authority are not raised, they are in `Outcome.error`. Raises `StorageProblem` where
    the outbox cannot be read or written.
    """
    outbox, clock = dependencies.outbox, dependencies.clock
    run = _Run(dependencies, options)
    try:
        run.connect()
        run.deliver()
    except SealBroken as exc:
        run.outcome.error = exc
    except StorageProblem:
        raise
    except ApoaError as exc:
        _log.info("the run ended: %s", exc.name)
        run.outcome.error = exc
        dependencies.progress.failed(exc)
    finally:
        dependencies.progress.end()
    summary = outbox.summary(now=clock.now(), soon=clock.now())
    run.outcome.left = _undelivered(summary)
    if plan.is_ahead(summary.lease_until, clock.now(), plan.LEASE):
        run.outcome.leased = summary.counts[State.SENDING]
        run.outcome.leased_until = summary.lease_until
    return run.outcome


def _undelivered(summary: Summary) -> int:
    return summary.counts[State.QUEUED] + summary.counts[State.SENDING]


class _Run:
    """The state of one run: the batch size, the reports that were tried, and the time left."""

    def __init__(self, dependencies: Dependencies, options: RunOptions) -> None:
        self.outcome = Outcome()
        self._results = Results(dependencies, options.settings, self.outcome)
        self._size = BatchSize(options.settings, in_hurry=options.wait_s is not None)
        self._next = NextBatch(dependencies, options, self._results, self._size)
        self._dependencies = dependencies
        self._outbox = dependencies.outbox
        self._options = options
        self._authority: Authority | None = None
        self._opened: dict[str, Content] = {}
        """Reports that were opened before they are sent."""
        self._authenticated = False
        self._noticed: ApoaError | None = None
        """The restriction that ended this run: another sender has recorded it."""
        self._all_sent_at = 0.0
        """When all that could be sent was sent."""
        self._time = RunTime(dependencies.clock, options.wait_s)
        self._questions = Questions(dependencies, self._results, self._time)
        self._photos = Photos(dependencies, self._results, self._questions, self._time, self.outcome)

    def connect(self) -> None:
        """Build the authority, unless there is nothing to do or a suspension or hold forbids it."""
        with suppress(OutboxDamaged):  # `deliver` meets it again
            summary = self._summary()
            if self._restriction() is None and (self._has_follow_ups(summary) or self._next.batch()):
                self._authority = self._dependencies.connect(self._time.left_s)

    def deliver(self) -> None:
        """Send what may be sent, ask about pending reports. Raises the error that ended the run, or a deferred one.

        If indexes of the outbox are damaged, they are rebuilt, once, and the run starts again.
        """
        self._time.begin()
        self._results.deferred_error = None
        try:
            self._deliver()
        except OutboxDamaged:
            if not self._results.rebuild_indexes():
                raise
            self._results.deferred_error = None
            self._next.tried.clear()
            self._deliver()
        self._time.end()

    def _deliver(self) -> None:
        self._size.recall(self._outbox.batch_size(), self._now())
        summary = self._summary()
        suspended = plan.suspension_error(summary.suspension, self._options.settings)
        if suspended is not None:
            self._authenticate()  # another program may have written that
            raise suspended
        if summary.suspension is not None:  # the settings have changed since
            self._outbox.set_suspension(None)
        batch = self._next.batch()
        if not batch:  # a report that should be there may have been marked as sent
            self._authenticate()
            batch = self._next.batch()
        if batch or self._has_follow_ups(summary) or self._doubtful():
            self._work(summary, batch)
            with suppress(NotNow):  # during maintenance the next run does it
                self._authenticate()  # what this run recorded
        self._results.find_repeated_receipts()
        if self._time.left_s() > 0 and _undelivered(self._summary()):
            self._outbox.check_queue()
        if self._results.deferred_error is not None:
            raise self._results.deferred_error

    def _work(self, summary: Summary, batch: Sequence[Entry]) -> None:
        """Send the batch and what follows it, ask about pending reports, and send photos."""
        hold = plan.hold_error(summary.hold_until, self._now())
        if hold is not None:
            self._authenticate()  # as for a suspension
            raise hold
        self._dependencies.progress.begin(_undelivered(summary))
        try:
            authority = self._authority or self._dependencies.connect(self._time.left_s)
            self._send_all(authority, self._first_batch(authority, batch))
            self.outcome.authority = authority
            self._ask_about_pending(authority)
            self._ask_about_doubtful(authority)
            if self._options.with_photos and self.outcome.meta is not None and self.outcome.meta.wants_photo:
                self._photos.send(authority, lambda: self._guests_first(authority))
        except ApoaError as exc:
            if exc is not self._noticed:
                remember(self._outbox, exc, self._now(), self._options.settings)
            raise

    def _first_batch(self, authority: Authority, batch: Sequence[Entry]) -> list[Entry]:
        """Check the authority and the outbox, and return what may be sent then.

        Over a slow line the reports are opened while the authority is asked. Its error comes before that of a report.
        """
        kept = self._dependencies.kept
        known = kept.current_meta(self._dependencies.clock.monotonic()) if kept is not None else None
        if known is not None:
            self._accept(known)
            return self._authenticated_batch(batch)
        if not (batch and self._dependencies.overlap):
            self._check_authority(lambda: self._questions.meta(authority), batch)
            return self._authenticated_batch(batch)
        asked = BackgroundCall(lambda: self._questions.meta(authority))
        failure: ApoaError | None = None
        if not asked.wait(_FAST_S):
            try:
                self._opened = self._open(self._authenticated_batch(batch))
            except ApoaError as exc:
                failure = exc
        self._check_authority(asked.result, batch)
        if failure is not None:
            raise failure
        return self._authenticated_batch(batch)

    def _check_authority(self, ask: Callable[[], Meta], batch: Sequence[Entry]) -> None:
        """Ask the authority about itself before any report leaves. If the call fails, the batch gets a backoff."""
        try:
            meta = ask()
        except (NotNow, CallRefused) as exc:
            # Without the key no attempt is counted: its absence is said when the authority answers.
            with self._dependencies.interruptions.delayed(), suppress(CredentialsProblem):
                self._results.requeue(exc, *self._claim([entry.id for entry in batch]), sent=False)
            raise
        self._accept(meta)  # raises if it is another one: its time does not confirm this computer's date
        now = self._now()
        self._outbox.record_contact(now, meta.server_time)
        self._outbox.record_wants_photos(wants=meta.wants_photo)
        if abs(meta.server_time - now) > CLOCK_TOLERANCE:
            self.outcome.clock_skew = meta.server_time - now

    def _accept(self, meta: Meta) -> None:
        """Compare the authority with the one of the set-up, and note its limits."""
        self.outcome.meta = meta
        mismatch = plan.identity_error(self._options.expected, meta.identity)
        if mismatch is not None:
            raise mismatch
        self._size.allow(meta)

    # Authentic reports only.

    def _authenticated_batch(self, batch: Sequence[Entry]) -> list[Entry]:
        """Check the outbox before a report leaves, and return what may be sent then."""
        if batch:
            self._open(batch[:1])  # which reads the private key, or raises the error of this run
        if not self._authenticated:
            self._authenticate()
        return self._next.batch()

    def _authenticate(self) -> None:
        """Check the open reports, and note in the outcome what another program changed."""
        try:
            authenticate(self._outbox, self._dependencies.known, self.outcome)
        except OutboxDamaged as exc:  # what can be read is sent all the same
            self._results.defer(exc)
            return
        self._authenticated = True

    # Sending.

    def _send_all(self, authority: Authority, batch: Sequence[Entry]) -> None:
        while batch:
            if self._time.left_s() <= 0:
                self.outcome.time_over = True
                return
            self._noticed = self._restriction()
            if self._noticed is not None:
                raise self._noticed
            self._send(authority, batch[: self._size.current])
            batch = self._next.batch()
        self._all_sent_at = self._dependencies.clock.monotonic()

    def _guests_first(self, authority: Authority) -> None:
        """Send what was saved meanwhile: a guest at the desk does not wait long for questions and photos."""
        if self._dependencies.clock.monotonic() >= self._all_sent_at + plan.GUESTS_FIRST_S:
            self._send_all(authority, self._next.batch())

    def _send(self, authority: Authority, batch: Sequence[Entry]) -> None:
        opened = self._open(batch)
        ids = list(opened)[: self._size.count_fitting([content.body for content in opened.values()])]
        with self._dependencies.interruptions.delayed():
            lease, claimed = self._claim(ids)
            if not claimed or self._results.renewed(lease, claimed[0].lease_until) is None:
                return
            begun = self._dependencies.clock.monotonic()
            try:
                with self._dependencies.interruptions.allowed():
                    verdicts = authority.submit([(entry.id, opened[entry.id].body) for entry in claimed])
            except NotTheAuthority as exc:
                self._after_unreadable_answer(authority, exc, lease, claimed)
            except ApoaError as exc:
                self._after_failed_call(exc, lease, claimed)
            except BaseException:
                # Ctrl-C while waiting for the answer: the outcome is unknown. The reports must not wait for the lease.
                self._results.requeue(UnknownOutcome(msg("The sending was interrupted.")), lease, claimed)
                raise
            else:
                seconds = self._dependencies.clock.monotonic() - begun
                self._questions.answered()
                self._results.store(lease, verdicts, opened)
                answered = {verdict.id for verdict in verdicts}
                unread = [entry for entry in claimed if entry.id not in answered]
                if unread:
                    self._questions.ask_about_unread(authority, lease, unread)
                else:
                    self._size.worked(len(claimed), seconds, self._now())
                    self._record_size()

    def _open(self, batch: Sequence[Entry]) -> dict[str, Content]:
        """Each report's content by id. One that cannot be read stays queued, and its error is deferred."""
        found = self._opened | self._outbox.contents([entry for entry in batch if entry.id not in self._opened])
        opened: dict[str, Content] = {}
        for entry in batch:
            content = found[entry.id]
            if isinstance(content, ApoaError):
                if not isinstance(content, NotAuthentic):  # a doubt, which the check of the outbox names
                    self._results.defer(content)
                self._next.tried.add(entry.id)
            else:
                opened[entry.id] = content
        return opened

    def _claim(self, ids: Sequence[str]) -> tuple[str, list[Entry]]:
        now = self._now()
        self._next.tried.update(ids)
        return self._outbox.claim(ids, now=now, lease_until=now + plan.LEASE)

    def _after_failed_call(self, error: ApoaError, lease: str, claimed: Sequence[Entry]) -> None:
        """Try again with a smaller batch where that helps. A single report that is too large is skipped; else raise."""
        if self._halved(error, lease, claimed):
            return
        self._results.requeue(error, lease, claimed)
        if not isinstance(error, TooLarge):
            raise error
        self._results.defer(error)
        self._size.isolated()
        self._record_size()

    def _halved(self, error: ApoaError, lease: str, claimed: Sequence[Entry]) -> bool:
        """Whether the reports go again at once in smaller batches. They are queued again for that."""
        smaller = self._size.failed(len(claimed), error)
        self._record_size()
        if not smaller or self._time.left_s() <= 0:
            return False
        self._next.tried.difference_update(entry.id for entry in claimed)
        self._results.requeue(error, lease, claimed, backoff=False)
        self._dependencies.progress.failed(error)
        return True

    def _after_unreadable_answer(
        self, authority: Authority, error: NotTheAuthority, lease: str, claimed: Sequence[Entry]
    ) -> None:
        """Find the report that makes the answer unreadable, if it is still the authority that answers; else raise."""
        try:
            with self._dependencies.interruptions.allowed():
                self._questions.meta(authority)
        except BaseException:
            self._results.requeue(error, lease, claimed)
            raise
        if self._halved(error, lease, claimed):
            return
        if len(claimed) > 1:  # time is over before the cause was found
            self._results.requeue(error, lease, claimed)
            raise plan.unreadable_answer(claimed)
        self._questions.ask_about_unread(authority, lease, claimed, alone=True)
        self._size.isolated()

    # Asking about single reports.

    def _ask_about_pending(self, authority: Authority) -> None:
        """Ask for the verdicts of reports that earlier runs left pending, and send what they hold up.

        Those that were asked about last come last, and what is saved meanwhile is sent in between: a guest at the desk
        does not wait for the questions.
        """
        pending = self._results.readable(self._outbox.entries(Selection(states=frozenset({State.PENDING}))))
        until = self._dependencies.clock.monotonic() + plan.QUESTIONS_S
        for entry in plan.questions(pending):
            if self._dependencies.clock.monotonic() >= until or self._time.left_s() <= 0:
                break
            self._guests_first(authority)
            if entry.id not in self._next.tried:
                self._questions.ask_about_pending(authority, entry)
        self._send_all(authority, self._next.batch())

    def _ask_about_doubtful(self, authority: Authority) -> None:
        """Ask about the reports that another program changed. A person decides about what the authority has not."""
        for report_id in self._doubtful()[:_MOST_DOUBTFUL]:
            for entry in self._results.readable(iter(self._outbox.find(report_id))):
                if self._time.left_s() > 0 and self._questions.ask_about_doubtful(authority, entry):
                    self.outcome.repaired[entry.id] = None

    # Helpers.

    def _doubtful(self) -> list[str]:
        return [doubt.report for doubt in self.outcome.doubts if doubt.kind is DoubtKind.STATE]

    def _has_follow_ups(self, summary: Summary) -> bool:
        """Return whether there is something to do for reports that the authority has: a verdict, or a photo."""
        return bool(summary.counts[State.PENDING]) or (self._options.with_photos and self._photos.are_waiting())

    def _restriction(self) -> ApoaError | None:
        """Return the error of a call that is forbidden now, by this sender or another one."""
        return plan.forbidden_call(self._outbox.restrictions(), self._options.settings, self._now())

    def _record_size(self) -> None:
        learned = self._size.to_record()
        if learned is not None:
            self._outbox.record_batch_size(learned)

    def _now(self) -> datetime:
        return self._dependencies.clock.now().astimezone(UTC)

    def _summary(self) -> Summary:
        return self._outbox.summary(now=self._now(), soon=self._now())
