"""Questions at a terminal, one at a time. After each answer, what was understood is shown.

At every question `?` shows help, `<` goes back to the previous question, Enter accepts the default in brackets, and `>`
accepts the defaults of all remaining questions. The caller decides what to ask next. Ctrl-C raises `click.Abort`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from apoa_client.cli.terminal.input import NO, YES, ask_line, index_of_choice
from apoa_client.cli.terminal.language import _
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.views.findings import error_line, warning_line

HELP = "?"
"""The input that shows the help of a question."""
_EMPTY = "-"


class Move(StrEnum):
    """Input that moves between questions and is not an answer."""

    BACK = "<"
    ACCEPT_ALL = ">"


class Answer(NamedTuple):
    """An answer as it was understood."""

    value: str
    """The value to keep; empty if the question was left open."""
    shown: str = ""
    """The value in words, sanitized; empty if the typed answer is already clear."""


class Choice(NamedTuple):
    """A possible meaning of an unclear answer: `answer` is the input for it, `shown` is what the user reads."""

    answer: str
    shown: str


class UnclearAnswer(Exception):
    """An answer that cannot be accepted: `problem` says why, `choices` are possible meanings, the likeliest first.

    Enter alone chooses a single one, and none of several. The exception's own text is empty, because an answer is
    personal data.
    """

    def __init__(self, problem: str, choices: Sequence[Choice] = ()) -> None:
        super().__init__()
        self.problem = problem
        self.choices = tuple(choices)


@dataclass(frozen=True, slots=True)
class Question:
    """One question, in the language of the user. `parse` returns the answer, or raises `UnclearAnswer`."""

    label: str
    help: str
    parse: Callable[[str], Answer]
    default: str = field(default="", repr=False)
    """The answer for Enter alone; it is shown in brackets."""
    format_default: Callable[[str], str] = str
    """Returns the text that shows a default, if its value is a code or an ISO date."""
    required: bool = True
    """Whether an empty answer is refused."""
    notice: str = ""
    """What the user must know to answer, shown before the question. `>` does not accept the default then."""


NextQuestion = Callable[[dict[str, str]], tuple[str, Question] | None]
"""Returns the name and the question to ask after the answers so far; None if nothing is left."""


@dataclass(slots=True)
class Conversation:
    """Asks one question after the other until `ask_next` returns None. Answers are added to `answers` by name.

    If the user goes back over an answer, it is the default when the question is asked again.
    """

    ask_next: NextQuestion
    answers: dict[str, str] = field(default_factory=dict, repr=False)
    answered: list[str] = field(default_factory=list)
    """The names of the answered questions, in order."""
    read: Callable[[str], str] | None = None
    """Asks for one line; None for `ask_line`."""
    _earlier: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def run(self) -> bool:
        """Ask until nothing is left. Return False if the user goes back before the first question."""
        accept_all = False
        while (found := self.ask_next(self.answers)) is not None:
            name, question = found
            if self._earlier.get(name):
                question = replace(question, default=self._earlier[name])
            answer = (_accept_default(question) if accept_all else None) or ask(question, self.read)
            if isinstance(answer, Answer):
                self.answers[name] = answer.value
                self.answered.append(name)
            elif answer is Move.ACCEPT_ALL:
                accept_all = True
            elif not self.go_back():
                return False
        return True

    def forget_earlier(self) -> None:
        """Use no earlier answers as defaults, because they were about another guest."""
        self._earlier.clear()

    def go_back(self) -> bool:
        """Remove the last answer, so that it is asked again. Return False if there is none."""
        if not self.answered:
            return False
        last = self.answered.pop()
        self._earlier[last] = self.answers.pop(last, "")
        return True


def ask(question: Question, read: Callable[[str], str] | None = None) -> Answer | Move:
    """Ask until the user types a clear answer or a move. `read` asks for one line, in place of `ask_line`."""
    unclear = UnclearAnswer("")
    if question.notice:
        print_error_line("  " + warning_line(question.notice))
    while True:
        typed = (read or ask_line)(_prompt(question, unclear))
        if typed in {Move.BACK, Move.ACCEPT_ALL}:
            return Move(typed)
        if typed == HELP or (len(unclear.choices) == 1 and typed.casefold() in NO):
            _show_help(question)
            unclear = UnclearAnswer("")
            continue
        try:
            answer = _parse(question, _chosen(typed, unclear))
        except UnclearAnswer as exc:
            print_error_line("  " + error_line(exc.problem))
            unclear = exc
            continue
        if answer.shown:
            print_error_line(f"  {answer.shown}")
        return answer


def _show_help(question: Question) -> None:
    for line in question.help.splitlines():
        print_error_line(f"  {line}")
    if question.default and not question.required:
        print_error_line("  " + _("- clears it."))


def _accept_default(question: Question) -> Answer | None:
    """Return the default as the answer; None if the user must be asked."""
    if question.notice:
        return None
    if question.required and not question.default:
        print_error_line(_("This must be answered first. ? shows help."))
        return None
    try:
        return _parse(question, "")
    except UnclearAnswer:
        return None


def _parse(question: Question, typed: str) -> Answer:
    if typed == _EMPTY and not question.required:
        return Answer("")
    if typed or question.default:
        return question.parse(typed or question.default)
    if question.required:
        raise UnclearAnswer(_("An answer is needed here. ? shows help."))
    return Answer("")


def _prompt(question: Question, unclear: UnclearAnswer) -> str:
    """Return the label with the default; after an unclear answer, show the choices and return a question about them."""
    choices = unclear.choices
    if len(choices) == 1:
        return "  " + _("Do you mean {value}? Enter = yes, or type it again.").format(value=sanitize(choices[0].shown))
    for number, choice in enumerate(choices, 1):
        print_error_line(f"    {number}  {sanitize(choice.shown)}")
    if choices and not question.required:
        return "  " + _("Which one? Its number, or - if it is not known.")
    if choices:
        return "  " + _("Which one? Its number, or type it again.")
    default = question.format_default(question.default) if question.default else ""
    return f"{question.label} [{sanitize(default)}]" if default else question.label


def _chosen(typed: str, unclear: UnclearAnswer) -> str:
    """Return the answer of the choice that the user typed the number of, or else what was typed.

    Raises `unclear` again for Enter alone where there are several.
    """
    choices = unclear.choices
    if not choices:
        return typed
    if not typed and len(choices) > 1:
        raise unclear
    if not typed or (len(choices) == 1 and typed.casefold() in YES):
        return choices[0].answer
    index = index_of_choice(typed, len(choices))
    return choices[index].answer if index is not None else typed
