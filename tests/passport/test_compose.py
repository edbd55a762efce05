"""Composing an MRZ, and reading it again."""

from datetime import date
from typing import Any

import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import FORMATS, SPECIMENS, documents, read

from apoa_client.errors import DataRefused
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.names import transliterate
from apoa_client.passport.problems import CannotCompose

GIVEN: dict[str, Any] = {
    "issuing_state": "UTO",
    "surname": "Eriksson",
    "given_names": "Anna Maria",
    "document_number": "L898902C3",
    "nationality": "UTO",
    "birth_date": PartialDate(1974, 8, 12),
    "sex": "F",
    "expiry_date": date(2012, 4, 15),
    "optional_data": "ZE184226B",
}


def td3(**changes: Any) -> tuple[str, ...]:
    return compose("TD3", Details(**GIVEN | changes))


def test_the_specimen_of_doc_9303() -> None:
    """ICAO's specimen, from its fields."""
    assert td3() == (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    )


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.data())
@search(60)
def test_a_composed_mrz_is_read_again(form: str, data: st.DataObject) -> None:
    """In every format, with long numbers, single names and partly unknown dates of birth."""
    details = data.draw(documents(form))
    lines = compose(form, details)
    mrz = read(lines)
    assert (mrz.format, mrz.lines, mrz.problems, mrz.changes) == (form, lines, (), ())
    assert {name: getattr(mrz, name) for name in Details._fields} == details._asdict()


@pytest.mark.parametrize("form", FORMATS)
def test_the_document_code_has_a_default(form: str) -> None:
    """Each format has its most common code."""
    given = GIVEN | {"optional_data": ""}
    assert read(compose(form, Details(**given))).document_type == SPECIMENS[form][0][:2].rstrip("<")


def test_a_long_number_moves_into_the_optional_data() -> None:
    """As on ICAO's specimen (9303-6 §4.2.2): the rest, the digit over the number, a filler, the optional data."""
    given = GIVEN | {"document_number": "D23145890734", "optional_data": "A"}
    assert compose("TD2", Details(**given))[1][:35] == "D23145890<UTO7408122F12041597349<A<"
    first = compose("TD1", Details(**given | {"optional_data_2": "B1"}))
    assert first[0] == "I<UTOD23145890<7349<A<<<<<<<<<"
    assert first[1][18:29] == "B1<<<<<<<<<"


@pytest.mark.parametrize(
    ("form", "changes", "field"),
    [
        ("TD3", {"document_number": "L898902C34"}, "document_number"),
        ("MRV-A", {"document_number": "L898902C34"}, "document_number"),
        ("TD1", {"document_number": "8" * 24, "optional_data": ""}, "optional_data"),
        ("TD1", {"document_number": "12345678 9012"}, "document_number"),
        ("TD1", {"document_number": "1234567890 12"}, "document_number"),
        ("TD2", {"document_number": "8" * 12}, "optional_data"),
        ("TD1", {"optional_data_2": "8" * 12}, "optional_data_2"),
        ("TD1", {"document_type": "V"}, "document_type"),
        ("TD3", {"document_type": "V"}, "document_type"),
        ("MRV-A", {"document_type": "P"}, "document_type"),
    ],
)
def test_fields_that_a_format_has_no_room_for(form: str, changes: dict[str, Any], field: str) -> None:
    """A number that is too long, the code of another format."""
    given = GIVEN | {"optional_data": "ZE184"} | changes
    with pytest.raises(CannotCompose) as caught:
        compose(form, Details(**given))
    assert caught.value.field == field
    assert caught.value.message.render()


