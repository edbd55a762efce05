"""Changes of a stay: reports that were sent get a further report, others are changed without traffic."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from basics import FixedClock, search
from desk_scenario import DeskScenario
from hypothesis import assume, given
from hypothesis import strategies as st
from outbox_helpers import finding
from report_helpers import NOW, TYPED, WIB, codes_of, contract_errors, draft, look, mrz, scanned

from apoa_client.desk.changes import (
    correction_draft,
    find_refused,
    reports_to_withdraw,
    require_current_report,
    undo_advice,
)
from apoa_client.desk.stay_history import StayHistory
from apoa_client.errors import DataRefused, ReportMoved
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Change, Entry, NewReport
from apoa_client.report.findings import ReportRefused
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Report
from apoa_client.report.parse_fields import Draft
from apoa_client.report.rules import Examination, examine


@pytest.fixture
def clock() -> FixedClock:
    """Half past eight in the evening."""
    return FixedClock(NOW)


@pytest.fixture
def scenario(outbox: SqliteOutbox, clock: FixedClock) -> DeskScenario:
    """A desk in Jakarta."""
    return DeskScenario(outbox, clock)


def states(history: StayHistory) -> list[tuple[str, str]]:
    return [(entry.kind.value, entry.state.value) for entry in history.entries]


# Check-out.


def test_a_check_out_now(scenario: DeskScenario) -> None:
    """A further report of the same stay, as the contract requires it, without a deadline."""
    history = scenario.arrive()
    scenario.clock.forward(timedelta(days=3, microseconds=5))
    pending = scenario.changes.check_out(history)
    entry = scenario.desk.save(pending)
    assert contract_errors(pending.report) == []
    assert pending.report.check_out == (NOW + timedelta(days=3)).astimezone(WIB)
    assert pending.report.id != history.entries[0].id
    assert (entry.stay_id, entry.kind, entry.due_at) == (history.stay_id, Kind.CHECK_OUT, None)
    after = scenario.of(history)
    assert after.check_out == entry
    assert not after.in_house


@pytest.mark.parametrize(
    ("at", "code"),
    [("2026-11-24T20:29", "order"), ("2026-11-25T20:31", "implausible"), ("2026-11-31", "bad_date"), ("", "bad_date")],
)
def test_impossible_check_out_times(scenario: DeskScenario, at: str, code: str) -> None:
    """Before the check-in, more than a day in the future, or no time; nothing is saved."""
    history = scenario.arrive()
    stay = scenario.current_content(history).stay
    with pytest.raises(ReportRefused) as caught:
        scenario.changes.check_out(history, scenario.changes.parse_time(at), stay)
    assert codes_of(caught.value.errors) == {("check_out", code)}
    assert scenario.of(history) == history


def test_without_the_key_the_day_of_arrival_is_known(scenario: DeskScenario) -> None:
    """The hour is sealed; the first night is not."""
    history = scenario.arrive()
    with pytest.raises(ReportRefused):
        scenario.changes.check_out(history, datetime(2026, 11, 23, 23, 59, tzinfo=WIB))
    assert scenario.changes.check_out(history, datetime(2026, 11, 24, 0, 0, tzinfo=WIB)).report.check_out is not None


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("Asia/Jakarta", "2026-12-01T00:00", "2026-12-01T00:00:00+07:00"),
        ("Asia/Jayapura", "2026-11-30T23:59:59", "2026-11-30T23:59:59+09:00"),
        ("Asia/Jayapura", "2026-11-30T22:00+07:00", "2026-12-01T00:00:00+09:00"),
        ("Asia/Jakarta", "01/12/2026", "2026-12-01T00:00:00+07:00"),
        ("Asia/Jakarta", "2028-02-29T12:00", "2028-02-29T12:00:00+07:00"),
    ],
)
def test_a_time_is_local_to_the_property(
    outbox: SqliteOutbox, clock: FixedClock, zone: str, at: str, expected: str
) -> None:
    """At a month's end, at midnight, on a leap day, in the west and in the east."""
    scenario = DeskScenario(outbox, clock, ZoneInfo(zone))
    history = scenario.arrive()
    clock.time = datetime.fromisoformat(expected) + timedelta(hours=1)
    pending = scenario.changes.check_out(history, scenario.changes.parse_time(at))
    assert pending.report.check_out is not None
    assert pending.report.check_out.isoformat() == expected
    assert contract_errors(pending.report) == []


