"""`apoa report` at a terminal: the passport, the other fields, the review card, and perhaps more guests."""

import errno
import io
import json
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Never

import pytest
from cli_helpers import (
    LANGUAGES,
    OBADIAH,
    QUENTIN,
    XIMENA,
    Apoa,
    Guest,
    Serve,
    raising,
)
from screens import Screens

from apoa_client.cli import main
from apoa_client.cli.prompts.drafts import DraftStore
from apoa_client.cli.prompts.review_card import ReviewCard
from apoa_client.cli.prompts.save_and_send import SaveAndSend
from apoa_client.cli.terminal.input import UNREADABLE
from apoa_client.cli.terminal.signals import Signals
from apoa_client.cli.views.report import OpenedDraft
from apoa_client.desk.arrivals import Desk
from apoa_client.errors import SettingsProblem, StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sql.drafts import Drafts
from apoa_client.passport.compose import compose
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.entries import Entry, NewReport

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


Call = tuple[str, Sequence[str]]
"""The options of one call of ``apoa report``, and what the user types."""
Conversation = Sequence[Call | str]
"""Several calls, or what the user types in one call without options."""

FIRST, SECOND = QUENTIN.lines
WRONG_NAME = FIRST.replace("ZYK", "Z1K")
WRONG_DATE = SECOND[:13] + "99" + SECOND[15:]
SCAN = "".join(QUENTIN.lines)
HAND = [ENTER, *("ZYKOWSKI", "QUENTIN", "L", "GDANSK", "12091985", "POL", "ZX1234567", "280332", "B1", "2", "7")]
ACCEPTED = [ENTER, ENTER, ENTER, "GDANSK", "12/9/85", ENTER, ENTER, ENTER, "B1", "2", "7", CONTENT]
"""The answers where the trusted fields of a wrong scan are in brackets."""
LONG_WRONG = f"{LONG.lines[1][:19]}9{LONG.lines[1][20:]}"
FULL = compose("TD3", QUENTIN.details._replace(optional_data="35791358123456"))
"""The second line has no fillers."""
BOTH = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines]
FAMILY = [*BOTH, ">"]
"""Two guests, up to the card of the second."""
BEGUN: Call = ("", [*QUENTIN.lines, "GDANSK"])
"""A form that is not finished."""
MINUTE, ABANDONED = timedelta(minutes=1), timedelta(minutes=31)
"""After this time a draft that a desk has taken is offered again."""
REST = [ENTER, "B1", "2", "7", CONTENT]
"""The answers that finish it."""

