"""The rest of a stay's life: what left gets a report behind it, and what did not is changed without traffic."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import FixedClock, search
from hypothesis import assume, given
from hypothesis import strategies as st
from outbox_helpers import finding, open_outbox, receipt
from report_helpers import NOW, TYPED, WIB, codes_of, contract_errors, draft, look, mrz, scanned, spoilt

from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.changes import (
    Changes,
    PendingChange,
    find_refused,
    reports_to_withdraw,
    require_current_report,
    undo_advice,
)
from apoa_client.desk.correction_draft import CorrectionDraft, typed_texts
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.errors import DataRefused, ReportMoved
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Change, Entry
from apoa_client.report.draft import Draft
from apoa_client.report.findings import ReportRefused
from apoa_client.report.kinds import Kind, State
from apoa_client.report.model import Report
from apoa_client.report.rules import CHECK_DIGIT_NOTE, Examination, examine


class Chance:
    """Bytes that are never the same twice, and always the same in a test."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, count: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(count, "big")


class Life:
    """A desk with an outbox, and an authority that answers as it is told."""

    def __init__(self, outbox: SqliteOutbox, clock: FixedClock, zone: Any = WIB) -> None:
        self.outbox, self.clock = outbox, clock
        settings, chance = ReportingRules(zone, 24, b"k"), Chance()
        self.desk = Desk(outbox, clock, settings, chance)
        self.changes = Changes(self.desk, outbox, clock, settings, chance)
        self.stays = Stays(outbox, zone)

    def arrive(self, given: Draft | None = None) -> StayHistory:
        report = self.desk.compose(self.desk.examine(given or draft()))
        self.desk.save(report, ())
        return self.of(report.stay_id)

    def of(self, stay: str | StayHistory) -> StayHistory:
        return self.stays.of(stay if isinstance(stay, str) else stay.stay_id)

    def lands(self, history: StayHistory, state: State = State.ACCEPTED, *, unsent: bool = False) -> StayHistory:
        """Whatever of the stay is queued goes out, and this becomes of it."""
        now = self.clock.time
        for entry in self.of(history).active_reports:
            if entry.state is State.QUEUED:
                lease, _claimed = self.outbox.claim([entry.id], now=now, lease_until=now + timedelta(minutes=5))
                proof = receipt() if state is State.ACCEPTED else None
                errors = (finding(),) if state is State.REJECTED else None
                self.outbox.settle(lease, [Change(entry.id, state, receipt=proof, errors=errors, unsent=unsent)])
        return self.of(history)

    def goes_out(self, proposal: PendingChange) -> StayHistory:
        self.changes.save(proposal)
        return self.of(proposal.report.stay_id)

    def amended(self, history: StayHistory, reason: str | None = "pindah kamar", **typed: str) -> PendingChange:
        before = self.said(history)
        return self.changes.amend(history, self.changes.examine(CorrectionDraft(before, typed)), reason)

    def said(self, history: StayHistory) -> Report:
        assert history.current_report is not None
        return self.outbox.content(history.current_report).report


@pytest.fixture
def clock() -> FixedClock:
    """Half past eight in the evening."""
    return FixedClock(NOW)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[SqliteOutbox]:
    """An outbox with its key."""
    with open_outbox(tmp_path / "outbox.db") as opened:
        yield opened


@pytest.fixture
def life(outbox: SqliteOutbox, clock: FixedClock) -> Life:
    """A desk in Jakarta."""
    return Life(outbox, clock)


def states(history: StayHistory) -> list[tuple[str, str]]:
    return [(entry.kind.value, entry.state.value) for entry in history.entries]


# Check-out.


def test_a_guest_leaves_now(life: Life) -> None:
    """A report of its own, behind the arrival, of the same stay, as the contract has it, and with no deadline."""
    history = life.arrive()
    life.clock.forward(timedelta(days=3, microseconds=5))
    proposal = life.changes.check_out(history)
    entry = life.changes.save(proposal)
    assert contract_errors(proposal.report) == []
    assert proposal.report.check_out == (NOW + timedelta(days=3)).astimezone(WIB)
    assert proposal.report.id != history.entries[0].id
    assert (entry.stay_id, entry.kind, entry.due_at) == (history.stay_id, Kind.CHECK_OUT, None)
    after = life.of(history)
    assert after.check_out == entry
    assert not after.in_house


