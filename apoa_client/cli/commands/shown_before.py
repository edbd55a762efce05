"""What automatic runs have printed. Cron mails all that a run prints, so a lasting problem is not printed each time.

It is kept in a file beside the log, because damage of the outbox is one of the problems. Codes and times only.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from apoa_client.cli.commands.deadline_notice import is_repeated
from apoa_client.files import read_regular, write_private


class ShownBefore:
    """Shows each problem once, and again after some hours. `show` is an `outcome.Show`.

    A file that cannot be read or written is no failure: then the problem is shown at each run.
    """

    def __init__(self, file: Path | None, now: datetime) -> None:
        self._file = file
        self._now = now
        self._stored = _read(file)
        self._times = {code: at for code, at in self._stored.items() if is_repeated(at, now)}

    def show(self, code: str, show: Callable[[], object]) -> None:
        """Show this unless it was shown within the last hours."""
        if code not in self._times:
            show()
            self._times[code] = self._now

    def forget(self, kind: str) -> None:
        """Forget what was shown with codes of this kind (``kind:...``): if it happens again, it is shown at once."""
        self._times = {code: at for code, at in self._times.items() if not code.startswith(f"{kind}:")}

    def save(self) -> None:
        """Store it for the next run."""
        if self._file is None or self._times == self._stored:
            return
        value = {code: at.timestamp() for code, at in self._times.items()}
        try:
            write_private(self._file, json.dumps(value).encode())
        except OSError:
            return
        self._stored = dict(self._times)


def _read(file: Path | None) -> dict[str, datetime]:
    try:
        value = {} if file is None else json.loads(read_regular(file))
        return {str(code): datetime.fromtimestamp(at, UTC) for code, at in value.items()}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError):
        return {}
