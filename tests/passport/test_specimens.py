"""Specimens from public MRZ projects, each with an independent audit of its check digits."""

import json
from pathlib import Path
from typing import Any

import pytest
from passport_helpers import read, read_or_refuse

from apoa_client.passport.mrz import Convention, Mrz

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


def test_all_specimens_are_there() -> None:
    """86 in all six formats, some good and some broken."""
    assert (len(SHAPED), len(SHAPELESS)) == (70, 16)
    assert len({name_of(one) for one in SHAPED}) == 70
    assert {read(one["lines"]).format for one in SHAPED} == {"TD1", "TD2", "TD3", "MRV-A", "MRV-B", "FRA-ID"}
    assert {one["icao"]["all"] for one in SHAPED} == {True, False}


def test_the_formats_are_the_audits() -> None:
    """By shape and document code."""
    audited = {name_of(one): NAMES.get(one["icao"]["format"], one["icao"]["format"]) for one in SHAPED}
    assert {name_of(one): read(one["lines"]).format for one in SHAPED} == audited


def test_each_check_digit_fits_where_the_audit_says_so() -> None:
    """Number, dates, optional data and composite separately, fillers included."""
    wrong = {name_of(one): {AUDIT[key] for key in AUDIT if one["icao"].get(key) in {"bad", "absent"}} for one in SHAPED}
    assert {name_of(one): set(read(one["lines"]).failing) for one in SHAPED} == wrong


def test_long_numbers_are_those_of_the_audit() -> None:
    """With the same convention, and no other number is read as a long one."""
    audited = {name_of(one): CONVENTIONS.get(one["icao"].get("long_conv")) for one in SHAPED}
    assert {name_of(one): read(one["lines"]).long_number for one in SHAPED} == audited


def test_valid_agrees_with_the_audit() -> None:
    """Except for codes of states that do not exist."""
    on_purpose = [one for one in SHAPED if one["lines"][0] in REFUSED_ON_PURPOSE]
    audited = {name_of(one): one["icao"]["all"] and one not in on_purpose for one in SHAPED}
    assert {name_of(one): read(one["lines"]).valid for one in SHAPED} == audited
    for one in on_purpose:
        problems = [(found.field, found.code) for found in read(one["lines"]).problems]
        assert problems == [(field, "unknown_state") for field in REFUSED_ON_PURPOSE[one["lines"][0]]]


def test_each_exception_is_needed() -> None:
    """By at least one specimen."""
    expected = {(key, value) for one in SHAPED for key, value in one["expected"].items()}
    assert set(OTHERWISE_ON_PURPOSE) <= expected
    assert set(REFUSED_ON_PURPOSE) <= {one["lines"][0] for one in SHAPED if one["icao"]["all"]}


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
