"""A stay as its reports tell it, found by any of its ids, with the keyring locked."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from conftest import FixedClock
from outbox_helpers import PUBLIC_KEY
from report_helpers import NOW, WIB, draft

from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.changes import Changes
from apoa_client.desk.stay_history import MAX_OVERSTAY, StayHistory, Stays
from apoa_client.errors import SecretMissing, UsageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Entry
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Report
from apoa_client.vault.sealing import PropertySealer

KINDS = {"i": Kind.CHECK_IN, "o": Kind.CHECK_OUT, "a": Kind.AMEND, "c": Kind.CANCEL}
STATES = {"q": State.QUEUED, "s": State.SENDING, "p": State.PENDING, "r": State.REJECTED, "a": State.ACCEPTED}
GONE = {"x": State.SUPERSEDED, "w": State.WITHDRAWN}
DAY = date(2026, 11, 24)


def history(*reports: str) -> StayHistory:
    """A stay of three nights whose reports are of these kinds and states: `history("ia", "oq")`."""
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
                first_night=DAY if kind in "ia" else None,
                last_morning=DAY + timedelta(days=3) if kind in "ia" else None,
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
def test_what_reports_tell(reports: Sequence[str], *, is_active: bool, in_house: bool, withdrawable: bool) -> None:
    """Whether the stay stands, whether the guest is here, and whether nobody need ever hear of it."""
    told = history(*reports)
    assert (told.is_active, told.in_house, told.withdrawable) == (is_active, in_house, withdrawable)


def test_what_was_last_said() -> None:
    """The last whole report that stands."""
    told = history("ia", "aw", "aa", "ax", "oq").current_report
    assert told is not None
    assert told.seq == 2
    assert history("iw").current_report is None


def test_how_a_stay_is_called() -> None:
    """By what was last said; by the first of its reports where nothing stands."""
    assert history("ia", "aa", "oq").display_report.seq == 1
    assert history("iw").display_report.seq == 0


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
    """From the day of arrival up to the morning of departure, which is another guest's night."""
    assert history("iq").covers(first, last, WIB) is covered


def test_nights_of_who_left_or_never_came() -> None:
    """An early check-out frees the nights after it; a cancelled or withdrawn stay has none."""
    left = history("ia", "oq")
    assert left.covers(DAY, DAY + timedelta(days=1), WIB)
    assert not left.covers(DAY + timedelta(days=1), DAY + timedelta(days=2), WIB)
    assert not history("ia", "ca").covers(DAY, DAY + timedelta(days=1), WIB)
    assert not history("iw").covers(DAY, DAY + timedelta(days=1), WIB)


def locked() -> bytes:
    raise SecretMissing(msg("The keyring is locked."))


class Chance:
    """Bytes that are never the same twice."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, count: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(count, "big")


class Lodging:
    """A desk whose key cannot be had."""

    def __init__(self, outbox: SqliteOutbox) -> None:
        settings, clock, chance = ReportingRules(WIB, 24, b"k"), FixedClock(NOW), Chance()
        self.desk = Desk(outbox, clock, settings, chance)
        self.changes = Changes(self.desk, outbox, clock, settings, chance)
        self.stays = Stays(outbox, WIB)

    def arrives(self, *, check_in: str = "2026-11-24T19:00", nights: int = 2, number: str = "X1") -> Entry:
        typed = {"check_in": check_in, "nights": str(nights), "document_number": number}
        report = self.desk.compose(self.desk.examine(draft(typed)))
        return self.desk.save(report, ())


@pytest.fixture
def lodging(tmp_path: Path) -> Iterator[Lodging]:
    """Nobody has come yet."""
    with SqliteOutbox.open(tmp_path / "outbox.db", PropertySealer(PUBLIC_KEY, locked), create=True) as outbox:
        yield Lodging(outbox)


def test_a_stay_is_found_by_any_of_its_ids(lodging: Lodging) -> None:
    """Its own, a report's, a short one, the beginning of one; and which report is meant is said."""
    arrival = lodging.arrives()
    departure = lodging.changes.save(lodging.changes.check_out(lodging.stays.of(arrival.stay_id)))
    for reference, meant in (
        (arrival.stay_id, arrival),
        (arrival.id, arrival),
        (short_id(arrival.id), arrival),
        (departure.id, departure),
        (f" {short_id(departure.id)} ", departure),
    ):
        found, entry = lodging.stays.find(reference)
        assert [each.id for each in found.entries] == [arrival.id, departure.id]
        assert entry.id == meant.id


