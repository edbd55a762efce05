"""Files that a command writes for the user: private, complete, and never in place of another one without `--force`."""

import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from apoa_client import files
from apoa_client.cli.terminal.output import print_bytes, print_done, sanitize
from apoa_client.errors import SettingsProblem, UsageProblem, file_in_use
from apoa_client.messages import Message, msg

STANDARD_OUTPUT = Path("-")


def write_output(
    path: Path, content: bytes | Iterable[bytes], *, force: bool, durable: bool = True, done: str = ""
) -> None:
    """Write a file, or to stdout for ``-``, at once or piece by piece. With `force`, replace an existing file.

    Without `durable`, do not wait until the disk has it, and leave an incomplete file if the program is killed.
    `done` is the line that then says which {file} was written, if it is one.

    Raises `UsageProblem` if the file exists or its folder does not, `SettingsProblem` if it cannot be written.
    """
    if path == STANDARD_OUTPUT:
        for piece in [content] if isinstance(content, bytes) else content:
            print_bytes(piece)
        return
    check_writable(path, force=force)
    try:
        (files.write_private if durable else files.write_private_unsynced)(path, content)
    except files.FileInUse:
        raise file_in_use(str(path)) from None
    except OSError:
        raise _unwritable(path) from None
    if done:
        print_done(done.format(file=sanitize(str(path))))


def check_writable(path: Path, *, force: bool) -> None:
    """Raise `UsageProblem` as `write_output` does, before the content is made."""
    if path == STANDARD_OUTPUT:
        return
    if files.names_stream(path):
        raise UsageProblem(
            msg("{path} names a hidden part of another file, not a file.", path=str(path)),
            msg("Give the file a name without a colon."),
        )
    _check_existing(path, force=force)
    if not path.parent.is_dir():
        raise UsageProblem(
            msg("There is no folder {path}.", path=str(path.parent)),
            msg("Make the folder first, or plug in the disk that it is on."),
        )


def _check_existing(path: Path, *, force: bool) -> None:
    """Raise `UsageProblem` for what has this name already, unless it is a file that may be replaced."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # there is none, or writing shows why it is impossible
        return
    if stat.S_ISLNK(mode):  # to replace /dev/stdout breaks other programs
        raise UsageProblem(
            msg("{path} is a link to another place, not a file.", path=str(path)), msg("Name the file itself.")
        )
    if not stat.S_ISREG(mode):
        raise UsageProblem(
            msg("{path} is a folder, a pipe or a device, not a file.", path=str(path)), msg("Name the file itself.")
        )
    if not force:
        raise UsageProblem(
            msg("There is a file {path} already; it was not overwritten.", path=str(path)),
            msg("Name another file, or replace this one with: --force"),
        )


def check_ending(path: Path, endings: Sequence[str], advice: Message | None = None) -> None:
    """Raise `UsageProblem` unless the name of a file has one of these endings, by which other programs know its form.

    Standard output needs none.
    """
    if path != STANDARD_OUTPUT and path.suffix.casefold() not in endings:
        problem = msg("The name of {path} must end in: {endings}", path=str(path), endings=", ".join(endings))
        raise UsageProblem(problem, advice)


def make_output_folder(folder: Path, *, force: bool) -> None:
    """Make a private folder. With `force`, it may exist with files in it. Raises as `write_output`."""
    try:
        files.make_private_folder(folder)
        used = any(folder.iterdir())
    except OSError:
        raise _unwritable(folder) from None
    if used and not force:
        raise UsageProblem(
            msg("The folder {path} is not empty; nothing was written.", path=str(folder)),
            msg("Name a new folder, or write into this one with: --force"),
        )


def _unwritable(path: Path) -> SettingsProblem:
    return SettingsProblem(
        msg("The file {path} cannot be written.", path=str(path)),
        msg("Check that this user may write in its folder, and that the disk is not full."),
    )
