"""Reads the settings: the user's config.toml, above the one that an administrator wrote for all users.

Reading uses the standard library only, because every command does it. `apoa_client.settings.writer` writes the user's
file and keeps the admin's comments.
"""

import errno
import stat
from pathlib import Path

from apoa_client.decoding import decode_text
from apoa_client.errors import SettingsProblem, file_in_use
from apoa_client.files import FileInUse, wait_while_in_use
from apoa_client.messages import msg
from apoa_client.permissions import check_permissions
from apoa_client.settings.config import Config
from apoa_client.settings.parsing import MAX_BYTES, invalid, parse, too_long


def load(path: Path) -> Config:
    """Read the settings file. Returns empty settings if there is no file.

    Raises `SettingsProblem`, which names the file and the place, also if another user can change the file.
    """
    check_permissions(path)
    text = read_text(path)
    return Config() if text is None else parse(text, path)


def read_text(path: Path) -> str | None:
    """Return the text of a settings file, or None if there is none. Raises `SettingsProblem` as `load` does."""
    try:
        content = wait_while_in_use(path, lambda: _read(path))
    except FileNotFoundError:
        return None
    except FileInUse:
        raise file_in_use(str(path)) from None
    except OSError as exc:
        raise SettingsProblem(
            msg("The settings file {path} cannot be read: {reason}.", path=str(path), reason=exc.strerror or ""),
            msg("Ask your IT admin to make the file readable for this user."),
        ) from None
    if len(content) > MAX_BYTES:
        raise too_long(path, MAX_BYTES)
    try:
        return decode_text(content)
    except UnicodeDecodeError as exc:
        raise invalid(path, str(exc)) from None


def _read(path: Path) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would wait for a writer
        raise OSError(errno.EINVAL, "not a file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
