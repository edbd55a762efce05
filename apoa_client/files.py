"""Private files, created and replaced so that a power cut leaves either the old or the new content.

The settings, the key file and the databases are readable by their owner only. The mode is set when a file is created,
not after: no umask widens it, and there is no moment at which others could open the file.
"""

import os
from contextlib import suppress
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600

_ABANDONED_S = 60
"""A temporary file that was not written to for so long belongs to a process that died."""

_ON_WINDOWS = os.name == "nt"
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def make_private_folder(folder: Path) -> None:
    """Create `folder` and its missing parents, for the owner only, durably. Raises `OSError`."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(FOLDER_MODE)
    sync_folder(folder.parent)


def create_private(path: Path) -> int:
    """Create an empty file for the owner only. Returns its open descriptor. Raises `FileExistsError`, `OSError`."""
    descriptor = os.open(path, _NEW_FILE, FILE_MODE)
    if not _ON_WINDOWS:
        os.fchmod(descriptor, FILE_MODE)  # a umask may have removed the owner's own rights
    return descriptor


def write_private(path: Path, content: bytes) -> None:
    """Replace the content of `path` atomically and durably. Raises `OSError`, and then `path` is unchanged.

    The new file is written beside the old one and takes its name (rename(2), or MoveFileEx on Windows). The temporary
    file of a killed process may contain a secret: the next write removes it if it is over a minute old.
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
    """Remove the temporary files of `path` that dead processes left: those much older than `draft`."""
    now = draft.stat().st_mtime
    for left in path.parent.glob(f".{path.name}.*.new"):
        with suppress(OSError):
            if left.lstat().st_mtime < now - _ABANDONED_S:
                left.unlink()


def temporary_beside(path: Path) -> Path:
    """Return a unique path beside `path` for a file that is not complete yet."""
    return path.with_name(f".{path.name}.{os.urandom(8).hex()}.new")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable. Does nothing on Windows, whose file systems do that themselves."""
    if _ON_WINDOWS:
        return
    _sync(folder, os.O_RDONLY)


def sync_file(path: Path) -> None:
    """Make the content of a file durable, whichever process wrote it. Raises `OSError`."""
    _sync(path, os.O_RDWR)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
