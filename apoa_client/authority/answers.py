"""Parses the contract's answers strictly: what breaks the contract is never used. Pure.

Every violation raises `NotTheAuthority`, which names the place in the answer and never the value. Only the results of
several reports are independent of each other: one that breaks the contract leaves the others valid. Unknown members are
ignored, so that an authority may add some.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from apoa_client.authority.address import MAX_BATCH, MAX_WAIT_S
from apoa_client.errors import NotTheAuthority, SettingsProblem
from apoa_client.messages import literal, msg
from apoa_client.ports.authority import DailyReceipt, Meta, Status, Verdict
from apoa_client.report.codes import Code, CodeTable
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Receipt

# RFC 3339 §5.6, with years that `datetime` can convert to any offset.
_INSTANT = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CONTRACT = re.compile(r"(\d{1,3})\.\d{1,3}", re.ASCII)
_OUR_MAJOR = "1"
_ETAG = re.compile(r"[\x21-\x7e]{1,200}")
"""An ``ETag`` that can be sent back (RFC 9110 §8.8.3), without those outside ASCII."""
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WITH_RECEIPT = frozenset({Status.ACCEPTED, Status.DUPLICATE})
_ENVIRONMENTS = frozenset({"production", "training"})

_MAX_NUMBER = 100
_MAX_CODE = 100
_MAX_FIELD = 200
_MAX_NAME = 500
_MAX_MESSAGE = 2000
_MAX_FINDINGS = 1000
_MAX_CODES = 10_000
_MAX_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and its lifetime in seconds."""

    secret: str = field(repr=False)
    expires_in: int


def contract_violation(place: str) -> NotTheAuthority:
    """The error for an answer that breaks the contract at `place`."""
    return NotTheAuthority(
        msg("The answer does not follow the reporting contract (at {place}), so nothing in it was used.", place=place)
    )


def _other_version(contract: str) -> SettingsProblem:
    return SettingsProblem(
        msg("The authority uses version {version} of the reporting contract. This program knows 1.", version=contract),
        msg("Nothing was sent and nothing is lost. Ask your IT admin to update apoa-client on this computer."),
        name="other_contract_version",
    )


def read_json(body: bytes) -> Mapping[str, Any]:
    """Parse the JSON object in an answer's body."""
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise contract_violation("JSON") from None
    return _object(value, "JSON")


