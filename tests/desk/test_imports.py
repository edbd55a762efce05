"""What importing a row does: as staff would report the guest, and nothing if it was imported before."""

import os
import tracemalloc
from datetime import UTC, date, datetime, timedelta

import pytest
from app_helpers import RULES, Importer, guest_row
from basics import FixedClock, raises_error
from outbox_helpers import receipt
from report_helpers import NOW, PRINTED, codes_of, contract_errors, draft

from apoa_client.desk.arrivals import Desk
from apoa_client.desk.import_rows import Action, FileIndex, RowResult
from apoa_client.desk.imports import Imports
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.messages import msg
from apoa_client.passport.compose import Details, compose
from apoa_client.ports.entries import Change
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Report
from apoa_client.tables.rows import GuestRow


def stay_of(importer: Importer, result: RowResult) -> StayHistory:
    assert result.imported is not None
    return Stays(importer.outbox, RULES.zone).of(result.imported.stay_id)


def imported(importer: Importer, row: GuestRow, sent: State | None = None) -> StayHistory:
    """Import a row, and give its reports this state at the authority."""
    result = importer.plan(row)
    importer.run(row)
    if sent is not None:
        for entry in stay_of(importer, result).active_reports:
            lease, _got = importer.outbox.claim([entry.id], now=NOW, lease_until=NOW + timedelta(minutes=5))
            given = receipt() if sent is State.ACCEPTED else None
            importer.outbox.settle(lease, [Change(entry.id, sent, receipt=given)])
    return stay_of(importer, result)


def kinds(result: RowResult) -> list[str]:
    return [new.report.kind.value for new in result.reports]


def codes(result: RowResult) -> set[tuple[str, str]]:
    return codes_of(result.errors)


# New guests.


def test_a_new_guest(importer: Importer) -> None:
    """A check-in with deadline, hash and warnings as the desk makes it, in the contract's form."""
    result = importer.plan(guest_row(stay_permit=""))
    [new] = result.reports
    assert result.action is Action.NEW
    assert new.report.kind is Kind.CHECK_IN
    assert contract_errors(new.report) == []
    assert new.report.created_at.isoformat() == "2026-11-24T20:30:45+07:00"
    assert new.due_at == datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
    assert new.guest_tag is not None
    assert codes_of(result.warnings) == codes_of(tuple(new.warnings)) == {("code", "missing")}
    assert "Smith" not in repr((result, result.imported)).title()


def test_the_lines_of_a_passport(importer: Importer) -> None:
    """They give what no column has; lines that cannot be read are one problem, and no missing fields."""
    lines = compose("TD3", Details(**PRINTED))
    beside = {"birth_place": "London", "nights": "3", "check_in": "2026-11-24 14:00"}
    result = importer.plan(GuestRow(2, beside, lines))
    assert (result.action, result.imported and result.imported.guest.document.number) == (Action.NEW, "925076473")
    assert codes(importer.plan(GuestRow(2, beside, ("P<GBR", "9250")))) == {("mrz", "bad_length")}


def test_every_problem_of_a_row(importer: Importer) -> None:
    """All at once; a cell that could not be read is not also missing."""
    unread = Finding("guest.birth_date", "bad_date", msg("It can be read two ways."))
    row = guest_row(sex="Q", birth_date="", check_in="", document_number="")._replace(findings=(unread,))
    result = importer.plan(row)
    assert result.action is Action.REFUSED
    assert result.imported is None
    wrong = {("birth_date", "bad_date"), ("sex", "bad_character"), ("check_in", "missing"), ("number", "missing")}
    assert codes(result) == wrong


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (guest_row(nationality="Indonesia", sex="", document_number=""), "not_foreign"),
        (guest_row(check_in="2026-11-26 14:00"), "not_arrived"),
        (guest_row(check_in="2026-11-26 14:00", document_number=""), "not_arrived"),
        (guest_row()._replace(skip="cancelled"), "cancelled"),
    ],
)
def test_what_is_skipped(importer: Importer, row: GuestRow, reason: str) -> None:
    """Indonesians, guests who are still to come, and bookings that were cancelled, whatever else is wrong."""
    result = importer.plan(row)
    assert (result.action, result.skip, result.reports, result.errors) == (Action.SKIPPED, reason, (), ())


