"""Servers that break the contract in a way that no fault of the sandbox does: the right checks fail."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from conformance_helpers import LIMITS, NOW, Suite, failed
from werkzeug.wrappers import Request, Response

from apoa_client.sandbox.server import SandboxServer
from apoa_client.sandbox.service import Service

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Json = dict[str, Any]
Before = Callable[[Request], Response | None]
After = Callable[[Request, Response], Response]
_RESULT = re.compile(r"/v1/reports/[0-9a-f-]{36}")


@dataclass
class Altered:
    """The sandbox's service with its requests and answers changed. `before` may answer in its place."""

    service: Service
    before: Before
    after: After

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        request = Request(environ)
        response = self.before(request)
        if response is None:
            environ["wsgi.input"].seek(0)
            response = self.after(request, Response.from_app(self.service, environ))
        return response(environ, start_response)


def broken(before: Before = lambda _request: None, after: After = lambda _request, response: response) -> Any:
    """A class of sandboxes with this service."""

    class Broken(SandboxServer):
        def _service(self) -> Any:
            return Altered(super()._service(), before, after)

    return Broken


def changing(path: str, change: Callable[[Json], object]) -> Any:
    """Sandboxes that change the JSON of their answers 200 at a path."""

    def after(request: Request, response: Response) -> Response:
        if re.fullmatch(f"/v1{path}", request.path) and response.status_code == 200:
            value = json.loads(response.get_data())
            change(value)
            response.set_data(json.dumps(value))
        return response

    return broken(after=after)


def each_result(change: Callable[[Json], object]) -> Callable[[Json], None]:
    def change_all(value: Json) -> None:
        for result in value["results"]:
            change(result)

    return change_all


def changing_receipts() -> Any:
    """Issue another number each time a result is asked for."""
    numbers = count(1)

    def change(result: Json) -> None:
        if result["receipt"] is not None:
            result["receipt"]["number"] += f"-{next(numbers)}"

    return changing("/reports/[0-9a-f-]{36}", change)


def without_header(name: str) -> Any:
    def after(_request: Request, response: Response) -> Response:
        response.headers.pop(name, None)
        return response

    return broken(after=after)


def ignoring_etags() -> Any:
    def before(request: Request) -> None:
        request.environ.pop("HTTP_IF_NONE_MATCH", None)

    return broken(before)


def always_304() -> Any:
    def before(request: Request) -> Response | None:
        return Response(status=304) if "HTTP_IF_NONE_MATCH" in request.environ else None

    return broken(before)


def answering_unknown_ids() -> Any:
    def after(request: Request, response: Response) -> Response:
        if response.status_code == 404 and _RESULT.fullmatch(request.path):
            violation = {"field": "", "code": "unknown", "message": "Unknown."}
            nothing: Json = {"receipt": None, "errors": [violation], "warnings": [], "retry_after": None}
            value = {"id": request.path.rpartition("/")[2], "status": "rejected", **nothing}
            return Response(json.dumps(value), mimetype="application/json")
        return response

    return broken(after=after)


def without_idempotency() -> Any:
    """Treat each report as a new one: its id and its stay are others in each call."""
    calls = count(1)

    def renamed(value: str, call: int) -> str:
        return f"{call:08x}{value[8:]}"

    def before(request: Request) -> None:
        if request.path == "/v1/reports" and "HTTP_CONTENT_ENCODING" not in request.environ:
            call = next(calls)
            body = re.sub(
                rb'("id": "|"stay_id": ")([0-9a-f-]{36})',
                lambda found: found[1] + renamed(found[2].decode(), call).encode(),
                request.get_data(),
            )
            request.environ["wsgi.input"] = BytesIO(body)

    def after(request: Request, response: Response) -> Response:
        if request.path == "/v1/reports" and response.status_code == 200:
            sent = [each["id"] for each in json.loads(request.get_data())["reports"]]
            value = json.loads(response.get_data())
            for result, given in zip(value["results"], sent, strict=True):
                result["id"] = given
            response.set_data(json.dumps(value))
        return response

    return broken(before, after)


def plain_problems() -> Any:
    def after(_request: Request, response: Response) -> Response:
        if response.status_code >= 400:
            response.mimetype = "application/json"
        return response

    return broken(after=after)


def storing_what_is_validated() -> Any:
    def before(request: Request) -> None:
        request.environ["PATH_INFO"] = request.environ["PATH_INFO"].replace("/validate", "")

    return broken(before)


def refusing_gzip() -> Any:
    def before(request: Request) -> Response | None:
        if request.headers.get("Content-Encoding") == "gzip":
            return problem(415)
        return None

    return broken(before)


def problem(status: int) -> Response:
    body = {"type": "about:blank", "title": "Problem", "status": status}
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def busy_without_a_number() -> Any:
    """Answer 429 with a word in Retry-After, once."""
    calls = count()

    def before(_request: Request) -> Response | None:
        if next(calls) != 3:
            return None
        response = problem(429)
        response.headers["Retry-After"] = "soon"
        return response

    return broken(before)


def only_first_violation(result: Json) -> None:
    del result["errors"][1:]


def any_receipt_number(result: Json) -> None:
    if result["receipt"] is not None:
        result["receipt"] |= {"number": "STT-1", "sha256": "0" * 64}


def any_order(result: Json) -> None:
    """Accept what does not fit the stay."""
    if {each["code"] for each in result["errors"]} & {"unknown_stay", "stay_cancelled"}:
        receipt = {"number": f"N{result['id']}", "issued_at": "2026-11-26T12:00:00+00:00", "sha256": None}
        result |= {"status": "accepted", "receipt": receipt, "errors": []}


