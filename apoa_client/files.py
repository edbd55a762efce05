"""Private files, created and replaced so that a power cut leaves either the old or the new content.

The settings, the key file and the databases are readable by their owner only. The mode, on Windows the access list, is
set when a file is created, not after: no umask widens it, and there is no moment at which others could open the file.
"""

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TypeVar

if sys.platform == "win32":
    from apoa_client import windows_access

FOLDER_MODE = 0o700
FILE_MODE = 0o600

_ABANDONED_S = 60
"""A temporary file that was not written to for so long belongs to a process that died."""
_ABANDONED_BY_ANY_S = 60 * 60
"""The same where the file may be any: a large backup is only read for minutes while it is checked."""

_DRAFT = ".new"
_TOKEN_BYTES = 8
LOCK_ENDING = ".lock"
"""What the lock of the process that fills a temporary folder adds to the name of the file inside."""
SQLITE_ENDINGS = ("", "-wal", "-shm", "-journal")
"""What SQLite adds to the name of a database for the files beside it."""

_LEADS_ELSEWHERE = 0x20000000
"""The bit that symbolic links and junctions of Windows have in their tag, and files kept in a cloud do not."""

_Result = TypeVar("_Result")

_ON_WINDOWS = os.name == "nt"
_ATTEMPTS = 200
_PAUSE_S = 0.01
"""How often, and after which pause, a file is tried again that another program has open on Windows."""

_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class FileInUse(PermissionError):
    """On Windows: another program has the file open, and did not close it while this one waited.

    It may also be that this user may not use the file: Windows' C library reports both alike.
    """


def wait_while_in_use(path: Path, action: Callable[[], _Result]) -> _Result:
    """Do `action` with the file at `path`. On Windows, try again for some seconds while another program has it open.

    A virus scanner reads each new file, and a file that is open is neither replaced nor, for some programs, read there.
    Raises `FileInUse`, and what `action` raises.
    """
    attempts = _ATTEMPTS if _ON_WINDOWS else 0
    while True:
        try:
            return action()
        except PermissionError as exc:
            if not _ON_WINDOWS or path.is_dir():
                raise
            if not attempts:
                raise FileInUse(errno.EACCES, "another program has the file open", str(path)) from exc
        attempts -= 1
        time.sleep(_PAUSE_S)


def replace_file(draft: Path, path: Path, folder: int | None = None) -> None:
    """Give the draft the name `path`, in place of the file that has it. Raises `FileInUse` or another `OSError`.

    With the descriptor of the open `folder`, it goes there, wherever the path leads by now.
    """
    if folder is None:
        wait_while_in_use(path, lambda: draft.replace(path))
    else:
        os.replace(draft, path.name, dst_dir_fd=folder)


def make_private_folder(folder: Path) -> None:
    """Create `folder` and its missing parents, for the owner only, durably. Raises `OSError`."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    with suppress(FileExistsError):
        _make_folder(folder)
    sync_folder(folder.parent)


def _make_folder(folder: Path) -> None:
    if sys.platform == "win32":
        windows_access.make_private_folder(str(folder))
    else:
        folder.mkdir(FOLDER_MODE)
        folder.chmod(FOLDER_MODE)  # a umask may have removed the owner's own rights


def full_path(path: Path) -> Path:
    """Return the path from the root or the drive on; a relative one if the working directory was deleted.

    For pathlib, Windows' ``E:``, the working directory of that drive, is not a full path.
    """
    try:
        return Path(os.path.abspath(path)) if _ON_WINDOWS else path.absolute()  # noqa: PTH100  as above
    except FileNotFoundError:
        return path


def names_stream(path: PurePath) -> bool:
    """Return whether this path names, on Windows, a stream inside a file, as ``file:stream``, that no listing shows."""
    return _ON_WINDOWS and ":" in str(path)[len(path.drive) :]


def create_private(path: Path) -> int:
    """Create an empty file for the owner only. Returns its open descriptor. Raises `FileExistsError`, `OSError`."""
    if names_stream(path):
        raise OSError(errno.EINVAL, "a stream inside a file")
    if sys.platform == "win32":
        return windows_access.create_private_file(str(path))
    descriptor = os.open(path, _NEW_FILE, FILE_MODE)
    if not _ON_WINDOWS:
        os.fchmod(descriptor, FILE_MODE)  # a umask may have removed the owner's own rights
    return descriptor


def write_private(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Replace the content of `path` atomically and durably. Raises `OSError`, and then `path` is unchanged.

    Content in pieces is written as it comes; what the iterator raises passes, and `path` is unchanged, too.

    The new file is written beside the old one and takes its name (rename(2), or MoveFileEx on Windows). The temporary
    file of a killed process may contain a secret: the next write removes it if it is over a minute old.
    """
    make_private_folder(path.parent)
    draft = temporary_beside(path)
    try:
        with os.fdopen(create_private(draft), "wb") as file:
            file.writelines(_pieces(content))
            file.flush()
            os.fsync(file.fileno())
        remove_abandoned(draft, path)
        replace_file(draft, path)
    finally:
        remove_draft(draft)
    sync_folder(path.parent)


