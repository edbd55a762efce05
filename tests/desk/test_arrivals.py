"""Check-ins: from a guest form and a draft to a durable report, without any secret and without a connection."""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from basics import FixedClock, raises_error
from cli_helpers import QUENTIN
from cli_helpers import Guest as CliGuest
from desk_scenario import LOCKED
from hypothesis import given
from hypothesis import strategies as st
from outbox_helpers import open_outbox
from report_helpers import NOW, WIB, codes_of, contract_errors, draft, look, mrz, scanned

from apoa_client.desk.arrivals import Desk, ReportingRules, unaccompanied_minor_warnings
from apoa_client.desk.guest_form import ASKED_FIELDS, GuestForm, forms_from_json, forms_to_json, trusted_texts
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import Mrz, read_mrz
from apoa_client.ports.entries import Entry, Selection
from apoa_client.report.findings import Finding, ReportRefused
from apoa_client.report.kinds import State
from apoa_client.report.model import Guest, Report, Stay
from apoa_client.report.parse_fields import Draft


@pytest.fixture
def outbox(path: Path) -> Iterator[SqliteOutbox]:
    """An outbox whose private key is not available."""
    with SqliteOutbox.open(path, LOCKED, create=True) as opened:
        yield opened


@pytest.fixture
def clock() -> FixedClock:
    """Half past eight in the evening, with a fraction of a second."""
    return FixedClock(NOW + timedelta(microseconds=123456))


@pytest.fixture
def desk(outbox: SqliteOutbox, clock: FixedClock) -> Desk:
    """A desk in Jakarta with a reporting window of 24 hours."""
    return Desk(outbox, clock, ReportingRules(WIB, 24), os.urandom)


def filed(desk: Desk, given: Draft) -> tuple[Report, Entry]:
    examination = desk.examine(given)
    report = desk.compose(examination)
    return report, desk.save(desk.new_report(report, examination.warnings))


def test_times_are_as_the_contract_sends_them(desk: Desk) -> None:
    """In the property's time zone, to the second."""
    report, _ = filed(desk, scanned(desk.read(mrz().lines)))
    assert report.created_at.isoformat() == "2026-11-24T20:30:45+07:00"
    assert contract_errors(report) == []


def test_the_deadline_depends_on_the_window_and_the_check_in(outbox: SqliteOutbox, clock: FixedClock) -> None:
    """Not on the time of typing."""
    desk = Desk(outbox, clock, ReportingRules(WIB, 12), os.urandom)
    _, entry = filed(desk, draft({"check_in": "2026-11-24T09:00"}))
    assert entry.due_at == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_a_draft_with_errors_is_refused(desk: Desk, outbox: SqliteOutbox) -> None:
    """The error holds all findings, and nothing is saved."""
    examination = desk.examine(draft({"stay_permit": ""}, without="sex nights"))
    with pytest.raises(ReportRefused) as caught:
        desk.compose(examination)
    assert codes_of(caught.value.errors) == {("sex", "missing"), ("planned_check_out", "missing")}
    assert caught.value.warnings == examination.warnings
    assert outbox.summary(now=NOW, soon=NOW).counts[State.QUEUED] == 0


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
    desk.save(desk.new_report(*family[2]))
    with raises_error("report_exists"):
        desk.save_all([desk.new_report(*each) for each in family])
    assert [entry.id for entry in outbox.entries(Selection())] == [family[2][0].id]
    assert len(desk.save_all([desk.new_report(*each) for each in family[:2]])) == 2


