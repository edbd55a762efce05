"""Conversations at a terminal: one question at a time, and what was understood is said before the next one.

`?` explains a question, `<` goes back to the one before, Enter takes what stands in brackets, `>` does so for all that
is left. Whoever converses says what to ask next; here is how it is asked. Ctrl-C raises `click.Abort`, as ever.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from apoa_client.cli.terminal.input import NO, YES, ask_line, index_of_choice
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.views.findings import error_line

HELP = "?"
"""What somebody types who wants a question explained."""
_EMPTY = "-"


class Move(StrEnum):
    """What somebody types who answers no question."""

    BACK = "<"
    ACCEPT_ALL = ">"


class Answer(NamedTuple):
    """An answer as it was understood."""

    value: str
    """What is kept; empty where the question was left open."""
    said: str = ""
    """The same in words, safe for a screen; empty where the answer says it already."""


class Choice(NamedTuple):
    """What may have been meant: `answer` is what would have been typed for it, `shown` what a person reads."""

    answer: str
    shown: str


class UnclearAnswer(Exception):
    """An answer that cannot be taken: a sentence says why, `choices` what may have been meant, the likeliest first.

    The exception's own text says nothing: an answer is a guest's.
    """

    def __init__(self, sentence: str, choices: Sequence[Choice] = ()) -> None:
        super().__init__()
        self.sentence = sentence
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class Question:
    """One question, in the reader's language. `read` understands an answer, or raises `UnclearAnswer`."""

    label: str
    help: str
    read: Callable[[str], Answer]
    default: str = field(default="", repr=False)
    """The answer that Enter gives; it stands in brackets."""
    show: Callable[[str], str] = str
    """How an answer that is proposed is read by a person, where its text is our own form of it."""
    required: bool = True
    """Whether it cannot be left open."""


NextQuestion = Callable[[dict[str, str]], tuple[str, Question] | None]
"""What to ask next, by name, after what has been answered; None where nothing is left."""


@dataclass(slots=True)
class Conversation:
    """Questions one after the other, until `ask_next` has none. `answers` fills up, and may be seen meanwhile.

    What was answered and gone back over stands in brackets when it is asked again.
    """

    ask_next: NextQuestion
    answers: dict[str, str] = field(default_factory=dict, repr=False)
    asked: list[str] = field(default_factory=list)
    """The names of the questions that were answered, the last one last."""
    _earlier: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def run(self) -> bool:
        """Ask until nothing is left; False where somebody goes back before the first question."""
        hurried = False
        while (found := self.ask_next(self.answers)) is not None:
            name, question = found
            if self._earlier.get(name):
                question = replace(question, default=self._earlier[name])
            reading = (_proposal(question) if hurried else None) or ask(question)
            if isinstance(reading, Answer):
                self.answers[name] = reading.value
                self.asked.append(name)
            elif reading is Move.ACCEPT_ALL:
                hurried = True
            elif not self.back():
                return False
        return True

    def forget_earlier(self) -> None:
        """Propose nothing of what was gone back over: it was another's."""
        self._earlier.clear()

    def back(self) -> bool:
        """Take the last answer back, so that it is asked again; False where none was given."""
        if not self.asked:
            return False
        last = self.asked.pop()
        self._earlier[last] = self.answers.pop(last, "")
        return True


def ask(question: Question) -> Answer | Move:
    """Ask until the answer is one, or a move."""
    choices: tuple[Choice, ...] = ()
    while True:
        answer = ask_line(_prompt(question, choices))
        if answer in {Move.BACK, Move.ACCEPT_ALL}:
            return Move(answer)
        if _wants_help(answer, choices):
            _explain(question)
            choices = ()
            continue
        try:
            reading = _understood(question, _chosen(answer, choices))
        except UnclearAnswer as doubt:
            print_error_line("  " + error_line(doubt.sentence))
            choices = doubt.choices
            continue
        if reading.said:
            print_error_line(f"  {reading.said}")
        return reading


def _wants_help(answer: str, choices: Sequence[Choice]) -> bool:
    """Whether somebody asks for it, or says that what we guessed is not what they meant."""
    return answer == HELP or (len(choices) == 1 and answer.casefold() in NO)


def _proposal(question: Question) -> Answer | None:
    """What somebody takes who wants all that is proposed; None where they have to be asked."""
    if question.required and not question.default:
        print_error_line(_("This has to be answered first. ? helps."))
        return None
    try:
        return _understood(question, "")
    except UnclearAnswer:
        return None


def _understood(question: Question, answer: str) -> Answer:
    if answer == _EMPTY and not question.required:
        return Answer("")
    if answer or question.default:
        return question.read(answer or question.default)
    if question.required:
        raise UnclearAnswer(_("An answer is needed here. ? helps."))
    return Answer("")


def _explain(question: Question) -> None:
    for line in question.help.splitlines():
        print_error_line(f"  {line}")
    if question.default and not question.required:
        print_error_line("  " + _("- empties it."))


def _prompt(question: Question, choices: Sequence[Choice]) -> str:
    """The question, and what Enter gives; after a doubt, what may have been meant."""
    if len(choices) == 1:
        return "  " + _("Do you mean {value}? Enter = yes, or type it again.").format(value=sanitize(choices[0].shown))
    for number, choice in enumerate(choices, 1):
        print_error_line(f"    {number}  {sanitize(choice.shown)}")
    if choices:
        return "  " + _("Which one? Its number, Enter = 1, or type it again.")
    default = question.show(question.default) if question.default else ""
    return f"{question.label} [{sanitize(default)}]" if default else question.label


def _chosen(answer: str, choices: Sequence[Choice]) -> str:
    """What was meant by an answer to a doubt."""
    if not choices:
        return answer
    if not answer or (len(choices) == 1 and answer.casefold() in YES):
        return choices[0].answer
    place = index_of_choice(answer, len(choices))
    return choices[place].answer if place is not None else answer
