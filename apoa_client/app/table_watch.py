"""A folder into which another program puts tables: which files are whole, and where a file goes afterwards.

A file is imported first, and moved last, by one renaming. If the program is killed in between, the file is imported
again at the next start, which changes nothing, and is moved then. So no row is lost and none is reported twice.
"""

import errno
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import NamedTuple

from apoa_client import file_lock, files
from apoa_client.errors import SettingsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.permissions import open_own_folder

DONE, REFUSED = "done", "refused"
"""The folders for imported and for refused files, inside the watched one."""
SETTLED_S = 5.0
"""How long a file must be unchanged before it is whole."""
CUT_OFF_S = 60.0
"""The same for a file that ends in the middle of a line or of an archive: its writer may have paused."""
RETRY_S = 60.0
"""How long a file that could not be imported, for a reason outside it, is left alone."""

_LOCK_NAME = ".apoa-import.lock"
_UNFINISHED = (
    *(".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".opdownload", ".lock", "~"),
    *(".swp", ".bak"),
)
"""Ends of the names of files that browsers, copying programs and editors have not finished, or keep for themselves."""
_NEVER = frozenset({"desktop.ini", "thumbs.db"})
_TAIL = 4
_ENDS = (b"\n", b"\r", b"}", b"]")
"""How a complete text ends; a JSON document has no line break after it."""


class _Seen(NamedTuple):
    """A file as it was at the last look, since when it is unchanged, and when it is tried."""

    state: tuple[int, ...]
    since: float
    retry_at: float = 0.0


class WatchedFolder:
    """The files of one folder. `monotonic` returns the seconds of a clock that only goes forward."""

    def __init__(self, folder: Path, monotonic: Callable[[], float]) -> None:
        self.folder = folder
        self._monotonic = monotonic
        self._seen: dict[str, _Seen] = {}

    def prepare(self) -> None:
        """Make the folders for imported and refused files, and remove what a killed process left half written.

        Raises `UsageProblem` or `SettingsProblem`.
        """
        if not self.folder.is_dir():
            raise UsageProblem(
                msg("There is no folder {path}.", path=str(self.folder)),
                msg("Make the folder first, and let the booking system put its files there."),
            )
        self.check()
        try:
            with self.lock() as is_held:
                for draft in files.drafts_in(self.folder / REFUSED) if is_held else ():
                    files.remove_draft(draft)
        except OSError:
            raise self._unwritable() from None

    def check(self) -> None:
        """Make the folders for imported and refused files, and raise `SettingsProblem` as `own` does."""
        for name in (DONE, REFUSED):
            with self.own(name):
                pass

    @contextmanager
    def own(self, name: str) -> Iterator[int | None]:
        """Open one of these two folders, and make it if a user removed it. The value is as of `open_own_folder`.

        Raises `SettingsProblem` if it cannot be used, or if it is a link or another user can change it: a program that
        may put files into the watched folder would decide where this user writes.
        """
        try:
            files.make_private_folder(self.folder / name)
            descriptor = open_own_folder(self.folder / name)
        except OSError:
            raise self._unwritable() from None
        try:
            yield descriptor
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _unwritable(self) -> SettingsProblem:
        return SettingsProblem(
            msg("The folder {path} cannot be changed.", path=str(self.folder)),
            msg("Files are moved out of it when they are imported. Let this user write in it."),
            name="folder_unwritable",
        )

    def whole_files(self) -> list[Path]:
        """Look at the folder, and return the files that are whole, the oldest first. Raises `OSError`."""
        now = self._monotonic()
        found = {path.name: state for path in self.folder.iterdir() if (state := _state(path)) is not None}
        seen = {}
        for name, state in found.items():
            before = self._seen.get(name)
            seen[name] = before if before is not None and before.state == state else _Seen(state, now)
        self._seen = seen
        whole = [name for name, each in seen.items() if self._is_whole(name, each, now)]
        return [self.folder / name for name in sorted(whole, key=lambda name: (_modified(seen[name]), name))]

    def _is_whole(self, name: str, seen: _Seen, now: float) -> bool:
        unchanged = now - seen.since
        if not _size(seen) or unchanged < SETTLED_S or now < seen.retry_at:
            return False
        return unchanged >= CUT_OFF_S or _looks_whole(self.folder / name)

    def lock(self) -> AbstractContextManager[bool]:
        """Hold the folder, so that no other process takes a file from it; the value is whether it is held."""
        return file_lock.exclusive(self.folder / _LOCK_NAME)

    def is_as_seen(self, path: Path) -> bool:
        """Return whether the file is still there, and as it was at the last look."""
        seen = self._seen.get(path.name)
        return seen is not None and seen.state == _state(path)

    def leave(self, path: Path) -> None:
        """Leave a file where it is, and do not return it for some time unless it is changed."""
        seen = self._seen.get(path.name)
        if seen is not None:
            self._seen[path.name] = seen._replace(retry_at=self._monotonic() + RETRY_S)

    def target(self, path: Path, folder: str) -> Path:
        """Return where a file goes in `folder`: its own name, with a number if another file has it there.

        Among refused files it may have no other one's name with another ending: both would have the same name for the
        copy of their refused rows.
        """
        stems = (f"{path.stem}{f'-{number}' if number > 1 else ''}" for number in count(1))
        if folder == REFUSED:
            with suppress(OSError):  # there is no such folder any more: it is made when a file is moved
                taken = {each.stem.casefold() for each in (self.folder / REFUSED).iterdir()}
                stems = (stem for stem in stems if stem.casefold() not in taken)
        targets = (self.folder / folder / f"{stem}{path.suffix}" for stem in stems)
        return next(each for each in targets if not os.path.lexists(each))

    def move(self, path: Path, target: Path) -> bool:
        """Move a file, if it is as it was at the last look. Return whether it was. Raises `OSError`, or as `own`."""
        if not self.is_as_seen(path):
            return False
        with self.own(target.parent.name) as folder:
            files.replace_file(path, target, folder)
        for each in (target.parent, self.folder):
            files.sync_folder(each)
        return True


def reason_file(target: Path) -> Path:
    """Return the file beside a refused one that says why it was refused."""
    return target.with_name(f"{target.name}.reason.txt")


def _state(path: Path) -> tuple[int, ...] | None:
    """Return what changes with a file; None for what is no file to import."""
    name = path.name.lower()
    if name.startswith((".", "~")) or name.endswith(_UNFINISHED) or name in _NEVER:
        return None
    found = None
    with suppress(OSError):  # it has just gone, or its name is too strange for the system
        found = files.state_if_exists(path)
    if found is None or not stat.S_ISREG(found.st_mode):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _size(seen: _Seen) -> int:
    return seen.state[1]


def _modified(seen: _Seen) -> int:
    return seen.state[2]


def _looks_whole(path: Path) -> bool:
    """Return whether an archive has its end, and a text ends with a line. False for a file that cannot be opened."""
    try:
        with path.open("rb") as file:
            if file.read(2) == b"PK":
                return zipfile.is_zipfile(file)
            file.seek(-min(_TAIL, file.seek(0, os.SEEK_END)), os.SEEK_END)
            return file.read().strip(b"\0").endswith(_ENDS)
    except OSError as exc:
        if exc.errno in {errno.EACCES, errno.EPERM, errno.ENOENT}:
            return False
        raise