# Departures.


@pytest.mark.parametrize(
    ("left", "at"),
    [
        ("2026-11-24 18:30", "2026-11-24T18:30:00+07:00"),
        ("2026-11-24", "2026-11-24T14:00:00+07:00"),  # noon, but not before the arrival
        ("2026-11-25", ""),
        ("2026-11-24 21:00", ""),
        (date(2026, 11, 24), "2026-11-24T14:00:00+07:00"),  # as the cells of a workbook
        (datetime(2026, 11, 24, 18, 30), "2026-11-24T18:30:00+07:00"),  # noqa: DTZ001  a cell has no zone
    ],
)
def test_a_guest_who_left(importer: Importer, left: str | date, at: str) -> None:
    """The check-out is saved with the check-in; a departure that is still to come is none."""
    result = importer.plan(guest_row()._replace(check_out=left))
    assert kinds(result) == ["check_in", *(["check_out"] if at else [])]
    if at:
        report = result.reports[1].report
        assert report.check_out is not None
        assert report.check_out.isoformat() == at
        assert contract_errors(report) == []


@pytest.mark.parametrize(("left", "code"), [("2026-11-24 13:00", "order"), ("2026-11-23", "order"), ("x", "bad_date")])
def test_a_departure_that_cannot_be(importer: Importer, left: str, code: str) -> None:
    """Before the arrival, or no time at all."""
    assert codes(importer.plan(guest_row(check_out=left))) == {("check_out", code)}


def test_the_departure_is_the_planned_one_if_the_table_has_no_other(importer: Importer) -> None:
    """A guest book of the past has arrival and departure, and no number of nights."""
    result = importer.plan(guest_row(check_in="2026-11-20 14:00", nights="", check_out="2026-11-23 10:00"))
    assert result.imported is not None
    assert result.imported.stay.nights == 3


def test_a_departure_of_today_is_the_same_an_hour_later(importer: Importer) -> None:
    """A day alone is noon, or now before noon: that changes no report."""
    morning = FixedClock(datetime(2026, 11, 25, 1, 0, tzinfo=UTC))
    early = Importer(importer.outbox, morning)
    row = guest_row(check_out="2026-11-25")
    assert early.run(row).checked_out == 1
    morning.forward(timedelta(hours=6))
    assert early.plan(row).action is Action.UNCHANGED


@pytest.mark.parametrize("sent", [None, State.ACCEPTED])
def test_a_guest_who_has_left_since(importer: Importer, sent: State | None) -> None:
    """The row has a departure now: the guest is checked out."""
    imported(importer, guest_row(), sent)
    result = importer.plan(guest_row(check_out="2026-11-24 18:00"))
    assert (result.action, kinds(result)) == (Action.CHECKED_OUT, ["check_out"])
    importer.run(guest_row(check_out="2026-11-24 18:00"))
    assert stay_of(importer, result).check_out is not None
    for row in (guest_row(check_out="2026-11-24 18:00"), guest_row()):  # nor does a table without the column undo it
        assert importer.plan(row).action is Action.UNCHANGED


@pytest.mark.parametrize(("sent", "expected"), [(None, ["check_out"]), (State.ACCEPTED, ["amend", "check_out"])])
def test_another_departure(importer: Importer, sent: State | None, expected: list[str]) -> None:
    """A check-out that was not sent is replaced; one that was sent is corrected as the contract says."""
    imported(importer, guest_row(check_out="2026-11-24 18:00"), sent)
    row = guest_row(check_out="2026-11-24 19:00")
    result = importer.plan(row)
    assert (result.action, kinds(result)) == (Action.AMENDED, expected)
    importer.run(row)
    left = stay_of(importer, result).check_out
    assert left is not None
    assert left.ends_at == datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert importer.plan(row).action is Action.UNCHANGED


# Edited rows.


