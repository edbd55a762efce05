"""Requests that are not of the contract: each is refused as a whole."""

import json
from http import HTTPStatus

from apoa_client.conformance.check import Setting, check
from apoa_client.conformance.expectations import expect_problem
from apoa_client.conformance.paragraphs import BAD_REQUEST, BODIES, CLOSED, ONE_RESULT_EACH, UNAUTHORIZED
from apoa_client.conformance.server import WRONG_TOKEN, body_of
from apoa_client.messages import msg


def _expect_refusal(setting: Setting, body: bytes, content_type: str = "application/json") -> None:
    for path in ("/reports", "/reports/validate"):
        response = setting.server.post_body(body, path, {"Content-Type": content_type})
        expect_problem(response, HTTPStatus.BAD_REQUEST)


@check("requests.not_json", msg("A body that is not JSON gets 400"), BAD_REQUEST)
def not_json(setting: Setting) -> None:
    """A JSON text that breaks off."""
    _expect_refusal(setting, b'{"reports": [')


@check("requests.not_utf8", msg("A body that is not UTF-8 gets 400"), BODIES)
def not_utf8(setting: Setting) -> None:
    """A name in Latin-1."""
    report = setting.samples.check_in({"surname": "APOA MUÑOZ"})
    setting.server.expect_stays([report])
    _expect_refusal(setting, json.dumps({"reports": [report]}, ensure_ascii=False).encode("latin-1"))


@check("requests.no_list", msg("A body without a list of reports gets 400"), ONE_RESULT_EACH)
def no_list(setting: Setting) -> None:
    """No object, no list in it, and an empty list."""
    for body in (b"[]", b"{}", b'{"reports": {}}', b'{"reports": []}'):
        _expect_refusal(setting, body)


@check("requests.no_id", msg("A report without an id makes the call 400"), ONE_RESULT_EACH)
def no_id(setting: Setting) -> None:
    """There is no id under which its result could be stored."""
    report = setting.samples.check_in()
    setting.server.expect_stays([report])
    del report["id"]
    _expect_refusal(setting, body_of([report]))


@check("requests.unknown_member", msg("An unknown member beside the list of reports gets 400"), CLOSED)
def unknown_member(setting: Setting) -> None:
    """What a client sends is closed."""
    report = setting.samples.check_in()
    setting.server.expect_stays([report])
    _expect_refusal(setting, json.dumps({"reports": [report], "dry_run": True}).encode())


@check("requests.content_type", msg("Another content type than JSON gets 400"), BODIES)
def content_type(setting: Setting) -> None:
    """Plain text."""
    report = setting.samples.check_in()
    setting.server.expect_stays([report])
    _expect_refusal(setting, body_of([report]), "text/plain")


@check("requests.need_token", msg("Reports with a wrong token are refused and not stored"), UNAUTHORIZED)
def need_token(setting: Setting) -> None:
    """The call with a wrong token, and then a question about that report."""
    report = setting.samples.check_in()
    setting.server.expect_stays([report])
    headers, body = {"Content-Type": "application/json"}, body_of([report])
    response = setting.server.call_as(WRONG_TOKEN, "POST", "/reports", headers, body)
    expect_problem(response, HTTPStatus.UNAUTHORIZED)
    expect_problem(setting.server.call("GET", f"/reports/{report['id']}"), HTTPStatus.NOT_FOUND)


CHECKS = (need_token, not_json, not_utf8, no_list, no_id, unknown_member, content_type)
