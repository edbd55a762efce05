"""The questions about a guest: what is understood, and what is offered where it is not."""

from collections.abc import Callable

import pytest
from cli_helpers import LANGUAGES, QUENTIN, Apoa, spoken

ENTER = ""
Change = Callable[..., str]


@pytest.fixture
def change(away: Apoa) -> Change:
    """Change one field of a guest's card by its number, and throw the guest away; what the terminal showed."""

    def at_the_card(number: int, *answers: str, lang: str = "en", options: tuple[str, ...] = ()) -> str:
        keys = [*QUENTIN.lines, "GDANSK", "B1", "2", "7", str(number), *answers, "b", "y"]
        said = away("report", *options, keys=keys, lang=lang)
        assert said.code == 0, said.all
        return said.err

    return at_the_card


PERMIT, CHECK_IN, NIGHTS, PURPOSE, PERMIT_NUMBER, UNTIL, ENTRY, PHONE, EMAIL, NOTE = (
    10,
    11,
    12,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
)


class TestPermits:
    """Visas and stay permits: completed from a table, and never refused, because the index changes by decree."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_one_we_know_is_said_in_words(self, change: Change, lang: str) -> None:
        """By its code or by what people call it."""
        words = {"en": "B1: Visa on arrival", "id": "B1: Visa saat kedatangan"}
        assert f"  {words[lang]}\n" in change(PERMIT, "voa", lang=lang)

    def test_likely_ones_are_offered(self, change: Change) -> None:
        """A word that several have: each by its code and name."""
        shown = change(PERMIT, "wisata", "1")
        assert "This permit is not in the list. Type it again if it is correct." in shown
        assert "    1  C1: " in shown

    def test_who_insists_is_believed(self, change: Change) -> None:
        """The same text twice."""
        assert " 10 Visa / stay permit  WISATA KHUSUS" in change(PERMIT, "kitaz", "kitaz", str(PERMIT), "WISATA KHUSUS")

    def test_one_like_none_is_taken(self, change: Change) -> None:
        """Without a question."""
        assert "not in the list" not in change(PERMIT, "ZZ 99/2027")


class TestDaysAndNights:
    """As people write them, and said back with the month's name."""

    @pytest.mark.parametrize(
        ("number", "typed", "words"),
        [
            (ENTRY, "20/11", "20 Nov 2026"),
            (UNTIL, "20 des 26", "20 Dec 2026"),
            (CHECK_IN, "18.30", "24 Nov 2026 18:30 WIB"),
            (CHECK_IN, "kemarin 21:00", "23 Nov 2026 21:00 WIB"),
            (NIGHTS, "besok", "1 night, until 25 Nov 2026"),
            (NIGHTS, "3 malam", "3 nights, until 27 Nov 2026"),
        ],
    )
    def test_what_was_understood(self, change: Change, number: int, typed: str, words: str) -> None:
        """The words stand below the answer."""
        assert f"  {words}\n" in change(number, typed)

    @pytest.mark.parametrize(
        ("number", "typed", "how"),
        [
            (NIGHTS, "0", "give a number from 1 to 366"),
            (NIGHTS, "23/11", "The planned check-out must be after the check-in."),
            (NIGHTS, "24/11/2028", "give a number from 1 to 366"),
            (UNTIL, "12/24/2026", "There is no month 24. Write the day first"),
            (CHECK_IN, "entah", "This is not a time."),
        ],
    )
    def test_what_is_none_is_explained(self, change: Change, number: int, typed: str, how: str) -> None:
        """And asked again, what stood there a key away."""
        assert how in change(number, typed, ENTER if number != UNTIL else "24/12/2026")

    def test_a_check_in_that_is_none_is_asked_for(self, away: Apoa) -> None:
        """Given as an option: it counts as now until it is asked for."""
        keys = [*QUENTIN.lines, "GDANSK", "B1", "2", "7", "18.30", ENTER]
        said = away("report", "--no-send", "--check-in", "entah", keys=keys)
        assert said.code == 0, said.all
        assert "  2 nights, until 26 Nov 2026\n" in said.err
        assert away.reports()[0]["stay"]["check_in"] == "2026-11-24T18:30:00+07:00"


class TestTheRest:
    """Choices, numbers and texts."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_purposes_are_completed(self, change: Change, lang: str) -> None:
        """By the beginning, in both languages."""
        shown = change(PURPOSE, "kel", lang=lang)
        assert f"  {spoken(lang, 'family')}\n" in shown
        assert f"[{spoken(lang, 'tourism')}]" in shown

    def test_purposes_that_may_be_meant_are_offered(self, change: Change) -> None:
        """A mistyped one is a key away; what is like none is explained."""
        shown = change(PURPOSE, "xyz", "keluarg", ENTER)
        assert "Choose one of" in shown
        assert "  family\n" in shown

    def test_states_that_may_be_meant(self, change: Change) -> None:
        """By number, and the last of them too."""
        shown = change(6, "austri", "2")
        assert "No country has this code or name." in shown
        assert "    2  " in shown

    @pytest.mark.parametrize(
        ("number", "typed", "how"),
        [(PHONE, "call me", "not a telephone number"), (EMAIL, "jane", "not an e-mail address"), (7, "ÄÖ", "A to Z")],
    )
    def test_what_cannot_be_is_explained(self, change: Change, number: int, typed: str, how: str) -> None:
        """Enter then leaves it open, or as it was."""
        assert how in change(number, typed, ENTER)

    def test_texts_are_said_back_where_they_changed(self, change: Change) -> None:
        """Folded spaces, capitals; what was typed as it is kept is not repeated."""
        assert "  late arrival\n" in change(NOTE, "late   arrival")
        assert "\n  V 123\n" not in change(PERMIT_NUMBER, "V 123")
