"""`apoa report` at a terminal: the passport, the other fields, the review card, and perhaps more guests."""

import errno
import io
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Never, NoReturn

import pytest
from cli_helpers import (
    LANGUAGES,
    OBADIAH,
    QUENTIN,
    SEPTEMBER,
    XIMENA,
    Apoa,
    Guest,
    Serve,
    readable_in,
    spoken,
    spoken_count,
)

from apoa_client.app.container import Container
from apoa_client.cli import main
from apoa_client.cli.prompts.drafts import DraftStore, open_drafts
from apoa_client.cli.prompts.review_card import ReviewCard
from apoa_client.cli.prompts.save_and_send import SaveAndSend
from apoa_client.cli.terminal.input import UNREADABLE
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.report import OpenedDraft
from apoa_client.desk.arrivals import Desk
from apoa_client.errors import SettingsProblem, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sql.drafts import Drafts
from apoa_client.passport.compose import Details, compose
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.entries import Entry, NewReport
from apoa_client.ports.state import StoredDraft

WRONG_DIGIT = (
    QUENTIN.lines[0],
    QUENTIN.lines[1][:19] + str((int(QUENTIN.lines[1][19]) + 1) % 10) + QUENTIN.lines[1][20:],
)
CHILD = Guest("QUIJANO", "INES", "QC7654321", "ZARAGOZA", "ESP", "F", PartialDate(2019, 3, 4))
LOCAL = Guest("WIDODO", "SRI", "C1234567", "SOLO", "IDN", "F")
PAGE = ("GDANSK", "B1", "2", "7")
"""Fields that no MRZ has: place of birth, visa, nights, room."""
ENTER = ""
CONTENT = ENTER
LONG = Guest("PAPANDROPOULOU", "JONATHON WARREN TREVOR ALEXANDER", "ZX1234567", "GDANSK")
CUT_OFF = (
    "This name may be cut off in the passport's lines. Type it in full, as on the passport's page. Press Enter only if "
    "the page has no more."
)
CUT_OFF_ON_THE_CARD = "The name is too long for the MRZ and is cut off there. Type it in full from the passport's page."


