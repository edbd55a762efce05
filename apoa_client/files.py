"""Files that only their owner may read, made and replaced so that a power cut leaves the old one or the new one.

The settings, the key file and the databases hold what a passer-by must not see. Modes are set when a file is made, not
after: no umask widens them, and no moment passes in which others could open it.
"""

import os
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600

_ABANDONED_S = 60
"""Nobody pauses so long in a file: one that was not written to since is a dead process's."""

_ON_WINDOWS = os.name == "nt"
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def make_private_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it, for the owner alone, durably. Raises `OSError`."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(FOLDER_MODE)
    sync_folder(folder.parent)


def create_private(path: Path) -> int:
    """Make a new, empty file for the owner alone; its open descriptor. Raises `FileExistsError`, `OSError`."""
    descriptor = os.open(path, _NEW_FILE, FILE_MODE)
    if not _ON_WINDOWS:
        os.fchmod(descriptor, FILE_MODE)  # a umask may have taken the owner's own rights
    return descriptor


def write_private(path: Path, content: bytes) -> None:
    """Put `content` in place of what `path` held, whole and durably. Raises `OSError`, and then `path` is as it was.

    The new file is written beside the old one and takes its name (rename(2), or MoveFileEx on Windows). What a killed
    process left of such a file is removed a minute later, by whoever writes next: a secret may be in it.
    """
    make_private_folder(path.parent)
    draft = temporary_beside(path)
    try:
        with os.fdopen(create_private(draft), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        remove_abandoned(path, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def remove_abandoned(path: Path, draft: Path) -> None:
    """Remove other drafts of `path` that are older than this one, and so nobody's any more."""
    now = draft.stat().st_mtime
    for left in path.parent.glob(f".{path.name}.*.new"):
        with suppress(OSError):
            if left.lstat().st_mtime < now - _ABANDONED_S:
                left.unlink()


def temporary_beside(path: Path) -> Path:
    """A name beside `path` that nobody else has, for a file that is not finished."""
    return path.with_name(f".{path.name}.{os.urandom(8).hex()}.new")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Windows' file systems do that themselves, and open no folder."""
    if _ON_WINDOWS:
        return
    _sync(folder, os.O_RDONLY)


def sync_file(path: Path) -> None:
    """Make what was written to a file durable, by whomever. Raises `OSError`."""
    _sync(path, os.O_RDWR)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
