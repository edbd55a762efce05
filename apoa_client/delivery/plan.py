"""What may be sent now, in which batches, how each answer changes a report, and when to retry (backoff). Pure.

The contract's two tables (results of a report, errors of a whole call) are `ports.authority.Status` and
`change_after_failure`. Time and randomness are parameters.

A sender that keeps running delivers when a report may be sent (`next_run`), and at regular times, at which pending
reports are asked about. After a failure it pauses, for ten minutes at most.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import NamedTuple

from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    NotNow,
    NotTheAuthority,
    Offline,
    SettingsProblem,
    TimedOut,
    TooLarge,
    UnreadableAnswer,
    UntrustedCertificate,
    WrongPassword,
)
from apoa_client.messages import Message, listed, msg, nmsg
from apoa_client.ports.authority import AuthorityIdentity, Meta, Verdict
from apoa_client.ports.entries import Change, Entry
from apoa_client.ports.state import Restrictions, Summary, Suspension
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import State, short_id

LEASE = timedelta(minutes=5)
"""How long a claimed report belongs to one run, which renews it before a call that might take longer."""

SMALL_BATCH = 50
"""Reports in the first batch if a guest may wait for its answer, after a time-out, and where one may be the fault."""

MOST = 1000
"""The contract allows no larger batch."""

FIRST_BYTES = 64 * 1024
"""Bytes of the first batch on the line, whose speed is not known yet: 4 s at 128 kbit/s, for about 500 reports."""
_GZIP_RATIO = 6
"""Reports are so many times smaller when they are compressed together."""

_GROWTH = 4
LONGEST_CALL_S = 45.0
"""A batch does not grow so far that its call would take longer, at the speed of the last one: time-outs come later."""

BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_LAST = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=1)
"""The longest wait that the authority may ask for, because a report has a deadline."""

LONGEST_RUN_S = 600.0
"""A run ends after so many seconds, and what is left goes in the next one."""

LONGEST_SILENCE_S = 120.0
"""A run ends if the authority has answered nothing for so many seconds. No call takes longer."""

QUESTIONS_S = 60.0
"""How many seconds of a run may go to questions about pending reports. The authority is asked about the rest later."""

_MAX_QUESTIONS = 1000

KEEP_UP = timedelta(minutes=10)
"""The longest time between two runs of a sender that keeps running."""

OWN_ATTEMPT = timedelta(seconds=1)
"""How long it leaves a new report to the command that saved it, which shows its user the receipt."""

SHORTEST_PAUSE = timedelta(seconds=5)
"""After a run that left reports, for whatever reason, its next one does not start earlier."""

_MAX_DOUBLINGS = 7  # 30 s doubled seven times is over an hour

_SUSPECT = frozenset({"call_refused", "unknown_outcome", "unreadable_answer"})
"""After these errors the cause may be the connection, the server or one of the reports."""

_NOTHING_SENT = (Offline, UntrustedCertificate)
"""After these errors no byte of any report was sent."""


def may_send(entry: Entry, now: datetime, *, keep_backoff: bool) -> bool:
    """Whether the first undelivered report of a stay may be sent now.

    The authority's own time (`not_before`) always counts; our backoff counts only with `keep_backoff`. A report in
    `sending` may be sent again when its lease is over.
    """
    return ready_at(entry, now, keep_backoff=keep_backoff) == now


def ready_at(entry: Entry, now: datetime, *, keep_backoff: bool) -> datetime | None:
    """When `may_send` allows the report: `now` or later; None for a report that is not sent any more."""
    until, longest = (entry.lease_until, LEASE)
    if entry.state is not State.SENDING:
        if entry.state is not State.QUEUED:
            return None
        until, longest = (entry.next_attempt_at if keep_backoff else None, BACKOFF_LAST)
    waits = ((until, longest), (entry.not_before, LONGEST_WAIT))
    ready = now
    while ends := [end for end, most in waits if end is not None and is_ahead(end, ready, most)]:
        ready = max(ends)  # by then, a time that is too far ahead now may be near enough to count
    return ready


def is_ahead(until: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Whether a stored time is in the future, but at most `longest` ahead.

    A time further ahead was stored while the clock was wrong. It is ignored, so that no report waits for years.
    """
    return until is not None and now < until <= now + longest