@pytest.mark.parametrize("state", [None, State.ACCEPTED, State.REJECTED])
def test_a_second_check_out_is_refused(scenario: DeskScenario, state: State | None) -> None:
    """The error names the first check-out and how to undo it, in each of its states."""
    history = scenario.deliver(scenario.arrive())
    history = scenario.save(scenario.changes.check_out(history))
    history = scenario.deliver(history, state) if state is not None else history
    with pytest.raises(DataRefused) as caught:
        scenario.changes.check_out(history)
    advice = {None: "apoa cancel", State.ACCEPTED: "apoa amend", State.REJECTED: "apoa fix"}[state]
    assert advice in (caught.value.advice or finding().message).template
    assert history.check_out is not None
    named = history.entries[0] if state is State.ACCEPTED else history.check_out
    assert named.id.endswith(str((caught.value.advice or finding().message).values["id"]))


# Corrections.


def test_a_sent_report_is_corrected_by_a_further_report(scenario: DeskScenario) -> None:
    """The complete report with the reason, whatever changed, as the contract requires."""
    history = scenario.deliver(scenario.arrive())
    pending = scenario.amended(history, room="8", nights="5")
    assert contract_errors(pending.report) == []
    assert pending.replaces == ()
    stay = pending.report.stay
    assert (pending.report.kind, pending.report.reason) == (Kind.AMEND, "pindah kamar")
    assert stay is not None
    assert (stay.room, stay.planned_check_out) == ("8", date(2026, 11, 29))
    assert pending.report.guest == scenario.current_content(history).guest
    entry = scenario.desk.save(pending)
    assert entry.due_at is None
    assert states(scenario.of(history)) == [("check_in", "accepted"), ("amend", "queued")]


@pytest.mark.parametrize("refused", [False, True])
def test_an_unsent_check_in_is_replaced(scenario: DeskScenario, refused: bool) -> None:  # noqa: FBT001  a parameter
    """By a check-in with its own deadline; no reason is needed, and none is sent."""
    history = scenario.arrive()
    history = scenario.deliver(history, State.REJECTED) if refused else history
    first = history.entries[0]
    scenario.clock.forward(timedelta(hours=1))
    history = scenario.save(scenario.amended(history, None, room="8", check_in="2026-11-24T18:00"))
    assert states(history) == [("check_in", "queued"), ("check_in", "superseded")]
    assert history.current_report is not None
    assert (history.current_report.seq, history.current_report.due_at) == (
        first.seq,
        datetime(2026, 11, 25, 11, 0, tzinfo=UTC),
    )
    assert scenario.current_content(history).reason is None


def test_nights_that_say_nothing_are_missing(scenario: DeskScenario) -> None:
    """A text that was typed is never ignored, also where the report has a day of departure."""
    before = scenario.current_content(scenario.deliver(scenario.arrive()))
    assert codes_of(scenario.changes.examine(before, {"nights": "-"}).errors) == {("planned_check_out", "missing")}
    found = scenario.changes.examine(before, {"nights": "5", "planned_check_out": "-"}).stay
    assert found is not None
    assert found.nights == 5


def test_an_unsent_correction_is_replaced(scenario: DeskScenario) -> None:
    """By a correction with the new reason; the replaced one cannot be withdrawn."""
    history = scenario.save(scenario.amended(scenario.deliver(scenario.arrive()), room="8"))
    history = scenario.save(scenario.amended(history, "kamar 9", room="9"))
    assert states(history) == [("check_in", "accepted"), ("amend", "queued"), ("amend", "superseded")]
    assert scenario.current_content(history).reason == "kamar 9"
    with pytest.raises(DataRefused):
        reports_to_withdraw(history, history.entries[-1])


