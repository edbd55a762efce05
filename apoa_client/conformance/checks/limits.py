"""The limits that GET /meta names, and compressed bodies."""

import gzip
from http import HTTPStatus

from apoa_client.conformance.check import BAD_REQUEST, Context, Paragraph, check
from apoa_client.conformance.server import Json, body_of, expect, expect_accepted, expect_json, expect_problem, need
from apoa_client.messages import msg

_TOO_LARGE = Paragraph("/components/responses/TooLarge/description")
_GZIP = Paragraph("/components/requestBodies/Reports/description")

_COMPRESSED = {"Content-Encoding": "gzip"}
_VALIDATE = "/reports/validate"
_LARGEST_SENT = 16 * 1024 * 1024
"""Bytes of the largest body that is sent here."""


@check("limits.full_batch", msg("A batch of max_batch reports is accepted"), _TOO_LARGE)
def full_batch(context: Context) -> None:
    """One result for each, in the order sent."""
    context.server.accept(*_batch(context, 0))


@check("limits.over_batch", msg("A batch of more than max_batch reports gets 413, and none is stored"), _TOO_LARGE)
def over_batch(context: Context) -> None:
    """One report more."""
    reports = _batch(context, 1)
    context.server.expect_stays(reports)
    expect_problem(context.server.post(reports), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    expect_problem(context.server.call("GET", f"/reports/{reports[0]['id']}"), HTTPStatus.NOT_FOUND)


@check("limits.full_body", msg("A body of max_body_bytes is accepted"), _TOO_LARGE)
def full_body(context: Context) -> None:
    """One report, and blanks."""
    expect_json(context.server.post_body(_padded(context, 0), _VALIDATE), "ValidationAnswer")


@check("limits.over_body", msg("A body of more than max_body_bytes gets 413"), _TOO_LARGE)
def over_body(context: Context) -> None:
    """One byte more."""
    for path in ("/reports", _VALIDATE):
        response = context.server.post_body(_padded(context, 1), path)
        expect_problem(response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


@check("limits.gzip", msg("A body with gzip is accepted"), _GZIP)
def gzip_body(context: Context) -> None:
    """In both calls that may have one."""
    _need_gzip(context)
    report = context.check_in()
    body = gzip.compress(body_of([report]), mtime=0)
    expect_json(context.server.post_body(body, _VALIDATE, _COMPRESSED), "ValidationAnswer")
    [result] = context.server.deliver_body(body, [report], _COMPRESSED)
    expect_accepted(result)


@check("limits.broken_gzip", msg("A body with broken gzip gets 400"), BAD_REQUEST)
def broken_gzip(context: Context) -> None:
    """One that breaks off, and one that is not compressed."""
    _need_gzip(context)
    report = context.check_in()
    body = body_of([report])
    for broken in (gzip.compress(body, mtime=0)[:-20], body):
        expect_problem(context.server.post_body(broken, headers=_COMPRESSED), HTTPStatus.BAD_REQUEST)


@check("limits.over_inflated_body", msg("A small gzip body that inflates to more than max_body_bytes gets 413"), _GZIP)
def over_inflated_body(context: Context) -> None:
    """The limit counts what is inflated."""
    _need_gzip(context)
    body = gzip.compress(_padded(context, 1), mtime=0)
    expect_problem(context.server.post_body(body, headers=_COMPRESSED), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


@check("limits.unwanted_gzip", msg("A server without accepts_gzip refuses gzip with 415, or reads it"), _GZIP)
def unwanted_gzip(context: Context) -> None:
    """It must not take the compressed bytes for something else."""
    need(not context.server.meta["accepts_gzip"], msg("The server accepts gzip."))
    report = context.samples.check_in()
    response = context.server.post_body(gzip.compress(body_of([report])), _VALIDATE, _COMPRESSED)
    if response.status == HTTPStatus.OK:
        expect_json(response, "ValidationAnswer")
    else:
        expect_problem(response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


def _need_gzip(context: Context) -> None:
    need(context.server.meta["accepts_gzip"], msg("The server does not accept gzip."))


def _batch(context: Context, more: int) -> list[Json]:
    """Return `max_batch` reports and `more`."""
    reports = [context.samples.check_in() for _number in range(context.server.meta["max_batch"] + more)]
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
