"""`apoa list`: what is kept, by state, guest, room, nationality and day."""

import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cli_helpers import GUESTS, LANGUAGES, OBADIAH, QUENTIN, REPORT_KEYS, XIMENA, Apoa, assert_form, spoken

SEALED: dict[str, Any] = {"guest": None, "stay": None, "errors": [], "warnings": []}


@pytest.fixture
def three(away: Apoa) -> Apoa:
    """Three guests, a day apart."""
    for number, guest in enumerate(GUESTS, start=1):
        away.save(guest, "--room", str(number))
        away.clock.forward(timedelta(days=1))
    return away


def names(apoa: Apoa, *options: str) -> list[str]:
    said = apoa("list", "--json", *options)
    assert said.code == 0, said.err
    return [report["guest"]["surname"] for report in said.json["reports"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_table_for_people(configured: Apoa, lang: str) -> None:
    """One line a report under a line of headings, in columns, with no colour in a pipe."""
    configured(*XIMENA.mrz())
    configured.save(QUENTIN)
    said = configured("list", lang=lang)
    heads, second, first = said.out.splitlines()
    assert heads.split()[:2] == ["ID", spoken(lang, "State")]
    assert spoken(lang, "waiting") in first
    assert QUENTIN.name in first
    assert f"25 {spoken(lang, 'Nov')} 2026 20:00 WIB" in first
    assert spoken(lang, "sent") in second
    assert configured.reports()[0]["receipt"]["number"] in second
    assert first.index(QUENTIN.name) == second.index(XIMENA.name) == heads.index(spoken(lang, "Guest"))
    assert said.err == ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_empty_list(away: Apoa, lang: str) -> None:
    """Said in words to people, and as an empty list to scripts."""
    assert away("list", lang=lang).out.strip() == spoken(lang, "No reports.")
    assert away("list", "--json", lang=lang).json == {"reports": []}


def test_a_table_on_a_terminal(three: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is drawn there, whole however narrow the terminal is, and takes no name for markup."""
    three.save(QUENTIN, "--surname", "O'BRIEN", "--room", "[red]9")
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _stream: True)
    said = three("list")
    assert said.code == 0
    assert all(guest.name in said.out for guest in GUESTS)
    assert "[red]9" in said.out


def test_what_names_no_guest_is_listed_with_its_own(three: Apoa) -> None:
    """A check-out stands beside the guest of its stay, and is found by name and room; in JSON it says what it says."""
    leaves = three("list", "--json").json["reports"][0]["id"]
    assert three("checkout", leaves, "--no-send", "--yes", "--at", "2026-11-25T10:00").code == 0
    who, room = GUESTS[0].name, "1"
    assert [line for line in three("list").out.splitlines() if "check-out" in line and who in line]
    found = three("list", "--json", "--guest", GUESTS[0].surname, "--room", room).json["reports"]
    assert [report["kind"] for report in found] == ["check_in", "check_out"]
    assert found[1]["guest"] is None


def test_each_element_has_the_form_of_a_report(three: Apoa) -> None:
    """As `report --json` printed it."""
    said = three("list", "--json")
    assert list(said.json) == ["reports"]
    for value in said.json["reports"]:
        assert_form(value, REPORT_KEYS)


def test_choosing(three: Apoa) -> None:
    """By state, day, guest (any part of the name, or the number, in any case) and room; together they narrow down."""
    assert names(three) == [guest.surname for guest in GUESTS]
    assert names(three, "--state", "accepted") == []
    assert names(three, "--state", "queued", "--state", "accepted") == [guest.surname for guest in GUESTS]
    assert names(three, "--guest", "quij") == [XIMENA.surname]
    assert names(three, "--guest", "obadiah van") == [OBADIAH.surname]
    assert names(three, "--guest", QUENTIN.number.lower()) == [QUENTIN.surname]
    assert names(three, "--room", "2") == names(three, "--room", " 2 ") == [XIMENA.surname]
    assert names(three, "--room", "2", "--guest", "zyk") == []


def test_days(three: Apoa) -> None:
    """Without a choice: what is open, and the last 30 days; --since in the property's days; --all is all."""
    three.clock.forward(timedelta(days=40))
    assert names(three) == [guest.surname for guest in GUESTS]  # all still open
    with_since = three("list", "--since", "26/11/2026", "--json")
    assert len(with_since.json["reports"]) == 3  # open ones stay in sight
    assert len(names(three, "--all")) == 3


def test_the_past_is_listed_when_asked_for(configured: Apoa) -> None:
    """A delivered report is out of the list after 30 days, unless --all or --since bring it back."""
    configured(*QUENTIN.mrz())
    configured.clock.forward(timedelta(days=31))
    assert names(configured) == []
    assert names(configured, "--all") == names(configured, "--since", "2026-11-24") == [QUENTIN.surname]
    assert names(configured, "--since", "2026-11-25") == []
    assert names(configured, "--since", "24/11") == names(configured, "--since", "24 nov") == [QUENTIN.surname]
    assert names(configured, "--since", "26/12") == [QUENTIN.surname]  # of last year: it is 25 December
    assert names(configured, "--since", "kemarin") == names(configured, "--since", "25/11/26") == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_day_that_is_none(away: Apoa, lang: str) -> None:
    """A usage mistake, explained."""
    said = away("list", "--since", "entah", lang=lang)
    assert said.code == 2
    sentence = "This is not a date of the calendar. Write it as 1985-09-12 or 12/09/1985."
    assert spoken(lang, sentence) in said.err


def test_a_state_that_is_none(away: Apoa) -> None:
    """The possible ones are named."""
    said = away("list", "--state", "gone")
    assert said.code == 2
    assert "withdrawn" in said.err


def test_nationality(three: Apoa) -> None:
    """By code or by name, in either language; Germany however it is written."""
    for text in ("POL", "Poland", "polandia", "pl"):
        assert names(three, "--nationality", text) == [QUENTIN.surname]
    assert names(three, "--nationality", "Spanyol", "--room", "1") == []
    three.save(replace(QUENTIN, surname="MUELLER", number="C01X00T47", state="D"))
    for text in ("D", "DEU", "Jerman", "Germany"):
        assert names(three, "--nationality", text) == ["MUELLER"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("more", [[], ["--in-house"]])
def test_a_nationality_that_is_none(away: Apoa, lang: str, more: list[str]) -> None:
    """A usage mistake; those that may be meant are named."""
    said = away("list", "--nationality", "Polnad", *more, lang=lang)
    assert said.code == 2
    near = "Polandia / Poland (POL)"
    assert spoken(lang, "No country has this code or name. Did you mean {states}?", states=near) in said.err
    assert away("list", "--nationality", "%%%", *more, lang=lang).code == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_damaged_file(three: Apoa, lang: str) -> None:
    """What can still be read is listed, and then that the rest cannot; where nothing can, that alone is said."""
    first, *others = three.reports()
    for damaged, left in ((first["id"], others), ("", [])):
        with closing(sqlite3.connect(three.home / "melati" / "outbox.db")) as db:
            db.execute("UPDATE reports SET attempts = 'many' WHERE id = ? OR ? = ''", [damaged, damaged])
            db.commit()
        said = three("list", "--json", lang=lang)
        assert said.code == 78
        assert "outbox.db" in said.err
        if left:
            assert said.json["reports"] == left
        else:
            assert list(said.json) == ["error"]


class TestWithoutTheKey:
    """The private key cannot be had: what needs none still works."""

    def test_lists_sealed(self, three: Apoa) -> None:
        """Exit 0, every report there with "sealed": true, and the advice once, on stderr."""
        three.lose_the_key()
        said = three("list", "--json")
        assert said.code == 0
        for value in said.json["reports"]:
            assert_form(value, {**REPORT_KEYS, "sealed": bool})
            assert value["sealed"] is True
            assert SEALED.items() <= value.items()
        assert said.err.count("apoa key recover") == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_shows_what_is_not_sealed(self, three: Apoa, lang: str) -> None:
        """Ids, states and times, and dashes for the guest."""
        report = three.reports()[0]
        three.lose_the_key()
        table = three("list", lang=lang)
        assert table.code == 0
        assert report["short_id"] in table.out
        assert not any(word in table.all for guest in GUESTS for word in guest.words)
        assert spoken(lang, "The private key that opens saved reports was not found.") in table.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_finds_no_guest(self, three: Apoa, lang: str) -> None:
        """Whether a sealed report is of that guest, room or country nobody can say: exit 77, not an empty answer."""
        three.lose_the_key()
        for choice in (["--guest", "zyk"], ["--room", "1"], ["--nationality", "POL"]):
            said = three("list", *choice, "--json", lang=lang)
            assert (said.code, said.json) == (77, {"reports": []})
            said = three("list", *choice, lang=lang)
            assert (said.code, said.out.strip()) == (77, spoken(lang, "Without the key no guest can be searched for."))

    def test_reports_still(self, three: Apoa) -> None:
        """Saving needs no secret."""
        three.lose_the_key()
        assert three(*QUENTIN.mrz("--no-send")).code == 0

    def test_one_broken_seal_hides_no_other(self, three: Apoa) -> None:
        """A record that was swapped or changed is said to be broken; the others are listed as ever."""
        from apoa_client.vault.sealing import PropertySealer  # put out of order below

        first = three.reports()[0]["id"]
        honest = PropertySealer.open

        def tampered(sealer: PropertySealer, record_id: str, sealed: bytes) -> bytes:
            return honest(sealer, record_id, sealed[:-1] + bytes([sealed[-1] ^ 1]) if record_id == first else sealed)

        three.monkeypatch.setattr(PropertySealer, "open", tampered)
        said = three("list", "--json")
        assert said.code == 0
        assert [value.get("sealed", False) for value in said.json["reports"]] == [True, False, False]
        assert "not deleted" in said.err