@pytest.mark.parametrize("arrived", [False, True])
def test_a_correction_undoes_a_check_out(scenario: DeskScenario, arrived: bool) -> None:  # noqa: FBT001  a parameter
    """Even if nothing else changed; unsent reports are replaced, so that the authority gets one report."""
    history = scenario.arrive()
    history = scenario.deliver(history) if arrived else history
    history = scenario.save(scenario.changes.check_out(history))
    pending = scenario.amended(history)
    assert (pending.report.guest, pending.report.stay) == (
        scenario.current_content(history).guest,
        scenario.current_content(history).stay,
    )
    assert pending.report.kind is (Kind.AMEND if arrived else Kind.CHECK_IN)
    after = scenario.save(pending)
    assert after.in_house
    assert len([entry for entry in after.active_reports if entry.state is State.QUEUED]) == 1


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_correction_has_a_reason(scenario: DeskScenario, reason: str | None) -> None:
    """As the contract requires, and in plain characters; the rules of a check-in hold, too."""
    history = scenario.deliver(scenario.arrive())
    with pytest.raises(ReportRefused) as caught:
        scenario.amended(history, reason, room="8")
    assert codes_of(caught.value.errors) == {("reason", "missing")}
    with pytest.raises(ReportRefused) as caught:
        scenario.amended(history, "a\x1b[2J", room="8")
    assert codes_of(caught.value.errors) == {("reason", "bad_character")}
    with pytest.raises(ReportRefused) as caught:
        scenario.amended(history, planned_check_out="2026-11-24", surname="")
    assert ("planned_check_out", "order") in codes_of(caught.value.errors)


def test_a_correction_is_never_late(scenario: DeskScenario) -> None:
    """Only a check-in has a deadline; a check-in that is replaced late still has the warnings."""
    history = scenario.arrive()
    scenario.clock.forward(timedelta(days=61))
    late = {("check_in", "late"), ("check_in", "implausible")}
    assert codes_of(scenario.amended(history, room="8").warnings) >= late
    assert not codes_of(scenario.amended(scenario.deliver(history), room="8").warnings) & late


def test_a_report_that_was_sent_meanwhile_is_not_replaced(scenario: DeskScenario) -> None:
    """Nothing changes, and an error is raised."""
    history = scenario.arrive()
    pending = scenario.amended(history, None, room="8")
    after = scenario.deliver(history)
    with pytest.raises(ReportMoved):
        scenario.desk.save(pending)
    assert scenario.of(history) == after


def test_a_report_that_may_have_arrived_is_not_replaced(scenario: DeskScenario) -> None:
    """A call without an answer may have reached the authority; a call that was never sent did not."""
    one, other = scenario.arrive(), scenario.arrive()
    assert scenario.amended(scenario.deliver(one, State.QUEUED)).report.kind is Kind.AMEND
    assert scenario.amended(scenario.deliver(other, State.QUEUED, unsent=True), room="8").report.kind is Kind.CHECK_IN


# Where nothing is typed, the same comes out.

_TEXT = st.text("ABC abc'-é", min_size=1, max_size=12).filter(lambda text: any(c.isalpha() for c in text))
_DAY = st.dates(date(2027, 1, 1), date(2090, 12, 31)).map(str)
_OPTIONAL = {
    "room": _TEXT,
    "note": _TEXT,
    "purpose": st.sampled_from(["bisnis", "wisata", "other"]),
    "phone": st.just("+62 811 23"),
    "email": st.just("a@b.id"),
    "stay_permit": _TEXT,
    "stay_permit_number": _TEXT,
    "stay_until": _DAY,
    "entry_date": st.dates(date(2020, 1, 1), date(2026, 11, 24)).map(str),
    "issuing_state": st.sampled_from(["D", "POL", "UNO", "XXA"]),
    "check_in": st.sampled_from(["2026-11-24T08:15:30", "2026-11-24", "2024-02-29T23:59+09:00"]),
}
_REQUIRED = {
    "surname": _TEXT,
    "given_names": _TEXT | st.just(""),
    "sex": st.sampled_from(["L", "P", "X"]),
    "birth_place": _TEXT | st.just("-"),
    "birth_date": st.sampled_from(["1985", "1985-09", "29/02/1984", "2026-11-20"]),
    "nationality": st.sampled_from(["Jerman", "GBR", "UNO"]),
    "document_number": st.text("ABC0123456789", min_size=1, max_size=20),
    "expiry_date": _DAY,
    "nights": st.integers(1, 366).map(str),
}


