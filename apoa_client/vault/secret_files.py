"""Files with secrets: read only if no other user can read them, and never readable by others when written."""

import os
import stat
from pathlib import Path

from apoa_client.decoding import decode_text
from apoa_client.errors import UsageProblem, file_in_use
from apoa_client.files import FileInUse, create_private, sync_folder, wait_while_in_use, write_private
from apoa_client.messages import msg
from apoa_client.permissions import UNSAFE, find_fault
from apoa_client.vault.errors import SecretFileRefused

POSIX = os.name == "posix"
"""On other systems a file's mode does not say who may read it."""

OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH
GROUP_OR_OTHERS = OTHERS | stat.S_IRGRP | stat.S_IWGRP | stat.S_IXGRP
_MAX_BYTES = 64 * 1024


def read_secret_file(path: Path, *, forbidden: int = GROUP_OR_OTHERS, follow: bool = True) -> str | None:
    """Return the text of a secret file, or None if there is no such file.

    Raises `SecretFileRefused` if it is not a regular file, has a mode bit of `forbidden` (POSIX), can be changed by
    another user, is a link and `follow` is false, is over 64 KiB, is not text, or cannot be read.
    """
    # Without O_NONBLOCK, opening a pipe without a writer would block forever. Windows has few of these flags.
    names = ("O_BINARY", "O_NONBLOCK") if follow else ("O_BINARY", "O_NONBLOCK", "O_NOFOLLOW")
    flags = os.O_RDONLY
    for name in names:
        flags |= getattr(os, name, 0)
    try:
        handle = wait_while_in_use(path, lambda: os.open(path, flags))
    except FileNotFoundError:
        return None
    except FileInUse as exc:
        raise file_in_use(str(path), SecretFileRefused) from exc
    except OSError as exc:
        raise _unreadable(path) from exc
    try:
        _check_mode(os.fstat(handle).st_mode, path, forbidden)
        if forbidden == GROUP_OR_OTHERS:  # otherwise systemd or the container's manager made it, as any user
            _check_who_can_change(path)
        content = os.read(handle, _MAX_BYTES + 1)
    finally:
        os.close(handle)
    if len(content) > _MAX_BYTES:
        raise _unreadable(path)
    try:
        return decode_text(content)
    except UnicodeDecodeError:
        raise _unreadable(path) from None  # the error would contain the content


def write_secret_file(path: Path, text: str) -> None:
    """Replace the content of `path` atomically and durably, with mode 0600 whatever the umask.

    Raises `SecretFileRefused` if it cannot be written.
    """
    try:
        write_private(path, text.encode())
    except FileInUse as exc:
        raise file_in_use(str(path), SecretFileRefused) from exc
    except OSError as exc:
        raise unwritable(path) from exc


def write_new_secret_file(path: Path, text: str) -> None:
    """Write `text` durably to a new file, with mode 0600 whatever the umask.

    Raises `UsageProblem` if the file exists, and `SecretFileRefused` if it cannot be written.
    """
    try:
        handle = create_private(path)
    except FileExistsError:
        raise UsageProblem(
            msg("There is a file {path} already; it was not overwritten.", path=str(path)),
            msg("Name another file, or move that one away."),
        ) from None
    except OSError as exc:
        raise unwritable(path) from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.absolute().parent)
    except OSError as exc:
        path.unlink(missing_ok=True)
        raise unwritable(path) from exc


def _check_who_can_change(path: Path) -> None:
    fault = find_fault(path, secret=True)
    if fault is not None:
        raise SecretFileRefused(*fault, name=UNSAFE)


def _check_mode(mode: int, path: Path, forbidden: int) -> None:
    if not stat.S_ISREG(mode):
        raise SecretFileRefused(
            msg("{path} is not a file.", path=str(path)), msg("Name a file that contains the secret.")
        )
    if POSIX and mode & forbidden:
        raise SecretFileRefused(
            msg("Other users of this computer can read {path}, so it is not used.", path=str(path)),
            msg("Make it readable for this user only: chmod 600 {path}", path=str(path)),
        )


def _unreadable(path: Path) -> SecretFileRefused:
    return SecretFileRefused(
        msg("The file {path} cannot be read as a secret.", path=str(path)),
        msg("Check that this user may read it, and that it contains only the secret."),
    )


def unwritable(path: Path) -> SecretFileRefused:
    """Return the error for a file that cannot be written."""
    return SecretFileRefused(
        msg("The file {path} cannot be written.", path=str(path)),
        msg("Check that this user may write in its folder, and that the disk is not full."),
    )
