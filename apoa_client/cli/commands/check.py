"""`apoa check`: check a passport's MRZ, its photo or typed details. Nothing is stored, and no set-up is needed."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.cli.commands.guest_options import MRZ_BESIDE_A_PHOTO, guest_options
from apoa_client.cli.registry import command, json_option, option, path_option
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
from apoa_client.cli.views.online import AskOnline, Online, exit_code, online_value, show_online
from apoa_client.desk.arrivals import DocumentChecker
from apoa_client.errors import SettingsProblem, UsageProblem
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
@option(
    "--online",
    is_flag=True,
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
    ask = _question(session) if online else None
    if photo and mrz:
        raise UsageProblem(MRZ_BESIDE_A_PHOTO)
    given = [] if photo else _lines_by_document(session, mrz, typed)
    if files := photo or _photo_at_the_question(session, given):
        return _check_photos(session, checker, files, typed, ask)
    checked = [checker.check(typed, lines) for lines in given]
    answers = [ask(typed, one) if ask is not None else None for one in checked]
    if session.json:
        pairs = zip(checked, answers, strict=True)
        values = [{**document_value(one), **({"online": online_value(each)} if online else {})} for one, each in pairs]
        print_json({"results": values} if len(values) > 1 else values[0])
    elif len(checked) == 1:
        show_document(checked[0])
        show_online(answers[0])
    else:
        for number, (one, answer) in enumerate(zip(checked, answers, strict=True), 1):
            show_document(one, number)
            show_online(answer)
            print_line()
        valid = sum(one.valid for one in checked)
        warned = sum(one.valid and bool(one.warnings) for one in checked)
        summary = _("{valid} of {count} documents are valid, {warned} of these with warnings.")
        if not warned:
            summary = _("{valid} of {count} documents are valid.")
        print_line(style_bold(summary.format(valid=valid, count=len(checked), warned=warned)))
    return exit_code([one.valid for one in checked], answers)


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


def _question(session: Session) -> AskOnline:
    """Return what asks the authority about a valid document."""
    from apoa_client.cli.prompts.online_check import OnlineCheck  # slow to load

    check = OnlineCheck(session.app)
    return lambda typed, one: check.of_document(typed, one.mrz) if one.valid else None


def _lines_by_document(session: Session, mrz: Sequence[str], typed: Mapping[str, str]) -> Sequence[Sequence[str]]:
    """Return the MRZ lines of each document, `[()]` if no MRZ is given. Raises `UsageProblem`."""
    if _STDIN in mrz and len(mrz) > 1:
        raise UsageProblem(msg("--mrz - reads all lines. Give no other --mrz beside it."))
    if mrz and _STDIN not in mrz:
        return [mrz]
    if typed and not mrz:
        return [()]
    if mrz or not session.terminal:
        found = documents(standard_input(lenient=True))  # of many documents, one may be damaged
        if len(found) > 1 and typed:
            raise UsageProblem(msg("The typed details are one guest's, and the lines are those of several documents."))
        return found or [()]
    return [()] if session.json else [_ask_mrz_lines()]


def _photo_at_the_question(session: Session, given: Sequence[Sequence[str]]) -> list[Path]:
    """Return the photo that a user named in place of the lines."""
    if not session.terminal or [len(lines) for lines in given] != [1]:
        return []
    from apoa_client.cli.prompts.photos import photo_path  # only at a terminal

    file = photo_path(given[0][0])
    return [file] if file is not None else []


def _ask_mrz_lines() -> list[str]:
    from apoa_client.cli.prompts.conversation import Move  # only at a terminal
    from apoa_client.cli.prompts.mrz_lines import ask_mrz_lines

    print_error_line(_("Type the two lines at the foot of the passport's photo page, or the three of a card."))
    lines = ask_mrz_lines()
    return [] if isinstance(lines, Move) else lines


class _CheckedPhoto(NamedTuple):
    """A photo and its document. Without a reading, `refusal` says why the file was refused."""

    file: Path
    document: CheckedDocument
    reading: "PhotoReading | None" = None
    refusal: "PictureRefused | None" = None
    online: Online | None = None


def _check_photos(
    session: Session,
    checker: DocumentChecker,
    files: Sequence[Path],
    typed: Mapping[str, str],
    ask: AskOnline | None = None,
) -> int:
    """Check the document on each photo. The exit code says whether all of them are valid.

    `ask` asks the authority about each valid one.

    Raises `ScanMissing` without the extra `scan`, `PictureRefused` if a single file is no picture, `UsageProblem` for
    the typed details of one guest beside several photos.
    """
    several = len(files) > 1
    if several and typed:
        raise UsageProblem(msg("The typed details are one guest's, and the lines are those of several documents."))
    photos = _checked(session, checker, files, typed)
    if ask is not None:
        photos = (each._replace(online=ask(typed, each.document)) for each in photos)
    if session.json:
        return _print_json(photos, online=ask is not None)
    if not several:
        [photo] = photos
        _show(photo)
        return exit_code([photo.document.valid], [photo.online])
    valid, answers, unsure = [], [], 0
    for number, photo in enumerate(photos, 1):
        print_line(style_bold(f"{number}. {sanitize(str(photo.file))}"))
        _show(photo)
        print_line()
        valid.append(photo.document.valid)
        answers.append(photo.online)
        unsure += photo.reading is not None and not photo.reading.sure
    _show_summary(valid, unsure)
    return exit_code(valid, answers)


def _checked(
    session: Session, checker: DocumentChecker, files: Sequence[Path], typed: Mapping[str, str]
) -> Iterator[_CheckedPhoto]:
    """Yield each photo as soon as it is read. Raises `PictureRefused` for the only one."""
    from apoa_client.scan.photo_process import PhotoProcess
    from apoa_client.scan.photo_reading import PictureRefused

    with PhotoProcess(session.environ) as reader:
        for file in files:
            try:
                reading = reader.read(file, checker.today)
            except PictureRefused as exc:
                if len(files) == 1:
                    raise
                yield _CheckedPhoto(file, checker.check({}, ()), refusal=exc)
            else:
                yield _CheckedPhoto(file, checker.check(typed if reading.lines else {}, reading.lines), reading)


def _print_json(photos: Iterator[_CheckedPhoto], *, online: bool) -> int:
    """Print the document, or several in a list."""
    from apoa_client.cli.views.photo import photo_value

    values, valid, answers = list[dict[str, Any]](), list[bool](), list[Online | None]()
    for each in photos:
        answer = {"online": online_value(each.online)} if online else {}
        photo = photo_value(each.file, each.reading, each.refusal)
        values.append({**document_value(each.document), **answer, "photo": photo})
        valid.append(each.document.valid)
        answers.append(each.online)
    print_json({"results": values} if len(values) > 1 else values[0])
    return exit_code(valid, answers)


def _show(photo: _CheckedPhoto) -> None:
    if photo.refusal is not None:
        print_line(style_error(text(photo.refusal.message)))
    elif photo.reading is None or not photo.reading.lines:
        _show_hint(photo.reading)
    else:
        _show_reading(photo.reading)
        show_document(photo.document)
        show_online(photo.online)


def _show_reading(reading: "PhotoReading") -> None:
    """Show on stdout what is doubtful, with marks below it; of a sure reading only that it is sure."""
    from apoa_client.cli.views.photo import NOT_SURE, READ_SURELY, doubt_message, doubtful_lines, marked_line

    if reading.sure:
        print_line(text(READ_SURELY))
        return
    print_line(style_warning(text(NOT_SURE)))
    for index in doubtful_lines(reading):
        for line in marked_line(reading, index):
            write(line)  # not wrapped, because each mark stands below its character
        print_line(text(doubt_message(reading, index)))
    _show_hint(reading)


def _show_hint(reading: "PhotoReading | None") -> None:
    if reading is not None and reading.hint is not None:
        print_line(text(reading.hint))


def _show_summary(valid: Sequence[bool], unsure: int) -> None:
    line = _("{valid} of {count} documents are valid.")
    print_line(style_bold(line.format(valid=sum(valid), count=len(valid))))
    if unsure:
        compare = nmsg(
            "{count} photo was not read with certainty: compare the lines with the page.",
            "{count} photos were not read with certainty: compare their lines with the pages.",
            unsure,
        )
        print_line(style_warning(text(compare)))
