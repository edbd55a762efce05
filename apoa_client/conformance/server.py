"""The server under test: the calls of the contract, as a client makes them, and what its answers must be.

A server may answer 429, or 503 with a `Retry-After`, may end a token, may defer a report or decide it later. All of
that is done here, so the checks see verdicts. Whatever else breaks the contract raises `Failed`, which names the
place in the answer.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from itertools import groupby
from types import MappingProxyType
from typing import Any, NoReturn

from jsonschema.exceptions import ValidationError

from apoa_client.authority.http_errors import HttpResponse, retry_after
from apoa_client.authority.schemas import validator
from apoa_client.conformance.exchange import Connection, Failed, NoAnswer, Skipped
from apoa_client.errors import AccountSuspended, NotTheAuthority, SettingsProblem, WrongPassword
from apoa_client.messages import Message, literal, msg
from apoa_client.ports.authority import Status
from apoa_client.report.kinds import State

Json = dict[str, Any]

_JSON, _PROBLEM = "application/json", "application/problem+json"
_UNLIKELY = {"const": 2, "type": 1}
"""Errors that show that another form was meant, and how surely."""
_MAX_DETAIL = 300
"""Characters of a value that is shown."""


def expect(condition: object, message: Message) -> None:
    """Fail with `message` unless `condition` is true."""
    if not condition:
        raise Failed(message)


def need(condition: object, message: Message) -> None:
    """Skip the check with `message` unless `condition` is true."""
    if not condition:
        raise Skipped(message)


def expect_equal(what: str, got: object, expected: object) -> None:
    """Fail unless the part `what` of the answer has this value."""
    if got != expected:
        raise Failed(msg("{part} is {value}, not {expected}.", part=what, value=_shown(got), expected=_shown(expected)))


def expect_json(response: HttpResponse, schema: str) -> Json:
    """Return the JSON of a 200 that is valid for the contract's `schema`."""
    _expect_status(response, HTTPStatus.OK)
    return _valid_json(response, _JSON, schema)


def expect_problem(response: HttpResponse, status: HTTPStatus) -> None:
    """Check that the answer is a problem of this status (RFC 9457)."""
    _expect_status(response, status)
    problem = _valid_json(response, _PROBLEM, "Problem")
    expect_equal("status", problem["status"], status.value)


def _expect_status(response: HttpResponse, status: HTTPStatus) -> None:
    if response.status != status:
        raise Failed(msg("The status is {status}, not {expected}.", status=response.status, expected=status.value))


def _valid_json(response: HttpResponse, media_type: str, schema: str) -> Json:
    if response.media_type != media_type:
        shown = _shown(response.media_type)
        raise Failed(msg("The content type is {type}, not {expected}.", type=shown, expected=media_type))
    try:
        value = json.loads(response.body.decode("utf-8"), parse_constant=_no_json)
    except (ValueError, RecursionError):
        raise Failed(msg("The body is not JSON in UTF-8.")) from None
    for violation in validator(schema).iter_errors(value):
        error = _of_nearest_form(violation)
        detail = f"{error.instance!r} is not allowed here" if error.validator == "const" else str(error.message)
        raise Failed(
            msg(
                "The answer is not a valid {schema} of the contract at {place}: {detail}",
                schema=schema,
                place=".".join(map(str, error.absolute_path)) or "body",
                detail=_shown(detail),
            )
        )
    found: Json = value
    return found


def _of_nearest_form(error: ValidationError) -> ValidationError:
    """Return the first error of the form that was meant, where the contract allows several.

    The meant one of the forms of a result has its status; otherwise, it has its type.
    """
    while error.context:
        forms = [list(errors) for _form, errors in groupby(error.context, lambda each: each.schema_path[0])]
        error = min(forms, key=lambda errors: max(_UNLIKELY.get(str(each.validator), 0) for each in errors))[0]
    return error


def _no_json(name: str) -> NoReturn:
    raise ValueError(name)


def _shown(value: object) -> Message:
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    return literal(text if len(text) <= _MAX_DETAIL else f"{text[:_MAX_DETAIL]}…")


def expect_receipt(result: Mapping[str, Any], expected: Mapping[str, Any] | None = None) -> Json:
    """Return the receipt of a result; fail if it has none, or another than `expected`."""
    receipt = result["receipt"]
    if receipt is None:
        raise Failed(msg("The result has no receipt; its status is {status}.", status=str(result["status"])))
    if expected is not None:
        expect_equal("receipt", receipt, expected)
    found: Json = receipt
    return found