@search(160)
@given(
    st.fixed_dictionaries(_REQUIRED, optional=_OPTIONAL),
    st.booleans(),
    st.integers(0, 40),
)
def test_nothing_typed_changes_nothing(typed: dict[str, str], is_scanned: bool, later: int) -> None:  # noqa: FBT001  drawn
    """Guest and stay are unchanged, the MRZ included, however long ago they were reported."""
    first = examine(Draft(typed, mrz() if is_scanned else None), now=NOW, zone=WIB)
    assume(not first.errors)
    before = Report("r", "s", Kind.CHECK_IN, NOW, first.guest, first.stay)
    now = NOW + timedelta(days=later)
    second = examine(correction_draft(before, {}, today=now.date()), now=now, zone=WIB)
    assert second.errors == ()
    assert (second.guest, second.stay) == (first.guest, first.stay)


@search(120)
@given(st.sampled_from(sorted(_OPTIONAL | _REQUIRED)), st.data())
def test_only_typed_fields_change(name: str, data: st.DataObject) -> None:
    """As if they had been typed at first."""
    value = data.draw((_OPTIONAL | _REQUIRED)[name])
    plain = Draft(TYPED | {"issuing_state": "GBR"})
    first, expected = look(plain), look(Draft({**plain.typed, name: value}))
    before = Report("r", "s", Kind.CHECK_IN, NOW, first.guest, first.stay)
    found = examine(correction_draft(before, {name: value}, today=NOW.date()), now=NOW, zone=WIB)
    if name == "check_in" and expected.stay is not None and found.stay is not None:
        # The planned day stays, although a new check-in changes the number of nights.
        assert first.stay is not None
        expected = expected._replace(stay=expected.stay._replace(planned_check_out=first.stay.planned_check_out))
    assert (found.guest, found.stay) == (expected.guest, expected.stay)


def test_a_new_mrz_replaces_the_guest(scenario: DeskScenario) -> None:
    """Its fields come from the MRZ, the others stay, and typed values win over both."""
    history = scenario.deliver(scenario.arrive(draft({"surname": "SMYTH"})))
    examination = scenario.changes.examine(scenario.current_content(history), {"given_names": "JANE"}, mrz())
    assert examination.guest is not None
    assert (examination.guest.surname, examination.guest.given_names) == ("SMITH", "JANE")
    assert examination.guest.birth_place == "LONDON"
    assert examination.guest.document.mrz == mrz().lines


def test_the_document_type_stays(scenario: DeskScenario) -> None:
    """For a diplomatic passport without a stored MRZ."""
    before = scenario.current_content(scenario.arrive(scanned(mrz())))
    assert before.guest is not None
    document = before.guest.document._replace(type="PD", mrz=None)
    kept = before._replace(guest=before.guest._replace(document=document))
    examination = scenario.changes.examine(kept, {"room": "8"})
    assert examination.guest is not None
    assert examination.guest.document == document


# Cancellation.


def test_a_sent_stay_is_cancelled_by_a_report(scenario: DeskScenario) -> None:
    """Reports that were never sent are replaced by it."""
    history = scenario.save(scenario.amended(scenario.deliver(scenario.arrive()), room="8"))
    history = scenario.save(scenario.changes.check_out(history))
    pending = scenario.changes.cancel(history, "salah orang")
    assert contract_errors(pending.report) == []
    assert pending.report.reason == "salah orang"
    history = scenario.save(pending)
    assert [state for _kind, state in states(history)].count("superseded") == 2
    assert history.active_reports[-1].kind is Kind.CANCEL
    assert not history.is_active


