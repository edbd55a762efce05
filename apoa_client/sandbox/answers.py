"""The authority's answers. `dataclasses.asdict` gives their JSON in the contract."""

import dataclasses
from dataclasses import dataclass

Violations = tuple["Violation", ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """One finding about one field of a report. `message` is English and never quotes what was sent."""

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt. `number` shows that it is for training; `issued_at` is RFC 3339."""

    number: str
    issued_at: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one report. `retry_after` is seconds."""

    id: str
    status: str
    receipt: Receipt | None = None
    errors: Violations = dataclasses.field(default=())
    warnings: Violations = dataclasses.field(default=())
    retry_after: int | None = None


class Refusal(Exception):
    """A whole call is refused (RFC 9457). `detail` is fixed English and never quotes what was sent."""

    def __init__(
        self, status: int, detail: str, errors: Violations = (), headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers
