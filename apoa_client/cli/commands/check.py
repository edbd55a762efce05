"""`apoa check`: check a passport's MRZ, its photo or typed details. Nothing is stored, and no set-up is needed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.cli.commands.guest_options import MRZ_BESIDE_A_PHOTO, guest_options
from apoa_client.cli.registry import command, flag, json_option, option, path_option
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import standard_input
from apoa_client.cli.terminal.language import N_, _, text
from apoa_client.cli.terminal.output import (
    print_error_line,
    print_json,
    print_line,
    sanitize,
    style_bold,
    style_error,
    style_warning,
    write,
)
from apoa_client.cli.views.checked_document import document_value, show_document
from apoa_client.cli.views.online import Online, online_value, show_online
from apoa_client.desk.arrivals import DocumentChecker
from apoa_client.errors import Exit, SettingsProblem, UsageProblem, worst_exit
from apoa_client.messages import msg, nmsg
from apoa_client.report.checking import CheckedDocument, documents
from apoa_client.settings.zones import WIB

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading, PictureRefused

_EXAMPLE = "apoa check"
_STDIN = "-"


@command(
    "check",
    N_("Check a passport's MRZ, its photo or typed details, and say how to correct them. Nothing is stored."),
    _EXAMPLE,
)
@option(
    "--mrz",
    multiple=True,
    metavar="LINE",
    text=N_(
        "The MRZ. - reads standard input: one document, or several with blank lines between. A line given here is "
        "visible to other accounts."
    ),
)
@path_option(
    "--photo",
    multiple=True,
    text=N_("Read the MRZ from this photo of the passport's page, on this computer. May be given several times."),
)
@guest_options
@flag(
    "--online",
    text=N_("Also ask the property's authority what it would say to a report of this guest; it stores nothing."),
)
@json_option
def check(
    session: Session,
    /,
    *,
    mrz: Sequence[str],
    photo: Sequence[Path],
    online: bool,
    **details: Any,  # noqa: ANN401  click's
) -> int:
    """Check each document. The exit code says whether all of them are valid, and the authority would take them."""
    typed = {name: text for name, text in details.items() if text is not None}
    checker = _checker(session, online=online)
    if photo and mrz:
        raise UsageProblem(MRZ_BESIDE_A_PHOTO)
    given = [] if photo else _lines_by_document(session, mrz, typed)
    files = photo or _photo_at_the_question(session, given)
    if max(len(files), len(given)) > 1 and typed:
        raise UsageProblem(msg("The typed details are one guest's, and the lines are those of several documents."))
    of_lines = (_Checked(checker.check(typed, lines)) for lines in given)
    found = _checked_photos(session, checker, files, typed) if files else of_lines
    if online:
        found = _asked(session, found, typed)
    several = max(len(files), len(given)) > 1
    checked = []
    for each in found:
        checked.append(each)
        if not session.json:
            _show(each, len(checked) if several else 0)
    if session.json:
        values = [_value(each, online=online) for each in checked]
        print_json({"results": values} if several else values[0])
    elif several:
        _show_summary(checked)
    # The worst: 65 for a document that is not valid or would be refused, and the code of an error.
    codes = (Exit.DONE if each.valid else Exit.DATA_REFUSED for each in checked)
    return worst_exit([*codes, *(each.online.exit_code for each in checked if each.online is not None)])


class _Checked(NamedTuple):
    """A document, or the one on a photo. Without a reading, `refusal` says why the photo's file was refused."""

    document: CheckedDocument
    file: Path | None = None
    reading: "PhotoReading | None" = None
    refusal: "PictureRefused | None" = None
    online: Online | None = None

    @property
    def valid(self) -> bool:
        return self.document.valid


def _checker(session: Session, *, online: bool) -> DocumentChecker:
    """Return a checker in the property's time zone, with the code tables of its authority.

    If no property is set up or chosen, the zone is western Indonesia's; `online`, that is an error.
    """
    try:
        zone = session.app.settings.zone
    except SettingsProblem:
        if online or session.property_name:  # it was given, and does not exist
            raise
        return DocumentChecker(session.app.clock, WIB)
    return DocumentChecker(session.app.clock, zone, lambda: session.app.code_tables)


def _asked(session: Session, found: "Iterator[_Checked]", typed: Mapping[str, str]) -> "Iterator[_Checked]":
    """Yield each document with what the authority would say to a report of it, if it is valid."""
    from apoa_client.cli.prompts.online_check import OnlineCheck  # slow to load

    ask = OnlineCheck(session.app)
    for each in found:
        yield each._replace(online=ask.of_document(typed, each.document.mrz)) if each.valid else each