def test_who_tells_of_guest_and_stay(lodging: Lodging) -> None:
    """The report itself; of a check-out what was last said, opened as the caller does; nobody, where nothing stands."""
    arrival = lodging.arrives()
    check_out = lodging.changes.check_out(lodging.stays.of(arrival.stay_id)).report
    whole = lodging.desk.compose(lodging.desk.examine(draft({})))
    asked: list[Entry] = []

    def opened(entry: Entry) -> Report:
        asked.append(entry)
        return whole

    assert lodging.stays.guest_report(whole, opened) is whole
    assert asked == []
    assert lodging.stays.guest_report(check_out, opened) is whole
    assert [entry.id for entry in asked] == [arrival.id]
    lodging.changes.withdraw(lodging.stays.of(arrival.stay_id), [arrival])
    assert lodging.stays.guest_report(check_out, opened) is None


def test_an_unknown_id_and_one_that_could_be_several(lodging: Lodging) -> None:
    """The candidates are listed."""
    entries = [lodging.arrives(number=f"X{number}") for number in range(2)]
    with pytest.raises(UsageProblem) as caught:
        lodging.stays.find("ffffffff")
    assert caught.value.message.values == {"id": "ffffffff"}
    with pytest.raises(UsageProblem) as caught:
        lodging.stays.find(entries[0].id[:8])
    assert all(short_id(entry.id) in str(caught.value.message.values["candidates"]) for entry in entries)


def test_who_is_in_house(lodging: Lodging) -> None:
    """By the day on which they are to leave; not who left, nor who should have left a month ago."""
    late = lodging.arrives(nights=5)
    early = lodging.arrives(nights=1)
    gone = lodging.arrives(nights=3)
    lodging.changes.save(lodging.changes.check_out(lodging.stays.of(gone.stay_id)))
    forgotten = lodging.arrives(check_in="2026-10-01T12:00")
    assert [stay.stay_id for stay in lodging.stays.in_house(DAY)] == [early.stay_id, late.stay_id]
    assert forgotten.last_morning is not None
    last_day = forgotten.last_morning + MAX_OVERSTAY
    assert forgotten.stay_id in [stay.stay_id for stay in lodging.stays.in_house(last_day)]
    assert forgotten.stay_id not in [stay.stay_id for stay in lodging.stays.in_house(last_day + timedelta(days=1))]


def test_who_was_here_lately(lodging: Lodging) -> None:
    """Guests who left, too, and some who are only to come; not a stay that was withdrawn."""
    here, gone, never = (lodging.arrives(nights=nights) for nights in (3, 1, 2))
    lodging.changes.save(lodging.changes.check_out(lodging.stays.of(gone.stay_id)))
    lodging.changes.withdraw(lodging.stays.of(never.stay_id), [never])
    ahead = lodging.arrives(check_in="2026-11-25T10:00", nights=9)
    assert [stay.stay_id for stay in lodging.stays.recent(DAY)] == [gone.stay_id, here.stay_id, ahead.stay_id]


@pytest.mark.parametrize(
    ("check_in", "nights", "first", "last"),
    [
        ("2026-11-24T00:00", 1, date(2026, 11, 24), date(2026, 11, 25)),
        ("2026-10-31T23:59", 1, date(2026, 10, 31), date(2026, 11, 1)),
        ("2024-02-28T12:00", 2, date(2024, 2, 28), date(2024, 3, 1)),
        ("2025-12-31T20:00Z", 1, date(2026, 1, 1), date(2026, 1, 2)),
    ],
)
def test_nights_are_the_houses_own(lodging: Lodging, check_in: str, nights: int, first: date, last: date) -> None:
    """From the day where the house is, over month ends, leap days and midnight."""
    entry = lodging.arrives(check_in=check_in, nights=nights)
    assert (entry.first_night, entry.last_morning) == (first, last)


def test_the_same_guest(lodging: Lodging) -> None:
    """By their document and for any of the same nights; next month's stay is another one."""
    here = lodging.arrives()
    assert here.last_morning is not None
    again = lodging.desk.compose(lodging.desk.examine(draft({"document_number": "x 1", "nights": "1"})))
    assert [stay.stay_id for stay in lodging.desk.overlapping_stays(again)] == [here.stay_id]
    other = lodging.desk.compose(lodging.desk.examine(draft({"document_number": "X2", "nights": "1"})))
    assert lodging.desk.overlapping_stays(other) == []
    lodging.changes.withdraw(lodging.stays.of(here.stay_id), [here])
    assert lodging.desk.overlapping_stays(again) == []
