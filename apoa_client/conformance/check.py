"""A check: a function with an id, a title and the paragraph of the contract that it tests, and what it found."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from apoa_client.conformance.exchange import Exchange
from apoa_client.conformance.paragraph import Paragraph
from apoa_client.conformance.samples import Samples
from apoa_client.conformance.server import Server
from apoa_client.messages import Message

_CHANGING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Za-z]*\d{4}[0-9A-Za-z]*")
"""Ids, numbers of receipts and times, which are others in each exchange."""


class Result(StrEnum):
    """The result of one check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check, with the exchanges that show it. `reason` is None for a check that passed.

    `same_as` is the id of the first check that failed for the same cause, or None.
    """

    id: str
    title: Message
    paragraph: Paragraph
    result: Result
    reason: Message | None = None
    exchanges: Sequence[Exchange] = ()
    same_as: str | None = None

    @property
    def chapter(self) -> str:
        """The first part of the id, such as "idempotency"."""
        return self.id.partition(".")[0]

    @property
    def cause(self) -> str:
        """What is equal for two checks that fail for one cause: the reason, and what was asked, without ids."""
        reason = "" if self.reason is None else self.reason.render()
        asked = self.exchanges[-1].request.line if self.exchanges else ""
        return _CHANGING.sub("#", f"{reason}\n{asked}")


@dataclass(frozen=True, slots=True)
class Context:
    """What a check works with. `now` is timezone-aware.

    `restart` returns when the server was restarted; it is None if nothing can restart it. `other` is the same server
    with the account of another property, or None.
    """

    server: Server
    samples: Samples
    now: Callable[[], datetime]
    restart: Callable[[], object] | None = None
    other: Server | None = None

    def check_in(self, guest: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return a good check-in. Its stay is cancelled at the end, because the server may have stored it."""
        report = self.samples.check_in(guest)
        self.server.expect_stays([report])
        return report


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `run` returns if the server passes, and raises `Failed` or `Skipped` otherwise."""

    id: str
    title: Message
    paragraph: Paragraph
    run: Callable[[Context], object]


def check(name: str, title: Message, paragraph: Paragraph) -> Callable[[Callable[[Context], None]], Check]:
    """Declare a function as the check `name`: its chapter and its own name, with a full stop between."""
    return lambda run: Check(name, title, paragraph, run)
