"""What may be sent now, in what batches, and what becomes of each report: decided here, without touching anything.

The contract's two tables (results of a report, errors of a whole call) are the functions `change_from_verdict` and
`change_after_failure`. Chance and time are passed in.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    Offline,
    TimedOut,
    TooLarge,
    UntrustedCertificate,
    WrongPassword,
)
from apoa_client.messages import msg, nmsg
from apoa_client.ports import Change, Entry, Status, Suspension, Verdict
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import State

FIRST_BATCH = 50
"""Reports in a run's first batch. Measured over 300 ms and 512 kbit/s: batches of 50 take 5.2 s for 500 reports."""

_GROWTH = 4
"""Measured over the same line: each call costs a round trip, so that doubling takes 4.4 s and this 4.0 s."""

LEASE = timedelta(minutes=5)
"""How long a claimed report is left alone: longer than any call may take."""

BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_LAST = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=1)
"""What the authority may ask of us at most: a report has a deadline."""

_MOST_DOUBLINGS = 7  # 30 s doubled seven times is past an hour

_SUSPECT = frozenset({"call_refused", "unknown_outcome"})
"""After these nobody knows whether it was the line, the server, or one of the reports."""

_NEVER_LEAVES = (Offline, UntrustedCertificate)
"""After these not a byte of any report has left."""

_BECOMES = {
    Status.ACCEPTED: (State.ACCEPTED, None),
    # Done, and says so: the receipt is that of the report which already covers this guest and night.
    Status.DUPLICATE: (State.ACCEPTED, "duplicate"),
    Status.PENDING: (State.PENDING, None),
    Status.REJECTED: (State.REJECTED, "rejected"),
    Status.DEFERRED: (State.QUEUED, "deferred"),
}


def may_send(entry: Entry, now: datetime, *, keep_backoff: bool) -> bool:
    """Whether a stay's first undelivered report may be sent now.

    The authority's own time (`not_before`) is always kept; our backoff only where `keep_backoff` says so. A report in
    `sending` is somebody's until its lease is over.
    """
    if is_ahead(entry.not_before, now, LONGEST_WAIT):
        return False
    if entry.state is State.SENDING:
        return not is_ahead(entry.lease_until, now, LEASE)
    backing_off = keep_backoff and is_ahead(entry.next_attempt_at, now, BACKOFF_LAST)
    return entry.state is State.QUEUED and not backing_off


def is_ahead(until: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Whether a time that was written down at most `longest` before it is still to come.

    One further ahead was written by a clock that has been set back since, and must not hold a report up for years.
    """
    return until is not None and now < until <= now + longest


def next_batch(
    heads: Iterable[Entry], now: datetime, *, size: int, keep_backoff: bool, tried: frozenset[str] = frozenset()
) -> list[Entry]:
    """The next reports to send, at most `size`; none that was `tried` in this run already, so that a run ends.

    The least suspect go first, and the suspect in batches that are halved with every attempt: one report that spoils
    each call it is in is alone after a few runs, and never holds up another stay for long.
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
    return [entry for entry in suspects if _suspicion(entry) == least][: max(size >> least, 1)]


def _suspicion(entry: Entry) -> int:
    """How often a report was in a call that failed for what was in it, perhaps."""
    return min(entry.attempts, _MOST_DOUBLINGS) if entry.last_error in _SUSPECT else 0


def count_fitting(bodies: Sequence[bytes], most_bytes: int) -> int:
    """How many of the bodies, from the first, fit into one call of `most_bytes`; at least one, which may be refused."""
    room = most_bytes - len(b'{"reports":[]}')
    for count, body in enumerate(bodies):
        room -= len(body) + 1
        if room < -1:  # the last body needs no comma
            return max(count, 1)
    return len(bodies)


def larger_batch(size: int, most: int) -> int:
    """The next batch's size after one that went well."""
    return min(size * _GROWTH, most)


def smaller_batch(size: int, error: ApoaError) -> int | None:
    """The size to try again with at once after `error`, or None where trying again now is no use."""
    if isinstance(error, TooLarge | TimedOut) and size > 1:
        return size // 2
    return None


def backoff(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many attempts: full jitter, up to 30 s first and an hour at last.

    `chance` is uniform in [0, 1). Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    doublings = min(max(attempts - 1, 0), _MOST_DOUBLINGS)
    return min(BACKOFF_FIRST * (1 << doublings), BACKOFF_LAST) * chance


def stopped(stop: Suspension) -> ApoaError:
    """The error for a call that is not made, because the authority refused an earlier one for good."""
    if stop.reason == "account_suspended":
        return AccountSuspended(msg("The authority refused this account before. Nothing was sent."))
    return WrongPassword(msg("The authority refused the password before. Nothing was sent."))


def held(until: datetime | None, now: datetime) -> AuthorityBusy | None:
    """The error for a call before the time that the authority asked all of us to wait for; None where it may go."""
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


def suspends_sending(error: ApoaError) -> bool:
    """Whether nothing more may be sent until a person has logged in again: a hammered wrong password locks accounts."""
    return isinstance(error, WrongPassword | AccountSuspended)


def change_from_verdict(verdict: Verdict, now: datetime, known: Sequence[Finding] = ()) -> Change:
    """What the authority's verdict makes of a report (contract: Results). `known` are our own warnings about it."""
    state, why = _BECOMES[verdict.status]
    deferred = verdict.status is Status.DEFERRED
    wait = _asked(verdict.retry_after) if verdict.retry_after is not None else BACKOFF_FIRST
    news = [warning for warning in verdict.warnings if warning not in known]
    return Change(
        verdict.id,
        state,
        why,
        not_before=now + wait if deferred else None,
        receipt=verdict.receipt,
        errors=verdict.errors,
        warnings=(*known, *news) if news else None,
    )


def change_after_failure(error: ApoaError, entry: Entry, now: datetime, chance: float, *, sent: bool = True) -> Change:
    """What a failed call makes of a report that was in it (contract: Errors of a whole call): it waits for the next.

    `sent` says that there was a line when the call was made.
    """
    wait = None if suspends_sending(error) else now + backoff(entry.attempts, chance)
    unsent = not sent or isinstance(error, _NEVER_LEAVES)
    return Change(entry.id, State.QUEUED, error.name, next_attempt_at=wait, unsent=unsent)


def wait_asked_for(error: ApoaError, now: datetime) -> datetime | None:
    """Until when the authority wants to hear nothing from us, if it said so."""
    if isinstance(error, AuthorityBusy) and error.retry_after is not None:
        return now + _asked(error.retry_after)
    return None


def _asked(seconds: int) -> timedelta:
    return timedelta(seconds=min(seconds, LONGEST_WAIT.total_seconds()))