class TestPassport:
    """The MRZ comes first."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_all_questions(self, away: Apoa, lang: str) -> None:
        """Without options: the MRZ, the fields that it does not have, and the card."""
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

    def test_the_passport_is_shown_in_words(self, away: Apoa) -> None:
        """To be compared with the page at a glance."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, CONTENT])
        assert "QUENTIN ZYKOWSKI, male, 12 Sep 1985, Poland (POL), ZX1234567, valid until 28 Mar 2032" in said.err

    def test_one_long_line_holds_both(self, away: Apoa) -> None:
        """A passport reader sends 88 characters at once."""
        said = away("report", "--no-send", keys=["".join(QUENTIN.lines), *PAGE, CONTENT])
        assert said.code == 0, said.all

    def test_a_scan_and_usual_values(self, away: Apoa) -> None:
        """After the scan, three keys are enough: accept all defaults, Enter, and Enter to save."""
        keys = ["".join(QUENTIN.lines), ">", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert sum(len(key) + 1 for key in keys[1:]) == 3
        [report] = away.reports()
        assert (report["guest"]["birth_place"], report["stay"]["planned_check_out"]) == ("-", "2026-11-25")

    def test_a_wrong_line_is_explained_and_asked_again(self, away: Apoa) -> None:
        """Twice wrong, then right; Enter alone accepts no correction."""
        keys = [*WRONG_DIGIT, ENTER, QUENTIN.lines[0], QUENTIN.lines[1][:-5], *QUENTIN.lines, *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "The check digit of the date of birth does not fit" in said.err
        assert "39 characters" in said.err
        assert len(away.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_wrong_line_alone_is_asked_again(self, away: Apoa, lang: str) -> None:
        """The good line is kept, whichever it is, and the keys of other questions work."""
        first, second = QUENTIN.lines
        wrong_name, wrong_date = first.replace("ZYK", "Z1K"), second[:13] + "99" + second[15:]
        keys = [wrong_name, second, "n", "?", f"{wrong_name}?", first, *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys, lang=lang)
        assert said.code == 0, said.all
        kept = "Correct line {number}; the rest is kept. Enter alone = type the details by hand, < = begin again."
        assert spoken(lang, kept, number=1) in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)
        keys = [first, wrong_date, "n", second, *PAGE, CONTENT]
        said = away("report", "--no-send", "--again", keys=keys, lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, kept, number=2) in said.err

    def test_two_wrong_lines_are_asked_again(self, away: Apoa) -> None:
        """One after the other; < begins with the scan again."""
        first, second = QUENTIN.lines
        wrong = [first.replace("ZYK", "Z1K"), second[:13] + "9999" + second[17:]]
        for again in ([*QUENTIN.lines], ["<", *QUENTIN.lines], [first, ">"]):
            typed_by_hand = [ENTER] * 3 if ">" in again else []
            said = away("report", "--no-send", "--again", keys=[*wrong, "n", *again, *typed_by_hand, *PAGE, CONTENT])
            assert "Correct the lines. Enter alone = type the details by hand" in said.err
            assert ("Surname [" in said.err or "Surname: " in said.err) == (">" in again)
        assert len(away.reports()) == 2

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_miscounted_fillers_of_both_lines_need_one_confirmation(self, away: Apoa, lang: str) -> None:
        """Both corrected lines are shown; without the confirmation, the lines are corrected as they were typed."""
        first, second = QUENTIN.lines
        typed = [f"{first}<<<", second[:30] + second[35:]]
        said = away("report", "--no-send", keys=[*typed, "y", *PAGE, CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert [spoken(lang, "Perhaps: {value}", value=line) in said.err for line in QUENTIN.lines] == [True, True]
        assert said.err.count(spoken(lang, "Is that what the passport says?")) == 1
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)
        said = away("report", "--no-send", "--again", keys=[*typed, "n", *QUENTIN.lines, *PAGE, CONTENT], lang=lang)
        assert said.code == 0, said.all

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_lines_in_the_wrong_order_are_swapped(self, away: Apoa, lang: str) -> None:
        """And it is shown once."""
        said = away("report", "--no-send", keys=[*reversed(QUENTIN.lines), *PAGE, CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert said.err.count(spoken(lang, "The lines were in the wrong order and were swapped.")) == 1
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_passport_scanned_where_a_line_is_to_be_corrected(self, away: Apoa) -> None:
        """All its lines are read, as two lines or as one, and also behind the text that is edited."""
        first, second = QUENTIN.lines
        wrong = [first, second[:13] + "99" + second[15:]]
        for scan in ([first, second], [first + second], [wrong[1] + first, second], [wrong[1] + first + second]):
            said = away("report", "--no-send", "--again", keys=[*wrong, "n", *scan, *PAGE, CONTENT])
            assert said.code == 0, said.all
        assert len(away.reports()) == 4
        wrong = [first.replace("ZYK", "Z1K"), wrong[1]]  # behind each of two wrong lines
        keys = [*wrong, "n", wrong[0] + first, wrong[1] + second, *PAGE, CONTENT]
        assert away("report", "--no-send", "--again", keys=keys).code == 0
        keys = [*wrong, "n", first, "<", "<", ">", CONTENT]  # in a scan that was begun, < asks for its first line
        assert "MRZ line 1: MRZ line 1" not in away("report", "--no-send", keys=keys).err

    def test_the_wrong_character_is_marked(self, away: Apoa) -> None:
        """Both lines are shown, with a mark below the wrong character."""
        shown = away("report", "--no-send", keys=[*WRONG_DIGIT, "y", *PAGE, CONTENT]).err.splitlines()
        place = shown.index(f"  {WRONG_DIGIT[1]}")
        assert shown[place - 1].endswith(f"  {WRONG_DIGIT[0]}")
        assert shown[place + 1].rstrip() == " " * 15 + "------^"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_corrected_date_needs_a_confirmation(self, away: Apoa, lang: str) -> None:
        """The likely correction is shown, and applied if the passport says so."""
        said = away("report", "--no-send", keys=[*WRONG_DIGIT, "y", *PAGE, CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Is that what the passport says?") in said.err
        [report] = away.reports()
        assert report["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    @pytest.mark.parametrize("first", [QUENTIN.lines[0][:-1], QUENTIN.lines[0].rstrip("<"), "p<polzykowski<<quentin<<"])
    def test_missing_fillers_at_the_end_of_the_first_line(self, away: Apoa, first: str) -> None:
        """They are added without a question, because no user counts them."""
        said = away("report", "--no-send", keys=[first, QUENTIN.lines[1], *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_wrong_state_on_a_short_line(self, away: Apoa) -> None:
        """The state alone is asked about: the document is a passport, and no third line is asked for."""
        keys = ["P<QQQZYKOWSKI<<QUENTIN", QUENTIN.lines[1][:28], "n", *QUENTIN.lines, *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "MRZ line 3" not in said.err
        assert "Line 1 has" not in said.err
        keys = ["P<QQQZYKOWSKI<<QUENTIN", QUENTIN.lines[1], QUENTIN.lines[0], *PAGE, CONTENT]
        said = away("report", "--no-send", "--again", keys=keys)
        assert said.code == 0, said.all
        assert "must have 44" not in said.err

    def test_back_from_the_details_to_the_wrong_line(self, away: Apoa) -> None:
        """The lines are still there, and only the wrong one is typed again."""
        first, second = QUENTIN.lines
        keys = [first.replace("ZYK", "Z1K"), second, "n", ENTER, "<", "n", first, *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_suggestion_is_in_words(self, away: Apoa, lang: str) -> None:
        """A date with the name of the month, a state by its name, as on the passport's page."""
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
        """If a field becomes empty, or only the last digit is wrong, the whole corrected line is shown."""
        said = away("report", "--no-send", keys=[QUENTIN.lines[0], misread, "n", *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        [suggestion] = [line for line in said.err.splitlines() if "Perhaps:" in line]
        assert len(suggestion.removeprefix("  Perhaps: ")) == len(misread)
        assert suggestion.startswith(f"  Perhaps: {QUENTIN.lines[1][:20]}")

    def test_a_suggested_line_is_applied(self, away: Apoa) -> None:
        """After a confirmation, like any other."""
        misread = QUENTIN.lines[1][:42] + "9" + QUENTIN.lines[1][43]
        said = away("report", "--no-send", keys=[QUENTIN.lines[0], misread, "y", *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert f"Perhaps: {QUENTIN.lines[1]}\n" in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_document_number_is_corrected_by_typing_it(self, away: Apoa) -> None:
        """Many numbers are possible, so a yes is not enough; the typed number must be one of them."""
        wrong = QUENTIN.lines[1].replace("1", "I", 1)
        keys = [QUENTIN.lines[0], wrong, "NOTTHIS", QUENTIN.lines[0], wrong, "?", QUENTIN.number.lower()]
        said = away("report", "--no-send", keys=[*keys, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert said.err.count("Many numbers are possible.") == 3
        assert away.reports()[0]["guest"]["document"]["number"] == QUENTIN.number

    def test_lines_without_a_correction_are_typed_again(self, away: Apoa) -> None:
        """A state that no code resembles: nothing is suggested."""
        nowhere = QUENTIN.lines[1].replace("POL", "<<Q")
        said = away("report", "--no-send", keys=[QUENTIN.lines[0], nowhere, *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "Perhaps:" not in said.err

    def test_accept_check_digit(self, away: Apoa) -> None:
        """The user has compared the MRZ with the page."""
        keys = [*WRONG_DIGIT, *PAGE, CONTENT]
        said = away("report", "--no-send", "--accept-check-digit", keys=keys)
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["document"]["mrz"] is None

    def test_a_card_has_three_lines(self, away: Apoa) -> None:
        """They are asked for and read; that a card is not a passport is explained."""
        said = away("report", "--no-send", keys=[*_lines("TD1"), *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "not of a passport" in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(_lines("TD1"))

    def test_a_visa_is_refused(self, away: Apoa) -> None:
        """It proves no identity: the passport's own MRZ is asked for."""
        said = away("report", "--no-send", keys=[*_lines("MRV-A"), *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "These are the lines of a visa." in said.err

    def test_trusted_fields_of_a_wrong_scan_are_suggested(self, away: Apoa) -> None:
        """A passport may be scanned again where a line is to be corrected. Enter there leads to the other questions."""
        rest = [ENTER, ENTER, ENTER, "GDANSK", "12/9/85", ENTER, ENTER, ENTER, "B1", "2", "7"]
        said = away("report", "--no-send", keys=[*[*WRONG_DIGIT, "n"] * 3, ENTER, *rest, CONTENT])
        assert said.code == 0, said.all
        assert said.err.count("Correct line 2; the rest is kept.") == 3
        assert "What could be read is shown in brackets: Enter accepts it." in said.err
        assert "Surname [ZYKOWSKI]: " in said.err
        [report] = away.reports()
        assert report["guest"]["birth_date"] == "1985-09-12"
        assert report["guest"]["document"]["number"] == QUENTIN.number
        assert report["guest"]["document"]["mrz"] is None

    def test_a_line_without_trusted_fields(self, away: Apoa) -> None:
        """Nothing is suggested, and nothing is said about suggestions."""
        typed = ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "1985", "POL", "ZX1234567", "28/3/32", "B1", "2", "7"]
        said = away("report", "--no-send", keys=["P<POL<<<", ENTER, ENTER, ENTER, *typed, CONTENT])
        assert said.code == 0, said.all
        assert "brackets" not in said.err

    def test_without_mrz_at_once(self, away: Apoa) -> None:
        """Enter alone, or >; what an earlier try gave is in brackets."""
        rest = [ENTER, ENTER, ENTER, "GDANSK", "12/9/85", ENTER, ENTER, ENTER, "B1", "2", "7", CONTENT]
        for key in (ENTER, ">"):
            said = away("report", "--no-send", "--again", keys=[*WRONG_DIGIT, "n", key, *rest])
            assert said.code == 0, said.all
            assert said.err.count("What could be read is shown in brackets: Enter accepts it.") == 1
            assert "Surname [ZYKOWSKI]: " in said.err

    def test_a_reader_that_ends_a_line_twice(self, away: Apoa) -> None:
        """CR and LF are two ends of a line to a terminal: the empty line between them is ignored."""
        said = away("report", "--no-send", keys=[QUENTIN.lines[0], ENTER, QUENTIN.lines[1], *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    def test_a_reader_is_given_time_to_end_its_last_line(self, away: Apoa) -> None:
        """Input within its pause is discarded; without typed lines there is no pause."""
        pauses: list[float] = []
        away.monkeypatch.setattr("apoa_client.cli.prompts.passport_question.discard_typed_ahead", pauses.append)
        away("report", "--no-send", keys=[ENTER])
        assert pauses == []
        away("report", "--no-send", keys=[*QUENTIN.lines])
        assert pauses == [0.05]

    def test_moves_do_not_count_as_tries(self, away: Apoa) -> None:
        """At any of the lines: ? shows help, < starts with the first line again."""
        keys = ["?", QUENTIN.lines[0], "?", "<", XIMENA.lines[0], "<", *WRONG_DIGIT, "n", *WRONG_DIGIT, "n"]
        said = away("report", "--no-send", keys=[*keys, *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["document"]["mrz"] == list(QUENTIN.lines)

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_truncated_name_is_completed(self, away: Apoa, lang: str) -> None:
        """It is shown in brackets, to be typed in full; then nothing warns of it."""
        said = away("report", "--no-send", keys=[*LONG.lines, LONG.given_names, *PAGE, CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert said.err.count(spoken(lang, CUT_OFF)) == 1
        assert spoken(lang, CUT_OFF_ON_THE_CARD) not in said.err
        [report] = away.reports()
        assert report["guest"]["given_names"] == LONG.given_names
        assert [warning["code"] for warning in report["warnings"]] == []

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_truncated_name_is_not_skipped(self, away: Apoa, lang: str) -> None:
        """The question for it is asked although > accepts all suggestions; Enter accepts it, and the card warns."""
        said = away("report", "--no-send", keys=[*LONG.lines, ">", ENTER, CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert said.err.count(spoken(lang, CUT_OFF)) == 2
        assert spoken(lang, CUT_OFF_ON_THE_CARD) in said.err.partition(spoken(lang, "This will be reported"))[2]
        [report] = away.reports()
        assert report["guest"]["given_names"] == "JONATHON WARREN TREVO A"
        assert "name_truncated" in [warning["code"] for warning in report["warnings"]]

    def test_a_truncated_name_of_an_invalid_mrz(self, away: Apoa) -> None:
        """It is suggested, with the same words, where the details are typed by hand."""
        first, second = LONG.lines
        wrong = first, second[:19] + str((int(second[19]) + 1) % 10) + second[20:]
        keys = [*wrong, "n", ENTER, ENTER, ">", LONG.given_names, ENTER, CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.err.count(CUT_OFF) == 2

    def test_help_and_no_way_back_before_the_first_question(self, away: Apoa) -> None:
        """`?` says which lines are meant; `<` says that this is the first question."""
        said = away("report", "--no-send", keys=["?", "<", *QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "The two lines with many < at the bottom of the photo page." in said.err
        assert "This is the first question." in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_indonesian_passport_ends_the_report(self, away: Apoa, lang: str) -> None:
        """At once, without another question."""
        said = away("report", keys=[*LOCAL.lines], lang=lang)
        assert said.code == 65
        assert spoken(lang, "Nothing was saved, and nothing needs to be saved.") in said.err


class TestWithoutMrz:
    """After Enter alone, the fields are typed from the page."""

    def test_dates_names_and_states_as_people_write_them(self, away: Apoa) -> None:
        """The parsed values are shown in words; similar ones are offered."""
        details = ["zykowski", "quentin", "L", "gdansk", "12 sep 85", "Polland", "1", "zx 123-4567", "300332"]
        keys = [ENTER, *details, "voa", "27/11", "7", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        for words in ("  ZYKOWSKI\n", "  male\n", "  12 Sep 1985\n", "  Poland (POL)\n", "  30 Mar 2032\n"):
            assert words in said.err
        assert "  Do you mean Poland (POL)? Enter = yes" in said.err
        assert "  3 nights, until 27 Nov 2026\n" in said.err
        [report] = away.reports()
        assert report["guest"]["document"]["expiry_date"] == "2032-03-30"
        assert report["guest"]["stay_permit"]["code"] == "B1"

    def test_a_single_name(self, away: Apoa) -> None:
        """One of the two names may be empty, but not both."""
        rest = ["X", ENTER, "1985", "POL", "ZX1234567", "30/3/2032", ENTER, "1", ENTER, CONTENT]
        said = away("report", "--no-send", keys=[ENTER, ENTER, ENTER, "SUKARNOPUTRI", *rest])
        assert said.code == 0, said.all
        assert said.err.count("An answer is needed here. ? shows help.") == 1
        [report] = away.reports()
        assert (report["guest"]["surname"], report["guest"]["given_names"]) == ("", "SUKARNOPUTRI")
        assert report["guest"]["birth_date"] == "1985"

    def test_a_birth_date_in_the_future(self, away: Apoa) -> None:
        """It is refused at once."""
        details = ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "1/1/2027", "1/1/1987", "POL", "ZX1234567", "280332"]
        said = away("report", "--no-send", keys=[ENTER, *details, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert said.err.count("This date is in the future.") == 1

    def test_number_of_keys_without_mrz(self, away: Apoa) -> None:
        """The number is fixed here, so that it does not grow unnoticed."""
        details = ["zykowski", "quentin", "l", "gdansk", "120985", "pol", "zx1234567", "280332", "b1", "2", "7"]
        keys = [ENTER, *details, CONTENT]
        assert away("report", "--no-send", keys=keys).code == 0
        assert sum(len(key) + 1 for key in keys) == 63

    @pytest.mark.parametrize("name", ["محمد", "王小明"])
    def test_a_name_in_other_letters_is_explained(self, away: Apoa, name: str) -> None:
        """Pasted by mistake: the error says how names are written, and the question is asked again."""
        details = [name, "ZYKOWSKI", "QUENTIN", "L", "GDANSK", "12091985", "POL", "ZX1234567", "280332"]
        said = away("report", "--no-send", keys=[ENTER, *details, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "Write it in Latin letters, as the passport does." in said.err

    def test_an_indonesian_is_not_reported(self, away: Apoa) -> None:
        """After a second confirmation, because a typing error must not lose what was typed."""
        details = ["WIDODO", "SRI", "P", "SOLO", "1985"]
        said = away("report", keys=[ENTER, *details, "indo", ENTER, "india", "<", "indonesia", "IDN"])
        assert said.code == 65
        assert said.err.count("Indonesians are not reported. If the guest is Indonesian, type it again.") == 2
        assert "  India (IND)\n" in said.err
        assert "only foreigners are reported" in said.err

    def test_another_passport_is_another_guest(self, away: Apoa) -> None:
        """No field of the earlier guest is left or suggested."""
        keys = [*QUENTIN.lines, *PAGE, "1", "SMITH", "<", "<", "<", "<", "<", *XIMENA.lines]
        said = away("report", "--no-send", keys=[*keys, "ZARAGOZA", "B1", "1", ENTER, CONTENT])
        assert said.code == 0, said.all
        tail = said.err[said.err.index("XIMENA QUIJANO") :]
        assert "SMITH" not in tail
        assert "GDANSK" not in tail
        assert away.reports()[0]["guest"]["surname"] == "QUIJANO"

    def test_the_same_passport_again_loses_nothing(self, away: Apoa) -> None:
        """The answers are in brackets, also if the user continues without an MRZ."""
        keys = [*QUENTIN.lines, "GDANSK", "<", "<", *QUENTIN.lines, ENTER, "B1", "2", "7", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["birth_place"] == "GDANSK"
        said = away("report", "--no-send", keys=[ENTER, "SMITH", "JOHN", "<", "<", "<", ENTER])
        assert "Surname [SMITH]: " in said.err

    def test_back_from_a_passport_that_was_read(self, away: Apoa) -> None:
        """Enter alone continues without the MRZ, and its fields are suggested."""
        keys = [*QUENTIN.lines, "<", ENTER, *[ENTER] * 3, "GDANSK", *[ENTER] * 4, "B1", "2", "7", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "Surname [ZYKOWSKI]: " in said.err
        assert "Date of birth [12 Sep 1985]: " in said.err
        assert away.reports()[0]["guest"]["document"]["mrz"] is None

    def test_back_and_back_to_the_passport(self, away: Apoa) -> None:
        """`<` shows earlier answers; before the first question the passport is asked again."""
        keys = [*QUENTIN.lines, "GDANSK", "<", "<", *XIMENA.lines, *PAGE, CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "Place of birth [GDANSK]: " in said.err
        assert away.reports()[0]["guest"]["surname"] == "QUIJANO"


class TestReviewCard:
    """Warnings first, then what will be reported; keys save, change and discard."""

    def test_warnings_come_first(self, away: Apoa) -> None:
        """Then the fields in our order, numbered."""
        shown = away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK", ENTER, "1", ENTER, CONTENT], lang="id").err
        lines = shown.splitlines()
        card = lines[lines.index("Yang akan dilaporkan") :]
        assert card[1].startswith("! Visa atau izin tinggal belum diisi.")
        assert card[2].split() == ["1", "Nama", "keluarga", "ZYKOWSKI"]
        assert "25 Nov 2026 (1 malam)" in shown

    def test_a_warning_names_the_row_of_its_field(self, away: Apoa) -> None:
        """By the number with which the field is changed, which is that of the same field in `apoa amend`."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK", ENTER, "2", "7", "10", "B1", CONTENT])
        assert said.code == 0, said.all
        assert re.search(r"^! .*\(number 10\)$", said.err, re.MULTILINE)
        assert re.search(r"^ +10 Visa / stay permit +-$", said.err, re.MULTILINE)
        card = said.err.rpartition("This will be reported")[2]
        amended = away("amend", away.reports()[0]["short_id"], keys=["<"]).err
        rows = re.findall(r"^ +(\d+) +(\w.*?)  ", card, re.MULTILINE)
        assert len(rows) > 10
        for number, label in rows:
            assert re.search(rf"^ +{number} {label}  ", amended, re.MULTILINE), label

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_one_field_is_changed_by_its_number(self, away: Apoa, lang: str) -> None:
        """The earlier value is in brackets; the changed card is shown again."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "4", "GDYNIA", CONTENT], lang=lang)
        assert said.code == 0, said.all
        label = spoken(lang, "Place of birth")
        assert f"{label} [GDANSK]: " in said.err
        assert away.reports()[0]["guest"]["birth_place"] == "GDYNIA"

    def test_nights_are_changed_at_the_day_of_departure(self, away: Apoa) -> None:
        """As nights, or as a day."""
        keys = [*QUENTIN.lines, "GDANSK", "B1", "7", "15", "29/11", CONTENT]
        said = away("report", "--no-send", "--planned-check-out", "2026-11-26", keys=keys)
        assert said.code == 0, said.all
        assert "Nights [2]: " in said.err
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-29"

    def test_other_fields_are_filled(self, away: Apoa) -> None:
        """`?` shows their numbers; a hyphen clears a field, and one that is asked for keeps its row and number."""
        keys = [*QUENTIN.lines, *PAGE, "?", "18", "+62 812 3456", "16", "-", "?", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        shown = said.err.replace("\N{NO-BREAK SPACE}", " ")  # a number stands on the same line as its label
        others = "8 Issuing state, 11 Permit number, 12 Permitted until, 13 Date of entry"
        assert shown.count("Other fields: ") == 2
        assert f"  Other fields: {others}, 18 Phone, 19 E-mail, 20 Note\n" in shown
        assert f"  Other fields: {others}, 19 E-mail, 20 Note\n" in shown
        assert re.search(r"^ +16 Room +-$", said.err, re.MULTILINE)
        [report] = away.reports()
        assert report["guest"]["phone"] == "+62 812 3456"
        assert report["stay"]["room"] is None

    def test_an_issuing_state_that_differs_has_a_row(self, away: Apoa) -> None:
        """And none where it is the nationality, by either code of Germany."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "8", "DEU", CONTENT])
        cards = said.err.split("This will be reported")[1:]
        assert ["8 Issuing state" in card for card in cards] == [False, True]

    def test_unknown_numbers_and_words(self, away: Apoa) -> None:
        """They change nothing, and the screen says what is possible; `<` asks the last question again."""
        keys = [*QUENTIN.lines, *PAGE, "99", "hm", "?", "g1", "<", "8", "4", "<", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert said.err.count("This will be reported") == 3, "not for a key that means nothing"
        assert said.err.count("Enter = yes, + = another guest") == 7
        assert said.err.count("x Type one of these keys, or a number from 1 to 20.") == 3
        assert away.reports()[0]["stay"]["room"] == "8"

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_guest_is_discarded(self, away: Apoa, lang: str) -> None:
        """After a confirmation, because everything typed is lost."""
        said = away("report", keys=[*QUENTIN.lines, *PAGE, "b", "n", "b", "y"], lang=lang)
        assert said.code == 0
        assert said.err.count(spoken(lang, "Discard what was typed for this guest?")) == 2
        assert spoken(lang, "Nothing was saved.") in said.err
        assert away.reports() == []

    def test_an_invalid_change_is_undone(self, away: Apoa) -> None:
        """A check-in before the date of birth: the error is shown, and nothing else has to be typed again."""
        details = ["ZYKOWSKI", "QUENTIN", "L", "GDANSK", "1/1/2026", "POL", "ZX1234567", "28/3/2032", "B1", "2", "7"]
        keys = [ENTER, *details, "14", "31/12/2025 10:00", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "The date of birth is after the check-in." in said.err
        stay = away.reports()[0]["stay"]
        assert stay["check_in"] == "2026-11-24T20:00:00+07:00"
        assert stay["planned_check_out"] == "2026-11-26"

    def test_a_duplicate(self, away: Apoa) -> None:
        """It is shown on the card, and Enter alone does not save it."""
        away.save(QUENTIN)
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, CONTENT, ENTER, CONTENT, "y"])
        assert said.code == 0, said.all
        assert said.err.count("The guest seems to be reported already. Report them again?") == 2
        assert len(away.reports()) == 2

    def test_a_duplicate_is_confirmed_before_the_next_guest(self, away: Apoa) -> None:
        """And only once."""
        away.save(QUENTIN)
        keys = [*QUENTIN.lines, *PAGE, "+", ENTER, "+", "y", *XIMENA.lines, ">", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert said.err.count("The guest seems to be reported already. Report them again?") == 2
        assert len(away.reports()) == 3

    def test_a_late_duplicate_names_the_guest(self, away: Apoa) -> None:
        """Another desk saved the first guest of the group meanwhile: the question names the guest."""
        shown = ReviewCard.show

        def meanwhile(card: ReviewCard) -> None:
            shown(card)
            if not away.reports() and "XIMENA" in str(card._texts):
                away.save(QUENTIN)

        with away.monkeypatch.context() as patch:
            patch.setattr(ReviewCard, "show", meanwhile)
            said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT, "y"])
        assert said.code == 0, said.all
        assert "QUENTIN ZYKOWSKI\nThe guest seems to be reported already." in said.err

    def test_again_confirms_a_duplicate(self, away: Apoa) -> None:
        """With --again the user is not asked."""
        away.save(QUENTIN)
        assert away("report", "--no-send", "--again", keys=[*QUENTIN.lines, *PAGE, CONTENT]).code == 0
        assert len(away.reports()) == 2

    def test_yes_asks_nothing_at_the_card(self, away: Apoa) -> None:
        """--yes accepts the card, except if the guest seems to be already reported."""
        assert away("report", "--no-send", "--yes", keys=[*QUENTIN.lines, *PAGE]).code == 0
        said = away("report", "--no-send", "--yes", keys=[*QUENTIN.lines, *PAGE])
        assert said.code == 65
        assert "this guest is already reported" in said.err

    def test_a_dry_run_saves_nothing(self, away: Apoa) -> None:
        """The whole conversation, without a saved report."""
        said = away("report", "--dry-run", keys=[*QUENTIN.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "Nothing was saved (--dry-run)." in said.out
        assert away.reports() == []

    def test_a_changed_check_in_keeps_the_departure(self, away: Apoa) -> None:
        """The day of departure does not change when the time of check-in is corrected."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "14", "kemarin 23:00", CONTENT])
        assert said.code == 0, said.all
        assert "Check-in [24 Nov 2026 20:00 WIB]: " in said.err
        assert away.reports()[0]["stay"]["check_in"] == "2026-11-23T23:00:00+07:00"
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-26"

    def test_options_of_the_guest_fill_a_new_form(self, away: Apoa) -> None:
        """Fields that no MRZ has are not asked, and the passport does not delete them."""
        options = ["--birth-place", "LEEDS", "--phone", "0812 3456", "--nights", "2"]
        said = away("report", "--no-send", *options, keys=[*QUENTIN.lines, "B1", "7", CONTENT])
        assert said.code == 0, said.all
        guest = away.reports()[0]["guest"]
        assert (guest["birth_place"], guest["phone"]) == ("LEEDS", "0812 3456")

    def test_going_back_after_a_changed_check_in(self, away: Apoa) -> None:
        """The nights are asked again, with the new number as the default."""
        keys = [*QUENTIN.lines, *PAGE, "14", "kemarin 23:00", "<", "<", "4", "7", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "Nights [3]: " in said.err
        assert away.reports()[0]["stay"]["planned_check_out"] == "2026-11-27"

    def test_a_second_scan_without_fillers(self, away: Apoa) -> None:
        """A second line that is full of optional data is not a place of birth either."""
        full = compose("TD3", _details()._replace(optional_data="35791358123456"))
        assert "<<" not in full[1]
        said = away("report", "--no-send", keys=[*full, *full, "GDANSK", "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["birth_place"] == "GDANSK"

    def test_a_second_scan_is_no_answer(self, away: Apoa) -> None:
        """An MRZ line is no place of birth, no visa and no room."""
        scan = list(XIMENA.lines)
        said = away(
            "report", "--no-send", keys=[*QUENTIN.lines, *scan, "GDANSK", *scan, "B1", "2", *scan, "7", CONTENT]
        )
        assert said.code == 0, said.all
        assert said.err.count("That is a line of a passport, not an answer to this question.") == 6
        assert away.reports()[0]["guest"]["birth_place"] == "GDANSK"

    def test_options_of_the_stay_are_not_asked(self, away: Apoa) -> None:
        """With room and nights given, the rest is asked; an invalid option is asked too."""
        said = away(
            "report", "--no-send", "--room", "9", "--nights", "x", keys=[*QUENTIN.lines, "G", "B1", "3", CONTENT]
        )
        assert said.code == 0, said.all
        [report] = away.reports()
        assert (report["stay"]["room"], report["stay"]["planned_check_out"]) == ("9", "2026-11-27")

    def test_rooms_in_use_are_offered(self, away: Apoa) -> None:
        """If the key is at hand; a room is written as it was before."""
        away.save(QUENTIN, "--room", "12 A")
        said = away("report", "--no-send", keys=[*XIMENA.lines, "Z", "B1", "1", "?", "12 a", CONTENT])
        assert said.code == 0, said.all
        assert "Rooms in use: 12 A" in said.err
        assert away.reports()[-1]["stay"]["room"] == "12 A"

    def test_undecodable_input_saves_nothing(self, away: Apoa) -> None:
        """An answer in another encoding is neither yes nor a room."""
        keys = [*QUENTIN.lines, "GDANSK", "B1", "2", UNREADABLE, "7", UNREADABLE, "b", UNREADABLE, "y"]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert away.reports() == []

    def test_control_characters_are_removed(self, away: Apoa) -> None:
        """A pasted escape sequence is neither shown nor stored."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, "\x1b[2JGDANSK", "GDANSK", "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "\x1b[2J" not in said.all


class TestGroup:
    """Guests who arrive together."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_another_guest_keeps_the_stay(self, away: Apoa, lang: str) -> None:
        """Only the passport and missing fields are asked; all are saved at once."""
        keys = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1", CONTENT]
        said = away("report", "--no-send", keys=keys, lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "This will be reported: guest {number}", number=2) in said.err
        assert spoken(lang, "Save these {count} reports?", count=2) in said.err
        first, second = away.reports()
        assert {first["stay"]["room"], second["stay"]["room"]} == {"7"}
        assert first["stay"]["planned_check_out"] == second["stay"]["planned_check_out"] == "2026-11-26"

    def test_a_group_is_sent_in_one_call(self, apoa: Apoa, serve: Serve) -> None:
        """Saved in one transaction, sent in one batch, and each receipt is shown."""
        server = serve()
        assert apoa.set_up(server.base_url).code == 0
        keys = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", "+", *OBADIAH.lines, ">", CONTENT]
        said = apoa("report", keys=keys)
        assert said.code == 0, said.all
        assert said.out.count("Receipt number: ") == 3
        assert {report["attempts"] for report in apoa.reports()} == {1}

    def test_all_or_none(self, away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
        """If one report cannot be saved, none is."""
        real = Desk.save_all

        def twice(self: Desk, group: Sequence[NewReport]) -> list[Entry]:
            return real(self, [*group, group[0]])  # an id that is there already

        monkeypatch.setattr(Desk, "save_all", twice)
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT])
        assert said.code != 0
        assert away.reports() == []

    def test_the_card_names_the_other_guests(self, away: Apoa) -> None:
        """Who will be saved together."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT])
        assert "  Together with: g1 QUENTIN ZYKOWSKI\n" in said.err

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_an_earlier_guest_is_corrected(self, away: Apoa, lang: str) -> None:
        """By the key beside the name: a card of its own, until Enter alone."""
        key = {"en": "g1", "id": "T1"}[lang]
        keys = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", ENTER, key, "99", "4", "GDYNIA", "?", ENTER]
        said = away("report", "--no-send", keys=[*keys, key, "<", CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert said.err.count(spoken(lang, "This will be reported: guest {number}", number=1)) == 3
        assert said.err.count(spoken(lang, "Type one of these keys, or a number from 1 to {last}.", last=20)) == 2
        assert {report["guest"]["birth_place"] for report in away.reports()} == {"GDYNIA", "ZARAGOZA"}

    def test_an_unknown_earlier_guest(self, away: Apoa) -> None:
        """The keys are shown again."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", "g2", "g", CONTENT])
        assert said.code == 0, said.all
        assert said.err.count("Type one of these keys, or a number from 1 to 20.") == 2
        assert said.err.count("g1 = change guest 1") == 3

    def test_visa_and_purpose_of_the_first_guest(self, away: Apoa) -> None:
        """The visa is proposed in brackets, as corrected since; the purpose is the same, as the room is."""
        purpose = ["17", "business"]
        keys = [*QUENTIN.lines, "GDANSK", "D1", "2", "7", *purpose, "10", "C2", "+", *XIMENA.lines, "ZARAGOZA", ENTER]
        said = away("report", "--no-send", keys=[*keys, "+", *OBADIAH.lines, "ROTTERDAM", "-", CONTENT])
        assert said.code == 0, said.all
        assert said.err.count("Visa / stay permit [C2]: ") == 2
        permits = [(report["guest"]["stay_permit"] or {}).get("code") for report in away.reports()]
        assert sorted(permits, key=str) == ["C2", "C2", None]
        assert {report["stay"]["purpose"] for report in away.reports()} == {"business"}

    @pytest.mark.parametrize("lang", LANGUAGES)
    @pytest.mark.parametrize("joined", [False, True])
    def test_a_passport_scanned_at_the_card(self, away: Apoa, lang: str, *, joined: bool) -> None:
        """It is offered as another guest, whose passport is not asked for again."""
        scan = ["".join(XIMENA.lines)] if joined else XIMENA.lines
        keys = [*QUENTIN.lines, *PAGE, *scan, ENTER, "ZARAGOZA", "B1", CONTENT]
        said = away("report", "--no-send", keys=keys, lang=lang)
        assert said.code == 0, said.all
        question = "A passport was scanned. Report it as another guest for this room?"
        assert spoken(lang, question) in said.err
        assert {report["guest"]["surname"] for report in away.reports()} == {"ZYKOWSKI", "QUIJANO"}

    def test_a_scanned_passport_is_no_other_guest(self, away: Apoa) -> None:
        """If the user says so, if it is the one of the card, or if its second line does not come."""
        keys = [*QUENTIN.lines, *PAGE, *XIMENA.lines, "n", *QUENTIN.lines, XIMENA.lines[0], ">", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert said.err.count("A passport was scanned.") == 1
        assert said.err.count("This passport is on the card already.") == 1
        assert said.err.count("This will be reported") == 4
        assert len(away.reports()) == 1

    def test_a_scan_at_the_card_of_a_duplicate(self, away: Apoa) -> None:
        """The scanned passport is forgotten if the guest of the card is not to be reported again."""
        away.save(QUENTIN)
        keys = [*QUENTIN.lines, *PAGE, *XIMENA.lines, ENTER, "n", "+", "y", "<", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert len(away.reports()) == 2

    def test_back_from_the_next_guest(self, away: Apoa) -> None:
        """The card of the previous guest is shown again."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", "<", CONTENT])
        assert said.code == 0, said.all
        assert len(away.reports()) == 1

    def test_going_back_to_the_previous_guest_needs_a_confirmation(self, away: Apoa) -> None:
        """What was typed of this one would be lost."""
        back = ["<", "<", "n", *XIMENA.lines, "<", "<", "y"]
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, *back, CONTENT])
        assert said.code == 0, said.all
        assert [report["guest"]["surname"] for report in away.reports()] == ["ZYKOWSKI"]

    def test_one_guest_of_a_group_is_discarded(self, away: Apoa) -> None:
        """The others stay."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", "b", "y", CONTENT])
        assert said.code == 0, said.all
        assert [report["guest"]["surname"] for report in away.reports()] == ["ZYKOWSKI"]

    def test_an_indonesian_among_them(self, away: Apoa) -> None:
        """They are left out, and the others continue."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *LOCAL.lines, CONTENT])
        assert said.code == 0, said.all
        assert "only foreigners are reported" in said.err
        assert len(away.reports()) == 1

    def test_a_child_with_no_adult(self, away: Apoa) -> None:
        """A warning on the card, until an adult of the room is there."""
        alone = "The guest is under 18"
        said = away("report", "--no-send", keys=[*CHILD.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT])
        assert said.code == 0, said.all
        assert said.err.count(alone) == 1
        warnings = [finding["code"] for report in away.reports() for finding in report["warnings"]]
        assert "child_alone" not in warnings

    def test_a_child_whose_parent_was_saved_before(self, away: Apoa) -> None:
        """The parent counts for the room and the nights of the report, and for no others."""
        assert away("report", "--no-send", keys=[*XIMENA.lines, *PAGE, CONTENT]).code == 0
        away("report", "--no-send", keys=[*CHILD.lines, *PAGE, CONTENT])
        assert "child_alone" not in [finding["code"] for finding in away.reports()[-1]["warnings"]]
        away("report", "--no-send", "--again", keys=[*CHILD.lines, *PAGE[:-1], "88", CONTENT])
        assert "child_alone" in [finding["code"] for finding in away.reports()[-1]["warnings"]]

    def test_the_same_passport_twice(self, away: Apoa) -> None:
        """A warning, and Enter alone does not save it twice."""
        keys = [*QUENTIN.lines, *PAGE, "+", *QUENTIN.lines, ">", CONTENT, ENTER, "b", "y", CONTENT]
        said = away("report", "--no-send", keys=keys)
        assert said.code == 0, said.all
        assert "This passport is already in this group." in said.err
        assert len(away.reports()) == 1


class TestInterruption:
    """Ctrl-C anywhere loses nothing that was typed."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_what_was_typed_is_offered_the_next_time(self, away: Apoa, lang: str) -> None:
        """At the end of input, as after Ctrl-C, the form is stored and continued later."""
        said = away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"], lang=lang)
        assert said.code == 130
        assert spoken(lang, "What was typed is stored, encrypted. To continue with it: apoa report") in said.err
        said = away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["birth_place"] == "GDANSK"
        assert spoken(lang, "Continue with this guest?") not in away("report", keys=[]).err

    def test_a_group_is_stored_completely(self, away: Apoa) -> None:
        """The finished guests and the unfinished one."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA"])
        said = away("report", "--no-send", keys=[ENTER, "B1", CONTENT])
        assert said.code == 0, said.all
        assert [report["guest"]["surname"] for report in away.reports()] == ["ZYKOWSKI", "QUIJANO"]

    def test_the_check_in_of_a_resumed_form(self, away: Apoa) -> None:
        """It is when the conversation started, not when it ended."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        away.clock.forward(timedelta(hours=3))
        assert away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT]).code == 0
        assert away.reports()[0]["stay"]["check_in"] == "2026-11-24T20:00:00+07:00"

    def test_the_guests_of_a_draft_are_named(self, away: Apoa) -> None:
        """By name and document number, with the time; without the key by the time alone."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", ENTER, "QUIJANO"])
        said = away("report", "--no-send", keys=[])
        assert "  1  QUENTIN ZYKOWSKI ZX1234567, QUIJANO, 24 Nov 2026 20:00 WIB\n" in said.err
        away.delete_key()
        assert "  1  24 Nov 2026 20:00 WIB\n" in away("report", "--no-send", keys=[]).err

    def test_going_back_in_a_resumed_form(self, away: Apoa) -> None:
        """Also over the questions that were answered before the interruption."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK", "B1"])
        said = away("report", "--no-send", keys=[ENTER, "<", "<", "GDYNIA", ENTER, "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert away.reports()[0]["guest"]["birth_place"] == "GDYNIA"
        assert away.reports()[0]["guest"]["stay_permit"]["code"] == "B1"

    def test_options_of_the_guest_are_not_used_for_a_resumed_form(self, away: Apoa) -> None:
        """They would apply to everyone in the group; a message says that they are not used."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1"])
        said = away("report", "--no-send", "--birth-place", "LEEDS", keys=[ENTER, CONTENT])
        assert said.code == 0, said.all
        assert "The details of the guest given now are not used" in said.err
        assert [report["guest"]["birth_place"] for report in away.reports()] == ["GDANSK", "ZARAGOZA"]

    def test_an_invalid_option_is_asked_for_each_resumed_form(self, away: Apoa) -> None:
        """Also for the first guest; nothing is lost."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1"])
        said = away("report", "--no-send", "--nights", "xx", keys=[ENTER, "3", "4", CONTENT])
        assert said.code == 0, said.all
        assert [r["stay"]["planned_check_out"] for r in away.reports()] == ["2026-11-28", "2026-11-27"]

    def test_an_accepted_check_digit_stays_accepted(self, away: Apoa) -> None:
        """A resumed form need not be confirmed again."""
        away("report", "--no-send", "--accept-check-digit", keys=[*WRONG_DIGIT, "GDANSK"])
        said = away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "Angka periksa" in away.reports()[0]["stay"]["note"]

    def test_a_saved_guest_is_not_offered_again(self, away: Apoa) -> None:
        """Even if no message can be shown after saving."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])

        def full(_filing: SaveAndSend, _filed: object) -> None:
            raise SettingsProblem(msg("The disk is full."))

        with away.monkeypatch.context() as patch:
            patch.setattr(SaveAndSend, "show_saved", full)
            assert away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT]).code == 78
        assert len(away.reports()) == 1
        assert "Not finished yet:" not in away("report", keys=[]).err

    def test_discarding_a_draft_in_a_dry_run(self, away: Apoa) -> None:
        """It is deleted as usual."""
        away("report", keys=[*QUENTIN.lines, "GDANSK"])
        assert away("report", "--dry-run", keys=[ENTER, "B1", "2", "7", "b", "y"]).code == 0
        assert "Not finished yet:" not in away("report", keys=[]).err

    def test_options_of_the_stay_are_used_for_a_resumed_form(self, away: Apoa) -> None:
        """A room that is given this time is used."""
        away("report", "--no-send", "--planned-check-out", "26/11", keys=[*QUENTIN.lines, "GDANSK", "B1"])
        said = away("report", "--no-send", "--room", "9", "--nights", "3", keys=[ENTER, CONTENT])
        assert said.code == 0, said.all
        [report] = away.reports()
        assert (report["stay"]["room"], report["stay"]["planned_check_out"]) == ("9", "2026-11-27")

    def test_suggestions_are_stored(self, away: Apoa) -> None:
        """Although nothing was typed yet."""
        away("report", "--no-send", keys=[*WRONG_DIGIT, "n", ENTER])
        assert "Surname [ZYKOWSKI]: " in away("report", "--no-send", keys=[ENTER]).err

    def test_a_dry_run_keeps_the_draft(self, away: Apoa) -> None:
        """The resumed draft is still there afterwards."""
        away("report", keys=[*QUENTIN.lines, "GDANSK"])
        said = away("report", "--dry-run", keys=[ENTER, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "This is only a check: is everything right?" in said.err
        assert "Not finished yet:" in away("report", keys=["n"]).err

    def test_a_storage_error_loses_no_guest(self, away: Apoa) -> None:
        """It can be tried again; otherwise the group is offered the next time."""
        real, fails = Desk.save_all, ["once", "twice"]

        def failing(desk: Desk, group: Sequence[NewReport]) -> list[Entry]:
            if fails:
                fails.pop()
                raise StorageProblem(msg("The disk is full."))
            return real(desk, group)

        with away.monkeypatch.context() as patch:
            patch.setattr(Desk, "save_all", failing)
            said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, CONTENT, "y", "n"])
            assert said.code == 78
            assert said.err.count("Try again?") == 2
            assert said.err.count("The disk is full.") == 2  # not once more at the end
            said = away("report", "--no-send", keys=[ENTER, CONTENT])
        assert said.code == 0, said.all
        assert len(away.reports()) == 1

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_a_guest_who_cannot_be_saved(self, away: Apoa, lang: str) -> None:
        """One sentence says so, for a guest or a group, and whether what was typed is stored."""
        stored = "What was typed is stored, encrypted. To continue with it: apoa report"
        lost = "What was typed could NOT be stored. It is only on this screen: copy it to paper."
        one = "This guest is NOT saved. Note the guest's details on paper until apoa works again."
        several = "These {count} guests are NOT saved. Note their details on paper until apoa works again."
        group = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1"]

        def failing(*_arguments: object) -> NoReturn:
            raise StorageProblem(msg("The disk is full."))

        with away.monkeypatch.context() as patch:
            patch.setattr(Desk, "save_all", failing)
            said = away("report", "--no-send", keys=[*group, CONTENT, "n"], lang=lang)
            assert said.code == 78
            assert spoken_count(lang, one, several, 2) in said.err
            assert spoken(lang, stored) in said.err
            patch.setattr(Drafts, "save", failing)
            said = away("report", "--no-send", keys=[ENTER, CONTENT, "n"], lang=lang)
            assert said.code == 78
            assert spoken(lang, lost) in said.err
            assert said.err.count("The disk is full.") == 1  # shown once
            assert spoken_count(lang, one, several, 1) not in said.err  # they are two
            said = away("report", "--no-send", keys=[*QUENTIN.lines], lang=lang)  # Ctrl-C
            assert said.code == 78
            assert spoken(lang, lost) in said.err
            assert spoken_count(lang, one, several, 1) in said.err
            assert spoken(lang, stored) not in said.err
        assert away.reports() == []

    def test_a_duplicate_with_yes(self, away: Apoa) -> None:
        """It is refused, and what was typed is offered the next time."""
        away.save(QUENTIN)
        assert away("report", "--no-send", "--yes", keys=[*QUENTIN.lines, *PAGE]).code == 65
        assert away("report", "--no-send", keys=[ENTER, CONTENT, "y"]).code == 0

    def test_an_interruption_while_saving(self, away: Apoa) -> None:
        """SIGTERM at that moment: the report is saved, and the message is shown before the command ends."""
        real = Desk.save_all

        def interrupted(desk: Desk, group: Sequence[NewReport]) -> list[Entry]:
            signal.raise_signal(signal.SIGTERM)
            return real(desk, group)

        with away.monkeypatch.context() as patch:
            patch.setattr(Desk, "save_all", interrupted)
            said = away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, CONTENT])
        assert said.code in {130, 143}
        assert "Saved: QUENTIN ZYKOWSKI" in said.out
        assert len(away.reports()) == 1
        assert "Not finished yet:" not in away("report", keys=[]).err

    def test_a_draft_that_cannot_be_deleted(self, away: Apoa) -> None:
        """The error is shown, and the command succeeds, because the report is saved."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])

        def failing(_drafts: Drafts, _draft: StoredDraft) -> None:
            raise StorageProblem(msg("The disk is full."))

        with away.monkeypatch.context() as patch:
            patch.setattr(Drafts, "delete", failing)
            said = away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "The disk is full." in said.err
        assert len(away.reports()) == 1

    def test_an_empty_form_is_not_stored(self, away: Apoa) -> None:
        """Neither before the passport, nor if only options were given."""
        away("report", "--room", "7", keys=[])
        assert "Not finished yet:" not in away("report", keys=[]).err

    def test_nothing_readable_is_in_any_file(self, away: Apoa) -> None:
        """The draft is sealed like every report."""
        away("report", keys=[*QUENTIN.lines, "GDANSKTOWN", "B1", "2", "SUITEROOM"])
        assert (
            readable_in(away.home, ["ZYKOWSKI", "QUENTIN", "ZX1234567", "GDANSKTOWN", "SUITEROOM", "1985-09-12"]) == []
        )

    def test_a_draft_is_kept_without_the_key(self, away: Apoa) -> None:
        """A message says that it cannot be opened now, and a new form is started."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        key = away.home / "melati" / "keys.json"
        hidden = key.rename(key.with_name("elsewhere"))
        said = away("report", "--no-send", keys=[ENTER, *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "It stays stored for now. Begin with another guest." in said.err
        hidden.rename(key)
        assert "Not finished yet:" in away("report", keys=["n"]).err

    @pytest.mark.parametrize("damaged", [False, True])
    def test_a_draft_that_cannot_be_read(self, away: Apoa, *, damaged: bool) -> None:
        """Its seal is broken, or another version wrote it: it is shown as such, and can be discarded."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        with away.monkeypatch.context() as patch:
            if damaged:
                away.change_database("UPDATE drafts SET content = zeroblob(200)")
            else:
                patch.setattr("apoa_client.cli.prompts.drafts.forms_from_json", _of_another_version)
            said = away("report", "--no-send", keys=[ENTER, "b", "y", *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "  1  cannot be read any more, 24 Nov 2026 20:00 WIB\n" in said.err
        assert "This one cannot be read any more. Discard it with b." in said.err
        assert "Not finished yet:" not in away("report", keys=[]).err

    @pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
    def test_a_closed_window(self, away: Apoa) -> None:
        """SIGHUP at a question: the draft is stored, although the window sends it more than once."""

        def closed(_question: str) -> str:
            signal.raise_signal(signal.SIGHUP)
            raise AssertionError

        def keep(self: Drafts, *draft: Any) -> None:
            signal.raise_signal(signal.SIGHUP)
            real(self, *draft)

        real = Drafts.save
        with away.monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.prompts.conversation.ask_line", closed)
            patch.setattr(Drafts, "save", keep)
            assert away("report", "--no-send", keys=[*QUENTIN.lines]).code == 143
        assert "Not finished yet:" in away("report", keys=["n"]).err

    @pytest.mark.parametrize("signalled", [False, True])
    def test_a_terminal_that_is_gone(self, away: Apoa, *, signalled: bool) -> None:
        """Reading and writing fail, and SIGTERM may come just before the draft is stored: it is stored all the same."""
        signals = [signal.SIGTERM] if signalled else []

        def gone(_text: str = "") -> Never:
            raise OSError(errno.EIO, "Input/output error")

        def closed(_question: str) -> str:
            for stream in ("stdout", "stderr"):
                patch.setattr(sys, stream, broken)
            vars(main)["at_a_terminal"] = lambda: False  # the call has patched it before, and restores it
            gone()

        @contextmanager
        def delayed(self: Signals) -> Iterator[None]:
            if signals:
                signal.raise_signal(signals.pop())
            with real(self):
                yield

        real, broken = Signals.delayed, io.StringIO()
        away.monkeypatch.setattr(broken, "write", gone)
        with away.monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.prompts.conversation.ask_line", closed)
            patch.setattr(Signals, "delayed", delayed)
            patch.setattr(main, "discard_output", lambda: None)
            assert away("report", "--no-send", keys=[*QUENTIN.lines]).code == 143
        assert "Not finished yet:" in away("report", keys=["n"]).err

    def test_a_mistake_of_ours(self, away: Apoa) -> None:
        """What was typed is stored also if the program fails at a later question."""

        def failing(_question: str) -> str:
            message = "a bug"
            raise RuntimeError(message)

        with away.monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.prompts.conversation.ask_line", failing)
            assert away("report", "--no-send", keys=[*QUENTIN.lines]).code == 1
        assert "Not finished yet:" in away("report", keys=["n"]).err


def two_drafts(apoa: Apoa) -> None:
    """Store a draft for each of two guests; the second one is the newer one."""
    apoa("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
    apoa.clock.forward(timedelta(minutes=1))
    apoa("report", "--no-send", keys=["n", *XIMENA.lines, "ZARAGOZA"])


def offered(apoa: Apoa) -> list[str]:
    """Return the surname and the birth place of each draft that is offered, the newest first."""
    app = Container(apoa.environ, apoa.clock)
    try:
        opened = open_drafts(app, app.outbox.drafts.waiting(apoa.clock.now()), print)
        forms = [form for each in opened for form in each.forms]
        return [f"{form.mrz.surname} {form.typed['birth_place']}" for form in forms if form.mrz is not None]
    finally:
        app.close()


QUENTINS, XIMENAS = "ZYKOWSKI GDANSK", "QUIJANO ZARAGOZA"


class TestSeveralDrafts:
    """Each is kept until a person continues with it or discards it, or a day is over."""

    @pytest.mark.parametrize("lang", LANGUAGES)
    def test_later_keeps_it(self, away: Apoa, lang: str) -> None:
        """A new guest is entered, and both are offered afterwards, the newest first."""
        two_drafts(away)
        said = away("report", "--no-send", keys=["n", *OBADIAH.lines, *PAGE, CONTENT], lang=lang)
        assert said.code == 0, said.all
        assert spoken(lang, "Kept for later. Now another guest:") in said.err
        assert [report["guest"]["surname"] for report in away.reports()] == ["VANTERPOOL"]
        assert offered(away) == [XIMENAS, QUENTINS]

    @pytest.mark.parametrize(("answer", "chosen"), [(ENTER, "QUIJANO"), ("1", "QUIJANO"), ("2", "ZYKOWSKI")])
    def test_one_is_continued_by_its_number(self, away: Apoa, answer: str, chosen: str) -> None:
        """Enter is the newest one; the other one stays."""
        two_drafts(away)
        said = away("report", "--no-send", keys=["y", "3", "0", "x", answer, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert said.err.count("  Number = continue, Enter = 1, n = later, b2 = discard 2") == 4
        assert [report["guest"]["surname"] for report in away.reports()] == [chosen]
        assert offered(away) == [QUENTINS if chosen == "QUIJANO" else XIMENAS]

    def test_one_is_discarded_by_its_number(self, away: Apoa) -> None:
        """Only if the user confirms it; then the others are offered again."""
        two_drafts(away)
        said = away("report", "--no-send", keys=["b", "b 2", ENTER, "B2", "y", "b", "n"])
        assert said.err.count("Discard what was typed for QUENTIN ZYKOWSKI ZX1234567?") == 2
        assert "Discard what was typed for XIMENA QUIJANO QW7654321?" in said.err
        assert offered(away) == [XIMENAS]

    def test_one_without_a_name_is_discarded(self, away: Apoa) -> None:
        """Without the key; this needs none."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        away.delete_key()
        assert "Discard what was typed for this guest?" in away("report", "--no-send", keys=["b", "y"]).err
        assert "Not finished yet:" not in away("report", keys=[]).err

    def test_one_broken_off_again_is_put_back(self, away: Apoa) -> None:
        """With what was typed since, and once."""
        two_drafts(away)
        away("report", "--no-send", keys=["2", "<", "GDYNIA"])
        assert offered(away) == ["ZYKOWSKI GDYNIA", XIMENAS]

    @pytest.mark.parametrize("ending", ["saved", "broken off"])
    def test_two_desks_at_once(self, away: Apoa, ending: str) -> None:
        """While one desk is at its card, the other is not offered its draft, and stores one of its own."""
        shown, others = ReviewCard.show, list[str]()

        def meanwhile(card: ReviewCard) -> None:
            shown(card)
            with away.monkeypatch.context() as patch:
                patch.setattr(ReviewCard, "show", shown)
                others.append(away("report", "--no-send", keys=[*XIMENA.lines, "ZARAGOZA"]).err)
                assert away("status", "--json").json["drafts"] == 1

        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        with away.monkeypatch.context() as patch:
            patch.setattr(ReviewCard, "show", meanwhile)
            away("report", "--no-send", keys=[ENTER, "B1", "2", "7", *([CONTENT] if ending == "saved" else [])])
        assert "Not finished yet:" not in others[0]
        assert sorted(offered(away)) == sorted([XIMENAS] if ending == "saved" else [XIMENAS, QUENTINS])
        assert len(away.reports()) == int(ending == "saved")

    def test_another_desk_is_faster(self, away: Apoa) -> None:
        """It takes the draft while this desk reads the list: it is not continued twice."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        real = DraftStore._ask

        def slowly(store: DraftStore, drafts: Sequence[OpenedDraft]) -> Any:
            assert store._app.outbox.drafts.take(drafts[0].draft, away.clock.now())
            return real(store, drafts)

        with away.monkeypatch.context() as patch:
            patch.setattr(DraftStore, "_ask", slowly)
            said = away("report", "--no-send", keys=[ENTER, *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "Another desk continues with this guest." in said.err
        assert [report["guest"]["surname"] for report in away.reports()] == ["QUIJANO"]

    def test_an_indonesian_guest(self, away: Apoa) -> None:
        """Who turns out to be one has no draft any more."""
        away("report", "--no-send", keys=[ENTER, "WIDODO", "SRI"])
        said = away("report", "--no-send", keys=[ENTER, "F", "SOLO", "1/1/1990", "IDN", "IDN"])
        assert said.code == 65, said.all
        assert "Not finished yet:" not in away("report", keys=[]).err


def _of_another_version(_text: str, _read: object) -> list[object]:
    message = "not guest forms"
    raise ValueError(message)


def _lines(format_name: str) -> tuple[str, ...]:
    """Return the MRZ lines of another document of the guest."""
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
