"""Sandboxes that are changed on purpose: each function returns a class of them with one fault or one variation."""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from itertools import count
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from apoa_client.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Json = dict[str, Any]
Before = Callable[[Request], Response | None]
After = Callable[[Request, Response], Response]
Report = Mapping[str, Any]

RESULT = "/reports/[0-9a-f-]{36}"
DAY = "/receipts/[0-9-]*"
_RECEIPT = {"issued_at": "2026-11-26T12:00:00+00:00", "sha256": None}


@dataclass
class Altered:
    """The sandbox's service with its requests and answers changed. `before` may answer in its place."""

    service: Any
    before: Before
    after: After

    def __getattr__(self, name: str) -> Any:
        return getattr(self.service, name)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        environ.pop("HTTP_ACCEPT_ENCODING", None)
        request = Request(environ)
        request.get_data()  # kept, because the sandbox reads the stream to its end
        environ["wsgi.input"].seek(0)
        response = self.before(request)
        if response is None:
            response = self.after(request, Response.from_app(self.service, environ))
        return response(environ, start_response)


def altered(
    before: Callable[[], Before] | None = None,
    after: Callable[[], After] | None = None,
    base: type[SandboxServer] = SandboxServer,
) -> type[SandboxServer]:
    """A class of sandboxes with this service. Each sandbox has its own functions, which may keep a state."""

    class Broken(base):  # type: ignore[valid-type, misc]
        def _service(self) -> Any:
            return Altered(
                super()._service(),
                before() if before is not None else lambda _request: None,
                after() if after is not None else lambda _request, response: response,
            )

    return Broken


def before(change: Before) -> type[SandboxServer]:
    """Sandboxes that change a request, or answer it themselves."""
    return altered(before=lambda: change)


def changing(path: str, change: Callable[[Json], object], status: int = 200) -> type[SandboxServer]:
    """Sandboxes that change the JSON of their answers at a path."""

    def after(request: Request, response: Response) -> Response:
        if re.fullmatch(f"/v1{path}", request.path) and response.status_code == status:
            value = json.loads(response.get_data())
            change(value)
            response.set_data(json.dumps(value))
        return response

    return altered(after=lambda: after)


def changing_bytes(path: str, change: Callable[[bytes], bytes]) -> type[SandboxServer]:
    """Sandboxes that change the bytes of their answers 200 at a path."""

    def after(request: Request, response: Response) -> Response:
        if re.fullmatch(f"/v1{path}", request.path) and response.status_code == 200:
            response.set_data(change(response.get_data()))
        return response

    return altered(after=lambda: after)


