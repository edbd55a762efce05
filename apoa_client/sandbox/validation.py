"""Parses requests and validates reports: the schemas of the contract, then the rules that a schema cannot express.

All violations are returned at once. The errors of the schemas become the contract's ``Violation``. A rule skips fields
that it cannot read, because the schema has already reported them.

A request is parsed into its reports, its form or its photo. It is limited in size, and any other body is refused.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import cache
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request

from apoa_client.authority.contract import contract
from apoa_client.authority.schemas import compiled, strict_json, validator
from apoa_client.messages import N_
from apoa_client.passport import states
from apoa_client.passport.dates import PartialDate
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.report import permits
from apoa_client.report.purposes import PURPOSES

Violations = tuple["Violation", ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """One finding about one field of a report. `message` is English and never quotes what was sent.

    It is in the catalogue, so that the client shows it in the reader's language.
    """

    field: str
    code: str
    message: str


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


MAX_VIOLATIONS = 50
"""Enough for a person, and few enough that a hostile report does not get an endless answer."""

_SCHEMA_OF_KIND = {"check_in": "CheckIn", "check_out": "CheckOut", "amend": "Amend", "cancel": "Cancel"}
KINDS = tuple(_SCHEMA_OF_KIND)
_CODE_OF_SCHEMA = {
    "PartialDate": "bad_date",
    "Day": "bad_date",
    "Instant": "bad_date",
    "State": "unknown_state",
    "Id": "bad_id",
}
_CODE_OF_KEYWORD = {
    "enum": "unknown_value",
    "const": "unknown_value",
    "minLength": "bad_length",
    "maxLength": "bad_length",
    "minItems": "bad_length",
    "maxItems": "bad_length",
    "type": "bad_type",
}
_MESSAGES = {
    "missing": N_("This is required."),
    "bad_length": N_("This is too long or too short for the contract."),
    "bad_type": N_("This is of the wrong type."),
    "bad_date": N_("This is not a date of the calendar in the form of the contract."),
    "bad_character": N_("This has characters, or a form, that the contract does not allow."),
    "bad_id": N_("This is not a UUID in lower case."),
    "unknown_state": N_("This is not a code of ICAO Doc 9303-3 section 5."),
    "unknown_value": N_("This is not one of the values that the contract allows."),
    "unknown_member": N_("The contract has no such member here."),
}
_MEMBER = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def report_violations(report: Mapping[str, Any]) -> Violations:
    """The violations of one report against the schema of its `kind`."""
    kind = report.get("kind")
    if not isinstance(kind, str) or kind not in _SCHEMA_OF_KIND:
        code = "missing" if kind is None else "unknown_value"
        return (Violation("kind", code, _MESSAGES[code]),)
    return violations(_SCHEMA_OF_KIND[kind], report)


def violations(schema: str, value: Any) -> Violations:  # noqa: ANN401  JSON
    """The violations of `value` against the contract's `schema`: one for each field and code."""
    return _found(validator(schema), value)


def fits(schema: str, value: Any) -> bool:  # noqa: ANN401  JSON
    """Whether `value` is valid for the contract's `schema`."""
    return validator(schema).is_valid(value)


@cache
def _list_validator() -> Draft202012Validator:
    """Return what says why a body is not a list of reports with ids, and nothing else about a report."""
    request = deepcopy(contract()["components"]["schemas"]["ReportsRequest"])
    request["properties"]["reports"]["items"] = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"$ref": "#/components/schemas/Id"}},
    }
    return compiled(request)


def _found(schema: Draft202012Validator, value: Any) -> Violations:  # noqa: ANN401  JSON
    found = {(each.field, each.code): each for each in _converted(schema.iter_errors(value))}
    return tuple(islice(found.values(), MAX_VIOLATIONS))


def _converted(errors: Iterable[ValidationError]) -> Iterator[Violation]:
    for error in islice(errors, 10 * MAX_VIOLATIONS):
        instance: Any = error.instance
        schema: Any = error.schema
        if error.validator == "anyOf":
            # Only the first branch counts: in this contract every other branch is null or a variant of it.
            yield from _converted(inner for inner in error.context or () if inner.schema_path[0] == 0)
        elif error.validator == "required":
            for name in schema["required"]:
                if name not in instance:
                    yield Violation(_path(error, name), "missing", _MESSAGES["missing"])
        elif error.validator == "additionalProperties":
            for name in sorted(instance.keys() - schema["properties"].keys()):
                yield Violation(_path(error, name), "unknown_member", _MESSAGES["unknown_member"])
        else:
            code = _code(str(error.validator), instance, schema)
            yield Violation(_path(error), code, _MESSAGES[code])