def read_token(value: Mapping[str, Any]) -> Token:
    """Parse a ``Token``."""
    secret, kind = value.get("access_token"), value.get("token_type")
    if not isinstance(secret, str) or _TOKEN.fullmatch(secret) is None:
        raise contract_violation("access_token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise contract_violation("token_type")
    return Token(secret, _integer(value, "expires_in", "", least=1))


def read_meta(value: Mapping[str, Any]) -> Meta:
    """Parse ``Meta``. `max_batch` is limited to `MAX_BATCH`. Raises `SettingsProblem` for another major version."""
    contract = _text(value, "contract", "")
    version = _CONTRACT.fullmatch(contract)
    if version is None:
        raise contract_violation("contract")
    if version[1] != _OUR_MAJOR:
        raise _other_version(contract)
    environment = _text(value, "environment", "")
    if environment not in _ENVIRONMENTS:
        raise contract_violation("environment")
    account = _object(value.get("property"), "property")
    return Meta(
        contract=contract,
        environment=environment,
        server_time=_instant(value, "server_time", ""),
        max_batch=min(_integer(value, "max_batch", "", least=1), MAX_BATCH),
        max_body_bytes=_integer(value, "max_body_bytes", "", least=1024),
        accepts_gzip=_boolean(value.get("accepts_gzip"), "accepts_gzip"),
        reporting_window_hours=_integer(value, "reporting_window_hours", "", least=1, most=8760),
        property_id=_text(account, "id", "property.", most=_MAX_FIELD),
        property_name=_text(account, "name", "property.", least=0),
        property_office=None if account.get("office") is None else _text(account, "office", "property.", least=0),
        wants_photo=_boolean(value.get("wants_photo", False), "wants_photo"),
        daily_receipts=_boolean(value.get("daily_receipts", False), "daily_receipts"),
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
            verdict = read_result(result, report_id, f"results[{at}].", acquired=acquired)
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
    if value.get("id") != report_id:
        raise contract_violation(f"{place}id")
    try:
        status = Status(value["status"])
    except (KeyError, ValueError):
        raise contract_violation(f"{place}status") from None
    receipt = value.get("receipt")
    has_wait = status is Status.DEFERRED or value.get("retry_after") is not None
    verdict = Verdict(
        id=report_id,
        status=status,
        receipt=None if receipt is None else read_receipt(_object(receipt, f"{place}receipt"), f"{place}receipt."),
        errors=_findings(value, "errors", place),
        warnings=_findings(value, "warnings", place),
        retry_after=min(_integer(value, "retry_after", place, least=0), MAX_WAIT_S) if has_wait else None,
    )
    if acquired and (verdict.receipt is not None) != (status in _WITH_RECEIPT):
        raise contract_violation(f"{place}receipt")
    if status is Status.REJECTED and not verdict.errors:
        raise contract_violation(f"{place}errors")
    return verdict


def read_receipt(value: Mapping[str, Any], place: str = "") -> Receipt:
    """Parse a ``Receipt``."""
    number = _text(value, "number", place, most=_MAX_NUMBER)
    if _CONTROL.search(number) is not None:
        raise contract_violation(f"{place}number")
    sha256 = value.get("sha256")
    if sha256 is not None and (not isinstance(sha256, str) or _SHA256.fullmatch(sha256) is None):
        raise contract_violation(f"{place}sha256")
    return Receipt(number, _instant(value, "issued_at", place), sha256)


def read_daily_receipt(value: Mapping[str, Any], day: date) -> DailyReceipt:
    """Parse a ``DailyReceipt``, which must be about `day` and count its reports right, each of them once."""
    if _day(value, "day", "") != day:
        raise contract_violation("day")
    items = value.get("reports")
    if not isinstance(items, list):
        raise contract_violation("reports")
    receipts = {}
    for at, item in enumerate(items):
        line, place = _object(item, f"reports[{at}]"), f"reports[{at}]."
        receipts[_text(line, "id", place, most=_MAX_FIELD)] = read_receipt(line, place)
    if not len(receipts) == len(items) == _integer(value, "accepted", "", least=0):
        raise contract_violation("accepted")
    return DailyReceipt(
        day=day,
        begin=_instant(value, "from", ""),
        end=_instant(value, "to", ""),
        property_id=_text(value, "property", "", most=_MAX_FIELD),
        issued_at=_instant(value, "issued_at", ""),
        receipts=receipts,
    )


def check_photo(value: Mapping[str, Any], report_id: str, sha256: str) -> None:
    """Check a ``PhotoAnswer``, which must be about `report_id` and a photo with this SHA-256."""
    if value.get("id") != report_id:
        raise contract_violation("id")
    if value.get("sha256") != sha256:
        raise contract_violation("sha256")


def read_codes(value: Mapping[str, Any], table: str, etag: str | None) -> CodeTable:
    """Parse a ``CodeTable``, which must be `table`."""
    if value.get("table") != table:
        raise contract_violation("table")
    codes = value.get("codes")
    if not isinstance(codes, list) or len(codes) > _MAX_CODES:
        raise contract_violation("codes")
    rows = []
    for at, each in enumerate(codes):
        code, place = _object(each, f"codes[{at}]"), f"codes[{at}]."
        rows.append(
            Code(
                _text(code, "code", place, most=_MAX_CODE),
                _text(code, "id", place, least=0),
                _text(code, "en", place, least=0),
                _day(code, "valid_from", place),
                _day(code, "valid_to", place),
            )
        )
    version = _text(value, "version", "", most=_MAX_CODE)
    return CodeTable(table, version, tuple(rows), etag if _ETAG.fullmatch(etag or "") is not None else None)


def problem_detail(body: bytes) -> str | None:
    """The ``detail`` or ``title`` of a ``Problem`` (RFC 9457 §3.1), or None where the body is not one."""
    try:
        value = read_json(body)
    except NotTheAuthority:
        return None
    text = value.get("detail") or value.get("title")
    return text[:_MAX_MESSAGE].encode(errors="replace").decode() if isinstance(text, str) else None


def _findings(value: Mapping[str, Any], name: str, place: str) -> tuple[Finding, ...]:
    items = value.get(name)
    if not isinstance(items, list) or len(items) > _MAX_FINDINGS:
        raise contract_violation(f"{place}{name}")
    findings = []
    for item in items:
        finding, inner = _object(item, f"{place}{name}"), f"{place}{name}."
        findings.append(
            Finding(
                field=_text(finding, "field", inner, least=0, most=_MAX_FIELD),
                code=_text(finding, "code", inner, most=_MAX_CODE),
                message=literal(_text(finding, "message", inner, least=0, most=_MAX_INTEGER)[:_MAX_MESSAGE]),
            )
        )
    return tuple(findings)


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise contract_violation(place)
    return value


def _text(value: Mapping[str, Any], name: str, place: str, *, least: int = 1, most: int = _MAX_NAME) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not least <= len(text) <= most:
        raise contract_violation(f"{place}{name}")
    # JSON can spell half a surrogate pair (RFC 8259 §8.2), which no file and no terminal can take.
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise contract_violation(f"{place}{name}")
    return text


def _boolean(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        raise contract_violation(place)
    return value


def _integer(value: Mapping[str, Any], name: str, place: str, *, least: int, most: int = _MAX_INTEGER) -> int:
    number = value.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise contract_violation(f"{place}{name}")
    return number


def _instant(value: Mapping[str, Any], name: str, place: str) -> datetime:
    text = value.get(name)
    if not isinstance(text, str) or _INSTANT.fullmatch(text) is None:
        raise contract_violation(f"{place}{name}")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise contract_violation(f"{place}{name}") from None


def _day(value: Mapping[str, Any], name: str, place: str) -> date | None:
    text = value.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise contract_violation(f"{place}{name}") from None
