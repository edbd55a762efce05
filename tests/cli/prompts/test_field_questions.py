"""The questions about a guest: the MRZ lines, answers and choices, and what is suggested from an earlier stay."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest
from cli_helpers import LANGUAGES, QUENTIN, XIMENA, Apoa, Guest, Keyboard, raising
from screens import Screens

from apoa_client.cli.prompts.conversation import Answer, Choice, Conversation, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.mrz_lines import ask_mrz_lines
from apoa_client.cli.terminal import language
from apoa_client.errors import StorageProblem
from apoa_client.messages import msg
from apoa_client.outbox.sqlite.store import SqliteOutbox
from apoa_client.passport.compose import compose
from apoa_client.vault.sealing import decode_private_key
from apoa_client.vault.sources import PropertySecrets
from apoa_client.vault.store import PRIVATE_KEY, KeyFileStore

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


@pytest.fixture(autouse=True)
def english() -> None:
    language.set_language("en")


def typing(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    """Simulate a user at the keyboard who types these lines."""
    monkeypatch.setattr("sys.stdin", Keyboard("".join(f"{key}\n" for key in keys)))


NO_NUMBER = "No number."


def number(answer: str) -> Answer:
    """Parse a number; anything else is unclear."""
    if not answer.isdigit():
        raise UnclearAnswer(NO_NUMBER)
    return Answer(answer)


class TestAsk:
    """A single question."""

    def test_a_single_choice_is_accepted_by_enter(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The question shows it without control characters."""

        def read(answer: str) -> Answer:
            if answer == "x":
                raise UnclearAnswer("What?", [Choice("y", "why\x1b[2J")])
            return Answer(answer)

        typing(monkeypatch, "x", "")
        assert ask(Question("Letter", "", read)) == Answer("y")
        assert "Do you mean why?[2J? Enter = yes" in capsys.readouterr().err

    def test_no_repr_or_error_contains_an_answer(self) -> None:
        """Answers are personal data."""
        question = Question("Name", "", number, default="ZYKOWSKI")
        assert "YKOWSKI" not in repr(question).upper()
        assert "ZYKOWSKI" not in repr(UnclearAnswer("ZYKOWSKI is none.")) + str(UnclearAnswer("ZYKOWSKI is none."))

    def test_an_invalid_default_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Accepting all defaults never stores an unclear answer."""
        typing(monkeypatch, ">", "4")
        answers: dict[str, str] = {}
        asked = Question("Pieces", "", number, default="many")
        assert Conversation(lambda known: None if "first" in known else ("first", asked), answers).run()
        assert answers == {"first": "4"}


FIRST, SECOND = QUENTIN.lines
LATE = XIMENA.lines[0]
CARD = compose("TD1", QUENTIN.details._replace(document_type="I"))
AFTERWARDS = "afterwards"
MRZ_HELP = "  The two lines with many < at the bottom of the photo page. A reader sends both at once.\n"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        # A reader that ends each line twice: what follows its last line is discarded before the next question.
        ([FIRST, ENTER, SECOND], [FIRST, SECOND]),
        ([CARD[0], ENTER, CARD[1], ENTER, CARD[2]], [*CARD]),
        # > at the first line and later: without the lines.
        ([">"], []),
        ([FIRST, ">"], []),
        ([*CARD[:2], ">"], []),
        # Enter alone at a later line is asked again once, and then accepted as empty.
        ([FIRST, ENTER, ENTER], [FIRST]),
        (["P<POL", ENTER, ENTER], ["P<POL"]),
        ([*CARD[:2], ENTER, ENTER], [*CARD[:2]]),
        # A passport has two lines, however short they were typed, and in whatever order.
        (["P<POLZYKOWSKI<<QUENTIN<<<", SECOND[:30]], ["P<POLZYKOWSKI<<QUENTIN<<<", SECOND[:30]]),
        (["p<polzykowski<<quentin", SECOND[:30]], ["p<polzykowski<<quentin", SECOND[:30]]),
        ([SECOND[:30], FIRST], [SECOND[:30], FIRST]),
        (["P<QQQZYKOWSKI<<QUENTIN", SECOND[:30]], ["P<QQQZYKOWSKI<<QUENTIN", SECOND[:30]]),
        # ? is no line, and < begins again.
        (["?", FIRST, "?", "?", SECOND], [FIRST, SECOND]),
        ([*CARD[:2], "?", CARD[2]], [*CARD]),
        ([LATE, "<", FIRST, SECOND], [FIRST, SECOND]),
        ([*CARD[:2], "<", FIRST, ENTER, SECOND], [FIRST, SECOND]),
        ([FIRST, ENTER, "<", ENTER], []),
    ],
)
def test_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: list[str], read: list[str]
) -> None:
    """No more lines are asked for than the document has, and each ? is answered."""
    keyboard = Keyboard("".join(f"{line}\n" for line in [*typed, AFTERWARDS]))
    monkeypatch.setattr("sys.stdin", keyboard)
    assert ask_mrz_lines() == read
    assert keyboard.readline() == f"{AFTERWARDS}\n"
    shown = capsys.readouterr().err
    assert shown.count(MRZ_HELP) == typed.count("?")
    assert shown.count("MRZ line 1: ") == typed.count("<") + (2 if typed[0] == "?" else 1)


def test_back_from_the_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller decides what comes before; `<` at a later line asks for the first one again."""
    monkeypatch.setattr("sys.stdin", Keyboard(f"{FIRST}\n<\n<\n"))
    assert ask_mrz_lines() is Move.BACK


