"""Servers that break the contract, each in one way: the right check fails and says why. What is allowed passes."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from altered_servers import (
    DAY,
    RESULT,
    Json,
    Report,
    accept,
    accepting,
    altered,
    before,
    by_stay,
    changing,
    changing_bytes,
    comparing_bytes,
    covering,
    deciding,
    ending_tokens,
    in_pages,
    losing_the_last,
    night_count,
    numbering_without_lock,
    numbers_twice,
    problem,
    refusing,
    reports_of,
    set_body,
    two_properties,
    without_idempotency,
)
from sandbox_helpers import LIMITS, NOW, PASSWORD, USERNAME, Suite, failed
from werkzeug.wrappers import Request, Response

from apoa_client.conformance.check import Result
from apoa_client.sandbox.server import SandboxServer

Serve = Callable[..., SandboxServer]
OTHER = "akun-lain"


def each_result(change: Callable[[Json], object]) -> Callable[[Json], None]:
    def change_all(value: Json) -> None:
        for result in value.get("results", [value]):
            change(result)

    return change_all


def updating(path: str, **members: object) -> type[SandboxServer]:
    """Sandboxes with other members in their answers at a path."""
    return changing(path, lambda value: value.update(members))


def other_number_each_time() -> type[SandboxServer]:
    numbers = count(1)

    def change(result: Json) -> None:
        if result["receipt"] is not None:
            result["receipt"]["number"] += f"-{next(numbers)}"

    return changing(RESULT, change)


def without_header(name: str) -> type[SandboxServer]:
    def after(_request: Request, response: Response) -> Response:
        response.headers.pop(name, None)
        return response

    return altered(after=lambda: after)


def answering(status: int, with_status: int) -> type[SandboxServer]:
    """Another status than the right one."""

    def after(_request: Request, response: Response) -> Response:
        return problem(with_status) if response.status_code == status else response

    return altered(after=lambda: after)


def ignoring_etags(request: Request) -> None:
    request.environ.pop("HTTP_IF_NONE_MATCH", None)


def always_304(request: Request) -> Response | None:
    return Response(status=304) if "HTTP_IF_NONE_MATCH" in request.environ else None


def one_etag(_request: Request, response: Response) -> Response:
    if "ETag" in response.headers:
        response.headers["ETag"] = '"1"'
    return response


def plain_problems(_request: Request, response: Response) -> Response:
    if response.status_code >= 400:
        response.mimetype = "application/json"
    return response


def with_stack_trace(_request: Request, response: Response) -> Response:
    if response.status_code == 400:
        trace = "TypeError: x is undefined\n    at validate (/srv/api/reports.js:41:17)\n    at next (/srv/a.js:3:1)"
        return problem(400, trace)
    return response


def with_opening_hours(_request: Request, response: Response) -> Response:
    return problem(400, "Ask at the office (08:00-16:00).") if response.status_code == 400 else response


def crashing_on_bad_ids(request: Request) -> Response | None:
    is_bad = request.path.startswith("/v1/reports/") and "no-id" in request.path
    return problem(500, "invalid input syntax for type uuid") if is_bad else None


def crashing_on_fractions(request: Request) -> Response | None:
    return problem(500) if b": 1.5" in request.get_data() else None


def storing_what_is_validated(request: Request) -> None:
    request.environ["PATH_INFO"] = request.environ["PATH_INFO"].replace("/validate", "")


def refusing_gzip(request: Request) -> Response | None:
    return problem(415) if request.headers.get("Content-Encoding") == "gzip" else None


def open_to_all(request: Request) -> Response | None:
    return Response("{}", mimetype="application/json") if "HTTP_AUTHORIZATION" not in request.environ else None


def any_grant(request: Request) -> None:
    if request.path == "/v1/oauth/token":
        request.environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        set_body(request, b"grant_type=client_credentials")


def busy_once(value: str | None) -> type[SandboxServer]:
    """Answer 429 once, with or without a Retry-After."""

    def make() -> Any:
        calls = count()

        def busy(_request: Request) -> Response | None:
            if next(calls) != 3:
                return None
            response = problem(429)
            if value is not None:
                response.headers["Retry-After"] = value
            return response

        return busy

    return altered(before=make)


def whole_call_refused(request: Request, response: Response) -> Response:
    """Answer 400 if one report of the call is bad."""
    if reports_of(request) and b'"rejected"' in response.get_data():
        return problem(400)
    return response


def reversed_results(value: Json) -> None:
    value["results"].reverse()


def without_last_result(value: Json) -> None:
    if len(value["results"]) > 1:
        value["results"].pop()


def only_first_violation(result: Json) -> None:
    del result["errors"][1:]


def other_conflict(result: Json) -> None:
    for error in result["errors"]:
        error["code"] = error["code"].replace("id_conflict", "conflict")


def accepting_in_batch(request: Request, response: Response) -> Response:
    """Accept a conflict with a report of the same call."""
    ids = [each["id"] for each in reports_of(request) if "id" in each]
    if response.status_code == 200 and len(set(ids)) < len(ids):
        value = json.loads(response.get_data())
        for result in value["results"]:
            accepting_conflicts({}, result)
        response.set_data(json.dumps(value))
    return response


def reading_broken_gzip(request: Request) -> None:
    """Take a body that is not gzip as it is."""
    if request.headers.get("Content-Encoding") == "gzip" and request.get_data().startswith(b"{"):
        del request.environ["HTTP_CONTENT_ENCODING"]


def accepting_conflicts(_report: Report, result: Json) -> None:
    if "id_conflict" in {each["code"] for each in result["errors"]}:
        accept(result)


def accepting_an_empty_list(request: Request) -> Response | None:
    if request.get_data() == b'{"reports": []}':
        return Response('{"results": []}', mimetype="application/json")
    return None


def shifted_day(value: Json) -> None:
    for member in ("from", "to"):
        value[member] = value[member].replace("T00:00:00", "T07:00:00")


def cut_at(size: int, *, counting: bool) -> Callable[[Json], None]:
    def cut(value: Json) -> None:
        value["reports"] = value["reports"][:size]
        if not counting:
            value["accepted"] = len(value["reports"])

    return cut


def is_late(report: Report) -> bool:
    return report.get("kind") == "check_in" and report["stay"]["check_in"][:4] < report["created_at"][:4]


def has(field: str, value: str) -> Callable[[Report], bool]:
    def found(report: Report) -> bool:
        inner: Any = report
        for each in field.split("."):
            inner = inner.get(each) if isinstance(inner, dict) else None
        return isinstance(inner, str) and re.fullmatch(value, inner) is not None

    return found


def mrz_of(report: Report) -> list[str]:
    return report.get("guest", {}).get("document", {}).get("mrz") or []


def as_before_rules(request: Request, response: Response) -> Response:
    """Answer as a server of version 1.2 may, which had no 415."""
    if request.path == "/v1/meta" and response.status_code == 200:
        response.set_data(response.get_data().replace(b'"contract": "1.3"', b'"contract": "1.2"'))
    return problem(400) if response.status_code == 415 else response


def without(member: str, path: str) -> type[SandboxServer]:
    """A server without an optional call, which its meta does not have and which it does not know."""
    return altered(
        before=lambda: lambda request: problem(404) if re.fullmatch(f"/v1{path}", request.path) else None,
        base=changing("/meta", lambda value: value.pop(member)),
    )


def no_receipt_for_bad(request: Request, response: Response) -> Response:
    """Answer an empty receipt for a report that has none."""
    if request.path.endswith("/receipt") and response.status_code == 404:
        return Response("null", mimetype="application/json")
    return response


def pdf_of_html(request: Request, response: Response) -> Response:
    if request.path.endswith("/receipt") and "pdf" in request.headers.get("Accept", ""):
        return Response("<html>", mimetype="application/pdf")
    return response


class Fault(NamedTuple):
    """A server, the check that must find its fault, and a word of what the check says.

    `also` are checks that must run for it: those that issue receipts.
    """

    kind: Any
    check: str
    word: str
    also: frozenset[str] = frozenset()


_AFTER_CHECK_OUT = (("check_out", "amend"), ("check_out", "check_out"))
_ISSUING = frozenset({"reports"})
_LIST = "/(?:reports|reports/validate)"

REFUSED_VALUES = {
    "no other letters": ("guest.surname", r".*[^\x00-\x7f].*", "idempotency.same_content"),
    "no half dates of birth": ("guest.birth_date", r"\d{4}(-\d\d)?", "reports.partial_birth_date"),
    "no Germans": ("guest.nationality", "D", "reports.special_states"),
    "two names are needed": ("guest.given_names", "", "reports.one_name"),
    "no times in UTC": ("stay.check_in", r".*[0-9.]Z", "reports.instants"),
    "no parts of a second": ("stay.check_in", r".*\.\d+\D.*", "reports.instants"),
    "names of at most 255": ("guest.surname", ".{256,}", "reports.longest"),
    "permits of a list": ("guest.stay_permit.code", "(?!A1|B1).*", "reports.all_codes"),
    "no officials": ("stay.purpose", "government", "reports.all_codes"),
    "no diplomats": ("guest.document.type", "PD", "reports.all_codes"),
}
"""Values that a server refuses although the contract allows them: the field, the value, and the check."""

FAULTS = {
    # What hurts: a report lost, doubled or refused.
    "the last report of a full batch lost": Fault(losing_the_last(LIMITS.max_batch), "limits.full_batch", "404"),
    "one number in seven twice": Fault(numbers_twice(7), "closing.receipts", "number", _ISSUING),
    "one number for two calls at once": Fault(
        numbering_without_lock(), "closing.receipts", "number", frozenset({"idempotency.at_once"})
    ),
    "one sum for all": Fault(
        changing_bytes(".*", lambda body: re.sub(rb'"sha256": "[0-9a-f]+"', b'"sha256": "%s"' % (b"0" * 64), body)),
        "closing.receipts",
        "sha256",
        _ISSUING,
    ),
    "no stays of one night": Fault(refusing(lambda report: night_count(report) == 1), "stays.one_night", "rejected"),
    "late is refused": Fault(refusing(is_late, "late"), "rules.stay.check_in.late", "late"),
    "cancelled stays make duplicates": Fault(covering(cancelled=True), "stays.after_cancel", "duplicate"),
    "stays that ended make duplicates": Fault(covering(left=True), "stays.after_check_out", "duplicate"),
    "the day of departure is a night": Fault(covering(departure=True), "stays.back_on_day_of_departure", "duplicate"),
    "no idempotency": Fault(without_idempotency(), "idempotency.same_body", "receipt is"),
    "bytes are compared": Fault(comparing_bytes(), "idempotency.same_content", "status"),
    "another code of a conflict": Fault(
        changing("/reports", each_result(other_conflict)), "idempotency.other_body", "id_conflict"
    ),
    "a conflict is accepted": Fault(deciding(lambda: accepting_conflicts), "idempotency.other_body", "accepted"),
    "a conflict in one batch is accepted": Fault(
        altered(after=lambda: accepting_in_batch), "idempotency.other_body", "not rejected"
    ),
    "the sum of the bytes": Fault(
        changing_bytes(
            "/reports", lambda body: re.sub(rb'"sha256": "[0-9a-f]+"', b'"sha256": "%s"' % (b"0" * 64), body)
        ),
        "receipts.sha256",
        "sha256 is",
    ),
    "receipts change": Fault(other_number_each_time(), "receipts.unchanged", "receipt"),
    "receipts change at the end": Fault(other_number_each_time(), "closing.receipts", "receipt", _ISSUING),
    "one bad report refuses the call": Fault(
        altered(after=lambda: whole_call_refused), "reports.mixed_batch", "status is 400"
    ),
    "a number where a text must be breaks the call": Fault(
        before(crashing_on_fractions), "reports.mixed_batch", "status is 500"
    ),
    "results in another order": Fault(changing("/reports", reversed_results), "reports.mixed_batch", "Result 1"),
    "a result is missing": Fault(changing("/reports", without_last_result), "reports.mixed_batch", "results: 5"),
    # What is refused that is allowed.
    **{
        name: Fault(refusing(has(field, value)), check, "not_here")
        for name, (field, value, check) in REFUSED_VALUES.items()
    },
    "no identity cards": Fault(refusing(lambda report: len(mrz_of(report)) == 3), "reports.all_members", "not_here"),
    "no lines of the passport": Fault(refusing(mrz_of), "reports.all_members", "not_here"),
    # What is accepted that is wrong.
    "departure before arrival": Fault(accepting("order"), "rules.stay.planned_check_out.order", "not rejected"),
    "a check-out in 2999": Fault(accepting("implausible"), "rules.check_out.implausible", "not rejected"),
    "another code": Fault(
        changing_bytes(_LIST, lambda body: body.replace(b'"bad_date"', b'"invalid"')),
        "rules.guest.birth_date.bad_date",
        "without guest.birth_date bad_date",
    ),
    "only one violation": Fault(
        changing("/reports", each_result(only_first_violation)), "reports.every_violation", "No error names"
    ),
    "validation stores": Fault(before(storing_what_is_validated), "reports.validation", "receipt"),
    # The table of stays.
    "any order": Fault(accepting("unknown_stay", "stay_cancelled"), "stays.in_order", "check_out in the state none"),
    "left again after an amendment is refused": Fault(
        by_stay({("amend", "check_out"): "already_checked_out"}),
        "stays.in_order",
        "check_out in the state in_house",
    ),
    "nothing is amended after the check-out": Fault(
        by_stay({("check_out", "amend"): "already_checked_out"}), "stays.in_order", "amend in the state left"
    ),
    "two check-outs of a stay": Fault(
        accepting("already_checked_out"), "stays.in_order", "check_out in the state left"
    ),
    # Times, days and lists.
    "local time with Z": Fault(
        changing_bytes(".*", lambda body: re.sub(rb'(issued_at": "[^"]+)\+07:00"', rb'\1Z"', body)),
        "closing.receipts",
        "420 minutes",
        _ISSUING,
    ),
    "days begin at seven": Fault(changing(DAY, shifted_day), "closing.day", "midnight", _ISSUING),
    "days are over before they begin": Fault(
        changing(DAY, lambda value: value.update(to=value["from"])), "closing.day", "midnight", _ISSUING
    ),
    "a list cut at a limit": Fault(changing(DAY, cut_at(10, counting=False)), "closing.day", "lacks", _ISSUING),
    "a list cut at a limit, counted whole": Fault(
        changing(DAY, cut_at(10, counting=True)), "closing.day", "accepted", _ISSUING
    ),
    "every page is the first one": Fault(in_pages(3, lambda lines, _page: lines[:3]), "closing.day", "twice", _ISSUING),
    "empty pages without an end": Fault(
        in_pages(3, lambda lines, page: [] if page else lines), "closing.day", "no end", _ISSUING
    ),
    "a day that is not the one asked for": Fault(updating(DAY, day="2026-01-01"), "closing.day", "day", _ISSUING),
    "a day of another property": Fault(updating(DAY, property="P-2"), "closing.day", "property", _ISSUING),
    "days that it does not announce": Fault(
        changing("/meta", lambda value: value.pop("daily_receipts")), "photos.unwanted", "not 404"
    ),
    "no offset": Fault(updating("/meta", server_time="2026-11-26T12:00:00"), "session.meta", "server_time"),
    # Tokens and headers.
    "a wrong password gets 403": Fault(answering(401, 403), "session.wrong_password", "403"),
    "no token is needed": Fault(before(open_to_all), "session.no_token", "200"),
    "any grant type": Fault(before(any_grant), "session.grant_type", "200"),
    "no WWW-Authenticate": Fault(without_header("WWW-Authenticate"), "session.no_token", "WWW-Authenticate"),
    "expires_in is a lie": Fault(ending_tokens(7), "closing.token", "expires_in", _ISSUING),
    "429 without Retry-After": Fault(busy_once(None), "closing.retry_after", "no header Retry-After", _ISSUING),
    "a word for seconds": Fault(busy_once("soon"), "closing.retry_after", "soon", _ISSUING),
    # Code tables.
    "a code twice": Fault(
        changing("/codes/purposes", lambda value: value["codes"].append(value["codes"][0])), "codes.tables", "twice"
    ),
    "a table under another name": Fault(updating("/codes/purposes", table="stay_permits"), "codes.tables", "table is"),
    "one ETag for all tables": Fault(altered(after=lambda: one_etag), "codes.not_modified", "same ETag"),
    "no ETag": Fault(without_header("ETag"), "codes.not_modified", "no valid ETag"),
    "ETags are ignored": Fault(before(ignoring_etags), "codes.not_modified", "not 304"),
    "always 304": Fault(before(always_304), "codes.not_modified", "ETag"),
    "a table that does not exist": Fault(answering(404, 400), "codes.tables", "400"),
    # JSON and errors.
    "a member twice in an answer": Fault(
        changing_bytes("/reports", lambda body: body.replace(b'"status":', b'"status": "accepted", "status":')),
        "reports.accepted",
        "twice",
    ),
    "an empty list is right": Fault(before(accepting_an_empty_list), "requests.no_list", "not 400"),
    "a stack trace in an error": Fault(
        altered(after=lambda: with_stack_trace), "closing.internals", "reports.js:41", frozenset({"requests"})
    ),
    "a crash at what is not an id": Fault(before(crashing_on_bad_ids), "reports.unknown_id", "500"),
    "problems that are no problems": Fault(altered(after=lambda: plain_problems), "reports.unknown_id", "content type"),
    "a receipt for each report": Fault(altered(after=lambda: no_receipt_for_bad), "reports.unknown_id", "not 404"),
    "a PDF that is HTML": Fault(altered(after=lambda: pdf_of_html), "receipts.pdf", "not a PDF"),
    # Limits and photos.
    "broken gzip is read": Fault(before(reading_broken_gzip), "limits.gzip", "not 400"),
    "gzip is not accepted": Fault(before(refusing_gzip), "limits.gzip", "415"),
    "a smaller batch than it says": Fault(
        updating("/meta", max_batch=LIMITS.max_batch + 1), "limits.full_batch", "413"
    ),
    "a larger batch than it says": Fault(
        updating("/meta", max_batch=LIMITS.max_batch - 1), "limits.over_batch", "not 413"
    ),
    "a smaller body than it says": Fault(
        updating("/meta", max_body_bytes=LIMITS.max_body_bytes + 1),
        "limits.body",
        "413",
    ),
    "a larger body than it says": Fault(
        updating("/meta", max_body_bytes=LIMITS.max_body_bytes - 1),
        "limits.body",
        "not 413",
    ),
    "photos that it does not want": Fault(
        changing("/meta", lambda value: value.pop("wants_photo")), "photos.unwanted", "not 404"
    ),
    "another sum of a photo": Fault(
        changing(f"{RESULT}/photo", lambda value: value.update(sha256="0" * 64)), "photos.stored", "sha256"
    ),
    "a photo too large": Fault(answering(413, 400), "photos.refused", "400"),
}
"""By what is wrong with the server."""

ALLOWED: dict[str, tuple[Any, dict[str, Any]]] = {
    "decides later": (SandboxServer, {"faults": "pending*9000"}),
    "decides a part later": (SandboxServer, {"faults": "ok*20,pending*40,result:pending*30"}),
    "no gzip": (SandboxServer, {"limits": replace(LIMITS, accepts_gzip=False)}),
    "pages of one receipt": (in_pages(1), {}),
    "one report a call": (SandboxServer, {"limits": replace(LIMITS, max_batch=1)}),
    "version 1.2, where nothing comes after a check-out": (
        altered(after=lambda: as_before_rules, base=by_stay(dict.fromkeys(_AFTER_CHECK_OUT, "already_checked_out"))),
        {"limits": replace(LIMITS, accepts_gzip=False)},
    ),
    "another form of numbers": (
        changing_bytes(
            ".*", lambda body: re.sub(rb'"number": "[A-Z]+-(\d{4})-(\d{6})"', rb'"number": "JKT/\1/\2"', body)
        ),
        {},
    ),
    "finds duplicates": (covering(), {}),
    "no photos": (without("wants_photo", f"{RESULT}/photo"), {}),
    "no daily receipts": (without("daily_receipts", DAY), {}),
    "more members in its answers": (
        changing("/(meta|codes/.*|reports|reports/.*)", lambda value: value.update(colour="blue")),
        {},
    ),
    "opening hours in a problem": (altered(after=lambda: with_opening_hours), {}),
    "errors in another order": (changing(_LIST, each_result(lambda result: result["errors"].reverse())), {}),
    "no warnings": (changing(_LIST, each_result(lambda result: result.update(warnings=[]))), {}),
    "no sums": (
        changing_bytes(
            f"(?:/reports|{RESULT}|{RESULT}/receipt)",
            lambda body: re.sub(rb'"sha256": "[0-9a-f]+"', b'"sha256": null', body),
        ),
        {},
    ),
}
"""What the contract leaves to the server, by its name."""


@pytest.mark.parametrize("name", FAULTS)
def test_the_right_check_fails_and_says_why(suite: Suite, serve: Serve, name: str) -> None:
    """Each way of breaking the contract is found, by the check of the rule that is broken."""
    fault = FAULTS[name]
    results = suite(serve(kind=fault.kind).base_url, {fault.check, *fault.also})
    found = results[fault.check]
    assert found.result is Result.FAILED
    assert found.reason is not None
    assert fault.word in found.reason.render()


@pytest.mark.slow
@pytest.mark.parametrize("name", ALLOWED)
def test_what_the_contract_allows_passes(suite: Suite, serve: Serve, name: str) -> None:
    """No check fails on a server that may do so."""
    kind, options = ALLOWED[name]
    results = suite(serve(kind=kind, **options).base_url)
    assert {
        name: each.reason and each.reason.render() for name, each in results.items() if name in failed(results)
    } == {}


@pytest.mark.slow
def test_a_server_that_decides_at_another_day(suite: Suite, serve: Serve) -> None:
    """What it answers is tested: most checks are made, and it is waited for a minute in all."""
    results = suite(serve("pending*9000,result:pending*9000").base_url)
    assert failed(results) == set()
    skipped = [name for name, each in results.items() if each.result is Result.SKIPPED]
    assert len(skipped) < len(results) / 4, skipped
    assert sum(suite.waits) <= 60


@pytest.mark.parametrize(
    ("leak", "word"),
    [
        (None, ""),
        ("GET /v1/reports/", "The other account can read"),
        ("GET /v1/receipts/", f"property is {USERNAME}"),
        ("POST /v1/reports$", "The other account's check_out"),
    ],
)
def test_a_second_account(suite: Suite, serve: Serve, leak: str | None, word: str) -> None:
    """It sees and changes nothing of the first one's; a server where it can is found."""
    other = serve(username=OTHER)
    suite.others = [(OTHER, PASSWORD)]
    results = suite(serve(kind=two_properties(other, OTHER, leak)).base_url, {"accounts"})
    found = results["accounts.apart"]
    assert found.result is (Result.PASSED if leak is None else Result.FAILED)
    assert word in (found.reason.render() if found.reason is not None else "")


def test_a_second_account_of_the_same_property(suite: Suite, serve: Serve) -> None:
    """It shows nothing, so the check is not passed."""
    suite.others = [(USERNAME, PASSWORD)]
    assert failed(suite(serve().base_url, {"accounts"})) == {"accounts.apart"}


def test_a_clock_that_is_wrong(suite: Suite, serve: Serve) -> None:
    """Five minutes are allowed."""
    for minutes, expected in ((4, set()), (-4, set()), (6, {"session.clock"})):
        server = serve(now=lambda minutes=minutes: NOW + timedelta(minutes=minutes))
        assert failed(suite(server.base_url, {"session.clock"})) == expected


@pytest.mark.parametrize(("seconds", "found"), [(8, True), (2, False)])
def test_slow_answers(suite: Suite, serve: Serve, seconds: int, *, found: bool) -> None:
    """8 seconds a call are too long for a guest who waits at the desk, 2 are not."""
    clock = [0]
    suite.monotonic = lambda: float(clock[0])

    def wait(_request: Request) -> None:
        clock[0] += seconds

    results = suite(serve(kind=before(wait)).base_url, {"reports"})
    assert failed(results) - {"closing.cancelled"} == ({"reports.speed"} if found else set())
