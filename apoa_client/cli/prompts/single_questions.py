"""Questions that stand alone: why something is changed or taken back, and when a guest left.

They are asked as those of a conversation are, so that `?`, `<` and Enter are an answer nowhere.
"""

from collections.abc import Callable

from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.mrz_lines import reject_mrz_line
from apoa_client.cli.terminal.input import NO, YES
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.report import parse_fields
from apoa_client.report.findings import ReportRefused, Unreadable


def ask_until_answered(question: Question) -> str | None:
    """The answer; None where somebody goes back. There is nothing left to hurry through."""
    while (answer := ask(question)) is Move.ACCEPT_ALL:
        print_error_line(_("This has to be answered first. ? helps."))
    return answer.value if isinstance(answer, Answer) else None


def ask_reason(label: str) -> str | None:
    """Why, for the authority; None where somebody goes back."""
    told = _("It is sent to the authority as you type it, for example: wrong room, or the guest never came.")
    return ask_until_answered(Question(label, told + "\n" + _("< goes back, and nothing is saved yet."), _reason))


def ask_check_out_time(read: Callable[[str], Answer]) -> str | None:
    """When a guest left, as `read` takes it, which may raise `ReportRefused`; None where somebody goes back."""
    told = _("The day and time, day first: 26/11/2026 10:05. A time alone, 10.05, is today's.")
    return ask_until_answered(
        Question(
            "  " + _("When did the guest leave? 26/11/2026 10:05, or 10.05 for today"),
            told + "\n" + _("< goes back, and nothing is saved yet."),
            lambda answer: _doubted(read, answer),
        )
    )


def _reason(answer: str) -> Answer:
    reject_mrz_line(answer)
    if answer.casefold() in YES | NO:
        raise UnclearAnswer(_("Yes or no is no reason. Say in a few words why."))
    try:
        value = parse_fields.reason(answer)
    except Unreadable as exc:
        raise UnclearAnswer(text(exc.message)) from None
    return Answer(value, sanitize(value) if value != answer else "")


def _doubted(read: Callable[[str], Answer], answer: str) -> Answer:
    try:
        return read(answer)
    except ReportRefused as exc:
        raise UnclearAnswer(text(exc.errors[0].message)) from None
