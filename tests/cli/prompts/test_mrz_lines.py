"""The MRZ lines at a terminal, however a reader or a user types them."""

import pytest
from cli_helpers import QUENTIN, XIMENA, Keyboard

from apoa_client.cli.prompts.conversation import Move
from apoa_client.cli.prompts.mrz_lines import ask_mrz_lines
from apoa_client.cli.terminal import language
from apoa_client.passport.compose import Details, compose

FIRST, SECOND = QUENTIN.lines
LATE = XIMENA.lines[0]
CARD = compose(
    "TD1",
    Details(
        issuing_state=QUENTIN.state,
        surname=QUENTIN.surname,
        given_names=QUENTIN.given_names,
        document_number=QUENTIN.number,
        nationality=QUENTIN.state,
        birth_date=QUENTIN.birth_date,
        sex=QUENTIN.sex,
        expiry_date=QUENTIN.expiry_date,
        document_type="I",
    ),
)
ENTER, AFTERWARDS = "", "afterwards"
HELP = "  The two lines with many < at the bottom of the photo page. A reader sends both at once.\n"


@pytest.fixture(autouse=True)
def english() -> None:
    language.set_language("en")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ([FIRST, SECOND], [FIRST, SECOND]),
        ([*CARD], [*CARD]),
        ([FIRST + SECOND], [FIRST + SECOND]),
        # A reader that ends each line twice: what follows its last line is discarded before the next question.
        ([FIRST, ENTER, SECOND], [FIRST, SECOND]),
        ([CARD[0], ENTER, CARD[1], ENTER, CARD[2]], [*CARD]),
        # Enter alone at the first line, or > there and later: without the lines.
        ([ENTER], []),
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
    assert shown.count(HELP) == typed.count("?")
    assert shown.count("MRZ line 1: ") == typed.count("<") + (2 if typed[0] == "?" else 1)


def test_back_from_the_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller decides what comes before; `<` at a later line asks for the first one again."""
    monkeypatch.setattr("sys.stdin", Keyboard(f"{FIRST}\n<\n<\n"))
    assert ask_mrz_lines() is Move.BACK
