"""`apoa check --photo` and `--photo-dir`: check the documents on photos. A file that is refused stops no other."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import (
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
from apoa_client.cli.views.photo import (
    NOT_SURE,
    READ_SURELY,
    doubt_message,
    doubtful_lines,
    line_with_picture,
    photo_value,
)
from apoa_client.desk.arrivals import DocumentChecker
from apoa_client.errors import DataRefused, UsageProblem, file_unreadable
from apoa_client.messages import msg, nmsg
from apoa_client.report.checking import CheckedDocument
from apoa_client.scan.photo_process import PhotoProcess
from apoa_client.scan.photo_reading import PictureRefused

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading

_PICTURE_ENDINGS = frozenset(
    {
        *(".jpg", ".jpeg", ".jfif", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".jp2"),
        *(".heic", ".heif", ".avif", ".pdf"),
    }
)
"""How the names of pictures end, those that cannot be read among them. What else is in a folder is no photo."""


class _CheckedPhoto(NamedTuple):
    """A photo and its document. Without a reading, `refusal` says why the file was refused."""

    file: Path
    document: CheckedDocument
    reading: "PhotoReading | None" = None
    refusal: PictureRefused | None = None
    online: Online | None = None


def check_photos(
    session: Session,
    checker: DocumentChecker,
    files: Sequence[Path],
    folder: Path | None,
    typed: Mapping[str, str],
    ask: AskOnline | None = None,
) -> int:
    """Check the document on each photo, those of a folder too. The exit code says whether all of them are valid.

    `ask` asks the authority about each valid one.

    Raises `ScanMissing` without the extra `scan`, `PictureRefused` if a single file is no picture, `DataRefused` for a
    folder without pictures, `UsageProblem` for the typed details of one guest beside several photos.
    """
    in_folder, others = _in_folder(folder) if folder is not None else ([], [])
    files = [*files, *in_folder]
    several = folder is not None or len(files) > 1
    if several and typed:
        raise UsageProblem(msg("The typed details are one guest's, and the lines are those of several documents."))
    photos = _checked(session, checker, files, typed, several=several)
    if ask is not None:
        photos = (each._replace(online=ask(typed, each.document)) for each in photos)
    if session.json:
        return _print_json(photos, [each.name for each in others] if several else None, online=ask is not None)
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
    _show_summary(valid, unsure, others)
    return exit_code(valid, answers)


def _in_folder(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the pictures of a folder and its other files, both sorted by name, without hidden files."""
    try:
        files = sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    except OSError as exc:
        raise file_unreadable(str(folder), exc, DataRefused) from None
    pictures = [each for each in files if each.suffix.lower() in _PICTURE_ENDINGS]
    if not pictures:
        raise DataRefused(
            msg("There is no picture in the folder {folder}.", folder=str(folder)),
            msg("Put the photos into it, as JPEG or PNG. Folders in it are not searched."),
        )
    return pictures, [each for each in files if each.suffix.lower() not in _PICTURE_ENDINGS]


def _checked(
    session: Session, checker: DocumentChecker, files: Sequence[Path], typed: Mapping[str, str], *, several: bool
) -> Iterator[_CheckedPhoto]:
    """Yield each photo as soon as it is read. Raises `PictureRefused` for the only one."""
    with PhotoProcess(session.environ) as reader:
        for file in files:
            try:
                reading = reader.read(file, checker.today)
            except PictureRefused as exc:
                if not several:
                    raise
                yield _CheckedPhoto(file, checker.check({}, ()), refusal=exc)
            else:
                yield _CheckedPhoto(file, checker.check(typed if reading.lines else {}, reading.lines), reading)


def _print_json(photos: Iterator[_CheckedPhoto], others: Sequence[str] | None, *, online: bool) -> int:
    """Print the documents, in a list if there may be several: then `others` are the files that are no pictures."""
    values, valid, answers = list[dict[str, Any]](), list[bool](), list[Online | None]()
    for each in photos:
        answer = {"online": online_value(each.online)} if online else {}
        photo = photo_value(each.file, each.reading, each.refusal)
        values.append({**document_value(each.document), **answer, "photo": photo})
        valid.append(each.document.valid)
        answers.append(each.online)
    print_json({"results": values, "skipped": list(others)} if others is not None else values[0])
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
    """Show on stdout what is doubtful, with the pictures of it; of a sure reading only that it is sure."""
    if reading.sure:
        print_line(text(READ_SURELY))
        return
    print_line(style_warning(text(NOT_SURE)))
    for index in doubtful_lines(reading):
        for line in line_with_picture(reading, index, sys.stdout):
            write(line)  # not wrapped, because each mark stands below its character
        print_line(text(doubt_message(reading, index)))
    _show_hint(reading)


def _show_hint(reading: "PhotoReading | None") -> None:
    if reading is not None and reading.hint is not None:
        print_line(text(reading.hint))


def _show_summary(valid: Sequence[bool], unsure: int, others: Sequence[Path]) -> None:
    line = _("{valid} of {count} documents are valid.")
    print_line(style_bold(line.format(valid=sum(valid), count=len(valid))))
    if unsure:
        compare = nmsg(
            "{count} photo was not read with certainty: compare the lines with the page.",
            "{count} photos were not read with certainty: compare their lines with the pages.",
            unsure,
        )
        print_line(style_warning(text(compare)))
    if others:
        names = ", ".join(each.name for each in others)
        skipped = nmsg(
            "{count} file is no picture and was not read: {names}",
            "{count} files are no pictures and were not read: {names}",
            len(others),
            names=names,
        )
        print_line(text(skipped))
