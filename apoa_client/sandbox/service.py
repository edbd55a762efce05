"""The contract's calls over HTTP: authentication, routing, and the answer or the problem (RFC 9457)."""

import gzip
import hashlib
import json
import logging
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hmac import compare_digest
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Request, Response

from apoa_client.authority.contract import contract, contract_text
from apoa_client.errors import ApoaError
from apoa_client.loopback import EVERY_HEADER, names_loopback, receive_body
from apoa_client.report.kinds import instant
from apoa_client.report.permits import permits
from apoa_client.report.purposes import PURPOSES
from apoa_client.sandbox.decisions import Decisions, Result
from apoa_client.sandbox.faults import Faults, Step, altered_response, respond_early
from apoa_client.sandbox.page import Page
from apoa_client.sandbox.validation import Limits, Refusal, fits, read_form, read_photo, read_reports, violations


class Credentials:
    """The property's username and password, and the tokens that they get (RFC 6749 §4.4, RFC 6750).

    `lifetime_s` is seconds.
    """

    def __init__(self, username: str, password: str, *, lifetime_s: int, now: Callable[[], datetime]) -> None:
        self._username = username.encode()
        self._password = password.encode()
        self._lifetime_s = lifetime_s
        self._now = now
        self._lock = threading.Lock()
        self._expiry: dict[str, datetime] = {}

    def match(self, username: str, password: str) -> bool:
        """Whether both are right. Takes the same time whichever of the two is wrong."""
        same_name = compare_digest(username.encode(), self._username)
        same_password = compare_digest(password.encode(), self._password)
        return same_name and same_password

    def issue(self) -> dict[str, str | int]:
        """A new token, as the contract's ``Token``."""
        token = secrets.token_urlsafe(32)
        now = self._now()
        with self._lock:
            self._expiry = {old: end for old, end in self._expiry.items() if end > now}
            self._expiry[token] = now + timedelta(seconds=self._lifetime_s)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self._lifetime_s}

    def valid(self, token: str) -> bool:
        """Whether this authority issued the token since it started, and it has not expired."""
        end = self._expiry.get(token)
        return end is not None and end > self._now()


@cache
def code_table(name: str) -> dict[str, Any] | None:
    """Return the contract's ``CodeTable`` of that name, or None if it does not exist.

    Stay permits are suggestions: the official index changes by decree, so a report may have any text. A table's version
    is a hash of its content, so it changes only when the table changes.
    """
    rows: list[tuple[str, str, str]]
    if name == "stay_permits":
        rows = [(permit.code, permit.names["id"], permit.names["en"]) for permit in permits()]
    elif name == "purposes":
        rows = [
            (each.value, names.indonesian.capitalize(), each.value.capitalize()) for each, names in PURPOSES.items()
        ]
    else:
        return None
    codes = [{"code": code, "id": id_, "en": en, "valid_from": None, "valid_to": None} for code, id_, en in rows]
    version = hashlib.sha256(json.dumps(codes).encode()).hexdigest()[:12]
    return {"table": name, "version": version, "codes": codes}


if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

logger = logging.getLogger(__name__)

_GZIP_MIN_BYTES = 1000
_WITHOUT_TOKEN = frozenset({"contract", "token"})
_PAGE = "page_"
"""The start of the page's routes; the rest names the part of the page."""


class _Id(BaseConverter):
    """Matches the contract's ``Id`` only, so that the name of another call is never read as an id."""

    regex = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


_ROUTES = Map(
    [
        Rule("/received/<token>", endpoint="page_document", methods=["GET"]),
        Rule("/received/<token>/page.css", endpoint="page_style", methods=["GET"]),
        Rule("/received/<token>/page.js", endpoint="page_script", methods=["GET"]),
        Rule("/received/<token>/changes", endpoint="page_changes", methods=["GET"]),
        Rule("/received/<token>/faults", endpoint="page_faults", methods=["POST"]),
        Rule("/v1/openapi.yaml", endpoint="contract", defaults={"form": "yaml"}, methods=["GET"]),
        Rule("/v1/openapi.json", endpoint="contract", defaults={"form": "json"}, methods=["GET"]),
        Rule("/v1/oauth/token", endpoint="token", methods=["POST"]),
        Rule("/v1/meta", endpoint="meta", methods=["GET"]),
        Rule("/v1/codes/<table>", endpoint="codes", methods=["GET"]),
        Rule("/v1/reports/validate", endpoint="validate", methods=["POST"]),
        Rule("/v1/reports", endpoint="reports", methods=["POST"]),
        Rule("/v1/reports/<id:report_id>", endpoint="result", methods=["GET"]),
        Rule("/v1/reports/<id:report_id>/receipt", endpoint="receipt", methods=["GET"]),
        Rule("/v1/reports/<id:report_id>/photo", endpoint="photo", methods=["PUT"]),
        Rule("/v1/receipts/<day>", endpoint="daily_receipt", methods=["GET"]),
    ],
    converters={"id": _Id},
    merge_slashes=False,
).bind("localhost")