def must_renew(lease_until: datetime | None, now: datetime) -> bool:
    """Whether a call that begins now might take longer than the lease of its reports."""
    return not is_ahead(lease_until, now + timedelta(seconds=LONGEST_SILENCE_S), LEASE)


def next_batch(
    heads: Iterable[Entry],
    now: datetime,
    *,
    size: int,
    suspect_size: int | None = None,
    keep_backoff: bool,
    tried: Collection[str] = (),
) -> list[Entry]:
    """The next reports to send, at most `size`, without those already `tried` in this run.

    Reports that were in failed calls come last, and their batch size, `suspect_size` or else `size`, is halved with
    each attempt; after a second failed call it is small. So a report that makes every call fail is alone in its batch
    after a few runs, and does not delay other stays for long.
    """
    batch: list[Entry] = []
    suspects: list[Entry] = []
    for entry in heads:
        if entry.id not in tried and may_send(entry, now, keep_backoff=keep_backoff):
            (suspects if _suspicion(entry) else batch).append(entry)
            if len(batch) == size:
                break
    if batch or not suspects:
        return batch
    least = min(map(_suspicion, suspects))
    most = (suspect_size or size) if least == 1 else min(suspect_size or size, SMALL_BATCH)
    alone_after = most.bit_length()
    least = min(alone_after, least)
    return [each for each in suspects if min(_suspicion(each), alone_after) == least][: max(most >> least, 1)]


def _suspicion(entry: Entry) -> int:
    """How often a report was in a call that may have failed because of its content."""
    return entry.attempts if entry.last_error in _SUSPECT else 0


def count_fitting(bodies: Sequence[bytes], max_bytes: int) -> int:
    """How many of the bodies, from the first, fit into one call of `max_bytes`. At least 1, even if it is too large."""
    space = max_bytes - len(b'{"reports":[]}')
    for count, body in enumerate(bodies):
        space -= len(body) + 1
        if space < -1:  # the last body needs no comma
            return max(count, 1)
    return len(bodies)


class BatchSize:
    """How many reports go into one call of a run: what the authority allows, and less after a call that was too large.

    A run `in_hurry`, whose time is limited, begins with a small batch, because a guest may wait for its answer. Nothing
    is remembered for the next run: reports whose call failed go in smaller batches then (`next_batch`).
    """

    def __init__(self, *, in_hurry: bool = False) -> None:
        self._allowed = self._limit = MOST
        self._max_bytes = self._first_bytes = FIRST_BYTES
        self._any_worked = False
        self._current = SMALL_BATCH if in_hurry else MOST

    @property
    def current(self) -> int:
        """How many reports the next call may have."""
        return max(min(self._current, self._limit, self._allowed), 1)

    @property
    def for_suspects(self) -> int:
        """As `current`, for reports that were in a failed call: small until a call of this run has worked."""
        return self.current if self._any_worked else min(self.current, SMALL_BATCH)

    def allow(self, meta: Meta) -> None:
        """Keep the authority's limits from now on."""
        self._allowed, self._max_bytes = meta.max_batch, meta.max_body_bytes
        self._first_bytes = min(FIRST_BYTES * (_GZIP_RATIO if meta.accepts_gzip else 1), meta.max_body_bytes)

    def count_fitting(self, bodies: Sequence[bytes]) -> int:
        """Return how many of these reports go into the next call, by their bytes; at least 1."""
        if self._any_worked:
            return count_fitting(bodies, self._max_bytes)
        count = count_fitting(bodies, self._first_bytes)
        if count < len(bodies):
            self._current = count
        return count

    def worked(self, sent: int, seconds: float) -> None:
        """Learn from a call that was answered after so many seconds: after a full batch, the next one may be larger."""
        if sent >= self.current:
            fitting = int(sent * LONGEST_CALL_S / seconds) if seconds > 0 else sent * _GROWTH
            self._current = max(min(sent * _GROWTH, fitting), sent)
        self._any_worked = True

    def failed(self, sent: int, error: ApoaError) -> bool:
        """Learn from a call that failed. Returns whether to try again at once with what is `current` then.

        `NotTheAuthority` stands for an answer of the authority that cannot be read. If nothing was answered in this
        run, the speed of the line is not known.
        """
        if not isinstance(error, TooLarge | TimedOut | NotTheAuthority) or sent <= 1:
            return False
        self._current = self._limit = sent // 2
        if isinstance(error, TimedOut) and not self._any_worked:
            self._current = min(self._current, SMALL_BATCH)
        return True

    def isolated(self) -> None:
        """Begin again with one report: a single one, and not the size of the batch, was the cause of the failures."""
        self._current, self._limit = 1, MOST


