"""Single questions: the reason of a change, and the time when a guest left.

They understand `?` and `<` like the questions of a conversation.
"""

from collections.abc import Callable

from apoa_client.cli.prompts.conversation import Answer, Move, Question, UnclearAnswer, ask
from apoa_client.cli.prompts.mrz_lines import reject_mrz_line
from apoa_client.cli.terminal.input import NO, YES
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.report import parse_fields
from apoa_client.report.findings import ReportRefused, Unreadable


def ask_reason(label: str) -> str | None:
    """Ask for the reason that the authority gets. None if the user goes back."""

    def parse(answer: str) -> Answer:
        reject_mrz_line(answer)
        if answer.casefold() in YES | NO:
            raise UnclearAnswer(_("Yes or no is not a reason. Give the reason in a few words."))
        try:
            value = parse_fields.reason(answer)
        except Unreadable as exc:
            raise UnclearAnswer(text(exc.message)) from None
        return Answer(value, sanitize(value) if value != answer else "")

    help_text = _("It is sent to the authority as you type it, for example: wrong room, or the guest never came.")
    return _ask(Question(label, help_text + "\n" + _("< goes back, and nothing is saved yet."), parse))


def ask_check_out_time(parse_time: Callable[[str], Answer]) -> str | None:
    """Ask when a guest left. None if the user goes back. `parse_time` may raise `ReportRefused`."""

    def parse(answer: str) -> Answer:
        try:
            return parse_time(answer)
        except ReportRefused as exc:
            raise UnclearAnswer(text(exc.errors[0].message)) from None

    help_text = _("The day and time, day first: 26/11/2026 10:05. A time alone, 10.05, is today's.")
    return _ask(
        Question(
            "  " + _("When did the guest leave? 26/11/2026 10:05, or 10.05 for today"),
            help_text + "\n" + _("< goes back, and nothing is saved yet."),
            parse,
        )
    )


def _ask(question: Question) -> str | None:
    """Ask a question without a default. `>` is no answer, because there is no default to accept."""
    while (answer := ask(question)) is Move.ACCEPT_ALL:
        print_error_line(_("This must be answered first. ? shows help."))
    return answer.value if isinstance(answer, Answer) else None
