"""The authority's receipts of a day against the reports of the outbox: each report is in one place."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apoa_client.delivery.single_call import compare
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


@pytest.mark.parametrize(
    ("mine", "listed", "expected", "agrees"),
    [
        pytest.param(entry(issued_at=END), "STT-1", "confirmed", True, id="also where the clocks disagree"),
        pytest.param(entry(), "STT-2", "different", False, id="another number"),
        pytest.param(entry(issued_at=BEGIN), None, "missing", False, id="the day's first instant"),
        pytest.param(entry(issued_at=END - timedelta(seconds=1)), None, "missing", False, id="its last one"),
        pytest.param(entry(issued_at=END), None, "", True, id="the next day"),
        pytest.param(entry(typed=True), None, "", True, id="typed by staff"),
        pytest.param(entry(last_error="duplicate"), None, "", True, id="a duplicate"),
        pytest.param(entry(State.WITHDRAWN, number=None), None, "", True, id="withdrawn"),
        *(
            pytest.param(entry(state, number=None, created_at=at), listed, waits, True, id=f"{state} {listed} {waits}")
            for state in (State.QUEUED, State.SENDING, State.PENDING, State.REJECTED)
            for at, listed, waits in ((NOON, None, "waiting"), (NOON, "STT-1", "waiting"), (END, None, ""))
        ),
        pytest.param(None, "STT-1", "unknown", True, id="sent by another computer"),
    ],
)
def test_each_report_is_in_one_place(mine: Entry | None, listed: str | None, expected: str, *, agrees: bool) -> None:
    """What both have, what one lacks, and what waits here; typed numbers and duplicates are not looked for."""
    receipts = {ID: Receipt(listed, NOON)} if listed is not None else {}
    found = compare(DailyReceipt(DAY, BEGIN, END, "P-1", END, receipts), [mine] if mine is not None else [])
    assert [name for name, reports in found._asdict().items() if reports] == ([expected] if expected else [])
    assert found.agrees is agrees