@pytest.mark.parametrize(
    ("at", "code"),
    [("2026-11-24T20:29", "order"), ("2026-11-25T20:31", "implausible"), ("2026-11-31", "bad_date"), ("", "bad_date")],
)
def test_a_time_that_cannot_be(life: Life, at: str, code: str) -> None:
    """Before the check-in, more than a day ahead, or none at all; nothing is saved."""
    history = life.arrive()
    stay = life.said(history).stay
    with pytest.raises(ReportRefused) as caught:
        life.changes.check_out(history, life.changes.parse_time(at), stay)
    assert codes_of(caught.value.errors) == {("check_out", code)}
    assert life.of(history) == history


def test_without_the_key_the_day_of_arrival_is_known(life: Life) -> None:
    """The hour is sealed; the night is not."""
    history = life.arrive()
    with pytest.raises(ReportRefused):
        life.changes.check_out(history, datetime(2026, 11, 23, 23, 59, tzinfo=WIB))
    assert life.changes.check_out(history, datetime(2026, 11, 24, 0, 0, tzinfo=WIB)).report.check_out is not None


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
def test_a_time_is_the_houses_own(outbox: SqliteOutbox, clock: FixedClock, zone: str, at: str, expected: str) -> None:
    """At a month's end, at midnight, on a leap day, in the west and in the east."""
    life = Life(outbox, clock, ZoneInfo(zone))
    history = life.arrive()
    clock.time = datetime.fromisoformat(expected) + timedelta(hours=1)
    proposal = life.changes.check_out(history, life.changes.parse_time(at))
    assert proposal.report.check_out is not None
    assert proposal.report.check_out.isoformat() == expected
    assert contract_errors(proposal.report) == []


@pytest.mark.parametrize("state", [None, State.ACCEPTED, State.REJECTED])
def test_nobody_leaves_twice(life: Life, state: State | None) -> None:
    """Which report says so, and how it is undone, is said: whether it left, did not, or was refused."""
    history = life.lands(life.arrive())
    history = life.goes_out(life.changes.check_out(history))
    history = life.lands(history, state) if state is not None else history
    with pytest.raises(DataRefused) as caught:
        life.changes.check_out(history)
    advice = {None: "apoa cancel", State.ACCEPTED: "apoa amend", State.REJECTED: "apoa fix"}[state]
    assert advice in (caught.value.advice or finding().message).template
    assert history.check_out is not None
    assert history.check_out.id.endswith(str((caught.value.advice or finding().message).values["id"]))


def test_who_is_there_again_leaves_again(life: Life) -> None:
    """After a correction that followed a check-out."""
    history = life.lands(life.goes_out(life.changes.check_out(life.lands(life.arrive()))))
    history = life.goes_out(life.amended(history))
    assert history.in_house
    assert not life.goes_out(life.changes.check_out(history)).in_house


# Corrections.


def test_what_arrived_is_corrected_behind_it(life: Life) -> None:
    """The whole again, with the reason; and by the contract, whatever changed."""
    history = life.lands(life.arrive())
    proposal = life.amended(history, room="8", nights="5")
    assert contract_errors(proposal.report) == []
    assert proposal.replaces == ()
    stay = proposal.report.stay
    assert (proposal.report.kind, proposal.report.reason) == (Kind.AMEND, "pindah kamar")
    assert stay is not None
    assert (stay.room, stay.planned_check_out) == ("8", date(2026, 11, 29))
    assert proposal.report.guest == life.said(history).guest
    entry = life.changes.save(proposal)
    assert entry.due_at is None
    assert states(life.of(history)) == [("check_in", "accepted"), ("amend", "queued")]


