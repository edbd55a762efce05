"""Ids of reports and stays, and guests who are reported twice for a night, found by a hash that reveals nothing."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b, blake2s, md5, sha1, sha256, sha512
from pathlib import Path
from typing import Any
from uuid import RFC_4122, UUID

import pytest
from desk_scenario import DeskScenario
from hypothesis import given
from hypothesis import strategies as st
from outbox_helpers import guest
from report_helpers import DOCUMENTS, NOW, draft

from apoa_client.desk.arrivals import (
    DUPLICATE,
    compose_group,
    duplicate_warnings,
    group_duplicate_warnings,
)
from apoa_client.desk.ids import ImportedStays, ImportIds, guest_hash, new_id, same_document
from apoa_client.desk.stay_history import StayHistory
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.report.kinds import Kind, State, short_id
from apoa_client.report.model import Document, Guest, Report

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  zone beside it
CHANCE = st.binary(min_size=10, max_size=10)


def test_the_example_of_the_rfc() -> None:
    """RFC 9562, appendix A.6."""
    chance = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    made = new_id(datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC), lambda count: chance[:count])
    assert made == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(MOMENTS, CHANCE)
def test_an_id_is_a_uuid_of_version_7(now: datetime, chance: bytes) -> None:
    """In lower case, with the milliseconds first."""
    made = new_id(now, lambda count: chance[:count])
    assert str(UUID(made)) == made
    assert (UUID(made).version, UUID(made).variant) == (7, RFC_4122)
    assert UUID(made).int >> 80 == int(now.timestamp() * 1000)


def test_a_clock_before_1970_makes_an_id_too() -> None:
    """An empty battery must not stop a report."""
    assert UUID(new_id(datetime(1969, 1, 1, tzinfo=UTC), bytes)).version == 7


IDS_KEY, OTHER_KEY = b"k" * 16, b"o" * 16
ARRIVAL = date(2026, 11, 24)
DAYS = st.dates(date(1001, 1, 2), date(2998, 12, 30))


def document(number: str, state: str = "D", surname: str = "ZYKOWSKI") -> Guest:
    changed = guest().document._replace(number=number, issuing_state=state)
    return guest()._replace(document=changed, surname=surname)


@given(DAYS, st.binary(max_size=20), st.uuids().map(str) | st.just(""))
def test_ids_are_uuids_of_the_day_of_arrival(day: date, content: bytes, before: str) -> None:
    """Version 7 of RFC 9562, whose time is the day, so that a server's index stays small."""
    ids = ImportIds(IDS_KEY)
    stay = ids.stay_id(document("X1"), day)
    report = ids.report_id(stay, content, before)
    for made in (stay, report):
        assert (UUID(made).version, UUID(made).variant) == (7, UUID(stay).variant)
        assert str(UUID(made)) == made
        assert made[:13] == stay[:13]
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    assert int(stay[:13].replace("-", ""), 16) == midnight & ((1 << 48) - 1)
    assert ids.is_imported(report)
    assert not ImportIds(OTHER_KEY).is_imported(report)


@given(st.binary(min_size=10, max_size=10))
def test_a_report_of_the_desk_is_not_taken_for_an_imported_one(random: bytes) -> None:
    """But for one in seventeen million."""
    assert not ImportIds(IDS_KEY).is_imported(new_id(datetime(2026, 11, 24, tzinfo=UTC), lambda _count: random))


def test_the_same_document_and_day_are_the_same_stay() -> None:
    """However the number and Germany's code are written; another day, document or property is another stay."""
    ids = ImportIds(IDS_KEY)
    stay = ids.stay_id(document("C01X-0006H"), ARRIVAL)
    assert ids.stay_id(document("c01x 0006h", "DEU"), ARRIVAL) == stay
    others = {
        ids.stay_id(document("C01X0006H"), date(2026, 11, 25)),
        ids.stay_id(document("C01X0006J"), ARRIVAL),
        ids.stay_id(document("C01X0006H", "AUT"), ARRIVAL),
        ImportIds(OTHER_KEY).stay_id(document("C01X0006H"), ARRIVAL),
    }
    assert len(others | {stay}) == 5


