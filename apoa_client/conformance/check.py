"""A check: a function with an id, a title and the paragraph of the contract that it tests, and what it found.

The place of a paragraph in the OpenAPI document is a JSON pointer (RFC 6901), which stays the same when other parts of
the document change; the paragraph below it is found by its first words.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from apoa_client.authority.contract import contract
from apoa_client.conformance.exchange import Exchange
from apoa_client.conformance.samples import Samples
from apoa_client.conformance.server import Server
from apoa_client.messages import Message

_CHANGING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Za-z]*\d{4}[0-9A-Za-z]*")
"""Ids, numbers of receipts and times, which are others in each exchange."""


class Paragraph(NamedTuple):
    """A paragraph of a description in the contract. Without `start` it is the only one at that place.

    `rule` is a row of a table at that place, in words.
    """

    pointer: str
    start: str = ""
    rule: str = ""

    @property
    def text(self) -> str:
        """The words of the contract, on one line. Raises `LookupError` if the contract has no such paragraph."""
        if self.rule:
            return self.rule
        value: Any = contract()
        for step in self.pointer.split("/")[1:]:
            value = value[step.replace("~1", "/").replace("~0", "~")]
        for each in value.replace("\n- ", "\n\n").split("\n\n"):
            words = " ".join(each.removeprefix("- ").split())
            if words.startswith(self.start):
                return words
        raise LookupError(self.pointer)


UNAUTHORIZED = Paragraph("/components/responses/Unauthorized/description")
NOT_FOUND = Paragraph("/components/responses/NotFound/description")
TOO_LARGE = Paragraph("/components/responses/TooLarge/description")
CLOCK = Paragraph("/info/description", "Instants are RFC 3339")
RECEIPT = Paragraph("/components/schemas/Receipt/description")


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
