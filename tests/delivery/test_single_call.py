"""Calls outside a delivery run, such as one for the PDF of a receipt, under the same rules as a delivery."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from authority_simulator import AuthoritySimulator
from basics import NOW, FixedClock, raises_error
from delivery_helpers import SETTINGS, UNKNOWN_AUTHORITY, Hotel
from outbox_helpers import report, uuid
from outbox_stores import AnyOutbox, Store

from apoa_client.delivery.single_call import SingleCalls, compare
from apoa_client.errors import AccountSuspended, ApoaError, AuthorityBusy, Offline, SettingsProblem, WrongPassword
from apoa_client.messages import msg
from apoa_client.ports.authority import Authority, AuthorityIdentity, DailyReceipt, Status
from apoa_client.ports.entries import Entry
from apoa_client.ports.state import Summary
from apoa_client.report.codes import CodeTable
from apoa_client.report.kinds import Kind, Receipt, State
from apoa_client.report.model import to_json


@pytest.fixture
def outbox(store: Store) -> Iterator[AnyOutbox]:
    """An empty outbox."""
    with store.open() as opened:
        yield opened


class Refusing:
    """A `connect` for an authority that is offline or refuses; counts the calls."""

    def __init__(self, error: ApoaError) -> None:
        self.error = error
        self.calls = 0

    def __call__(self) -> Authority:
        self.calls += 1
        raise self.error


def test_the_pdf_is_returned(outbox: AnyOutbox, clock: FixedClock) -> None:
    """The PDF of an acquired report, and None for another."""
    simulator = AuthoritySimulator()
    simulator.submit([(uuid(1), to_json(report(1)))])
    calls = SingleCalls(outbox, lambda: simulator, clock, SETTINGS)
    assert (calls.call(lambda each: each.receipt_pdf(uuid(1))) or b"").startswith(b"%PDF-")
    assert calls.call(lambda each: each.receipt_pdf(uuid(2))) is None


@pytest.mark.parametrize(
    ("error", "settings", "calls"),
    [
        (WrongPassword(msg("No.")), [SETTINGS, SETTINGS, "others"], [1, 1, 2]),
        (AccountSuspended(msg("No.")), [SETTINGS, SETTINGS, "others"], [1, 1, 2]),
        (AuthorityBusy(msg("Busy."), retry_after=60), [SETTINGS, SETTINGS], [1, 1]),
        (Offline(msg("No line.")), [SETTINGS, SETTINGS], [1, 2]),
    ],
)
def test_an_error_holds_for_later_calls(
    outbox: AnyOutbox, clock: FixedClock, error: ApoaError, settings: list[str], calls: list[int]
) -> None:
    """A refused account until the settings change, a wait for all runs; a line that is down is tried again."""
    refusing = Refusing(error)
    for each, count in zip(settings, calls, strict=True):
        with pytest.raises(type(error)):
            SingleCalls(outbox, refusing, clock, each).call(lambda authority: authority.receipt_pdf(uuid(1)))
        assert refusing.calls == count
    found = outbox.summary(now=clock.now(), soon=clock.now())
    assert (found.hold_until is not None) is isinstance(error, AuthorityBusy)
    assert (found.suspension is not None) is isinstance(error, WrongPassword | AccountSuspended)


class TestValidation:
    """What the authority would say about reports, which it does not store."""

    IDENTITY = AuthorityIdentity("training", "P-1")
    BODIES = tuple((uuid(number), to_json(report(number))) for number in range(1, 6))

    def test_the_verdicts_of_all_batches(self, outbox: AnyOutbox, clock: FixedClock) -> None:
        """As many calls as the authority's largest batch needs; nothing is acquired."""
        simulator = AuthoritySimulator(max_batch=2)
        found = SingleCalls(outbox, lambda: simulator, clock, SETTINGS, self.IDENTITY).validate(self.BODIES)
        assert [each.id for each in found] == [report_id for report_id, _body in self.BODIES]
        assert {each.status for each in found} <= {Status.ACCEPTED, Status.DUPLICATE}
        assert (simulator.order, simulator.batches) == ([], [])

    def test_nothing_goes_to_another_authority(self, outbox: AnyOutbox, clock: FixedClock) -> None:
        """The reports are personal data."""
        simulator = AuthoritySimulator()
        with pytest.raises(SettingsProblem):
            SingleCalls(outbox, lambda: simulator, clock, SETTINGS, AuthorityIdentity("production", "P-1")).validate(
                self.BODIES
            )
        assert simulator.known == {}


def test_a_code_table_is_fetched_when_it_has_changed(outbox: AnyOutbox, clock: FixedClock) -> None:
    """The kept one stays while its ETag is current; None for a table that the authority does not have."""
    simulator = AuthoritySimulator()

    def fetch(kept: CodeTable | None) -> CodeTable | None:
        return SingleCalls(outbox, lambda: simulator, clock, SETTINGS).code_table("purposes", kept)

    assert fetch(None) is None
    simulator.tables["purposes"] = CodeTable("purposes", "1", (), '"1"')
    kept = fetch(None)
    assert kept is not None
    assert fetch(kept) is kept
    simulator.tables["purposes"] = CodeTable("purposes", "2", (), '"2"')
    assert fetch(kept) == simulator.tables["purposes"]
    assert [etag for _table, etag in simulator.tables_asked] == [None, None, '"1"', '"1"']


# The time of the authority is asked for where nothing is sent.


def ask(hotel: Hotel, settings: str = SETTINGS, expected: AuthorityIdentity = UNKNOWN_AUTHORITY) -> None:
    SingleCalls(hotel.outbox, lambda: hotel.authority, hotel.clock, settings, expected).record_time()


def summary(hotel: Hotel) -> Summary:
    return hotel.outbox.summary(now=hotel.clock.now(), soon=hotel.clock.now())


def test_the_time_is_recorded(hotel: Hotel) -> None:
    """As a contact, with the difference to this computer's clock."""
    hotel.authority.now = NOW - timedelta(days=100)
    ask(hotel)
    assert summary(hotel).last_contact_at == hotel.clock.now()
    assert summary(hotel).clock_skew == hotel.authority.now - hotel.clock.now()


def test_the_time_of_the_contact_is_that_of_the_answer(hotel: Hotel) -> None:
    """A slow call does not look like a wrong clock."""

    def connect() -> Authority:
        hotel.wait(seconds=50)
        hotel.authority.now = hotel.clock.now()
        return hotel.authority

    SingleCalls(hotel.outbox, connect, hotel.clock, SETTINGS).record_time()
    assert (summary(hotel).last_contact_at, summary(hotel).clock_skew) == (hotel.clock.now(), timedelta())


def test_another_authority(hotel: Hotel) -> None:
    """Its time confirms nothing, also in a delivery."""
    expected = AuthorityIdentity("production", "P-1")
    with raises_error("another_authority"):
        ask(hotel, expected=expected)
    hotel.add(1)
    assert hotel.sync(expected=expected).error is not None
    assert summary(hotel).last_contact_at is None
    assert hotel.outbox.clock_checked_at(hotel.clock.now()) is None


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
