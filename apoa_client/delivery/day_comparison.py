"""Compares the authority's receipts of one day with the reports of the outbox. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from apoa_client.ports.authority import DailyReceipt, Status
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import State

_OPEN = frozenset({State.QUEUED, State.SENDING, State.PENDING, State.REJECTED})


class DayComparison(NamedTuple):
    """Where the two agree, and where they do not. Each report is in one place."""

    confirmed: tuple[Entry, ...]
    """In both, with the same number."""
    missing: tuple[Entry, ...]
    """With a receipt of that day here, and not in the authority's list."""
    different: tuple[Entry, ...]
    """In both, with different numbers."""
    unknown: tuple[str, ...]
    """The ids of reports in the authority's list that this outbox does not have."""
    waiting: tuple[Entry, ...]
    """Saved before the day was over, and without a receipt: not sent, not decided, or refused."""

    @property
    def agrees(self) -> bool:
        """Whether the authority has every receipt that is here."""
        return not self.missing and not self.different


def compare(daily: DailyReceipt, entries: Iterable[Entry]) -> DayComparison:
    """Compare the list of a day with `entries`, which are all reports of the outbox.

    A number that staff typed, and that of a duplicate, which is another report's, are not looked for.
    """
    confirmed: list[Entry] = []
    missing: list[Entry] = []
    different: list[Entry] = []
    waiting: list[Entry] = []
    unknown = dict.fromkeys(daily.receipts)
    for entry in entries:
        unknown.pop(entry.id, None)
        listed, own = daily.receipts.get(entry.id), entry.receipt
        if entry.state in _OPEN:
            if entry.created_at < daily.end:
                waiting.append(entry)
        elif own is None or own.typed or entry.last_error == Status.DUPLICATE.meaning.last_error:
            continue
        elif listed is not None:
            (confirmed if listed.number == own.number else different).append(entry)
        elif daily.begin <= own.issued_at < daily.end:
            missing.append(entry)
    return DayComparison(tuple(confirmed), tuple(missing), tuple(different), tuple(unknown), tuple(waiting))
