"""Questions that stand alone: why something is changed or taken back, and when a guest left.

They are asked as those of a conversation are, so that `?`, `<` and Enter are an answer nowhere.
"""

from collections.abc import Callable

from apoa_client.cli.prompts.conversation import Doubt, Move, Question, Reading, ask
from apoa_client.cli.prompts.mrz_lines import doubt_a_line
from apoa_client.cli.terminal.input import NO, YES
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import clean, remark
from apoa_client.report import parse_fields
from apoa_client.report.findings import ReportRefused


def answered(question: Question) -> str | None:
    """The answer; None where somebody goes back. There is nothing left to hurry through."""
    while (answer := ask(question)) is Move.REST:
        remark(_("This has to be answered first. ? helps."))
    return answer.value if isinstance(answer, Reading) else None


def why(label: str) -> str | None:
    """Why, for the authority; None where somebody goes back."""
    told = _("It is sent to the authority as you type it, for example: wrong room, or the guest never came.")
    return answered(Question(label, told + "\n" + _("< goes back, and nothing is saved yet."), _reason))


def when_left(read: Callable[[str], Reading]) -> str | None:
    """When a guest left, as `read` takes it, which may raise `ReportRefused`; None where somebody goes back."""
    told = _("The day and time, day first: 26/11/2026 10:05. A time alone, 10.05, is today's.")
    return answered(
        Question(
            "  " + _("When did the guest leave? 26/11/2026 10:05, or 10.05 for today"),
            told + "\n" + _("< goes back, and nothing is saved yet."),
            lambda answer: _doubted(read, answer),
        )
    )


def _reason(answer: str) -> Reading:
    doubt_a_line(answer)
    if answer.casefold() in YES | NO:
        raise Doubt(_("Yes or no is no reason. Say in a few words why."))
    try:
        value = parse_fields.reason(answer)
    except parse_fields.Unreadable as exc:
        raise Doubt(text(exc.message)) from None
    return Reading(value, clean(value) if value != answer else "")


def _doubted(read: Callable[[str], Reading], answer: str) -> Reading:
    try:
        return read(answer)
    except ReportRefused as exc:
        raise Doubt(text(exc.errors[0].message)) from None