def test_reports_to_withdraw(scenario: DeskScenario) -> None:
    """One later unsent report alone; all reports of an unsent stay; none if a cancellation must be sent."""
    unsent, history = (scenario.save(scenario.changes.check_out(scenario.arrive())) for _stay in range(2))
    scenario.changes.withdraw(unsent, unsent.active_reports)
    assert states(scenario.of(unsent)) == [("check_in", "withdrawn"), ("check_out", "withdrawn")]
    first, last = history.entries
    assert reports_to_withdraw(history, last) == (last,)
    assert reports_to_withdraw(history, first) == (first, last)
    history = scenario.deliver(history)
    assert [reports_to_withdraw(history, entry) for entry in history.entries[:2]] == [(), ()]


def test_an_unneeded_cancellation_is_withdrawn_too(scenario: DeskScenario) -> None:
    """The check-in got no answer, the stay was cancelled, and then the check-in was refused."""
    history = scenario.deliver(scenario.arrive(), State.QUEUED)
    history = scenario.save(scenario.changes.cancel(history, "salah orang"))
    check_in, cancellation = history.entries
    with pytest.raises(DataRefused):
        reports_to_withdraw(history, check_in)
    lease, _claimed = scenario.outbox.claim([check_in.id], now=NOW, lease_until=NOW + timedelta(minutes=5))
    scenario.outbox.settle(lease, [Change(check_in.id, State.REJECTED, errors=(finding(),))])
    history = scenario.of(history)
    assert [entry.id for entry in reports_to_withdraw(history, history.entries[0])] == [check_in.id, cancellation.id]
    scenario.changes.withdraw(history, history.active_reports)
    with pytest.raises(DataRefused):
        reports_to_withdraw(scenario.of(history), history.entries[0])


def test_a_correction_between_two_check_outs_stays(scenario: DeskScenario) -> None:
    """As long as the second check-out exists, which the error names."""
    history = scenario.deliver(scenario.save(scenario.changes.check_out(scenario.deliver(scenario.arrive()))))
    history = scenario.save(scenario.changes.check_out(scenario.save(scenario.amended(history))))
    *_earlier, correction, again = history.active_reports
    with pytest.raises(DataRefused) as caught:
        reports_to_withdraw(history, correction)
    assert caught.value.advice is not None
    assert again.id.endswith(str(caught.value.advice.values["id"]))
    scenario.changes.withdraw(history, reports_to_withdraw(history, again))
    history = scenario.of(history)
    assert reports_to_withdraw(history, correction) == (correction,)


@pytest.mark.parametrize("other", ["check_out", "amend", "withdraw"])
def test_a_change_by_another_desk_wins(scenario: DeskScenario, other: str) -> None:
    """A change that was made before it is not saved, and overwrites nothing."""
    history = scenario.deliver(scenario.arrive())
    history = scenario.save(scenario.amended(history, room="8"))
    proposals = [
        scenario.changes.check_out(history),
        scenario.amended(history, room="9"),
        scenario.changes.cancel(history, "x"),
    ]
    if other == "withdraw":
        scenario.changes.withdraw(history, history.active_reports[1:])
    else:
        scenario.save(
            scenario.changes.check_out(history) if other == "check_out" else scenario.amended(history, room="10")
        )
    after = scenario.of(history)
    for pending in proposals:
        with pytest.raises(ReportMoved):
            scenario.desk.save(pending)
    with pytest.raises(ReportMoved):
        scenario.changes.withdraw(history, history.active_reports[1:])
    assert scenario.of(history) == after


def test_a_cancelled_or_withdrawn_stay_cannot_change(scenario: DeskScenario) -> None:
    """No check-out, no correction and no second cancellation."""
    void = scenario.save(scenario.changes.cancel(scenario.deliver(scenario.arrive()), "batal"))
    gone = scenario.arrive()
    scenario.changes.withdraw(gone, gone.active_reports)
    for history in (void, scenario.of(gone)):
        for change in (
            lambda: scenario.changes.check_out(history),  # noqa: B023  called before the next one comes
            lambda: scenario.changes.amend(history, Examination(None, None, (), ()), "x"),  # noqa: B023
            lambda: scenario.changes.cancel(history, "x"),  # noqa: B023
            lambda: require_current_report(history),  # noqa: B023
        ):
            with pytest.raises(DataRefused) as caught:
                change()
            assert not isinstance(caught.value, ReportRefused)


