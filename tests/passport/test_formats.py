"""The six formats: recognition, all fields, and specimens of other projects with an independent audit."""

import json
import string
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from basics import search
from hypothesis import assume, example, given
from hypothesis import strategies as st
from passport_helpers import (
    FORMATS,
    LAYOUT,
    SPECIMENS,
    TODAY,
    Lines,
    composed,
    put,
    read,
    read_or_refuse,
    write,
)

from apoa_client.passport.check_digits import ALPHABET, character_values
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.passport.field_problems import find_problems
from apoa_client.passport.mrz import Convention, Mrz

ERIKSSON: dict[str, Any] = {
    "issuing_state": "UTO",
    "surname": "ERIKSSON",
    "given_names": "ANNA MARIA",
    "document_number": "D23145890",
    "nationality": "UTO",
    "birth_date": PartialDate(1974, 8, 12),
    "sex": "F",
    "expiry_date": date(2012, 4, 15),
    "optional_data": "",
    "optional_data_2": "",
}

ON_VISA = {"nationality": "XXX", "birth_date": PartialDate(1940, 9, 7), "expiry_date": date(1996, 12, 10)}

CONTENTS: dict[str, dict[str, Any]] = {
    "TD1": ERIKSSON | {"document_type": "I"},
    "TD2": ERIKSSON | {"document_type": "I"},
    "TD3": ERIKSSON | {"document_type": "P", "document_number": "L898902C3", "optional_data": "ZE184226B"},
    "MRV-A": ERIKSSON | ON_VISA | {"document_type": "V", "document_number": "L8988901C", "optional_data": "6ZE184226B"},
    "MRV-B": ERIKSSON | ON_VISA | {"document_type": "V", "document_number": "L8988901C"},
    "FRA-ID": ERIKSSON
    | {
        "document_type": "ID",
        "issuing_state": "FRA",
        "nationality": "FRA",
        "surname": "BERTHIER",
        "given_names": "CORINNE",
        "document_number": "880692310285",
        "birth_date": PartialDate(1965, 12, 6),
        "expiry_date": None,
    },
}


@pytest.mark.parametrize("form", FORMATS)
def test_all_fields_of_the_specimens(form: str) -> None:
    """ICAO's specimens (9303-4 to -7) and the French card's; the fields make the lines, with the usual code."""
    mrz = read(SPECIMENS[form])
    assert {name: getattr(mrz, name) for name in CONTENTS[form]} == CONTENTS[form]
    assert (mrz.format, mrz.lines) == (form, SPECIMENS[form])
    assert (mrz.valid, mrz.problems, mrz.failing, mrz.changes, mrz.long_number) == (True, (), (), (), None)
    assert not mrz.names_truncated
    given = {name: value for name, value in CONTENTS[form].items() if name != "document_type"}
    assert compose(form, Details(**given)) == SPECIMENS[form]


@pytest.mark.parametrize(
    ("form", "code", "other"),
    [
        ("TD3", "V<", "MRV-A"),
        ("TD2", "VC", "MRV-B"),
        ("TD3", "I<", "TD3"),
        ("TD3", "AC", "TD3"),
        ("TD2", "P<", "TD2"),
        ("TD1", "P<", "TD1"),
        ("TD1", "CR", "TD1"),
    ],
)
def test_the_document_code_tells_formats_of_one_size_apart(form: str, code: str, other: str) -> None:
    """V is a visa in 2 x 44 and in 2 x 36 (Doc 9303-7)."""
    mrz = read(put(SPECIMENS[form], 0, 0, code))
    assert (mrz.format, mrz.document_type, mrz.valid) == (other, code.rstrip("<"), True)


def test_a_visa_with_a_passports_code_lacks_a_composite_check_digit() -> None:
    """It has optional data where a passport and a card have the composite."""
    for form, other, failing in (("MRV-A", "TD3", ("optional_data", "composite")), ("MRV-B", "TD2", ("composite",))):
        mrz = read(put(SPECIMENS[form], 0, 0, "P"))
        assert (mrz.format, mrz.failing, mrz.valid) == (other, failing, False)


