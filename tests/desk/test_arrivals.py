"""Check-ins: from a draft to a durable report, without any secret and without a connection."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from conftest import FixedClock, raises_error
from outbox_helpers import PUBLIC_KEY, open_outbox
from report_helpers import NOW, WIB, codes_of, contract_errors, draft, mrz, scanned

from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.errors import SecretMissing
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import MrzUnreadable
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.draft import Draft
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Report
from apoa_client.vault.sealing import PropertySealer


def locked() -> bytes:
    raise SecretMissing(msg("The keyring is locked."))


class CountingBytes:
    """Bytes that differ in each call, and are the same in each run of the test."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, count: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(count, "big")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the outbox."""
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """An outbox whose private key is not available."""
    with SqliteOutbox.open(path, PropertySealer(PUBLIC_KEY, locked), create=True) as opened:
        yield opened


@pytest.fixture
def clock() -> FixedClock:
    """Half past eight in the evening, with a fraction of a second."""
    return FixedClock(NOW + timedelta(microseconds=123456))


@pytest.fixture
def desk(outbox: SqliteOutbox, clock: FixedClock) -> Desk:
    """A desk in Jakarta with a reporting window of 24 hours."""
    return Desk(outbox, clock, ReportingRules(WIB, 24), CountingBytes())


def filed(desk: Desk, given: Draft) -> tuple[Report, Entry]:
    examination = desk.examine(given)
    report = desk.compose(examination)
    return report, desk.save(report, examination.warnings)


def test_a_guest_is_saved_with_the_keyring_locked(desk: Desk, path: Path) -> None:
    """The report is in the outbox with its deadline; with the key, report and warnings can be read."""
    report, entry = filed(desk, draft({"stay_permit": ""}))
    assert report.stay is not None
    assert (entry.id, entry.stay_id, entry.kind, entry.state) == (
        report.id,
        report.stay_id,
        Kind.CHECK_IN,
        State.QUEUED,
    )
    assert entry.due_at == report.stay.check_in + timedelta(hours=24)
    with open_outbox(path) as opened:
        content = opened.content(entry)
    assert content.report == report
    assert codes_of(content.warnings) == {("code", "missing")}


def test_times_are_as_the_contract_sends_them(desk: Desk) -> None:
    """In the property's time zone, to the second."""
    report, _ = filed(desk, scanned(desk.read(mrz().lines)))
    assert report.created_at.isoformat() == "2026-11-24T20:30:45+07:00"
    assert contract_errors(report) == []


def test_ids_are_unique(desk: Desk) -> None:
    """Two guests in the same second are two stays."""
    one, other = (filed(desk, draft())[0] for _ in range(2))
    assert len({one.id, one.stay_id, other.id, other.stay_id}) == 4


def test_the_deadline_depends_on_the_window_and_the_check_in(outbox: SqliteOutbox, clock: FixedClock) -> None:
    """Not on the time of typing."""
    desk = Desk(outbox, clock, ReportingRules(WIB, 12), CountingBytes())
    _, entry = filed(desk, draft({"check_in": "2026-11-24T09:00"}))
    assert entry.due_at == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_a_report_without_a_stay_has_no_deadline(desk: Desk) -> None:
    """No rule sets a deadline for a check-out."""
    departure = Report(
        "0199c2a4-0000-7000-8000-000000000001",
        "0199c2a4-0000-7000-8000-000000000002",
        Kind.CHECK_OUT,
        NOW,
        check_out=NOW,
    )
    assert desk.save(departure, ()).due_at is None


def test_a_draft_with_errors_is_refused(desk: Desk, outbox: SqliteOutbox) -> None:
    """The error holds all findings, and nothing is saved."""
    examination = desk.examine(draft({"stay_permit": ""}, without="sex nights"))
    with pytest.raises(ReportRefused) as caught:
        desk.compose(examination)
    assert codes_of(caught.value.errors) == {("sex", "missing"), ("planned_check_out", "missing")}
    assert caught.value.warnings == examination.warnings
    assert outbox.summary(now=NOW, soon=NOW).counts[State.QUEUED] == 0


def test_the_same_report_is_not_saved_twice(desk: Desk) -> None:
    """An id is unique."""
    report, _ = filed(desk, draft())
    with raises_error("report_exists"):
        desk.save(report, ())


def group(desk: Desk, *given: Draft) -> list[tuple[Report, tuple[Finding, ...]]]:
    """Return guests as checked and composed, but not saved."""
    examined = [desk.examine(each) for each in given]
    return [(desk.compose(examination), examination.warnings) for examination in examined]


FAMILY = [
    draft({"room": "7", "document_number": "AB1204976"}),
    draft({"room": "7", "document_number": "AB1204977", "given_names": "", "stay_permit": ""}),
    draft({"room": "8", "document_number": "AB1204978", "check_in": "2026-11-24T09:00"}),
]


def test_a_group_is_saved_like_single_guests(desk: Desk, path: Path) -> None:
    """With the keyring locked, in order, each with its own stay, deadline and warnings."""
    family = group(desk, *FAMILY)
    entries = desk.save_all([desk.new_report(*each) for each in family])
    assert [entry.id for entry in entries] == [report.id for report, _warnings in family]
    assert len({entry.stay_id for entry in entries}) == 3
    assert [entry.due_at for entry in entries] == [
        report.stay.check_in + timedelta(hours=24) for report, _warnings in family if report.stay is not None
    ]
    with open_outbox(path) as opened:
        contents = [opened.content(entry) for entry in entries]
    assert [(content.report, content.warnings) for content in contents] == family
    assert codes_of(contents[1].warnings) == {("code", "missing")}


def test_a_group_is_saved_completely_or_not_at_all(desk: Desk, outbox: SqliteOutbox) -> None:
    """One of them is saved already, so none of the others is saved."""
    family = group(desk, *FAMILY)
    desk.save(*family[2])
    with raises_error("report_exists"):
        desk.save_all([desk.new_report(*each) for each in family])
    assert [entry.id for entry in outbox.entries(Selection())] == [family[2][0].id]
    assert len(desk.save_all([desk.new_report(*each) for each in family[:2]])) == 2


def test_an_mrz_is_read_as_of_the_propertys_date(outbox: SqliteOutbox) -> None:
    """A guest born today, local time, was born today and not a hundred years ago."""
    clock = FixedClock(datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    lines = mrz(birth_date=PartialDate(2026, 11, 25)).lines
    for zone, year in ((WIB, 1926), (timezone(timedelta(hours=9)), 2026)):
        born = Desk(outbox, clock, ReportingRules(zone, 24), CountingBytes()).read(lines).birth_date
        assert born is not None
        assert born.year == year


def test_a_text_that_is_not_an_mrz_is_refused(desk: Desk) -> None:
    """With the message of the passport package."""
    with pytest.raises(MrzUnreadable):
        desk.read(["hello"])
