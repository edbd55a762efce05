"""Parses the contract's answers strictly: what breaks the contract is never used. Pure.

Every violation raises `NotTheAuthority`, which names the place in the answer and never the value. Only the results of
several reports are independent of each other: one that breaks the contract leaves the others valid. Unknown members are
ignored, so that an authority may add some.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from apoa_client.authority.address import MAX_BATCH, MAX_WAIT_S
from apoa_client.errors import NotTheAuthority, SettingsProblem
from apoa_client.messages import foreign, msg
from apoa_client.ports.authority import DailyReceipt, Meta, Status, Verdict
from apoa_client.report.codes import Code, CodeTable
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Receipt, State
from apoa_client.texts import repr_with

# RFC 3339 §5.6, with years that `datetime` can convert to any offset.
_INSTANT = r"(?a)[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_SHA256 = r"(?a)[0-9a-f]{64}"
_CONTRACT = r"(?a)(\d{1,3})\.\d{1,3}"
_OUR_MAJOR = "1"
_ETAG = r"[\x21-\x7e]{1,200}"
"""An ``ETag`` in ASCII, which can be sent back (RFC 9110 §8.8.3)."""
_PRINTABLE = r"[^\x00-\x1f\x7f]+"
_ENVIRONMENT = "production|training"
_ZONE = r"(?a)[A-Za-z0-9_+/-]{1,64}"
_PAGE = r"(?a)[A-Za-z0-9._~-]{1,200}"

_MAX_NUMBER = 100
_MAX_CODE = 100
_MAX_FIELD = 200
_MAX_NAME = 500
_MAX_MESSAGE = 2000
_MAX_FINDINGS = 1000
_MAX_CODES = 10_000
_MAX_INTEGER = 2**53


@repr_with("expires_in")
class Token(NamedTuple):
    """A bearer token and its lifetime in seconds."""

    secret: str
    expires_in: int


def contract_violation(place: str) -> NotTheAuthority:
    """The error for an answer that breaks the contract at `place`."""
    return NotTheAuthority(
        msg("The answer does not follow the reporting contract (at {place}), so nothing in it was used.", place=place)
    )


class _Members:
    """The members of a JSON object, each by its name and of the type that is asked for, else `contract_violation`."""

    def __init__(self, value: object, place: str = "") -> None:
        if not isinstance(value, dict):
            raise contract_violation(place or "JSON")
        self.value: Mapping[str, Any] = value
        self._prefix = f"{place}." if place else ""

    def violation(self, name: str) -> NotTheAuthority:
        """The error for the member `name`."""
        return contract_violation(f"{self._prefix}{name}")

    def get(self, name: str) -> object:
        """The member as it is; None where it is missing."""
        return self.value.get(name)

    def text(self, name: str, *, least: int = 1, most: int = _MAX_NAME, form: str = "") -> str:
        """A text of so many characters, in the form of a pattern."""
        text = self.get(name)
        if not isinstance(text, str) or not least <= len(text) <= most or (form and re.fullmatch(form, text) is None):
            raise self.violation(name)
        # JSON can spell half a surrogate pair (RFC 8259 §8.2), which no file and no terminal can take.
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise self.violation(name)
        return text

    def integer(self, name: str, *, least: int, most: int = _MAX_INTEGER) -> int:
        """An integer between two others."""
        number = self.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
            raise self.violation(name)
        return number

    def boolean(self, name: str, *, default: bool | None = None) -> bool:
        """A boolean; the default where it is missing."""
        value = self.value.get(name, default)
        if not isinstance(value, bool):
            raise self.violation(name)
        return value

    def instant(self, name: str) -> datetime:
        """A moment with its offset."""
        try:
            return datetime.fromisoformat(self.text(name, form=_INSTANT))
        except ValueError:
            raise self.violation(name) from None

    def day(self, name: str) -> date | None:
        """A day; None where it is null or missing."""
        try:
            return None if self.get(name) is None else date.fromisoformat(self.text(name))
        except ValueError:
            raise self.violation(name) from None

    def object(self, name: str) -> "_Members":
        """The members of an object."""
        return _Members(self.get(name), f"{self._prefix}{name}")

    def objects(self, name: str, *, most: int = _MAX_INTEGER) -> "Iterator[_Members]":
        """The members of each object in a list."""
        items = self.get(name)
        if not isinstance(items, list) or len(items) > most:
            raise self.violation(name)
        for at, item in enumerate(items):
            yield _Members(item, f"{self._prefix}{name}[{at}]")


def read_json(body: bytes) -> Mapping[str, Any]:
    """Parse the JSON object in an answer's body."""
    try:
        return _Members(json.loads(body.decode("utf-8"))).value
    except (ValueError, RecursionError):
        raise contract_violation("JSON") from None


