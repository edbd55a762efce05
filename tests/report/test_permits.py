"""Visas and stay permits: what is suggested, and that anything else is taken as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.passport import states
from apoa_client.report import permits
from apoa_client.report.permits import PermitKind


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("b1", ["B1"]),
        ("VOA", ["B1"]),
        ("e-VOA", ["B1"]),
        ("kitas", ["KITAS"]),
        ("ITAP", ["KITAP"]),
        ("e33g", ["E33G"]),
        ("E33", ["E33", "E33E", "E33G"]),
        ("bebas visa", ["A1"]),
        ("visa on arrival", ["B1"]),
        ("wisata", ["C1", "D1"]),
        ("remote", ["E33G"]),
        ("kunjungn", ["ITK"]),
        ("", []),
        ("-", []),
        ("qqq", []),
        ("qwertz", []),
    ],
)
def test_what_is_suggested(text: str, codes: list[str]) -> None:
    """By code, by either language's words, by a beginning, and for a slip of a finger; the likest first."""
    assert [permit.code for permit in permits.suggest(text)] == codes


def test_no_more_is_suggested_than_asked_for() -> None:
    """A letter alone is the beginning of many."""
    assert [permit.code for permit in permits.suggest("c", limit=3)] == ["C1", "C2", "C3"]


def test_every_permit_is_found_by_its_code_and_both_names() -> None:
    """And no code stands twice in the table."""
    known = permits.permits()
    assert len({permit.code for permit in known}) == len(known)
    for permit in known:
        assert permits.by_code(permit.code.lower()) is permit
        assert permits.suggest(permit.code)[0] is permit
        assert permit in permits.suggest(permit.indonesian)
        assert permit in permits.suggest(permit.english)


def test_days_stand_only_where_they_are_known() -> None:
    """Thirty for the two that tourists come with; only the visa on arrival can be extended."""
    told = {p.code: (p.days, p.extended) for p in permits.permits() if p.days is not None or p.extended is not None}
    assert told == {"A1": (30, False), "B1": (30, True)}
    assert permits.by_code("E33G") in [p for p in permits.permits() if p.kind is PermitKind.LIMITED]


def test_visa_free_states_are_states() -> None:
    """By the codes of ICAO, each once, with the rule that says so."""
    codes = [code for group in permits.VISA_FREE for code in group.states]
    assert len(set(codes)) == len(codes)
    assert all(states.by_code(code) is not None for code in codes)
    assert all(group.source for group in permits.VISA_FREE)


@given(st.text(max_size=30))
def test_any_text_has_suggestions_or_none(text: str) -> None:
    """Nothing is raised, and no more come than asked for."""
    assert len(permits.suggest(text)) <= 5
