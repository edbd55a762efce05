"""Purposes and stay permits from a few letters: a certain one is taken, others are suggested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.cli.terminal.language import in_language
from apoa_client.report import parse_fields, permits, purposes
from apoa_client.report.findings import Unreadable
from apoa_client.report.kinds import Purpose


@pytest.mark.parametrize("purpose", Purpose)
def test_a_purpose_is_read_in_both_languages(purpose: Purpose) -> None:
    """The contract's word and the Indonesian one, with any capitals, and from a unique beginning."""
    for word in (purpose.value, purposes.PURPOSES[purpose].indonesian):
        assert parse_fields.purpose(f" {word.upper()} ") is purpose
        assert parse_fields.purpose(word[:4]) is purpose
        assert purposes.suggest(word) == [purpose]


@pytest.mark.parametrize(
    ("text", "purpose"),
    [
        ("wis", Purpose.TOURISM),
        ("liburan", Purpose.TOURISM),
        ("jalan jalan", Purpose.TOURISM),
        ("Meeting", Purpose.BUSINESS),
        ("kel", Purpose.FAMILY),
        ("ker", Purpose.WORK),
        ("kuliah", Purpose.STUDY),
        ("tr", Purpose.TRANSIT),
        ("dinas", Purpose.GOVERNMENT),
        ("lain", Purpose.OTHER),
        ("lain-lain", Purpose.OTHER),
    ],
)
def test_a_purpose_is_read_from_other_words(text: str, purpose: Purpose) -> None:
    """Where the text can mean no other purpose."""
    assert parse_fields.purpose(text) is purposes.find(text) is purpose


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("k", [Purpose.FAMILY, Purpose.WORK, Purpose.BUSINESS, Purpose.STUDY]),
        ("ke", [Purpose.FAMILY, Purpose.WORK]),
        ("w", [Purpose.TOURISM, Purpose.WORK]),
        ("g", [Purpose.GOVERNMENT]),
        ("wistaa", [Purpose.TOURISM]),
        ("turism", [Purpose.TOURISM]),
        ("kelurga", [Purpose.FAMILY, Purpose.WORK]),
    ],
)
def test_a_purpose_that_is_not_certain_is_suggested(text: str, likely: list[Purpose]) -> None:
    """The likeliest first; a single letter may be a typing mistake."""
    assert purposes.suggest(text) == likely
    with pytest.raises(Unreadable) as caught:
        parse_fields.purpose(text)
    assert (caught.value.code, caught.value.suggestion) == ("bad_character", likely[0].value)
    assert caught.value.message.render().endswith(f"Did you mean {', '.join(likely)}?")


@pytest.mark.parametrize("text", ["xyzzy", "", "?"])
def test_an_unknown_purpose_gets_the_whole_list(text: str) -> None:
    """All eight, in the reader's language, and no suggestion."""
    assert purposes.suggest(text) == []
    with pytest.raises(Unreadable) as caught:
        parse_fields.purpose(text)
    assert caught.value.suggestion is None
    said = caught.value.message
    assert said.render() == f"Choose one of: {', '.join(p.value for p in Purpose)}."
    indonesian = said.render(lambda sentence: in_language("id", sentence))
    assert indonesian.endswith(f": {', '.join(purposes.PURPOSES[p].indonesian for p in Purpose)}.")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("b1", "B1"), ("VOA", "B1"), ("visa on arrival", "B1"), ("Kitas", "KITAS"), ("itas", "KITAS")),
        *(("E-33 g", "E33G"), ("bebas visa", "A1"), ("silver hair", "E33E")),
    ],
)
def test_a_permit_gets_its_code(text: str, code: str) -> None:
    """In any spelling, and by a word that no other permit has."""
    permit = permits.find(text)
    assert permit is not None
    assert parse_fields.stay_permit(text) == permit.code == code


@pytest.mark.parametrize("text", ["wisata", "kitaz", "Visa  X 99", "kunj", "E"])
def test_another_permit_stays_as_it_was_typed(text: str) -> None:
    """The index of visas changes by decree, and C1 and D1 are both for tourists."""
    assert permits.find(text) is None
    assert parse_fields.stay_permit(text) == " ".join(text.split())


@given(st.text(max_size=30))
def test_any_text_is_a_purpose_and_a_permit_or_none(text: str) -> None:
    """Nothing is raised, a certain value is the only suggestion, and results do not change."""
    sure = purposes.find(text)
    assert purposes.suggest(text) == purposes.suggest(text)
    assert sure is None or purposes.suggest(text) == [sure]
    permit = permits.find(text)
    assert permit is None or permit in permits.suggest(text)
