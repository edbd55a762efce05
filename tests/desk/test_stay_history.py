"""The history of a stay, how it is found with the keyring locked, and the guests of a night."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import pytest
from damage_helpers import clear_index
from desk_scenario import LOCKED, DeskScenario
from report_helpers import NOW, draft

from apoa_client.desk.changes import Changes
from apoa_client.desk.stay_history import Night, NightGuests, Period, StayHistory, Stays, guests_of_night, night_at
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports.entries import Entry
from apoa_client.report.kinds import MAX_OVERSTAY, Kind, State, short_id
from apoa_client.report.model import Report
from apoa_client.settings.zones import WIB, WIT, WITA

KINDS = {"i": Kind.CHECK_IN, "o": Kind.CHECK_OUT, "a": Kind.AMEND, "c": Kind.CANCEL}
STATES = {"q": State.QUEUED, "s": State.SENDING, "p": State.PENDING, "r": State.REJECTED, "a": State.ACCEPTED}
GONE = {"x": State.SUPERSEDED, "w": State.WITHDRAWN}
ARRIVAL = date(2026, 11, 24)


def history(*reports: str) -> StayHistory:
    """A stay of three nights whose reports have these kinds and states: `history("ia", "oq")`."""
    return StayHistory(
        tuple(
            Entry(
                seq=number,
                id=f"0199c2a4-0000-7000-8000-{number:012x}",
                stay_id="s",
                kind=KINDS[kind],
                state=(STATES | GONE)[state],
                created_at=NOW,
                due_at=None,
                calls=0 if state in "qxw" else 1,
                ends_at=NOW + timedelta(days=1) if kind == "o" else None,
                first_night=ARRIVAL if kind in "ia" else None,
                last_morning=ARRIVAL + timedelta(days=3) if kind in "ia" else None,
            )
            for number, (kind, state) in enumerate(map(tuple, reports))
        )
    )


@pytest.mark.parametrize(
    ("reports", "is_active", "in_house", "withdrawable"),
    [
        (["iq"], True, True, True),
        (["ia"], True, True, False),
        (["ir"], True, True, True),
        (["is"], True, True, False),
        (["ip"], True, True, False),
        (["iw"], False, False, True),
        (["ix", "iq"], True, True, True),
        (["iq", "oq"], True, False, True),
        (["ia", "oa"], True, False, False),
        (["ia", "or"], True, False, False),
        (["ia", "ow"], True, True, False),
        (["ia", "oa", "aq"], True, True, False),
        (["ia", "oa", "aw"], True, False, False),
        (["ia", "oa", "aa", "oq"], True, False, False),
        (["ia", "cq"], False, False, False),
        (["ia", "cw"], True, True, False),
        (["ia", "oa", "ca"], False, False, False),
    ],
)
def test_states_of_a_stay(reports: Sequence[str], *, is_active: bool, in_house: bool, withdrawable: bool) -> None:
    """Whether it is active, the guest is in house, and it can be withdrawn without traffic."""
    stay = history(*reports)
    assert (stay.is_active, stay.in_house, stay.withdrawable) == (is_active, in_house, withdrawable)


def test_the_current_report() -> None:
    """The last active report with guest and stay."""
    current = history("ia", "aw", "aa", "ax", "oq").current_report
    assert current is not None
    assert current.seq == 2
    assert history("iw").current_report is None


@pytest.mark.parametrize(
    ("first", "last", "covered"),
    [
        (date(2026, 11, 24), date(2026, 11, 25), True),
        (date(2026, 11, 26), date(2026, 11, 30), True),
        (date(2026, 11, 27), date(2026, 11, 30), False),
        (date(2026, 11, 20), date(2026, 11, 24), False),
        (date(2026, 11, 20), date(2026, 12, 20), True),
    ],
)
def test_nights(first: date, last: date, *, covered: bool) -> None:
    """From the day of arrival up to the morning of departure, which is not included."""
    assert history("iq").covers(first, last, WIB) is covered


class LockedDesk(DeskScenario):
    """A desk whose private key is not available; `unlocked` is the same outbox for changes, which need it."""

    def __init__(self, outbox: SqliteOutbox, unlocked: SqliteOutbox) -> None:
        super().__init__(outbox)
        self.unlocked = DeskScenario(unlocked).desk
        self.changes = Changes(self.unlocked)

    def come(self, *, check_in: str = "2026-11-24T19:00", nights: int = 2, number: str = "X1") -> Entry:
        typed = {"check_in": check_in, "nights": str(nights), "document_number": number}
        return self.arrive(draft(typed)).entries[0]


@pytest.fixture
def locked_desk(outbox: SqliteOutbox, path: Path) -> Iterator[LockedDesk]:
    """A desk without guests."""
    with SqliteOutbox.open(path, LOCKED) as locked:
        yield LockedDesk(locked, outbox)


def test_a_stay_is_found_by_any_of_its_ids(locked_desk: LockedDesk) -> None:
    """By its own id, a report's, a short one or a beginning; the selected report is returned too."""
    arrival = locked_desk.come()
    departure = locked_desk.unlocked.save(locked_desk.changes.check_out(locked_desk.stays.of(arrival.stay_id)))
    for reference, expected in (
        (arrival.stay_id, arrival),
        (arrival.id, arrival),
        (short_id(arrival.id), arrival),
        (departure.id, departure),
        (f" {short_id(departure.id)} ", departure),
    ):
        found, entry = locked_desk.stays.find(reference)
        assert [each.id for each in found.entries] == [arrival.id, departure.id]
        assert entry.id == expected.id