PASSPORT: Mapping[str, Conversation] = {
    "all questions": [*QUENTIN.lines, *PAGE, CONTENT],
    "three keys after a scan": [SCAN, ">", CONTENT],
    "a wrong line is explained and asked again": [
        *(*WRONG_DIGIT, ENTER, FIRST, SECOND[:-5], *QUENTIN.lines, *PAGE, CONTENT),
    ],
    "the good first line is kept": [WRONG_NAME, SECOND, "n", "?", f"{WRONG_NAME}?", FIRST, *PAGE, CONTENT],
    "the good second line is kept": [FIRST, WRONG_DATE, "n", SECOND, *PAGE, CONTENT],
    "two wrong lines are asked again": [
        ("", [WRONG_NAME, WRONG_DATE, "n", *QUENTIN.lines, *PAGE, CONTENT]),
        ("--again", [WRONG_NAME, WRONG_DATE, "n", "<", *QUENTIN.lines, *PAGE, CONTENT]),
        ("--again", [WRONG_NAME, WRONG_DATE, "n", FIRST, ">", *[ENTER] * 3, *PAGE, CONTENT]),
    ],
    "miscounted fillers of both lines need one confirmation": [
        *(f"{FIRST}<<<", SECOND[:30] + SECOND[35:], "y", *PAGE, CONTENT),
    ],
    "lines in the wrong order are swapped": [*reversed(QUENTIN.lines), *PAGE, CONTENT],
    "a passport scanned where a line is corrected": [
        ("--again", [FIRST, WRONG_DATE, "n", *scan, *PAGE, CONTENT])
        for scan in (QUENTIN.lines, [SCAN], [WRONG_DATE + FIRST, SECOND], [WRONG_DATE + SCAN])
    ],
    "a reader types behind both wrong lines": [
        *(WRONG_NAME, WRONG_DATE, "n", WRONG_NAME + FIRST, WRONG_DATE + SECOND, *PAGE, CONTENT),
    ],
    "a confirmed date": [*WRONG_DIGIT, "y", *PAGE, CONTENT],
    "missing fillers at the end of the first line": [
        ("--again", [first, SECOND, *PAGE, CONTENT])
        for first in (FIRST[:-1], FIRST.rstrip("<"), "p<polzykowski<<quentin<<")
    ],
    "a wrong state on a short line": [
        ("", ["P<QQQZYKOWSKI<<QUENTIN", SECOND[:28], "n", *QUENTIN.lines, *PAGE, CONTENT]),
        ("--again", ["P<QQQZYKOWSKI<<QUENTIN", SECOND, FIRST, *PAGE, CONTENT]),
    ],
    "back from the details to the wrong line": [WRONG_NAME, SECOND, "n", ENTER, "<", "n", FIRST, *PAGE, CONTENT],
    "a suggestion is in words": [*WRONG_DIGIT, "n", FIRST, SECOND.replace("POL", "P0L"), "y", *PAGE, CONTENT],
    "a suggestion is never empty": [
        ("--again", [FIRST, misread, "y", *PAGE, CONTENT])
        for misread in (SECOND[:42] + "9" + SECOND[43], SECOND[:20] + "K" + SECOND[21:], SECOND[:-1] + "X")
    ],
    "a document number is corrected by typing it": [
        ("", [FIRST, wrong, "NOTTHIS", FIRST, wrong, "?", "zx1234567", *PAGE, CONTENT])
        for wrong in [SECOND.replace("1", "I", 1)]
    ],
    "lines without a correction are typed again": [FIRST, SECOND.replace("POL", "<<Q"), *QUENTIN.lines, *PAGE, CONTENT],
    "a card has three lines": [*compose("TD1", QUENTIN.details), *PAGE, CONTENT],
    "a visa is refused": [*compose("MRV-A", QUENTIN.details), *QUENTIN.lines, *PAGE, CONTENT],
    "trusted fields of a wrong scan are suggested": [*[*WRONG_DIGIT, "n"] * 3, *ACCEPTED],
    "no trusted fields": ["P<POL<<<", ENTER, ENTER, *HAND, CONTENT],
    "without lines by >": [*WRONG_DIGIT, "n", ">", *ACCEPTED[1:]],
    "? shows help, and < begins again": [
        *("?", "<", FIRST, "?", "<", XIMENA.lines[0], "<", *WRONG_DIGIT, "n", *QUENTIN.lines, *PAGE, CONTENT),
    ],
    "a truncated name is completed": [*LONG.lines, LONG.given_names, *PAGE, CONTENT],
    "a truncated name is not skipped": [*LONG.lines, ">", ENTER, CONTENT],
    "a truncated name of wrong lines": [LONG.lines[0], LONG_WRONG, "n", ENTER, ">", LONG.given_names, ENTER, CONTENT],
    "an Indonesian passport ends the report": [*LOCAL.lines],
}

FIELDS: Mapping[str, Conversation] = {
    "as people write": [
        *(ENTER, "zykowski", "quentin", "L", "gdansk", "12 sep 85", "Polland", "1", "zx 123-4567", "300332"),
        *("voa", "27/11", "7", CONTENT),
    ],
    "a single name": [
        *(ENTER, ENTER, ENTER, "SUKARNOPUTRI", "X", ENTER, "1985", "POL", "ZX1234567", "30/3/2032"),
        *(ENTER, "1", ENTER, CONTENT),
    ],
    "a birth date in the future": [*HAND[:5], "1/1/2027", *HAND[5:], CONTENT],
    "a name in other letters": [ENTER, "محمد", "王小明", *HAND[1:], CONTENT],
    "an Indonesian is asked twice": [
        *(ENTER, "WIDODO", "SRI", "P", "SOLO", "1985", "indo", ENTER, "india", "<", "indonesia", "IDN"),
    ],
    "another passport is another guest": [
        *(*QUENTIN.lines, *PAGE, "1", "SMITH", *["<"] * 5, *XIMENA.lines),
        *("ZARAGOZA", "B1", "1", ENTER, CONTENT),
    ],
    "the same passport again loses nothing": [
        ("", [*QUENTIN.lines, "GDANSK", "<", "<", *QUENTIN.lines, ENTER, "B1", "2", "7", CONTENT]),
        ("", [ENTER, "SMITH", "JOHN", "<", "<", "<", ENTER]),
    ],
    "back from a passport that was read": [
        *(*QUENTIN.lines, "<", ENTER, *[ENTER] * 3, "GDANSK", *[ENTER] * 4, "B1", "2", "7", CONTENT),
    ],
    "back and back to another passport": [*QUENTIN.lines, "GDANSK", "<", "<", *XIMENA.lines, *PAGE, CONTENT],
    "a second scan is no answer": [*FULL, *FULL, "GDANSK", *XIMENA.lines, "B1", "2", *XIMENA.lines, "7", CONTENT],
    "options are not asked, and invalid ones are": [
        ("--room 9 --nights x --phone 081234 --birth-place LEEDS", [*QUENTIN.lines, "B1", "3", CONTENT])
    ],
    "input that cannot be decoded saves nothing": [
        *(*QUENTIN.lines, "GDANSK", "B1", "2", UNREADABLE, "7", UNREADABLE, "b", UNREADABLE, "y"),
    ],
    "an escape sequence is removed": [*QUENTIN.lines, "\x1b[2JGDANSK", *PAGE, CONTENT],
}