def write_private_unsynced(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Replace `path` by a file for the owner only, without waiting for the disk. Raises `OSError`.

    For many files that can be made again: waiting for each takes most of the time.
    """
    wait_while_in_use(path, lambda: path.unlink(missing_ok=True))
    with os.fdopen(create_private(path), "wb") as file:
        file.writelines(_pieces(content))


def _pieces(content: bytes | Iterable[bytes]) -> Iterable[bytes]:
    return [content] if isinstance(content, bytes) else content


def remove_abandoned(
    draft: Path, path: Path | None = None, is_running: Callable[[Path], bool | None] = lambda _draft: None
) -> None:
    """Remove the temporary files beside `draft` that dead processes left: files that were last written long before it.

    With `path`, its temporary files of a minute ago. Without it, those of any file of an hour ago, because each backup
    may have another name. `is_running` returns whether the process of a temporary file still runs; None is not known.
    """
    before = draft.stat().st_mtime - (_ABANDONED_BY_ANY_S if path is None else _ABANDONED_S)
    with suppress(OSError):  # a folder that cannot be listed, or a file that has just gone
        for left, files in drafts_in(draft.parent, path).items():
            inside = draft_inside(left)
            inner = (inside.with_name(inside.name + ending) for ending in SQLITE_ENDINGS)
            running = is_running(left)
            if running is None:
                running = max(file.lstat().st_mtime for file in (*files, *filter(os.path.lexists, inner))) >= before
            if not running:
                remove_draft(left)


def drafts_in(folder: Path, path: Path | None = None) -> dict[Path, list[Path]]:
    """Return the temporary files in a folder, of `path` or of any file, each with SQLite's files for it."""
    found: dict[Path, list[Path]] = {}
    for file in folder.iterdir():
        stem, _, ending = file.name.rpartition(_DRAFT)
        name, _, token = stem.removeprefix(".").rpartition(".")
        is_token = len(token) == 2 * _TOKEN_BYTES and set(token) <= set("0123456789abcdef")
        is_draft = ending in SQLITE_ENDINGS and stem == f".{name}.{token}" and is_token
        if is_draft and (path is None or name == path.name):
            found.setdefault(folder / f"{stem}{_DRAFT}", []).append(file)
    return found


def remove_draft(draft: Path) -> None:
    """Remove a temporary file, or a folder with one, and what SQLite may have left beside it."""
    for file in (draft_inside(draft), draft):
        for ending in (*SQLITE_ENDINGS, LOCK_ENDING):
            with suppress(OSError):
                file.with_name(file.name + ending).unlink()
    with suppress(OSError):
        draft.rmdir()


def make_draft_folder(path: Path) -> Path:
    """Make a temporary folder beside `path` for one file, `draft_inside`. Return the folder. Raises `OSError`.

    Where other users can write, they could replace a temporary file by a link while a library opens it by its name, or
    put a journal beside it that SQLite would apply. They can do neither in a folder of this user.
    """
    folder = temporary_beside(path)
    _make_folder(folder)
    return folder


def draft_inside(folder: Path) -> Path:
    """Return the path of the file in a temporary folder.

    No other file has its name: should a link take the folder's place, none is written or removed where it leads.
    """
    return folder / folder.name


def temporary_beside(path: Path) -> Path:
    """Return a unique path beside `path` for a file that is not complete yet."""
    return path.with_name(f".{path.name}.{os.urandom(_TOKEN_BYTES).hex()}{_DRAFT}")


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the file system can: network shares may not.

    Does nothing on Windows, whose file systems do that themselves.
    """
    if _ON_WINDOWS:
        return
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as exc:
        if exc.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise


def sync_file(path: Path) -> None:
    """Make the content of a file durable, whichever process wrote it. Raises `OSError`."""
    _sync(path, os.O_RDWR)


def state_if_exists(path: str | Path) -> os.stat_result | None:
    """Return the state of a file, or of a link itself; None if there is none. Raises another `OSError`.

    It is one call: where the existence is tested first, another process can remove the file before the second call.
    """
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def is_link(path: Path) -> bool:
    """Return whether there is a symbolic link or, on Windows, a junction, which pathlib takes for a folder."""
    try:
        state = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISLNK(state.st_mode) or bool(getattr(state, "st_reparse_tag", 0) & _LEADS_ELSEWHERE)


def read_regular(path: Path) -> bytes:
    """Return the content of a file. Raises `OSError`, also for a pipe or a device: reading one might never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return path.read_bytes()


def _sync(path: Path, flags: int) -> None:
    descriptor = wait_while_in_use(path, lambda: os.open(path, flags))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
