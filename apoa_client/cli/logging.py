"""The log: ids and classes of errors, to stderr or to a file. No module writes personal data into it."""

import logging
import os
from io import TextIOWrapper
from pathlib import Path

from apoa_client.errors import SettingsProblem
from apoa_client.files import FILE_MODE
from apoa_client.messages import Message, msg

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _LogFile(logging.FileHandler):
    """Appends to a private file. A link is not followed: another user may have put it there."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        return os.fdopen(os.open(self.baseFilename, flags, FILE_MODE), "a", encoding=self.encoding)


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
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.raiseExceptions = False  # a log that cannot be written prints no traceback
    log = logging.getLogger("apoa_client")
    log.setLevel(_LEVELS[min(max(verbosity, 1), len(_LEVELS) - 1)])
    log.addHandler(handler)
    log.propagate = False


def _unwritable(path: Path, reason: str | Message) -> SettingsProblem:
    return SettingsProblem(
        msg("The log file {path} cannot be written: {reason}.", path=str(path), reason=reason),
        msg("Choose another file, or leave --log-file out."),
    )