def test_three_lines_are_never_a_visa() -> None:
    """Doc 9303-7 has no visa of that size: the code is wrong."""
    mrz = read(put(SPECIMENS["TD1"], 0, 0, "V<"))
    assert mrz.format == "TD1"
    assert [(found.field, found.code) for found in mrz.problems] == [("document_type", "bad_character")]


def test_the_french_card_is_known_by_its_first_five_characters() -> None:
    """IDFRA in 2 x 36 is the card issued before 2021, IDFRA in 3 x 30 the present one; other codes are TD2."""
    assert read(SPECIMENS["FRA-ID"]).format == "FRA-ID"
    assert read(["IDFRAX4RTBPFW46<<<<<<<<<<<<<<<", "9007138F3002119FRA<<<<<<<<<<<6", SPECIMENS["TD1"][2]]).valid
    assert read(write("TD2", "issuing_state", "FRA")).format == "TD2"
    assert read(put(SPECIMENS["FRA-ID"], 0, 0, "I<")).format == "TD2"


@given(composed(), st.sampled_from(ALPHABET), st.data())
@search(160)
def test_every_substitution_that_changes_a_value_is_detected(
    document: tuple[str, Lines], new: str, data: st.DataObject
) -> None:
    """In every format, a wrong character is undetected only where its value is the same modulo 10."""
    form, lines = document
    layout = LAYOUT[form]
    protected = {position for check in layout.checks for position in (*check.positions, check.digit)}
    line, position = divmod(data.draw(st.sampled_from(sorted(protected))), layout.length)
    assume(character_values(new) != character_values(lines[line][position]))
    assert not read(put(lines, line, position, new)).valid


def has_no_problems(mrz: Mrz) -> bool:
    """Return whether a complete inspection finds no problem."""
    return find_problems(mrz.layout, "".join(mrz.lines), TODAY, mrz.failing) == ()


STATES = st.text(string.ascii_uppercase[:4] + "UTO<<0", min_size=3, max_size=3)
DATES = st.text("0123<<0A", min_size=6, max_size=6) | st.sampled_from(
    ["<<0812", "<<AB12", "74<<1A", "740229", "760229"]
)
CODES = st.text("PICAV<0X", min_size=2, max_size=2)


@given(st.sampled_from(FORMATS), st.lists(st.tuples(CODES, STATES, DATES, st.sampled_from("MFX<1Q")), max_size=3))
@example("TD3", [("P<", "D<<", "74<<1A", "<")])
@example("TD2", [("I<", "<<<", "<<AB12", "M")])
@example("TD1", [("I<", "<<D", "<<<<<<", "M")])
@search(160)
def test_valid_means_no_problems(form: str, texts: list[tuple[str, str, str, str]]) -> None:
    """Codes, states, dates and sexes that are nearly right, with correct check digits."""
    for code, state, day, sex in texts:
        lines = SPECIMENS[form]
        fields = {"document_type": code, "nationality": state, "birth_date": day, "expiry_date": day, "sex": sex}
        for name in fields.keys() & LAYOUT[form].by_name.keys():
            lines = write(form, name, fields[name], lines=lines)
        mrz = read(lines)
        assert mrz.valid is has_no_problems(mrz) is (mrz.problems == ())


Specimen = dict[str, Any]

AUDIT = {
    "doc": "document_number",
    "dob": "birth_date",
    "exp": "expiry_date",
    "opt": "optional_data",
    "comp": "composite",
}
"""The audit's names of checks, and ours."""

CONVENTIONS = {"both": Convention.EITHER, "with<": Convention.WITH_FILLER, "without<": Convention.NUMBER_ALONE}

NAMES = {"MRVA": "MRV-A", "MRVB": "MRV-B", "FRA_ID": "FRA-ID"}

