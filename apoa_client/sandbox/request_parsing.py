"""Parses a request into its reports, its form or its photo. Limited in size; any other body is refused as a whole."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request

from apoa_client.authority.schemas import strict_json
from apoa_client.ports.authority import MAX_PHOTO_BYTES
from apoa_client.sandbox.validation import Refusal, list_violations

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
    body = _parse(_decompress(request, limits))
    items = body.get("reports") if isinstance(body, dict) else None
    if isinstance(items, list) and len(items) > limits.max_batch:
        raise Refusal(413, f"At most {limits.max_batch} reports a call.")
    found = list_violations(body)
    if found:
        raise Refusal(400, "The body is not a list of reports with ids.", found)
    reports: list[dict[str, Any]] = body["reports"]
    return reports


def read_form(request: Request, limits: Limits) -> dict[str, str]:
    """The fields of a form. Raises `Refusal` for a body that is not a form or has a field twice."""
    _expect_type(request, "application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl(
            _read(request, limits.max_body_bytes).decode("ascii"), keep_blank_values=True, strict_parsing=True
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
    body = _read(request, MAX_PHOTO_BYTES)
    if not body.startswith(_JPEG_START) or not body.endswith(_JPEG_END):
        raise Refusal(400, "The body is not a JPEG.")
    return body


def _expect_type(request: Request, mimetype: str) -> None:
    if request.mimetype != mimetype:
        raise Refusal(400, f"The body must be {mimetype}.")


def _read(request: Request, max_bytes: int) -> bytes:
    request.max_content_length = max_bytes
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(max_bytes) from None
    except (HTTPException, OSError):
        raise Refusal(400, "The body broke off.") from None


def _decompress(request: Request, limits: Limits) -> bytes:
    body = _read(request, limits.max_body_bytes)
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


def _parse(body: bytes) -> Any:  # noqa: ANN401  any JSON, until it is validated
    try:
        value = strict_json(body)
    except (ValueError, RecursionError):
        raise Refusal(400, "The body is not JSON in UTF-8.") from None
    if _deeper_than(MAX_DEPTH, value):
        raise Refusal(400, "The body is nested too deeply.")
    return value


def _deeper_than(levels: int, value: object) -> bool:
    inner: Iterable[object] = ()
    if isinstance(value, dict):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    return levels < 0 or any(_deeper_than(levels - 1, each) for each in inner)


def _too_large(max_bytes: int) -> Refusal:
    return Refusal(413, f"At most {max_bytes} bytes a body, uncompressed.")
