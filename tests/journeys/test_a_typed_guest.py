"""In a real terminal of 60 and of 80 columns: what is typed by hand is read as a receptionist means it."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from cli_helpers import NOWHERE, QUENTIN, Guest, Installed, spoken
from journeys_helpers import in_each_language, in_each_width
from terminal_helpers import at_a_terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

LONG_NAME = Guest("VAN DER BERGH VON HOHENZOLLERN", "MAXIMILIAN ALEXANDER CHRISTIAN", "ZX1234567", "LLANFAIR", "DEU")


def last_word(lang: str, sentence: str, **values: object) -> str:
    """The last word of a question that may take several lines."""
    return spoken(lang, sentence, **values).split()[-1].rstrip(".?")


@in_each_language
@in_each_width
def test_not_stated_demonyms_and_visas(configured: Installed, lang: str, columns: int) -> None:
    """What is not known is not stated, a demonym is a state, and "turis" offers its visa, but not by Enter alone."""
    which = last_word(lang, "Which one? Its number, or - if it is not known.")
    dialogue = [
        (spoken(lang, "MRZ line {number}", number=1), ""),
        (spoken(lang, "Surname"), "tanaka"),
        (spoken(lang, "Given names"), "yuki"),
        (spoken(lang, "Sex"), "p" if lang == "id" else "f"),
        (spoken(lang, "Place of birth"), "tidak tahu"),
        (spoken(lang, "Date of birth"), "12/9/85"),
        (spoken(lang, "Nationality"), "orang jepang"),
        (spoken(lang, "Passport number"), "tidak ada"),
        (spoken(lang, "Passport number"), "TR1234567"),
        (spoken(lang, "Passport expiry"), "30/3/30"),
        (spoken(lang, "Visa / stay permit"), "turis"),
        (which, ""),
        (which, "1"),
        (spoken(lang, "Nights"), "2"),
        (spoken(lang, "Room"), "kamar 7"),
        (last_word(lang, "Save and send this report?"), ""),
    ]
    code, screen = at_a_terminal(configured, ["report"], dialogue, lang, size=(columns, 40))
    assert code == 0, screen
    assert all(len(line) <= columns for line in screen.splitlines())
    [report] = configured.reports()
    guest, stay = report["guest"], report["stay"]
    assert (report["state"], guest["birth_place"], guest["nationality"]) == ("accepted", "-", "JPN")
    assert (guest["document"]["number"], guest["stay_permit"]["code"], stay["room"]) == ("TR1234567", "B1", "7")


@in_each_language
@in_each_width
def test_a_name_that_the_passport_lines_cut_off(configured: Installed, lang: str, columns: int) -> None:
    """It is said at the question and on the card; the scan's `>` does not skip the question."""
    names = spoken(lang, "Given names")
    dialogue = [
        (spoken(lang, "MRZ line {number}", number=1), LONG_NAME.lines[0]),
        (spoken(lang, "MRZ line {number}", number=2), LONG_NAME.lines[1]),
        (names, ">"),
        (names, "maximilian alexander christian"),
        (last_word(lang, "Save and send this report?"), ""),
    ]
    code, screen = at_a_terminal(configured, ["report"], dialogue, lang, size=(columns, 40))
    assert code == 0, screen
    assert configured.reports()[0]["guest"]["given_names"] == LONG_NAME.given_names


@in_each_language
@in_each_width
def test_enter_by_habit_does_not_send_the_card(configured: Installed, lang: str, columns: int) -> None:
    """After Enter at four questions, a fifth that comes when the card has just been shown is discarded."""
    dialogue = [
        (spoken(lang, "MRZ line {number}", number=1), QUENTIN.lines[0]),
        (spoken(lang, "MRZ line {number}", number=2), QUENTIN.lines[1]),
        (spoken(lang, "Place of birth"), "-"),
        *((spoken(lang, label), "") for label in ("Visa / stay permit", "Nights", "Room")),
        (last_word(lang, "Save and send this report?"), "b"),
        (last_word(lang, "(Enter = yes, n = no)"), "y"),
    ]
    keys = spoken(lang, "Enter = yes, + = another guest, number = change that, ? = other fields, < = back, b = discard")
    hasty = f"{keys.partition(',')[0]},"
    screen = at_a_terminal(configured, ["report"], dialogue, lang, size=(columns, 40), hasty=hasty)[1]
    assert spoken(lang, "Nothing was saved.") in screen
    assert configured.reports() == []


@in_each_language
@in_each_width
def test_a_guest_who_was_here_before(configured: Installed, lang: str, columns: int) -> None:
    """Place of birth and visa are suggested from the last stay, and it is said from which day."""
    assert configured(*QUENTIN.mrz("--birth-place", "GDANSK", "--stay-permit", "B1")).code == 0
    [first] = configured.reports()
    assert configured("checkout", first["short_id"], "--yes").code == 0
    dialogue = [
        (spoken(lang, "MRZ line {number}", number=1), QUENTIN.lines[0]),
        (spoken(lang, "MRZ line {number}", number=2), QUENTIN.lines[1]),
        (f"{spoken(lang, 'Place of birth')} [GDANSK]", ">"),
        (last_word(lang, "Save this report?"), ""),
    ]
    code, screen = at_a_terminal(configured, ["report", "--no-send", "--again"], dialogue, lang, size=(columns, 40))
    assert code == 0, screen
    said = "This guest was here before ({day}). Suggested from that stay: {fields}."
    here_before = spoken(lang, said, day="", fields="")
    assert here_before.split("(")[0] in screen
    again = next(report for report in configured.reports() if report["state"] == "queued")
    assert (again["guest"]["birth_place"], again["guest"]["stay_permit"]["code"]) == ("GDANSK", "B1")


@in_each_language
@in_each_width
def test_a_refusal_at_once(apoa: Installed, sandbox: Callable[..., Any], lang: str, columns: int) -> None:
    """The command exits with 65 and says how to correct the report."""
    assert apoa.set_up(sandbox("reject").url, "latihan").code == 0
    code, screen = at_a_terminal(apoa, QUENTIN.mrz("--yes"), [], lang, size=(columns, 24))
    assert code == 65, screen
    assert ("apoa perbaiki" if lang == "id" else "apoa fix") in screen


@in_each_language
@in_each_width
def test_the_start_screen_reminds_of_the_recovery_code(apoa: Installed, lang: str, columns: int) -> None:
    """Until the code was typed back once."""
    assert apoa.set_up(NOWHERE, "latihan").code == 75
    code, screen = at_a_terminal(apoa, [], [], lang, size=(columns, 24))
    assert code == 0, screen
    assert ("apoa kunci ganti" if lang == "id" else "apoa key rotate") in screen
