"""A folder into which another program puts tables: which files are taken, and where a file goes afterwards.

A file is imported first, and moved last, by one renaming. If the program is killed in between, the next run imports the
file again, which changes nothing, and moves it then. So no row is lost and none is reported twice.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

from apoa_client import file_lock, files
from apoa_client.app.table_import import ImportResult, RowFinding
from apoa_client.errors import ApoaError, Exit, SettingsProblem, UsageProblem
from apoa_client.messages import msg
from apoa_client.permissions import open_own_folder

DONE, REFUSED = "done", "refused"
"""The folders for imported and for refused files, inside the other program's folder."""
LEFT = "left"
"""Stands for the other program's folder itself, in which a file is left for the next run."""
SETTLED_S = 60.0
"""How long a file must be unchanged before it is taken: its writer may pause in the middle of a row."""

_LOCK_NAME = ".apoa-import.lock"
_UNFINISHED = (
    *(".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".opdownload", ".lock", "~"),
    *(".swp", ".bak"),
)
"""Ends of the names of files that browsers, copying programs and editors have not finished, or keep for themselves."""
_NEVER = frozenset({"desktop.ini", "thumbs.db"})


class TakenFile(NamedTuple):
    """What became of a file: it was moved to `DONE` or `REFUSED`, or left (`LEFT`)."""

    name: str
    where: str
    result: ImportResult | None = None
    error: ApoaError | None = None
    """Why the whole file was refused or left."""

    @property
    def implausible(self) -> list[RowFinding]:
        """The warnings of saved rows that a person should compare: no user has seen them."""
        return [each for each in self.result.warnings if each.code == "implausible"] if self.result is not None else []

    @property
    def exit_code(self) -> Exit:
        """The exit code that the file is a reason for."""
        if self.where == REFUSED:
            return Exit.DATA_REFUSED
        return Exit.DONE if self.error is None else self.error.exit_code


class ImportFolder:
    """The files of one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[str, os.stat_result] = {}

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the folder, so that no other process takes a file from it; the value is whether it is held.

        Makes the folders for imported and refused files, and removes what a killed process left half written. Raises
        `UsageProblem` if there is no folder, or as `own`.
        """
        if not self.folder.is_dir():
            raise UsageProblem(
                msg("There is no folder {path}.", path=str(self.folder)),
                msg("Make the folder first, and let the booking system put its files there."),
            )
        self.check()
        with ExitStack() as lock:
            try:
                is_held = lock.enter_context(file_lock.exclusive(self.folder / _LOCK_NAME))
                for draft in files.drafts_in(self.folder / REFUSED) if is_held else ():
                    files.remove_draft(draft)
            except OSError:
                raise self._unwritable() from None
            yield is_held

    def check(self) -> None:
        """Make the folders for imported and refused files, and raise `SettingsProblem` as `own` does."""
        for name in (DONE, REFUSED):
            with self.own(name):
                pass

    @contextmanager
    def own(self, name: str) -> Iterator[int | None]:
        """Open one of these two folders, and make it if a user removed it. The value is as of `open_own_folder`.

        Raises `SettingsProblem` if it cannot be used, or if it is a link or another user can change it: a program that
        may put files into the folder would decide where this user writes.
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

    def waiting(self, now: datetime) -> tuple[list[Path], list[Path]]:
        """Return the files that can be taken, the oldest first, and those that were changed a moment ago.

        Raises `SettingsProblem` if the folder cannot be read.
        """
        try:
            found = {path: state for path in self.folder.iterdir() if (state := file_state(path)) is not None}
        except OSError:
            raise self._unwritable() from None
        self._seen = {path.name: state for path, state in found.items()}
        paths = sorted(found, key=lambda path: (found[path].st_mtime_ns, path.name))
        # A time far ahead is that of another computer's clock, and says nothing about what is written now.
        recent = [path for path in paths if abs(now.timestamp() - found[path].st_mtime) < SETTLED_S]
        return [path for path in paths if path not in recent], recent

    def is_as_seen(self, path: Path) -> bool:
        """Return whether the file is still there, and as `waiting` found it."""
        seen, state = self._seen.get(path.name), file_state(path)
        return seen is not None and state is not None and file_facts(seen) == file_facts(state)

    def target(self, path: Path, folder: str) -> Path:
        """Return where a file goes in `folder`: its own name, with a number if another file has it there."""
        stems = (f"{path.stem}{f'-{number}' if number > 1 else ''}" for number in count(1))
        targets = (self.folder / folder / f"{stem}{path.suffix}" for stem in stems)
        return next(each for each in targets if not os.path.lexists(each))

    def move(self, path: Path, target: Path) -> bool:
        """Move a file, if it is as `waiting` found it. Return whether it was. Raises `OSError`, or as `own`."""
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


def file_state(path: Path) -> os.stat_result | None:
    """Return the state of a file; None for what is no file to import."""
    name = path.name.lower()
    if name.startswith((".", "~")) or name.endswith(_UNFINISHED) or name in _NEVER:
        return None
    found = None
    with suppress(OSError):  # it has just gone, or its name is too strange for the system
        found = files.state_if_exists(path)
    return found if found is not None and stat.S_ISREG(found.st_mode) else None


def file_facts(state: os.stat_result) -> tuple[int, ...]:
    """Return what changes with a file."""
    return state.st_ino, state.st_size, state.st_mtime_ns