@pytest.mark.parametrize(
    ("sent", "kind", "states"),
    [
        (None, "check_in", [State.QUEUED, State.SUPERSEDED]),
        (State.REJECTED, "check_in", [State.QUEUED, State.SUPERSEDED]),
        (State.ACCEPTED, "amend", [State.ACCEPTED, State.QUEUED]),
        (State.PENDING, "amend", [State.PENDING, State.QUEUED]),
    ],
)
def test_an_edited_row(importer: Importer, sent: State | None, kind: str, states: list[State]) -> None:
    """What was never sent, or refused, is replaced; what was sent is amended, with the reason "import"."""
    imported(importer, guest_row(), sent)
    row = guest_row(room="7", check_in="2026-11-24 15:00")
    result = importer.plan(row)
    assert (result.action, kinds(result)) == (Action.AMENDED, [kind])
    assert contract_errors(result.reports[0].report) == []
    assert result.reports[0].report.reason == ("import" if kind == "amend" else None)
    importer.run(row)
    assert sorted(entry.state for entry in stay_of(importer, result).entries) == sorted(states)
    assert importer.plan(row).action is Action.UNCHANGED


def test_an_edited_row_of_a_guest_who_left(importer: Importer) -> None:
    """A correction means that the guest is in house, so the check-out follows it, at the same time."""
    imported(importer, guest_row(check_out="2026-11-24 18:00"), State.ACCEPTED)
    for row in (guest_row(room="7"), guest_row(room="8", check_out="2026-11-24 18:00")):
        result = importer.plan(row)
        assert kinds(result) == ["amend", "check_out"]
        importer.run(row)
        left = stay_of(importer, result).check_out
        assert left is not None
        assert left.ends_at == datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
        assert importer.plan(row).action is Action.UNCHANGED


@pytest.mark.parametrize("sent", [None, State.ACCEPTED])
def test_a_corrected_name(importer: Importer, sent: State | None) -> None:
    """It is the same stay, which is amended: the guest is not reported twice. The old row again corrects it back."""
    history = imported(importer, guest_row(), sent)
    corrected = guest_row(surname="Smyth")
    for row in (corrected, guest_row(), corrected):
        result = importer.plan(row)
        assert result.action is Action.AMENDED
        importer.run(row)
        assert stay_of(importer, result).stay_id == history.stay_id
        assert importer.plan(row).action is Action.UNCHANGED


NAMESAKE = guest_row(document_number="X99", given_names="Jane Ann")
"""A row with the name, birth date and arrival of `guest_row()`, but another passport."""


def assert_refused_namesake(importer: Importer, row: GuestRow = NAMESAKE) -> str:
    """Check that the row is a conflict for a person to decide, and return the message."""
    result = importer.plan(row)
    assert (result.action, result.reports, codes(result)) == (Action.REFUSED, (), {("number", "conflict")})
    return result.errors[0].message.render()


@pytest.mark.parametrize("sent", [None, State.ACCEPTED, State.PENDING, State.REJECTED])
def test_another_document(importer: Importer, sent: State | None) -> None:
    """It replaces no report, and the first row again changes nothing: whether it is another guest, a person decides."""
    history = imported(importer, guest_row(), sent)
    for _time in range(2):
        assert importer.run(NAMESAKE).refused == 1
        assert importer.run(guest_row()).unchanged == 1
        assert stay_of(importer, importer.plan(guest_row())) == history
    message = assert_refused_namesake(importer)
    assert f"apoa amend {short_id(history.display_report.id)}." in message
    assert message.endswith("apoa report")


def test_a_document_that_the_desk_corrected(importer: Importer) -> None:
    """The row with the old number is still the stay's; so is that with the new one, which is unchanged."""
    history = imported(importer, guest_row(), State.ACCEPTED)
    amended_here(importer, history, document_number="X99")
    for row in (guest_row(), NAMESAKE):
        assert_conflict(importer, row)
    importer.with_key = True
    assert_conflict(importer, guest_row())
    assert importer.plan(NAMESAKE)._replace(imported=None) == RowResult(NAMESAKE, Action.UNCHANGED)


def test_a_document_that_the_desk_corrected_is_not_changed_back(importer: Importer) -> None:
    """Not even after an import of the corrected row has changed the stay."""
    amended_here(importer, imported(importer, guest_row(), State.ACCEPTED), document_number="X99")
    importer.with_key = True
    imported(importer, NAMESAKE._replace(check_out="2026-11-24 18:00"), State.ACCEPTED)
    history = imported(importer, NAMESAKE._replace(check_out="2026-11-24 19:00"), State.ACCEPTED)
    assert importer.imports._ids.is_imported(history.display_report.id)
    assert_refused_namesake(importer, guest_row())


def test_another_guest_whom_the_desk_reported(importer: Importer) -> None:
    """The row of a guest with the name of another one is known by its document, like every guest of the desk."""
    imported(importer, guest_row())
    report_by_hand(importer, document_number="X99", check_in="2026-11-24 15:00")
    assert_reported_already(importer.plan(NAMESAKE))
    importer.with_key = True
    assert importer.plan(NAMESAKE).action is Action.UNCHANGED


@pytest.mark.parametrize("erased", [False, True])
def test_another_document_than_that_of_a_closed_stay(importer: Importer, *, erased: bool) -> None:
    """It is a conflict, too, but there is no stay to amend."""
    history = imported(importer, guest_row(), State.ACCEPTED)
    if erased:
        importer.outbox.eraser.stay(history.stay_id, dry_run=False)
    else:
        importer.desk.save(importer.changes.cancel(history, "keliru"))
    message = assert_refused_namesake(importer)
    assert "apoa amend" not in message
    assert message.endswith("apoa report")


def test_a_stay_whose_data_were_erased(importer: Importer) -> None:
    """They do not come back with an edited row, and the same row is unchanged."""
    history = imported(importer, guest_row(), State.ACCEPTED)
    importer.outbox.eraser.stay(history.stay_id, dry_run=False)
    assert importer.plan(guest_row()).action is Action.UNCHANGED
    assert_conflict(importer, guest_row(room="7"))


# The desk was there, too.


def assert_conflict(importer: Importer, row: GuestRow) -> None:
    result = importer.plan(row)
    assert (result.action, result.reports) == (Action.UNCHANGED, ())
    assert codes_of(result.warnings) == {("", "conflict")}


def amended_here(importer: Importer, history: StayHistory, **typed: str) -> Report:
    assert history.current_report is not None
    before = importer.outbox.content(history.current_report).report
    examination = importer.changes.examine(before, typed)
    change = importer.changes.amend(history, examination, "pindah kamar")
    importer.desk.save(change)
    return change.report


def test_what_the_desk_changed_stays(importer: Importer) -> None:
    """The row changes nothing and is warned about, unless the key shows that it says the same."""
    history = imported(importer, guest_row(), State.ACCEPTED)
    amended_here(importer, history, room="7")
    for row in (guest_row(), guest_row(room="8"), guest_row(room="7")):
        assert_conflict(importer, row)
    importer.with_key = True
    assert importer.plan(guest_row(room="7")).warnings == ()
    assert_conflict(importer, guest_row(room="8"))


def test_a_guest_whom_the_desk_checked_out(importer: Importer) -> None:
    """The same row is unchanged; an edited one, or one with another day of departure, changes nothing."""
    history = imported(importer, guest_row())
    importer.desk.save(importer.changes.check_out(history))
    for row in (guest_row(), guest_row(check_out="2026-11-24 18:00")):
        assert importer.plan(row)._replace(imported=None) == RowResult(row, Action.UNCHANGED)
    assert_conflict(importer, guest_row(room="7"))


def test_a_check_out_that_the_desk_withdrew(importer: Importer) -> None:
    """The guest is still here, whatever the table says."""
    row = guest_row(check_out="2026-11-24 18:00")
    history = imported(importer, row)
    assert history.check_out is not None
    importer.changes.withdraw(history, [history.check_out])
    assert_conflict(importer, row)


def test_a_correction_that_the_desk_withdrew(importer: Importer) -> None:
    """It is not made again."""
    imported(importer, guest_row(), State.ACCEPTED)
    history = imported(importer, guest_row(room="7"))
    importer.changes.withdraw(history, history.active_reports[-1:])
    assert_conflict(importer, guest_row(room="7"))
    assert importer.plan(guest_row()).action is Action.UNCHANGED


@pytest.mark.parametrize("sent", [None, State.ACCEPTED])
def test_a_stay_that_the_desk_cancelled(importer: Importer, sent: State | None) -> None:
    """It does not come back."""
    history = imported(importer, guest_row(), sent)
    if sent is None:
        importer.changes.withdraw(history, history.active_reports)
    else:
        importer.desk.save(importer.changes.cancel(history, "keliru"))
    for row in (guest_row(), guest_row(room="7")):
        assert_conflict(importer, row)