CARD: Mapping[str, Conversation] = {
    "a warning names the row of its field": [*QUENTIN.lines, "GDANSK", ENTER, "2", "7", "10", "B1", CONTENT],
    "one field is changed by its number": [*QUENTIN.lines, *PAGE, "4", "GDYNIA", CONTENT],
    "nights are changed at the day of departure": [
        ("--planned-check-out 2026-11-26", [*QUENTIN.lines, "GDANSK", "B1", "7", "15", "29/11", CONTENT])
    ],
    "other fields are filled and cleared": [*QUENTIN.lines, *PAGE, "?", "18", "+62 812 3456", "16", "-", "?", CONTENT],
    "an issuing state that differs has a row": [*QUENTIN.lines, *PAGE, "8", "DEU", CONTENT],
    "unknown numbers and words": [*QUENTIN.lines, *PAGE, "99", "hm", "?", "g1", "<", "8", "4", "<", CONTENT],
    "a guest is discarded": [*QUENTIN.lines, *PAGE, "b", "n", "b", "y"],
    "an invalid change is undone": [*HAND[:5], "1/1/2026", *HAND[6:], "14", "31/12/2025 10:00", CONTENT],
    "a duplicate": [
        ("--yes", [*QUENTIN.lines, *PAGE]),
        ("", [*QUENTIN.lines, *PAGE, CONTENT, ENTER, CONTENT, "y"]),
        ("--again", [*QUENTIN.lines, *PAGE, CONTENT]),
        ("--yes", [*QUENTIN.lines, *PAGE]),
        ("", [ENTER, CONTENT, "y"]),
    ],
    "a duplicate is confirmed before the next guest": [
        ("", [*QUENTIN.lines, *PAGE, CONTENT]),
        ("", [*QUENTIN.lines, *PAGE, "+", ENTER, "+", "y", *XIMENA.lines, ">", CONTENT]),
    ],
    "a dry run saves nothing": [("--dry-run", [*QUENTIN.lines, *PAGE, CONTENT])],
    "a changed check-in keeps the departure": [
        *(*QUENTIN.lines, *PAGE, "14", "kemarin 23:00", "<", "<", "4", "7", CONTENT),
    ],
    "a room is written as before": [
        ("", [*QUENTIN.lines, "GDANSK", "B1", "2", "12 A", CONTENT]),
        ("", [*XIMENA.lines, "Z", "B1", "1", "?", "12 a", CONTENT]),
    ],
}

