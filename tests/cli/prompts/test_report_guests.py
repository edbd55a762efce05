"""`apoa report` with somebody at the terminal: a passport, what it does not say, the card, and perhaps more guests."""

import signal
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from cli_helpers import LANGUAGES, OBADIAH, QUENTIN, SEPTEMBER, XIMENA, Apoa, Guest, Serve, readable_in, spoken

from apoa_client.cli.prompts.review_card import ReviewCard
from apoa_client.cli.prompts.save_and_send import SaveAndSend
from apoa_client.cli.terminal.input import UNREADABLE
from apoa_client.desk.arrivals import Desk
from apoa_client.errors import SettingsProblem, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.drafts import SqliteDrafts
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.ports import Entry
from apoa_client.report.findings import Finding
from apoa_client.report.model import Report

WRONG_DIGIT = (
    QUENTIN.lines[0],
    QUENTIN.lines[1][:19] + str((int(QUENTIN.lines[1][19]) + 1) % 10) + QUENTIN.lines[1][20:],
)
CHILD = Guest("QUIJANO", "INES", "QC7654321", "ZARAGOZA", "ESP", "F", PartialDate(2019, 3, 4))
LOCAL = Guest("WIDODO", "SRI", "C1234567", "SOLO", "IDN", "F")
PAGE = ("GDANSK", "B1", "2", "7")
"""What no passport's lines say: place of birth, visa, nights, room."""
ENTER = ""
CONTENT = ENTER


