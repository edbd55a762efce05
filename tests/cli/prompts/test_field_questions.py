"""The questions about a guest: how answers are parsed, and which choices are offered."""

from collections.abc import Callable

import pytest
from cli_helpers import LANGUAGES, QUENTIN, Apoa, spoken

ENTER = ""
Change = Callable[..., str]


@pytest.fixture
def change(away: Apoa) -> Change:
    """Change one field of a review card by its number, discard the guest, and return what was shown."""

    def at_the_card(number: int, *answers: str, lang: str = "en", options: tuple[str, ...] = ()) -> str:
        keys = [*QUENTIN.lines, "GDANSK", "B1", "2", "7", str(number), *answers, "b", "y"]
        said = away("report", *options, keys=keys, lang=lang)
        assert said.code == 0, said.all
        return said.err

    return at_the_card


PERMIT, CHECK_IN, NIGHTS, PURPOSE, PERMIT_NUMBER, UNTIL, ENTRY, PHONE, EMAIL, NOTE = (
    10,
    14,
    15,
    17,
    11,
    12,
    13,
    18,
    19,
    20,
)


class TestPermits:
    """Visas and stay permits: completed from a table, and never refused, because the index changes by decree."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_known_permit_is_shown_in_words(self, change: Change, lang: str) -> None:
        """By its code or by its usual name."""
        words = {"en": "B1: Visa on arrival", "id": "B1: Visa kunjungan saat kedatangan"}
        assert f"  {words[lang]}\n" in change(PERMIT, "voa", lang=lang)

    def test_similar_permits_are_offered(self, change: Change) -> None:
        """By the beginning of a word: each with its code and name. Enter alone chooses none."""
        shown = change(PERMIT, "multiple", ENTER, "1")
        assert shown.count("This permit is not in the list. Type it again if it is correct.") == 2
        assert "    1  D1: " in shown
        assert " 10 Visa / stay permit  D1\n" not in shown.rpartition("Which one?")[0]

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize(
        ("state", "typed", "first"),
        [
            ("Singapura", "turis", "A1"),
            ("POL", "wisata", "B1"),
            ("Australian", "tourist", "B1"),
            ("Nigeria", "turis", "C1"),
        ],
    )
    def test_tourists_hold_what_their_nationality_gets(
        self, away: Apoa, state: str, typed: str, first: str, lang: str
    ) -> None:
        """A visa-free visit or a visa on arrival comes before C1 and D1; the visa in the passport decides."""
        details = ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "12 sep 85", state, "ZX1234567", "300332"]
        said = away("report", "--no-send", keys=[ENTER, *details, typed, ENTER, typed, "1", "2", "7", ENTER], lang=lang)
        assert said.code == 0, said.all
        assert said.err.count(f"    1  {first}: ") == 3
        usual = spoken(lang, "{permit} (usual for {state})", permit="", state="").strip(" )")
        assert (usual in said.err) == (first != "C1")
        assert away.reports()[0]["guest"]["stay_permit"]["code"] == first

    def test_an_unknown_permit_of_a_tourist_stays_empty(self, change: Change) -> None:
        """With -; the help says what is usual for the nationality."""
        shown = change(PERMIT, "?", "turis", "-")
        assert "Usual for this nationality (list of 30 Nov 2026): B1: Visa on arrival." in shown
        assert "Its number, or - if it is not known." in shown

    def test_an_unknown_permit_is_accepted_when_typed_again(self, change: Change) -> None:
        """The same text twice."""
        assert " 10 Visa / stay permit  WISATA KHUSUS" in change(PERMIT, "kitaz", "kitaz", str(PERMIT), "WISATA KHUSUS")

    def test_a_permit_without_similar_ones_is_accepted(self, change: Change) -> None:
        """Without a question."""
        assert "not in the list" not in change(PERMIT, "ZZ 99/2027")


class TestDaysAndNights:
    """As people write them; shown with the name of the month."""

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
    def test_the_parsed_value_is_shown(self, change: Change, number: int, typed: str, words: str) -> None:
        """In words, below the answer."""
        assert f"  {words}\n" in change(number, typed)

    @pytest.mark.parametrize(
        ("number", "typed", "how"),
        [
            (NIGHTS, "0", "give a number from 1 to 366"),
            (NIGHTS, "indonesia", "How many nights, such as 2; or the date of departure, such as 27/11."),
            (NIGHTS, "23/11", "The planned check-out must be after the check-in."),
            (NIGHTS, "24/11/2028", "give a number from 1 to 366"),
            (UNTIL, "12/24/2026", "There is no month 24. Write the day first"),
            (CHECK_IN, "entah", "This is not a time."),
        ],
    )
    def test_an_invalid_value_is_explained(self, change: Change, number: int, typed: str, how: str) -> None:
        """And asked again with the earlier value as the default."""
        assert how in change(number, typed, ENTER if number != UNTIL else "24/12/2026")

    def test_an_invalid_check_in_option_is_asked(self, away: Apoa) -> None:
        """Until then, the check-in counts as now."""
        keys = [*QUENTIN.lines, "GDANSK", "B1", "2", "7", "18.30", ENTER]
        said = away("report", "--no-send", "--check-in", "entah", keys=keys)
        assert said.code == 0, said.all
        assert "  2 nights, until 26 Nov 2026\n" in said.err
        assert away.reports()[0]["stay"]["check_in"] == "2026-11-24T18:30:00+07:00"


class TestOtherFields:
    """Choices, numbers and texts."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_purposes_are_completed(self, change: Change, lang: str) -> None:
        """By their beginning, in both languages."""
        shown = change(PURPOSE, "kel", lang=lang)
        assert f"  {spoken(lang, 'family')}\n" in shown
        assert f"[{spoken(lang, 'tourism')}]" in shown

    def test_similar_purposes_are_offered(self, change: Change) -> None:
        """For a mistyped one; a text without similar ones is explained."""
        shown = change(PURPOSE, "xyz", "keluarg", ENTER)
        assert "Choose one of" in shown
        assert "  family\n" in shown

    def test_similar_states_are_offered(self, change: Change) -> None:
        """Each can be chosen by its number."""
        shown = change(6, "austrlian", "2")
        assert "No country has this code or name." in shown
        assert "    2  " in shown

    @pytest.mark.parametrize(
        ("number", "typed", "how"),
        [(PHONE, "call me", "not a telephone number"), (EMAIL, "jane", "not an e-mail address"), (7, "ÄÖ", "A to Z")],
    )
    def test_impossible_values_are_explained(self, change: Change, number: int, typed: str, how: str) -> None:
        """Enter then leaves the field empty, or as it was."""
        assert how in change(number, typed, ENTER)

    def test_normalised_texts_are_shown(self, change: Change) -> None:
        """Blanks and capitals; a text that is unchanged is not repeated."""
        assert "  late arrival\n" in change(NOTE, "late   arrival")
        assert "\n  V 123\n" not in change(PERMIT_NUMBER, "V 123")