def test_stays_are_found_by_the_document_and_by_the_name() -> None:
    """By one half of the id each, among the stays that begin on the same day; the last 40 days are kept in memory."""
    searched = list[str]()

    class Outbox:
        def stay_ids(self, beginning: str) -> list[str]:
            searched.append(beginning)
            return [stay for stay in saved if stay.startswith(beginning)]

    ids = ImportIds(IDS_KEY)
    saved = [ids.stay_id(document("X1"), ARRIVAL), ids.stay_id(document("X2", surname="QUIJANO"), ARRIVAL)]
    stays = ImportedStays(Outbox())  # type: ignore[arg-type]  # all that is used of it
    for row in (document("X1"), document("X1", surname="ZYKOVSKI")):
        assert stays.with_document(ids.stay_id(row, ARRIVAL)) == saved[0]
    for row in (document("X1"), document("X9")):
        assert stays.namesakes(ids.stay_id(row, ARRIVAL)) == [saved[0]]
    unknown = ids.stay_id(document("X9", surname="QUIJANA"), ARRIVAL)
    assert (stays.with_document(unknown), stays.namesakes(unknown)) == (None, ())
    assert len(searched) == 1
    for days in (*range(45), 44, 5):
        other_day = ids.stay_id(document("X1"), date(2027, 1, 1) + timedelta(days=days))
        assert (stays.with_document(other_day), stays.namesakes(other_day)) == (None, ())
    assert (len(searched), stays.with_document(saved[0]), len(searched)) == (46, saved[0], 47)
    saved.append(ids.stay_id(document("X3"), ARRIVAL))
    stays.forget()
    assert stays.with_document(saved[-1]) == saved[-1]
    assert stays.namesakes(saved[-1]) == [saved[0], saved[-1]]


def test_each_report_of_a_stay_has_an_id_of_its_own() -> None:
    """The same content after another report has another id, so that a value can be changed and changed back."""
    ids = ImportIds(IDS_KEY)
    stay = ids.stay_id(document("X1"), ARRIVAL)
    first = ids.report_id(stay, b"5", "")
    second = ids.report_id(stay, b"6", first)
    third = ids.report_id(stay, b"5", second)
    assert len({first, second, third}) == 3
    assert ids.report_id(stay, b"5", "") == first


# Guests who are reported twice.

KEY = b"index key of the tests"
DAY = timedelta(days=1)
HASHES: tuple[Callable[[bytes], Any], ...] = (md5, sha1, sha256, sha512, blake2b, blake2s)
FORMS = ("{}", "GBR{}", "GBR\0{}", "{}GBR")
"""The text that an attacker with only the file would hash."""


class DuplicateScenario(DeskScenario):
    """A desk with guests who arrive, leave and are corrected."""

    def __init__(self, outbox: SqliteOutbox, key: bytes = KEY) -> None:
        super().__init__(outbox, key=key)

    def coming(self, **typed: str) -> Report:
        """The report of a guest from 24 November, 19:00, for two nights, unless typed otherwise."""
        return self.report(
            draft({"check_in": "2026-11-24T19:00", "nights": "2", "document_number": "AB1204976"} | typed)
        )

    def come(self, **typed: str) -> StayHistory:
        """The stay of such a guest."""
        return self.save(self.desk.new_report(self.coming(**typed), ()))

    def known(self, **typed: str) -> list[str]:
        """The stays that seem to be of a guest who arrives now."""
        return [history.stay_id for history in self.desk.overlapping_stays(self.coming(**typed))]


@pytest.fixture
def scenario(outbox: SqliteOutbox) -> DuplicateScenario:
    """A desk without guests."""
    return DuplicateScenario(outbox)


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
def test_the_same_document_and_a_night_in_common(
    scenario: DuplicateScenario, typed: Mapping[str, str], *, known: bool
) -> None:
    """However number and name are written; the day of departure is not a common night."""
    here = scenario.come()
    assert scenario.known(**typed) == ([here.stay_id] if known else [])


@pytest.mark.parametrize(
    ("numbers", "twice"),
    [
        ([], False),
        (["AB1204977"], False),
        (["AB1204977", "ab 12-049 76"], True),
        (["AB1204976", "AB1204976"], True),
    ],
)
def test_twice_in_one_group(scenario: DuplicateScenario, numbers: list[str], *, twice: bool) -> None:
    """One warning at the document number, without personal data, before anything is saved."""
    others = [scenario.coming(document_number=number) for number in numbers]
    found = group_duplicate_warnings(scenario.coming(), others)
    assert [(each.field, each.code) for each in found] == [("guest.document.number", DUPLICATE)] * twice
    assert all("1204976" not in each.message.render() for each in found)


