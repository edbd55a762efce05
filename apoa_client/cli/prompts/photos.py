"""Photos of passports at the desk: the paths that users type, paste or drag into the window, and what is read."""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from apoa_client.cli.session import Session
from apoa_client.cli.terminal.language import _, text
from apoa_client.cli.terminal.output import print_error_line, sanitize
from apoa_client.cli.views.findings import show_error
from apoa_client.errors import DataRefused, SettingsProblem
from apoa_client.settings.config import ON

if TYPE_CHECKING:
    from apoa_client.scan.photo_reading import PhotoReading

_PATH = re.compile(r"[/\\]|\.(?:jpe?g|png|webp|hei[cf]|tiff?|bmp|gif|pdf)$", re.IGNORECASE)
"""What a path has, and no line of a passport: a separator, or a picture's suffix."""
_POWERSHELL = "& "
"""What PowerShell writes before a path that is dragged into its window."""
_PARTS = re.compile(r"""(?:"[^"]*"|'[^']*'|\\[ "']|[^\s"'])+""")
"""What a shell takes as one word: with quotation marks, or escaped blanks."""
_DRIVE = re.compile(r"^/(?=[A-Za-z]:)")


def photo_paths(answer: str) -> list[Path]:
    """Return the files that an answer names: one, or several with blanks between that were dragged in at once."""
    path, parts = photo_path(answer), _PARTS.findall(answer)
    with suppress(OSError):  # a name that is too long
        if path is not None and parts[1:] and all(map(_PATH.search, parts)) and not path.is_file():
            return [each for part in parts if (each := photo_path(part)) is not None]
    return [path] if path is not None else []


def photo_path(answer: str) -> Path | None:
    r"""Return the file that an answer names, as a user types it or a terminal writes it; None if it is no path.

    Terminals write a file that is dragged into their window in quotation marks, with escaped blanks (`my\ photo.jpg`),
    or as a URL (`file:///home/desk/my%20photo.jpg`). Of several meanings, a file that exists is returned.
    """
    typed = answer.strip().removeprefix(_POWERSHELL).strip()
    paths = [_path(each) for each in _meanings(typed) if _PATH.search(each)]
    with suppress(OSError):  # a name that is too long
        return next((path for path in paths if path.is_file()), paths[-1] if paths else None)
    return paths[-1]


def _meanings(typed: str) -> Iterator[str]:
    """Yield what a text may mean: itself, as a shell reads it, and without quotation marks."""
    if typed.casefold().startswith("file://"):
        with suppress(ValueError):  # a text in brackets that is no host
            yield _DRIVE.sub("", unquote(urlsplit(typed).path), count=1)
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
