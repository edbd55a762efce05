"""A guest reported twice for the same night: known again with the keyring locked, by a database that tells nothing."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import blake2b, blake2s, md5, sha1, sha256, sha512
from pathlib import Path
from typing import Any

import pytest
from conftest import FixedClock
from outbox_helpers import finding, open_outbox, receipt
from report_helpers import NOW, WIB, draft

from apoa_client.cli.views.findings import error_value
from apoa_client.desk.arrivals import Desk, ReportingRules
from apoa_client.desk.changes import Changes
from apoa_client.desk.correction_draft import CorrectionDraft
from apoa_client.desk.duplicates import DUPLICATE, ReportedBefore, duplicate_warnings, group_duplicate_warnings
from apoa_client.desk.stay_history import StayHistory, Stays
from apoa_client.errors import Exit
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.ports import Change, Entry
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Report

KEY = b"index key of the tests"
DAY = timedelta(days=1)
QUEUED: tuple[Any, ...] = ("check_in", State.QUEUED, NOW, None)
HASHES: tuple[Callable[[bytes], Any], ...] = (md5, sha1, sha256, sha512, blake2b, blake2s)
FORMS = ("{}", "GBR{}", "GBR\0{}", "{}GBR")
"""What somebody who has the file alone would try to hash."""


class Chance:
    """Bytes that are never the same twice."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, count: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(count, "big")


