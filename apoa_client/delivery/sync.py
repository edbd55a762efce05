"""One run of delivery: claim a batch, send it, write down what became of it, and again.

The order of steps is the promise. A report is `sending` on disk before its first byte leaves, so a killed process
leaves a lease that runs out and not a report that nobody knows of; and it goes again under the same id, which the
authority answers with the same receipt.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from apoa_client.delivery import plan
from apoa_client.delivery.options import Dependencies, Outcome, RunOptions
from apoa_client.errors import (
    ApoaError,
    CallRefused,
    CredentialsProblem,
    NotNow,
    SealBroken,
    StorageProblem,
    TooLarge,
    UnknownOutcome,
)
from apoa_client.messages import msg
from apoa_client.ports import Authority, Change, Content, Entry, Selection, Summary, Suspension, Verdict
from apoa_client.report.deadline import CLOCK_TOLERANCE
from apoa_client.report.kinds import State

_log = logging.getLogger(__name__)

_MOST_UNANSWERED = 3
"""Questions in a row; then it is no one report, but the line or the authority."""


def deliver(parts: Dependencies, terms: RunOptions) -> Outcome:
    """Deliver until nothing that may go is left, time is over, or an error ends the run.

    One process delivers at a time: where another one does, this run is `Outcome.busy`. What the line or the authority
    does is never raised: it is `Outcome.error`. Raises `StorageProblem` where the outbox itself cannot be read or
    written.
    """
    with parts.outbox.turn(terms.lock_wait_s) as ours:
        return _delivered(parts, terms) if ours else Outcome(busy=True, left=_left(parts))


def _delivered(parts: Dependencies, terms: RunOptions) -> Outcome:
    run = _Run(parts, terms)
    try:
        run.go()
    except SealBroken as exc:
        run.outcome.error = exc
    except StorageProblem:
        raise
    except ApoaError as exc:
        _log.info("the run ended: %s", exc.name)
        run.outcome.error = exc
        parts.progress.trouble(exc)
    finally:
        parts.progress.end()
    run.outcome.left = _left(parts)
    return run.outcome


def _left(parts: Dependencies) -> int:
    return _waiting(parts.outbox.summary(now=parts.clock.now(), soon=parts.clock.now()))


def _waiting(summary: Summary) -> int:
    return summary.counts[State.QUEUED] + summary.counts[State.SENDING]


class _Run:
    """The state of one run: the batch size as it adapts, what was tried, how long there is left."""

    def __init__(self, parts: Dependencies, terms: RunOptions) -> None:
        self.outcome = Outcome()
        self._outbox = parts.outbox
        self._parts = parts
        self._terms = terms
        self._size = plan.FIRST_BATCH
        self._most = plan.FIRST_BATCH
        self._allowed = plan.FIRST_BATCH
        self._most_bytes = 0
        self._tried: set[str] = set()
        self._alone: ApoaError | None = None
        """What is wrong with one report, or one page of the outbox, which stops no other; told when all is done."""
        self._unanswered = 0
        self._started = parts.clock.monotonic()

    def go(self) -> None:
        """Send what may be sent, ask about what is pending."""
        summary = self._outbox.summary(now=self._now(), soon=self._now())
        self._heed_stop(summary.stop)
        batch = self._next()
        if not batch and not summary.counts[State.PENDING]:
            self._tell_what_stands_alone()
            return
        self._heed_hold(summary.hold_until)
        self._parts.progress.begin(_waiting(summary))
        try:
            self._talk(batch)
        except ApoaError as exc:
            self._remember(exc)
            raise
        self._tell_what_stands_alone()

    def _tell_what_stands_alone(self) -> None:
        if self._alone is not None:
            raise self._alone

    def _talk(self, batch: Sequence[Entry]) -> None:
        authority = self._connected(batch)
        self._send_all(authority, batch)
        if self._ask(authority):  # a verdict lets the next report of its stay go
            self._send_all(authority, self._next())

    def _now(self) -> datetime:
        return self._parts.clock.now().astimezone(UTC)

    def _time_left(self) -> bool:
        wait = self._terms.wait_s
        return wait is None or self._parts.clock.monotonic() - self._started < wait

    def _next(self) -> list[Entry]:
        heads: Iterable[Entry] = self._intact(self._outbox.heads())
        if self._terms.first:
            heads = sorted(heads, key=lambda entry: entry.id != self._terms.first)
        return plan.next_batch(
            heads,
            self._now(),
            size=self._size,
            keep_backoff=self._terms.keep_backoff,
            tried=frozenset(self._tried),
        )

    def _intact(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Entries as far as they can be read: a damaged page is told in the end, and holds up nothing beside it."""
        try:
            yield from entries
        except StorageProblem as exc:
            self._alone = self._alone or exc

    def _heed_stop(self, stop: Suspension | None) -> None:
        """Keep an earlier stop, unless the settings changed since."""
        if stop is not None and stop.settings == self._terms.settings:
            raise plan.stopped(stop)
        if stop is not None:
            self._outbox.stop(None)

    def _heed_hold(self, until: datetime | None) -> None:
        """Keep the time that the authority asked all of us to wait for."""
        held = plan.held(until, self._now())
        if held is not None:
            raise held

    def _remember(self, error: ApoaError) -> None:
        """Keep for later runs what the authority said to all of them."""
        if plan.suspends_sending(error):
            self._outbox.stop(Suspension(error.name, self._now(), self._terms.settings))
        until = plan.wait_asked_for(error, self._now())
        if until is not None:
            self._outbox.hold(until)

    def _connected(self, batch: Sequence[Entry]) -> Authority:
        """The authority, after it has said what it takes. Where there is no line to it, the batch backs off."""
        try:
            authority = self._parts.connect()
            self._introduce(authority)
        except (NotNow, CallRefused) as exc:
            with self._parts.interruptions.held():
                self._give_back(exc, *self._claim([entry.id for entry in batch]), sent=False)
            raise
        return authority

    def _introduce(self, authority: Authority) -> None:
        meta = authority.meta()
        now = self._now()
        self._outbox.contacted(now, meta.server_time)
        if abs(meta.server_time - now) > CLOCK_TOLERANCE:
            self.outcome.clock_skew = meta.server_time - now
        self._most = self._allowed = meta.max_batch
        self._most_bytes = meta.max_body_bytes
        self._size = min(self._size, self._most)

    def _send_all(self, authority: Authority, batch: Sequence[Entry]) -> None:
        while batch and self._time_left():
            self._send(authority, batch)
            batch = self._next()

    def _claim(self, ids: Sequence[str]) -> tuple[str, list[Entry]]:
        now = self._now()
        self._tried.update(ids)
        return self._outbox.claim(ids, now=now, lease_until=now + plan.LEASE)

    def _send(self, authority: Authority, batch: Sequence[Entry]) -> None:
        opened = self._open(batch[: self._size])
        ids = list(opened)[: plan.count_fitting([content.body for content in opened.values()], self._most_bytes)]
        with self._parts.interruptions.held():
            lease, claimed = self._claim(ids)
            if claimed:
                self._exchange(authority, lease, claimed, opened)

    def _exchange(
        self, authority: Authority, lease: str, claimed: Sequence[Entry], opened: Mapping[str, Content]
    ) -> None:
        try:
            with self._parts.interruptions.heard():
                verdicts = authority.submit([(entry.id, opened[entry.id].body) for entry in claimed])
        except ApoaError as exc:
            self._after_failure(exc, lease, claimed)
        except BaseException:
            # Ctrl-C while the answer is awaited: the outcome is unknown, and these reports must not wait for the lease.
            self._give_back(UnknownOutcome(msg("The sending was interrupted.")), lease, claimed)
            raise
        else:
            self._write_down(lease, verdicts, opened)
            self._size = plan.larger_batch(self._size, self._most)

    def _open(self, batch: Sequence[Entry]) -> dict[str, Content]:
        """Each report's content by id. One that was tampered with stays where it is, is named, and stops no other."""
        opened: dict[str, Content] = {}
        for entry in batch:
            try:
                opened[entry.id] = self._outbox.content(entry)
            except SealBroken as exc:
                self._alone = self._alone or exc
                self._tried.add(entry.id)
        return opened

    def _after_failure(self, error: ApoaError, lease: str, claimed: Sequence[Entry]) -> None:
        smaller = plan.smaller_batch(len(claimed), error)
        if smaller is None:
            self._give_back(error, lease, claimed)
            self._go_on_after(error)
            return
        self._size = self._most = smaller
        self._tried.difference_update(entry.id for entry in claimed)
        self._give_back(error, lease, claimed, at_once=True)
        self._parts.progress.trouble(error)

    def _go_on_after(self, error: ApoaError) -> None:
        """A report that is too large all by itself waits alone; any other failure ends the run."""
        if not isinstance(error, TooLarge):
            raise error
        self._alone = self._alone or error
        self._size, self._most = 1, self._allowed

    def _give_back(
        self, error: ApoaError, lease: str, claimed: Sequence[Entry], *, at_once: bool = False, sent: bool = True
    ) -> None:
        self._remember(error)  # first: what is said to all later runs must not be lost with the process
        now = self._now()
        chances = [0.0 if at_once else self._parts.chance() for _entry in claimed]
        pairs = zip(claimed, chances, strict=True)
        self._outbox.settle(
            lease, [plan.change_after_failure(error, entry, now, chance, sent=sent) for entry, chance in pairs]
        )

    def _write_down(self, lease: str, verdicts: Sequence[Verdict], opened: Mapping[str, Content]) -> None:
        now = self._now()
        self._settle(
            lease, [plan.change_from_verdict(verdict, now, opened[verdict.id].warnings) for verdict in verdicts]
        )
        self._outbox.contacted(now)
        for verdict in verdicts:
            self.outcome.sent += 1
            self._count(verdict)

    def _settle(self, lease: str, changes: Sequence[Change]) -> None:
        """All at once; where the outbox cannot, each by itself, so that one damaged page costs no other its verdict."""
        try:
            self._outbox.settle(lease, changes)
        except StorageProblem as exc:
            self._alone = self._alone or exc
            for change in changes:
                with suppress(StorageProblem):
                    self._outbox.settle(lease, [change])

    def _count(self, verdict: Verdict) -> None:
        _log.info("report %s: %s", verdict.id, verdict.status.value)
        self.outcome.count(verdict)
        self._parts.progress.advance(verdict)

    def _ask(self, authority: Authority) -> bool:
        """Ask what became of reports that earlier runs left pending. Whether there was an answer to any."""
        asked = False
        for entry in list(self._intact(self._outbox.entries(Selection(states=frozenset({State.PENDING}))))):
            if entry.id not in self._tried and self._time_left():
                asked |= self._ask_about(authority, entry)
        return asked

    def _ask_about(self, authority: Authority, entry: Entry) -> bool:
        """One question that fails holds up no other; several in a row end the run."""
        try:
            verdict = authority.verdict(entry.id)
        except (CallRefused, UnknownOutcome) as exc:
            self._alone = self._alone or exc
            self._unanswered += 1
            if self._unanswered == _MOST_UNANSWERED:
                raise
            return False
        self._unanswered = 0
        self._decide(entry, verdict)
        return True

    def _decide(self, entry: Entry, verdict: Verdict | None) -> None:
        if verdict is None:
            # Received once, and now unknown: the authority lost it, and the same id goes again.
            self._outbox.decide([Change(entry.id, State.QUEUED, "forgotten")])
            return
        self._outbox.decide([self._change_for(entry, verdict)])
        self._count(verdict)

    def _change_for(self, entry: Entry, verdict: Verdict) -> Change:
        """The verdict's change, with its warnings put beside our own; a verdict needs no key, its warnings do."""
        try:
            known = self._outbox.content(entry).warnings if verdict.warnings else ()
        except (CredentialsProblem, SealBroken):
            return plan.change_from_verdict(verdict._replace(warnings=()), self._now())
        return plan.change_from_verdict(verdict, self._now(), known)