@pytest.mark.parametrize("refused", [False, True])
def test_what_never_arrived_is_replaced(life: Life, refused: bool) -> None:  # noqa: FBT001  a parameter
    """By a check-in with its own deadline, in its place; no reason is needed, and none is sent."""
    history = life.arrive()
    history = life.lands(history, State.REJECTED) if refused else history
    first = history.entries[0]
    life.clock.forward(timedelta(hours=1))
    history = life.goes_out(life.amended(history, None, room="8", check_in="2026-11-24T18:00"))
    assert states(history) == [("check_in", "queued"), ("check_in", "superseded")]
    assert history.current_report is not None
    assert (history.current_report.seq, history.current_report.due_at) == (
        first.seq,
        datetime(2026, 11, 25, 11, 0, tzinfo=UTC),
    )
    assert life.said(history).reason is None


def test_a_correction_that_never_arrived_is_replaced(life: Life) -> None:
    """It stays a correction, and its reason is the new one."""
    history = life.goes_out(life.amended(life.lands(life.arrive()), room="8"))
    history = life.goes_out(life.amended(history, "kamar 9", room="9"))
    assert states(history) == [("check_in", "accepted"), ("amend", "queued"), ("amend", "superseded")]
    assert life.said(history).reason == "kamar 9"


@pytest.mark.parametrize("arrived", [False, True])
def test_a_correction_undoes_a_check_out(life: Life, arrived: bool) -> None:  # noqa: FBT001  a parameter
    """With nothing else changed; what of it never left is replaced, so that the authority hears of one thing."""
    history = life.arrive()
    history = life.lands(history) if arrived else history
    history = life.goes_out(life.changes.check_out(history))
    proposal = life.amended(history)
    assert (proposal.report.guest, proposal.report.stay) == (life.said(history).guest, life.said(history).stay)
    assert proposal.report.kind is (Kind.AMEND if arrived else Kind.CHECK_IN)
    after = life.goes_out(proposal)
    assert after.in_house
    assert len([entry for entry in after.active_reports if entry.state is State.QUEUED]) == 1


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_correction_has_a_reason(life: Life, reason: str | None) -> None:
    """As the contract asks, and in plain characters."""
    history = life.lands(life.arrive())
    with pytest.raises(ReportRefused) as caught:
        life.amended(history, reason, room="8")
    assert codes_of(caught.value.errors) == {("reason", "missing")}
    with pytest.raises(ReportRefused) as caught:
        life.amended(history, "a\x1b[2J", room="8")
    assert codes_of(caught.value.errors) == {("reason", "bad_character")}


def test_a_correction_is_never_late(life: Life) -> None:
    """The deadline is an arrival's; a check-in that is replaced late is still told."""
    history = life.arrive()
    life.clock.forward(timedelta(days=2))
    assert ("check_in", "late") in codes_of(life.amended(history, room="8").warnings)
    assert ("check_in", "late") not in codes_of(life.amended(life.lands(history), room="8").warnings)


def test_what_does_not_hold_is_refused(life: Life) -> None:
    """By the rules of an arrival."""
    history = life.lands(life.arrive())
    with pytest.raises(ReportRefused) as caught:
        life.amended(history, planned_check_out="2026-11-24", surname="")
    assert ("planned_check_out", "order") in codes_of(caught.value.errors)


def test_what_left_meanwhile_is_not_replaced(life: Life) -> None:
    """A sync came in between: nothing changes, and somebody is told."""
    history = life.arrive()
    proposal = life.amended(history, None, room="8")
    after = life.lands(history)
    with pytest.raises(ReportMoved):
        life.changes.save(proposal)
    assert life.of(history) == after


def test_what_may_have_arrived_is_not_replaced(life: Life) -> None:
    """A call without an answer may have reached the authority; one that never left did not."""
    one, other = life.arrive(), life.arrive()
    assert life.amended(life.lands(one, State.QUEUED)).report.kind is Kind.AMEND
    assert life.amended(life.lands(other, State.QUEUED, unsent=True), room="8").report.kind is Kind.CHECK_IN


# Where nothing is typed, the same comes out.

