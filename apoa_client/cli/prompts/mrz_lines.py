"""Asks for the machine readable lines (MRZ) of a passport: two lines, three of a card, or all in one from a reader.

Some readers end a line twice. `?` shows help, `<` goes back, and `>` continues without an MRZ. A line that is wrong is
asked for again by itself. In place of the lines, users type, paste or drag the path of a photo into the window.
"""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from apoa_client.cli.prompts.conversation import HELP, Move, UnclearAnswer
from apoa_client.cli.session import Session
from apoa_client.cli.terminal.input import ask_line, edit_line
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.views.findings import show_error
from apoa_client.errors import DataRefused, SettingsProblem
from apoa_client.passport.layouts import TD3
from apoa_client.passport.normalise import is_of_passport, normalise
from apoa_client.settings.config import ON
from apoa_client.texts import repr_with

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading

_MIN_JOINED_LENGTH = 70
"""A line of this length is the whole MRZ in one: no single line is so long."""
_MAX_CARD_LINE_LENGTH = 32
"""A card has three lines of 30 characters, with room for two extra ones. Other documents have two of 36 or 44."""
_MAX_LINE_LENGTH = 48
"""The longest line of any document has 44 characters, with room for a few extra ones."""
_MIN_LINE_LENGTH = 28
"""A passport's second line has so many characters without its fillers and the two check digits at its end."""
_MRZ_LINE = r"<<|^(?=.*[0-9])[A-Z0-9<]{28,}$"
"""Two fillers, or a long line of capitals and digits: only an MRZ contains such a text."""


def is_mrz_line(answer: str) -> bool:
    """Return whether what was typed is a line of an MRZ, or a whole one."""
    return re.search(_MRZ_LINE, answer.upper()) is not None


def reject_mrz_line(answer: str) -> None:
    """Raise `UnclearAnswer` for an MRZ line typed at another question: the reader scanned twice, or too early."""
    if is_mrz_line(answer):
        raise UnclearAnswer(_("That is a line of a passport, not an answer to this question."))


def ask_mrz_lines(first: str = "") -> list[str] | Move:
    """Return the lines; an empty list for Enter alone or `>`; `Move.BACK` for `<` at the first line.

    The path of a photo is returned as the only line. `<` at a later line asks for the first line again. With `first`,
    the first line was typed already.
    """
    lines = [first] if first else []
    while not _is_complete(lines):
        line = _ask_line(len(lines) + 1)
        if not line and lines:  # a reader that ends a line twice sends an empty one, so it is asked once more
            line = _ask_line(len(lines) + 1)
        if line == Move.ACCEPT_ALL:
            return []
        if line != Move.BACK:
            lines.append(line)
        elif lines:
            lines.clear()
        else:
            return Move.BACK
    return [line for line in lines if line]


@repr_with("scanned")
class LinesAgain(NamedTuple):
    """The lines after an edit: empty if the details are typed. `scanned` says whether they come from another scan."""

    lines: list[str]
    scanned: bool = False


def ask_lines_again(lines: Sequence[str], wrong: Sequence[int]) -> LinesAgain | Move:
    """Ask for the `wrong` ones of the lines again, each with its text to edit, and return all lines.

    No lines for a line that is not changed, Enter alone or `>`; `Move.BACK` for `<`, and if no line is wrong by itself.
    """
    if not wrong:
        return Move.BACK
    if len(wrong) < len(lines):
        request = _("Correct line {number}; the rest is kept. Enter alone = type the details by hand, < = begin again.")
        print_error_line(request.format(number=", ".join(str(index + 1) for index in wrong)))
    else:
        print_error_line(_("Correct the lines. Enter alone = type the details by hand, < = begin again."))
    corrected = list(lines)
    for index in wrong:
        typed = _ask_line(index + 1, lines, index)
        behind = typed.removeprefix(lines[index])  # a reader types behind the text that is there
        if len(typed) > _MAX_LINE_LENGTH and len(behind) >= _MIN_LINE_LENGTH:
            typed = behind
        if (index > 0 and is_of_passport(_normalised(typed))) or len(behind) >= _MIN_JOINED_LENGTH:
            scanned = ask_mrz_lines(typed)
            return scanned if isinstance(scanned, Move) else LinesAgain(scanned, scanned=True)
        if typed in {"", lines[index], Move.ACCEPT_ALL}:
            return LinesAgain([])
        if typed == Move.BACK:
            return Move.BACK
        corrected[index] = typed
    return LinesAgain(corrected)


def _is_complete(lines: list[str]) -> bool:
    if not lines:
        return False
    if not lines[-1] or len(lines[0]) >= _MIN_JOINED_LENGTH or photo_path(lines[0]):
        return True
    has_card_length = all(len(line) <= _MAX_CARD_LINE_LENGTH for line in lines)
    is_card = has_card_length and not any(_begins_passport(_normalised(line)) for line in lines)
    return len(lines) >= (3 if is_card else 2)


def _begins_passport(line: str) -> bool:
    """Return whether a normalised line is a passport's first one: a mistyped state does not make it that of a card."""
    return line.startswith("P<") or is_of_passport(line)


def with_last_fillers(lines: Sequence[str]) -> list[str]:
    """Return lines with the fillers that are missing at the end of a passport's first line with names.

    No check digit covers that line, and no user counts its fillers.
    """
    return [
        whole.ljust(TD3.length, "<") if _begins_passport(whole := _normalised(line)) and "<<" in whole else line
        for line in lines
    ]


