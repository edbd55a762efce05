"""Who changes the outbox, and what its audit trail records."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple


class Actor(NamedTuple):
    """Who changes the outbox, and the clock, for its audit trail; each is called when an event is recorded."""

    who: Callable[[], str]
    """Returns the operating system's name of the user."""
    now: Callable[[], datetime]
    command: str = ""
    """The command that runs, without its options, for what other processes say about it."""


class AuditEvent(NamedTuple):
    """Something that was done, for the audit trail: codes and ids, no personal data, no text of a server."""

    action: str
    report: str | None = None
    detail: str | None = None
