"""The passport comes first: its machine readable lines, scanned, pasted or typed, until they hold.

What does not hold is marked under the very character. After three tries somebody types the details from the page, and
what could be read is not asked for twice.
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
_READERS_PAUSE_S = 0.05
"""A reader that goes on typing pauses for less than that; its last line may end twice."""


class PassportAnswer(NamedTuple):
    """What the lines gave: they themselves where they hold, else what of them can be believed."""

    mrz: Mrz | None = None
    read: dict[str, str] = {}  # noqa: RUF012  never changed


class PassportQuestion:
    """Asks for a passport's lines."""

    def __init__(self, desk: Desk, *, accept_check_digit: bool) -> None:
        self._desk = desk
        self._accept = accept_check_digit
        self._nearly: Mrz | None = None

    def ask(self) -> PassportAnswer | Move:
        """The passport; `Move.BACK` where somebody wants to go back."""
        self._nearly = None
        for _try in range(_TRIES):
            print_error_line(
                _("Scan the passport, or type the two lines at its foot. Enter alone: without them, by hand.")
            )
            lines = ask_mrz_lines()
            if isinstance(lines, Move):
                return lines
            if not lines:
                return self._by_hand()
            discard_typed_ahead(_READERS_PAUSE_S)
            mrz = self._until_it_holds(lines)
            if mrz is not None:
                print_error_line("  " + style_success(_in_words(mrz)))
                return PassportAnswer(mrz)
        print_error_line(_("Then by hand, from the passport's page."))
        return self._by_hand()

    def _by_hand(self) -> PassportAnswer:
        read = trusted_texts(self._nearly) if self._nearly is not None else {}
        if read:
            print_error_line(_("What could be read stands in brackets: Enter takes it."))
        return PassportAnswer(read=read)

    def _until_it_holds(self, lines: Sequence[str]) -> Mrz | None:
        """Say what does not hold, and mend it as far as a person finds the correction in the passport."""
        while True:
            try:
                mrz = self._desk.read(lines)
            except MrzUnreadable as exc:
                self._complain(lines, [exc.problem])
                return None
            if self._holds(mrz):
                return mrz if self._is_a_passport(mrz) else None
            self._nearly = mrz
            self._complain(mrz.lines, mrz.problems)
            correction = _agreed(mrz)
            if correction is None:
                return None
            lines = mrz.corrected(correction)

    def _holds(self, mrz: Mrz) -> bool:
        return mrz.valid or (self._accept and all(problem.code == "check_digit" for problem in mrz.problems))

    def _is_a_passport(self, mrz: Mrz) -> bool:
        """Whether the lines are of a document that is reported; a visa's are none."""
        errors = self._desk.examine(Draft({}, mrz)).errors
        about = [error for error in errors if error.field == BY_NAME["mrz"].path and error.code == "unknown_format"]
        for error in about:
            print_error_line(error_line(text(error.message)))
        return not about

    def _complain(self, lines: Sequence[str], problems: Sequence[Problem]) -> None:
        for line in marked_lines(self._desk.check({}, lines)):
            print_error_unwrapped(line)
        for problem in problems:
            print_error_line(error_line(text(problem.message)))


def _agreed(mrz: Mrz) -> Correction | None:
    """The correction that a person vouches for: a number is typed from the page, since many would fit."""
    problem = mrz.problems[0]
    if not problem.corrections:
        return None
    if problem.field == "document_number":
        number = _number_on_the_page()
        return next((one for one in problem.corrections if plain_document_number(one.value) == number), None)
    best = problem.corrections[0]
    print_error_line(
        suggestion_line(corrected_text(best) or mrz.corrected(best)[best.line])
    )  # where a field is to be empty, the whole line
    return best if confirm("  " + _("Is that what the passport says?"), default=False) else None


def _number_on_the_page() -> str:
    number = HELP
    while number == HELP:
        print_error_line(
            "  " + _("Many numbers would fit. Type the number from the page, or Enter to type the lines again.")
        )
        number = plain_document_number(ask_line("  " + text(BY_NAME["document_number"].label)))
    return number


def _in_words(mrz: Mrz) -> str:
    """Whose passport was read, to be compared with the page at a glance."""
    born = partial_text(mrz.birth_date) if mrz.birth_date is not None else ""
    ends = day_text(mrz.expiry_date) if mrz.expiry_date is not None else ""
    parts = [
        f"{mrz.given_names} {mrz.surname}".strip(),
        _(SEXES[mrz.sex]) if mrz.sex else "",
        born,
        state_text(mrz.nationality) if mrz.nationality else "",
        mrz.document_number,
        _("until {day}").format(day=ends) if ends else "",
    ]
    return sanitize(", ".join(filter(None, parts)))
