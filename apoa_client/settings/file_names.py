"""Which names the program gives to its files."""

import re
from pathlib import Path

from apoa_client.files import SQLITE_ENDINGS
from apoa_client.settings.folders import (
    CODES_NAME,
    CONFIG_NAME,
    KEYS_NAME,
    LOG_NAME,
    OUTBOX_NAME,
    SANDBOX_NAME,
    SHOWN_NAME,
    valid_name,
)


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
_LOG = re.compile(rf"{re.escape(LOG_NAME)}(\.\d+)?", re.ASCII)


def is_log(name: str) -> bool:
    """Return whether a file of this name in the folder of the logs is the log, or an older part of it."""
    return _LOG.fullmatch(name) is not None


def belongs_to_log(name: str) -> bool:
    """Return whether a file of this name there is the log or its lock, or says what was shown."""
    if is_log(name) or name in {f"{LOG_NAME}.lock", SHOWN_NAME}:
        return True
    ending = f".{SHOWN_NAME}"
    return name.endswith(ending) and valid_name(name.removesuffix(ending))


def is_own(name: str) -> bool:
    """Return whether the program gives this name to a file, in whichever of its folders."""
    return name in _OF_A_FOLDER or belongs_to_log(name)
