"""The open reports that staff must act on: refused, overdue or due soon, the most urgent first."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import nsmallest
from typing import NamedTuple

from apoa_client.ports import Entry
from apoa_client.report.kinds import OPEN_STATES, State


class AttentionList(NamedTuple):
    """Reports that staff must act on. Each report is in one list only."""

    refused: list[Entry]
    """Refused reports, whatever their deadline."""
    overdue: list[Entry]
    """Undelivered reports whose deadline has passed."""
    due: list[Entry]
    """Undelivered reports that are due soon."""


def attention_list(entries: Iterable[Entry], now: datetime, until: datetime) -> AttentionList:
    """Return the open reports that were refused or are due at `until` or before. Closed reports are left out."""
    found = AttentionList([], [], [])
    open_reports = (entry for entry in entries if entry.state in OPEN_STATES)
    # Reports without a deadline come last.
    for entry in sorted(open_reports, key=lambda each: (each.due_at is None, each.due_at or each.created_at, each.seq)):
        if entry.state is State.REJECTED:
            found.refused.append(entry)
        elif entry.due_at is not None and entry.due_at <= until:
            (found.overdue if entry.due_at < now else found.due).append(entry)
    return found


def most_urgent(entries: Iterable[Entry], now: datetime, limit: int) -> tuple[list[Entry], int]:
    """Return the most urgent of the open reports, at most `limit`, and how many there are without a limit.

    They are the reports with a deadline, and refused reports without one, which count as due now.
    """
    count = 0

    def urgent() -> Iterator[Entry]:
        nonlocal count
        for entry in entries:
            if entry.due_at is not None or entry.state is State.REJECTED:
                count += 1
                yield entry

    first = nsmallest(limit, urgent(), key=lambda entry: (entry.due_at or now, entry.seq))
    return first, count