class Lodging:
    """A desk, and what becomes of its guests."""

    def __init__(self, outbox: SqliteOutbox, key: bytes = KEY) -> None:
        self.outbox, self.clock = outbox, FixedClock(NOW)
        settings, chance = ReportingRules(WIB, 24, key), Chance()
        self.desk = Desk(outbox, self.clock, settings, chance)
        self.changes = Changes(self.desk, outbox, self.clock, settings, chance)
        self.stays = Stays(outbox, WIB)

    def report(self, **typed: str) -> Report:
        """What would be reported: from 24 November, 19:00, for two nights, unless it is typed otherwise."""
        guest = {"check_in": "2026-11-24T19:00", "nights": "2", "document_number": "AB1204976"}
        return self.desk.compose(self.desk.examine(draft(guest | typed)))

    def arrives(self, **typed: str) -> StayHistory:
        report = self.report(**typed)
        self.desk.save(report, ())
        return self.stays.of(report.stay_id)

    def leaves(self, history: StayHistory, at: datetime) -> None:
        self.clock.time = at
        self.changes.save(self.changes.check_out(self.stays.of(history.stay_id)))

    def amends(self, history: StayHistory, **typed: str) -> None:
        told = history.current_report
        assert told is not None
        before = self.outbox.content(told).report
        self.changes.save(
            self.changes.amend(history, self.changes.examine(CorrectionDraft(before, typed)), "salah ketik")
        )

    def lands(self, history: StayHistory, state: State = State.ACCEPTED) -> StayHistory:
        """Its report goes out, and this becomes of it."""
        [entry] = history.active_reports
        lease, _claimed = self.outbox.claim([entry.id], now=NOW, lease_until=NOW + DAY)
        proof = receipt() if state is State.ACCEPTED else None
        self.outbox.settle(lease, [Change(entry.id, state, receipt=proof, errors=(finding(),))])
        return self.stays.of(history.stay_id)

    def known(self, **typed: str) -> list[str]:
        """The stays that a guest who arrives now seems to be in already."""
        return [history.stay_id for history in self.desk.overlapping_stays(self.report(**typed))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the outbox is."""
    return tmp_path / "outbox.db"


@pytest.fixture
def lodging(path: Path) -> Iterator[Lodging]:
    """Nobody has come yet."""
    with open_outbox(path) as outbox:
        yield Lodging(outbox)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ({}, True),
        ({"nights": "1"}, True),
        ({"check_in": "2026-11-25T20:00", "nights": "9"}, True),
        ({"check_in": "2026-11-23T12:00", "nights": "1"}, False),
        ({"check_in": "2026-11-23T12:00", "nights": "2"}, True),
        ({"check_in": "2026-11-24T00:00", "nights": "1"}, True),
        ({"document_number": "ab 12-049 76"}, True),
        ({"document_number": "AB1204977"}, False),
        ({"surname": "Smythe", "birth_date": "1986"}, True),
        ({"nationality": "POL", "issuing_state": "GBR"}, True),
        ({"nationality": "POL", "issuing_state": "POL"}, False),
    ],
)
def test_the_same_document_and_a_night_in_common(lodging: Lodging, typed: Mapping[str, str], *, known: bool) -> None:
    """However it is written and whoever it is said to be; the day of departure is no night in common."""
    here = lodging.arrives()
    assert lodging.known(**typed) == ([here.stay_id] if known else [])


@pytest.mark.parametrize("written", ["D", "DEU", "Jerman", "Germany"])
def test_germany(lodging: Lodging, written: str) -> None:
    """Read from one passport as D, typed from the same as DEU."""
    for code in ("D", "DEU"):
        here = lodging.arrives(nationality=code, document_number=f"C01X00T4{code[-1]}")
        assert lodging.known(nationality=written, document_number=f"C01X00T4{code[-1]}") == [here.stay_id]


def test_a_group_is_known_again_too(lodging: Lodging) -> None:
    """Each of its guests gets the tag of a guest who was saved alone; while it is not saved, nobody knows it."""
    group = [lodging.report(document_number=number) for number in ("AB1204976", "AB1204977")]
    assert lodging.known() == lodging.known(document_number="ab-1204977") == []
    lodging.desk.save_group([(report, ()) for report in group])
    assert lodging.known() == [group[0].stay_id]
    assert lodging.known(document_number="ab-1204977") == [group[1].stay_id]


@pytest.mark.parametrize(
    ("numbers", "twice"),
    [
        ([], False),
        (["AB1204977"], False),
        (["AB1204977", "ab 12-049 76"], True),
        (["AB1204976", "AB1204976"], True),
    ],
)
def test_twice_in_one_group(lodging: Lodging, numbers: list[str], *, twice: bool) -> None:
    """The same passport, put in twice before anything was saved: told once, where the number stands, and of nobody."""
    others = [lodging.report(document_number=number) for number in numbers]
    found = group_duplicate_warnings(lodging.report(), others)
    assert [(each.field, each.code) for each in found] == [("guest.document.number", DUPLICATE)] * twice
    assert all("1204976" not in each.message.render() for each in found)


def test_a_departure_has_no_passport(lodging: Lodging) -> None:
    """What says nothing of a guest is nobody's double."""
    departure = Report("0199c2a4-0000-7000-8000-000000000001", "s", Kind.CHECK_OUT, NOW, check_out=NOW)
    assert group_duplicate_warnings(departure, [lodging.report()]) == []
    assert group_duplicate_warnings(lodging.report(), [departure]) == []


def test_who_comes_again(lodging: Lodging) -> None:
    """On the day of departure, and next month: each is a stay of its own."""
    lodging.arrives()
    lodging.clock.forward(2 * DAY)
    assert lodging.known(check_in="2026-11-26T13:00", nights="3") == []
    lodging.clock.forward(30 * DAY)
    assert lodging.known(check_in="2026-12-24T19:00") == []


def test_who_left_early_and_is_back_in_the_afternoon(lodging: Lodging) -> None:
    """The nights after the check-out are free again; the one before it is not."""
    here = lodging.arrives(nights="7")
    lodging.leaves(here, NOW + timedelta(hours=14))
    assert lodging.known(check_in="2026-11-25T16:00", nights="2") == []
    assert lodging.known(check_in="2026-11-24T22:00", nights="1") == [here.stay_id]


def test_who_left_on_the_day_of_arrival(lodging: Lodging) -> None:
    """No night was spent here: whoever is back that evening is no duplicate."""
    here = lodging.arrives(check_in="2026-11-24T12:00")
    lodging.leaves(here, NOW)
    assert lodging.known(check_in="2026-11-24T20:30") == []


def test_what_was_taken_back(lodging: Lodging) -> None:
    """A withdrawn stay and a cancelled one are none; a cancellation that is taken back leaves the stay as it was."""
    withdrawn = lodging.arrives()
    lodging.changes.withdraw(withdrawn, withdrawn.entries)
    assert lodging.known() == []
    here = lodging.lands(lodging.arrives())
    cancellation = lodging.changes.save(lodging.changes.cancel(here, "salah tamu"))
    assert lodging.known() == []
    lodging.changes.withdraw(lodging.stays.of(here.stay_id), [cancellation])
    assert lodging.known() == [here.stay_id]


@pytest.mark.parametrize("sent", [False, True])
def test_what_was_corrected(lodging: Lodging, *, sent: bool) -> None:
    """What was last said counts: with another passport, or for other nights, it is another guest's or a free night."""
    here = lodging.arrives()
    here = lodging.lands(here) if sent else here
    lodging.amends(here, document_number="XY9081726")
    assert lodging.known() == []
    assert lodging.known(document_number="XY9081726") == [here.stay_id]
    lodging.amends(lodging.stays.of(here.stay_id), nights="1")
    assert lodging.known(document_number="XY9081726", check_in="2026-11-25T19:00") == []


def test_its_own_stay_is_no_duplicate(lodging: Lodging) -> None:
    """A report of a stay is not held against another one of it."""
    here = lodging.arrives()
    [entry] = here.entries
    assert lodging.desk.overlapping_stays(lodging.outbox.content(entry).report) == []


def test_several(lodging: Lodging) -> None:
    """Each stay is named, in the order in which they were reported."""
    stays = [lodging.arrives(nights="1"), lodging.arrives(check_in="2026-11-25T19:00", nights="1")]
    found = lodging.desk.overlapping_stays(lodging.report())
    assert [history.stay_id for history in found] == [history.stay_id for history in stays]
    assert [each.message.values["id"] for each in duplicate_warnings(found)] == [
        short_id(s.entries[0].id) for s in stays
    ]


def test_a_departure_is_nobodys_duplicate(lodging: Lodging) -> None:
    """It tells of no document."""
    here = lodging.arrives()
    assert lodging.desk.overlapping_stays(lodging.changes.check_out(here).report) == []


def test_without_an_index_key(path: Path) -> None:
    """A property that was set up before there was one reports as ever, and knows nobody again."""
    with open_outbox(path) as outbox:
        old = Lodging(outbox, key=b"")
        old.arrives()
        assert old.known() == []
        assert Lodging(outbox).known() == []


def test_what_is_said(lodging: Lodging) -> None:
    """Which report it is and for which nights; no name and no number, because whoever reads it may not be who asked."""
    here = lodging.arrives()
    [said] = duplicate_warnings([here])
    assert (said.field, said.code) == ("guest.document.number", DUPLICATE)
    words = said.message.render()
    assert short_id(here.entries[0].id) in words
    assert "24 Nov 2026 to 26 Nov 2026" in words
    assert not any(word in words for word in ("AB1204976", "SMITH", "JANE"))


def test_what_is_said_of_a_refused_one(lodging: Lodging) -> None:
    """There is something to do about it."""
    here = lodging.lands(lodging.arrives(), State.REJECTED)
    assert lodging.known() == [here.stay_id]
    [said] = duplicate_warnings([here])
    assert f"apoa fix {short_id(here.entries[0].id)}" in said.message.render()


def test_what_is_said_of_one_whose_nights_are_not_known() -> None:
    """Dashes: a report of an older version tells of no nights outside the seal."""
    bare = Entry(1, "0199c2a4-0000-7000-8000-000000000001", "s", *QUEUED)
    assert " - to -" in duplicate_warnings([StayHistory((bare,))])[0].message.render()


def test_the_refusal(lodging: Lodging) -> None:
    """Exit 65, the earlier report as the error, what else was found as warnings, and what to do."""
    warned = finding("expired")
    error = ReportedBefore(duplicate_warnings([lodging.arrives()]), [warned])
    assert error.exit_code == Exit.DATA_REFUSED
    assert error.advice is not None
    assert "--again" in error.advice.template
    value = error_value(error)
    assert [each["code"] for each in value["errors"]] == [DUPLICATE]
    assert [each["code"] for each in value["warnings"]] == ["expired"]


def test_the_database_alone_tells_nothing(lodging: Lodging, path: Path) -> None:
    """Neither the document's number, nor a hash of it that anybody could compute, nor the key of the one it keeps."""
    lodging.arrives()
    lodging.arrives(document_number="XY9081726", nights="1")
    tags = [row[0] for row in lodging.outbox._db.execute("SELECT guest_tag FROM reports").fetchall()]
    assert len(set(tags)) == 2
    lodging.outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))
    for text in (form.format(number) for number in ("AB1204976", "XY9081726") for form in FORMS):
        digests = [hashed(text.encode()).digest() for hashed in HASHES]
        guesses = [text.encode(), text.encode("utf-16-le"), *digests, *(digest.hex().encode() for digest in digests)]
        assert not any(guess in content for guess in guesses)
        short = [*digests, blake2b(text.encode(), digest_size=3).digest()]
        assert not {int.from_bytes(part, "big") for digest in short for part in (digest[:3], digest[-3:])} & set(tags)
    assert KEY not in content
    assert KEY.hex().encode() not in content
