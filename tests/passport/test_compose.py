"""Composing an MRZ, reading it again, and the spellings that a page may print for its names."""

from datetime import date
from typing import Any

import pytest
from basics import search
from hypothesis import given
from hypothesis import strategies as st
from passport_helpers import FORMATS, documents, read

from apoa_client.errors import DataRefused
from apoa_client.passport import names
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.mrz import Convention
from apoa_client.passport.names import printed_spellings, transliterate
from apoa_client.passport.problems import CannotCompose
from apoa_client.passport.states import by_code

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
    long = len(details.document_number) > 9 and form != "FRA-ID"
    assert (mrz.long_number in {Convention.NUMBER_ALONE, Convention.EITHER}) is long


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
        *((form, {"document_number": "L898902C34"}, "document_number") for form in ("TD3", "MRV-A")),
        ("FRA-ID", {"document_number": "8" * 13}, "document_number"),
        ("TD1", {"document_number": "8" * 24, "optional_data": ""}, "optional_data"),
        *(("TD1", {"document_number": text}, "document_number") for text in ("12345678 9012", "1234567890 12")),
        ("TD2", {"document_number": "8" * 12}, "optional_data"),
        ("TD1", {"optional_data_2": "8" * 12}, "optional_data_2"),
        *((form, {"document_type": "V"}, "document_type") for form in ("TD1", "TD3")),
        ("MRV-A", {"document_type": "P"}, "document_type"),
        ("TD2", {"document_type": "ID", "issuing_state": "FRA"}, "document_type"),
        ("FRA-ID", {"document_type": "IP"}, "document_type"),
        *(("FRA-ID", {"nationality": state}, "nationality") for state in ("UTO", "")),
        ("FRA-ID", {"issuing_state": "UTO", "nationality": "UTO"}, "document_type"),
        ("FRA-ID", {"issuing_state": "UTO"}, "nationality"),
        *(("TD3", {"document_type": code}, "document_type") for code in ("X", "", "P1", "PAB")),
        ("TD3", {"issuing_state": "QQQ"}, "issuing_state"),
        ("TD3", {"nationality": "GERMANY"}, "nationality"),
        ("TD3", {"surname": "Иванов"}, "names"),
        ("TD3", {"given_names": "Anna2"}, "names"),
        ("TD3", {"document_number": "L8989/2C3"}, "document_number"),
        *(("TD3", {"sex": text}, "sex") for text in ("female", "")),
        *(("TD3", {"optional_data": text}, "optional_data") for text in ("A" * 15, "é")),
    ],
)
def test_fields_that_cannot_be_written(form: str, changes: dict[str, Any], field: str) -> None:
    """A number that is too long, another format's code, a second state on a French card, and wrong characters.

    `CannotCompose` names the field, and its text has no personal data.
    """
    state = "FRA" if form == "FRA-ID" else "UTO"
    given = GIVEN | {"issuing_state": state, "nationality": state, "optional_data": "ZE184"} | changes
    with pytest.raises(CannotCompose) as caught:
        compose(form, Details(**given))
    assert caught.value.field == field
    assert isinstance(caught.value, DataRefused)
    assert caught.value.message.render()
    assert not any(len(value) > 1 and value in str(caught.value) for value in changes.values())


@pytest.mark.parametrize("form", FORMATS)
@given(names=st.tuples(*[st.text("ABC -'\u00c9\u00d1", max_size=50)] * 2))
@search(40)
def test_names_of_any_length_fit(form: str, names: tuple[str, str]) -> None:
    """The names that are read are the beginning of the given ones, and a truncation shows."""
    state = "FRA" if form == "FRA-ID" else "UTO"
    changes = {"surname": names[0], "given_names": names[1], "optional_data": ""}
    mrz = read(compose(form, Details(**GIVEN | {"issuing_state": state, "nationality": state} | changes)))
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


def test_blanks_in_numbers_become_fillers_and_empty_fields_stay_empty() -> None:
    """As a passport prints them."""
    composed = td3(document_number="123456 aa", nationality="", birth_date=None, expiry_date=None)
    assert composed[1].startswith("123456<AA5<<<<<<<<<0")
    assert composed[1][21:28] == "<<<<<<0"


STATES = sorted(names._rules_by_state())  # the table is data, and each row of it keeps the promises
PIECES = [
    *("NXX", "UXX", "MICHAEL", "NOEL", "THEO"),
    *("AE", "OE", "UE", "AA", "SS", "TH", "EL", "EI", "EV"),
    *" ABEGLNQRSUX",
]

ORDINARY = """
    AARON AISSATOU BAUER CHLOE EMANUELA FEUERBACH GUERRERO HESSE HUSSEIN ISAAC ISRAEL JOE JOEL JOELLE LESSING MAEVE
    MANUEL MELISSA MICHAEL MICHAELA MIGUEL NEUER NIKOLAENKO NIKOLAEV NIKOLAEVNA NOEL NOELLE NOEMI PHOEBE QUENTIN
    RAFAELA RAPHAEL RODRIGUEZ SAMUEL SAMUELSSON SUE THEA THELMA THEODORA THOMAS ZOE ZUEVA
"""

