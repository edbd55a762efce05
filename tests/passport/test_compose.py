"""Composing an MRZ, and reading it back."""

from datetime import date
from typing import Any

import pytest
from conftest import search
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.errors import DataRefused
from apoa_client.passport.compose import compose_td3, transliterate
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import read_mrz
from apoa_client.passport.problems import CannotCompose
from apoa_client.passport.states import all_states

TODAY = date(2026, 11, 24)
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

words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=8)
names = st.lists(words, max_size=2).map(" ".join)
births = st.dates(date(1927, 1, 1), TODAY).flatmap(
    lambda day: st.sampled_from(
        [PartialDate(day.year, day.month, day.day), PartialDate(day.year, day.month), PartialDate(day.year), None]
    )
)


def test_the_specimen_of_doc_9303() -> None:
    """ICAO's own specimen, from its fields."""
    assert compose_td3(**GIVEN) == (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    )


@given(
    surname=names,
    given_names=names,
    number=st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", max_size=9),
    state=st.sampled_from([state.code for state in all_states()]),
    birth=births,
    sex=st.sampled_from("MFX"),
    expiry=st.none() | st.dates(date(2016, 1, 1), date(2076, 12, 31)),
    code=st.sampled_from(["P", "PD", "PS"]),
)
@search(150)
def test_what_is_composed_is_read_back(**fields: Any) -> None:
    """Compose, then read, is the identity."""
    composed = compose_td3(
        issuing_state=fields["state"],
        surname=fields["surname"],
        given_names=fields["given_names"],
        document_number=fields["number"],
        nationality=fields["state"],
        birth_date=fields["birth"],
        sex=fields["sex"],
        expiry_date=fields["expiry"],
        document_type=fields["code"],
    )
    mrz = read_mrz(composed, today=TODAY)
    assert mrz.problems == ()
    assert mrz.lines == composed
    assert (mrz.surname, mrz.given_names) == (fields["surname"], fields["given_names"])
    assert (mrz.document_number, mrz.document_type) == (fields["number"], fields["code"])
    assert (mrz.issuing_state, mrz.nationality) == (fields["state"], fields["state"])
    assert (mrz.birth_date, mrz.sex, mrz.expiry_date) == (fields["birth"], fields["sex"], fields["expiry"])


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
    """Doc 9303-3 §6.A: no letter is lost with its mark."""
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
def test_names_too_long_are_cut_so_that_it_shows(surname: str, given_names: str, field: str) -> None:
    """Doc 9303-4 §4.2.3: the last position holds a letter, and some of the given names stays."""
    composed = compose_td3(**{**GIVEN, "surname": surname, "given_names": given_names})
    assert composed[0] == "P<UTO" + field
    assert read_mrz(composed, today=TODAY).names_truncated


def test_a_cut_after_single_letters_only_leaves_the_filler() -> None:
    """Where no part can be shortened, the field is filled as far as it goes."""
    composed = compose_td3(**{**GIVEN, "surname": "A", "given_names": " ".join("ABCDEFGHIJKLMNOPQRSTUVW")})
    assert len(composed[0]) == 44


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
def test_what_no_mrz_can_hold_is_refused(field: str, value: str) -> None:
    """The room's own error names the field, and its text holds no personal data."""
    with pytest.raises(CannotCompose) as caught:
        compose_td3(**{**GIVEN, field: value})
    assert caught.value.field == ("names" if "name" in field else field)
    assert isinstance(caught.value, DataRefused)
    assert caught.value.message.render()
    assert not value or value not in str(caught.value)


def test_blanks_in_numbers_become_fillers_and_empty_fields_stay_empty() -> None:
    """As a passport prints them."""
    composed = compose_td3(
        **{**GIVEN, "document_number": "123456 aa", "nationality": "", "birth_date": None, "expiry_date": None}
    )
    assert composed[1].startswith("123456<AA5<<<<<<<<<0")
    assert composed[1][21:28] == "<<<<<<0"
