"""Ids that sort by the time they were made, and are unpredictable."""

from datetime import UTC, date, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st
from outbox_helpers import guest

from apoa_client.desk.ids import ImportedStays, ImportIds, new_id
from apoa_client.report.model import Guest

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  zone beside it
CHANCE = st.binary(min_size=10, max_size=10)


def test_the_example_of_the_rfc() -> None:
    """RFC 9562, appendix A.6."""
    chance = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    made = new_id(datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC), lambda _count: chance)
    assert made == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(MOMENTS, CHANCE)
def test_an_id_is_a_uuid_of_version_7(now: datetime, chance: bytes) -> None:
    """In lower case, with the milliseconds first."""
    made = new_id(now, lambda count: chance[:count])
    assert str(UUID(made)) == made
    assert (UUID(made).version, UUID(made).variant) == (7, RFC_4122)
    assert UUID(made).int >> 80 == int(now.timestamp() * 1000)


@given(MOMENTS, CHANCE, CHANCE)
def test_ids_sort_by_time(now: datetime, one: bytes, other: bytes) -> None:
    """Whatever the random bits are."""
    later = now + timedelta(milliseconds=2)
    assert new_id(now, lambda _count: one) < new_id(later, lambda _count: other)


@given(CHANCE, CHANCE)
def test_74_random_bits(one: bytes, other: bytes) -> None:
    """All bits that the version and the variant leave."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    known = (1 << 80) - 1 - (0b111111 << 62)
    alike = int.from_bytes(one, "big") & known == int.from_bytes(other, "big") & known
    assert (new_id(now, lambda _count: one) == new_id(now, lambda _count: other)) == alike


def test_a_clock_before_1970_makes_an_id_too() -> None:
    """An empty battery must not stop a report."""
    assert UUID(new_id(datetime(1969, 1, 1, tzinfo=UTC), bytes)).version == 7


KEY, OTHER = b"k" * 16, b"o" * 16
DAY = date(2026, 11, 24)
DAYS = st.dates(date(1001, 1, 2), date(2998, 12, 30))


def document(number: str, state: str = "D", surname: str = "ZYKOWSKI") -> Guest:
    changed = guest().document._replace(number=number, issuing_state=state)
    return guest()._replace(document=changed, surname=surname)


@given(DAYS, st.binary(max_size=20), st.uuids().map(str) | st.just(""))
def test_ids_are_uuids_of_the_day_of_arrival(day: date, content: bytes, before: str) -> None:
    """Version 7 of RFC 9562, whose time is the day, so that a server's index stays small."""
    ids = ImportIds(KEY)
    stay = ids.stay_id(document("X1"), day)
    report = ids.report_id(stay, content, before)
    for made in (stay, report):
        assert (UUID(made).version, UUID(made).variant) == (7, UUID(stay).variant)
        assert str(UUID(made)) == made
        assert made[:13] == stay[:13]
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000
    assert int(stay[:13].replace("-", ""), 16) == midnight & ((1 << 48) - 1)
    assert ids.is_imported(report)
    assert not ImportIds(OTHER).is_imported(report)


@given(st.binary(min_size=10, max_size=10))
def test_a_report_of_the_desk_is_not_taken_for_an_imported_one(random: bytes) -> None:
    """But for one in seventeen million."""
    assert not ImportIds(KEY).is_imported(new_id(datetime(2026, 11, 24, tzinfo=UTC), lambda _count: random))


def test_the_same_document_and_day_are_the_same_stay() -> None:
    """However the number and Germany's code are written; another day, document or property is another stay."""
    ids = ImportIds(KEY)
    stay = ids.stay_id(document("C01X-0006H"), DAY)
    assert ids.stay_id(document("c01x 0006h", "DEU"), DAY) == stay
    others = {
        ids.stay_id(document("C01X0006H"), date(2026, 11, 25)),
        ids.stay_id(document("C01X0006J"), DAY),
        ids.stay_id(document("C01X0006H", "AUT"), DAY),
        ImportIds(OTHER).stay_id(document("C01X0006H"), DAY),
    }
    assert len(others | {stay}) == 5


def test_stays_are_found_by_the_document_and_by_the_name() -> None:
    """By one half of the id each, among the stays that begin on the same day; the last 40 days are kept in memory."""
    searched = list[str]()

    class Outbox:
        def stay_ids(self, beginning: str) -> list[str]:
            searched.append(beginning)
            return [stay for stay in saved if stay.startswith(beginning)]

    ids = ImportIds(KEY)
    saved = [ids.stay_id(document("X1"), DAY), ids.stay_id(document("X2", surname="QUIJANO"), DAY)]
    stays = ImportedStays(Outbox())  # type: ignore[arg-type]  # all that is used of it
    for row in (document("X1"), document("X1", surname="ZYKOVSKI")):
        assert stays.with_document(ids.stay_id(row, DAY)) == saved[0]
    for row in (document("X1"), document("X9")):
        assert stays.namesakes(ids.stay_id(row, DAY)) == [saved[0]]
    unknown = ids.stay_id(document("X9", surname="QUIJANA"), DAY)
    assert (stays.with_document(unknown), stays.namesakes(unknown)) == (None, ())
    assert len(searched) == 1
    for days in (*range(45), 44, 5):
        other_day = ids.stay_id(document("X1"), date(2027, 1, 1) + timedelta(days=days))
        assert (stays.with_document(other_day), stays.namesakes(other_day)) == (None, ())
    assert (len(searched), stays.with_document(saved[0]), len(searched)) == (46, saved[0], 47)
    saved.append(ids.stay_id(document("X3"), DAY))
    stays.forget()
    assert stays.with_document(saved[-1]) == saved[-1]
    assert stays.namesakes(saved[-1]) == [saved[0], saved[-1]]


def test_each_report_of_a_stay_has_an_id_of_its_own() -> None:
    """The same content after another report has another id, so that a value can be changed and changed back."""
    ids = ImportIds(KEY)
    stay = ids.stay_id(document("X1"), DAY)
    first = ids.report_id(stay, b"5", "")
    second = ids.report_id(stay, b"6", first)
    third = ids.report_id(stay, b"5", second)
    assert len({first, second, third}) == 3
    assert ids.report_id(stay, b"5", "") == first
