"""When a sender that keeps running delivers again. Pure.

It delivers when a report may be sent, and at regular times, at which pending reports are asked about. After a failure
it pauses, unless something has changed: another report, the settings, or a password.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from apoa_client.delivery import plan
from apoa_client.delivery.options import Outcome
from apoa_client.errors import ApoaError, NotNow
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Summary

KEEP_UP = timedelta(minutes=10)
"""The longest time between two runs."""

OWN_ATTEMPT = timedelta(seconds=1)
"""How long a new report is left to the command that saved it: it shows its user the receipt."""

SHORTEST_PAUSE = timedelta(seconds=5)
"""After a run that left reports, for whatever reason, the next one does not start earlier."""


class LastRun(NamedTuple):
    """The run before: when it ended, and how long to pause after it unless something has changed."""

    at: datetime
    pause: timedelta = timedelta()
    keep_backoff: bool = True
    """Whether the next run keeps the backoff of each report: not if the authority has just come back."""


def pause_after(result: Outcome | ApoaError | None, failures: int, jitter: float) -> timedelta:
    """Return the pause after a run: with backoff while its error may pass by itself, else until a person has acted.

    `result` is its outcome, the error that it raised, or None for a bug; `failures` counts the failed runs in a row,
    and `jitter` is that of `backoff`.
    """
    error = result.error if isinstance(result, Outcome) else result
    if isinstance(result, Outcome) and error is None:
        return SHORTEST_PAUSE if result.left else timedelta()
    if not isinstance(error, NotNow):
        return KEEP_UP
    return min(max(plan.backoff(failures, jitter), SHORTEST_PAUSE), KEEP_UP)


def next_run(
    heads: Iterable[Entry], summary: Summary, settings: str, now: datetime, last: LastRun, *, changed: bool
) -> datetime:
    """Return when to deliver next: at the latest `KEEP_UP` after the last run.

    `heads` are the first undelivered reports of the stays, `settings` is the fingerprint of the property's settings,
    and `changed` says whether anything was changed by others since the last run.
    """
    keep_up = last.at + KEEP_UP
    if plan.suspension_error(summary.suspension, settings) is not None:
        return keep_up
    pause = min(last.pause, SHORTEST_PAUSE) if changed else last.pause
    earliest = last.at + pause if plan.is_ahead(last.at + pause, now, pause) else now
    if summary.hold_until is not None and plan.is_ahead(summary.hold_until, now, plan.LONGEST_WAIT):
        earliest = max(earliest, summary.hold_until)
    ready = _first_ready(heads, now, keep_backoff=last.keep_backoff)
    return keep_up if ready is None else min(max(ready, earliest), keep_up)


def _first_ready(heads: Iterable[Entry], now: datetime, *, keep_backoff: bool) -> datetime | None:
    """Return when the first of the reports may be sent; None if there is none. Reads only up to one that may be now."""
    first: datetime | None = None
    for entry in heads:
        ready = plan.ready_at(entry, now, keep_backoff=keep_backoff)
        if ready is None:
            continue
        if not entry.attempts and plan.is_ahead(entry.created_at + OWN_ATTEMPT, now, OWN_ATTEMPT):
            ready = max(ready, entry.created_at + OWN_ATTEMPT)
        if ready == now:
            return now
        first = ready if first is None else min(first, ready)
    return first
