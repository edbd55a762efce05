"""The log: ids and classes of errors, to stderr or to a file. No module writes personal data into it."""

import logging
from pathlib import Path

from apoa_client.errors import SettingsProblem
from apoa_client.files import FILE_MODE
from apoa_client.messages import msg

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


def start_logging(verbosity: int, name: str | None) -> None:
    """Log this program's own messages; those of libraries may hold personal data. Raises `SettingsProblem`."""
    handler: logging.Handler = logging.StreamHandler()
    if name is not None:
        path = Path(name)
        try:
            path.touch(mode=FILE_MODE, exist_ok=True)
            handler = logging.FileHandler(path, encoding="utf-8")
        except OSError as exc:
            raise SettingsProblem(
                msg("The log file {path} cannot be written: {reason}.", path=str(path), reason=exc.strerror or ""),
                msg("Choose another file, or leave --log-file out."),
            ) from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    log = logging.getLogger("apoa_client")
    log.setLevel(_LEVELS[min(max(verbosity, 1), len(_LEVELS) - 1)])
    log.addHandler(handler)
    log.propagate = False
