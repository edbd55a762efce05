"""The bytes of a file that is read several times, from a path or from memory."""

import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from apoa_client.errors import ApoaError, file_in_use, file_unreadable
from apoa_client.files import FileInUse, wait_while_in_use
from apoa_client.messages import msg
from apoa_client.tables.errors import TableRefused
from apoa_client.tables.time_limit import TimeLimit

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD_BYTES = 65_536
_BUFFER = 1 << 16
MAX_BYTES = 512 * 1024 * 1024


class _File(io.FileIO):
    """A file whose errors of reading are `TableRefused`: its disk was unplugged, or is damaged."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        """As the base class, but for the errors."""
        try:
            return super().readinto(buffer)
        except OSError as exc:
            raise _unreadable(self._path, exc) from None


class Content:
    """The content of a file. Each `open` starts at its beginning. `time` is the limit of the time to read it.

    Raises `TableRefused` for a file that is missing, empty, too large, a folder, or a pipe, and a file that changes
    between two readings; `StorageProblem` for one that another program has locked.
    """

    def __init__(self, source: Path | bytes) -> None:
        self.time = TimeLimit()
        self._source = source
        self._state = _state(source)
        if self.size > MAX_BYTES:
            raise TableRefused(
                msg("The file is too large: over {limit} MB.", limit=MAX_BYTES // 1024**2),
                msg("Nothing was saved. Split it into several files."),
                name="table_too_large",
            )
        with self.open() as file:
            self.head = file.read(HEAD_BYTES)
        if not self.head.strip():
            raise TableRefused(
                msg("The file is empty."), msg("Export it again, or choose another file."), name="table_empty"
            )

    def __repr__(self) -> str:
        """Return a text without personal data."""
        return "Content(…)"

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self._state[0]

    def open(self) -> BinaryIO:
        """Return a new file object of the bytes. Raises as the class says."""
        if isinstance(self._source, bytes):
            return io.BytesIO(self._source)
        path = self._source
        try:
            file = wait_while_in_use(path, lambda: _File(path))
        except FileInUse:
            raise file_in_use(str(path)) from None
        except OSError as exc:
            raise _unreadable(path, exc) from None
        if _facts(os.fstat(file.fileno())) != self._state:
            file.close()
            raise TableRefused(
                msg("The file changed while it was read."),
                msg("Nothing was saved. Wait until it is complete, then run the command again."),
                name="table_changed",
            )
        return io.BufferedReader(file, _BUFFER)


def _state(source: Path | bytes) -> tuple[int, ...]:
    if isinstance(source, bytes):
        return (len(source),)
    try:
        state = source.stat()
    except OSError as exc:
        raise _unreadable(source, exc) from None
    if not stat.S_ISREG(state.st_mode):  # opening a pipe without a writer would block
        raise TableRefused(
            msg("{path} is a folder, a pipe or a device, not a file.", path=str(source)),
            msg("Name the file itself."),
            name="not_a_file",
        )
    return _facts(state)


def _facts(state: os.stat_result) -> tuple[int, ...]:
    return (state.st_size, state.st_mtime_ns)


def _unreadable(path: Path, exc: OSError) -> ApoaError:
    if isinstance(exc, FileNotFoundError):
        return TableRefused(
            msg("There is no file {path}.", path=str(path)),
            msg("Check the name, and the folder of the file."),
            name="table_unreadable",
        )
    return file_unreadable(str(path), exc, TableRefused, name="table_unreadable")
