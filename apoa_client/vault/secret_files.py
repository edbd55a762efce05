"""Files that hold one secret or some: read only where no one else can read them, written so that no one ever could."""

import os
import stat
from pathlib import Path

from apoa_client.errors import UsageProblem
from apoa_client.files import create_private, sync_folder, write_private
from apoa_client.messages import msg
from apoa_client.vault.errors import SecretFileRefused

POSIX = os.name == "posix"
"""Elsewhere a file's mode says nothing about who may read it."""

OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH
GROUP_OR_OTHERS = OTHERS | stat.S_IRGRP | stat.S_IWGRP | stat.S_IXGRP
_LARGEST = 64 * 1024


def read_secret_file(path: Path, *, forbidden: int = GROUP_OR_OTHERS, follow: bool = True) -> str | None:
    """The text of a secret's file; None where there is no such file.

    Raises `SecretFileRefused` where it is no regular file, has a mode bit of `forbidden` (POSIX), is a link that must
    not be followed, is over 64 KiB, is not UTF-8, or cannot be read.
    """
    # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    flags = os.O_RDONLY | _flag("O_BINARY") | _flag("O_NONBLOCK") | (0 if follow else _flag("O_NOFOLLOW"))
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise _unreadable(path) from exc
    try:
        _check(os.fstat(handle), path, forbidden)
        return _text(os.read(handle, _LARGEST + 1), path)
    finally:
        os.close(handle)


def write_secret_file(path: Path, text: str) -> None:
    """Put `text` in the place of what `path` holds, whole or not at all, mode 0600 whatever the umask; durable.

    Raises `SecretFileRefused` where it cannot be written.
    """
    try:
        write_private(path, text.encode())
    except OSError as exc:
        raise _unwritable(path) from exc


def write_new_secret_file(path: Path, text: str) -> None:
    """Write `text` to a new file, mode 0600 whatever the umask; durable.

    Raises `UsageProblem` where there is one already, and `SecretFileRefused` where it cannot be written.
    """
    try:
        handle = create_private(path)
    except FileExistsError:
        raise UsageProblem(
            msg("There is a file {path} already; it was not overwritten.", path=str(path)),
            msg("Name another file, or move that one away."),
        ) from None
    except OSError as exc:
        raise _unwritable(path) from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.absolute().parent)
    except OSError as exc:
        path.unlink(missing_ok=True)
        raise _unwritable(path) from exc


def _unwritable(path: Path) -> SecretFileRefused:
    return SecretFileRefused(
        msg("The file {path} cannot be written.", path=str(path)),
        msg("Check that this user may write in its folder, and that the disk is not full."),
    )


def _check(status: os.stat_result, path: Path, forbidden: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SecretFileRefused(msg("{path} is not a file.", path=str(path)), msg("Name a file that holds the secret."))
    if POSIX and status.st_mode & forbidden:
        raise SecretFileRefused(
            msg("Other users of this computer can read {path}, so it is not used.", path=str(path)),
            msg("Make it this user's alone: chmod 600 {path}", path=str(path)),
        )


def _text(content: bytes, path: Path) -> str:
    if len(content) > _LARGEST:
        raise _unreadable(path)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise _unreadable(path) from None  # the error would carry the content


def _unreadable(path: Path) -> SecretFileRefused:
    return SecretFileRefused(
        msg("The file {path} cannot be read as a secret.", path=str(path)),
        msg("Check that this user may read it, and that it holds nothing but the secret."),
    )


def _flag(name: str) -> int:
    return int(getattr(os, name, 0))  # Windows has few of them