def _ask_line(number: int, lines: Sequence[str] = (), index: int | None = None) -> str:
    """Ask for a line: for a new one, or again for the one with this index among `lines`."""
    question = _("MRZ line {number}").format(number=number)
    while True:
        line = ask_line(question) if index is None else edit_line(question, lines[index], lines)
        if line != HELP and not (index is not None and line == f"{lines[index]}{HELP}"):
            return line
        print_error_line(
            "  " + _("The two lines with many < at the bottom of the photo page. A reader sends both at once.")
        )
        if number == 1 and index is None:
            print_error_line("  " + _("A photo of the page also works: drag its file into this window."))


def _normalised(line: str) -> str:
    return "".join(normalise(line).lines)


_PATH = r"(?i)[/\\]|\.(?:jpe?g|png|webp|hei[cf]|tiff?|bmp|gif|pdf)$"
"""What a path has, and no line of a passport: a separator, or a picture's suffix."""
_POWERSHELL = "& "
"""What PowerShell writes before a path that is dragged into its window."""
_PARTS = r"""(?:"[^"]*"|'[^']*'|\\[ "']|[^\s"'])+"""
"""What a shell takes as one word: with quotation marks, or escaped blanks."""
_DRIVE = r"^/(?=[A-Za-z]:)"


def photo_paths(answer: str) -> list[Path]:
    """Return the files that an answer names: one, or several with blanks between that were dragged in at once."""
    path, parts = photo_path(answer), re.findall(_PARTS, answer)
    with suppress(OSError):  # a name that is too long
        if path is not None and parts[1:] and all(re.search(_PATH, each) for each in parts) and not path.is_file():
            return [each for part in parts if (each := photo_path(part)) is not None]
    return [path] if path is not None else []


def photo_path(answer: str) -> Path | None:
    r"""Return the file that an answer names, as a user types it or a terminal writes it; None if it is no path.

    Terminals write a file that is dragged into their window in quotation marks, with escaped blanks (`my\ photo.jpg`),
    or as a URL (`file:///home/desk/my%20photo.jpg`). Of several meanings, a file that exists is returned.
    """
    typed = answer.strip().removeprefix(_POWERSHELL).strip()
    paths = [_path(each) for each in _meanings(typed) if re.search(_PATH, each)]
    with suppress(OSError):  # a name that is too long
        return next((path for path in paths if path.is_file()), paths[-1] if paths else None)
    return paths[-1]


def _meanings(typed: str) -> Iterator[str]:
    """Yield what a text may mean: itself, as a shell reads it, and without quotation marks."""
    if typed.casefold().startswith("file://"):
        with suppress(ValueError):  # a text in brackets that is no host
            yield re.sub(_DRIVE, "", unquote(urlsplit(typed).path), count=1)
            return
    yield typed
    if os.name != "nt":
        with suppress(ValueError):  # a quotation mark that is not closed
            words = shlex.split(typed)
            if len(words) == 1:
                yield words[0]
    if len(typed) > 1 and typed[0] == typed[-1] and typed[0] in "'\"":
        yield typed[1:-1]


def _path(typed: str) -> Path:
    path = Path(typed)
    with suppress(RuntimeError):  # there is no such user
        return path.expanduser()
    return path


@contextmanager
def photo_reader(session: Session) -> "Iterator[Callable[[Path], PhotoReading]]":
    """Give what reads a photo, with the picture itself where the settings say that it is kept.

    It raises `PictureRefused` for a file that is no picture, `ScanMissing` without the extra `scan`.
    """
    from apoa_client.scan.photo_process import PhotoProcess  # its libraries are an extra

    app = session.app
    keep = app.settings.keep_photos == ON
    with PhotoProcess(session.environ) as reader:
        yield lambda file: reader.read(file, app.reachable_desk.today, with_evidence=keep)


def read_named_photo(session: Session, file: Path) -> "PhotoReading | None":
    """Return what is read from the photo that a user names at a question.

    None, which is shown, if it cannot be read or shows several documents.
    """
    try:
        with photo_reader(session) as read:
            reading = read(file)
    except (DataRefused, SettingsProblem) as exc:
        show_error(exc)
        return None
    if reading.others and reading.hint is not None:
        print_error_line(text(reading.hint))
        return None
    return reading


def photo_pages(shots: "Sequence[tuple[Path, PhotoReading]]") -> "list[tuple[PhotoReading, list[Path]]]":
    """Return a reading of each page, with the files of its shots. Says so, if there are several of one."""
    from apoa_client.scan.photo_reading import pages_of

    pages = pages_of(shots)
    for _reading, files in pages:
        if len(files) > 1:
            names = ", ".join(sanitize(str(file)) for file in files)
            print_error_line(_("Photos of one passport: {files}").format(files=names))
    return pages


def unreported(
    pages: "Sequence[tuple[PhotoReading | None, list[Path]]]", saved: "Sequence[PhotoReading]"
) -> list[Path]:
    """Return the photos of the pages whose guests are not saved."""
    return [file for reading, files in pages if not any(reading is each for each in saved) for file in files]


def name_unreported(photos: Sequence[Path]) -> None:
    """Name the photos whose guests are not reported, if there are any."""
    if photos:
        names = ", ".join(sanitize(str(file)) for file in photos)
        with suppress(OSError):  # the window is closed
            print_error_line(_("Photos without a report: {files}").format(files=names))