MAX_WAIT_S = 120
"""The longest time that a server may ask for; a check that would wait longer is skipped."""
WRONG_TOKEN = "Bearer not-a-token-of-this-server"  # noqa: S105  a wrong one

_TOKEN_PATH = "/oauth/token"  # noqa: S105  a path
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_TRIES = 5
_USUAL_WAIT_S = 2
"""Seconds before a server is asked again that names no time."""
_JSON_BODY = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Server:
    """The server behind `connection`. `pause` waits for a number of seconds."""

    def __init__(self, connection: Connection, username: str, password: str, pause: Callable[[float], object]) -> None:
        if ":" in username:
            raise SettingsProblem(msg("The username must not contain a colon."))
        self.connection = connection
        self.pause = pause
        self.meta: Json = {}
        self._username = username
        self.busy: list[HttpResponse] = []
        """The answers 429 and 503 that were met."""
        self.receipts: dict[str, Json] = {}
        """The receipts that were seen, by the id of their report."""
        self.open_stays: dict[str, bool] = {}
        """The stays to cancel at the end, and whether the server surely has them."""
        self._cancelled: set[str] = set()
        self._password = password
        self._token = ""
        self._account_refused = False

    def log_in(self) -> None:
        """Take the first token. Raises an `ApoaError` if the server cannot be reached or refuses the account."""
        try:
            response = self.request_token()
        except NoAnswer as exc:
            if isinstance(exc.error, NotTheAuthority):
                raise
            exc.error.advice = msg("Nothing was tested. Check the address, and that the server runs.")
            raise exc.error from None
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise WrongPassword(
                msg("The server does not accept the username and password."),
                msg("Nothing was sent. Check the test account; too many wrong passwords may lock it."),
            )
        if response.status == HTTPStatus.FORBIDDEN:
            raise AccountSuspended(msg("The server refuses this account."))
        self._token = expect_json(response, "Token")["access_token"]

    def request_token(
        self,
        password: str | None = None,
        body: bytes = b"grant_type=client_credentials",
        headers: Mapping[str, str] = _FORM,
    ) -> HttpResponse:
        """Ask for a token with the right password, or with another one, and return the answer."""
        given = self._password if password is None else password
        credentials = b64encode(f"{self._username}:{given}".encode()).decode("ascii")
        return self._waiting(lambda: self.connection.send("POST", _TOKEN_PATH, f"Basic {credentials}", headers, body))

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes | None = None,
    ) -> HttpResponse:
        """Send one request with the token, with a new token after a 401, and return the answer.

        After a refusal no further token is asked for, because many could lock the account.
        """
        response = self.call_as(f"Bearer {self._token}", method, path, headers, body)
        if response.status == HTTPStatus.UNAUTHORIZED:
            if self._account_refused:
                raise Skipped(msg("The server no longer accepts the username and password."))
            renewed = self.request_token()
            self._account_refused = renewed.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            self._token = expect_json(renewed, "Token")["access_token"]
            response = self.call_as(f"Bearer {self._token}", method, path, headers, body)
        return response

    def call_as(
        self,
        authorization: str | None,
        method: str,
        path: str,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes | None = None,
    ) -> HttpResponse:
        """Send one request with this header `Authorization`, or with none, and return the answer."""
        return self._waiting(lambda: self.connection.send(method, path, authorization, headers, body))

    def _waiting(self, send: Callable[[], HttpResponse]) -> HttpResponse:
        """Return the answer after the times that the server asks to wait."""
        for _attempt in range(_TRIES):
            response = send()
            wait = retry_after(response.headers)
            if response.status not in _BUSY or (response.status == HTTPStatus.SERVICE_UNAVAILABLE and wait is None):
                return response
            self.busy.append(response)
            self._wait(_USUAL_WAIT_S if wait is None else wait)
        raise Skipped(msg("The server was busy {count} times in succession.", count=_TRIES))

    def _wait(self, seconds: int) -> None:
        if seconds > MAX_WAIT_S:
            raise Skipped(msg("The server asks to wait {seconds} seconds, which is too long here.", seconds=seconds))
        self.pause(seconds)

    def post(self, reports: Sequence[Mapping[str, Any]], path: str = "/reports") -> HttpResponse:
        """Send reports in one call, and return its answer."""
        return self.post_body(body_of(reports), path)

    def post_body(self, body: bytes, path: str = "/reports", headers: Mapping[str, str] = _NO_HEADERS) -> HttpResponse:
        """Send a body, JSON unless the headers say otherwise, and return the answer."""
        return self.call("POST", path, {**_JSON_BODY, **headers}, body)

    def validate(self, *reports: Mapping[str, Any]) -> list[Json]:
        """Have reports checked and not stored; return the results, in the order sent."""
        return _results(self.post(reports, "/reports/validate"), reports, "ValidationAnswer")

    def deliver(self, *reports: Mapping[str, Any]) -> list[Json]:
        """Send reports in one call until each has a verdict; return the results, in the order sent.

        A deferred report is sent again, with the others of its call; a pending one is asked for.
        """
        return self.deliver_body(body_of(reports), reports)

    def deliver_body(
        self, body: bytes, reports: Sequence[Mapping[str, Any]], headers: Mapping[str, str] = _NO_HEADERS
    ) -> list[Json]:
        """As `deliver`, with the body that holds these reports."""
        self.expect_stays(reports)
        for _attempt in range(_TRIES):
            results = _results(self.post_body(body, headers=headers), reports, "ReportsAnswer")
            waits = [each["retry_after"] for each in results if state_of(each) is State.QUEUED]
            if not waits:
                results = [self.result(each["id"]) if state_of(each) is State.PENDING else each for each in results]
                self._note(reports, results)
                return results
            self._wait(max(waits))
        raise Skipped(msg("The server deferred a report {count} times in succession.", count=_TRIES))

    def expect_stays(self, reports: Sequence[Mapping[str, Any]]) -> None:
        """Note that the server may have the stays of these reports from now on."""
        for each in reports:
            if each.get("kind") == "check_in" and each["stay_id"] not in self._cancelled:
                self.open_stays.setdefault(each["stay_id"], False)

    def _note(self, reports: Sequence[Mapping[str, Any]], results: Sequence[Json]) -> None:
        """Note the receipts, and which stays must be cancelled at the end."""
        for report, result in zip(reports, results, strict=True):
            if result["status"] == "accepted":
                self.receipts.setdefault(result["id"], result["receipt"])
            if report.get("kind") == "cancel" and result["status"] == "accepted":
                self._cancelled.add(report["stay_id"])
                self.open_stays.pop(report["stay_id"], None)
            elif report.get("kind") == "check_in" and not self.open_stays.get(report["stay_id"], True):
                if result["status"] == "rejected":
                    self.open_stays.pop(report["stay_id"])
                else:
                    self.open_stays[report["stay_id"]] = result["status"] == "accepted"

    def result(self, report_id: str) -> Json:
        """Ask for the result of one report until it is decided."""
        for _attempt in range(_TRIES):
            result = expect_json(self.call("GET", f"/reports/{report_id}"), "Result")
            expect_equal("id", result["id"], report_id)
            if state_of(result) not in {State.PENDING, State.QUEUED}:
                return result
            self._wait(_USUAL_WAIT_S if result["retry_after"] is None else result["retry_after"])
        raise Skipped(msg("The server had not decided after it was asked {count} times.", count=_TRIES))

    def accept(self, *reports: Mapping[str, Any]) -> list[Json]:
        """Send good reports in one call; return their results, each accepted. Fail otherwise."""
        results = self.deliver(*reports)
        for each in results:
            expect_accepted(each)
        return results


