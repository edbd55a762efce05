"""What a run without a user shows: which reports need a person, and each lasting problem once in some hours."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apoa_client.desk.attention import due_reports, refused_reports
from apoa_client.files import read_regular, write_private
from apoa_client.report.kinds import SOON

if TYPE_CHECKING:
    from apoa_client.outbox.sql.store import Outbox

REPEAT_AFTER = SOON
"""When the same is shown again."""


class Attention(NamedTuple):
    """The reports that a user must act on: how many are refused, overdue and due soon, and a code of which they are."""

    refused: int = 0
    overdue: int = 0
    due_soon: int = 0
    code: str = ""
    """A hash of ids: no personal data. Empty for no report."""


def find_attention(reports: "Outbox", now: datetime) -> Attention:
    """Return which reports a user must act on now."""
    counts, hashed = Counter[str](), hashlib.sha256()
    for kind, selection in (("refused", refused_reports()), ("due", due_reports(now + SOON))):
        for entry in reports.entries(selection):
            name = "overdue" if kind == "due" and entry.due_at is not None and entry.due_at < now else kind
            counts[name] += 1
            hashed.update(f"{name} {entry.id}\n".encode())
    code = hashed.hexdigest()[:16] if counts else ""
    return Attention(counts["refused"], counts["overdue"], counts["due"], code)


def is_repeated(shown_at: datetime | None, now: datetime) -> bool:
    """Return whether what was shown at `shown_at` is not shown again yet.

    A clock that was set back leaves that time in doubt.
    """
    return shown_at is not None and shown_at <= now < shown_at + REPEAT_AFTER


class ShownBefore:
    """Shows each problem once, and again after some hours. `show` is an `outcome.Show`.

    Cron mails all that a run prints, so a lasting problem is not printed each time. The file is beside the log, because
    damage of the outbox is one of the problems. If it cannot be read or written, the problem is shown at each run.
    """

    def __init__(self, file: Path | None, now: datetime) -> None:
        self._file = file
        self._now = now
        self._stored: dict[str, datetime] = {}
        with suppress(OSError, ValueError, TypeError, AttributeError, OverflowError):  # none, or damaged
            value = {} if file is None else json.loads(read_regular(file))
            self._stored = {str(code): datetime.fromtimestamp(at, UTC) for code, at in value.items()}
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
