"""Questions at a terminal: the MRZ first, then whatever is missing or does not hold, until it does.

Nothing that was typed is thrown away for one mistake: only the field that does not hold is asked again.
"""

from collections.abc import Sequence

import click

from apoa_client.cli.findings import wrong
from apoa_client.cli.language import _, text
from apoa_client.cli.screen import bad, clean, plain, remark
from apoa_client.desk.arrivals import Desk
from apoa_client.passport.mrz import Correction, Mrz, MrzUnreadable, Problem, plain_document_number
from apoa_client.report.fields import BY_NAME, FIELDS
from apoa_client.report.findings import Finding
from apoa_client.texts import Message

_MRZ_TRIES = 3
_ALL_LINES = 70
"""As many characters as no single line has: a reader sends all lines as one."""
_LINE_OF_A_CARD = 32
"""Three lines of 30; another document's two have 36 or 44. A character or two may be too many."""
_YES = frozenset({"y", "ya", "yes"})
_NO = frozenset({"n", "no", "t", "tidak"})
# Typing that field anew does not help: the lines themselves are wrong, or nothing is to be reported.
_NOT_BY_TYPING = frozenset({"check_digit", "not_foreign", "unknown_format"})
_NAMES = {item.path: item.name for item in FIELDS if item.name not in {"planned_check_out", "mrz"}}


def ask_for_mrz(desk: Desk) -> Mrz | None:
    """The lines, compared with the document's page until they hold; None where the details are typed instead."""
    for _try in range(_MRZ_TRIES):
        remark(_("Type the two lines at the foot of the passport's photo page. Enter alone: type the details by hand."))
        lines = ask_for_lines()
        if not lines:
            return None
        mrz = _until_it_holds(desk, lines)
        if mrz is not None:
            return mrz
    remark(_("Type the details by hand, from the passport's page."))
    return None


def ask_for_lines() -> list[str]:
    """One long line of a reader, two lines, or the three of a card; none where Enter alone is pressed."""
    lines = [ask_line(_("MRZ line {number}").format(number=1))]
    if not lines[0]:
        return []
    if len(lines[0]) >= _ALL_LINES:
        return lines
    lines.append(ask_line(_("MRZ line {number}").format(number=2)))
    if all(len(line) <= _LINE_OF_A_CARD for line in lines):
        lines.append(ask_line(_("MRZ line {number}").format(number=3)))
    return lines


def _until_it_holds(desk: Desk, lines: Sequence[str]) -> Mrz | None:
    """Say what does not hold, and mend it as far as a person finds the correction in the passport."""
    while True:
        try:
            mrz = desk.read(lines)
        except MrzUnreadable as exc:
            _complain([exc.problem.message])
            return None
        if mrz.valid:
            return mrz
        _complain([problem.message for problem in mrz.problems])
        correction = _agreed(mrz.problems[0])
        if correction is None:
            return None
        lines = mrz.corrected(correction)


def _agreed(problem: Problem) -> Correction | None:
    """The correction that a person vouches for: a number is typed from the page, since many would fit."""
    if not problem.corrections:
        return None
    if problem.field == "document_number":
        remark("  " + _("Many numbers would fit. Type the number from the page, or Enter to type the lines again."))
        number = plain_document_number(ask_line("  " + text(BY_NAME["document_number"].label)))
        return next((one for one in problem.corrections if plain_document_number(one.value) == number), None)
    best = problem.corrections[0]
    remark("  " + _("Perhaps: {value}").format(value=clean(best.value)))
    return best if agree("  " + _("Is that what the passport says?"), unless_told=False) else None


def ask_again(typed: dict[str, str], errors: Sequence[Finding]) -> bool:
    """Ask for each field that an error is about; False where typing would not help."""
    if any(error.code in _NOT_BY_TYPING or error.field not in _NAMES for error in errors):
        return False
    for error in errors:
        ask_field(typed, error)
    return True


def askable(error: Finding) -> bool:
    """Whether the field that an error is about can be asked for."""
    return error.field in _NAMES


def name_of(error: Finding) -> str:
    """The name of the field that is asked for where this error is; empty for one that cannot be."""
    return _NAMES.get(error.field, "")


def ask_field(typed: dict[str, str], error: Finding) -> None:
    """Ask for the field that an error is about, which is `askable`."""
    remark(wrong(text(error.message)) if plain() else bad("?") + " " + text(error.message))
    if error.suggestion:
        remark("  " + _("Perhaps: {value}").format(value=clean(error.suggestion)))
    name = _NAMES[error.field]
    typed[name] = ask_line("  " + text(BY_NAME[name].label))
    if name == "nights":
        typed.pop("planned_check_out", None)
    if name == "surname" and error.code == "missing":
        typed["given_names"] = ask_line("  " + text(BY_NAME["given_names"].label))


def agree(question: str, *, unless_told: bool = True) -> bool:
    """Whether a person agrees; Enter alone means `unless_told`. Both languages' answers are understood."""
    remark(question)
    hint = _("(Enter = yes, n = no)") if unless_told else _("(y = yes, Enter = no)")
    while True:
        answer = ask_line(hint).casefold()
        if not answer:
            return unless_told
        if answer in _YES | _NO:
            return answer in _YES


def _complain(messages: Sequence[Message]) -> None:
    for message in messages:
        remark(wrong(text(message)))


def ask_line(question: str) -> str:
    """What somebody types, without the spaces around it; empty for Enter alone, and for what is no text."""
    try:
        return str(
            click.prompt(question.strip() if plain() else question, default="", show_default=False, err=True)
        ).strip()
    except UnicodeDecodeError:  # the keyboard's encoding is not the system's
        return ""
