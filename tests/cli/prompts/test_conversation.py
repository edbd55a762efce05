"""Conversations: one question at a time, with help, going back, and the parsed answer shown before the next one."""

import pytest
from cli_helpers import Keyboard

from apoa_client.cli.prompts.conversation import Answer, Choice, Conversation, Question, UnclearAnswer, ask
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