_TEXT = st.text("ABC abc'-é", min_size=1, max_size=12).filter(lambda text: any(c.isalpha() for c in text))
_DAY = st.dates(date(2027, 1, 1), date(2090, 12, 31)).map(str)
_OPTIONAL = {
    "room": _TEXT,
    "note": _TEXT | st.just(CHECK_DIGIT_NOTE),
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


@search(300)
@given(
    st.fixed_dictionaries(_REQUIRED, optional=_OPTIONAL),
    st.sampled_from(["", "mrz", "spoilt"]),
    st.integers(0, 40),
)
def test_nothing_typed_changes_nothing(typed: dict[str, str], lines: str, later: int) -> None:
    """Whatever was reported, and however long ago: guest and stay come out as they went in, evidence included."""
    read = mrz() if lines else None
    passport = spoilt(1, 9, "1" if mrz().lines[1][9] != "1" else "2") if lines == "spoilt" else read
    first = examine(Draft(typed, passport, accept_check_digit=True), now=NOW, zone=WIB)
    assume(not first.errors)
    before = Report("r", "s", Kind.CHECK_IN, NOW, first.guest, first.stay)
    again = CorrectionDraft(before)
    now = NOW + timedelta(days=later)
    second = again.with_document_type(examine(again.draft(now.date()), now=now, zone=WIB))
    assert second.errors == ()
    assert (second.guest, second.stay) == (first.guest, first.stay)


@search(200)
@given(st.sampled_from(sorted(_OPTIONAL | _REQUIRED)), st.data())
def test_what_is_typed_is_what_changes(name: str, data: st.DataObject) -> None:
    """As if it had been typed in the first place, everything else being as it was."""
    value = data.draw((_OPTIONAL | _REQUIRED)[name])
    plain = Draft(TYPED | {"issuing_state": "GBR"})
    first, meant = look(plain), look(Draft({**plain.typed, name: value}))
    before = Report("r", "s", Kind.CHECK_IN, NOW, first.guest, first.stay)
    redraft = CorrectionDraft(before, {name: value})
    found = examine(redraft.draft(NOW.date()), now=NOW, zone=WIB)
    if name == "check_in" and meant.stay is not None and found.stay is not None:
        # The planned day stays, where nights would be counted anew.
        assert first.stay is not None
        meant = replace(meant, stay=replace(meant.stay, planned_check_out=first.stay.planned_check_out))
    assert (found.guest, found.stay) == (meant.guest, meant.stay)


def test_new_lines_say_the_guest_anew(life: Life) -> None:
    """What the MRZ holds comes from it, what it does not hold stays, and what is typed wins over both."""
    history = life.lands(life.arrive(draft({"surname": "SMYTH", "note": CHECK_DIGIT_NOTE})))
    redraft = CorrectionDraft(life.said(history), {"given_names": "JANE"}, mrz())
    examination = life.changes.examine(redraft)
    assert examination.guest is not None
    assert (examination.guest.surname, examination.guest.given_names) == ("SMITH", "JANE")
    assert examination.guest.birth_place == "LONDON"
    assert examination.guest.document.mrz == mrz().lines
    assert examination.stay is not None
    assert examination.stay.note is None


def test_a_kind_of_document_that_no_field_tells_stays(life: Life) -> None:
    """A diplomat's passport whose lines were no evidence."""
    before = life.said(life.arrive(scanned(mrz())))
    assert before.guest is not None
    document = replace(before.guest.document, type="PD", mrz=None)
    kept = replace(before, guest=replace(before.guest, document=document))
    examination = life.changes.examine(CorrectionDraft(kept, {"room": "8"}))
    assert examination.guest is not None
    assert examination.guest.document == document


def test_only_what_is_whole_is_drafted_again() -> None:
    """A departure has no guest in it."""
    with pytest.raises(ValueError, match="neither"):
        typed_texts(Report("r", "s", Kind.CHECK_OUT, NOW, check_out=NOW))


# Cancellation.


def test_a_stay_is_void(life: Life) -> None:
    """A report behind the others; what never left need not go before it."""
    history = life.goes_out(life.amended(life.lands(life.arrive()), room="8"))
    history = life.goes_out(life.changes.check_out(history))
    proposal = life.changes.cancel(history, "salah orang")
    assert contract_errors(proposal.report) == []
    assert proposal.report.reason == "salah orang"
    history = life.goes_out(proposal)
    assert [state for _kind, state in states(history)].count("superseded") == 2
    assert history.active_reports[-1].kind is Kind.CANCEL
    assert not history.is_active


def test_a_stay_that_nobody_heard_of_is_withdrawn(life: Life) -> None:
    """Whole, at once, without traffic."""
    history = life.goes_out(life.changes.check_out(life.arrive()))
    assert history.withdrawable
    life.changes.withdraw(history, history.active_reports)
    assert states(life.of(history)) == [("check_in", "withdrawn"), ("check_out", "withdrawn")]


def test_what_is_withdrawn(life: Life) -> None:
    """One later report that never left, alone; all of a stay of which nothing left; nothing where it must be told."""
    history = life.goes_out(life.changes.check_out(life.arrive()))
    first, last = history.entries
    assert reports_to_withdraw(history, last) == (last,)
    assert reports_to_withdraw(history, first) == (first, last)
    history = life.lands(history)
    assert [reports_to_withdraw(history, entry) for entry in history.entries[:2]] == [(), ()]


def test_a_cancellation_that_nobody_needs_goes_too(life: Life) -> None:
    """The check-in's answer was lost, the stay was cancelled, and then the check-in turns out to be refused."""
    history = life.lands(life.arrive(), State.QUEUED)
    history = life.goes_out(life.changes.cancel(history, "salah orang"))
    check_in, cancellation = history.entries
    with pytest.raises(DataRefused):
        reports_to_withdraw(history, check_in)
    lease, _claimed = life.outbox.claim([check_in.id], now=NOW, lease_until=NOW + timedelta(minutes=5))
    life.outbox.settle(lease, [Change(check_in.id, State.REJECTED, errors=(finding(),))])
    history = life.of(history)
    assert [entry.id for entry in reports_to_withdraw(history, history.entries[0])] == [check_in.id, cancellation.id]
    life.changes.withdraw(history, history.active_reports)
    with pytest.raises(DataRefused):
        reports_to_withdraw(life.of(history), history.entries[0])


def test_nobody_leaves_twice_because_something_was_taken_back(life: Life) -> None:
    """A correction between two check-outs stays as long as the second one; that one is named."""
    history = life.lands(life.goes_out(life.changes.check_out(life.lands(life.arrive()))))
    history = life.goes_out(life.changes.check_out(life.goes_out(life.amended(history))))
    *_earlier, correction, again = history.active_reports
    with pytest.raises(DataRefused) as caught:
        reports_to_withdraw(history, correction)
    assert caught.value.advice is not None
    assert again.id.endswith(str(caught.value.advice.values["id"]))
    life.changes.withdraw(history, reports_to_withdraw(history, again))
    history = life.of(history)
    assert reports_to_withdraw(history, correction) == (correction,)


def test_taken_back_already(life: Life) -> None:
    """And what was replaced, too."""
    history = life.goes_out(life.amended(life.lands(life.arrive()), room="8"))
    history = life.goes_out(life.amended(history, room="9"))
    with pytest.raises(DataRefused):
        reports_to_withdraw(history, history.entries[-1])
    assert history.entries[-1].state is State.SUPERSEDED


@pytest.mark.parametrize("other", ["check_out", "amend", "withdraw"])
def test_somebody_else_was_there_first(life: Life, other: str) -> None:
    """Two people at two desks: what one decided before the other's change is not saved, and undoes nothing unseen."""
    history = life.lands(life.arrive())
    history = life.goes_out(life.amended(history, room="8"))
    proposals = [life.changes.check_out(history), life.amended(history, room="9"), life.changes.cancel(history, "x")]
    if other == "withdraw":
        life.changes.withdraw(history, history.active_reports[1:])
    else:
        life.goes_out(life.changes.check_out(history) if other == "check_out" else life.amended(history, room="10"))
    after = life.of(history)
    for proposal in proposals:
        with pytest.raises(ReportMoved):
            life.changes.save(proposal)
    with pytest.raises(ReportMoved):
        life.changes.withdraw(history, history.active_reports[1:])
    assert life.of(history) == after


def test_a_void_stay_is_left_alone(life: Life) -> None:
    """No check-out, correction or second cancellation of it, and none of one that was withdrawn."""
    void = life.goes_out(life.changes.cancel(life.lands(life.arrive()), "batal"))
    gone = life.arrive()
    life.changes.withdraw(gone, gone.active_reports)
    for history in (void, life.of(gone)):
        for change in (
            lambda: life.changes.check_out(history),  # noqa: B023  called before the next one comes
            lambda: life.changes.amend(history, Examination(None, None, (), ()), "x"),  # noqa: B023
            lambda: life.changes.cancel(history, "x"),  # noqa: B023
            lambda: require_current_report(history),  # noqa: B023
        ):
            with pytest.raises(DataRefused) as caught:
                change()
            assert not isinstance(caught.value, ReportRefused)


# Refused, and mended.


def test_a_refused_report_has_a_successor_in_its_place(life: Life) -> None:
    """Of its kind; what waited behind it stays behind it."""
    history = life.lands(life.arrive(), State.REJECTED)
    history = life.goes_out(life.changes.check_out(history))
    refused = find_refused(history, history.entries[-1])
    assert refused.kind is Kind.CHECK_IN
    examination = life.changes.examine(CorrectionDraft(life.said(history), {"document_number": "X1"}))
    history = life.goes_out(life.changes.fix(history, refused, examination, None))
    assert states(history) == [("check_in", "queued"), ("check_out", "queued"), ("check_in", "superseded")]
    assert history.entries[0].due_at == refused.due_at


def test_a_refused_correction_check_out_and_cancellation(life: Life) -> None:
    """Each mended as what it is; a correction keeps a reason, a check-out its rules."""
    history = life.lands(life.arrive())
    for first, fix in (
        (lambda s: life.amended(s, room="8"), _mended_amend),
        (life.changes.check_out, lambda life, s, e: life.changes.fix_check_out(s, e, NOW, None)),
        (lambda s: life.changes.cancel(s, "x"), lambda life, s, e: life.changes.fix_cancel(s, e, "y")),
    ):
        history = life.lands(life.goes_out(first(history)), State.REJECTED)
        refused = find_refused(history, history.active_reports[-1])
        proposal = fix(life, history, refused)
        assert contract_errors(proposal.report) == []
        history = life.lands(life.goes_out(proposal))
        assert (history.active_reports[-1].kind, history.active_reports[-1].state) == (refused.kind, State.ACCEPTED)
    with pytest.raises(ReportRefused):
        life.changes.fix_check_out(history, history.active_reports[1], datetime(2026, 11, 1, tzinfo=WIB), None)


def _mended_amend(life: Life, history: StayHistory, refused: Entry) -> PendingChange:
    examination = life.changes.examine(CorrectionDraft(life.said(history), {"room": "9"}))
    with pytest.raises(ReportRefused):
        life.changes.fix(history, refused, examination, None)
    return life.changes.fix(history, refused, examination, "kamar 9")


def test_what_was_not_refused_is_not_mended(life: Life) -> None:
    """And what to do instead is said."""
    history = life.arrive()
    with pytest.raises(DataRefused) as caught:
        find_refused(history, history.entries[0])
    assert caught.value.advice is not None
    assert "apoa amend" in caught.value.advice.template
    life.changes.withdraw(history, history.active_reports)
    with pytest.raises(DataRefused) as caught:
        find_refused(life.of(history), history.entries[0])
    assert caught.value.advice is not None
    assert "apoa show" in caught.value.advice.template


def test_everything_can_be_taken_back(life: Life) -> None:
    """As long as it did not leave, by `apoa cancel`; then by what puts it right."""
    history = life.lands(life.arrive())
    for proposal, later in (
        (life.amended(history, room="8"), "apoa amend"),
        (life.changes.check_out(history), "apoa amend"),
        (life.changes.cancel(history, "x"), "apoa report"),
    ):
        entry = life.changes.save(proposal)
        assert "apoa cancel" in undo_advice(entry).template
        assert later in undo_advice(entry._replace(state=State.ACCEPTED)).template
        life.changes.withdraw(life.of(history), [entry])
    assert life.of(history).active_reports == history.active_reports
    assert "withdrawn" in undo_advice(life.arrive().entries[0]).template
    assert "apoa amend" in undo_advice(history.entries[0]).template