def _code(keyword: str, instance: object, schema: Any) -> str:  # noqa: ANN401  a JSON Schema
    if instance is None or instance == "":
        return "missing"
    if keyword in {"pattern", "format"}:
        return _codes_by_pattern().get(schema.get("pattern"), "bad_character")
    return _CODE_OF_KEYWORD[keyword]


@cache
def _codes_by_pattern() -> dict[str, str]:
    schemas = contract()["components"]["schemas"]
    return {schemas[name]["pattern"]: code for name, code in _CODE_OF_SCHEMA.items()}


def _path(error: ValidationError, *names: str) -> str:
    """The field's path. A member whose name is not a plain word is left out, because it may hold personal data."""
    plain = (name for name in names if _MEMBER.fullmatch(name))
    return ".".join(str(part) for part in (*error.absolute_path, *plain))


_T = TypeVar("_T")
_YEARS = range(1000, 3000)
"""The years of the contract, which can be converted to any offset."""

MAX_AHEAD = timedelta(days=1)
"""How far in the future a check-in may be: staff may prepare a report for tomorrow."""


def rule_violations(report: Mapping[str, Any], now: datetime) -> Violations:
    """All rules that a report breaks, as far as its fields can be read."""
    return (*_date_violations(report, now), *_code_violations(report))


def rule_warnings(report: Mapping[str, Any], zone: tzinfo | None, window_hours: int) -> Violations:
    """Warnings: a late report, a stay without a night, an expired document, a permit unlikely for the nationality.

    Only for a report without violations. Days are those of `zone`.
    """
    check_in, reported_at = read_instant(member(report, "stay", "check_in")), read_instant(report.get("created_at"))
    if report["kind"] != "check_in" or check_in is None or reported_at is None:
        return ()
    warnings: list[Violation] = []
    if reported_at - check_in > timedelta(hours=window_hours):
        late = N_("The report was made after the time for reporting was over.")
        warnings.append(Violation("stay.check_in", "late", late))
    arrival, expiry = check_in.astimezone(zone).date(), _day(member(report, "guest", "document", "expiry_date"))
    if _day(member(report, "stay", "planned_check_out")) == arrival:
        warnings.append(Violation("stay.planned_check_out", "same_day", N_("The stay covers no night.")))
    if expiry is None:
        warnings.append(Violation("guest.document.expiry_date", "missing", N_("The date of expiry could not be read.")))
    elif expiry < arrival:
        warnings.append(Violation("guest.document.expiry_date", "expired", N_("The document had expired at check-in.")))
    text, nationality = member(report, "guest", "stay_permit", "code"), member(report, "guest", "nationality")
    permit = permits.find(text) if isinstance(text, str) else None
    if permit is not None and isinstance(nationality, str) and permits.is_unlikely(permit.code, nationality):
        unlikely = N_("By the list of permits, this nationality does not get this permit. The visa or stamp decides.")
        warnings.append(Violation("guest.stay_permit.code", "implausible", unlikely))
    return tuple(warnings)


def _date_violations(report: Mapping[str, Any], now: datetime) -> Iterator[Violation]:
    check_in = read_instant(member(report, "stay", "check_in"))
    leaving = _day(member(report, "stay", "planned_check_out"))
    birth_text = member(report, "guest", "birth_date")
    born, left = _read(PartialDate.from_iso, birth_text), read_instant(member(report, "check_out"))
    if isinstance(birth_text, str) and born is None:
        yield Violation("guest.birth_date", "bad_date", N_("The calendar has no such date."))
    arrival = check_in.astimezone(now.tzinfo).date() if check_in is not None else None
    if arrival is not None and leaving is not None and leaving < arrival:
        yield Violation("stay.planned_check_out", "order", N_("The planned check-out is before the day of check-in."))
    if arrival is not None and born is not None and born.earliest > arrival:
        yield Violation("guest.birth_date", "order", N_("The guest would be born after the check-in."))
    if check_in is not None and check_in > now + MAX_AHEAD:
        yield Violation("stay.check_in", "implausible", N_("The check-in is more than a day ahead."))
    if left is not None and left > now + MAX_AHEAD:
        yield Violation("check_out", "implausible", N_("The check-out is more than a day ahead."))


