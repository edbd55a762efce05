"""What an answer of the contract must be. Each function raises `Failed`, which names the place in the answer."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from itertools import groupby
from typing import Any, NoReturn

from jsonschema.exceptions import ValidationError

from apoa_client.authority.http_errors import HttpResponse
from apoa_client.authority.schemas import validator
from apoa_client.conformance.outcomes import Failed
from apoa_client.messages import Message, literal, msg

Json = dict[str, Any]

_JSON, _PROBLEM = "application/json", "application/problem+json"
_UNLIKELY = {"const": 2, "type": 1}
"""Errors that show that another form was meant, and how surely."""
_MAX_DETAIL = 300
"""Characters of a value that is shown."""


def expect(condition: object, message: Message) -> None:
    """Fail with `message` unless `condition` is true."""
    if not condition:
        raise Failed(message)


def expect_equal(what: str, got: object, expected: object) -> None:
    """Fail unless the part `what` of the answer has this value."""
    if got != expected:
        raise Failed(msg("{part} is {value}, not {expected}.", part=what, value=_shown(got), expected=_shown(expected)))


def expect_json(response: HttpResponse, schema: str) -> Json:
    """Return the JSON of a 200 that is valid for the contract's `schema`."""
    _expect_status(response, HTTPStatus.OK)
    return _valid_json(response, _JSON, schema)


def expect_problem(response: HttpResponse, status: HTTPStatus) -> None:
    """Check that the answer is a problem of this status (RFC 9457)."""
    _expect_status(response, status)
    problem = _valid_json(response, _PROBLEM, "Problem")
    expect_equal("status", problem["status"], status.value)


def _expect_status(response: HttpResponse, status: HTTPStatus) -> None:
    if response.status != status:
        raise Failed(msg("The status is {status}, not {expected}.", status=response.status, expected=status.value))


def _valid_json(response: HttpResponse, media_type: str, schema: str) -> Json:
    if response.media_type != media_type:
        shown = _shown(response.media_type)
        raise Failed(msg("The content type is {type}, not {expected}.", type=shown, expected=media_type))
    try:
        value = json.loads(response.body.decode("utf-8"), parse_constant=_no_json)
    except (ValueError, RecursionError):
        raise Failed(msg("The body is not JSON in UTF-8.")) from None
    for error in validator(schema).iter_errors(value):
        raise _violation(schema, _of_nearest_form(error))
    found: Json = value
    return found


def _violation(schema: str, error: ValidationError) -> Failed:
    is_of_no_form = error.validator == "const"
    detail = f"{error.instance!r} is not allowed here" if is_of_no_form else str(error.message)
    return Failed(
        msg(
            "The answer is not a valid {schema} of the contract at {place}: {detail}",
            schema=schema,
            place=".".join(map(str, error.absolute_path)) or "body",
            detail=_shown(detail),
        )
    )


def _of_nearest_form(error: ValidationError) -> ValidationError:
    """Return the first error of the form that was meant, where the contract allows several.

    The meant one of the forms of a result has its status; otherwise, it has its type.
    """
    while error.context:
        forms = [list(errors) for _form, errors in groupby(error.context, lambda each: each.schema_path[0])]
        error = min(forms, key=lambda errors: max(_UNLIKELY.get(str(each.validator), 0) for each in errors))[0]
    return error


def _no_json(name: str) -> NoReturn:
    raise ValueError(name)


def _shown(value: object) -> Message:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    return literal(text if len(text) <= _MAX_DETAIL else f"{text[:_MAX_DETAIL]}…")


def expect_receipt(result: Mapping[str, Any], expected: Mapping[str, Any] | None = None) -> Json:
    """Return the receipt of a result; fail if it has none, or another than `expected`."""
    receipt = result["receipt"]
    if receipt is None:
        raise Failed(msg("The result has no receipt; its status is {status}.", status=str(result["status"])))
    if expected is not None:
        expect_equal("receipt", receipt, expected)
    found: Json = receipt
    return found