def backoff(attempts: int, jitter: float) -> timedelta:
    """How long to wait after so many attempts: full jitter, at first up to 30 s, at last up to an hour.

    `jitter` is uniform in [0, 1). Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    doublings = min(max(attempts - 1, 0), _MAX_DOUBLINGS)
    return min(BACKOFF_FIRST * (1 << doublings), BACKOFF_LAST) * jitter


def forbidden_call(found: Restrictions, settings: str, now: datetime) -> ApoaError | None:
    """The error of a call that is not made, because of a suspension or of a time to wait; None where it may be made.

    `settings` is the fingerprint of the property's settings: a suspension holds until it changes.
    """
    return suspension_error(found.suspension, settings) or hold_error(found.hold_until, now)


def suspension_error(suspension: Suspension | None, settings: str) -> ApoaError | None:
    """The error of a call that is not made because sending is suspended for these settings; None where it is not."""
    if suspension is None or suspension.settings != settings:
        return None
    if suspension.reason == "account_suspended":
        return AccountSuspended(msg("The authority refused this account before. Nothing was sent."))
    return WrongPassword(msg("The authority refused the password before. Nothing was sent."))


def hold_error(until: datetime | None, now: datetime) -> AuthorityBusy | None:
    """The error of a call before the time that the authority asked for; None where the call may be made."""
    if until is None or not is_ahead(until, now, LONGEST_WAIT):
        return None
    wait = int((until - now).total_seconds()) + 1
    return AuthorityBusy(
        nmsg(
            "The authority asked us to wait; {count} second is left.",
            "The authority asked us to wait; {count} seconds are left.",
            wait,
        ),
        retry_after=wait,
    )


def identity_error(expected: AuthorityIdentity, found: AuthorityIdentity) -> SettingsProblem | None:
    """The error where the authority is not the one that the property was set up for; None where it is.

    An empty part of `expected` is not known yet, and agrees with everything.
    """
    if all(was in ("", now) for was, now in zip(expected, found, strict=True)):
        return None
    return SettingsProblem(
        msg(
            "The authority is not the one of the set-up any more. Then: {expected}. Now: {found}. Nothing was sent.",
            expected=_identity_text(expected),
            found=_identity_text(found),
        ),
        msg(
            "Ask the authority, or the person who gave you the account. If the change is right, set up again with: "
            "apoa setup. What waits is kept."
        ),
        name="another_authority",
    )


def _identity_text(identity: AuthorityIdentity) -> Message:
    environment = msg("for training") if identity.environment == "training" else msg("live")
    parts = [environment] if identity.environment else []
    return listed([*parts, *([msg("account {id}", id=identity.property_id)] if identity.property_id else [])])


def unreadable_answer(entries: Sequence[Entry]) -> UnreadableAnswer:
    """The error for reports of which the authority's answer says nothing that can be read."""
    return UnreadableAnswer(
        nmsg(
            "The authority's answer about report {id} cannot be read.",
            "The authority's answer about {count} reports cannot be read. One of them is {id}.",
            len(entries),
            id=short_id(entries[0].id),
        )
    )


def suspends_sending(error: ApoaError) -> bool:
    """Whether nothing may be sent until a user logs in again. Repeated wrong passwords would lock the account."""
    return isinstance(error, WrongPassword | AccountSuspended)