class TestNotStated:
    """Words such as "tidak ada" in place of a value: no data, and shown as such."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("typed", ["tidak ada", "tdk tahu", "unknown", "n/a"])
    def test_an_optional_field_stays_empty(self, change: Change, lang: str, typed: str) -> None:
        """The permit, the phone and the rest: the card has no such row."""
        shown = change(PHONE, typed, lang=lang)
        assert f"  {spoken(lang, 'not stated')}\n" in shown
        assert shown.count(typed) == 0

    @pytest.mark.parametrize("typed", ["tidak tahu", "-", "none"])
    def test_a_place_of_birth_may_be_unknown(self, change: Change, typed: str) -> None:
        """It is reported as "-"."""
        shown = change(4, typed)
        assert "  not stated\n" in shown
        assert "GDANSK" not in shown.rpartition("not stated")[2]
        assert typed.upper() not in shown or typed == "-"

    @pytest.mark.parametrize(("number", "kept"), [(3, "male"), (6, "Poland"), (7, "ZX1234567"), (9, "28 Mar 2032")])
    def test_a_required_field_is_asked_again(self, change: Change, number: int, kept: str) -> None:
        """Enter then keeps what the MRZ says."""
        shown = change(number, "tidak ada", ENTER)
        assert "An answer is needed here." in shown
        assert kept in shown.rpartition("An answer is needed here.")[2]