def test_the_report_with_guest_and_stay(locked_desk: LockedDesk) -> None:
    """The report itself; for a check-out the current report; none for a withdrawn stay."""
    arrival = locked_desk.come()
    check_out = locked_desk.changes.check_out(locked_desk.stays.of(arrival.stay_id)).report
    whole = locked_desk.desk.compose(locked_desk.desk.examine(draft({})))
    asked: list[Entry] = []

    def opened(entry: Entry) -> Report:
        asked.append(entry)
        return whole

    assert locked_desk.stays.guest_report(whole, opened) is whole
    assert asked == []
    assert locked_desk.stays.guest_report(check_out, opened) is whole
    assert [entry.id for entry in asked] == [arrival.id]
    locked_desk.changes.withdraw(locked_desk.stays.of(arrival.stay_id), [arrival])
    assert locked_desk.stays.guest_report(check_out, opened) is None


def test_who_is_in_house(locked_desk: LockedDesk) -> None:
    """By planned day of departure, without guests who left or should have left a month ago."""
    late = locked_desk.come(nights=5)
    early = locked_desk.come(nights=1)
    gone = locked_desk.come(nights=3)
    locked_desk.unlocked.save(locked_desk.changes.check_out(locked_desk.stays.of(gone.stay_id)))
    forgotten = locked_desk.come(check_in="2026-10-01T12:00")
    that_night = locked_desk.stays.on_nights(ARRIVAL, ARRIVAL + timedelta(days=1))
    assert [stay.stay_id for stay in that_night] == [early.stay_id, late.stay_id]
    assert [stay.stay_id for stay in locked_desk.stays.in_house(ARRIVAL)] == [early.stay_id, late.stay_id]
    assert forgotten.last_morning is not None
    last_day = forgotten.last_morning + MAX_OVERSTAY
    assert forgotten.stay_id in [stay.stay_id for stay in locked_desk.stays.in_house(last_day)]
    assert forgotten.stay_id not in [stay.stay_id for stay in locked_desk.stays.in_house(last_day + timedelta(days=1))]


def test_who_is_in_house_by_a_damaged_index(locked_desk: LockedDesk, path: Path) -> None:
    """They stand in the same order where the index of nights cannot be read."""
    late, early = (locked_desk.come(nights=nights) for nights in (5, 1))
    locked_desk.outbox.close()
    clear_index(path, "reports_nights")
    with SqliteOutbox.open(path, LOCKED) as outbox:
        stays = Stays(outbox, WIB).in_house(ARRIVAL)
        assert [stay.stay_id for stay in stays] == [early.stay_id, late.stay_id]


def test_a_longer_stay_is_in_house_once(locked_desk: LockedDesk) -> None:
    """A stay that was prolonged stands at its new day of departure."""
    early = locked_desk.come(nights=1)
    middle = locked_desk.come(nights=2)
    longer = locked_desk.desk.examine(draft({"nights": "5", "document_number": "X"}))
    locked_desk.unlocked.save(locked_desk.changes.amend(locked_desk.stays.of(early.stay_id), longer, "stays on"))
    assert [stay.stay_id for stay in locked_desk.stays.in_house(ARRIVAL)] == [middle.stay_id, early.stay_id]