mrz_names = st.lists(st.sampled_from(PIECES), max_size=10).map(lambda pieces: " ".join("".join(pieces).split()))


def mrz_spelling(form: str, state: str) -> str:
    """Return a spelling as the state's MRZ has it: Doc 9303 allows two ways for Ñ, and three for Ü."""
    if "NXX" in names._rules_by_state()[state].usual:
        form = form.replace("Ñ", "NXX").replace("Ü", "UXX")
    return transliterate(form).replace("<", " ")


@given(name=mrz_names, state=st.sampled_from(STATES))
@search(160)
def test_every_spelling_transliterates_to_the_name(name: str, state: str) -> None:
    """At most three spellings, all different, none of them the name itself, with other letters of the rules alone."""
    forms = printed_spellings(name, state)
    assert len(set(forms)) == len(forms) <= 3
    assert name not in forms
    assert [mrz_spelling(form, state) for form in forms] == [name] * len(forms)
    rules = names._rules_by_state()[state]
    for form in forms:  # no hyphen, no apostrophe and no other accent is added
        assert set(form) <= {*name, *rules.usual.values(), *rules.sometimes.values()}
        assert form.count(" ") == name.count(" ")


@pytest.mark.parametrize("state", STATES)
def test_every_rule_is_of_doc_9303(state: str) -> None:
    """Each row's letters are transliterated as in §6.A, and its states are ICAO's, each in one row."""
    assert by_code(state) is not None
    assert sum(state in states.split() for states in names._RULES) == 1
    rules = names._rules_by_state()[state]
    for written, letter in (rules.usual | rules.sometimes).items():
        assert mrz_spelling(letter, state) == written


PRINTED = {
    "D": {
        "MUELLER": "MÜLLER",
        "JOERG GUENTHER": "JÖRG GÜNTHER",
        "SCHAEUFELE": "SCHÄUFELE",
        "MAEUERLE": "MÄUERLE",
        "BETUEL GUEL": "BETÜL GÜL",
        "GOETHE": "GÖTHE",  # he wrote OE; an MRZ has the same for a GÖTHE, so the page decides
        "WEISS": "WEIß",
        "GROSS": "GROß",
        "": "",
    },
    "DEU": {"MUELLER": "MÜLLER"},
    "AUT": {"SCHAEFER": "SCHÄFER", "GOESSL": "GÖSSL", "STRAUSS MUELLER": "STRAUSS MÜLLER, STRAUß MÜLLER"},
    "CHE": {"KOENIG": "KÖNIG", "KAELIN": "KÄLIN", "WEISS": ""},  # no ß in Switzerland
    "DNK": {
        "SOERENSEN": "SØRENSEN",
        "MAERSK": "MÆRSK",
        "SOEREN AAGAARD": "SØREN AAGAARD, SØREN ÅGÅRD",
        "AAGAARD": "ÅGÅRD",  # AAGAARD is usual; the page decides
    },
    "NOR": {"HAAKON": "HÅKON"},
    "SWE": {"AAKESSON SJOE": "ÅKESSON SJÖ"},
    "FIN": {"HAEMAELAEINEN": "HÄMÄLÄINEN", "JAEAESKELAEINEN": "JÄÄSKELÄINEN", "SAARINEN": ""},
    "ISL": {"THORSTEINN AEGIR": "ÞORSTEINN ÆGIR", "GUNNTHORA": ""},
    "EST": {"LAANEMAEE": "LAANEMÄE"},
    "TUR": {"OEZTUERK": "ÖZTÜRK"},
    "HUN": {"GYOERGY": "GYÖRGY"},
    "ESP": {"MUNXXOZ": "MUÑOZ", "MUNOZ AGUERO": ""},  # a Ñ written as N leaves no trace
    "ARG": {"MUNXXOZ AGUXXERO": "MUÑOZ AGÜERO"},
    **{state: {"MUELLER": "", "MUNXXOZ": ""} for state in ("", "IDN", "USA", "FRA", "NLD", "UTO", "d", "D<<")},
}
"""By state and by name: the spellings."""


@pytest.mark.parametrize("state", PRINTED)
def test_printed_spellings(state: str) -> None:
    """The likeliest first, then the spelling of some families; none where no rule of the state is known."""
    assert {name: ", ".join(printed_spellings(name, state)) for name in PRINTED[state]} == PRINTED[state]


@pytest.mark.parametrize("state", STATES)
def test_ordinary_names_have_no_spellings(state: str) -> None:
    """Names whose letters stand for themselves, in every state of the table."""
    assert {name: forms for name in ORDINARY.split() if (forms := printed_spellings(name, state))} == {}