class TestAPassport:
    """The lines come first."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_everything_is_asked(self, away: Apoa, lang: str) -> None:
        """With no option at all: the lines, what they do not say, and the card."""
        said = away("report", keys=[*QUENTIN.lines, *PAGE, CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert all(spoken(lang, "MRZ line {number}", number=number) in said.err for number in (1, 2))
        assert spoken(lang, "This will be reported") in said.err
        assert spoken(lang, "Save and send this report?") in said.err
        [report] = away.reports()
        assert report["guest"]["birth_place"] == "GDANSK"
        assert report["guest"]["stay_permit"]["code"] == "B1"
        assert report["stay"]["planned_check_out"] == "2026-11-26"
        assert report["stay"]["room"] == "7"

    def test_what_was_read_is_said_in_words(self, away: Apoa) -> None:
        """Whose passport it is, to be compared with the page at a glance."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, CONTENT])
        assert "QUENTIN ZYKOWSKI, male, 12 Sep 1985, Poland (POL), ZX1234567, until 28 Mar 2032" in said.err

    def test_one_long_line_holds_both(self, away: Apoa) -> None:
        """A passport reader sends 88 characters at once."""
        said = away("report", "--no-send", keys=["".join(QUENTIN.lines), *PAGE, CONTENT])
        assert said.code == 0, said.all

    def test_a_reader_and_what_is_usual(self, away: Apoa) -> None:
        """After the scan one key takes all that is proposed, and one saves: three with the Enter between them."""
        keys = ["".join(QUENTIN.lines), ">", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert sum(len(key) + 1 for key in keys[1:]) == 3
        [report] = away.reports()
        assert (report["guest"]["birth_place"], report["stay"]["planned_check_out"]) == ("-", "2026-11-25")

    def test_a_wrong_line_is_explained_and_asked_again(self, away: Apoa) -> None:
        """Twice wrong, the third time right; Enter alone takes no correction."""
        keys = [*WRONG_DIGIT, ENTER, QUENTIN.lines[0], QUENTIN.lines[1][:-5], *QUENTIN.lines, *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "The check digit of the date of birth does not fit" in said.err
        assert "39 characters" in said.err
        assert len(away.reports()) == 1

    def test_the_mistake_is_marked_below_the_lines(self, away: Apoa) -> None:
        """Both lines are shown, and the mark stands where somebody has to look."""
        shown = away("report", "--no-send", keys=[*WRONG_DIGIT, "y", *PAGE, CONTENT]).err.splitlines()
        place = shown.index(f"  {WRONG_DIGIT[1]}")
        assert shown[place - 1].endswith(f"  {WRONG_DIGIT[0]}")
        assert shown[place + 1].rstrip() == " " * 15 + "------^"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_date_is_mended_with_a_persons_word(self, away: Apoa, lang: str) -> None:
        """The correction that stands out is shown, and taken if the passport says so."""
        said = away("report", "--no-send", keys=[*WRONG_DIGIT, "y", *PAGE, CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Is that what the passport says?") in said.err
        [report] = away.reports()
        assert report["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_lost_filler_is_put_back_with_a_persons_word(self, away: Apoa) -> None:
        """Nobody counts fillers: the whole line is shown as it must have been."""
        keys = [QUENTIN.lines[0][:-1], QUENTIN.lines[1], "y", *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert f"Perhaps: {QUENTIN.lines[0]}" in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_suggestion_is_in_words(self, away: Apoa, lang: str) -> None:
        """A date with the month's name, a state by its own: as on the passport's page."""
        first, second = QUENTIN.lines
        keys = [*WRONG_DIGIT, "n", first, second.replace("POL", "P0L"), "n", *QUENTIN.lines, *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys, lang=lang)
        assert said.code == 0, said.all
        poland = {"en": "Poland (POL)", "id": "Polandia (POL)"}[lang]
        for value in ("12 Sep 1985", poland):
            assert spoken(lang, "Perhaps: {value}", value=value) in said.err

    @pytest.mark.parametrize(
        "misread",
        [
            QUENTIN.lines[1][:42] + "99",
            QUENTIN.lines[1][:20] + "K" + QUENTIN.lines[1][21:],
            QUENTIN.lines[1][:-1] + "X",
        ],
    )
    def test_a_suggestion_is_never_empty(self, away: Apoa, misread: str) -> None:
        """Where a field is to be empty, or the last digit alone is wrong, the whole line is shown as it would be."""
        said = away("report", "--no-send", keys=[QUENTIN.lines[0], misread, "n", *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        [suggestion] = [line for line in said.err.splitlines() if "Perhaps:" in line]
        assert len(suggestion.removeprefix("  Perhaps: ")) == len(misread)
        assert suggestion.startswith(f"  Perhaps: {QUENTIN.lines[1][:20]}")

    def test_a_suggested_line_is_taken(self, away: Apoa) -> None:
        """With a person's word, as any other."""
        misread = QUENTIN.lines[1][:42] + "9" + QUENTIN.lines[1][43]
        said = away("report", "--no-send", keys=[QUENTIN.lines[0], misread, "y", *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert f"Perhaps: {QUENTIN.lines[1]}\n" in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_number_is_mended_by_typing_it_from_the_page(self, away: Apoa) -> None:
        """A yes would be worth nothing, since many numbers fit; the typed one must be among those that do."""
        wrong = QUENTIN.lines[1].replace("1", "I", 1)
        keys = [QUENTIN.lines[0], wrong, "NOTTHIS", QUENTIN.lines[0], wrong, "?", QUENTIN.number.lower()]
        said = away("report", "--no-send", keys=[*keys, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert said.err.count("Many numbers are possible.") == 3
        assert away.reports()[0]["guest"]["document"]["number"] == QUENTIN.number

    def test_what_nothing_would_mend_is_typed_again(self, away: Apoa) -> None:
        """A state that no code is like: nothing is proposed."""
        nowhere = QUENTIN.lines[1].replace("POL", "<<Q")
        said = away("report", "--no-send", keys=[QUENTIN.lines[0], nowhere, *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "Perhaps:" not in said.err

    def test_a_wrong_digit_is_accepted_where_the_call_says_so(self, away: Apoa) -> None:
        """--accept-check-digit: a person has compared it with the page."""
        keys = [*WRONG_DIGIT, *PAGE, CONTENT]
        said = away("report", "--no-send", "--accept-check-digit", keys=keys)
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["document"]["mrz"] is None

    def test_a_card_has_three_lines(self, away: Apoa) -> None:
        """They are asked for and read; that it is no passport is said."""
        said = away("report", "--no-send", keys=[*_lines("TD1"), *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "not of a passport" in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(_lines("TD1"))

    def test_a_visas_lines_are_none(self, away: Apoa) -> None:
        """A visa is no identity: the passport's own lines are asked for."""
        said = away("report", "--no-send", keys=[*_lines("MRV-A"), *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "These are the lines of a visa." in said.err

    def test_after_three_tries_what_was_read_is_kept(self, away: Apoa) -> None:
        """Nobody is kept at a passport that cannot be read: Enter takes what could be, and the rest is typed."""
        rest = [ENTER, ENTER, ENTER, "GDANSK", "12/9/85", ENTER, ENTER, ENTER, "B1", "2", "7"]
        said = away("report", "--no-send", keys=[*[*WRONG_DIGIT, "n"] * 3, *rest, CONTENT])
        assert said.code == 0, said.all
        assert "Type the details by hand, from the passport's page." in said.err
        assert "What could be read is shown in brackets: Enter accepts it." in said.err
        assert "Surname [ZYKOWSKI]: " in said.err
        [report] = away.reports()
        assert report["guest"]["birth_date"] == "1985-09-12"
        assert report["guest"]["document"]["number"] == QUENTIN.number
        assert report["guest"]["document"]["mrz"] is None

    def test_after_three_tries_where_nothing_was_read(self, away: Apoa) -> None:
        """Nothing stands in brackets, and nothing is said of them."""
        typed = ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "1985", "POL", "ZX1234567", "28/3/32", "B1", "2", "7"]
        said = away("report", "--no-send", keys=[*["P<POL<<<", ENTER, ENTER] * 3, *typed, CONTENT])
        assert said.code == 0, said.all
        assert "Type the details by hand, from the passport's page.\n" in said.err
        assert "brackets" not in said.err

    def test_by_hand_at_once(self, away: Apoa) -> None:
        """Enter alone, or > as for all that is left; what an earlier try gave is in brackets."""
        rest = [ENTER, ENTER, ENTER, "GDANSK", "12/9/85", ENTER, ENTER, ENTER, "B1", "2", "7", CONTENT]
        for key in (ENTER, ">"):
            said = away("report", "--no-send", "--again", keys=[*WRONG_DIGIT, "n", key, *rest])
            assert said.code == 0, said.all
            assert "Type the details by hand" not in said.err
            assert said.err.count("What could be read is shown in brackets: Enter accepts it.") == 1
            assert "Surname [ZYKOWSKI]: " in said.err

    def test_a_reader_that_ends_a_line_twice(self, away: Apoa) -> None:
        """CR and LF are two ends to a terminal: the empty line between the two is none of a passport's."""
        said = away("report", "--no-send", keys=[QUENTIN.lines[0], ENTER, QUENTIN.lines[1], *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_reader_is_given_time_to_end_its_last_line(self, away: Apoa) -> None:
        """What it sends within its pause is forgotten; where nobody typed lines, nobody waits."""
        pauses: list[float] = []
        away.monkeypatch.setattr("apoa_client.cli.prompts.passport_question.discard_typed_ahead", pauses.append)
        away("report", "--no-send", keys=[ENTER])
        assert pauses == []
        away("report", "--no-send", keys=[*QUENTIN.lines])
        assert pauses == [0.05]

    def test_the_moves_cost_no_try(self, away: Apoa) -> None:
        """At any of the lines: ? explains, < begins with the first again."""
        keys = ["?", QUENTIN.lines[0], "?", "<", XIMENA.lines[0], "<", *WRONG_DIGIT, "n", *WRONG_DIGIT, "n"]
        said = away("report", "--no-send", keys=[*keys, *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_name_that_the_lines_cut_off_is_completed(self, away: Apoa) -> None:
        """It stands in brackets, to be typed in full."""
        long = Guest("PAPANDROPOULOU", "JONATHON WARREN TREVOR ALEXANDER", "ZX1234567", "GDANSK")
        full = "JONATHON WARREN TREVOR ALEXANDER"
        said = away("report", "--no-send", keys=[*long.lines, full, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["given_names"] == full

    def test_help_and_no_way_back_before_the_first_question(self, away: Apoa) -> None:
        """`?` says which lines are meant; before them there is nothing."""
        said = away("report", "--no-send", keys=["?", "<", *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "The two lines with many < at the bottom of the photo page." in said.err
        assert "This is the first question." in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_indonesian_is_not_reported(self, away: Apoa, lang: str) -> None:
        """It is said at once, and nothing more is asked."""
        said = away("report", keys=[*LOCAL.lines], lang=lang)
        assert said.code == 65
        assert spoken(lang, "Nothing was saved, and nothing needs to be saved.") in said.err


class TestByHand:
    """Enter alone: the details are typed from the page."""

    def test_dates_names_and_states_as_people_write_them(self, away: Apoa) -> None:
        """What was understood is said in words; what may have been meant is a key away."""
        details = ["zykowski", "quentin", "L", "gdansk", "12 sep 85", "Polland", "1", "zx 123-4567", "300332"]
        keys = [ENTER, *details, "voa", "27/11", "7", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        for words in ("  ZYKOWSKI\n", "  male\n", "  12 Sep 1985\n", "  Poland (POL)\n", "  30 Mar 2032\n"):
            assert words in said.err
        assert "    1  Poland (POL)\n" in said.err
        assert "  3 nights, until 27 Nov 2026\n" in said.err
        [report] = away.reports()
        assert report["guest"]["document"]["expiry_date"] == "2032-03-30"
        assert report["guest"]["stay_permit"]["code"] == "B1"

    def test_a_single_name(self, away: Apoa) -> None:
        """One of the two names may be empty; not both."""
        rest = ["X", ENTER, "1985", "POL", "ZX1234567", "30/3/2032", ENTER, "1", ENTER, CONTENT]
        said = away("report", "--no-send", keys=[ENTER, ENTER, ENTER, "SUKARNOPUTRI", *rest])
        assert said.code == 0, said.all
        assert said.err.count("An answer is needed here. ? shows help.") == 1
        [report] = away.reports()
        assert (report["guest"]["surname"], report["guest"]["given_names"]) == ("", "SUKARNOPUTRI")
        assert report["guest"]["birth_date"] == "1985"

    def test_a_day_that_is_still_to_come(self, away: Apoa) -> None:
        """Nobody was born then: it is said at once."""
        details = ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "1/1/2027", "1/1/1987", "POL", "ZX1234567", "280332"]
        said = away("report", "--no-send", keys=[ENTER, *details, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert said.err.count("This date is in the future.") == 1

    def test_keys_needed_by_hand(self, away: Apoa) -> None:
        """What is typed is the passport's, and little else: the count stands here so that nobody adds to it unseen."""
        details = ["zykowski", "quentin", "l", "gdansk", "120985", "pol", "zx1234567", "280332", "b1", "2", "7"]
        keys = [ENTER, *details, CONTENT]
        assert away("report", "--no-send", keys=keys).code == 0
        assert sum(len(key) + 1 for key in keys) == 63

    @pytest.mark.parametrize("name", ["محمد", "王小明"])
    def test_a_name_in_other_letters_is_explained(self, away: Apoa, name: str) -> None:
        """Pasted by mistake: it is said how names are written, and asked again."""
        details = [name, "ZYKOWSKI", "QUENTIN", "L", "GDANSK", "12091985", "POL", "ZX1234567", "280332"]
        said = away("report", "--no-send", keys=[ENTER, *details, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "Write it in Latin letters, as the passport does." in said.err

    def test_an_indonesian_is_not_reported(self, away: Apoa) -> None:
        """As soon as the nationality is known, and said twice: one mistyped word throws nobody's details away."""
        details = ["WIDODO", "SRI", "P", "SOLO", "1985"]
        said = away("report", keys=[ENTER, *details, "indo", ENTER, "india", "<", "indonesia", "IDN"])
        assert said.code == 65
        assert said.err.count("Indonesians are not reported. If the guest is Indonesian, type it again.") == 2
        assert "  India (IND)\n" in said.err
        assert "only foreigners are reported" in said.err

    def test_another_passport_is_another_guest(self, away: Apoa) -> None:
        """Nothing that was typed of the one before is left, nor proposed."""
        keys = [*QUENTIN.lines, *PAGE, "1", "SMITH", "<", "<", "<", "<", "<", *XIMENA.lines]
        said = away("report", "--no-send", keys=[*keys, "ZARAGOZA", "B1", "1", ENTER, CONTENT])
        assert said.code == 0, said.all
        tail = said.err[said.err.index("XIMENA QUIJANO") :]
        assert "SMITH" not in tail
        assert "GDANSK" not in tail
        assert away.reports()[0]["guest"]["surname"] == "QUIJANO"

    def test_the_same_passport_again_loses_nothing(self, away: Apoa) -> None:
        """What was answered stands in brackets; so it does where somebody goes on by hand."""
        keys = [*QUENTIN.lines, "GDANSK", "<", "<", *QUENTIN.lines, ENTER, "B1", "2", "7", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["birth_place"] == "GDANSK"
        said = away("report", "--no-send", keys=[ENTER, "SMITH", "JOHN", "<", "<", "<", ENTER])
        assert "Surname [SMITH]: " in said.err

    def test_back_from_a_passport_that_was_read(self, away: Apoa) -> None:
        """Enter alone then goes on by hand, and what the lines said stands in brackets."""
        keys = [*QUENTIN.lines, "<", ENTER, *[ENTER] * 3, "GDANSK", *[ENTER] * 4, "B1", "2", "7", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "Surname [ZYKOWSKI]: " in said.err
        assert "Date of birth [12 Sep 1985]: " in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] is None

    def test_back_and_back_to_the_passport(self, away: Apoa) -> None:
        """`<` shows what was answered; before the first question the passport comes again."""
        keys = [*QUENTIN.lines, "GDANSK", "<", "<", *XIMENA.lines, *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "Place of birth [GDANSK]: " in said.err
        assert away.reports()[0]["guest"]["surname"] == "QUIJANO"


class TestTheCard:
    """Warnings first, then what will be reported; one key saves, one changes, one throws away."""

    def test_warnings_come_first(self, away: Apoa) -> None:
        """And every field in the order of APOA's form, numbered."""
        shown = away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK", ENTER, "1", ENTER, CONTENT], lang="id").err
        lines = shown.splitlines()
        card = lines[lines.index("Yang akan dilaporkan") :]
        assert card[1].startswith("! Visa atau izin tinggal belum diisi.")
        assert card[2].split() == ["1", "Nama", "keluarga", "ZYKOWSKI"]
        assert "25 Nov 2026 (1 malam)" in shown

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_one_field_is_changed_by_its_number(self, away: Apoa, lang: str) -> None:
        """What stands there is in brackets; the card comes again with what changed."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "4", "GDYNIA", CONTENT], lang=lang)
        assert said.code == 0, said.all
        label = spoken(lang, "Place of birth")
        assert f"{label} [GDANSK]: " in said.err
        assert away.reports()[0]["guest"]["birth_place"] == "GDYNIA"

    def test_nights_are_changed_at_the_day_of_departure(self, away: Apoa) -> None:
        """As nights, or as a day."""
        keys = [*QUENTIN.lines, "GDANSK", "B1", "7", "12", "29/11", CONTENT]
        said = away("report", "--no-send", "--planned-check-out", "2026-11-26", keys=keys)
        assert said.code == 0, said.all
        assert "Nights [2]: " in said.err
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-29"

    def test_what_was_left_open_is_filled(self, away: Apoa) -> None:
        """`?` shows the numbers of what the card leaves out; a hyphen empties what should not be there."""
        keys = [*QUENTIN.lines, *PAGE, "?", "18", "+62 812 3456", "13", "-", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "Empty fields: 15 Permit number, 16 Permitted until" in said.err
        [report] = away.reports()
        assert report["guest"]["phone"] == "+62 812 3456"
        assert report["stay"]["room"] is None

    def test_another_number_and_another_word(self, away: Apoa) -> None:
        """What is no number of the card changes nothing, and shows the keys again; `<` asks the last question again."""
        keys = [*QUENTIN.lines, *PAGE, "99", "hm", "<", "8", "4", "<", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert said.err.count("This will be reported") == 3, "not for a key that means nothing"
        assert said.err.count("Enter = yes, + = another guest for this room") == 5
        assert away.reports()[0]["stay"]["room"] == "8"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_it_is_thrown_away(self, away: Apoa, lang: str) -> None:
        """After a question, because everything typed is lost by it."""
        said = away("report", keys=[*QUENTIN.lines, *PAGE, "b", "n", "b", "y"], lang=lang)
        assert said.code == 0
        assert said.err.count(spoken(lang, "Discard what was typed for this guest?")) == 2
        assert spoken(lang, "Nothing was saved.") in said.err
        assert away.reports() == []

    def test_a_change_that_cannot_be_leaves_the_card_as_it_was(self, away: Apoa) -> None:
        """A check-in before the date of birth: that is said, and nothing else has to be typed again."""
        details = ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "1/1/2026", "POL", "ZX1234567", "28/3/2032", "B1", "2", "7"]
        keys = [ENTER, *details, "11", "31/12/2025 10:00", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "The date of birth is after the check-in." in said.err
        stay = away.reports()[0]["stay"]
        assert stay["check_in"] == "2026-11-24T20:00:00+07:00"
        assert stay["planned_check_out"] == "2026-11-26"

    def test_a_guest_who_is_reported_already(self, away: Apoa) -> None:
        """It is said on the card, and Enter alone does not save them twice."""
        away.save(QUENTIN)
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, CONTENT, ENTER, CONTENT, "y"])
        assert said.code == 0, said.all
        assert said.err.count("The guest seems to be reported already. Report them again?") == 2
        assert len(away.reports()) == 2

    def test_another_guest_hides_no_doubt(self, away: Apoa) -> None:
        """It is asked before the next guest is begun, and once."""
        away.save(QUENTIN)
        keys = [*QUENTIN.lines, *PAGE, "+", ENTER, "+", "y", *XIMENA.lines, ">", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert said.err.count("The guest seems to be reported already. Report them again?") == 2
        assert len(away.reports()) == 3

    def test_a_doubt_that_comes_up_later_is_asked_for_whom(self, away: Apoa) -> None:
        """Another desk saved the first of a party meanwhile: their name stands before the question."""
        shown = ReviewCard.show

        def meanwhile(card: ReviewCard) -> None:
            shown(card)
            if card.field("15") and not away.reports() and "XIMENA" in str(card._filled):
                away.save(QUENTIN)

        with away.monkeypatch.context() as patch:
            patch.setattr(ReviewCard, "show", meanwhile)
            said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT, "y"])
        assert said.code == 0, said.all
        assert "QUENTIN ZYKOWSKI\nThe guest seems to be reported already." in said.err

    def test_again_asks_no_second_time(self, away: Apoa) -> None:
        """--again has said so already."""
        away.save(QUENTIN)
        assert away("report", "--no-send", "--again", keys=[*QUENTIN.lines, *PAGE, CONTENT]).code == 0
        assert len(away.reports()) == 2

    def test_yes_asks_nothing_at_the_card(self, away: Apoa) -> None:
        """--yes takes the card as it is, except where the guest seems to be reported already."""
        assert away("report", "--no-send", "--yes", keys=[*QUENTIN.lines, *PAGE]).code == 0
        said = away("report", "--no-send", "--yes", keys=[*QUENTIN.lines, *PAGE])
        assert said.code == 65
        assert "this guest is already reported" in said.err

    def test_a_dry_run_saves_nothing(self, away: Apoa) -> None:
        """The whole conversation, and nothing kept of it."""
        said = away("report", "--dry-run", keys=[*QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "Nothing was saved (--dry-run)." in said.out
        assert away.reports() == []

    def test_a_later_arrival_leaves_no_later(self, away: Apoa) -> None:
        """The day of departure stays as it was when the time of check-in is put right."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "11", "kemarin 23:00", CONTENT])
        assert said.code == 0, said.all
        assert "Check-in [24 Nov 2026 20:00 WIB]: " in said.err
        assert away.reports()[0]["stay"]["check_in"] == "2026-11-23T23:00:00+07:00"
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-26"

    def test_options_of_the_guest_stand_on_a_new_slip(self, away: Apoa) -> None:
        """What no passport says, given beforehand: it is not asked, and the passport does not wipe it off."""
        options = ["--birth-place", "LEEDS", "--phone", "0812 3456", "--nights", "2"]
        said = away("report", "--no-send", *options, keys=[*QUENTIN.lines, "B1", "7", CONTENT])
        assert said.code == 0, said.all
        guest = away.reports()[0]["guest"]
        assert (guest["birth_place"], guest["phone"]) == ("LEEDS", "0812 3456")

    def test_going_back_over_a_changed_arrival(self, away: Apoa) -> None:
        """The nights are asked again, as many as there are now."""
        keys = [*QUENTIN.lines, *PAGE, "11", "kemarin 23:00", "<", "<", "4", "7", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "Nights [3]: " in said.err
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

    def test_a_second_scan_without_fillers(self, away: Apoa) -> None:
        """A second line that is full of optional data is no place of birth either."""
        full = compose("TD3", replace(_details(), optional_data="35791358123456"))
        assert "<<" not in full[1]
        said = away("report", "--no-send", keys=[*full, *full, "GDANSK", "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["birth_place"] == "GDANSK"

    def test_a_second_scan_answers_nothing(self, away: Apoa) -> None:
        """A passport's line is no place of birth, no visa and no room."""
        scan = list(XIMENA.lines)
        said = away(
            "report", "--no-send", keys=[*QUENTIN.lines, *scan, "GDANSK", *scan, "B1", "2", *scan, "7", CONTENT]
        )
        assert said.code == 0, said.all
        assert said.err.count("That is a line of a passport, not an answer to this question.") == 6
        assert away.reports()[0]["guest"]["birth_place"] == "GDANSK"

    def test_options_of_the_stay_are_not_asked(self, away: Apoa) -> None:
        """Whoever gives the room and the nights is asked for the rest; one that is none is asked for."""
        said = away(
            "report", "--no-send", "--room", "9", "--nights", "x", keys=[*QUENTIN.lines, "G", "B1", "3", CONTENT]
        )
        assert said.code == 0, said.all
        [report] = away.reports()
        assert (report["stay"]["room"], report["stay"]["planned_check_out"]) == ("9", "2026-11-27")

    def test_rooms_in_use_are_offered(self, away: Apoa) -> None:
        """Where the key is at hand; and a room is written as it was before."""
        away.save(QUENTIN, "--room", "12 A")
        said = away("report", "--no-send", keys=[*XIMENA.lines, "Z", "B1", "1", "?", "12 a", CONTENT])
        assert said.code == 0, said.all
        assert "Rooms in use: 12 A" in said.err
        assert away.reports()[-1]["stay"]["room"] == "12 A"

    def test_what_is_no_text_saves_nothing(self, away: Apoa) -> None:
        """An answer in another encoding is neither yes nor a room."""
        keys = [*QUENTIN.lines, "GDANSK", "B1", "2", UNREADABLE, "7", UNREADABLE, "b", UNREADABLE, "y"]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert away.reports() == []

    def test_nothing_dangerous_reaches_the_terminal(self, away: Apoa) -> None:
        """A pasted escape sequence is neither shown nor kept."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, "\x1b[2JGDANSK", "GDANSK", "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "\x1b[2J" not in said.all


class TestAParty:
    """Guests who arrive together."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_another_guest_keeps_the_stay(self, away: Apoa, lang: str) -> None:
        """Only the passport and what it does not say is asked; all are saved at once."""
        keys = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1", CONTENT]
        said = away("report", "--no-send", keys=keys, lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "This will be reported: guest {number}", number=2) in said.err
        assert spoken(lang, "Save these {count} reports?", count=2) in said.err
        first, second = away.reports()
        assert {first["stay"]["room"], second["stay"]["room"]} == {"7"}
        assert first["stay"]["planned_check_out"] == second["stay"]["planned_check_out"] == "2026-11-26"

    def test_all_go_in_one_call(self, apoa: Apoa, serve: Serve) -> None:
        """Saved in one transaction, sent in one batch, and each receipt is shown."""
        server = serve()
        assert apoa.set_up(server.base_url).code == 0
        keys = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", "+", *OBADIAH.lines, ">", CONTENT]
        said = apoa("report", keys=keys)
        assert said.code == 0, said.all
        assert said.out.count("Receipt number: ") == 3
        assert {report["attempts"] for report in apoa.reports()} == {1}

    def test_all_or_none(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """What fails saves nobody: the party is one transaction."""
        real = Desk.save_group

        def twice(self: Desk, group: list[object]) -> object:
            return real(self, [*group, group[0]])  # type: ignore[list-item]  # an id that is there already

        monkeypatch.setattr(Desk, "save_group", twice)
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT])
        assert said.code != 0
        assert away.reports() == []

    def test_the_card_tells_of_the_others(self, away: Apoa) -> None:
        """Whoever saves the last one sees who is saved with them."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT])
        assert "  Together with: QUENTIN ZYKOWSKI\n" in said.err

    def test_back_from_the_next_guest(self, away: Apoa) -> None:
        """Nobody else after all: the card of the one before comes again."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", "<", CONTENT])
        assert said.code == 0, said.all
        assert len(away.reports()) == 1

    def test_going_back_to_the_guest_before_asks_first(self, away: Apoa) -> None:
        """What was typed of this one would be lost by it."""
        back = ["<", "<", "n", *XIMENA.lines, "<", "<", "y"]
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, *back, CONTENT])
        assert said.code == 0, said.all
        assert [report["guest"]["surname"] for report in away.reports()] == ["ZYKOWSKI"]

    def test_one_of_them_is_thrown_away(self, away: Apoa) -> None:
        """The others stay."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", "b", "y", CONTENT])
        assert said.code == 0, said.all
        assert [report["guest"]["surname"] for report in away.reports()] == ["ZYKOWSKI"]

    def test_an_indonesian_among_them(self, away: Apoa) -> None:
        """They are left out, and the others go on."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *LOCAL.lines, CONTENT])
        assert said.code == 0, said.all
        assert "only foreigners are reported" in said.err
        assert len(away.reports()) == 1

    def test_a_child_with_no_adult(self, away: Apoa) -> None:
        """It is noticed on the card, and gone once an adult of the room is there."""
        alone = "no adult is reported along with them"
        said = away("report", "--no-send", keys=[*CHILD.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT])
        assert said.code == 0, said.all
        assert said.err.count(alone) == 1
        warnings = [finding["code"] for report in away.reports() for finding in report["warnings"]]
        assert "child_alone" not in warnings
        said = away("report", "--no-send", "--again", keys=[*CHILD.lines, *PAGE, CONTENT])
        assert "child_alone" in [finding["code"] for finding in away.reports()[-1]["warnings"]]

    def test_the_same_passport_twice(self, away: Apoa) -> None:
        """It is said, and Enter alone does not save it twice."""
        keys = [*QUENTIN.lines, *PAGE, "+", *QUENTIN.lines, ">", CONTENT, ENTER, "b", "y", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "This passport is already in this group." in said.err
        assert len(away.reports()) == 1


class TestBreakingOff:
    """Ctrl-C anywhere loses nothing that was typed."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_what_was_typed_is_offered_the_next_time(self, away: Apoa, lang: str) -> None:
        """The end of input, as Ctrl-C: the guest is kept, and gone on with where it was left."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"], lang=lang)
        assert said.code == 130
        assert spoken(lang, "What was typed is stored, encrypted. To continue with it: apoa report") in said.err
        said = away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["birth_place"] == "GDANSK"
        assert spoken(lang, "Continue with that guest? No deletes what was typed.") not in away("report", keys=[]).err

    def test_a_party_is_kept_whole(self, away: Apoa) -> None:
        """The guests who were ready, and the one who was not."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA"])
        said = away("report", "--no-send", keys=[ENTER, "B1", CONTENT])
        assert said.code == 0, said.all
        assert [report["guest"]["surname"] for report in away.reports()] == ["ZYKOWSKI", "QUIJANO"]

    def test_a_guest_who_is_gone_on_with_arrived_then(self, away: Apoa) -> None:
        """The check-in is when the conversation was begun, not when it was ended."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        away.clock.forward(timedelta(hours=3))
        assert away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT]).code == 0
        assert away.reports()[0]["stay"]["check_in"] == "2026-11-24T20:00:00+07:00"

    def test_whose_it_is_is_said(self, away: Apoa) -> None:
        """Before the next question: by name and number, of everybody on it."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", ENTER, "QUIJANO"])
        said = away("report", "--no-send", keys=[ENTER])
        assert "  QUENTIN ZYKOWSKI ZX1234567\n  QUIJANO\n" in said.err

    def test_back_goes_on_working(self, away: Apoa) -> None:
        """The questions that were answered before the interruption are gone back over, too."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK", "B1"])
        said = away("report", "--no-send", keys=[ENTER, "<", "<", "GDYNIA", ENTER, "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["birth_place"] == "GDYNIA"
        assert away.reports()[0]["guest"]["stay_permit"]["code"] == "B1"

    def test_options_of_the_guest_are_not_for_whoever_is_gone_on_with(self, away: Apoa) -> None:
        """They would be written on everybody of the party: it is said that they are not used."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1"])
        said = away("report", "--no-send", "--birth-place", "LEEDS", keys=[ENTER, CONTENT])
        assert said.code == 0, said.all
        assert "The details of the guest given now are not used" in said.err
        assert [report["guest"]["birth_place"] for report in away.reports()] == ["GDANSK", "ZARAGOZA"]

    def test_an_option_that_is_none_is_asked_for_each(self, away: Apoa) -> None:
        """Of a party that is gone on with, the first one's too; nothing is lost by it."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1"])
        said = away("report", "--no-send", "--nights", "xx", keys=[ENTER, "3", "4", CONTENT])
        assert said.code == 0, said.all
        assert [r["stay"]["planned_check_out"] for r in away.reports()] == ["2026-11-28", "2026-11-27"]

    def test_a_digit_that_was_accepted_stays_accepted(self, away: Apoa) -> None:
        """A person compared it: whoever goes on need not say so again."""
        away("report", "--no-send", "--accept-check-digit", keys=[*WRONG_DIGIT, "GDANSK"])
        said = away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "Angka periksa" in away.reports()[0]["stay"]["note"]

    def test_a_saved_guest_is_not_offered_again(self, away: Apoa) -> None:
        """Even if nothing that comes after the saving can be said."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])

        def full(_filing: SaveAndSend, _filed: object) -> None:
            raise SettingsProblem(msg("The disk is full."))

        with away.monkeypatch.context() as patch:
            patch.setattr(SaveAndSend, "show_saved", full)
            assert away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT]).code == 78
        assert len(away.reports()) == 1
        assert "was not finished" not in away("report", keys=[]).err

    def test_throwing_it_away_in_a_dry_run(self, away: Apoa) -> None:
        """It is gone, as everywhere."""
        away("report", keys=[*QUENTIN.lines, "GDANSK"])
        assert away("report", "--dry-run", keys=[ENTER, "B1", "2", "7", "b", "y"]).code == 0
        assert "was not finished" not in away("report", keys=[]).err

    def test_options_are_written_on_what_is_gone_on_with(self, away: Apoa) -> None:
        """Whoever gives the room this time is not ignored."""
        away("report", "--no-send", "--planned-check-out", "26/11", keys=[*QUENTIN.lines, "GDANSK", "B1"])
        said = away("report", "--no-send", "--room", "9", "--nights", "3", keys=[ENTER, CONTENT])
        assert said.code == 0, said.all
        [report] = away.reports()
        assert (report["stay"]["room"], report["stay"]["planned_check_out"]) == ("9", "2026-11-27")

    def test_what_was_read_of_bad_lines_is_kept(self, away: Apoa) -> None:
        """Although nothing was typed yet."""
        away("report", "--no-send", keys=[*[*WRONG_DIGIT, "n"] * 3])
        assert "Surname [ZYKOWSKI]: " in away("report", "--no-send", keys=[ENTER]).err

    def test_a_dry_run_takes_nothing_away(self, away: Apoa) -> None:
        """It is asked for what it is, and what was gone on with is still there afterwards."""
        away("report", keys=[*QUENTIN.lines, "GDANSK"])
        said = away("report", "--dry-run", keys=[ENTER, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "This is only a check: is everything right?" in said.err
        assert "was not finished" in away("report", keys=["n"]).err

    def test_what_another_desk_kept_is_not_ours_to_drop(self, away: Apoa) -> None:
        """Somebody breaks off while we are at a card: our saving leaves their guest alone."""
        shown = ReviewCard.show

        def meanwhile(card: ReviewCard) -> None:
            shown(card)
            with away.monkeypatch.context() as patch:
                patch.setattr(ReviewCard, "show", shown)
                away("report", "--no-send", keys=[*XIMENA.lines, "ZARAGOZA"])

        keys = [*QUENTIN.lines, *PAGE, CONTENT]
        with away.monkeypatch.context() as patch:
            patch.setattr(ReviewCard, "show", meanwhile)
            away("report", "--no-send", keys=keys)
        assert "XIMENA QUIJANO" in away("report", "--no-send", keys=[ENTER]).err

    def test_a_disk_that_fails_loses_nobody(self, away: Apoa) -> None:
        """It can be tried again, and whoever gives up finds the party the next time."""
        real, fails = Desk.save_group, ["once", "twice"]

        def failing(desk: Desk, group: Sequence[tuple[Report, Sequence[Finding]]]) -> list[Entry]:
            if fails:
                fails.pop()
                raise StorageProblem(msg("The disk is full."))
            return real(desk, group)

        with away.monkeypatch.context() as patch:
            patch.setattr(Desk, "save_group", failing)
            said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, CONTENT, "y", "n"])
            assert said.code == 78
            assert said.err.count("Try again?") == 2
            said = away("report", "--no-send", keys=[ENTER, CONTENT])
        assert said.code == 0, said.all
        assert len(away.reports()) == 1

    def test_reported_already_and_nobody_asked(self, away: Apoa) -> None:
        """--yes asks nothing: it is refused, and what was typed is there the next time."""
        away.save(QUENTIN)
        assert away("report", "--no-send", "--yes", keys=[*QUENTIN.lines, *PAGE]).code == 65
        assert away("report", "--no-send", keys=[ENTER, CONTENT, "y"]).code == 0

    def test_an_interruption_while_it_is_saved(self, away: Apoa) -> None:
        """SIGTERM in that very moment: it is saved, and said so before the command ends; nothing is offered again."""
        real = Desk.save_group

        def interrupted(desk: Desk, group: Sequence[tuple[Report, Sequence[Finding]]]) -> list[Entry]:
            signal.raise_signal(signal.SIGTERM)
            return real(desk, group)

        with away.monkeypatch.context() as patch:
            patch.setattr(Desk, "save_group", interrupted)
            said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, CONTENT])
        assert said.code in {130, 143}
        assert "Saved: QUENTIN ZYKOWSKI" in said.out
        assert len(away.reports()) == 1
        assert "was not finished" not in away("report", keys=[]).err

    def test_a_draft_that_cannot_be_dropped(self, away: Apoa) -> None:
        """What was saved is saved: the trouble is told, and no failure."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])

        def failing(_drafts: SqliteDrafts, _saved_at: object = None) -> None:
            raise StorageProblem(msg("The disk is full."))

        with away.monkeypatch.context() as patch:
            patch.setattr(SqliteDrafts, "delete", failing)
            said = away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "The disk is full." in said.err
        assert len(away.reports()) == 1

    def test_nobody_goes_on(self, away: Apoa) -> None:
        """No throws it away, and another guest is begun."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        said = away("report", "--no-send", keys=["n", *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert [report["guest"]["surname"] for report in away.reports()] == ["QUIJANO"]
        assert "was not finished" not in away("report", keys=[]).err

    def test_where_nothing_was_typed_nothing_is_kept(self, away: Apoa) -> None:
        """Neither before the passport, nor where only options were given."""
        away("report", "--room", "7", keys=[])
        assert "was not finished" not in away("report", keys=[]).err

    def test_nothing_readable_is_in_any_file(self, away: Apoa) -> None:
        """The draft is sealed like every report."""
        away("report", keys=[*QUENTIN.lines, "GDANSKTOWN", "B1", "2", "SUITEROOM"])
        assert (
            readable_in(away.home, ["ZYKOWSKI", "QUENTIN", "ZX1234567", "GDANSKTOWN", "SUITEROOM", "1985-09-12"]) == []
        )

    def test_without_the_key_it_is_kept(self, away: Apoa) -> None:
        """It cannot be opened now: that is said, and another guest begun."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        key = away.home / "melati" / "keys.json"
        hidden = key.rename(key.with_name("elsewhere"))
        said = away("report", "--no-send", keys=[ENTER, *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "It stays stored for now. Begin with another guest." in said.err
        hidden.rename(key)
        assert "was not finished" in away("report", keys=["n"]).err

    def test_a_draft_of_another_version_is_dropped(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """What nobody understands keeps nobody from working."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        with monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.prompts.drafts.forms_from_json", _of_another_version)
            said = away("report", "--no-send", keys=[ENTER, *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "was not finished" not in away("report", keys=[]).err

    def test_a_draft_that_will_never_open_is_dropped(self, away: Apoa) -> None:
        """Its seal is broken: that is said once, and another guest begun."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        with closing(sqlite3.connect(away.home / "melati" / "outbox.db")) as db, db:
            assert db.execute("UPDATE draft SET content = zeroblob(200)").rowcount == 1
        said = away("report", "--no-send", keys=[ENTER, *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "was not finished" not in away("report", keys=[]).err

    @pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
    def test_whoever_closes_the_window(self, away: Apoa) -> None:
        """SIGHUP at a question: the draft is kept, although the window says so more than once."""

        def closed(_question: str) -> str:
            signal.raise_signal(signal.SIGHUP)
            raise AssertionError

        def keep(self: SqliteDrafts, text: str, at: datetime) -> None:
            signal.raise_signal(signal.SIGHUP)
            real(self, text, at)

        real = SqliteDrafts.save
        with away.monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.prompts.conversation.ask_line", closed)
            patch.setattr(SqliteDrafts, "save", keep)
            assert away("report", "--no-send", keys=[*QUENTIN.lines]).code == 143
        assert "was not finished" in away("report", keys=["n"]).err


def _of_another_version(_text: str, _read: object) -> list[object]:
    message = "not slips"
    raise ValueError(message)


def _lines(format_name: str) -> tuple[str, ...]:
    """The lines of another document of the guest's."""
    return compose(format_name, _details())


def _details() -> Details:
    return Details(
        issuing_state="POL",
        surname=QUENTIN.surname,
        given_names=QUENTIN.given_names,
        document_number=QUENTIN.number,
        nationality="POL",
        birth_date=SEPTEMBER,
        sex="M",
        expiry_date=date(2032, 3, 28),
    )
