"""The limits that GET /meta names, and compressed bodies."""

import gzip
from http import HTTPStatus

from apoa_client.conformance.check import TOO_LARGE, Context, Paragraph, check
from apoa_client.conformance.exchange import (
    Json,
    expect,
    expect_accepted,
    expect_json,
    expect_problem,
    expect_receipt,
    need,
)
from apoa_client.conformance.server import body_of
from apoa_client.messages import msg

_GZIP = Paragraph("/components/requestBodies/Reports/description")

_RESULT = Paragraph("/paths/~1reports~1{id}/get/description")
_DIFFERENT = 5
_COMPRESSED = {"Content-Encoding": "gzip"}
_VALIDATE = "/reports/validate"
_LARGEST_SENT = 16 * 1024 * 1024
"""Bytes of the largest body that is sent here."""


@check("limits.full_batch", msg("A batch of max_batch reports is accepted, and each of them is stored"), _RESULT)
def full_batch(context: Context) -> None:
    """One result for each, in the order sent, and the same when each is asked for. Different ones are only checked."""
    for each in context.server.validate(*_batch(context, 0, different=context.server.meta["max_batch"])):
        expect_accepted(each)
    for result in context.server.accept(*_batch(context, 0)):
        known = expect_json(context.server.call("GET", f"/reports/{result['id']}"), "Result")
        if result["status"] == "accepted":
            expect_receipt(known, result["receipt"])


@check("limits.over_batch", msg("A batch of more than max_batch reports gets 413, and none is stored"), TOO_LARGE)
def over_batch(context: Context) -> None:
    """One report more."""
    reports = _batch(context, 1)
    context.server.expect_stays(reports[:1] + reports[-1:])
    expect_problem(context.server.post_body(body_of(reports)), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    expect_problem(context.server.call("GET", f"/reports/{reports[0]['id']}"), HTTPStatus.NOT_FOUND)


@check("limits.body", msg("A body of max_body_bytes is accepted, one of more gets 413"), TOO_LARGE)
def full_body(context: Context) -> None:
    """One report and blanks; one byte more."""
    expect_json(context.server.post_body(_padded(context, 0), _VALIDATE), "ValidationAnswer")
    for path in ("/reports", _VALIDATE):
        response = context.server.post_body(_padded(context, 1), path)
        expect_problem(response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


@check("limits.gzip", msg("A body with gzip is accepted; broken gets 400, and larger than max_body_bytes 413"), _GZIP)
def gzip_body(context: Context) -> None:
    """What is inflated counts. A server without accepts_gzip refuses it with 415, or reads it."""
    report = context.check_in()
    body = body_of([report])
    packed = gzip.compress(body, mtime=0)
    response = context.server.post_body(packed, _VALIDATE, _COMPRESSED)
    if not context.server.meta["accepts_gzip"] and response.status != HTTPStatus.OK:
        before = () if context.server.has_rules else (HTTPStatus.BAD_REQUEST,)
        expect_problem(response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, *before)
        return
    expect_json(response, "ValidationAnswer")
    [result] = context.server.deliver_body(packed, [report], _COMPRESSED)
    expect_accepted(result)
    for broken in (packed[:-20], body):
        expect_problem(context.server.post_body(broken, headers=_COMPRESSED), HTTPStatus.BAD_REQUEST)
    large = gzip.compress(_padded(context, 1), mtime=0)
    expect_problem(context.server.post_body(large, headers=_COMPRESSED), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _batch(context: Context, more: int, different: int = _DIFFERENT) -> list[Json]:
    """Return `max_batch` reports and `more`, of which so many are different, so that few receipts are issued.

    The others are there again and again, but the last one only once.
    """
    count = context.server.meta["max_batch"] + more
    made = [context.samples.check_in() for _number in range(min(count, different))]
    reports = [made[number % (len(made) - 1 or 1)] for number in range(count - 1)] + made[-1:]
    fits = len(body_of(reports)) <= context.server.meta["max_body_bytes"]
    need(fits, msg("max_batch reports are more than max_body_bytes."))
    return reports


def _padded(context: Context, more: int) -> bytes:
    """Return a body of `max_body_bytes` and `more`, with one report and blanks."""
    size = context.server.meta["max_body_bytes"] + more
    need(size <= _LARGEST_SENT, msg("max_body_bytes is so large that it is not tried."))
    body = body_of([context.check_in()]).ljust(size)
    expect(len(body) == size, msg("max_body_bytes is too small for one report."))
    return body