REFUSED_ON_PURPOSE = {
    # Every digit fits, and yet it is not valid: by first line, what is wrong and where Doc 9303 says so.
    "P<ASUMXHMWD<<EBDALRXHYM<<<<<<<<<<<<<<<<<<<<<": ["issuing_state", "nationality"],  # 9303-3 §5: no code ASU
    "P<UTOPETERS<<JOHN<<<<<<<<<<<<<<<<<<<<<<<<<<<": ["nationality"],  # 9303-3 §5: three letters, CHE, and not CH<
}

OTHERWISE_ON_PURPOSE = {
    # What a suite expects, and what Doc 9303 has us say.
    ("given_names", "NICOLAS, PAUL"): "NICOLAS PAUL",  # 9303-3 §4.6: a comma is never written, so none can be read
    ("expiry", "950102"): "None",  # a French card prints no date of expiry in these lines; that suite adds ten years
    ("expiry", "650801"): "None",
    ("format", "TD3"): "MRV-A",  # 9303-7 §4.2.2: V begins a visa
}


def specimens() -> list[Specimen]:
    lines = Path(__file__).with_name("mrz_specimens.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def name_of(specimen: Specimen) -> str:
    return f"{specimen['source']} {specimen['lines'][0]}"


SHAPED = [one for one in specimens() if one["icao"]["format"] is not None and "why" not in one["icao"]]
"""The specimens that the audit could check."""

SHAPELESS = [one for one in specimens() if one not in SHAPED]


@pytest.mark.parametrize("specimen", SHAPED, ids=name_of)
def test_the_audit_agrees(specimen: Specimen) -> None:
    """About the format, each check digit, long numbers and validity, except for codes of states that do not exist."""
    audited, mrz = specimen["icao"], read(specimen["lines"])
    assert mrz.format == NAMES.get(audited["format"], audited["format"])
    assert set(mrz.failing) == {AUDIT[key] for key in AUDIT if audited.get(key) in {"bad", "absent"}}
    assert mrz.long_number == CONVENTIONS.get(audited.get("long_conv"))
    unknown = REFUSED_ON_PURPOSE.get(specimen["lines"][0], [])
    assert mrz.valid is (audited["all"] and not unknown)
    if unknown:
        assert [(found.field, found.code) for found in mrz.problems] == [(field, "unknown_state") for field in unknown]


def as_expected(mrz: Mrz, key: str) -> str:
    """Return our value in the spelling of the other projects."""
    if key in {"birth_date", "expiry"}:
        return str(mrz.birth_date if key == "birth_date" else mrz.expiry_date).replace("-", "")[-6:]
    return str(getattr(mrz, key)).replace("-", "_") if key == "format" else str(getattr(mrz, key))


@pytest.mark.parametrize("specimen", [one for one in SHAPED if one["icao"]["all"]], ids=name_of)
def test_fields_are_what_other_projects_expect(specimen: Specimen) -> None:
    """Names, numbers, states, sexes, dates and formats."""
    mrz = read(specimen["lines"])
    for key, text in specimen["expected"].items():
        if text is None:  # German cards leave the sex empty, UTO is no state to some
            continue
        plain = text.replace("-", "")[-6:] if key in {"birth_date", "expiry"} else text
        plain = NAMES.get(plain, plain).replace("-", "_") if key == "format" else plain
        found = as_expected(mrz, key)
        assert found == plain or OTHERWISE_ON_PURPOSE[key, text].replace("-", "_") == found


@pytest.mark.parametrize("specimen", SHAPELESS, ids=name_of)
def test_lines_of_no_format_are_never_valid(specimen: Specimen) -> None:
    """They are refused for length or characters, or read with that problem first."""
    found = read_or_refuse(specimen["lines"])
    if isinstance(found, Mrz):
        assert (found.valid, found.problems[0].field, found.problems[0].code) == (False, "mrz", "bad_length")
    else:
        assert (found.field, found.code) == (
            "mrz",
            "bad_character" if "char" in specimen["icao"]["why"] else "bad_length",
        )