def other_conflict(result: Json) -> None:
    for error in result["errors"]:
        error["code"] = error["code"].replace("id_conflict", "conflict")


BROKEN = {
    "receipts change": (changing_receipts(), {"reports.result", "receipts.unchanged", "closing.receipts"}),
    "unknown ids have results": (answering_unknown_ids(), {"reports.unknown_id", "reports.validation"}),
    "no idempotency": (
        without_idempotency(),
        {"idempotency.same_body", "idempotency.same_content", "idempotency.other_body", "idempotency.at_once"},
    ),
    "another code of a conflict": (
        changing("/reports", each_result(other_conflict)),
        {"idempotency.other_body", "idempotency.conflict_in_batch"},
    ),
    "ETags are ignored": (ignoring_etags(), {"codes.not_modified"}),
    "always 304": (always_304(), {"codes.not_modified", "codes.modified"}),
    "no ETag": (without_header("ETag"), {"codes.etag", "codes.not_modified"}),
    "a table under another name": (
        changing("/codes/purposes", lambda value: value.update(table="nationalities")),
        {"codes.tables"},
    ),
    "no WWW-Authenticate": (
        without_header("WWW-Authenticate"),
        {"session.wrong_password", "session.no_token", "session.wrong_token"},
    ),
    "problems that are no problems": (
        plain_problems(),
        {"reports.unknown_id", "codes.unknown_table", "limits.over_body"},
    ),
    "no offset": (
        changing("/meta", lambda value: value.update(server_time="2026-11-26T12:00:00")),
        {"session.meta"},
    ),
    "only one violation": (changing("/reports", each_result(only_first_violation)), {"reports.every_violation"}),
    "validation stores": (storing_what_is_validated(), {"reports.validation"}),
    "one receipt for all": (
        changing("/reports", each_result(any_receipt_number)),
        {"receipts.different", "receipts.sha256"},
    ),
    "any order": (
        changing("/reports", each_result(any_order)),
        {"stays.check_out_first", "stays.unknown_stay", "stays.cancel"},
    ),
    "gzip is not accepted": (refusing_gzip(), {"limits.gzip", "limits.broken_gzip", "limits.over_inflated_body"}),
    "a smaller batch than it says": (
        changing("/meta", lambda value: value.update(max_batch=LIMITS.max_batch + 1)),
        {"limits.full_batch"},
    ),
    "a larger batch than it says": (
        changing("/meta", lambda value: value.update(max_batch=LIMITS.max_batch - 1)),
        {"limits.over_batch"},
    ),
    "a smaller body than it says": (
        changing("/meta", lambda value: value.update(max_body_bytes=LIMITS.max_body_bytes + 1)),
        {"limits.full_body"},
    ),
    "a larger body than it says": (
        changing("/meta", lambda value: value.update(max_body_bytes=LIMITS.max_body_bytes - 1)),
        {"limits.over_body", "limits.over_inflated_body"},
    ),
    "gzip that it does not announce": (changing("/meta", lambda value: value.update(accepts_gzip=False)), set()),
    "a day without its last receipt": (
        changing("/receipts/.*", lambda value: value.update(reports=value["reports"][:-1])),
        {"receipts.day"},
    ),
    "a day that is not the one asked for": (
        changing("/receipts/.*", lambda value: value.update(day="2026-01-01")),
        {"receipts.day"},
    ),
    "days that are over before they begin": (
        changing("/receipts/.*", lambda value: value.update(to=value["from"])),
        {"receipts.day"},
    ),
    "photos that it does not want": (changing("/meta", lambda value: value.pop("wants_photo")), {"photos.unwanted"}),
    "another sum of a photo": (
        changing("/reports/[0-9a-f-]{36}/photo", lambda value: value.update(sha256="0" * 64)),
        {"photos.stored", "photos.again"},
    ),
    "days that it does not announce": (
        changing("/meta", lambda value: value.pop("daily_receipts")),
        {"receipts.no_day"},
    ),
    "a day without its reports": (
        changing("/receipts/[0-9-]*", lambda value: value.update(reports=[], accepted=0)),
        {"receipts.day"},
    ),
    "a day of another property": (
        changing("/receipts/[0-9-]*", lambda value: value.update(property="P-2")),
        {"receipts.day"},
    ),
    "a word for seconds": (busy_without_a_number(), {"closing.retry_after"}),
    "more members in its answers": (
        changing("/(meta|codes/.*|reports|reports/.*)", lambda value: value.update(colour="blue")),
        set(),
    ),
}
"""The server, and the checks that must fail. Others of the same chapters may fail, too, unless the set is empty."""


@pytest.mark.parametrize("name", BROKEN)
def test_the_right_checks_fail(suite: Suite, serve: Callable[..., SandboxServer], name: str) -> None:
    """Each way of breaking the contract is found; what the contract allows is not."""
    kind, expected = BROKEN[name]
    only = {each.partition(".")[0] for each in expected} | {"reports.accepted", "limits", "photos"}
    found = failed(suite(serve(kind=kind).base_url, only)) - {"closing.cancelled"}
    assert found >= expected
    assert expected or not found


def test_a_clock_that_is_wrong(suite: Suite, serve: Callable[..., SandboxServer]) -> None:
    """Five minutes are allowed."""
    for minutes, expected in ((4, set()), (-4, set()), (6, {"session.clock"})):
        server = serve(now=lambda minutes=minutes: NOW + timedelta(minutes=minutes))
        assert failed(suite(server.base_url, {"session.clock"})) == expected