@pytest.mark.parametrize("form", FORMATS)
@given(names=st.tuples(*[st.text("ABC -'\u00c9\u00d1", max_size=50)] * 2))
@search(40)
def test_names_of_any_length_fit(form: str, names: tuple[str, str]) -> None:
    """The names that are read are the beginning of the given ones, and a truncation shows."""
    changes = {"surname": names[0], "given_names": names[1], "optional_data": ""}
    mrz = read(compose(form, Details(**GIVEN | changes)))
    assert mrz.valid
    for name, found in zip(names, (mrz.surname, mrz.given_names), strict=True):
        words, kept = transliterate(name).split("<"), found.split()
        assert all(word.startswith(part) for word, part in zip(words, kept, strict=False))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Müller", "MUELLER"),
        ("MUÑOZ", "MUNOZ"),
        ("Ångström", "AANGSTROEM"),
        ("Sørensen", "SOERENSEN"),
        ("Weiß", "WEISS"),
        ("Þórður", "THORDUR"),
        ("Đặng Thị Hồng", "DANG<THI<HONG"),
        ("Łukasz", "LUKASZ"),
        ("I\u011fd\u0131r \u0130nan", "IGDIR<INAN"),
        ("Ĳssel", "IJSSEL"),
        ("O'Connor", "OCONNOR"),
        ("Jean-Luc", "JEAN<LUC"),
        ("de  la Cruz, Jr.", "DE<LA<CRUZ<JR"),
        ("Cafe\u0301", "CAFE"),
        ("mu\u0308ller", "MUELLER"),
        ("", ""),
    ],
)
def test_transliteration(name: str, written: str) -> None:
    """Doc 9303-3 §6.A: no letter is lost with its accent."""
    assert transliterate(name) == written


@pytest.mark.parametrize(
    ("surname", "given_names", "field"),
    [
        ("Papandropoulous", "Jonathon Warren Trevor Alexander", "PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR"),
        ("Bennelong Wooloomooloo Warrandyte Warnambool", "Dingo", "BENNELONG<WOOLOOMOOLOO<WARRANDYTE<WA<<D"),
        ("Nilavadhanananda", "Chayapa Dejthamrong Krasuang", "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"),
        ("Abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq", "", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLM"),
        ("Aaaaaaaaaaaaaaaaaaaa", "Bbbbbbbbbbb Cccc Dd", "AAAAAAAAAAAAAAAAAAAA<<BBBBBBBBBBB<CCC<D"),
    ],
)
def test_truncated_names_end_in_a_letter(surname: str, given_names: str, field: str) -> None:
    """Doc 9303-4 §4.2.3: the last position has a letter, and part of the given names remains."""
    composed = td3(surname=surname, given_names=given_names)
    assert composed[0] == "P<UTO" + field
    assert read(composed).names_truncated
    alone = td3(surname="A", given_names=" ".join("ABCDEFGHIJKLMNOPQRSTUVW"))
    assert len(alone[0]) == 44  # where no part can be shortened, the field may end in a filler


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("document_type", "X"),
        ("document_type", ""),
        ("document_type", "P1"),
        ("document_type", "PAB"),
        ("issuing_state", "QQQ"),
        ("nationality", "GERMANY"),
        ("surname", "Иванов"),
        ("given_names", "Anna2"),
        ("document_number", "L898902C34"),
        ("document_number", "L8989/2C3"),
        ("sex", "female"),
        ("sex", ""),
        ("optional_data", "A" * 15),
        ("optional_data", "é"),
    ],
)
def test_fields_that_cannot_be_written(field: str, value: str) -> None:
    """`CannotCompose` names the field, and its text has no personal data."""
    with pytest.raises(CannotCompose) as caught:
        td3(**{field: value})
    assert caught.value.field == ("names" if "name" in field else field)
    assert isinstance(caught.value, DataRefused)
    assert caught.value.message.render()
    assert not value or value not in str(caught.value)


def test_blanks_in_numbers_become_fillers_and_empty_fields_stay_empty() -> None:
    """As a passport prints them."""
    composed = td3(document_number="123456 aa", nationality="", birth_date=None, expiry_date=None)
    assert composed[1].startswith("123456<AA5<<<<<<<<<0")
    assert composed[1][21:28] == "<<<<<<0"