def read_token(value: Mapping[str, Any]) -> Token:
    """Parse a ``Token``."""
    token = _Members(value)
    secret = token.text("access_token", most=8192, form=r"[\x21-\x7e]{1,8192}")
    if token.text("token_type").lower() != "bearer":
        raise token.violation("token_type")
    return Token(secret, token.integer("expires_in", least=1))


def read_meta(value: Mapping[str, Any]) -> Meta:
    """Parse ``Meta``. `max_batch` is limited to `MAX_BATCH`. Raises `SettingsProblem` for another major version."""
    meta = _Members(value)
    contract = meta.text("contract", form=_CONTRACT)
    if contract.partition(".")[0] != _OUR_MAJOR:
        raise SettingsProblem(
            msg(
                "The authority uses version {version} of the reporting contract. This program knows 1.",
                version=contract,
            ),
            msg("Nothing was sent and nothing is lost. Ask your IT admin to update apoa-client on this computer."),
            name="other_contract_version",
        )
    account = meta.object("property")
    return Meta(
        contract=contract,
        environment=meta.text("environment", form=_ENVIRONMENT),
        server_time=meta.instant("server_time"),
        max_batch=min(meta.integer("max_batch", least=1), MAX_BATCH),
        max_body_bytes=meta.integer("max_body_bytes", least=1024),
        accepts_gzip=meta.boolean("accepts_gzip"),
        reporting_window_hours=meta.integer("reporting_window_hours", least=1, most=8760),
        property_id=account.text("id", most=_MAX_FIELD),
        property_name=account.text("name", least=0),
        property_office=None if account.get("office") is None else account.text("office", least=0),
        wants_photo=meta.boolean("wants_photo", default=False),
        daily_receipts=meta.boolean("daily_receipts", default=False),
        timezone=None if meta.get("timezone") is None else meta.text("timezone", form=_ZONE),
    )


def read_results(value: Mapping[str, Any], ids: Sequence[str], *, acquired: bool = True) -> list[Verdict]:
    """Parse a ``ReportsAnswer``: the verdicts that can be read, matched by id, in the order of `ids`.

    A report is left out if its result is missing or breaks the contract, or if it has two different results. Results
    of other reports are ignored. Raises `NotTheAuthority` if no verdict can be read. `acquired` is False for a
    validation.
    """
    results = value.get("results")
    if not isinstance(results, list):
        raise contract_violation("results")
    found: dict[str, Verdict | None] = dict.fromkeys(ids)
    seen: set[str] = set()
    violation: NotTheAuthority | None = None
    for at, result in enumerate(results):
        report_id = result.get("id") if isinstance(result, dict) else None
        if not isinstance(report_id, str) or report_id not in found:
            continue
        try:
            verdict = read_result(result, report_id, f"results[{at}]", acquired=acquired)
        except NotTheAuthority as exc:
            verdict, violation = None, violation or exc
        found[report_id] = verdict if report_id not in seen or found[report_id] == verdict else None
        seen.add(report_id)
    verdicts = [verdict for verdict in found.values() if verdict is not None]
    if ids and not verdicts:
        raise violation or contract_violation("results")
    return verdicts


