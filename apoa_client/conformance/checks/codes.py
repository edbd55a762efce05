"""The tables of codes, and how a client asks whether its copy is current."""

import re
from http import HTTPStatus

from apoa_client.authority.http_errors import HttpResponse
from apoa_client.conformance.check import Setting, check
from apoa_client.conformance.expectations import expect, expect_equal, expect_json, expect_problem
from apoa_client.conformance.outcomes import Failed
from apoa_client.conformance.paragraphs import CODES, ETAG, NOT_FOUND, NOT_MODIFIED
from apoa_client.messages import msg

TABLES = ("stay_permits", "purposes", "nationalities")

_ETAG = re.compile(r'(W/)?"[^"]*"')


@check("codes.tables", msg("Each code table comes under its own name, with each code once"), CODES)
def tables(setting: Setting) -> None:
    """All three."""
    for name in TABLES:
        table = expect_json(setting.server.call("GET", f"/codes/{name}"), "CodeTable")
        expect_equal("table", table["table"], name)
        codes = [each["code"] for each in table["codes"]]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        expect(not twice, msg("The table {table} has codes twice: {codes}", table=name, codes=", ".join(twice)))


@check("codes.etag", msg("A code table has an ETag"), ETAG)
def etag(setting: Setting) -> None:
    """In its quotation marks."""
    for name in TABLES:
        _etag(setting.server.call("GET", f"/codes/{name}"))


@check("codes.not_modified", msg("A client that has the current table gets 304 without a body"), NOT_MODIFIED)
def not_modified(setting: Setting) -> None:
    """With the ETag of the table."""
    for name in TABLES:
        held = _etag(setting.server.call("GET", f"/codes/{name}"))
        response = setting.server.call("GET", f"/codes/{name}", {"If-None-Match": held})
        expect_equal("status", response.status, HTTPStatus.NOT_MODIFIED.value)
        expect_equal("ETag", response.headers.get("etag"), held)
        expect(not response.body, msg("The answer 304 has a body."))


@check("codes.modified", msg("A client that has another table gets the current one"), NOT_MODIFIED)
def modified(setting: Setting) -> None:
    """With an ETag that no table has."""
    response = setting.server.call("GET", f"/codes/{TABLES[0]}", {"If-None-Match": '"an-older-table"'})
    expect_json(response, "CodeTable")


@check("codes.unknown_table", msg("An unknown code table gets 404"), NOT_FOUND)
def unknown_table(setting: Setting) -> None:
    """One that the contract does not name."""
    expect_problem(setting.server.call("GET", "/codes/hotels"), HTTPStatus.NOT_FOUND)


def _etag(response: HttpResponse) -> str:
    expect_json(response, "CodeTable")
    found = response.headers.get("etag", "")
    if _ETAG.fullmatch(found) is None:
        raise Failed(msg("The answer has no valid ETag."))
    return found


CHECKS = (tables, etag, not_modified, modified, unknown_table)
