"""Tokens, credentials, what the server says about itself, and its tables of codes."""

import re
from datetime import datetime, timedelta
from http import HTTPStatus

from apoa_client.authority.http_errors import HttpResponse
from apoa_client.conformance.check import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, Context, Paragraph, check
from apoa_client.conformance.exchange import Failed
from apoa_client.conformance.server import WRONG_TOKEN, expect, expect_equal, expect_json, expect_problem
from apoa_client.messages import msg

_INSTANTS = Paragraph("/info/description", "Instants are RFC 3339")
_TOKEN = Paragraph("/paths/~1oauth~1token/post/description")
_META = Paragraph("/paths/~1meta/get/description")
_CODES = Paragraph("/paths/~1codes~1{table}/get/description")
_ETAG = Paragraph("/components/headers/ETag/description")
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


@check("session.clock", msg("The server's clock is right, within 5 minutes"), _INSTANTS)
def clock(context: Context) -> None:
    """Compares `server_time` with our clock."""
    server_time = expect_json(context.server.call("GET", "/meta"), "Meta")["server_time"]
    skew = datetime.fromisoformat(server_time) - context.now()
    expect(
        abs(skew) <= MAX_SKEW,
        msg("The server's clock differs by {seconds} seconds.", seconds=int(skew.total_seconds())),
    )


@check("session.wrong_password", msg("A wrong password gets 401"), UNAUTHORIZED)
def wrong_password(context: Context) -> None:
    """Tried once, because a server may lock an account after some tries."""
    _expect_unauthorized(context.server.request_token(_WRONG_PASSWORD))


@check("session.no_token", msg("A call without a token gets 401"), UNAUTHORIZED)
def no_token(context: Context) -> None:
    """GET /meta without the header."""
    _expect_unauthorized(context.server.call_as(None, "GET", "/meta"))


@check("session.wrong_token", msg("A call with a wrong token gets 401"), UNAUTHORIZED)
def wrong_token(context: Context) -> None:
    """GET /meta with a token that the server never issued."""
    _expect_unauthorized(context.server.call_as(WRONG_TOKEN, "GET", "/meta"))


@check("session.grant_type", msg("Another grant type gets 400"), _TOKEN)
def grant_type(context: Context) -> None:
    """Only client credentials are of the contract."""
    response = context.server.request_token(body=b"grant_type=password")
    expect_problem(response, HTTPStatus.BAD_REQUEST)


@check("session.form", msg("A request for a token that is not a form gets 400"), BAD_REQUEST)
def form(context: Context) -> None:
    """The same as JSON."""
    body, headers = b'{"grant_type": "client_credentials"}', {"Content-Type": "application/json"}
    expect_problem(context.server.request_token(body=body, headers=headers), HTTPStatus.BAD_REQUEST)


def _expect_unauthorized(response: HttpResponse) -> None:
    expect_problem(response, HTTPStatus.UNAUTHORIZED)
    expect(
        response.headers.get("www-authenticate"),
        msg("The answer 401 has no header WWW-Authenticate (RFC 9110 section 11.6.1)."),
    )


TABLES = ("stay_permits", "purposes")

_ETAG_FORM = re.compile(r'(W/)?"[^"]*"')


@check("codes.tables", msg("Each code table comes under its own name, with each code once"), _CODES)
def tables(context: Context) -> None:
    """Both."""
    for name in TABLES:
        table = expect_json(context.server.call("GET", f"/codes/{name}"), "CodeTable")
        expect_equal("table", table["table"], name)
        codes = [each["code"] for each in table["codes"]]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        expect(not twice, msg("The table {table} has codes twice: {codes}", table=name, codes=", ".join(twice)))


@check("codes.etag", msg("A code table has an ETag"), _ETAG)
def etag(context: Context) -> None:
    """In its quotation marks."""
    for name in TABLES:
        _etag(context.server.call("GET", f"/codes/{name}"))


@check("codes.not_modified", msg("A client that has the current table gets 304 without a body"), _NOT_MODIFIED)
def not_modified(context: Context) -> None:
    """With the ETag of the table."""
    for name in TABLES:
        held = _etag(context.server.call("GET", f"/codes/{name}"))
        response = context.server.call("GET", f"/codes/{name}", {"If-None-Match": held})
        expect_equal("status", response.status, HTTPStatus.NOT_MODIFIED.value)
        expect_equal("ETag", response.headers.get("etag"), held)
        expect(not response.body, msg("The answer 304 has a body."))


@check("codes.modified", msg("A client that has another table gets the current one"), _NOT_MODIFIED)
def modified(context: Context) -> None:
    """With an ETag that no table has."""
    response = context.server.call("GET", f"/codes/{TABLES[0]}", {"If-None-Match": '"an-older-table"'})
    expect_json(response, "CodeTable")


@check("codes.unknown_table", msg("An unknown code table gets 404"), NOT_FOUND)
def unknown_table(context: Context) -> None:
    """One that the contract does not name."""
    expect_problem(context.server.call("GET", "/codes/hotels"), HTTPStatus.NOT_FOUND)


def _etag(response: HttpResponse) -> str:
    expect_json(response, "CodeTable")
    found = response.headers.get("etag", "")
    if _ETAG_FORM.fullmatch(found) is None:
        raise Failed(msg("The answer has no valid ETag."))
    return found