def change_from_verdict(
    verdict: Verdict, now: datetime, known: Sequence[Finding] = (), stored_errors: tuple[Finding, ...] | None = None
) -> Change:
    """How a verdict changes its report (contract: Results).

    `known` are our own warnings about the report, `stored_errors` its errors, if they are known. An accepted report
    keeps equal ones as they are sealed; any other one has its errors sealed again, which shows that it was answered.
    """
    state = verdict.status.state
    wait = _limited(verdict.retry_after) if verdict.retry_after is not None else BACKOFF_FIRST
    new = [warning for warning in verdict.warnings if warning not in known]
    return Change(
        verdict.id,
        state,
        verdict.status.meaning.last_error,
        next_attempt_at=now if state is State.PENDING else None,  # the order of the questions
        not_before=now + wait if state is State.QUEUED else None,
        receipt=verdict.receipt,
        errors=None if state is State.ACCEPTED and verdict.errors == stored_errors else verdict.errors,
        warnings=(*known, *new) if new else None,
    )


def change_after_failure(error: ApoaError, entry: Entry, now: datetime, jitter: float, *, sent: bool = True) -> Change:
    """How a failed call changes a report that was in it (contract: Errors of a whole call): it is queued again.

    `sent` is False where the call was not made.
    """
    wait = None if suspends_sending(error) else now + backoff(entry.attempts, jitter)
    unsent = not sent or isinstance(error, _NOTHING_SENT)
    return Change(entry.id, State.QUEUED, error.name, next_attempt_at=wait, unsent=unsent)


def change_without_answer(error: ApoaError, entry: Entry, now: datetime) -> Change:
    """How a question without a usable answer changes its pending report: it is asked about after the others."""
    return Change(entry.id, State.PENDING, error.name, next_attempt_at=now)


def questions(pending: Iterable[Entry]) -> list[Entry]:
    """The pending reports to ask about in one run, at most `_MAX_QUESTIONS`: those asked about longest ago first."""
    return nsmallest(_MAX_QUESTIONS, pending, key=lambda entry: (entry.next_attempt_at or entry.created_at, entry.seq))


def hold_after(error: ApoaError, now: datetime) -> datetime | None:
    """The time before which the authority wants no further calls, if the error states one."""
    if isinstance(error, AuthorityBusy) and error.retry_after is not None:
        return now + _limited(error.retry_after)
    return None


def _limited(seconds: int) -> timedelta:
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))


class LastRun(NamedTuple):
    """The run before: when it ended, and how long to pause after it."""

    at: datetime
    pause: timedelta = timedelta()
    keep_backoff: bool = True
    """Whether the next run keeps the backoff of each report: not if the authority has just come back."""


def pause_after(error: ApoaError | None, left: int, failures: int, jitter: float) -> timedelta:
    """Return the pause after a run: with backoff while its error may pass by itself, else until a person has acted.

    `error` is None for a bug, too. `left` counts the reports that the run left, `failures` the failed runs in a row.
    """
    if not failures:
        return SHORTEST_PAUSE if left else timedelta()
    if not isinstance(error, NotNow):
        return KEEP_UP
    return min(max(backoff(failures, jitter), SHORTEST_PAUSE), KEEP_UP)


def next_run(heads: Iterable[Entry], summary: Summary, settings: str, now: datetime, last: LastRun) -> datetime:
    """Return when to deliver next: at the latest `KEEP_UP` after the last run.

    `heads` are the first undelivered reports of the stays, `settings` is the fingerprint of the property's settings.
    """
    keep_up = last.at + KEEP_UP
    if suspension_error(summary.suspension, settings) is not None:
        return keep_up
    earliest = last.at + last.pause if is_ahead(last.at + last.pause, now, last.pause) else now
    if summary.hold_until is not None and is_ahead(summary.hold_until, now, LONGEST_WAIT):
        earliest = max(earliest, summary.hold_until)
    ready = _first_ready(heads, now, keep_backoff=last.keep_backoff)
    return keep_up if ready is None else min(max(ready, earliest), keep_up)


def _first_ready(heads: Iterable[Entry], now: datetime, *, keep_backoff: bool) -> datetime | None:
    """Return when the first of the reports may be sent; None for no report. Reads up to one that may be now."""
    first: datetime | None = None
    for entry in heads:
        ready = ready_at(entry, now, keep_backoff=keep_backoff)
        if ready is None:
            continue
        if not entry.attempts and is_ahead(entry.created_at + OWN_ATTEMPT, now, OWN_ATTEMPT):
            ready = max(ready, entry.created_at + OWN_ATTEMPT)
        if ready == now:
            return now
        first = ready if first is None else min(first, ready)
    return first
