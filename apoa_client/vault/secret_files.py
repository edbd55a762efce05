"""Files with secrets: read only if no other user can read them, and never readable by others when written."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from apoa_client.errors import UsageProblem, file_in_use
from apoa_client.files import (
    FileInUse,
    create_private,
    make_private_folder,
    sync_folder,
    wait_while_in_use,
    write_private,
)
from apoa_client.messages import msg
from apoa_client.permissions import UNSAFE, find_fault
from apoa_client.texts import decode_text
from apoa_client.vault.errors import SecretFileRefused
from apoa_client.vault.store import SecretStore

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
        # Otherwise systemd or the container's manager made it, as any user.
        if forbidden == GROUP_OR_OTHERS and (fault := find_fault(path, secret=True)) is not None:
            raise SecretFileRefused(*fault, name=UNSAFE)
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


_LOCK_WAIT_S = 10.0
"""How long to wait for another process that changes the file."""


class KeyFileStore(SecretStore):
    """Secrets by name in the file at `path`. Raises `SecretFileRefused`, also if other users can read the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.place = str(path)

    def get(self, name: str) -> str | None:
        """Return the secret with this name, or None if there is none."""
        return self._read().get(name)

    def set(self, name: str, value: str) -> None:
        """Store a secret. The file is replaced atomically, and is durable when this returns."""
        with self._changed() as secrets:
            secrets[name] = value

    def delete(self, name: str) -> None:
        """Delete a secret. Does nothing if there is none."""
        if name in self._read():
            with self._changed() as secrets:
                secrets.pop(name, None)

    def _read(self) -> dict[str, str]:
        text = read_secret_file(self._path, follow=False)
        if text is None:
            return {}
        try:
            secrets = json.loads(text)
        except ValueError:
            secrets = None
        if not isinstance(secrets, dict) or not all(isinstance(value, str) for value in secrets.values()):
            # Never overwritten: the private key may be in it.
            raise SecretFileRefused(
                msg("The key file {path} is damaged.", path=self.place),
                msg("Nothing was changed. Keep the file, and ask your IT admin to repair or restore it."),
                name="key_file_damaged",
            )
        return secrets

    @contextmanager
    def _changed(self) -> Iterator[dict[str, str]]:
        """Yield the secrets to be changed, under a lock: senders count their runs here while keys are replaced."""
        from apoa_client.file_lock import exclusive  # start-up: only to change secrets

        with ExitStack() as stack:
            try:
                make_private_folder(self._path.parent)
                is_held = stack.enter_context(exclusive(self._path.with_suffix(".lock"), _LOCK_WAIT_S))
            except OSError as exc:
                raise unwritable(self._path) from exc
            if not is_held:
                raise file_in_use(str(self._path), SecretFileRefused)
            secrets = self._read()
            yield secrets
            write_secret_file(self._path, json.dumps(secrets, indent=1) + "\n")
