"""Asks for the MRZ of a passport, scanned, pasted or typed, until it is valid.

Wrong characters are marked. A correction is offered, or the wrong line is edited and the others are kept. The user may
also type the fields from the page; what could be read is suggested.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.app.container import Container
from apoa_client.cli.prompts.conversation import HELP, Move
from apoa_client.cli.prompts.find_stays import open_current_report
from apoa_client.cli.prompts.mrz_lines import LinesAgain, ask_lines_again, ask_mrz_lines, photo_paths, with_last_fillers
from apoa_client.cli.terminal.input import ask_line, confirm, discard_typed_ahead
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_error_unwrapped,
    sanitize,
    style_success,
    style_warning,
)
from apoa_client.cli.views.checked_document import (
    NOT_SURE,
    READ_SURELY,
    change_text,
    corrected_text,
    doubt_message,
    doubtful_lines,
    marked_line,
    marked_lines,
)
from apoa_client.cli.views.findings import error_line, suggestion_line
from apoa_client.cli.views.labels import SEXES, day_text, partial_text
from apoa_client.cli.views.report import state_text
from apoa_client.desk.arrivals import Desk
from apoa_client.desk.guest_form import GuestForm, trusted_texts
from apoa_client.desk.ids import same_document
from apoa_client.errors import StorageProblem
from apoa_client.passport.mrz import Change, Mrz, MrzUnreadable, Problem, plain_document_number
from apoa_client.passport.normalise import normalise
from apoa_client.report.fields import BY_NAME, typed_texts
from apoa_client.report.model import Document
from apoa_client.report.parse_fields import BIRTH_PLACE_NOT_STATED, Draft
from apoa_client.texts import repr_with

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading

_READER_PAUSE_S = 0.05
"""A passport reader pauses for less than this within its input, which may end with an extra line."""


@repr_with()
class PassportAnswer(NamedTuple):
    """The MRZ if it is valid; otherwise the wrong lines, with their trusted fields as suggestions."""

    mrz: Mrz | None = None
    suggested: dict[str, str] = {}  # noqa: RUF012  never changed
    wrong_lines: Sequence[str] = ()
    photo: "PhotoReading | None" = None
    """What was read from the photo of the page, if there is one."""


class PassportQuestion:
    """Asks for the MRZ of a passport."""

    def __init__(self, desk: Desk, read_photos: "Callable[[Sequence[Path]], PhotoReading | None]") -> None:
        """`read_photos` reads the photos that a user names in place of the lines, and returns this guest's, if any."""
        self._desk = desk
        self._read_photos = read_photos
        self._suggested: dict[str, str] = {}
        """The trusted fields of the last MRZ that could be read but is invalid."""
        self._wrong_lines: Sequence[str] = ()
        """The lines that the user was last asked to correct."""

    def ask(self, scanned: Sequence[str] = (), photo: "PhotoReading | None" = None) -> PassportAnswer | Move:
        """Return the passport, or `Move.BACK` if the user goes back. It may be scanned or photographed already."""
        self._suggested, self._wrong_lines = {}, ()
        lines: list[str] | None = list(scanned) or (confirmed_lines(photo) if photo is not None else [])
        while lines is not None:
            if not lines:
                print_error_line(
                    _(
                        "Scan the passport, or type the two lines at its bottom. Press Enter to type the details by "
                        "hand."
                    )
                )
                asked = ask_mrz_lines()
                if isinstance(asked, Move):
                    return asked
                lines = asked
            if lines and (files := photo_paths(lines[0])):
                read = self._read_photos(files)
                photo, lines = read or photo, confirmed_lines(read) if read is not None else []
                continue
            result = self._correct(lines) if lines else LinesAgain([])
            if isinstance(result, Mrz):
                print_error_line("  " + style_success(_passport_text(result)))
                return PassportAnswer(result, photo=photo)
            if isinstance(result, LinesAgain) and not result.lines:
                break
            lines = [] if isinstance(result, Move) else result.lines
        if self._suggested:
            print_error_line(_("What could be read is shown in brackets: Enter accepts it."))
        return PassportAnswer(suggested=self._suggested, wrong_lines=self._wrong_lines, photo=photo)

    def rest_of_scan(self, first: str) -> list[str]:
        """Return the lines of a passport whose first line came as the answer to another question; empty for a move."""
        lines = ask_mrz_lines(first)
        discard_typed_ahead(_READER_PAUSE_S)
        return [] if isinstance(lines, Move) else lines

    def _correct(self, lines: Sequence[str]) -> Mrz | LinesAgain | Move:
        """Show the problems of the lines, and apply what the user confirms or edits, until the MRZ is valid.

        Return the lines of another scan, no lines for the details by hand, or `Move.BACK` to begin again.
        """
        while True:
            discard_typed_ahead(_READER_PAUSE_S)
            lines = with_last_fillers(lines)
            given = normalise(lines).lines
            try:
                mrz = self._read(lines)
            except MrzUnreadable as exc:
                problems: Sequence[Problem] = [exc.problem]
                self._show_problems(given, problems)
            else:
                if mrz.valid:
                    return mrz if self._can_be_reported(mrz) else Move.BACK
                self._suggested, problems = trusted_texts(mrz), mrz.problems
                self._show_problems(lines, problems)
                confirmed = _confirmed_lines(mrz)
                if confirmed is not None:
                    lines = confirmed
                    continue
                given = given if mrz.length_problems else mrz.lines
            self._wrong_lines = given
            again = ask_lines_again(given, sorted({span.line for problem in problems for span in problem.spans}))
            if isinstance(again, Move) or again.scanned or not again.lines:
                return again
            lines = again.lines

    def _read(self, lines: Sequence[str]) -> Mrz:
        """Return the MRZ. Say so if its lines were in the wrong order. Raises `MrzUnreadable`."""
        mrz = self._desk.read(lines)
        if Change.ORDER in mrz.changes:
            print_error_line("  " + change_text(Change.ORDER))
        return mrz

    def _can_be_reported(self, mrz: Mrz) -> bool:
        """Return whether a document is no visa. Otherwise say so."""
        errors = self._desk.examine(Draft({}, mrz)).errors
        wrong_format = [e for e in errors if e.field == BY_NAME["mrz"].path and e.code == "unknown_format"]
        for error in wrong_format:
            print_error_line(error_line(text(error.message)))
        return not wrong_format

    def _show_problems(self, lines: Sequence[str], problems: Sequence[Problem]) -> None:
        for line in marked_lines(self._desk.check({}, lines)):
            print_error_unwrapped(line)
        for problem in problems:
            print_error_line(error_line(text(problem.message)))