def test_recent_stays(locked_desk: LockedDesk) -> None:
    """With guests who left and guests who have not arrived; without withdrawn stays."""
    here, gone, never = (locked_desk.come(nights=nights) for nights in (3, 1, 2))
    locked_desk.unlocked.save(locked_desk.changes.check_out(locked_desk.stays.of(gone.stay_id)))
    locked_desk.changes.withdraw(locked_desk.stays.of(never.stay_id), [never])
    ahead = locked_desk.come(check_in="2026-11-25T10:00", nights=9)
    assert [stay.stay_id for stay in locked_desk.stays.recent(ARRIVAL)] == [gone.stay_id, here.stay_id, ahead.stay_id]


@pytest.mark.parametrize(
    ("check_in", "nights", "first", "last"),
    [
        ("2026-11-24T00:00", 1, date(2026, 11, 24), date(2026, 11, 25)),
        ("2026-10-31T23:59", 1, date(2026, 10, 31), date(2026, 11, 1)),
        ("2024-02-28T12:00", 2, date(2024, 2, 28), date(2024, 3, 1)),
        ("2025-12-31T20:00Z", 1, date(2026, 1, 1), date(2026, 1, 2)),
    ],
)
def test_nights_are_local_to_the_property(
    locked_desk: LockedDesk, check_in: str, nights: int, first: date, last: date
) -> None:
    """Over month ends, leap days and midnight."""
    entry = locked_desk.come(check_in=check_in, nights=nights)
    assert (entry.first_night, entry.last_morning) == (first, last)


def test_stays_of_a_period(locked_desk: LockedDesk) -> None:
    """By the night of check-in, each once, withdrawn ones too, and also if it is changed while others are yielded."""
    desk, day = locked_desk, ARRIVAL
    entries = [desk.come(check_in=f"2026-11-{day}T10:00", number=f"X{day}") for day in (20, 21, 22, 23)]
    desk.unlocked.save(desk.changes.check_out(desk.stays.of(entries[0].stay_id)))
    desk.changes.withdraw(desk.stays.of(entries[2].stay_id), [entries[2]])

    def amend(stay_id: str, check_in: str) -> None:
        history = desk.stays.of(stay_id)
        found = desk.desk.examine(draft({"check_in": check_in, "nights": "2", "document_number": "X"}))
        desk.unlocked.save(desk.changes.amend(history, found, "wrong day"))

    amend(entries[3].stay_id, "2026-11-21T10:00")

    def days(first: int | None, last: int | None) -> list[int]:
        period = Period(*(day.replace(day=each) if each is not None else None for each in (first, last)))
        ids = [entry.stay_id for entry in entries]
        return [ids.index(stay.stay_id) for stay in desk.stays.arrived(period)]

    assert days(None, None) == [0, 1, 2, 3]
    assert days(21, 21) == [1, 3]
    assert days(22, None) == [2]
    assert days(23, 24) == []
    found = desk.stays.arrived(Period())
    first = next(found)
    for entry in entries[:2]:
        amend(entry.stay_id, "2026-11-21T11:00")
    assert [first.stay_id, *(stay.stay_id for stay in found)] == [entry.stay_id for entry in entries]


# The night that is handed over.

EVENING, MORNING = date(2026, 11, 24), date(2026, 11, 25)
DAY = timedelta(days=1)
AT_EIGHT = night_at(datetime(2026, 11, 24, 20, 0, tzinfo=WIB), WIB)
AT_SEVEN = night_at(datetime(2026, 11, 25, 7, 0, tzinfo=WIB), WIB)


def entry(number: int, kind: Kind = Kind.CHECK_IN, state: State = State.ACCEPTED, **more: Any) -> Entry:
    created_at = datetime(2026, 11, 20, tzinfo=UTC)
    plain = Entry(number, f"report-{number}", "stay", kind, state, created_at, None)
    return plain._replace(**more)


def stay(first: date | None, last: date | None, *more: Kind) -> StayHistory:
    """A stay from its first night to its last morning, with the kinds of its later reports."""
    reports = [entry(0, first_night=first, last_morning=last)]
    return StayHistory((*reports, *(entry(number, kind) for number, kind in enumerate(more, 1))))