def read_result(value: Mapping[str, Any], report_id: str, place: str = "", *, acquired: bool = True) -> Verdict:
    """Parse a ``Result``, which must be about `report_id`."""
    result = _Members(value, place)
    if result.get("id") != report_id:
        raise result.violation("id")
    try:
        status = Status(value["status"])
    except (KeyError, ValueError):
        raise result.violation("status") from None
    has_wait = status.state is State.QUEUED or result.get("retry_after") is not None
    verdict = Verdict(
        id=report_id,
        status=status,
        receipt=None if result.get("receipt") is None else _receipt(result.object("receipt")),
        errors=_findings(result, "errors"),
        warnings=_findings(result, "warnings"),
        retry_after=min(result.integer("retry_after", least=0), MAX_WAIT_S) if has_wait else None,
    )
    if acquired and (verdict.receipt is not None) != (status.state is State.ACCEPTED):
        raise result.violation("receipt")
    if verdict.refused and not verdict.errors:
        raise result.violation("errors")
    return verdict


def read_receipt(value: Mapping[str, Any]) -> Receipt:
    """Parse a ``Receipt``."""
    return _receipt(_Members(value))


def _receipt(receipt: _Members) -> Receipt:
    number = receipt.text("number", most=_MAX_NUMBER, form=_PRINTABLE)
    sha256 = None if receipt.get("sha256") is None else receipt.text("sha256", form=_SHA256)
    return Receipt(number, receipt.instant("issued_at"), sha256)


def _findings(result: _Members, name: str) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            field=finding.text("field", least=0, most=_MAX_FIELD),
            code=finding.text("code", most=_MAX_CODE),
            message=foreign(finding.text("message", least=0, most=_MAX_INTEGER)[:_MAX_MESSAGE]),
        )
        for finding in result.objects(name, most=_MAX_FINDINGS)
    )


def next_page(value: Mapping[str, Any], day: date) -> str | None:
    """Return which page follows this one of a ``DailyReceipt``, which must be about `day`; None for the last one."""
    daily = _Members(value)
    if daily.day("day") != day:
        raise daily.violation("day")
    return None if daily.get("next") is None else daily.text("next", form=_PAGE)


def read_daily_receipt(pages: Sequence[Mapping[str, Any]], day: date) -> DailyReceipt:
    """Parse the pages of a ``DailyReceipt``. The last one must count the reports right, each of them once."""
    first, last = _Members(pages[0]), _Members(pages[-1])
    lines = [line for page in pages for line in _Members(page).objects("reports")]
    receipts = {line.text("id", most=_MAX_FIELD): _receipt(line) for line in lines}
    if not len(receipts) == len(lines) == last.integer("accepted", least=0):
        raise last.violation("accepted")
    return DailyReceipt(
        day=day,
        begin=first.instant("from"),
        end=first.instant("to"),
        property_id=first.text("property", most=_MAX_FIELD),
        issued_at=first.instant("issued_at"),
        receipts=receipts,
    )


def check_photo(value: Mapping[str, Any], report_id: str, sha256: str) -> None:
    """Check a ``PhotoAnswer``, which must be about `report_id` and a photo with this SHA-256."""
    for name, expected in (("id", report_id), ("sha256", sha256)):
        if value.get(name) != expected:
            raise contract_violation(name)


def read_codes(value: Mapping[str, Any], table: str, etag: str | None) -> CodeTable:
    """Parse a ``CodeTable``, which must be `table`."""
    found = _Members(value)
    if found.get("table") != table:
        raise found.violation("table")
    codes = tuple(
        Code(
            code.text("code", most=_MAX_CODE),
            code.text("id", least=0),
            code.text("en", least=0),
            code.day("valid_from"),
            code.day("valid_to"),
        )
        for code in found.objects("codes", most=_MAX_CODES)
    )
    version = found.text("version", most=_MAX_CODE)
    return CodeTable(table, version, codes, etag if re.fullmatch(_ETAG, etag or "") is not None else None)


def problem_detail(body: bytes) -> str | None:
    """The ``detail`` or ``title`` of a ``Problem`` (RFC 9457 §3.1), or OAuth's ``error``; None for any other body."""
    try:
        value = read_json(body)
    except NotTheAuthority:
        return None
    text = value.get("detail") or value.get("title") or value.get("error_description") or value.get("error")
    return text[:_MAX_MESSAGE].encode(errors="replace").decode() if isinstance(text, str) else None
