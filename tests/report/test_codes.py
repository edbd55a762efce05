"""Codes: purposes, visas and stay permits from a few letters, and an authority's own tables with their warning."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_helpers import NOW, PERMITS, WIB, code, draft

from apoa_client.cli.terminal.language import in_language
from apoa_client.passport import states
from apoa_client.report import checking, parse_fields, permits, purposes
from apoa_client.report.codes import (
    NO_TABLES,
    CodeTable,
    CodeTables,
    find,
    read_table,
    rows_of,
    suggest,
    table_value,
    valid_codes,
)
from apoa_client.report.findings import Unreadable
from apoa_client.report.kinds import Purpose
from apoa_client.report.permits import PermitKind
from apoa_client.report.rules import examine

SUGGESTED: dict[str, tuple[str, ...]] = {
    "B1": ("b1", "VOA", "e-VOA", "visa on arrival"),
    "KITAS": ("kitas",),
    "KITAP": ("ITAP",),
    "E33G": ("e33g", "remote"),
    "E33 E33E E33F E33G": ("E33",),
    "E33E E33F": ("pensiun",),
    "B4": ("b4",),
    "C7C": ("magician",),
    "C10": ("speaker",),
    "DIPLOMATIK": ("diplomat",),
    "DINAS": ("service visa",),
    "A1": ("bebas visa",),
    "A1 B1 C1 D1": ("wisata",),
    "ITK": ("kunjungn",),
    "": ("religious", "", "-", "qqq", "qwertz"),
}


@pytest.mark.parametrize(("text", "codes"), [(text, codes) for codes, texts in SUGGESTED.items() for text in texts])
def test_suggestions(text: str, codes: str) -> None:
    """By code, by words of either language, by a beginning, and by similarity; the likeliest first."""
    for limit in (5, 2):
        assert [permit.code for permit in permits.suggest(text, limit)] == codes.split()[:limit]


def test_every_permit_is_found_by_its_code_and_both_names() -> None:
    """Each code is in the table once."""
    known = permits.permits()
    assert len({permit.code for permit in known}) == len(known)
    for permit in known:
        assert permits.by_code(permit.code.lower()) is permit
        assert permits.suggest(permit.code)[0] is permit
        assert permit in permits.suggest(permit.name("id"))
        assert permit in permits.suggest(permit.name("en"))


def test_days_are_set_only_where_they_are_known() -> None:
    """30 days for A1 and B1, extended once; 60 for C1, extended twice; 90 for C18; 60 a visit for D1 and D2."""
    codes_of = {p.code: (p.days, p.extensions) for p in permits.permits() if p.days is not None}
    assert codes_of == {"A1": (30, 0), "B1": (30, 1), "C1": (60, 2), "C18": (90, 0), "D1": (60, None), "D2": (60, None)}
    assert [p.code for p in permits.permits() if p.extensions is not None and p.days is None] == []
    assert [p.code for p in permits.permits() if p.multiple_entry] == ["D1", "D2", "D12"]


def test_the_permits_that_a_decree_added() -> None:
    """Each with its kind: E31A to C and E32E to H are visas for a limited stay, too."""
    kinds = {permit.code: permit.kind for permit in permits.permits()}
    assert {kinds[code] for code in ("C7C", "B2", "B3", "B4")} == {PermitKind.VISIT}
    assert {kind for code, kind in kinds.items() if code.startswith("E")} == {PermitKind.LIMITED}
    assert [code for code, kind in kinds.items() if kind is PermitKind.STAY_PERMIT] == ["ITK", "KITAS", "KITAP"]
    assert [code for code, kind in kinds.items() if kind is PermitKind.OFFICIAL] == ["DIPLOMATIK", "DINAS"]


def test_visa_free_states_are_states() -> None:
    """By ICAO's codes, each once for each permit, with the rule: 16 are visa-free, 97 get a visa on arrival."""
    rules = permits.entry_rules()
    assert all(rule.source and date(2026, 1, 1) <= permits.as_of() <= rule.as_of for rule in rules)
    for permit, count in ((permits.VISA_FREE, 16), ("B1", 97)):
        codes = [code for rule in rules if rule.permit == permit for code in rule.states]
        assert len(set(codes)) == len(codes) == count
        assert all(states.by_code(code) is not None for code in codes)


