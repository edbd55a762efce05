"""Tokens, credentials, what the server says about itself, and its tables of codes."""

import re
from datetime import datetime, timedelta
from http import HTTPStatus

from apoa_client.authority.http_errors import HttpResponse
from apoa_client.conformance.check import CLOCK, UNAUTHORIZED, Context, Paragraph, check
from apoa_client.conformance.exchange import (
    Failed,
    expect,
    expect_equal,
    expect_json,
    expect_problem,
    expect_status,
    json_of,
    shown,
)
from apoa_client.conformance.server import WRONG_TOKEN, body_of
from apoa_client.messages import msg
from apoa_client.settings.zones import ZONES

_TOKEN = Paragraph("/paths/~1oauth~1token/post/description")
_META = Paragraph("/paths/~1meta/get/description")
_CODES = Paragraph("/paths/~1codes~1{table}/get/description")
_NOT_MODIFIED = Paragraph("/paths/~1codes~1{table}/get/responses/304/description")

MAX_SKEW = timedelta(minutes=5)
"""The largest difference between the server's clock and ours."""

_WRONG_PASSWORD = "not the password"  # noqa: S105  a wrong one


@check("session.token", msg("The username and password get a token"), _TOKEN)
def token(context: Context) -> None:
    """Answered first: without a token nothing else can be tested."""
    context.server.log_in()


@check("session.meta", msg("GET /meta describes the server and the account"), _META)
def meta(context: Context) -> None:
    """Answered next: it says whether this is a production server, and the limits."""
    context.server.meta = expect_json(context.server.call("GET", "/meta"), "Meta")
    context.samples.zone = ZONES.get(context.server.meta.get("timezone", ""), context.samples.zone)


@check("session.clock", msg("The server's clock is right, within 5 minutes"), CLOCK)
def clock(context: Context) -> None:
    """Compares `server_time` with our clock."""
    server_time = expect_json(context.server.call("GET", "/meta"), "Meta")["server_time"]
    skew = datetime.fromisoformat(server_time) - context.now()
    seconds = int(skew.total_seconds())
    expect(abs(skew) <= MAX_SKEW, msg("The server's clock differs by {seconds} seconds.", seconds=seconds))


@check("session.wrong_password", msg("A wrong password gets 401"), UNAUTHORIZED)
def wrong_password(context: Context) -> None:
    """Tried once, because a server may lock an account after some tries."""
    response = context.server.request_token(_WRONG_PASSWORD)
    if not _is_oauth_error(response, "invalid_client", HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
        _expect_unauthorized(response)


@check("session.no_token", msg("A call without a token, or with a wrong one, gets 401"), UNAUTHORIZED)
def no_token(context: Context) -> None:
    """GET /meta without the header, and both calls with a token that the server never issued."""
    for each in (None, WRONG_TOKEN):
        _expect_unauthorized(context.server.call_as(each, "GET", "/meta"))
    headers, body = {"Content-Type": "application/json"}, body_of([context.check_in()])
    _expect_unauthorized(context.server.call_as(WRONG_TOKEN, "POST", "/reports", headers, body))


@check("session.grant_type", msg("Another grant type, and a body that is not a form, get 400"), _TOKEN)
def grant_type(context: Context) -> None:
    """Only client credentials, in a form, are of the contract."""
    as_json = b'{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}
    for each in ((None, b"grant_type=password"), (None, *as_json)):
        response = context.server.request_token(*each)
        if not _is_oauth_error(response, "", HTTPStatus.BAD_REQUEST):
            expect_problem(response, HTTPStatus.BAD_REQUEST)


def _is_oauth_error(response: HttpResponse, error: str, *statuses: HTTPStatus) -> bool:
    """Whether the answer is an error in OAuth's own form; fail if it is another one, or has another status."""
    if response.media_type != "application/json":
        return False
    expect_status(response, *statuses)
    found = json_of(response, "TokenError")["error"]
    expect_equal("error", found, error or found)
    return True


def _expect_unauthorized(response: HttpResponse) -> None:
    expect_problem(response, HTTPStatus.UNAUTHORIZED)
    missing = msg("The answer 401 has no header WWW-Authenticate (RFC 9110 section 11.6.1).")
    expect(response.headers.get("www-authenticate"), missing)


TABLES = ("stay_permits", "purposes")

_ETAG_FORM = re.compile(r'(W/)?"[^"]*"')


@check("codes.tables", msg("Each code table comes under its own name, with each code once; others get 404"), _CODES)
def tables(context: Context) -> None:
    """With names in both languages."""
    for name in TABLES:
        table = expect_json(context.server.call("GET", f"/codes/{name}"), "CodeTable")
        expect_equal("table", table["table"], name)
        codes = [each["code"] for each in table["codes"]]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        expect(not twice, msg("The table {table} has codes twice: {codes}", table=name, codes=shown(", ".join(twice))))
    expect_problem(context.server.call("GET", "/codes/hotels"), HTTPStatus.NOT_FOUND)


@check(
    "codes.not_modified", msg("A client that has the current table gets 304, and any other the table"), _NOT_MODIFIED
)
def not_modified(context: Context) -> None:
    """With the ETag of the table, which no other table has, and with one that no table has."""
    tags = {name: _etag(context.server.call("GET", f"/codes/{name}")) for name in TABLES}
    different = len(set(tags.values())) == len(tags)
    expect(different, msg("Different tables have the same ETag: {tag}", tag=tags[TABLES[0]]))
    for name, tag in tags.items():
        response = context.server.call("GET", f"/codes/{name}", {"If-None-Match": tag})
        expect_status(response, HTTPStatus.NOT_MODIFIED)
        expect_equal("ETag", response.headers.get("etag"), tag)
        expect(not response.body, msg("The answer 304 has a body."))
        older = {"If-None-Match": '"an-older-table"'}
        expect_json(context.server.call("GET", f"/codes/{name}", older), "CodeTable")


def _etag(response: HttpResponse) -> str:
    expect_json(response, "CodeTable")
    found = response.headers.get("etag", "")
    if _ETAG_FORM.fullmatch(found) is None:
        raise Failed(msg("The answer has no valid ETag."))
    return found
