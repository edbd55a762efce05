"""The authority's receipts of a day against the reports of the outbox: each report is in one place."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apoa_client.delivery.single_call import DayComparison, compare
from apoa_client.ports.authority import DailyReceipt
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import Kind, Receipt, State

DAY = date(2026, 11, 24)
BEGIN = datetime(2026, 11, 23, 17, tzinfo=UTC)
END = BEGIN + timedelta(days=1)
NOON = BEGIN + timedelta(hours=12)
ID = "0199c2a4-7d1e-7b3c-9d55-0a4f1c2e8b11"


def entry(
    state: State = State.ACCEPTED,
    *,
    number: str | None = "STT-1",
    issued_at: datetime = NOON,
    typed: bool = False,
    last_error: str | None = None,
    created_at: datetime = NOON,
) -> Entry:
    receipt = Receipt(number, issued_at, typed=typed) if number is not None else None
    return Entry(1, ID, ID, Kind.CHECK_IN, state, created_at, None, receipt=receipt, last_error=last_error)


def compared(*entries: Entry, number: str | None = None) -> DayComparison:
    receipts = {ID: Receipt(number, NOON)} if number is not None else {}
    return compare(DailyReceipt(DAY, BEGIN, END, "P-1", END, receipts), entries)


def counts(found: DayComparison) -> dict[str, int]:
    return {name: len(reports) for name, reports in found._asdict().items() if reports}


def test_the_same_number_is_confirmed() -> None:
    """Also where the clocks disagree about the time."""
    found = compared(entry(issued_at=END), number="STT-1")
    assert (counts(found), found.agrees) == ({"confirmed": 1}, True)


def test_another_number_differs() -> None:
    """The two do not agree."""
    found = compared(entry(), number="STT-2")
    assert (counts(found), found.agrees) == ({"different": 1}, False)


@pytest.mark.parametrize(("issued_at", "missing"), [(BEGIN, 1), (END - timedelta(seconds=1), 1), (END, 0)])
def test_a_receipt_of_the_day_is_missing(issued_at: datetime, missing: int) -> None:
    """The day begins with its first instant, and ends before the next day's."""
    found = compared(entry(issued_at=issued_at))
    assert (len(found.missing), found.agrees) == (missing, not missing)


@pytest.mark.parametrize(
    "other", [entry(typed=True), entry(last_error="duplicate"), entry(State.WITHDRAWN, number=None)]
)
def test_what_the_list_does_not_have(other: Entry) -> None:
    """A number that staff typed, a duplicate, and a report that was withdrawn are not looked for."""
    assert counts(compared(other)) == {}


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.PENDING, State.REJECTED])
def test_without_a_receipt_it_waits(state: State) -> None:
    """A report that was saved by the end of the day is named, also where the authority has it already."""
    assert counts(compared(entry(state, number=None))) == {"waiting": 1}
    assert counts(compared(entry(state, number=None), number="STT-1")) == {"waiting": 1}
    assert counts(compared(entry(state, number=None, created_at=END))) == {}


def test_a_report_that_is_not_here() -> None:
    """Another computer may have sent it: the two agree."""
    found = compared(number="STT-1")
    assert (found.unknown, found.agrees) == ((ID,), True)
