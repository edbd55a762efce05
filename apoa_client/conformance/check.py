"""A check: a function with an id, a title and the paragraph of the contract that it tests, and what it found.

The place of a paragraph in the OpenAPI document is a JSON pointer (RFC 6901), which stays the same when other parts of
the document change; the paragraph below it is found by its first words.
"""

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


class Paragraph(NamedTuple):
    """A paragraph of the contract. Without `start` it is the only one at that place."""

    pointer: str
    start: str = ""

    @property
    def text(self) -> str:
        """The words of the contract, on one line. Raises `LookupError` if the contract has no such paragraph."""
        value: Any = contract()
        for step in self.pointer.split("/")[1:]:
            value = value[step.replace("~1", "/").replace("~0", "~")]
        for each in str(value).replace("\n- ", "\n\n").split("\n\n"):
            words = " ".join(each.removeprefix("- ").split())
            if words.startswith(self.start):
                return words
        raise LookupError(self.pointer)


def _response(name: str) -> Paragraph:
    return Paragraph(f"/components/responses/{name}/description")


_INFO = "/info/description"
_POST = "/paths/~1reports/post/description"
_DAY = "/paths/~1receipts~1{day}/get/description"
_PHOTO = "/paths/~1reports~1{id}~1photo/put/description"

BODIES = Paragraph(_INFO, "Bodies are JSON")
INSTANTS = Paragraph(_INFO, "Instants are RFC 3339")
CLOSED = Paragraph(_INFO, "What a client sends is closed")
TOKEN = Paragraph("/paths/~1oauth~1token/post/description")
META = Paragraph("/paths/~1meta/get/description")
CODES = Paragraph("/paths/~1codes~1{table}/get/description")
ETAG = Paragraph("/components/headers/ETag/description")
NOT_MODIFIED = Paragraph("/paths/~1codes~1{table}/get/responses/304/description")
BAD_REQUEST = _response("BadRequest")
UNAUTHORIZED = _response("Unauthorized")
NOT_FOUND = _response("NotFound")
TOO_LARGE = _response("TooLarge")
RETRY_AFTER = Paragraph("/components/headers/RetryAfter/description")
ONE_RESULT_EACH = Paragraph(_POST, "One result for each report")
IN_ORDER = Paragraph(_POST, "Reports of one stay")
IDEMPOTENT = Paragraph(_POST, "Idempotent by id")
VALIDATION = Paragraph("/paths/~1reports~1validate/post/description")
RESULT = Paragraph("/paths/~1reports~1{id}/get/description")
ACCEPTED = Paragraph("/components/schemas/Accepted/description")
DUPLICATE = Paragraph("/components/schemas/Duplicate/description")
EVERY_VIOLATION = Paragraph("/components/schemas/Rejected/properties/errors/description")
GZIP = Paragraph("/components/requestBodies/Reports/description")
PARTIAL_DATE = Paragraph("/components/schemas/PartialDate/description")
STATE = Paragraph("/components/schemas/State/description")
ONE_NAME = Paragraph("/components/schemas/Guest/properties/surname/description")
AMEND = Paragraph("/components/schemas/Amend/description")
CANCEL = Paragraph("/components/schemas/Cancel/description")
RECEIPT = Paragraph("/components/schemas/Receipt/description")
RECEIPT_SHA256 = Paragraph("/components/schemas/Receipt/properties/sha256/description")
RECEIPT_CALL = Paragraph("/paths/~1reports~1{id}~1receipt/get/description")
DAILY_RECEIPT = Paragraph(_DAY, "Every receipt")
PHOTO_WANTED = Paragraph(_PHOTO, "The page with the guest's data")
PHOTO_SHA256 = Paragraph(_PHOTO, "The answer has the SHA-256")
PHOTO_AGAIN = Paragraph(_PHOTO, "Idempotent")
PHOTO_ERRORS = Paragraph(_PHOTO, "400: not a JPEG")


class Result(StrEnum):
    """The result of one check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check, with the exchanges that show it. `reason` is None for a check that passed."""

    id: str
    title: Message
    paragraph: Paragraph
    result: Result
    reason: Message | None = None
    exchanges: Sequence[Exchange] = ()

    @property
    def chapter(self) -> str:
        """The first part of the id, such as "idempotency"."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Context:
    """What a check works with. `now` is timezone-aware.

    `restart` returns when a person has restarted the server; it is None if the run is unattended.
    """

    server: Server
    samples: Samples
    now: Callable[[], datetime]
    restart: Callable[[], object] | None = None

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
    run: Callable[[Context], None]


def check(name: str, title: Message, paragraph: Paragraph) -> Callable[[Callable[[Context], None]], Check]:
    """Declare a function as the check `name`: its chapter and its own name, with a full stop between."""
    return lambda run: Check(name, title, paragraph, run)
