"""The log: ids and classes of errors, to stderr or to a file. No module writes personal data into it."""

import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from apoa_client.cli.terminal.output import sanitize
from apoa_client.errors import SettingsProblem
from apoa_client.file_lock import exclusive
from apoa_client.files import FILE_MODE, make_private_folder
from apoa_client.messages import Message, msg
from apoa_client.permissions import find_fault

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)

_OUR_LOG = "apoa_client"
"""The name of the log of this program's own messages."""

_MAX_BYTES = 1_000_000
_OLDER_FILES = 4
"""How many older files there are beside the one that is written: at most 5 MB in all."""

_LOCK_WAIT_S = 0.1 if os.name == "nt" else 0.0
"""Windows cannot append without the lock. A process that was stopped while it wrote must stop no other."""


def _open_private(path: str) -> int:
    """Open a private file for appending. Raises `OSError`.

    A link is not followed: another user may have put it there. For a reader of a pipe it does not wait.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(path, flags, FILE_MODE)


class _LogFile(logging.FileHandler):
    """Appends to a private file."""

    def _open(self) -> TextIOWrapper:
        return os.fdopen(_open_private(self.baseFilename), "a", encoding=self.encoding)


class _OneLine(logging.Formatter):
    """Makes one line that controls no terminal: an id may come from a file that others have changed."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return sanitize(super().format(record))


class _RotatingLog(_LogFile, RotatingFileHandler):
    """Appends to a private file, and renames it when it is full. Several processes may do so at the same time.

    The file is open only while a line is written: on Windows an open file cannot be renamed. A file that cannot be
    renamed or written now is no failure.
    """

    _locked = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        with self._lock() as self._locked:
            super().emit(record)
            self._close()

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, N802  logging's names
        """Return whether the file is full, and no other process can be renaming it."""
        try:
            return self._locked and os.lstat(self.baseFilename).st_size >= self.maxBytes
        except OSError:
            return False

    def doRollover(self) -> None:  # noqa: N802  logging's name
        """Rename the file."""
        with suppress(OSError):
            super().doRollover()

    @contextmanager
    def _lock(self) -> Iterator[bool]:
        """Hold the lock beside the file, and yield whether it is held."""
        with ExitStack() as stack:
            is_held = False
            with suppress(OSError):
                is_held = stack.enter_context(exclusive(Path(f"{self.baseFilename}.lock"), _LOCK_WAIT_S))
            yield is_held

    def _close(self) -> None:
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()


def start_logging(verbosity: int, name: str | None) -> None:
    """Log this program's own messages; those of libraries may hold personal data. Raises `SettingsProblem`."""
    handler: logging.Handler = logging.StreamHandler()
    if name is not None:
        path = Path(name)
        if path.is_symlink():
            raise _unwritable(path, msg("it is a link to another file"))
        try:
            handler = _LogFile(path, encoding="utf-8")
        except OSError as exc:
            raise _unwritable(path, exc.strerror or "") from None
    _add(handler, _LEVELS[min(max(verbosity, 1), len(_LEVELS) - 1)])


def start_rotating_log(path: Path) -> bool:
    """Log this program's own messages to a file that stays small. Return whether that is possible.

    Done again for the same file, it changes nothing. It is not possible where the file or its folder cannot be made,
    or may be changed by others: nothing else depends on it.
    """
    handlers = logging.getLogger(_OUR_LOG).handlers
    if any(isinstance(each, _RotatingLog) and each.baseFilename == str(path) for each in handlers):
        return True
    try:
        make_private_folder(path.parent)
        if find_fault(path, own_levels=2) is not None:
            return False
        os.close(_open_private(str(path)))
    except OSError:
        return False
    handler = _RotatingLog(
        path, maxBytes=_MAX_BYTES, backupCount=_OLDER_FILES, encoding="utf-8", delay=True, errors="replace"
    )
    _add(handler, logging.INFO)
    return True


def _add(handler: logging.Handler, level: int) -> None:
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.raiseExceptions = False  # a log that cannot be written prints no traceback
    log = logging.getLogger(_OUR_LOG)
    log.setLevel(level)
    log.addHandler(handler)
    log.propagate = False


def _unwritable(path: Path, reason: str | Message) -> SettingsProblem:
    return SettingsProblem(
        msg("The log file {path} cannot be written: {reason}.", path=str(path), reason=reason),
        msg("Choose another file, or leave --log-file out."),
    )