def test_a_group_is_warned_of_every_duplicate(scenario: DuplicateScenario) -> None:
    """Of a guest whom the desk has reported, and of one who is twice in the group: the second time."""
    here = scenario.come()
    typed = {"check_in": "2026-11-24T19:00", "nights": "2"}
    numbers = ["AB1204976", "AB1204977", "AB1204977"]
    examined = [scenario.desk.examine(draft(typed | {"document_number": number})) for number in numbers]
    members = compose_group(scenario.desk, examined, lambda _entry: None)
    assert [[each.message.values.get("id") for each in member.duplicates] for member in members] == [
        [short_id(here.entries[0].id)],
        [],
        [None],
    ]


def test_earlier_stays_of_a_document(scenario: DuplicateScenario) -> None:
    """The latest arrival first."""
    stays = [scenario.come(check_in=f"2026-11-{day}T19:00", nights="1") for day in (22, 24, 23)]
    found = scenario.desk.earlier_stays(PASSPORT, date(2026, 11, 1))
    assert [stay.stay_id for stay in found] == [stays[place].stay_id for place in (1, 2, 0)]


def test_a_check_out_has_no_hash(scenario: DuplicateScenario) -> None:
    """A report without a guest is no duplicate."""
    departure = Report("0199c2a4-0000-7000-8000-000000000001", "s", Kind.CHECK_OUT, NOW, check_out=NOW)
    assert group_duplicate_warnings(departure, [scenario.coming()]) == []
    assert group_duplicate_warnings(scenario.coming(), [departure]) == []


def test_nights_after_an_early_check_out_are_free(scenario: DuplicateScenario) -> None:
    """The night before it is not."""
    here = scenario.come(nights="7")
    scenario.clock.time = NOW + timedelta(hours=14)
    scenario.save(scenario.changes.check_out(here))
    assert scenario.known(check_in="2026-11-25T16:00", nights="2") == []
    assert scenario.known(check_in="2026-11-24T22:00", nights="1") == [here.stay_id]


def test_a_check_out_on_the_day_of_arrival(scenario: DuplicateScenario) -> None:
    """There was no night, so a second arrival that evening is no duplicate."""
    here = scenario.come(check_in="2026-11-24T12:00")
    scenario.clock.time = NOW
    scenario.save(scenario.changes.check_out(here))
    assert scenario.known(check_in="2026-11-24T20:30") == []


def test_withdrawn_and_cancelled_stays(scenario: DuplicateScenario) -> None:
    """They are no duplicates; a withdrawn cancellation restores the stay."""
    withdrawn = scenario.come()
    scenario.changes.withdraw(withdrawn, withdrawn.entries)
    assert scenario.known() == []
    here = scenario.deliver(scenario.come())
    cancellation = scenario.desk.save(scenario.changes.cancel(here, "salah tamu"))
    assert scenario.known() == []
    scenario.changes.withdraw(scenario.stays.of(here.stay_id), [cancellation])
    assert scenario.known() == [here.stay_id]


@pytest.mark.parametrize("sent", [False, True])
def test_corrected_stays(scenario: DuplicateScenario, *, sent: bool) -> None:
    """The current report counts: with another passport or other nights there is no duplicate."""
    here = scenario.come()
    here = scenario.deliver(here) if sent else here
    scenario.save(scenario.amended(scenario.of(here), document_number="XY9081726"))
    assert scenario.known() == []
    assert scenario.known(document_number="XY9081726") == [here.stay_id]
    scenario.save(scenario.amended(scenario.of(here), nights="1"))
    assert scenario.known(document_number="XY9081726", check_in="2026-11-25T19:00") == []


def test_several_duplicates(scenario: DuplicateScenario) -> None:
    """Each stay is named, in the order of the reports."""
    stays = [
        scenario.come(nights="1"),
        scenario.come(check_in="2026-11-25T19:00", nights="1"),
    ]
    found = scenario.desk.overlapping_stays(scenario.coming())
    assert [history.stay_id for history in found] == [history.stay_id for history in stays]
    assert [each.message.values["id"] for each in duplicate_warnings(found)] == [
        short_id(s.entries[0].id) for s in stays
    ]


def test_without_an_index_key(outbox: SqliteOutbox) -> None:
    """A property that was set up without a key finds no duplicates."""
    old = DuplicateScenario(outbox, key=b"")
    old.come()
    assert old.known() == []
    assert DuplicateScenario(outbox).known() == []