@dataclass(frozen=True, slots=True)
class Service:
    """The authority as a WSGI application. Safe to use from several threads."""

    decisions: Decisions
    credentials: Credentials
    faults: Faults
    limits: Limits
    page: Page
    now: Callable[[], datetime]
    about: Mapping[str, Any]
    """What ``Meta`` says of the authority and of the account: environment, timezone and property."""
    tables: Mapping[str, dict[str, Any] | None]
    stopping: threading.Event = field(default_factory=threading.Event)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request. Logs the method, the route and the status, and no data."""
        receive_body(environ)
        request = Request(environ)
        route = "?"
        try:
            route, arguments = _matched(request)
            response = self._answer(request, route, arguments)
        except Refusal as refusal:
            response = _problem(refusal)
        except ConnectionError:
            raise
        except ApoaError as exc:
            logger.error("training authority: %s", exc.name)  # noqa: TRY400  the traceback may hold personal data
            response = _problem(Refusal(500, "The training authority cannot use its file."))
        except Exception as exc:  # noqa: BLE001  every failure must get an answer and log no data
            logger.error("training authority: %s", type(exc).__name__)  # noqa: TRY400  the error's text may hold personal data
            response = _problem(Refusal(500, "The training authority has a bug."))
        logger.debug("%s %s %d", request.method, route, response.status_code)
        for name, value in EVERY_HEADER.items():
            response.headers.setdefault(name, value)
        return response(environ, start_response)

    def stop(self) -> None:
        """End the slow answers."""
        self.stopping.set()

    def _answer(self, request: Request, route: str, arguments: dict[str, str]) -> Response:
        if route.startswith(_PAGE):
            return self.page.answer(request, route.removeprefix(_PAGE), arguments["token"])
        step = self.faults.next(route)
        replacement = respond_early(request, step, self.stopping)
        if replacement is not None:
            return replacement
        if route not in _WITHOUT_TOKEN:
            given = request.authorization
            if given is None or given.type != "bearer" or not self.credentials.valid(given.token or ""):
                raise _unauthorized("Bearer")
        handler: Callable[..., Response] = getattr(self, f"_{route}")
        response = altered_response(request, step, handler(request, step, **arguments))
        body = response.get_data()
        if len(body) > _GZIP_MIN_BYTES and request.accept_encodings["gzip"]:  # 500 verdicts become much smaller
            response.set_data(gzip.compress(body, mtime=0))
            response.content_encoding = "gzip"
            response.vary.add("Accept-Encoding")
        return response

    def _contract(self, _request: Request, _step: Step, form: Literal["yaml", "json"]) -> Response:
        return Response(contract_text(form), mimetype=f"application/{form}")

    def _token(self, request: Request, _step: Step) -> Response:
        given = request.authorization
        basic = given is not None and given.type == "basic"
        if given is None or not basic or not self.credentials.match(given.username or "", given.password or ""):
            raise _unauthorized("Basic")
        found = violations("TokenRequest", read_form(request, self.limits))
        if found:
            raise Refusal(400, "The form must be grant_type=client_credentials.", found)
        return _json(self.credentials.issue())

    def _meta(self, _request: Request, _step: Step) -> Response:
        return _json(
            {
                "contract": ".".join(contract()["info"]["version"].split(".")[:2]),
                "server_time": instant(self.now()),
                "max_batch": self.limits.max_batch,
                "max_body_bytes": self.limits.max_body_bytes,
                "accepts_gzip": self.limits.accepts_gzip,
                "reporting_window_hours": self.decisions.window_hours,
                "wants_photo": True,
                "daily_receipts": True,
                **self.about,
            }
        )

    def _codes(self, request: Request, _step: Step, table: str) -> Response:
        found = self.tables[table] if table in self.tables else code_table(table)
        if found is None:
            raise Refusal(404, "There is no such table.")
        response = _json(found)
        response.set_etag(f"{table}-{found['version']}")
        response.headers["Cache-Control"] = "private, no-cache"
        return response.make_conditional(request.environ)

    def _validate(self, request: Request, _step: Step) -> Response:
        return _results(self.decisions.receive(read_reports(request, self.limits), keep=False))

    def _reports(self, request: Request, step: Step) -> Response:
        reports = read_reports(request, self.limits)
        results = self.decisions.receive(reports, step)
        for report, result in zip(reports, results, strict=True):
            self.page.add(report, result, self.now())
        return _results(results)

    def _result(self, _request: Request, step: Step, report_id: str) -> Response:
        return _json(asdict(self._known(report_id, step)))

    def _receipt(self, _request: Request, step: Step, report_id: str) -> Response:
        receipt = self._known(report_id, step).receipt
        if receipt is None:
            raise Refusal(404, "This report has no receipt.")
        return _json(asdict(receipt))

    def _daily_receipt(self, request: Request, _step: Step, day: str) -> Response:
        if not fits("Day", day):
            raise Refusal(404, "There is no such day.")
        now = self.now()
        begin = datetime.fromisoformat(day).replace(tzinfo=now.tzinfo)
        end = begin + timedelta(days=1)
        receipts = self.decisions.receipts_between(begin, end)
        page, size = request.args.get("page", "0"), self.limits.max_page
        first = int(page) if page.isascii() and page.isdecimal() else len(receipts) + 1
        if first > len(receipts):
            raise Refusal(404, "There is no such page.")
        return _json(
            {
                "day": day,
                "from": instant(begin),
                "to": instant(end),
                "property": self.about["property"]["id"],
                "issued_at": instant(now),
                "accepted": len(receipts),
                "reports": [
                    {"id": report_id, "number": receipt.number, "issued_at": receipt.issued_at}
                    for report_id, receipt in islice(receipts.items(), first, first + size)
                ],
                "next": str(first + size) if first + size < len(receipts) else None,
            }
        )

    def _photo(self, request: Request, _step: Step, report_id: str) -> Response:
        sha256 = hashlib.sha256(read_photo(request)).hexdigest()
        self.decisions.add_photo(report_id, sha256)
        self.page.change(report_id, has_photo=True)
        return _json({"id": report_id, "sha256": sha256})

    def _known(self, report_id: str, step: Step) -> Result:
        result = self.decisions.result(report_id, step)
        if result is None:
            raise Refusal(404, "No report with this id was received.")
        self.page.change(report_id, result=result)
        return result


def _matched(request: Request) -> tuple[str, dict[str, str]]:
    """The route of a request and its arguments. Raises `Refusal`, also for a host name that is not loopback."""
    if not names_loopback(request):
        raise Refusal(421, "This training authority answers only on the loopback address.")
    try:
        endpoint, arguments = _ROUTES.match(request.path, request.method)
    except MethodNotAllowed as exc:
        allowed = (("Allow", ", ".join(sorted(exc.valid_methods or ()))),)
        raise Refusal(405, "This address has no such method.", (), allowed) from None
    except HTTPException:
        raise Refusal(404, "There is nothing at this address.") from None
    return str(endpoint), dict(arguments)


def _results(results: list[Result]) -> Response:
    return _json({"results": [asdict(result) for result in results]})


def _json(value: dict[str, Any]) -> Response:
    return Response(json.dumps(value, ensure_ascii=False), mimetype="application/json")


def _problem(refusal: Refusal) -> Response:
    status = HTTPStatus(refusal.status)
    response = _json(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": refusal.detail,
            "errors": [asdict(violation) for violation in refusal.errors],
        }
    )
    response.status_code = status.value
    response.mimetype = "application/problem+json"
    response.headers.extend(refusal.headers)
    return response


def _unauthorized(scheme: str) -> Refusal:
    details = {
        "Basic": "The username or the password is missing or wrong.",
        "Bearer": "The token is missing, wrong or has expired.",
    }
    return Refusal(401, details[scheme], (), (("WWW-Authenticate", f'{scheme} realm="apoa-training"'),))