def _code_violations(report: Mapping[str, Any]) -> Iterator[Violation]:
    nationality = member(report, "guest", "nationality")
    issuer = member(report, "guest", "document", "issuing_state")
    if nationality == "IDN":
        yield Violation("guest.nationality", "not_foreign", N_("An Indonesian guest is not reported."))
    purpose = member(report, "stay", "purpose")
    if isinstance(purpose, str) and purpose and purpose not in PURPOSES:
        yield Violation("stay.purpose", "unknown_value", _MESSAGES["unknown_value"])
    for field, code in (("guest.nationality", nationality), ("guest.document.issuing_state", issuer)):
        if isinstance(code, str) and states.by_code(code) is None:
            yield Violation(field, "unknown_state", _MESSAGES["unknown_state"])


def member(value: object, *path: str) -> object:
    """The member of a JSON value at `path`, or None if it is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _read(parse: Callable[[str], _T], text: object) -> _T | None:
    try:
        return parse(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _day(text: object) -> date | None:
    return _read(date.fromisoformat, text)


def read_instant(text: object) -> datetime | None:
    """The moment that a text of the contract names; None if it cannot be read, or converted to any offset."""
    moment = _read(datetime.fromisoformat, text)
    return moment if moment is not None and moment.tzinfo is not None and moment.year in _YEARS else None


MAX_DEPTH = 16
"""The contract needs six levels; a body with a million brackets would be an attack on the parser."""

_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_GZIP = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one call. `max_body_bytes` counts the decompressed body; `max_page` is receipts of a day."""

    max_batch: int = 500
    max_body_bytes: int = 1 << 20
    max_page: int = 1000
    accepts_gzip: bool = True


def read_reports(request: Request, limits: Limits) -> list[dict[str, Any]]:
    """The reports of a call, each an object with a valid ``id``. Raises `Refusal`."""
    _expect_type(request, "application/json")
    plain = _decompress(request, limits)
    try:
        body = strict_json(plain)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not JSON in UTF-8.") from None
    if _deeper_than(MAX_DEPTH, body):
        raise Refusal(400, "The body is nested too deeply.")
    items = body.get("reports") if isinstance(body, dict) else None
    if isinstance(items, list) and len(items) > limits.max_batch:
        raise Refusal(413, f"At most {limits.max_batch} reports a call.")
    found = _found(_list_validator(), body)
    if found:
        raise Refusal(400, "The body is not a list of reports with ids.", found)
    reports: list[dict[str, Any]] = body["reports"]
    return reports


def read_form(request: Request, limits: Limits) -> dict[str, str]:
    """The fields of a form. Raises `Refusal` for a body that is not a form or has a field twice."""
    _expect_type(request, "application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(
            _content(request, limits.max_body_bytes).decode("ascii"), keep_blank_values=True, strict_parsing=True
        )
    except ValueError:
        raise Refusal(400, "The body is not a form.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Refusal(400, "The form names a field twice.")
    return fields


def read_photo(request: Request) -> bytes:
    """The JPEG of a call. Raises `Refusal`."""
    _expect_type(request, "image/jpeg")
    body = _content(request, MAX_PHOTO_BYTES)
    if not body.startswith(_JPEG_START) or not body.endswith(_JPEG_END):
        raise Refusal(400, "The body is not a JPEG.")
    return body


def _expect_type(request: Request, mimetype: str) -> None:
    if request.mimetype != mimetype:
        raise Refusal(400, f"The body must be {mimetype}.")


def _content(request: Request, max_bytes: int) -> bytes:
    request.max_content_length = max_bytes
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(max_bytes) from None
    except (HTTPException, OSError):
        raise Refusal(400, "The body broke off.") from None


def _decompress(request: Request, limits: Limits) -> bytes:
    body = _content(request, limits.max_body_bytes)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding not in {"gzip", "x-gzip"} or not limits.accepts_gzip:
        accepted = "gzip" if limits.accepts_gzip else "identity"
        raise Refusal(415, "This content encoding is not accepted.", (), (("Accept-Encoding", accepted),))
    inflater = zlib.decompressobj(_GZIP)
    try:
        plain = inflater.decompress(body, limits.max_body_bytes + 1)
    except zlib.error:
        raise Refusal(400, "The body is not gzip.") from None
    if len(plain) > limits.max_body_bytes:
        raise _too_large(limits.max_body_bytes)
    if not inflater.eof or inflater.unused_data:
        raise Refusal(400, "The body is not one whole gzip member.")
    return plain


def _deeper_than(levels: int, value: object) -> bool:
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    return levels < 0 or any(_deeper_than(levels - 1, each) for each in inner)


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(413, f"At most {max_bytes} bytes a body, uncompressed.")