def _confirmed_lines(mrz: Mrz) -> tuple[str, ...] | None:
    """Return the lines with the corrections that the user confirms: of all lengths, or of one field; None for none.

    A document number is typed, because many corrections would fit.
    """
    problem = mrz.problems[0]
    if not problem.corrections:
        return None
    best = problem.corrections[0]
    if problem.field == "document_number":
        number = HELP
        while number == HELP:
            print_error_line(
                "  "
                + _("Many numbers are possible. Type the number from the page, or press Enter to correct the line.")
            )
            number = plain_document_number(ask_line("  " + text(BY_NAME["document_number"].label)))
        typed = next((each for each in problem.corrections if plain_document_number(each.value) == number), None)
        return mrz.corrected(typed) if typed is not None else None
    for each in [each.corrections[0] for each in mrz.length_problems] or [best]:
        # The whole line if the field becomes empty.
        print_error_line(suggestion_line(corrected_text(each) or mrz.corrected(each)[each.line]))
    return mrz.corrected(best) if confirm("  " + _("Is that what the passport says?"), default=False) else None


def _passport_text(mrz: Mrz) -> str:
    """Return the fields of an MRZ on one line, sanitized, to be compared with the page."""
    expiry = day_text(mrz.expiry_date) if mrz.expiry_date is not None else ""
    parts = [
        f"{mrz.given_names} {mrz.surname}".strip(),
        _(SEXES[mrz.sex]) if mrz.sex else "",
        partial_text(mrz.birth_date) if mrz.birth_date is not None else "",
        state_text(mrz.nationality) if mrz.nationality else "",
        mrz.document_number,
        _("valid until {day}").format(day=expiry) if expiry else "",
    ]
    return sanitize(", ".join(filter(None, parts)))


def confirmed_lines(reading: "PhotoReading") -> list[str] | None:
    """Return the lines of a photo, the doubtful ones as the user confirms or types them.

    Empty if no lines were found, or to scan or type all of them; None for the details by hand.
    """
    _show_certainty(reading)
    lines = list(reading.lines)
    for index in doubtful_lines(reading):
        print_error_line()
        for line in marked_line(reading, index):
            print_error_unwrapped(line)
        print_error_line(text(doubt_message(reading, index)))
        if confirm(_("Is line {number} the same on the page?").format(number=index + 1), default=False):
            continue
        again = ask_lines_again(lines, [index])
        if isinstance(again, Move):
            return []
        if again.scanned or not again.lines:
            return again.lines or None
        lines = again.lines
    if lines:
        print_error_line(_("Compare the name, the nationality and the sex with the page: they have no check digit."))
    return lines


def _show_certainty(reading: "PhotoReading") -> None:
    if reading.lines:
        print_error_line(text(READ_SURELY) if reading.sure else style_warning(text(NOT_SURE)))
    if reading.hint is not None:
        print_error_line(text(reading.hint))


def propose_from_last_stay(app: Container, form: GuestForm) -> None:
    """Put the values of the guest's last stay on the form as proposals, and say where they come from.

    They are looked up once for each travel document. Older stays than the retention time are never used.
    """
    document = form.document
    if document == form.recalled_document:
        return
    form.recalled_document, form.recalled = document, {}
    if not all(document) or not app.key_is_at_hand:
        return
    with suppress(StorageProblem):  # a damaged old report must not stop the report of a new guest
        app.ask(lambda each: _recall(each, form, Document("", *document)))


def _recall(app: Container, form: GuestForm, document: Document) -> None:
    since = app.today - timedelta(days=app.settings.retention_days)
    for history in app.desk.earlier_stays(document, since):
        report = open_current_report(app, history).guest_report
        if report is None or report.guest is None or not same_document(report.guest.document, document):
            continue
        texts = {name: typed for name, typed in typed_texts(report).items() if typed != BIRTH_PLACE_NOT_STATED}
        form.recalled = {name: texts[name] for name in texts if BY_NAME[name].is_recalled and name not in form.typed}
        if form.recalled and report.stay is not None:
            fields = ", ".join(text(BY_NAME[name].label) for name in form.recalled)
            line = _("This guest was here before ({day}). Suggested from that stay: {fields}.")
            print_error_line("  " + line.format(day=day_text(report.stay.check_in.date()), fields=fields))
        return