GROUP: Mapping[str, Conversation] = {
    "another guest keeps the stay": [*BOTH, "ZARAGOZA", "B1", CONTENT],
    "an earlier guest is corrected": [
        *(*BOTH, "ZARAGOZA", ENTER, "t1", "99", "4", "GDYNIA", "?", ENTER, "g1", "<", "g2", "g", CONTENT),
    ],
    "visa and purpose of the first guest": [
        *(*QUENTIN.lines, "GDANSK", "D1", "2", "7", "17", "business", "10", "C2", "+"),
        *(*XIMENA.lines, "ZARAGOZA", ENTER, "+", *OBADIAH.lines, "ROTTERDAM", "-", CONTENT),
    ],
    "a passport scanned at the card": [
        ("", [*QUENTIN.lines, *PAGE, *XIMENA.lines, ENTER, "ZARAGOZA", "B1", CONTENT]),
        ("--again", [*QUENTIN.lines, *PAGE, "".join(XIMENA.lines), ENTER, "ZARAGOZA", "B1", CONTENT]),
    ],
    "a scanned passport is no other guest": [
        *(*QUENTIN.lines, *PAGE, *XIMENA.lines, "n", *QUENTIN.lines, XIMENA.lines[0], ">", CONTENT),
    ],
    "a scan at the card of a duplicate is forgotten": [
        ("", [*QUENTIN.lines, *PAGE, CONTENT]),
        ("", [*QUENTIN.lines, *PAGE, *XIMENA.lines, ENTER, "n", "+", "y", "<", CONTENT]),
    ],
    "back from the next guest": [*QUENTIN.lines, *PAGE, "+", "<", CONTENT],
    "back to the previous guest needs a confirmation": [*BOTH, "<", "<", "n", *XIMENA.lines, "<", "<", "y", CONTENT],
    "one guest of a group is discarded": [*FAMILY, "b", "y", CONTENT],
    "an Indonesian among them": [*QUENTIN.lines, *PAGE, "+", *LOCAL.lines, CONTENT],
    "a child with an adult": [*CHILD.lines, *PAGE, "+", *XIMENA.lines, ">", CONTENT],
    "a child whose parent was saved before": [
        ("", [*XIMENA.lines, *PAGE, CONTENT]),
        ("", [*CHILD.lines, *PAGE, CONTENT]),
        ("--again", [*CHILD.lines, *PAGE[:-1], "88", CONTENT]),
    ],
    "the same passport twice": [*QUENTIN.lines, *PAGE, "+", *QUENTIN.lines, ">", CONTENT, ENTER, "b", "y", CONTENT],
}

SEVERAL: Sequence[Call] = [BEGUN, ("", ["n", *XIMENA.lines, "ZARAGOZA"])]
"""Two forms that are not finished; the second one is the newer one."""

DRAFTS: Mapping[str, Conversation] = {
    "what was typed is offered the next time": [BEGUN, ("", REST), ("", [])],
    "a group is stored completely": [("", [*BOTH, "ZARAGOZA"]), ("", [ENTER, "B1", CONTENT])],
    "back in a resumed form": [
        ("", [*QUENTIN.lines, "GDANSK", "B1"]),
        ("", [ENTER, "<", "<", "GDYNIA", ENTER, "2", "7", CONTENT]),
    ],
    "options are not used for a resumed form": [
        ("", [*BOTH, "ZARAGOZA", "B1"]),
        ("--birth-place LEEDS", [ENTER, CONTENT]),
    ],
    "a dry run keeps the draft, or discards it": [
        BEGUN,
        ("--dry-run", REST),
        ("--dry-run", [ENTER, "b", "y"]),
        ("", []),
    ],
    "of several drafts each is kept": [*SEVERAL, ("", ["n", "n", *OBADIAH.lines, *PAGE, CONTENT]), ("", ["n", "n"])],
    "the newest draft is the first": [*SEVERAL, ("", ["3", "x", ENTER, *REST[1:]]), ("", ["n"])],
    "the older draft is chosen": [*SEVERAL, ("", ["n", "y", *REST[1:]]), ("", ["n"])],
    "one of several drafts is discarded": [*SEVERAL, ("", ["b", "n", "B", "y"]), ("", ["n"])],
    "a draft that is broken off again is stored once": [
        *SEVERAL,
        ("", ["n", ENTER, "<", "GDYNIA"]),
        ("", REST),
        ("", ["n"]),
    ],
    "suggestions are stored": [("", [*WRONG_DIGIT, "n", ENTER]), ("", [ENTER])],
    "an empty form is not stored": [("--room 7", []), ("", [])],
    "an Indonesian guest has no draft": [
        ("", [ENTER, "WIDODO", "SRI"]),
        ("", [ENTER, "F", "SOLO", "1/1/1990", "IDN", "IDN"]),
        ("", []),
    ],
}

HERE_BEFORE: Call = ("", [*QUENTIN.lines, "GDANSK", "C1", "2", "7", CONTENT])
WITH_PHONE: Call = ("", [*QUENTIN.lines, "GDANSK", "C1", "2", "7", "18", "+48 600 100 200", CONTENT])

