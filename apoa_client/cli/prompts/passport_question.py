"""Asks for the MRZ of a passport, scanned, pasted or typed, until it is valid.

Wrong characters are marked. After three tries the user types the fields from the page; what could be read is suggested.
"""

from collections.abc import Sequence
from typing import NamedTuple

from apoa_client.cli.prompts.conversation import HELP, Move
from apoa_client.cli.prompts.mrz_lines import ask_mrz_lines
from apoa_client.cli.terminal.input import ask_line, confirm, discard_typed_ahead
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, print_error_unwrapped, sanitize, style_success
from apoa_client.cli.views.checked_document import corrected_text
from apoa_client.cli.views.findings import error_line, suggestion_line
from apoa_client.cli.views.labels import SEXES, day_text, partial_text
from apoa_client.cli.views.marked_lines import marked_lines
from apoa_client.cli.views.report import state_text
from apoa_client.desk.arrivals import Desk
from apoa_client.desk.guest_form import trusted_texts
from apoa_client.passport.mrz import Correction, Mrz, MrzUnreadable, Problem, plain_document_number
from apoa_client.report.draft import Draft
from apoa_client.report.fields import BY_NAME

_TRIES = 3
_READER_PAUSE_S = 0.05
"""A passport reader pauses for less than this within its input, which may end with an extra line."""


class PassportAnswer(NamedTuple):
    """The MRZ if it is valid or accepted; otherwise the trusted fields of an invalid one, as suggestions."""

    mrz: Mrz | None = None
    suggested: dict[str, str] = {}  # noqa: RUF012  never changed


class PassportQuestion:
    """Asks for the MRZ of a passport."""

    def __init__(self, desk: Desk, *, accept_check_digit: bool) -> None:
        self._desk = desk
        self._accept_check_digit = accept_check_digit
        self._suggested: dict[str, str] = {}
        """The trusted fields of the last MRZ that could be read but is invalid."""

    def ask(self) -> PassportAnswer | Move:
        """Return the passport, or `Move.BACK` if the user goes back."""
        self._suggested = {}
        for _try in range(_TRIES):
            print_error_line(
                _("Scan the passport, or type the two lines at its bottom. Press Enter to type the details by hand.")
            )
            lines = ask_mrz_lines()
            if isinstance(lines, Move):
                return lines
            if not lines:
                break
            discard_typed_ahead(_READER_PAUSE_S)
            mrz = self._correct(lines)
            if mrz is not None:
                print_error_line("  " + style_success(_passport_text(mrz)))
                return PassportAnswer(mrz)
        else:
            print_error_line(_("Type the details by hand, from the passport's page."))
        if self._suggested:
            print_error_line(_("What could be read is shown in brackets: Enter accepts it."))
        return PassportAnswer(suggested=self._suggested)

    def _correct(self, lines: Sequence[str]) -> Mrz | None:
        """Show the problems of the lines and apply the corrections that the user confirms. None if it stays invalid."""
        while True:
            try:
                mrz = self._desk.read(lines)
            except MrzUnreadable as exc:
                self._show_problems(lines, [exc.problem])
                return None
            if mrz.valid or (self._accept_check_digit and all(each.code == "check_digit" for each in mrz.problems)):
                errors = self._desk.examine(Draft({}, mrz)).errors
                wrong_format = [e for e in errors if e.field == BY_NAME["mrz"].path and e.code == "unknown_format"]
                for error in wrong_format:  # a visa cannot be reported
                    print_error_line(error_line(text(error.message)))
                return None if wrong_format else mrz
            self._suggested = trusted_texts(mrz)
            self._show_problems(mrz.lines, mrz.problems)
            correction = _confirmed_correction(mrz)
            if correction is None:
                return None
            lines = mrz.corrected(correction)

    def _show_problems(self, lines: Sequence[str], problems: Sequence[Problem]) -> None:
        for line in marked_lines(self._desk.check({}, lines)):
            print_error_unwrapped(line)
        for problem in problems:
            print_error_line(error_line(text(problem.message)))


def _confirmed_correction(mrz: Mrz) -> Correction | None:
    """Return the correction that the user confirms. A document number is typed, because many corrections would fit."""
    problem = mrz.problems[0]
    if not problem.corrections:
        return None
    if problem.field == "document_number":
        number = HELP
        while number == HELP:
            print_error_line(
                "  "
                + _("Many numbers are possible. Type the number from the page, or press Enter to type the lines again.")
            )
            number = plain_document_number(ask_line("  " + text(BY_NAME["document_number"].label)))
        return next((each for each in problem.corrections if plain_document_number(each.value) == number), None)
    best = problem.corrections[0]
    corrected = corrected_text(best) or mrz.corrected(best)[best.line]  # the whole line if the field becomes empty
    print_error_line(suggestion_line(corrected))
    return best if confirm("  " + _("Is that what the passport says?"), default=False) else None


def _passport_text(mrz: Mrz) -> str:
    """Return the fields of an MRZ on one line, sanitized, to be compared with the page."""
    expiry = day_text(mrz.expiry_date) if mrz.expiry_date is not None else ""
    parts = [
        f"{mrz.given_names} {mrz.surname}".strip(),
        _(SEXES[mrz.sex]) if mrz.sex else "",
        partial_text(mrz.birth_date) if mrz.birth_date is not None else "",
        state_text(mrz.nationality) if mrz.nationality else "",
        mrz.document_number,
        _("until {day}").format(day=expiry) if expiry else "",
    ]
    return sanitize(", ".join(filter(None, parts)))
