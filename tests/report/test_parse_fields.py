"""Typed texts: the values they give, and the errors with their messages."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import WIB

from apoa_client.report import parse_fields
from apoa_client.report.findings import Unreadable
from apoa_client.report.kinds import Purpose
from apoa_client.report.parse_dates import date_and_time

CHECK_IN = datetime(2026, 11, 24, 20, 30, tzinfo=WIB)

READERS: dict[str, Callable[[str], object]] = {
    "one_line": parse_fields.one_line,
    "person_name": parse_fields.person_name,
    "sex": parse_fields.sex,
    "state": parse_fields.state,
    "document_number": parse_fields.document_number,
    "nights": lambda text: parse_fields.nights(text, CHECK_IN.date()),
    "purpose": parse_fields.purpose,
    "reason": parse_fields.reason,
    "email": parse_fields.email,
    "phone": parse_fields.phone,
}

UNDERSTOOD = [
    ("one_line", "  Jl. Melati \t 7 ", "Jl. Melati 7"),
    ("one_line", "a\u2028b\u00a0c\nd", "a b c d"),
    ("one_line", "x" * 100, "x" * 100),
    ("reason", " pindah \t kamar 8", "pindah kamar 8"),
    ("reason", "房间错误", "房间错误"),
    ("person_name", "smith-jones", "SMITH-JONES"),
    ("person_name", "O\u2019Brien, Jr.", "O\u2019BRIEN, JR."),
    ("person_name", "Mun\u0303oz", "MUÑOZ"),
    ("person_name", "Groß", "GROSS"),
    ("person_name", "Łukasz Żółć", "ŁUKASZ ŻÓŁĆ"),
    *(("sex", text, "M") for text in ("m", "L", "Male", "laki-laki", "Laki laki", "pria", "Boy", "Laki2", "M/Male")),
    *(("sex", text, "F") for text in ("F", "p", "female", "Perempuan", "WANITA", "Woman", "F/Female")),
    *(("sex", text, "X") for text in ("x", "<")),
    ("state", "gbr", "GBR"),
    ("state", "Jerman", "D"),
    ("state", "Germany", "D"),
    ("state", "Inggris", "GBR"),
    ("state", "Kosovo", "RKS"),
    ("document_number", "ab 12-34 56", "AB123456"),
    ("document_number", "A" * 20, "A" * 20),
    ("nights", "1", date(2026, 11, 25)),
    ("nights", " 366 ", date(2027, 11, 25)),
    ("purpose", "Tourism", Purpose.TOURISM),
    ("purpose", "wisata", Purpose.TOURISM),
    ("purpose", "pemerintahan", Purpose.GOVERNMENT),
    ("email", " a.b@example.co.id ", "a.b@example.co.id"),
    ("phone", "+62 (361) 700-800", "+62 (361) 700-800"),
]

REFUSED = [
    ("one_line", "a\N{REPLACEMENT CHARACTER}b", "bad_character"),
    ("one_line", "a\x00b", "bad_character"),
    ("one_line", "a\u200bb", "bad_character"),
    ("one_line", "a\ud800", "bad_character"),
    ("one_line", "\u202eabc", "bad_character"),
    ("one_line", "x" * 101, "bad_length"),
    ("person_name", "Анна", "bad_character"),
    ("person_name", "R2D2", "bad_character"),
    ("person_name", "<script>", "bad_character"),
    ("person_name", "-", "bad_character"),
    ("person_name", "x" * 101, "bad_length"),
    ("reason", "?", "bad_character"),
    ("reason", "-", "bad_character"),
    ("reason", "x" * (parse_fields.MAX_NOTE_LENGTH + 1), "bad_length"),
    ("sex", "?", "bad_character"),
    ("sex", "F?", "bad_character"),
    ("sex", "Person", "bad_character"),
    ("sex", "Mrs", "bad_character"),
    ("state", "Atlantis", "unknown_state"),
    ("state", "X", "unknown_state"),
    ("document_number", "AB/123", "bad_character"),
    ("document_number", "straße", "bad_character"),
    ("document_number", "A" * 21, "bad_character"),
    ("document_number", "-", "bad_character"),
    ("nights", "0", "bad_character"),
    ("nights", "367", "bad_character"),
    ("nights", "-1", "bad_character"),
    ("nights", "9" * 5000, "bad_character"),
    ("nights", "٣", "bad_character"),
    ("purpose", "fun", "bad_character"),
    ("email", "a@b", "bad_character"),
    ("email", "a b@example.com", "bad_character"),
    ("phone", "call me", "bad_character"),
    ("phone", "123", "bad_character"),
]


@pytest.mark.parametrize(
    ("typed", "nights"),
    [("+1", "3"), ("-1", "1"), ("+ 2 malam", "4"), (" -3", "-1"), ("2", "2"), ("27/11", "27/11"), ("-", "-"), ("", "")],
)
def test_nights_more_or_less_than_reported(typed: str, nights: str) -> None:
    """Two nights were reported; other texts stay as they are."""
    assert parse_fields.changed_nights(typed, 2) == nights


@pytest.mark.parametrize(("kind", "text", "value"), UNDERSTOOD)
def test_valid_texts(kind: str, text: str, value: object) -> None:
    """In Indonesian, in English, and as keyboards and clipboards write them."""
    assert READERS[kind](text) == value


@pytest.mark.parametrize(("kind", "text", "code"), REFUSED)
def test_invalid_texts(kind: str, text: str, code: str) -> None:
    """With a code, and a message on how to correct the text."""
    with pytest.raises(Unreadable) as caught:
        READERS[kind](text)
    assert caught.value.code == code
    assert caught.value.message.render()


@given(st.sampled_from(sorted(READERS)), st.text(max_size=60))
def test_any_text_is_a_value_or_unreadable(kind: str, text: str) -> None:
    """No other error is raised, and no message shows the text."""
    try:
        READERS[kind](text)
    except Unreadable as exc:
        assert repr(exc).endswith(f"({exc.code!r})")  # noqa: PT017  either outcome is right


def test_a_mistyped_state_is_suggested() -> None:
    """The most similar state, by its code."""
    with pytest.raises(Unreadable) as caught:
        parse_fields.state("Germny")
    assert caught.value.suggestion == "D"
    assert "(D)" in caught.value.message.render()


def test_each_wrong_character_is_named_once() -> None:
    """A name in another script does not repeat a letter in the message."""
    with pytest.raises(Unreadable) as caught:
        parse_fields.person_name("ЖДЖ")
    assert caught.value.message.values["characters"] == "Ж, Д"


@pytest.mark.parametrize("hours", [7, 8, 9])
def test_times_are_in_the_propertys_zone(hours: int) -> None:
    """With any typed offset, the date of a check-in is the date at the property."""
    zone = timezone(timedelta(hours=hours))
    read = date_and_time("2026-11-24T20:30:00+00:00", zone)
    assert read == datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
    assert (read.utcoffset(), read.day) == (timedelta(hours=hours), 25)