RETURNING: Mapping[str, Conversation] = {
    "Enter accepts what is suggested": [WITH_PHONE, ("", [*QUENTIN.lines, *[ENTER] * 5, CONTENT])],
    "> accepts all that is suggested": [HERE_BEFORE, ("", [*QUENTIN.lines, ">", CONTENT])],
    "another answer than suggested": [WITH_PHONE, ("", [*QUENTIN.lines, "SOPOT", "-", ENTER, ENTER, "-", CONTENT])],
    "the last of several stays": [
        ("--check-in 2026-11-20T15:00", [*QUENTIN.lines, "GDANSK", "B1", "1", "7", CONTENT]),
        ("--check-in 2026-11-10T15:00", [*QUENTIN.lines, "GDANSK", "D1", "1", "7", CONTENT]),
        ("", [*QUENTIN.lines, ">", CONTENT]),
    ],
    "a passport typed by hand is known": [HERE_BEFORE, ("", [*HAND[:9], *[ENTER] * 3, CONTENT])],
    "another guest is not known": [
        HERE_BEFORE,
        ("", [*XIMENA.lines, ">", CONTENT]),
        ("", [*QUENTIN.lines, "<", *OBADIAH.lines, *[ENTER] * 4, CONTENT]),
    ],
    "nothing to suggest": [
        ("", [*QUENTIN.lines, ENTER, ENTER, "2", "7", CONTENT]),
        ("", [*QUENTIN.lines, ">", CONTENT]),
    ],
}
"""Forty days are between the calls."""

CONVERSATIONS = {**PASSPORT, **FIELDS, **CARD, **GROUP, **DRAFTS, **RETURNING}

IN_INDONESIAN = {
    *("Enter accepts what is suggested", "the last of several stays"),
    *("all questions", "the good first line is kept", "a truncated name is not skipped", "a card has three lines"),
    *("an Indonesian is asked twice", "one field is changed by its number", "a guest is discarded", "a duplicate"),
    *("another guest keeps the stay", "an earlier guest is corrected", "a passport scanned at the card"),
    *("what was typed is offered the next time", "a dry run keeps the draft, or discards it"),
    "of several drafts each is kept",
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation(away: Apoa, screens: Screens, name: str) -> None:
    """What the user reads, and what is saved, in each conversation."""
    lang = "id" if name in IN_INDONESIAN else "en"
    typed = [each for each in CONVERSATIONS[name] if isinstance(each, str)]
    calls = [each for each in CONVERSATIONS[name] if not isinstance(each, str)]
    for options, keys in calls or [("", typed)]:
        sending = () if "--dry-run" in options else ("--no-send",)
        screens(away, "report", *sending, *options.split(), keys=list(keys), lang=lang)
        away.clock.forward(timedelta(days=40) if name in RETURNING else ABANDONED if name in DRAFTS else MINUTE)
    screens.add("\n".join(map(_saved, away.reports())))


def _saved(report: dict[str, Any]) -> str:
    """Return guest and stay of a report, without what is empty, and the codes of its warnings."""
    guest, document = dict(report["guest"]), dict(report["guest"]["document"])
    guest["document"] = {name: value for name, value in document.items() if value is not None}
    parts = ({name: value for name, value in part.items() if value is not None} for part in (guest, report["stay"]))
    return "\n".join([*map(json.dumps, parts), " ".join(warning["code"] for warning in report["warnings"])])


class TestCalls:
    """What a conversation does beside what is shown."""

    def test_a_reader_is_given_time_to_end_its_last_line(self, away: Apoa) -> None:
        """Input within its pause is discarded; without typed lines there is no pause."""
        pauses: list[float] = []
        away.monkeypatch.setattr("apoa_client.cli.prompts.passport_question.discard_typed_ahead", pauses.append)
        away("report", "--no-send", keys=[ENTER])
        assert pauses == []
        away("report", "--no-send", keys=[*QUENTIN.lines])
        assert pauses == [0.05]

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

    def test_a_group_is_sent_in_one_call(self, apoa: Apoa, serve: Serve) -> None:
        """Saved in one transaction, sent in one batch, and each receipt is shown."""
        real, groups = Desk.save_all, list[int]()

        def save_all(desk: Desk, group: Sequence[NewReport]) -> list[Entry]:
            groups.append(len(group))
            return real(desk, group)

        apoa.monkeypatch.setattr(Desk, "save_all", save_all)
        server = serve()
        assert apoa.set_up(server.base_url).code == 0
        keys = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, ">", "+", *OBADIAH.lines, ">", CONTENT]
        said = apoa("report", keys=keys)
        assert said.code == 0, said.all
        assert said.out.count("Receipt number: ") == 3
        assert ({report["attempts"] for report in apoa.reports()}, groups) == ({1}, [3])

    def test_the_numbers_of_the_fields_are_those_of_amend(self, away: Apoa) -> None:
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


