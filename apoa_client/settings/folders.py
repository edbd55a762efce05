"""Paths and names of the program's files, below ``APOA_HOME`` or in the platform's folders, and the user who runs it.

A property's folder has its name, so the names are those that a folder can have on every platform.
"""

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.files import SQLITE_ENDINGS
from apoa_client.messages import Message, msg

CONFIG_NAME = "config.toml"
OUTBOX_NAME = "outbox.db"
"""A property's queue and history. What lies beside it, such as a moved one, has the same stem."""
SANDBOX_NAME = "sandbox.db"
KEYS_NAME = "keys.json"
CODES_NAME = "codes.json"
"""The code tables of a property's authority, as they were last fetched."""
LOG_NAME = "sync.log"
"""The log of automatic sending, for all properties of the home; older ones have a number behind."""
SHOWN_NAME = "shown.json"
"""What automatic sending printed, so that it does not print it again; before the name a property's and a dot."""
PRACTICE_NAME = "_practice"
"""The folder of the practice properties: a home of its own. No property can have this name."""
_PROGRAM = "apoa-client"


class Folders(NamedTuple):
    """The folder of config.toml, the folder that contains one folder for each property, and the folder of the logs."""

    settings: Path
    data: Path
    logs: Path

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.settings / CONFIG_NAME

    @property
    def practice(self) -> Path:
        """The practice home."""
        return self.data / PRACTICE_NAME

    @property
    def are_of_practice(self) -> bool:
        """Whether these folders are those of the practice home."""
        return self.data.name == PRACTICE_NAME

    def outbox(self, property_name: str) -> Path:
        """Return the path of a property's queue and history."""
        return self.data / property_name / OUTBOX_NAME

    def sandbox(self, property_name: str) -> Path:
        """Return the path of the training authority's storage for a property."""
        return self.data / property_name / SANDBOX_NAME

    def codes(self, property_name: str) -> Path:
        """Return the path of the code tables of a property's authority."""
        return self.data / property_name / CODES_NAME

    def keys(self, property_name: str) -> Path:
        """Return the path of a property's key file, which is used with ``vault = "file"``."""
        return self.data / property_name / KEYS_NAME


def find_folders(environ: Mapping[str, str]) -> Folders:
    """Return ``APOA_HOME`` and its folder ``logs`` if it is set, else the platform's folders.

    Raises `SettingsProblem` unless the path is absolute: below the working directory, which cron and another window do
    not share, the files would not be found again, or those of another user would be.
    """
    home = environ.get("APOA_HOME")
    if home:
        path = _absolute(Path(home), msg("APOA_HOME is not the full path of a folder: {path}", path=repr(home)))
        return Folders(path, path, path / "logs")
    # Imported here: with APOA_HOME, as in cron and in the tests, it is not needed.
    from platformdirs import user_config_path, user_data_path, user_log_path

    problem = msg("This user has no home folder on this computer.")
    try:
        paths = [find(_PROGRAM, appauthor=False) for find in (user_config_path, user_data_path, user_log_path)]
    except RuntimeError:  # as in a container, with a number in place of a user and no HOME
        raise _not_absolute(problem) from None
    return Folders(*(_absolute(path, problem) for path in paths))


def _absolute(path: Path, problem: Message) -> Path:
    """Return the path, with the home folder of the user that a tilde names. Raises `SettingsProblem` if it is none."""
    with suppress(RuntimeError):  # there is no such user, or the user has no home folder
        path = path.expanduser()
    if path.is_absolute():
        return path
    raise _not_absolute(problem)


def _not_absolute(problem: Message) -> SettingsProblem:
    advice = msg("Give the full path of a folder of this user, from the root or the drive on, in APOA_HOME.")
    return SettingsProblem(problem, advice, name="home_not_absolute")


NAME_FORM = msg("a short name of a-z, 0-9, - and _ that Windows does not keep for a device")
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_REST = _FIRST | {"_", "-"}
_MAX_LENGTH = 32
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})


def is_device(name: str) -> bool:
    """Return whether Windows keeps this name for a device, so that no folder can have it."""
    return name.casefold() in _DEVICES


def valid_name(name: str) -> bool:
    """Return whether a property may have this name, which is also a folder's name on every platform."""
    fits = 0 < len(name) <= _MAX_LENGTH and name[0] in _FIRST and _REST.issuperset(name)
    return fits and not is_device(name)


def check_name(name: str) -> None:
    """Raise `UsageProblem` unless `name` is a valid one for a property."""
    advice = msg("Give one with --property, such as: --property melati")
    if is_device(name):
        raise UsageProblem(
            msg("Windows keeps the name {name} for a device: no property can have it.", name=name), advice
        )
    if not valid_name(name):
        raise UsageProblem(
            msg("A property needs a short name of a-z, 0-9, - and _: {name} is not one.", name=repr(name)),
            advice,
        )


def user_name() -> str:
    """Return the user's name; ``uid N`` for a user without a name, as in a container; ``-`` for a Windows service.

    It is read from the operating system, not from the environment, which any user can set to a colleague's name.
    """
    try:
        import pwd
    except ImportError:  # Windows
        try:
            return os.getlogin()
        except OSError:
            return "-"
    number = os.geteuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except (KeyError, OSError):
        return f"uid {number}"
    return name.encode(errors="replace").decode()  # a name that is not UTF-8 cannot be stored


def user_id() -> int | None:
    """Return the user's number, which is the name of the user's session folder on Linux; None on Windows."""
    return None if sys.platform == "win32" else os.geteuid()


def documents_folder() -> Path:
    """Return the folder of the user's documents, which OneDrive may have moved."""
    from platformdirs import user_documents_path

    return user_documents_path()


def account_home() -> Path | None:
    """Return the user's home folder; None for an account without one, as in a container."""
    with suppress(RuntimeError):
        return Path.home()
    return None


def _database(name: str) -> frozenset[str]:
    return frozenset(name + ending for ending in SQLITE_ENDINGS)


def _lock_of(name: str) -> str:
    return str(Path(name).with_suffix(".lock"))


OUTBOX_FILES = _database(OUTBOX_NAME)
SANDBOX_FILES = _database(SANDBOX_NAME)
LOCK_FILES = _database(_lock_of(OUTBOX_NAME)) | {f"{_lock_of(OUTBOX_NAME)}.json", _lock_of(KEYS_NAME)}
"""The lock of the key file; and what version 0.1 kept there: a lock of the process that sends, and which that was."""
CONFIG_FILES = frozenset({CONFIG_NAME, _lock_of(CONFIG_NAME)})

_OF_A_FOLDER = OUTBOX_FILES | SANDBOX_FILES | LOCK_FILES | CONFIG_FILES | {CODES_NAME, KEYS_NAME}


def is_log(name: str) -> bool:
    """Return whether a file of this name in the folder of the logs is the log, or an older part of it."""
    return re.fullmatch(rf"{re.escape(LOG_NAME)}(\.\d+)?", name, re.ASCII) is not None


def belongs_to_log(name: str) -> bool:
    """Return whether a file of this name there is the log or its lock, or says what was shown."""
    if is_log(name) or name in {f"{LOG_NAME}.lock", SHOWN_NAME}:
        return True
    ending = f".{SHOWN_NAME}"
    return name.endswith(ending) and valid_name(name.removesuffix(ending))


def is_own(name: str) -> bool:
    """Return whether the program gives this name to a file, in whichever of its folders."""
    return name in _OF_A_FOLDER or belongs_to_log(name)