def test_the_warning(scenario: DuplicateScenario) -> None:
    """It names the report and its nights, but no name and no document number; of a refused one how to correct it."""
    here = scenario.come()
    bare = here.entries[0]._replace(first_night=None, last_morning=None)  # as older versions stored it
    [said], [older] = duplicate_warnings([here]), duplicate_warnings([StayHistory((bare,))])
    assert (said.field, said.code) == ("guest.document.number", DUPLICATE)
    words = said.message.render()
    assert short_id(here.entries[0].id) in words
    assert "24 Nov 2026 to 26 Nov 2026" in words
    assert not any(word in words for word in ("AB1204976", "SMITH", "JANE"))
    assert " - to -" in older.message.render()
    refused = scenario.deliver(here, State.REJECTED)
    assert scenario.known() == [here.stay_id]
    assert f"apoa fix {short_id(here.entries[0].id)}" in duplicate_warnings([refused])[0].message.render()


def test_the_database_reveals_no_document_number(scenario: DuplicateScenario, path: Path) -> None:
    """Neither the number, nor a hash that anyone can compute, nor the key of the hash."""
    scenario.come()
    scenario.come(document_number="XY9081726", nights="1")
    tags = [row[0] for row in scenario.outbox._db.execute("SELECT guest_tag FROM reports").fetchall()]
    assert len(set(tags)) == 2
    scenario.outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))
    for text in (form.format(number) for number in ("AB1204976", "XY9081726") for form in FORMS):
        digests = [hashed(text.encode()).digest() for hashed in HASHES]
        guesses = [text.encode(), text.encode("utf-16-le"), *digests, *(digest.hex().encode() for digest in digests)]
        assert not any(guess in content for guess in guesses)
        short = [*digests, blake2b(text.encode(), digest_size=3).digest()]
        assert not {int.from_bytes(part, "big") for digest in short for part in (digest[:3], digest[-3:])} & set(tags)
    assert KEY not in content
    assert KEY.hex().encode() not in content


HASH_KEY = bytes(range(16))
PASSPORT = Document("P", "AB1204976", "GBR", date(2032, 3, 28), ("P<GBRSMITH<<JANE", "AB1204976<8GBR"))

KEYS = st.binary(min_size=1, max_size=64)
NUMBERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=20)
SEPARATORS = st.text(" -<\t", max_size=3)


@st.composite
def written(draw: st.DrawFn, number: str) -> str:
    """Return the number in another spelling."""
    gaps = [draw(SEPARATORS) for _character in number]
    spaced = "".join(character + gap for character, gap in zip(number, gaps, strict=True))
    return spaced.lower() if draw(st.booleans()) else spaced


@given(KEYS, DOCUMENTS, st.data())
def test_one_document_has_one_hash(key: bytes, document: Document, data: st.DataObject) -> None:
    """In any spelling of its number, read or typed, with any other data; Germany is D or DEU.

    It has 24 bits: sixty of a billion numbers share each hash, so it does not reveal the number even with the key.
    """
    again = document._replace(
        number=data.draw(written(document.number)),
        type=data.draw(st.sampled_from(["P", "PD", "I", "V"])),
        expiry_date=data.draw(st.dates()),
        mrz=data.draw(st.sampled_from([None, ("P<", "X")])),
        issuing_state=document.issuing_state.replace("D", "DEU"),
    )
    assert guest_hash(key, again) == guest_hash(key, document) < 1 << 24
    assert same_document(again, document)


def hashes(document: Document) -> list[int]:
    """Return the hashes under several keys, which two documents share by chance once in 10 to the 28th times."""
    return [guest_hash(bytes([number]) * 16, document) for number in range(4)]


@given(DOCUMENTS, DOCUMENTS)
def test_two_documents_are_told_apart(one: Document, other: Document) -> None:
    """By number or by state."""
    alike = (one.number, one.issuing_state) == (other.number, other.issuing_state)
    assert (hashes(one) == hashes(other)) is alike
    assert same_document(one, other) is alike


def test_the_hash_never_changes() -> None:
    """A newer version must find what an older one stored. BLAKE2b, keyed and personalised (RFC 7693)."""
    assert guest_hash(HASH_KEY, PASSPORT) == 13064343
    digest = blake2b(b"GBR\0AB1204976", digest_size=3, key=HASH_KEY, person=b"apoa-guest-1").hexdigest()
    assert guest_hash(HASH_KEY, PASSPORT) == int(digest, 16)