class TestInterruption:
    """Ctrl-C anywhere loses nothing that was typed."""

    def test_a_saved_guest_is_not_offered_again(self, away: Apoa) -> None:
        """Even if no message can be shown after saving."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        with away.monkeypatch.context() as patch:
            patch.setattr(SaveAndSend, "show_saved", raising(SettingsProblem(msg("The disk is full."))))
            assert away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT]).code == 78
        assert len(away.reports()) == 1
        away.clock.forward(ABANDONED)
        assert "Not finished yet:" not in away("report", keys=[]).err

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
    def test_a_guest_who_cannot_be_saved(self, away: Apoa, screens: Screens, lang: str) -> None:
        """One sentence says so, for a guest or a group, and whether what was typed is stored; the error stands once."""
        group = [*QUENTIN.lines, *PAGE, "+", *XIMENA.lines, "ZARAGOZA", "B1"]
        full = raising(StorageProblem(msg("The disk is full.")))
        with away.monkeypatch.context() as patch:
            patch.setattr(Desk, "save_all", full)
            assert screens(away, "report", "--no-send", keys=[*group, CONTENT, "n"], lang=lang).code == 78
            patch.setattr(Drafts, "save", full)
            for keys in ([ENTER, CONTENT, "n"], [*QUENTIN.lines]):  # the second call ends with Ctrl-C
                assert screens(away, "report", "--no-send", keys=keys, lang=lang).code == 78
        assert away.reports() == []

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
        with away.monkeypatch.context() as patch:
            patch.setattr(Drafts, "delete", raising(StorageProblem(msg("The disk is full."))))
            said = away("report", "--no-send", keys=[ENTER, "B1", "2", "7", CONTENT])
        assert said.code == 0, said.all
        assert "The disk is full." in said.err
        assert len(away.reports()) == 1

    def test_drafts_and_the_key(self, away: Apoa, screens: Screens) -> None:
        """The guests are named. Without the key a draft is shown by its time, stays stored, and can be discarded."""
        away("report", "--no-send", keys=[*QUENTIN.lines, *PAGE, "+", ENTER, "QUIJANO"])
        screens(away, "report", "--no-send", keys=[])
        key = away.home / "melati" / "keys.json"
        hidden = key.rename(key.with_name("elsewhere"))
        screens(away, "report", "--no-send", keys=[ENTER, *XIMENA.lines, *PAGE, CONTENT])
        hidden.rename(key)
        screens(away, "report", "--no-send", keys=["n"])
        away.delete_key()
        for keys in (["b", "y"], []):
            screens(away, "report", "--no-send", keys=keys)

    @pytest.mark.parametrize("damaged", [False, True])
    def test_a_draft_that_cannot_be_read(self, away: Apoa, *, damaged: bool) -> None:
        """Its seal is broken, or another version wrote it: it is shown as such, and can be discarded."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        with away.monkeypatch.context() as patch:
            if damaged:
                away.change_database("UPDATE drafts SET content = zeroblob(200)")
            else:
                another_version = raising(ValueError("not guest forms"))
                patch.setattr("apoa_client.cli.prompts.drafts.forms_from_json", another_version)
            said = away("report", "--no-send", keys=["y", *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "  cannot be read any more, 24 Nov 2026 20:00 WIB\n" in said.err
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
        with away.monkeypatch.context() as patch:
            patch.setattr("apoa_client.cli.prompts.conversation.ask_line", raising(RuntimeError("a bug")))
            assert away("report", "--no-send", keys=[*QUENTIN.lines]).code == 1
        assert "Not finished yet:" in away("report", keys=["n"]).err


class TestSeveralDrafts:
    """Each is kept until a person continues with it or discards it, or a day is over."""

    def test_another_desk_is_faster(self, away: Apoa) -> None:
        """It takes the draft while this desk reads the list: it is not continued twice."""
        away("report", "--no-send", keys=[*QUENTIN.lines, "GDANSK"])
        real = DraftStore._ask

        def slowly(store: DraftStore, opened: OpenedDraft) -> str:
            assert store._app.outbox.drafts.take(opened.draft, away.clock.now())
            return real(store, opened)

        with away.monkeypatch.context() as patch:
            patch.setattr(DraftStore, "_ask", slowly)
            said = away("report", "--no-send", keys=[ENTER, *XIMENA.lines, *PAGE, CONTENT])
        assert said.code == 0, said.all
        assert "Another desk continues with this guest." in said.err
        assert [report["guest"]["surname"] for report in away.reports()] == ["QUIJANO"]
