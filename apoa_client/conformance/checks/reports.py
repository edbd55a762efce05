"""Reports and their results: what must be accepted, what must be rejected with every reason, and what is no request."""

import json
from http import HTTPStatus

from apoa_client.conformance.check import BAD_REQUEST, NOT_FOUND, UNAUTHORIZED, Context, Paragraph, check
from apoa_client.conformance.exchange import Failed, Skipped
from apoa_client.conformance.samples import GIVEN_NAMES, SURNAME, VIOLATIONS
from apoa_client.conformance.server import (
    WRONG_TOKEN,
    body_of,
    expect,
    expect_accepted,
    expect_equal,
    expect_problem,
    expect_receipt,
    expect_rejected,
)
from apoa_client.messages import msg

_STATUS = "/components/schemas/ValidationResult/properties/status/description"
_ACCEPTED = Paragraph(_STATUS, "`accepted`")
_POST = "/paths/~1reports/post/description"
_BODIES = Paragraph("/info/description", "Bodies are JSON")
_CLOSED = Paragraph("/info/description", "What a client sends is closed")
_ONE_RESULT_EACH = Paragraph(_POST, "One result for each report")
_VALIDATION = Paragraph("/paths/~1reports~1validate/post/description")
_RESULT = Paragraph("/paths/~1reports~1{id}/get/description")
_DUPLICATE = Paragraph(_STATUS, "`duplicate`")
_EVERY_VIOLATION = Paragraph("/components/schemas/ValidationResult/properties/errors/description")
_PARTIAL_DATE = Paragraph("/components/schemas/PartialDate/description")
_STATE = Paragraph("/components/schemas/State/description")
_ONE_NAME = Paragraph("/components/schemas/Guest/properties/surname/description")

_NAMES = ("MUÑOZ ŠMÍD", "ÅSTRÖM-O'CONNOR", "NGUYỄN ĐẶNG", "王 小明")
_PARTIAL_DATES = ("1985", "1985-09")
_STATES = ("D", "UNO", "XXA", "RKS")


@check("reports.accepted", msg("A good check-in is accepted, with a receipt and without errors"), _ACCEPTED)
def accepted(context: Context) -> None:
    """One report with only what a report must have."""
    [result] = context.server.accept(context.samples.check_in())
    expect_receipt(result)
    expect_equal("errors", result["errors"], [])


@check("reports.all_members", msg("A check-in with every member is accepted"), _ACCEPTED)
def all_members(context: Context) -> None:
    """With the lines of the passport, a permit, a room, a note and an address."""
    context.server.accept(context.samples.full_check_in())


@check("reports.mixed_batch", msg("A bad report in a batch does not affect the good ones"), _ONE_RESULT_EACH)
def mixed_batch(context: Context) -> None:
    """A bad one between two good ones."""
    make = context.samples
    first, bad, last = context.server.deliver(make.check_in(), make.bad_check_in(), make.check_in())
    expect_accepted(first)
    expect_rejected(bad)
    expect_accepted(last)


@check("reports.every_violation", msg("A rejected report names every violation"), _EVERY_VIOLATION)
def every_violation(context: Context) -> None:
    """Four wrong fields."""
    [result] = context.server.deliver(context.samples.bad_check_in())
    expect_rejected(result)
    missing = sorted(set(VIOLATIONS) - {each["field"] for each in result["errors"]})
    expect(not missing, msg("No error names {fields}.", fields=", ".join(missing)))


@check(
    "reports.missing_member",
    msg("A report without a required member is rejected, not the whole call"),
    _ONE_RESULT_EACH,
)
def missing_member(context: Context) -> None:
    """A check-in without a stay."""
    report = context.samples.check_in()
    del report["stay"]
    [result] = context.server.deliver(report)
    expect_rejected(result)


@check("reports.unknown_member", msg("A report with an unknown member is rejected, and the error names it"), _CLOSED)
def unknown_member(context: Context) -> None:
    """In the guest."""
    [result] = context.server.deliver(context.samples.check_in({"shoe_size": 43}))
    expect_rejected(result)
    fields = {each["field"] for each in result["errors"]}
    expect(fields & {"guest", "guest.shoe_size"}, msg("No error names {fields}.", fields="guest.shoe_size"))


@check("reports.unknown_kind", msg("A report of an unknown kind is rejected"), _CLOSED)
def unknown_kind(context: Context) -> None:
    """One that a later version might have."""
    [result] = context.server.deliver({**context.samples.check_in(), "kind": "extend"})
    expect_rejected(result)


@check("reports.unicode", msg("Names in any script are accepted"), _ONE_NAME)
def unicode(context: Context) -> None:
    """Accents, an apostrophe, Vietnamese, and Chinese."""
    context.server.accept(*(context.samples.check_in({"surname": f"{SURNAME} {name}"}) for name in _NAMES))


@check("reports.one_name", msg("A guest with only one name is accepted"), _ONE_NAME)
def one_name(context: Context) -> None:
    """Without a surname, and without given names."""
    whole = f"{SURNAME} {GIVEN_NAMES}"
    only_given = {"surname": "", "given_names": whole}
    only_surname = {"surname": whole, "given_names": ""}
    context.server.accept(context.samples.check_in(only_given), context.samples.check_in(only_surname))


@check("reports.partial_birth_date", msg("A birth date without a day, or without a month, is accepted"), _PARTIAL_DATE)
def partial_birth_date(context: Context) -> None:
    """Passports with an unknown day exist."""
    context.server.accept(*(context.samples.check_in({"birth_date": each}) for each in _PARTIAL_DATES))