def reports_of(request: Request) -> list[Json]:
    """The reports of a call that has some; [] for any other."""
    if not request.path.startswith("/v1/reports") or request.method != "POST":
        return []
    try:
        reports = json.loads(request.get_data())["reports"]
        return [each for each in reports if isinstance(each, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def set_body(request: Request, body: bytes) -> None:
    """Replace the body of a request."""
    request.environ["wsgi.input"] = BytesIO(body)
    request.environ["CONTENT_LENGTH"] = str(len(body))


def deciding(make: Callable[[], Callable[[Report, Json], object]]) -> type[SandboxServer]:
    """Sandboxes that change the result of a report, in its call; `make` returns what changes it, with its state."""

    def after() -> After:
        change = make()

        def change_all(request: Request, response: Response) -> Response:
            reports = reports_of(request)
            if reports and response.status_code == 200:
                value = json.loads(response.get_data())
                for report, result in zip(reports, value["results"], strict=True):
                    change(report, result)
                response.set_data(json.dumps(value))
            return response

        return change_all

    return altered(after=after)


def refusing(breaks: Callable[[Report], object], code: str = "not_here") -> type[SandboxServer]:
    """Sandboxes that reject a good report for which `breaks` is true."""

    def change(report: Report, result: Json) -> None:
        if result["status"] == "accepted" and breaks(report):
            reject(result, code)

    return deciding(lambda: change)


def reject(result: Json, code: str) -> None:
    """Make a result a rejection."""
    violation = {"field": "stay_id", "code": code, "message": "Not here."}
    result |= {"status": "rejected", "receipt": None, "errors": [violation], "warnings": []}


def accept(result: Json) -> None:
    """Make a result an acceptance."""
    receipt = {"number": f"N{result['id']}", **_RECEIPT}
    result |= {"status": "accepted", "receipt": receipt, "errors": []}


def accepting(*codes: str) -> type[SandboxServer]:
    """Sandboxes that accept what has one of these errors."""

    def change(_report: Report, result: Json) -> None:
        if {each["code"] for each in result["errors"]} & set(codes):
            accept(result)

    return deciding(lambda: change)


def covering(*, cancelled: bool = False, departure: bool = False, left: bool = False) -> type[SandboxServer]:
    """Sandboxes whose duplicates count stays that were cancelled or that the guest left, or the day of departure."""

    def make() -> Callable[[Report, Json], object]:
        stays: dict[str, tuple[str, str, str, Json]] = {}

        def change(report: Report, result: Json) -> None:
            if (report["kind"] == "cancel" and not cancelled) or (report["kind"] == "check_out" and not left):
                stays.pop(report["stay_id"], None)
            if report["kind"] != "check_in" or result["status"] != "accepted":
                return
            number, first = report["guest"]["document"]["number"], report["stay"]["check_in"][:10]
            until = report["stay"]["planned_check_out"]
            for stay, (other, begin, end, receipt) in stays.items():
                overlap = first <= end and begin <= until if departure else first < end and begin < until
                if other == number and stay != report["stay_id"] and overlap:
                    result |= {"status": "duplicate", "receipt": receipt}
                    return
            stays[report["stay_id"]] = number, first, until, result["receipt"]

        return change

    return deciding(make)


def by_stay(refused: Mapping[tuple[str, str], str]) -> type[SandboxServer]:
    """Sandboxes with another table of stays: `refused` has the code of a kind after an accepted report of a kind."""

    def make() -> Callable[[Report, Json], object]:
        last: dict[str, str] = {}

        def change(report: Report, result: Json) -> None:
            stay, kind = str(report.get("stay_id")), str(report.get("kind"))
            code = refused.get((last.get(stay, ""), kind))
            if result["status"] == "accepted" and code is not None:
                reject(result, code)
            elif result["status"] == "accepted":
                last[stay] = kind

        return change

    return deciding(make)


def problem(status: int, detail: str = "No.") -> Response:
    """A problem."""
    body = {"type": "about:blank", "title": "Problem", "status": status, "detail": detail}
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def losing_the_last(size: int) -> type[SandboxServer]:
    """Sandboxes that answer for the last report of a full batch, and do not store it."""
    lost: deque[str] = deque()

    def change_request(request: Request) -> None:
        reports = reports_of(request)
        if request.path == "/v1/reports" and len(reports) == size:
            lost.append(reports[-1]["id"])
            set_body(request, json.dumps({"reports": reports[:-1]}).encode())

    def change_answer(request: Request, response: Response) -> Response:
        if lost and request.path == "/v1/reports" and response.status_code == 200:
            value = json.loads(response.get_data())
            value["results"].append({**value["results"][-1], "id": lost.pop()})
            accept(value["results"][-1])
            response.set_data(json.dumps(value))
        return response

    return altered(lambda: change_request, lambda: change_answer)


def numbers_twice(each: int) -> type[SandboxServer]:
    """Sandboxes in which one receipt number in so many is that of the receipt before, wherever it is shown."""

    def other(found: "re.Match[bytes]") -> bytes:
        number = int(found[2])
        return found[1] + b"%06d" % (number - (number % each == 0))

    return changing_bytes(".*", lambda body: re.sub(rb'("number": "[A-Z]+-\d{4}-)(\d{6})', other, body))


def numbering_without_lock() -> type[SandboxServer]:
    """Sandboxes that number the reports of a call from the highest number that was there when it came."""
    numbers: dict[str, int] = {}

    def come(request: Request) -> None:
        request.environ["highest"] = max(numbers.values(), default=0)
        time.sleep(0.05)

    def number(request: Request, response: Response) -> Response:
        if request.path == "/v1/reports" and response.status_code == 200:
            value = json.loads(response.get_data())
            for at, result in enumerate(value["results"], 1):
                if result["receipt"] is not None:
                    result["receipt"]["number"] = str(numbers.setdefault(result["id"], request.environ["highest"] + at))
            response.set_data(json.dumps(value))
        return response

    return altered(lambda: come, lambda: number)


def without_idempotency() -> type[SandboxServer]:
    """Sandboxes that treat each report as a new one: its id and its stay are others in each call."""
    calls = count(1)

    def renamed(request: Request) -> None:
        if request.path == "/v1/reports" and "HTTP_CONTENT_ENCODING" not in request.environ:
            call = next(calls)
            body = re.sub(
                rb'("id": "|"stay_id": ")([0-9a-f-]{36})',
                lambda found: found[1] + f"{call:08x}".encode() + found[2][8:],
                request.get_data(),
            )
            request.environ["wsgi.input"] = BytesIO(body)

    def named_back(request: Request, response: Response) -> Response:
        if request.path == "/v1/reports" and response.status_code == 200:
            sent = [each["id"] for each in json.loads(request.get_data())["reports"]]
            value = json.loads(response.get_data())
            for result, given in zip(value["results"], sent, strict=True):
                result["id"] = given
            response.set_data(json.dumps(value))
        return response

    return altered(lambda: renamed, lambda: named_back)


def comparing_bytes() -> type[SandboxServer]:
    """Sandboxes for which the same content in other bytes is another report."""

    def make() -> Callable[[Report, Json], object]:
        seen: dict[str, str] = {}

        def change(report: Report, result: Json) -> None:
            text = json.dumps(report)
            if result["status"] == "accepted" and seen.setdefault(report["id"], text) != text:
                reject(result, "id_conflict")

        return change

    return deciding(make)


def ending_tokens(uses: int) -> type[SandboxServer]:
    """Sandboxes that refuse a token after so many calls."""

    def make() -> Before:
        calls = count(1)

        def refuse(request: Request) -> Response | None:
            if request.path == "/v1/oauth/token" or next(calls) % uses:
                return None
            response = problem(401)
            response.headers["WWW-Authenticate"] = "Bearer"
            return response

        return refuse

    return altered(before=make)


def two_properties(other: SandboxServer, username: str, leak: str | None) -> type[SandboxServer]:
    """Sandboxes that hand the calls of another account to `other`, but for those that match `leak`."""

    def make() -> Before:
        tokens: dict[str, set[str]] = {"first": set(), "second": set()}

        def divide(request: Request) -> Response | None:
            given = request.authorization
            if given is None:
                return None
            if given.type == "bearer" and given.token not in tokens["second"]:
                tokens["first"].add(given.token or "")
                return None
            if given.type == "basic" and given.username != username:
                return None
            if leak is not None and re.match(leak, f"{request.method} {request.path}"):
                request.environ["HTTP_AUTHORIZATION"] = f"Bearer {max(tokens['first'], key=len)}"
                return None
            assert other._running is not None
            response = Response.from_app(other._running[1], request.environ)
            if given.type == "basic":
                tokens["second"].add(json.loads(response.get_data())["access_token"])
            return response

        return divide

    return altered(before=make)


def in_pages(size: int, lines_of: Callable[[list[Json], int], list[Json]] | None = None) -> type[SandboxServer]:
    """Sandboxes that list the receipts of a day in pages of so many.

    `lines_of` chooses from all lines those of a page, by its number, in which case the list has no end.
    """

    def cut(request: Request, response: Response) -> Response:
        if request.path.startswith("/v1/receipts/") and response.status_code == 200:
            value, page = json.loads(response.get_data()), int(request.args.get("page", "0"))
            lines = value["reports"]
            value["reports"] = lines[page * size : (page + 1) * size]
            value["next"] = str(page + 1) if len(lines) > (page + 1) * size else None
            if lines_of is not None:
                value |= {"reports": lines_of(lines, page), "next": str(page + 1)}
            response.set_data(json.dumps(value))
        return response

    def whole(request: Request) -> None:
        if request.path.startswith("/v1/receipts/"):
            assert request.args is not None  # read before the sandbox sees none
            request.environ["QUERY_STRING"] = ""

    return altered(lambda: whole, lambda: cut)


def night_count(report: Report) -> int:
    """The nights of a check-in; 0 of another report."""
    if report.get("kind") != "check_in":
        return 0
    stay = report["stay"]
    return (date.fromisoformat(stay["planned_check_out"]) - date.fromisoformat(stay["check_in"][:10])).days
