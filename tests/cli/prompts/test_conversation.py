"""Conversations: one question at a time, with help, going back, and the parsed answer shown before the next one."""

import io

import pytest
from cli_helpers import Keyboard

from apoa_client.cli.prompts.conversation import Answer, Choice, Conversation, Move, Question, UnclearAnswer, ask
from apoa_client.cli.terminal import language


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
        raise UnclearAnswer(NO_NUMBER, [Choice("1", "one"), Choice("2", "two")] if answer == "on" else [])
    return Answer(answer, f"{answer} pieces")


PIECES = Question("Pieces", "How many pieces.\nCount them.", number)


class TestAsk:
    """A single question."""

    def test_the_parsed_answer_is_shown(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """In words, below the answer."""
        typing(monkeypatch, "3")
        assert ask(PIECES) == Answer("3", "3 pieces")
        assert "  3 pieces\n" in capsys.readouterr().err

    def test_help_and_then_the_question_again(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """`?` shows the help, line by line, and how an optional answer is cleared."""
        typing(monkeypatch, "?", "4")
        assert ask(Question("Pieces", PIECES.help, number, default="7", required=False)) == Answer("4", "4 pieces")
        shown = capsys.readouterr().err
        assert "  How many pieces.\n  Count them.\n  - clears it.\n" in shown
        assert shown.count("Pieces [7]: ") == 2

    @pytest.mark.parametrize("move", Move)
    def test_moves_are_returned(self, monkeypatch: pytest.MonkeyPatch, move: Move) -> None:
        """Going back and accepting all defaults are left to the caller."""
        typing(monkeypatch, move.value)
        assert ask(PIECES) is move

    def test_enter_accepts_the_default(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is shown in brackets, in words where it is a code."""
        typing(monkeypatch, "")
        assert ask(Question("Pieces", "", number, default="7", format_default={"7": "seven"}.__getitem__)) == Answer(
            "7", "7 pieces"
        )
        assert "Pieces [seven]: " in capsys.readouterr().err

    def test_an_optional_question_can_be_left_empty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """By Enter without a default, by a hyphen with one."""
        typing(monkeypatch, "", "-")
        assert ask(Question("Pieces", "", number, required=False)) == Answer("")
        assert ask(Question("Pieces", "", number, default="7", required=False)) == Answer("")

    def test_a_required_question_is_asked_until_it_is_answered(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Enter alone is refused; a hyphen is parsed like any other answer."""
        typing(monkeypatch, "", "-", "5")
        assert ask(PIECES) == Answer("5", "5 pieces")
        shown = capsys.readouterr().err
        assert "An answer is needed here. ? shows help." in shown
        assert "No number." in shown

    @pytest.mark.parametrize(("answer", "value"), [("", "1"), ("2", "2"), ("9", "9")])
    def test_choices_after_an_unclear_answer(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, value: str
    ) -> None:
        """Its number, Enter for the first one, or another answer."""
        typing(monkeypatch, "on", answer)
        assert ask(PIECES) == Answer(value, f"{value} pieces")
        shown = capsys.readouterr().err
        assert "    1  one\n    2  two\n" in shown
        assert "Which one? Its number, Enter = 1, or type it again. " in shown

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


class TestConversation:
    """Several questions."""

    def _questions(self, answers: dict[str, str]) -> tuple[str, Question] | None:
        name = next((name for name in ("first", "second", "third") if name not in answers), None)
        if name is None:
            return None
        return name, Question(name.capitalize(), "", number, default="8" if name != "second" else "")

    def test_until_nothing_is_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each answer is stored by the name of its question."""
        typing(monkeypatch, "1", "2", "3")
        answers: dict[str, str] = {}
        assert Conversation(self._questions, answers).run()
        assert answers == {"first": "1", "second": "2", "third": "3"}

    def test_earlier_answers_become_defaults(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The previous question is asked again with its answer as the default; so are the ones after it."""
        typing(monkeypatch, "1", "2", "<", "<", "", "5", "3")
        answers: dict[str, str] = {}
        assert Conversation(self._questions, answers).run()
        assert answers == {"first": "1", "second": "5", "third": "3"}
        shown = capsys.readouterr().err
        assert "First [1]: " in shown
        assert "Second [2]: " in shown

    def test_a_question_with_a_notice_is_not_skipped(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """> does not accept its default: the notice is shown, and Enter does."""

        def ask_next(answers: dict[str, str]) -> tuple[str, Question] | None:
            name = next((name for name in ("first", "second", "third") if name not in answers), None)
            notice = "This may be cut off." if name == "second" else ""
            return (name, Question(name, "", number, default="8", notice=notice)) if name is not None else None

        typing(monkeypatch, ">", ">", "")
        answers: dict[str, str] = {}
        assert Conversation(ask_next, answers).run()
        assert answers == {"first": "8", "second": "8", "third": "8"}
        assert capsys.readouterr().err.count("This may be cut off.") == 2

    def test_go_back_from_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """After the last answer, the user may go back and continue from there."""
        typing(monkeypatch, "1", "2", "3", "4")
        conversation = Conversation(self._questions)
        assert not conversation.go_back()
        assert conversation.run()
        assert conversation.go_back()
        assert conversation.run()
        assert conversation.answers == {"first": "1", "second": "2", "third": "4"}

    def test_back_from_the_first_question_ends_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The caller decides what comes before."""
        typing(monkeypatch, "<")
        assert not Conversation(self._questions).run()

    def test_accept_all_defaults(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Questions without a default, or with an invalid one, are asked all the same."""
        typing(monkeypatch, ">", "4")
        answers: dict[str, str] = {}
        assert Conversation(self._questions, answers).run()
        assert answers == {"first": "8", "second": "4", "third": "8"}
        assert "This must be answered first. ? shows help." in capsys.readouterr().err

    def test_an_invalid_default_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Accepting all defaults never stores an unclear answer."""
        typing(monkeypatch, ">", "4")
        answers: dict[str, str] = {}
        asked = Question("Pieces", "", number, default="many")
        assert Conversation(lambda known: None if "first" in known else ("first", asked), answers).run()
        assert answers == {"first": "4"}

    def test_end_of_input_aborts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Like Ctrl-C; it is no answer."""
        import click

        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        with pytest.raises(click.Abort):
            Conversation(self._questions).run()