@pytest.mark.parametrize(
    ("now", "zone", "evening", "in_the_morning"),
    [
        ("2026-11-24T12:00+07:00", WIB, date(2026, 11, 24), False),
        ("2026-11-24T11:59+07:00", WIB, date(2026, 11, 23), True),
        ("2026-11-24T23:59+07:00", WIB, date(2026, 11, 24), False),
        ("2026-11-25T00:00+07:00", WIB, date(2026, 11, 24), True),
        # Noon comes to Jayapura two hours before Jakarta, and midnight too.
        ("2026-11-24T10:00+07:00", WIT, date(2026, 11, 24), False),
        ("2026-11-24T10:00+07:00", WITA, date(2026, 11, 23), True),
        ("2026-11-24T22:30+07:00", WIT, date(2026, 11, 24), True),
        ("2026-11-24T22:30+07:00", WITA, date(2026, 11, 24), False),
        # Month ends and leap days.
        ("2026-12-01T06:00+07:00", WIB, date(2026, 11, 30), True),
        ("2027-01-01T06:00+09:00", WIT, date(2026, 12, 31), True),
        ("2028-02-29T21:00+08:00", WITA, date(2028, 2, 29), False),
        ("2028-03-01T09:00+08:00", WITA, date(2028, 2, 29), True),
        ("2027-03-01T09:00+08:00", WITA, date(2027, 2, 28), True),
    ],
)
def test_which_night_it_is(now: str, zone: tzinfo, evening: date, *, in_the_morning: bool) -> None:
    """From noon to noon in the property's time zone, whatever the computer's zone is."""
    night = night_at(datetime.fromisoformat(now).astimezone(UTC), zone)
    assert (night.evening, night.morning, night.is_morning) == (evening, evening + DAY, in_the_morning)
    assert night.ends_at == datetime(night.morning.year, night.morning.month, night.morning.day, 12, tzinfo=zone)


def lists(guests: NightGuests, history: StayHistory) -> set[str]:
    """Return the names of the lists that a stay is in."""
    return {name for name in ("in_house", "arrived", "leaving", "overdue") if history in getattr(guests, name)}


@pytest.mark.parametrize(
    ("night", "history", "expected"),
    [
        (AT_EIGHT, stay(EVENING, MORNING + DAY), {"in_house", "arrived"}),
        (AT_EIGHT, stay(EVENING, MORNING), {"in_house", "arrived", "leaving"}),
        (AT_EIGHT, stay(EVENING - DAY, MORNING + DAY), {"in_house"}),
        (AT_EIGHT, stay(EVENING - DAY, MORNING), {"in_house", "leaving"}),
        (AT_EIGHT, stay(EVENING - DAY, EVENING), {"in_house", "overdue"}),
        (AT_EIGHT, stay(EVENING - 9 * DAY, EVENING - 3 * DAY), {"in_house", "overdue"}),
        (AT_EIGHT, stay(MORNING, MORNING + DAY), set()),
        (AT_EIGHT, stay(EVENING, MORNING, Kind.CHECK_OUT), {"arrived"}),
        (AT_EIGHT, stay(EVENING - DAY, MORNING, Kind.CHECK_OUT), set()),
        (AT_EIGHT, stay(EVENING, MORNING, Kind.CANCEL), set()),
        (AT_EIGHT, stay(None, None), {"in_house"}),
        (AT_EIGHT, StayHistory((entry(0, Kind.CHECK_IN, State.WITHDRAWN, first_night=EVENING),)), set()),
        # The morning after: who came past midnight belongs to this night, and leaves another day.
        (AT_SEVEN, stay(EVENING, MORNING), {"in_house", "arrived", "leaving"}),
        (AT_SEVEN, stay(MORNING, MORNING + DAY), {"in_house", "arrived"}),
        (AT_SEVEN, stay(EVENING - DAY, MORNING), {"in_house", "leaving"}),
        (AT_SEVEN, stay(EVENING - DAY, EVENING), {"in_house", "overdue"}),
        (AT_SEVEN, stay(EVENING - DAY, MORNING, Kind.CHECK_OUT), set()),
        (AT_SEVEN, stay(MORNING + DAY, MORNING + 2 * DAY), set()),
    ],
)
def test_guests_of_the_night(night: Night, history: StayHistory, expected: set[str]) -> None:
    """In house, arrived, leaving or overdue, in the evening and on the next morning."""
    assert lists(guests_of_night([history], night), history) == expected