def test_permits_that_are_likely_for_a_nationality() -> None:
    """A visa-free visit comes before a visa on arrival."""
    likely = {state: [permit.code for permit in permits.likely(state)] for state in ("AUS", "D", "DEU", "SGP", "PER")}
    on_arrival, free = ["B1"], ["A1", "B1"]
    assert likely == {"AUS": on_arrival, "D": on_arrival, "DEU": on_arrival, "SGP": free, "PER": free}
    assert [*permits.likely("NGA"), *permits.likely("")] == []


def test_a_permit_that_is_unlikely_for_a_nationality() -> None:
    """Only a permit that the rules give to some nationalities can be unlikely for another one."""
    assert all(permits.is_unlikely(*each) for each in (("A1", "AUS"), ("B1", "NGA")))
    likely = [("A1", "SGP"), ("B1", "DEU"), ("B1", "TZA"), ("C1", "NGA"), ("KITAS", "NGA")]
    assert not any(permits.is_unlikely(*each) for each in likely)


@pytest.mark.parametrize(
    ("text", "nationality", "codes"),
    [
        *((text, "AUS", ["B1", "C1", "D1"]) for text in ("turis", "wisata", "Tourist", "tourism", "visa turis")),
        ("turis", "SGP", ["A1", "B1", "C1", "D1"]),
        ("turis", "NGA", ["C1", "D1"]),
        ("turis", "", ["A1", "B1", "C1", "D1"]),
        ("bisnis", "CHN", ["B1", "C2", "D2"]),
        ("berobat", "MYS", ["A1", "B1", "C3"]),
        ("visa kunjungan", "FRA", ["B1", "C1", "C2", "D1"]),
        ("liburan", "AUS", ["B1", "C1", "D1", "E35"]),
        ("b", "NGA", ["B1", "B2", "B3", "B4", "C2"]),
        ("turist", "JPN", ["B1", "C1", "D1"]),
    ],
)
def test_suggestions_for_a_nationality(text: str, nationality: str, codes: list[str]) -> None:
    """What most of its visitors hold comes first, what none of them gets is left out."""
    assert [permit.code for permit in permits.suggest(text, nationality=nationality)] == codes


@pytest.mark.parametrize(
    ("text", "several"), [("turis", True), ("B1", False), ("voa", False), ("qqq", False), ("", False)]
)
def test_words_that_several_permits_have(text: str, *, several: bool) -> None:
    """They are no permit."""
    assert permits.is_ambiguous(text) == several


# Purposes.


@pytest.mark.parametrize("purpose", Purpose)
def test_a_purpose_is_read_in_both_languages(purpose: Purpose) -> None:
    """The contract's word and the Indonesian one, with any capitals, and from a unique beginning."""
    for word in (purpose.value, purposes.PURPOSES[purpose].indonesian):
        assert parse_fields.purpose(f" {word.upper()} ") is purpose
        assert parse_fields.purpose(word[:4]) is purpose
        assert purposes.suggest(word) == [purpose]


OTHER_WORDS = {
    Purpose.TOURISM: ("wis", "liburan", "jalan jalan"),
    Purpose.BUSINESS: ("Meeting",),
    Purpose.FAMILY: ("kel",),
    Purpose.WORK: ("ker",),
    Purpose.STUDY: ("kuliah",),
    Purpose.TRANSIT: ("tr",),
    Purpose.GOVERNMENT: ("dinas",),
    Purpose.OTHER: ("lain", "lain-lain"),
}


@pytest.mark.parametrize("purpose", OTHER_WORDS)
def test_a_purpose_is_read_from_other_words(purpose: Purpose) -> None:
    """Where the text can mean no other purpose."""
    for text in OTHER_WORDS[purpose]:
        assert parse_fields.purpose(text) is purposes.find(text) is purpose


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("k", [Purpose.FAMILY, Purpose.WORK, Purpose.BUSINESS, Purpose.STUDY]),
        ("ke", [Purpose.FAMILY, Purpose.WORK]),
        ("w", [Purpose.TOURISM, Purpose.WORK]),
        ("b", [Purpose.BUSINESS, Purpose.STUDY, Purpose.WORK]),  # bekerja is no word that is shown
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


# An authority's tables.

VALID = valid_codes(PERMITS.stay_permits, date(2026, 11, 24))


@pytest.mark.parametrize("text", ["N7", "n-7", "Remote worker visa", "visa PEKERJA jarak jauh"])
def test_a_code_or_its_name_is_found(text: str) -> None:
    """In any spelling, and in both languages."""
    found = find(text, VALID)
    assert found is not None
    assert found.code == "N7"