def test_an_mrz_is_read_as_of_the_propertys_date(outbox: SqliteOutbox) -> None:
    """A guest born today, local time, was born today and not a hundred years ago."""
    clock = FixedClock(datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    lines = mrz(birth_date=PartialDate(2026, 11, 25)).lines
    for zone, year in ((WIB, 1926), (timezone(timedelta(hours=9)), 2026)):
        born = Desk(outbox, clock, ReportingRules(zone, 24), os.urandom).read(lines).birth_date
        assert born is not None
        assert born.year == year


ARRIVAL = datetime(2026, 11, 24, 20, 30, tzinfo=WIB)
DAY = timedelta(days=1)

ADULT, CHILD = "1985-09-12", "2015-03-01"
OPEN = "2008"
"""Eighteen at some time in the year of arrival, or already."""


def guest(born: str) -> Guest:
    examination = look(draft({"birth_date": born}))
    assert examination.guest is not None
    return examination.guest


def guest_stay(born: str, room: str | None = "7", first: int = 0, nights: int = 3) -> tuple[Guest, Stay]:
    """Return a guest with a date of birth, in a room, from some days after the first arrival."""
    check_in = ARRIVAL + first * DAY
    return guest(born), Stay(check_in, check_in.date() + nights * DAY, room)


def have_warning(*group: tuple[Guest, Stay]) -> list[bool]:
    """Return for each guest whether there is a warning."""
    return [bool(warnings) for warnings in unaccompanied_minor_warnings(group)]


@pytest.mark.parametrize(
    ("born", "warned"),
    [
        ("2008-11-24", False),  # eighteen on the day of arrival
        ("2008-11-25", True),  # a day later
        ("2008-11", False),  # may be eighteen
        ("2008-12", True),
        ("2008", False),
        ("2009", True),
        ("2026-11-24", True),
        ("1990", False),
        ("1985-09-12", False),
    ],
)
def test_under_eighteen_on_the_day_of_arrival(born: str, *, warned: bool) -> None:
    """A partly known date of birth makes a minor only where there is no doubt."""
    assert have_warning(guest_stay(born)) == [warned]


def test_the_day_is_the_propertys_own() -> None:
    """Half past eight in the evening in London is the next morning here."""
    stay = Stay(datetime(2026, 11, 25, 3, 30, tzinfo=WIB), date(2026, 11, 27))
    assert have_warning((guest("2008-11-25"), stay)) == [False]


@pytest.mark.parametrize(
    ("child", "adult", "warned"),
    [
        ("7", "7", False),
        ("7", "8", True),
        ("7a", "7A", False),
        ("kamar 7", "7", False),
        (None, "8", False),
        ("7", None, False),
        (None, None, False),
    ],
)
def test_in_the_same_room(child: str | None, adult: str | None, *, warned: bool) -> None:
    """A guest without a room counts as being in every room."""
    assert have_warning(guest_stay(CHILD, child), guest_stay(ADULT, adult)) == [warned, False]


ROOMS = st.sampled_from([None, "7", "8"])
BIRTHS = st.sampled_from([ADULT, CHILD, OPEN, "2009"])
GUEST_STAYS = st.builds(guest_stay, BIRTHS, ROOMS, st.integers(0, 4), st.integers(1, 5))


@given(st.lists(GUEST_STAYS, max_size=6))
def test_night_by_night(group: list[tuple[Guest, Stay]]) -> None:
    """The result equals a check of every room on every night."""
    born_children = {PartialDate.from_iso(CHILD), PartialDate(2009)}

    def nights(stay: Stay) -> set[date]:
        first = stay.check_in.date()
        return {first + number * DAY for number in range((stay.planned_check_out - first).days)}

    def watched(child: Stay) -> set[date]:
        others = [stay for guest, stay in group if guest.birth_date not in born_children]
        near = [stay for stay in others if stay.room in {None, child.room} or child.room is None]
        return set[date]().union(*(nights(stay) for stay in near))

    expected = [guest.birth_date in born_children and bool(nights(stay) - watched(stay)) for guest, stay in group]
    assert have_warning(*group) == expected


# Guest forms.

BEGAN = datetime(2026, 11, 24, 20, 0, tzinfo=WIB)


def read(lines: Sequence[str]) -> Mrz:
    return read_mrz(lines, today=BEGAN.date())


def asked(form: GuestForm) -> list[str]:
    """Return the fields that are asked if each is answered."""
    names = []
    while (name := form.next_field()) is not None:
        names.append(name)
        form.typed[name] = "x"
    return names


class TestNextField:
    """In our order, without known fields."""

    def test_a_single_name(self) -> None:
        """An MRZ with one name answers both fields; a birth date that it lacks may be printed on the page."""
        single = CliGuest("SUKARNO", "", "ZX1234567", "SOLO")
        undated = single.lines[1][:13] + "<<<<<<0" + single.lines[1][20:]
        names = asked(GuestForm(mrz=read((single.lines[0], undated))))
        assert ("given_names" in names, "birth_date" in names) == (False, True)

    def test_a_truncated_name_is_asked(self) -> None:
        """With the beginning as the suggestion."""
        long = CliGuest("PAPANDROPOULOU", "JONATHON WARREN TREVOR ALEXANDER", "ZX1234567", "GDANSK")
        form = GuestForm(mrz=read(long.lines))
        assert form.next_field() == "given_names"
        assert "JONATHON WARREN".startswith(form.suggestion("given_names")[:15])
        assert form.truncated_field == "given_names"
        form.set_passport(None, {})
        assert form.truncated_field == "given_names"
        stored = forms_from_json(forms_to_json([form], BEGAN), read)
        assert [each.truncated_field for each in stored] == ["given_names"]
        assert GuestForm(mrz=read(QUENTIN.lines)).truncated_field == ""

    def test_nights_or_a_day(self) -> None:
        """A day of departure answers the nights; if nights are requested, the day is deleted."""
        form = GuestForm({"planned_check_out": "2026-11-26"})
        assert "nights" not in asked(form)
        form.request_fields("nights")
        assert form.next_field() == "nights"
        assert "planned_check_out" not in form.typed

    def test_requested_fields_come_first(self) -> None:
        """Also a field that the MRZ has."""
        form = GuestForm(mrz=read(QUENTIN.lines))
        form.request_fields("email", "surname")
        assert asked(form)[:2] == ["email", "surname"]

    def test_a_companion_keeps_the_stay(self) -> None:
        """And nothing about the guest."""
        form = GuestForm(
            {"surname": "A", "room": "7", "nights": "2", "purpose": "family", "note": "late", "phone": "0812"}
        )
        assert form.for_companion() == GuestForm({"room": "7", "nights": "2", "purpose": "family"})
        assert not form.for_companion().has_guest_data


class TestSuggestions:
    """Trusted fields of an invalid MRZ."""

    def test_only_trusted_fields_are_suggested(self) -> None:
        """Neither a field whose check digit fails nor one of two names with a digit."""
        wrong = QUENTIN.lines[1][:19] + "0" + QUENTIN.lines[1][20:]
        texts = trusted_texts(read((QUENTIN.lines[0], wrong)))
        assert "birth_date" not in texts
        assert (texts["surname"], texts["document_number"]) == ("ZYKOWSKI", "ZX1234567")
        misread = trusted_texts(read((QUENTIN.lines[0].replace("ZYK", "2YK"), QUENTIN.lines[1])))
        assert not {"surname", "given_names"} & misread.keys()


class TestStoredForms:
    """Unfinished forms as JSON and back."""

    def test_a_group_is_restored(self) -> None:
        """With MRZ lines, which are read again, and typed texts; the default check-in is when it was started."""
        first = GuestForm({"birth_place": "GDANSK", "check_in": "2026-11-24T18:00:00+07:00"})
        first.set_passport(read(QUENTIN.lines), {})
        second = GuestForm({"surname": "QUIJANO"})
        second.set_passport(None, {"given_names": "XIMENA"})
        one, two = forms_from_json(forms_to_json([first, second], BEGAN), read)
        assert one == first
        assert two.typed == {"surname": "QUIJANO", "check_in": "2026-11-24T20:00:00+07:00"}
        assert (two.suggested, two.mrz_asked) == ({"given_names": "XIMENA"}, True)

    @given(st.dictionaries(st.sampled_from(ASKED_FIELDS), st.text(max_size=20)))
    def test_every_typed_text_is_restored(self, typed: dict[str, str]) -> None:
        """No text is lost or changed."""
        [form] = forms_from_json(forms_to_json([GuestForm(dict(typed))], BEGAN), read)
        assert {name: text for name, text in form.typed.items() if name != "check_in"} == typed

    def test_an_empty_form_starts_again(self) -> None:
        """With the passport; there is always one form to fill in."""
        [form] = forms_from_json(forms_to_json([GuestForm()], BEGAN), read)
        assert not form.mrz_asked
        assert forms_from_json(json.dumps({"guests": []}), read) == [GuestForm()]

    @pytest.mark.parametrize(
        "text", ["", "{}", "[]", "null", '{"guests": [1]}', '{"guests": [{}]}', '{"guests": [{"typed": []}]}', "\x00"]
    )
    def test_another_text(self, text: str) -> None:
        """`ValueError`, without the text in it."""
        with pytest.raises(ValueError, match=r"not guest forms|Expecting|Invalid"):
            forms_from_json(text, read)

    def test_no_repr_contains_personal_data(self) -> None:
        """Of a form with typed, read and suggested texts."""
        form = GuestForm({"surname": "ZYKOWSKI"})
        form.set_passport(read(QUENTIN.lines), {"given_names": "QUENTIN"})
        assert not any(word in repr(form) for word in ("ZYKOWSKI", "QUENTIN", "ZX1234567", "1985"))
