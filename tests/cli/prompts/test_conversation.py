"""Conversations: one question at a time, with help, a way back, and what was understood said before the next."""

import io

import pytest
from cli_helpers import Keyboard

from apoa_client.cli.prompts.conversation import Answer, Choice, Conversation, Move, Question, UnclearAnswer, ask
from apoa_client.cli.terminal import language


@pytest.fixture(autouse=True)
def english() -> None:
    language.set_language("en")


def typing(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    """Somebody is at the keyboard, and will type these lines."""
    monkeypatch.setattr("sys.stdin", Keyboard("".join(f"{key}\n" for key in keys)))


NO_NUMBER = "No number."


def number(answer: str) -> Answer:
    """Understands a number, and doubts the rest."""
    if not answer.isdigit():
        raise UnclearAnswer(NO_NUMBER, [Choice("1", "one"), Choice("2", "two")] if answer == "on" else [])
    return Answer(answer, f"{answer} pieces")


PIECES = Question("Pieces", "How many pieces.\nCount them.", number)


class TestAQuestion:
    """A single one."""

    def test_what_was_understood_is_said(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The words stand below the answer."""
        typing(monkeypatch, "3")
        assert ask(PIECES) == Answer("3", "3 pieces")
        assert "  3 pieces\n" in capsys.readouterr().err

    def test_help_and_then_the_question_again(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """`?` explains, line by line; what can be emptied says how."""
        typing(monkeypatch, "?", "4")
        assert ask(Question("Pieces", PIECES.help, number, default="7", required=False)) == Answer("4", "4 pieces")
        shown = capsys.readouterr().err
        assert "  How many pieces.\n  Count them.\n  - clears it.\n" in shown
        assert shown.count("Pieces [7]: ") == 2

    @pytest.mark.parametrize("move", Move)
    def test_moves_are_no_answers(self, monkeypatch: pytest.MonkeyPatch, move: Move) -> None:
        """Going back, and taking the rest, are told to whoever asked."""
        typing(monkeypatch, move.value)
        assert ask(PIECES) is move

    def test_enter_takes_what_is_proposed(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It stands in brackets, in words where there are better ones than the answer's."""
        typing(monkeypatch, "")
        assert ask(Question("Pieces", "", number, default="7", format_default={"7": "seven"}.__getitem__)) == Answer(
            "7", "7 pieces"
        )
        assert "Pieces [seven]: " in capsys.readouterr().err

    def test_an_optional_one_is_left_open_or_emptied(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Enter leaves it open where nothing is proposed, a hyphen empties what is."""
        typing(monkeypatch, "", "-")
        assert ask(Question("Pieces", "", number, required=False)) == Answer("")
        assert ask(Question("Pieces", "", number, default="7", required=False)) == Answer("")

    def test_one_that_is_needed_is_asked_until_it_is_answered(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Enter alone is no answer, a hyphen is read like any other."""
        typing(monkeypatch, "", "-", "5")
        assert ask(PIECES) == Answer("5", "5 pieces")
        shown = capsys.readouterr().err
        assert "An answer is needed here. ? shows help." in shown
        assert "No number." in shown

    @pytest.mark.parametrize(("answer", "meant"), [("", "1"), ("2", "2"), ("9", "9")])
    def test_what_may_have_been_meant_is_a_key_away(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, meant: str
    ) -> None:
        """Its number, Enter for the first, or another answer."""
        typing(monkeypatch, "on", answer)
        assert ask(PIECES) == Answer(meant, f"{meant} pieces")
        shown = capsys.readouterr().err
        assert "    1  one\n    2  two\n" in shown
        assert "Which one? Its number, Enter = 1, or type it again. " in shown

    def test_a_single_guess_is_taken_by_enter(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The question says what is meant, without anything that a terminal would obey."""

        def read(answer: str) -> Answer:
            if answer == "x":
                raise UnclearAnswer("What?", [Choice("y", "why\x1b[2J")])
            return Answer(answer)

        typing(monkeypatch, "x", "")
        assert ask(Question("Letter", "", read)) == Answer("y")
        assert "Do you mean why?[2J? Enter = yes" in capsys.readouterr().err

    def test_nothing_that_was_typed_is_in_a_repr_or_an_error(self) -> None:
        """Answers are a guest's: neither a question nor a doubt tells them."""
        question = Question("Name", "", number, default="ZYKOWSKI")
        assert "YKOWSKI" not in repr(question).upper()
        assert "ZYKOWSKI" not in repr(UnclearAnswer("ZYKOWSKI is none.")) + str(UnclearAnswer("ZYKOWSKI is none."))


class TestAConversation:
    """Several, one after the other."""

    def _questions(self, answers: dict[str, str]) -> tuple[str, Question] | None:
        name = next((name for name in ("first", "second", "third") if name not in answers), None)
        if name is None:
            return None
        return name, Question(name.capitalize(), "", number, default="8" if name != "second" else "")

    def test_until_nothing_is_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each answer is kept by its name."""
        typing(monkeypatch, "1", "2", "3")
        answers: dict[str, str] = {}
        assert Conversation(self._questions, answers).run()
        assert answers == {"first": "1", "second": "2", "third": "3"}

    def test_back_shows_what_was_answered(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The one before is asked again, its answer a key away; so are those after it."""
        typing(monkeypatch, "1", "2", "<", "<", "", "5", "3")
        answers: dict[str, str] = {}
        assert Conversation(self._questions, answers).run()
        assert answers == {"first": "1", "second": "5", "third": "3"}
        shown = capsys.readouterr().err
        assert "First [1]: " in shown
        assert "Second [2]: " in shown

    def test_back_from_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever has answered everything may take the last answer back, and go on from there."""
        typing(monkeypatch, "1", "2", "3", "4")
        conversation = Conversation(self._questions)
        assert not conversation.go_back()
        assert conversation.run()
        assert conversation.go_back()
        assert conversation.run()
        assert conversation.answers == {"first": "1", "second": "2", "third": "4"}

    def test_back_from_the_first_leaves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever began the conversation decides what comes before."""
        typing(monkeypatch, "<")
        assert not Conversation(self._questions).run()

    def test_the_rest_as_proposed(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """One key; what has no proposal is asked all the same, and what cannot be taken."""
        typing(monkeypatch, ">", "4")
        answers: dict[str, str] = {}
        assert Conversation(self._questions, answers).run()
        assert answers == {"first": "8", "second": "4", "third": "8"}
        assert "This must be answered first. ? shows help." in capsys.readouterr().err

    def test_a_proposal_that_is_none_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Taking the rest never ends in what cannot be understood."""
        typing(monkeypatch, ">", "4")
        answers: dict[str, str] = {}
        asked = Question("Pieces", "", number, default="many")
        assert Conversation(lambda known: None if "first" in known else ("first", asked), answers).run()
        assert answers == {"first": "4"}

    def test_whoever_stops_is_heard(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The end of the input, as Ctrl-C, is no answer."""
        import click

        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        with pytest.raises(click.Abort):
            Conversation(self._questions).run()
