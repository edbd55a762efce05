"""Bad disks and busy files: damaged pages, full and read-only disks, files that may not grow, and files in use.

No connection may be open when a page is damaged, so that the log is empty.
"""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from apoa_client import files

PAGE = 4096
INDEXES = (
    *("reports_short_id", "reports_stay", "reports_created", "reports_open", "reports_due", "reports_lease"),
    *(
        "reports_kept",
        "reports_nights",
        "reports_guest",
        "reports_uncoded",
        "reports_versions",
        "sqlite_autoindex_reports_1",
    ),
)
"""The indexes of the schema."""

needs_size_limit = pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit the size of files")


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond this many bytes."""
    import resource  # Windows has none, and skips these tests

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


may_mount = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts, and nothing else stops root from writing"
)


@contextmanager
def mounted(folder: Path, *commands: Sequence[str]) -> Iterator[Path]:
    """Make the folder and mount onto it, or skip where that is not allowed."""
    folder.mkdir(exist_ok=True)
    if any(subprocess.run([*command, folder], check=False).returncode for command in commands):
        pytest.skip("this user may not mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def small_disk(folder: Path, kib: int) -> AbstractContextManager[Path]:
    """A disk of this size in a folder of this name."""
    return mounted(folder, ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=700", "tmpfs"])


def read_only(folder: Path, place: Path) -> AbstractContextManager[Path]:
    """Show a folder at another place, or at its own, where it cannot be written."""
    return mounted(place, ["mount", "--bind", str(folder)], ["mount", "-o", "remount,ro,bind"])


def fill_disk(folder: Path) -> Path:
    """Write until nothing more fits. Returns the file that takes the space."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        file.writelines(repeat(bytes(4096)))
    return ballast


def root_of(path: Path, name: str) -> int:
    """Return the position of the first page of a table or an index."""
    with closing(sqlite3.connect(path)) as db:
        [page] = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [name]).fetchone()
    return int((page - 1) * PAGE)


def flip(path: Path, at: int, size: int) -> None:
    """Invert this many bytes. Done twice, the file is as before."""
    content = bytearray(path.read_bytes())
    content[at : at + size] = bytes(byte ^ 0xFF for byte in content[at : at + size])
    path.write_bytes(content)


def overwrite(path: Path, at: int, content: bytes) -> None:
    """Overwrite bytes."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def clear_index(path: Path, name: str) -> None:
    """Fill the first page of an index with zeros."""
    overwrite(path, root_of(path, name), bytes(PAGE))


def hide_from_queue(path: Path) -> None:
    """Change a row number in the index of open reports, so that it leads to no report. The index stays well formed.

    The last entry made, whose due time must be null, is the first one in the page.
    """
    at = root_of(path, "reports_open")
    page = path.read_bytes()[at : at + PAGE]
    behind_state = page.index(b"queued") + len(b"queued")
    overwrite(path, at + behind_state, bytes([page[behind_state] ^ 0x40]))


def leaf_of_reports(path: Path) -> int:
    """Return the position of a page that holds rows of the table of reports."""
    content = path.read_bytes()
    leaf, row = 13, b"check_in"  # https://sqlite.org/fileformat2.html: the type of a table's leaf page
    pages = ((at, content[at : at + PAGE]) for at in range(0, len(content), PAGE))
    return next(at for at, page in pages if page[0] == leaf and row in page and b"CREATE TABLE" not in page)


def manipulate(path: Path, statement: str, *values: object) -> None:
    """Change the database as only another program would: the constraints of its tables are ignored."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute(statement, values)


class Holder:
    """Another program that has a file open, so that it can neither be read nor replaced, for a number of pauses.

    On Windows it really has; elsewhere the calls fail as they do there.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path, pauses: int) -> None:
        self.path = path
        self.left = pauses
        self._handle = 0
        monkeypatch.setattr(time, "sleep", self._pause)
        if sys.platform == "win32":
            import _winapi

            unshared = 0
            self._handle = _winapi.CreateFile(str(path), _winapi.GENERIC_READ, unshared, 0, _winapi.OPEN_EXISTING, 0, 0)
            return
        monkeypatch.setattr(files, "_ON_WINDOWS", True)
        for owner, name, position in ((Path, "replace", 1), (Path, "unlink", 0), (Path, "open", 0), (os, "open", 0)):
            monkeypatch.setattr(owner, name, self._refuse(getattr(owner, name), position))

    def _refuse(self, call: Callable[..., Any], position: int) -> Callable[..., Any]:
        def refused(*arguments: Any, **options: Any) -> Any:
            if self.left and arguments[position] == self.path:
                raise PermissionError(13, "Permission denied")
            return call(*arguments, **options)

        return refused

    def _pause(self, seconds: float) -> None:
        assert 0 < seconds < 1
        self.left -= 1
        if not self.left:
            self.close()

    def close(self) -> None:
        if sys.platform == "win32":
            import _winapi

            if self._handle:
                _winapi.CloseHandle(self._handle)
        self._handle = self.left = 0


Hold = Callable[[Path, int], Holder]
"""Starts another program that has a file open for a number of pauses."""