@check("reports.special_states", msg("Codes of states such as D, UNO, XXA and RKS are accepted"), _STATE)
def special_states(context: Context) -> None:
    """As a nationality and as an issuing state."""
    reports = [context.samples.check_in({"nationality": code}) for code in _STATES]
    for report, code in zip(reports, _STATES, strict=True):
        report["guest"]["document"]["issuing_state"] = code
    context.server.accept(*reports)


@check("reports.result", msg("GET /reports/ID answers with the result that the call had"), _RESULT)
def result_of_each(context: Context) -> None:
    """Of an accepted report. One that breaks a rule is not received."""
    [result] = context.server.accept(context.samples.check_in())
    asked = context.server.result(result["id"])
    for name in ("status", "receipt", "errors"):
        expect_equal(name, asked[name], result[name])


@check("reports.unknown_id", msg("GET /reports/ID of an unknown id gets 404"), NOT_FOUND)
def unknown_id(context: Context) -> None:
    """One that was never sent."""
    expect_problem(context.server.call("GET", f"/reports/{context.samples.id()}"), HTTPStatus.NOT_FOUND)


@check("reports.validation", msg("POST /reports/validate stores nothing and issues no receipt"), _VALIDATION)
def validation(context: Context) -> None:
    """A good report, which is unknown afterwards and can still be sent."""
    report = context.check_in()
    [result] = context.server.validate(report)
    expect_accepted(result)
    expect_equal("receipt", result["receipt"], None)
    expect_problem(context.server.call("GET", f"/reports/{report['id']}"), HTTPStatus.NOT_FOUND)
    context.server.accept(report)


@check("reports.validation_rejects", msg("POST /reports/validate rejects what POST /reports rejects"), _VALIDATION)
def validation_rejects(context: Context) -> None:
    """With the same errors, in a batch with a good report."""
    good, bad = context.samples.check_in(), context.samples.bad_check_in()
    context.server.expect_stays([good])
    checked = context.server.validate(good, bad)
    expect_accepted(checked[0])
    expect_rejected(checked[1])
    [sent] = context.server.deliver(bad)
    expect_equal("errors", checked[1]["errors"], sent["errors"])


@check(
    "reports.duplicate",
    msg("A second report of a guest and night is a duplicate with the first one's receipt"),
    _DUPLICATE,
)
def duplicate(context: Context) -> None:
    """The same guest in another stay. A server need not find it, but must not invent a receipt."""
    first = context.samples.check_in()
    second = {**context.samples.check_in(), "guest": first["guest"], "stay": first["stay"]}
    [original] = context.server.accept(first)
    [other] = context.server.deliver(second)
    if other["status"] == "accepted":
        raise Skipped(msg("The server does not look for duplicates, which the contract allows."))
    if other["status"] != "duplicate":
        raise Failed(msg("A second report of a guest and night is {status}.", status=other["status"]))
    expect_receipt(other, original["receipt"])


def _expect_refusal(context: Context, body: bytes) -> None:
    for path in ("/reports", "/reports/validate"):
        response = context.server.post_body(body, path)
        expect_problem(response, HTTPStatus.BAD_REQUEST)


@check("requests.need_token", msg("Reports with a wrong token are refused and not stored"), UNAUTHORIZED)
def need_token(context: Context) -> None:
    """The call with a wrong token, and then a question about that report."""
    report = context.check_in()
    headers, body = {"Content-Type": "application/json"}, body_of([report])
    response = context.server.call_as(WRONG_TOKEN, "POST", "/reports", headers, body)
    expect_problem(response, HTTPStatus.UNAUTHORIZED)
    expect_problem(context.server.call("GET", f"/reports/{report['id']}"), HTTPStatus.NOT_FOUND)


@check("requests.not_json", msg("A body that is not JSON gets 400"), BAD_REQUEST)
def not_json(context: Context) -> None:
    """A JSON text that breaks off."""
    _expect_refusal(context, b'{"reports": [')


@check("requests.not_utf8", msg("A body that is not UTF-8 gets 400"), _BODIES)
def not_utf8(context: Context) -> None:
    """A name in Latin-1."""
    report = context.check_in({"surname": "APOA MUÑOZ"})
    _expect_refusal(context, json.dumps({"reports": [report]}, ensure_ascii=False).encode("latin-1"))


@check("requests.no_list", msg("A body without a list of reports gets 400"), _ONE_RESULT_EACH)
def no_list(context: Context) -> None:
    """No object, no list in it, and an empty list."""
    for body in (b"[]", b"{}", b'{"reports": {}}', b'{"reports": []}'):
        _expect_refusal(context, body)


@check("requests.no_id", msg("A report without an id makes the call 400"), _ONE_RESULT_EACH)
def no_id(context: Context) -> None:
    """There is no id under which its result could be stored."""
    report = context.check_in()
    del report["id"]
    _expect_refusal(context, body_of([report]))


@check("requests.unknown_member", msg("An unknown member beside the list of reports gets 400"), _CLOSED)
def unknown_member_beside_reports(context: Context) -> None:
    """What a client sends is closed."""
    report = context.check_in()
    _expect_refusal(context, json.dumps({"reports": [report], "dry_run": True}).encode())


@check("requests.content_type", msg("Another content type than JSON gets 400 or 415"), _BODIES)
def content_type(context: Context) -> None:
    """Plain text."""
    body, headers = body_of([context.check_in()]), {"Content-Type": "text/plain"}
    for path in ("/reports", "/reports/validate"):
        response = context.server.post_body(body, path, headers)
        unsupported = response.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        expect_problem(response, HTTPStatus.UNSUPPORTED_MEDIA_TYPE if unsupported else HTTPStatus.BAD_REQUEST)
