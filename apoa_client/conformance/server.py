"""The server under test: the calls of the contract, as a client makes them.

A server may answer 429, or 503 with a `Retry-After`, may end a token, may defer a report or decide it later. All of
that is done here, so the checks see verdicts, or `pending` where the server takes its time. Whatever else breaks the
contract raises `Failed`, which names the place in the answer.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from apoa_client.authority.http_errors import HttpResponse, error_for, retry_after
from apoa_client.conformance.exchange import (
    Connection,
    Json,
    NoAnswer,
    Skipped,
    expect_accepted,
    expect_equal,
    expect_json,
    expect_results,
    need,
    state_of,
)
from apoa_client.errors import AccountSuspended, NotTheAuthority, SettingsProblem, WrongPassword
from apoa_client.messages import Message, msg
from apoa_client.report.kinds import State

_Report = Mapping[str, Any]

Pause = Callable[[float, Message], object]
"""Waits for a number of seconds, for a reason that a person reads."""

MAX_WAIT_S = 120
"""The longest time that a server may ask for; a check that would wait longer is skipped."""
WRONG_TOKEN = "Bearer not-a-token-of-this-server"  # noqa: S105  a wrong one

_TOKEN_PATH = "/oauth/token"  # noqa: S105  a path
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_TRIES = 5
_RULES_SINCE = 3
"""The minor version of the contract that has them first."""
_TOKEN_TOLERANCE_S, _SHORTEST_WAIT_S = 1, 1
_USUAL_WAIT_S = 2
"""Seconds before a server is asked again that names no time."""
_PATIENCE_S = 60
"""Seconds of the whole run in which verdicts are waited for. Afterwards the server's `pending` is what is tested."""
_JSON_BODY = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Server:
    """The server behind `connection`, with one account."""

    def __init__(self, connection: Connection, username: str, password: str, pause: Pause) -> None:
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
        self.pending: dict[str, None] = {}
        """The reports that wait for a verdict, by id."""
        self.ended_tokens: list[float] = []
        """After how many seconds a token was refused that should have been valid for longer."""
        self.token_lifetime_s = 0
        self._token_since = 0.0
        self._patience_s = float(_PATIENCE_S)
        self._cancelled: set[str] = set()
        self._password = password
        self._token = ""
        self._account_refused = False

    @property
    def has_rules(self) -> bool:
        """Whether the server's version of the contract has its rules in words."""
        return int(self.meta["contract"].partition(".")[2]) >= _RULES_SINCE

    def need_rules(self) -> None:
        """Skip the check if it has not."""
        need(self.has_rules, msg("The server's version of the contract does not have this rule."))

    def log_in(self) -> None:
        """Take the first token. Raises an `ApoaError` if the server cannot be reached or refuses the account."""
        try:
            response = self.request_token()
        except NoAnswer as exc:
            if isinstance(exc.error, NotTheAuthority):
                raise
            exc.error.advice = msg("Nothing was tested. Check the address, and that the server runs.")
            raise exc.error from None
        refusal = error_for(response)
        if isinstance(refusal, WrongPassword | AccountSuspended):
            refusal.advice = msg("Nothing was sent. Check the test account; too many wrong passwords may lock it.")
            raise refusal
        self._use(response)

    def _use(self, response: HttpResponse) -> None:
        """Use the token of an answer from now on."""
        token = expect_json(response, "Token")
        self._token, self.token_lifetime_s = token["access_token"], token["expires_in"]
        self._token_since = self.connection.monotonic()

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
            age = self.connection.monotonic() - self._token_since
            renewed = self.request_token()
            self._account_refused = renewed.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
            if age + _TOKEN_TOLERANCE_S < self.token_lifetime_s:
                self.ended_tokens.append(age)
            self._use(renewed)
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
            reason = msg("Waiting, as the server asks: {seconds} s", seconds=wait or 0)
            if wait is None:
                wait = _USUAL_WAIT_S
                reason = msg("Waiting {seconds} s; the server is busy and does not say how long.", seconds=wait)
            if wait > MAX_WAIT_S:
                raise Skipped(msg("The server asks to wait {seconds} seconds, which is too long here.", seconds=wait))
            self.pause(wait, reason)
        raise Skipped(msg("The server was busy {count} times in succession.", count=_TRIES))

    def _wait_for_verdict(self, result: Mapping[str, Any]) -> bool:
        """Wait before an undecided report is asked for again; False without waiting if that takes too long here."""
        seconds = _USUAL_WAIT_S if result["retry_after"] is None else result["retry_after"]
        if seconds > self._patience_s:
            self._patience_s = 0
            return False
        self._patience_s -= max(seconds, _SHORTEST_WAIT_S)
        status = str(result["status"])
        self.pause(
            seconds,
            msg("Waiting for the verdict on a report that is {status}: {seconds} s", status=status, seconds=seconds),
        )
        return True

    def post_body(self, body: bytes, path: str = "/reports", headers: Mapping[str, str] = _NO_HEADERS) -> HttpResponse:
        """Send a body, JSON unless the headers say otherwise, and return the answer."""
        return self.call("POST", path, {**_JSON_BODY, **headers}, body)

    def validate(self, *reports: Mapping[str, Any]) -> list[Json]:
        """Have reports checked and not stored; return the results, in the order sent."""
        return [
            result
            for some in self._batches(reports)
            for result in expect_results(self.post_body(body_of(some), "/reports/validate"), some, "ValidationAnswer")
        ]

    def deliver(self, *reports: Mapping[str, Any]) -> list[Json]:
        """Send reports until each has a verdict; return the results, in the order sent.

        They go in one call, where `max_batch` allows it. A deferred report is sent again; a pending one is asked for.
        After a while they stay undecided.
        """
        return [result for some in self._batches(reports) for result in self.deliver_body(body_of(some), some)]

    def _batches(self, reports: Sequence[_Report]) -> list[Sequence[_Report]]:
        size = self.meta["max_batch"]
        return [reports[first : first + size] for first in range(0, len(reports), size)]

    def deliver_body(
        self, body: bytes, reports: Sequence[Mapping[str, Any]], headers: Mapping[str, str] = _NO_HEADERS
    ) -> list[Json]:
        """As `deliver`, with the body that holds these reports."""
        self.expect_stays(reports)
        results = expect_results(self.post_body(body, headers=headers), reports, "ReportsAnswer")
        while True:
            decided: dict[str, Json] = {}
            for each in results:
                if state_of(each) is State.PENDING and each["id"] not in decided:
                    decided[each["id"]] = self.result(each["id"])
            results = [decided.get(each["id"], each) if state_of(each) is State.PENDING else each for each in results]
            deferred = [number for number, each in enumerate(results) if state_of(each) is State.QUEUED]
            if not deferred or not self._wait_for_verdict(results[deferred[0]]):
                break
            again = [reports[number] for number in deferred]
            answers = iter(expect_results(self.post_body(body_of(again)), again, "ReportsAnswer"))
            results = [next(answers) if state_of(each) is State.QUEUED else each for each in results]
        self._note(reports, results)
        return results

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
            elif result["status"] == "pending":
                self.pending[result["id"]] = None
            if report.get("kind") == "cancel" and result["status"] == "accepted":
                self._cancelled.add(report["stay_id"])
                self.open_stays.pop(report["stay_id"], None)
            elif report.get("kind") == "check_in" and not self.open_stays.get(report["stay_id"], True):
                if result["status"] == "rejected":
                    self.open_stays.pop(report["stay_id"])
                else:
                    self.open_stays[report["stay_id"]] = result["status"] == "accepted"

    def result(self, report_id: str) -> Json:
        """Ask for the result of one report until it is decided, or until it takes too long here."""
        while True:
            result = expect_json(self.call("GET", f"/reports/{report_id}"), "Result")
            expect_equal("id", result["id"], report_id)
            undecided = state_of(result) in {State.PENDING, State.QUEUED}
            if not undecided or not self._wait_for_verdict(result):
                return result

    def accept(self, *reports: Mapping[str, Any]) -> list[Json]:
        """Send good reports, as `deliver` does; return their results, each accepted or pending. Fail otherwise."""
        results = self.deliver(*reports)
        for each in results:
            expect_accepted(each)
        return results


def body_of(reports: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the body of a call with these reports."""
    return json.dumps({"reports": reports}, ensure_ascii=False).encode()