WAS_HERE = "This guest was here before"


def stay(apoa: Apoa, guest: Guest = QUENTIN) -> None:
    """Save a stay of two nights, and let forty days pass."""
    apoa.save(guest, "--stay-permit", "C1")
    apoa.clock.forward(timedelta(days=40))


def arrive(apoa: Apoa) -> str:
    """Scan a passport, accept all that is suggested, and return what was shown."""
    result = apoa("report", "--no-send", keys=[*QUENTIN.lines, ">", ENTER])
    assert result.code == 0, result.all
    return result.err


@pytest.mark.parametrize(("name", "value"), [("retention_days", 30), ("vault", "keyring"), ("index_key", "")])
def test_a_stay_that_is_not_found(away: Apoa, name: str, value: str | int) -> None:
    """Older than the retention time, behind a keyring, which is not opened while a guest waits, or without an index."""
    stay(away)
    away.change_setting(name, value)
    if value == "keyring":
        away.monkeypatch.setattr(PropertySecrets, "private_key", raising(AssertionError()))
    assert WAS_HERE not in arrive(away)


def test_a_keyring_that_was_opened_already(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the key is at hand: an unfinished guest was opened with it, for example."""
    stay(away)
    secret = KeyFileStore(away.home / "melati" / "keys.json").get(PRIVATE_KEY) or ""
    away.change_setting("vault", "keyring")
    monkeypatch.setattr(PropertySecrets, "has_read_private_key", property(lambda _secrets: True))
    monkeypatch.setattr(PropertySecrets, "private_key", lambda _secrets: decode_private_key(secret))
    assert WAS_HERE in arrive(away)


def test_an_equal_hash_of_another_document(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents themselves are compared."""
    monkeypatch.setattr("apoa_client.desk.arrivals.guest_hash", lambda *_args: 7)
    stay(away)
    stay(away, XIMENA)
    shown = arrive(away)
    assert WAS_HERE in shown
    assert away.reports()[-1]["guest"]["birth_place"] == QUENTIN.birth_place


def test_a_damaged_database_does_not_stop_the_report(away: Apoa, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest is reported without suggestions."""
    stay(away)

    def fail(_outbox: SqliteOutbox, _tag: int, _first: date, last: date) -> Sequence[object]:
        if last == date.max:
            raise StorageProblem(msg("The settings file {path} cannot be read: {reason}.", path="", reason=""))
        return []

    monkeypatch.setattr(SqliteOutbox, "same_guest", fail)
    assert WAS_HERE not in arrive(away)
    assert len(away.reports()) == 2


HELP = [*XIMENA.lines, "Z", "B1", "1", "?", ENTER, ENTER]


def test_each_room_once(away: Apoa) -> None:
    """However it was written; guests without a room are ignored."""
    away.save(QUENTIN, "--room", "7a")
    away.save(XIMENA, "--room", "7A")
    away.save(QUENTIN, "--room", "", "--again")
    shown = away("report", "--no-send", "--again", keys=HELP).err
    assert "Rooms in use: 7A\n" in shown


def test_a_key_in_the_environment_is_at_hand(away: Apoa) -> None:
    """With a keyring, rooms are offered only if the environment has the key, without a message otherwise."""
    away.save(QUENTIN, "--room", "7a")
    away.change_setting("vault", "keyring")
    shown = away("report", "--no-send", keys=HELP).err
    assert "Rooms in use" not in shown
    assert "The room's number or name." in shown
    secret = KeyFileStore(away.home / "melati" / "keys.json").get(PRIVATE_KEY) or ""
    shown = away("report", "--no-send", "--again", keys=HELP, APOA_PRIVATE_KEY=secret).err
    assert "Rooms in use: 7a\n" in shown
    shown = away("report", "--no-send", "--again", keys=HELP, APOA_PRIVATE_KEY_FILE=str(away.home / "nowhere")).err
    assert "Rooms in use" not in shown
