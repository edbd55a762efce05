"""The questions about a guest: how answers are parsed, and which choices are offered."""

from collections.abc import Mapping, Sequence

import pytest
from cli_helpers import LANGUAGES, QUENTIN, Apoa
from screens import Screens

ENTER = ""
SEX, PLACE, NATIONALITY, NUMBER, EXPIRY, PERMIT, PERMIT_NUMBER, UNTIL, ENTRY = (
    "3",
    "4",
    "6",
    "7",
    "9",
    *map(str, range(10, 14)),
)
CHECK_IN, NIGHTS, PURPOSE, PHONE, EMAIL, NOTE = "14", "15", "17", "18", "19", "20"

AT_THE_CARD: Mapping[str, Sequence[str]] = {
    "permits are known, similar, or accepted when typed again": [
        *(PERMIT, "voa", PERMIT, "multiple", ENTER, "1", PERMIT, "?", "turis", "-"),
        *(PERMIT, "kitaz", "kitaz", PERMIT, "WISATA KHUSUS", PERMIT, "ZZ 99/2027"),
    ],
    "days and nights as people write them": [
        *(ENTRY, "20/11", UNTIL, "20 des 26", CHECK_IN, "18.30", CHECK_IN, "kemarin 21:00"),
        *(NIGHTS, "besok", NIGHTS, "3 malam"),
    ],
    "days and nights that are none": [
        *(NIGHTS, "0", ENTER, NIGHTS, "indonesia", ENTER, NIGHTS, "23/11", ENTER, NIGHTS, "24/11/2028", ENTER),
        *(UNTIL, "12/24/2026", "24/12/2026", CHECK_IN, "entah", ENTER),
    ],
    "choices and texts": [
        *(PURPOSE, "kel", PURPOSE, "xyz", "keluarg", ENTER, NATIONALITY, "austrlian", "2", PHONE, "call me", ENTER),
        *(EMAIL, "jane", ENTER, NUMBER, "ÄÖ", ENTER, NOTE, "late   arrival", PERMIT_NUMBER, "V 123"),
    ],
    "an optional field that is not stated": [
        *(PHONE, "tidak ada", PHONE, "tdk tahu", PHONE, "unknown", PHONE, "n/a"),
        *(PLACE, "tidak tahu", PLACE, "GDYNIA", PLACE, "-", PLACE, "GDYNIA", PLACE, "none"),
    ],
    "a required field that is not stated": [
        key for field in (SEX, NATIONALITY, NUMBER, EXPIRY) for key in (field, "tidak ada", ENTER)
    ],
}
"""What is typed at the review card: numbers of fields, each with the answers to its question."""


@pytest.mark.parametrize(("name", "lang"), [*zip(AT_THE_CARD, [*LANGUAGES] * 3, strict=True)])
def test_fields_of_the_card(away: Apoa, screens: Screens, name: str, lang: str) -> None:
    """What each answer means, in words, and what is offered or explained where it means nothing."""
    keys = [*QUENTIN.lines, "GDANSK", "B1", "2", "7", *AT_THE_CARD[name], "b", "y"]
    assert screens(away, "report", keys=keys, lang=lang).code == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_tourists_hold_what_their_nationality_gets(away: Apoa, screens: Screens, lang: str) -> None:
    """A visa-free visit or a visa on arrival comes before C1 and D1; the visa in the passport decides."""
    permits = []
    for state, typed in (("Singapura", "turis"), ("POL", "wisata"), ("Australian", "tourist"), ("Nigeria", "turis")):
        details = ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "12 sep 85", state, "ZX1234567", "300332"]
        keys = [ENTER, *details, typed, ENTER, typed, "1", "2", "7", ENTER]
        assert screens(away, "report", "--no-send", keys=keys, lang=lang).code == 0
        permits.append(away.reports()[-1]["guest"]["stay_permit"]["code"])
    assert permits == ["A1", "B1", "B1", "C1"]


def test_an_invalid_check_in_option_is_asked(away: Apoa) -> None:
    """Until then, the check-in counts as now."""
    keys = [*QUENTIN.lines, "GDANSK", "B1", "2", "7", "18.30", ENTER]
    said = away("report", "--no-send", "--check-in", "entah", keys=keys)
    assert said.code == 0, said.all
    assert "  2 nights, until 26 Nov 2026\n" in said.err
    assert away.reports()[0]["stay"]["check_in"] == "2026-11-24T18:30:00+07:00"