def _lines_by_document(session: Session, mrz: Sequence[str], typed: Mapping[str, str]) -> Sequence[Sequence[str]]:
    """Return the MRZ lines of each document, `[()]` if no MRZ is given. Raises `UsageProblem`."""
    if _STDIN in mrz and len(mrz) > 1:
        raise UsageProblem(msg("--mrz - reads all lines. Give no other --mrz beside it."))
    if mrz and _STDIN not in mrz:
        return [mrz]
    if typed and not mrz:
        return [()]
    if mrz or not session.terminal:
        return documents(standard_input(lenient=True)) or [()]  # of many documents, one may be damaged
    return [()] if session.json else [_ask_mrz_lines()]


def _photo_at_the_question(session: Session, given: Sequence[Sequence[str]]) -> list[Path]:
    """Return the photos that a user named in place of the lines, if they are any."""
    if not session.terminal or [len(lines) for lines in given] != [1]:
        return []
    from apoa_client.cli.prompts.mrz_lines import photo_paths  # only at a terminal

    return photo_paths(given[0][0])


def _ask_mrz_lines() -> list[str]:
    from apoa_client.cli.prompts.conversation import Move  # only at a terminal
    from apoa_client.cli.prompts.mrz_lines import ask_mrz_lines

    print_error_line(_("Type the two lines at the foot of the passport's photo page, or the three of a card."))
    lines = ask_mrz_lines()
    return [] if isinstance(lines, Move) else lines


def _checked_photos(
    session: Session, checker: DocumentChecker, files: Sequence[Path], typed: Mapping[str, str]
) -> Iterator[_Checked]:
    """Yield each photo as soon as it is read.

    Raises `ScanMissing` without the extra `scan`, and `PictureRefused` if the only file is no picture.
    """
    from apoa_client.scan.photo_process import PhotoProcess
    from apoa_client.scan.photo_reading import PictureRefused

    with PhotoProcess(session.environ) as reader:
        for file in files:
            try:
                reading = reader.read(file, checker.today)
            except PictureRefused as exc:
                if len(files) == 1:
                    raise
                yield _Checked(checker.check({}, ()), file, refusal=exc)
            else:
                yield _Checked(checker.check(typed if reading.lines else {}, reading.lines), file, reading)


def _value(checked: _Checked, *, online: bool) -> dict[str, Any]:
    value = document_value(checked.document)
    if online:
        value["online"] = online_value(checked.online)
    if checked.file is not None:
        from apoa_client.cli.views.checked_document import photo_value

        value["photo"] = photo_value(checked.file, checked.reading, checked.refusal)
    return value


def _show(checked: _Checked, number: int) -> None:
    """Show a document on stdout; `number`, from 1, is its place among several."""
    if checked.file is not None and number:
        print_line(style_bold(f"{number}. {sanitize(str(checked.file))}"))
    if checked.refusal is not None:
        print_line(style_error(text(checked.refusal.message)))
    elif checked.reading is not None and not checked.reading.lines:
        _show_hint(checked.reading)
    else:
        if checked.reading is not None:
            _show_reading(checked.reading)
        show_document(checked.document, 0 if checked.file is not None else number)
        show_online(checked.online)
    if number:
        print_line()


def _show_reading(reading: "PhotoReading") -> None:
    """Show what is doubtful, with marks below it; of a sure reading only that it is sure."""
    from apoa_client.cli.views.checked_document import NOT_SURE, READ_SURELY, doubt_message, doubtful_lines, marked_line

    if reading.sure:
        print_line(text(READ_SURELY))
        return
    print_line(style_warning(text(NOT_SURE)))
    for index in doubtful_lines(reading):
        for line in marked_line(reading, index):
            write(line)  # not wrapped, because each mark stands below its character
        print_line(text(doubt_message(reading, index)))
    _show_hint(reading)


def _show_hint(reading: "PhotoReading") -> None:
    if reading.hint is not None:
        print_line(text(reading.hint))


def _show_summary(checked: Sequence[_Checked]) -> None:
    """Show how many documents are valid, and of how many lines or photos a user must look at the page."""
    warned = sum(each.valid and bool(each.document.warnings) for each in checked if each.file is None)
    unsure = sum(each.reading is not None and not each.reading.sure for each in checked)
    summary = _("{valid} of {count} documents are valid.")
    if warned:
        summary = _("{valid} of {count} documents are valid, {warned} of these with warnings.")
    valid = sum(each.valid for each in checked)
    print_line(style_bold(summary.format(valid=valid, count=len(checked), warned=warned)))
    if unsure:
        compare = nmsg(
            "{count} photo was not read with certainty: compare the lines with the page.",
            "{count} photos were not read with certainty: compare their lines with the pages.",
            unsure,
        )
        print_line(style_warning(text(compare)))
