"""Questions at a terminal: the MRZ first, then whatever is missing or does not hold, until it does.

Nothing that was typed is thrown away for one mistake: only the field that does not hold is asked again.
"""

from collections.abc import Sequence

import click

from apoa_client.cli.language import _, text
from apoa_client.cli.screen import bad, clean, remark
from apoa_client.desk.arrivals import Desk
from apoa_client.passport.mrz import Mrz, MrzUnreadable
from apoa_client.report.fields import BY_NAME, FIELDS
from apoa_client.report.findings import Finding
from apoa_client.texts import Message

_MRZ_TRIES = 3
_BOTH_LINES = 80
_YES = frozenset({"y", "ya", "yes"})
_NO = frozenset({"n", "no", "t", "tidak"})
# Typing that field anew does not help: the lines themselves are wrong, or nothing is to be reported.
_NOT_BY_TYPING = frozenset({"check_digit", "not_foreign", "unknown_format"})
_NAMES = {item.path: item.name for item in FIELDS if item.name not in {"planned_check_out", "mrz"}}


def ask_for_mrz(desk: Desk) -> Mrz | None:
    """The passport's two lines, compared with its page until they hold; None where the details are typed instead."""
    for _try in range(_MRZ_TRIES):
        lines = _two_lines()
        if not lines:
            return None
        try:
            mrz = desk.read(lines)
        except MrzUnreadable as exc:
            _complain([exc.problem.message])
            continue
        if not mrz.problems:
            return mrz
        _complain([problem.message for problem in mrz.problems])
    remark(_("Type the details by hand, from the passport's page."))
    return None


def _two_lines() -> list[str]:
    remark(_("Type the two lines at the foot of the passport's photo page. Enter alone: type the details by hand."))
    first = _line(_("MRZ line {number}").format(number=1))
    if not first:
        return []
    if len(first) >= _BOTH_LINES:  # a reader's one long line
        return [first]
    return [first, _line(_("MRZ line {number}").format(number=2))]


def ask_again(typed: dict[str, str], errors: Sequence[Finding]) -> bool:
    """Ask for each field that an error is about; False where typing would not help."""
    if any(error.code in _NOT_BY_TYPING or error.field not in _NAMES for error in errors):
        return False
    for error in errors:
        remark(bad("?") + " " + text(error.message))
        if error.suggestion:
            remark("  " + _("Perhaps: {value}").format(value=clean(error.suggestion)))
        name = _NAMES[error.field]
        typed[name] = _line("  " + text(BY_NAME[name].label))
        if name == "nights":
            typed.pop("planned_check_out", None)
        if name == "surname" and error.code == "missing":
            typed["given_names"] = _line("  " + text(BY_NAME["given_names"].label))
    return True


def agree(question: str) -> bool:
    """Whether a person agrees; Enter alone does. Both languages' answers are understood."""
    remark(question)
    while True:
        answer = _line(_("(Enter = yes, n = no)")).casefold()
        if answer in _YES or not answer:
            return True
        if answer in _NO:
            return False


def _complain(messages: Sequence[Message]) -> None:
    for message in messages:
        remark(f"{bad('x')} {text(message)}")


def _line(question: str) -> str:
    return str(click.prompt(question, default="", show_default=False, err=True)).strip()