def state_of(result: Mapping[str, Any]) -> State:
    """Return the state that a report with this result gets."""
    return Status(result["status"]).state


def body_of(reports: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the body of a call with these reports."""
    return json.dumps({"reports": reports}, ensure_ascii=False).encode()


def expect_accepted(result: Mapping[str, Any]) -> None:
    """Fail unless a report was accepted."""
    if result["status"] != "accepted":
        found = ", ".join(f"{each['field'] or '-'} {each['code']}" for each in result["errors"])
        raise Failed(msg("A good report is {status} ({errors}).", status=str(result["status"]), errors=found or "-"))


def expect_rejected(result: Mapping[str, Any], codes: Collection[str] = ()) -> None:
    """Fail unless a report was rejected, with one of these codes if there are any."""
    expect_equal("status", result["status"], "rejected")
    found = {each["code"] for each in result["errors"]}
    if codes and found.isdisjoint(codes):
        raise Failed(
            msg(
                "The report is rejected with the code {found}, not {code}.",
                found=", ".join(found),
                code=", ".join(codes),
            )
        )


def _results(response: HttpResponse, reports: Sequence[Mapping[str, Any]], schema: str) -> list[Json]:
    """Return the results of a call: one for each report, in the order sent."""
    results: list[Json] = expect_json(response, schema)["results"]
    expect_equal("ids", [each["id"] for each in results], [each["id"] for each in reports])
    return results
