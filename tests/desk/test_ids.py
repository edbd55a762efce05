"""Ids that sort by the time they were made, and are unpredictable."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from apoa_client.desk.ids import new_id

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