# Refused, and fixed.


def test_a_refused_report_is_replaced_in_order(scenario: DeskScenario) -> None:
    """By one of the same kind; later reports still follow it."""
    history = scenario.deliver(scenario.arrive(), State.REJECTED)
    history = scenario.save(scenario.changes.check_out(history))
    refused = find_refused(history, history.entries[-1])
    assert refused.kind is Kind.CHECK_IN
    examination = scenario.changes.examine(scenario.current_content(history), {"document_number": "X1"})
    history = scenario.save(scenario.changes.amend(history, examination, None, refused))
    assert states(history) == [("check_in", "queued"), ("check_out", "queued"), ("check_in", "superseded")]
    assert history.entries[0].due_at == refused.due_at


def test_a_refused_correction_check_out_and_cancellation(scenario: DeskScenario) -> None:
    """Each is fixed by its own kind; a correction keeps its reason, a check-out its rules."""
    history = scenario.deliver(scenario.arrive())
    for first, fix in (
        (lambda s: scenario.amended(s, room="8"), _fixed_correction),
        (scenario.changes.check_out, lambda scenario, s, e: scenario.changes.check_out(s, NOW, None, e)),
        (lambda s: scenario.changes.cancel(s, "x"), lambda scenario, s, e: scenario.changes.cancel(s, "y", e)),
    ):
        history = scenario.deliver(scenario.save(first(history)), State.REJECTED)
        refused = find_refused(history, history.active_reports[-1])
        pending = fix(scenario, history, refused)
        assert contract_errors(pending.report) == []
        history = scenario.deliver(scenario.save(pending))
        assert (history.active_reports[-1].kind, history.active_reports[-1].state) == (refused.kind, State.ACCEPTED)
    with pytest.raises(ReportRefused):
        scenario.changes.check_out(history, datetime(2026, 11, 1, tzinfo=WIB), None, history.active_reports[1])


def _fixed_correction(scenario: DeskScenario, history: StayHistory, refused: Entry) -> NewReport:
    examination = scenario.changes.examine(scenario.current_content(history), {"room": "9"})
    with pytest.raises(ReportRefused):
        scenario.changes.amend(history, examination, None, refused)
    return scenario.changes.amend(history, examination, "kamar 9", refused)


def test_only_refused_reports_are_fixed(scenario: DeskScenario) -> None:
    """The error says what to do instead."""
    history = scenario.arrive()
    with pytest.raises(DataRefused) as caught:
        find_refused(history, history.entries[0])
    assert caught.value.advice is not None
    assert "apoa amend" in caught.value.advice.template
    scenario.changes.withdraw(history, history.active_reports)
    with pytest.raises(DataRefused) as caught:
        find_refused(scenario.of(history), history.entries[0])
    assert caught.value.advice is not None
    assert "apoa show" in caught.value.advice.template


def test_every_report_can_be_undone(scenario: DeskScenario) -> None:
    """As long as it was not sent, by `apoa cancel`; later, by a correction."""
    history = scenario.deliver(scenario.arrive())
    for pending, later in (
        (scenario.amended(history, room="8"), "apoa amend"),
        (scenario.changes.check_out(history), "apoa amend"),
        (scenario.changes.cancel(history, "x"), "apoa report"),
    ):
        entry = scenario.desk.save(pending)
        assert "apoa cancel" in undo_advice(entry, history.shown_id).template
        assert later in undo_advice(entry._replace(state=State.ACCEPTED), history.shown_id).template
        scenario.changes.withdraw(scenario.of(history), [entry])
    assert scenario.of(history).active_reports == history.active_reports
    arrived = scenario.arrive()
    assert "withdrawn" in undo_advice(arrived.entries[0], arrived.shown_id).template
    assert "apoa amend" in undo_advice(history.entries[0], history.shown_id).template