def report_by_hand(importer: Importer, **changes: str) -> Report:
    examination = importer.desk.examine(draft({"check_in": "2026-11-24 15:30", "room": "5", **changes}))
    report = importer.desk.compose(examination)
    importer.desk.save(importer.desk.new_report(report, examination.warnings))
    return report


def assert_reported_already(result: RowResult) -> None:
    assert (result.action, result.skip, result.reports, result.errors) == (Action.SKIPPED, "already_reported", (), ())
    assert [warning.code for warning in result.warnings] == ["duplicate"]


def test_a_guest_whom_the_desk_reported(importer: Importer) -> None:
    """A row for the same nights is skipped, with the id of that report; only with the key it can be the same."""
    report = report_by_hand(importer)
    row = guest_row(room="Kamar 5")
    skipped = importer.plan(row)
    assert_reported_already(skipped)
    assert report.id.replace("-", "")[-8:] in skipped.warnings[0].message.render()
    importer.with_key = True
    assert importer.plan(row).action is Action.UNCHANGED
    for other in (guest_row(room="6"), guest_row(nights="4"), guest_row(check_in="2026-11-25 14:00")):
        assert_reported_already(importer.plan(other))


def test_the_number_of_a_guest_whom_the_desk_reported(importer: Importer) -> None:
    """A row with another name and birth date is another guest with a wrong number: it is refused, not skipped.

    So is one of the same family: one surname, other given names and another birth date.
    """
    report_by_hand(importer)
    importer.with_key = True
    for surname, given_names in (("OTHER", "GUEST"), ("Smith", "Emma")):
        other = guest_row(surname=surname, given_names=given_names, birth_date="1990-01-02")
        assert codes(importer.plan(other)) == {("number", "duplicate")}
    for same in (guest_row(birth_date="1990-01-02"), guest_row(given_names="Emma")):
        assert_reported_already(importer.plan(same))


def test_another_guest_with_the_number_of_an_imported_one(importer: Importer) -> None:
    """The report of the first guest is not changed into one of the other, or, without the key, not without a word."""
    imported(importer, guest_row(), State.ACCEPTED)
    other = guest_row(given_names="Emma", birth_date="1990-01-02")
    result = importer.plan(other)
    assert result.action is Action.AMENDED
    assert ("guest.document.number", "implausible") in {(each.field, each.code) for each in result.warnings}
    importer.with_key = True
    assert codes(importer.plan(other)) == {("number", "duplicate")}
    assert importer.plan(guest_row(given_names="Emma")).action is Action.AMENDED
    in_another_room = importer.plan(guest_row(room="7"))
    assert "implausible" not in {each.code for each in in_another_room.warnings}


def test_a_guest_whom_the_desk_reported_and_checked_out_the_same_day(importer: Importer) -> None:
    """The stay has no night any more, and is the row's all the same."""
    report = report_by_hand(importer)
    history = Stays(importer.outbox, RULES.zone).of(report.stay_id)
    importer.desk.save(importer.changes.check_out(history))
    assert_reported_already(importer.plan(guest_row()))


def test_a_property_without_the_key_of_the_hash(importer: Importer) -> None:
    """Imported rows could not be recognised, so nothing is imported."""
    desk = Desk(importer.outbox, FixedClock(NOW), RULES._replace(index_key=b""), os.urandom)
    with raises_error("index_key_missing"):
        Imports(desk, importer.changes, lambda _entry: None)


def test_a_guest_who_comes_back_on_the_day_of_departure(importer: Importer) -> None:
    """Two stays of one file that have no night in common are both imported."""
    index = FileIndex()
    for place, day in enumerate(("2026-11-22", "2026-11-24")):
        result = importer.plan(guest_row(check_in=day, nights="2"))
        assert result.imported is not None
        index.add(place, result, result.imported)
    assert list(index.findings()) == []


def test_a_row_takes_few_bytes_in_the_index(importer: Importer) -> None:
    """A table may have a hundred thousand rows: under a hundred bytes for each."""
    index, result = FileIndex(), importer.plan(guest_row())
    assert result.imported is not None
    tracemalloc.start()
    for place in range(1000, 3000):
        index.add(place, result, result.imported)
    taken, _most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / 2000 < 100