@pytest.mark.parametrize("text", ["C1", "C9", "X", "", "visa"])
def test_what_is_not_valid_or_not_one_code_is_not_found(text: str) -> None:
    """A code of other days, an unknown one, a text of no letter, and a word of which no code has the whole name."""
    assert find(text, VALID) is None


def test_a_name_of_two_codes_means_none() -> None:
    """The user chooses."""
    assert find("wisata", [code("A", id="Wisata"), code("B", id="wisata")]) is None


def test_suggestions_begin_with_the_text_or_are_similar() -> None:
    """Codes come before names; what is not valid on the day is not suggested."""
    rows = (*VALID, code("Remo"))
    assert [row.code for row in suggest("remo", rows)] == ["Remo", "N7"]
    assert [row.code for row in suggest("remoet worker visa", rows)] == ["N7"]
    assert suggest("C", rows) == suggest("", rows) == suggest("qqqq", rows) == []


def test_a_code_may_have_several_rows() -> None:
    """In any spelling, each for other days."""
    rows = [code("A", valid_to=date(2026, 1, 1)), code("a", valid_from=date(2026, 11, 1)), code("A-"), code("B")]
    assert rows_of(rows, "A") == rows[:3]
    assert len(valid_codes(rows, date(2026, 11, 24))) == 2


def test_a_table_is_read_as_it_was_written() -> None:
    """With its days, its version and its ETag."""
    table = CodeTable("stay_permits", "7", PERMITS.stay_permits, '"7"')
    assert read_table(table_value(table)) == table


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"table": "purposes", "version": "1", "etag": None, "codes": [["A"]]},
        {"table": "purposes", "version": "1", "etag": None, "codes": [["A", "A", "A", "kemarin", None]]},
        {"table": "purposes", "version": "1", "etag": None, "codes": [[1, "A", "A", None, None]]},
        {"table": "purposes", "version": "1", "etag": None, "codes": None},
        {"table": 3, "version": "1", "etag": None, "codes": []},
    ],
)
def test_a_damaged_table_is_not_read(value: dict[str, object]) -> None:
    """It raises one of three errors, and has no half of a table."""
    with pytest.raises((LookupError, TypeError, ValueError)):
        read_table(value)


# The warning.


UNTIL_YESTERDAY = CodeTables(stay_permits=(code("B1", valid_to=date(2026, 11, 23)),))
BUSINESS = CodeTables(purposes=(code("business"),))
PERMIT = "guest.stay_permit.code"


@pytest.mark.parametrize(
    ("changes", "tables", "warned"),
    [
        *(({"stay_permit": listed}, PERMITS, {}) for listed in ("B1", "b-1", "N7", "wisata")),
        *(({"stay_permit": other}, PERMITS, {PERMIT: None}) for other in ("D12", "C1", "C9")),
        ({"stay_permit": "N"}, PERMITS, {PERMIT: "N7"}),
        ({"stay_permit": "ZZZ"}, NO_TABLES, {}),
        ({"check_in": "2026-11-23 21:00"}, UNTIL_YESTERDAY, {}),
        ({"check_in": "2026-11-24 19:00"}, UNTIL_YESTERDAY, {PERMIT: None}),
        ({}, BUSINESS, {"stay.purpose": None}),
        ({"purpose": "bisnis"}, BUSINESS, {}),
    ],
)
def test_a_code_that_the_authority_does_not_list_is_a_warning(
    changes: dict[str, str], tables: CodeTables, warned: dict[str, str | None]
) -> None:
    """Or lists for other days than that of arrival; a code that begins so is suggested. Without tables all are taken.

    A word of several permits, such as wisata, has its own warning.
    """
    found = examine(draft(changes), now=NOW, zone=WIB, tables=tables)
    assert found.errors == ()
    unknown = [warning for warning in found.warnings if warning.code == "unknown_code"]
    assert {warning.field: warning.suggestion for warning in unknown} == warned
    assert all("for 24 Nov 2026" in warning.message.render() for warning in unknown if warning.field == PERMIT)


def test_a_document_alone_is_checked_for_today() -> None:
    """It has no stay, and no purpose."""
    typed = {"stay_permit": "C1", "nationality": "Polandia", "surname": "ZYKOWSKI"}
    found = checking.check(typed, (), today=NOW.date(), tables=PERMITS._replace(purposes=(code("work"),)))
    assert [each.field for each in found.warnings if each.code == "unknown_code"] == ["guest.stay_permit.code"]
