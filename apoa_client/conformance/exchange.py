"""Sends requests to the server under test, records each with what came back, and checks what the answer is.

The record is for a report that people pass on, so it has neither the password nor a token.
Each check of an answer raises `Failed`, which names the place in the answer, or `Skipped`.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from apoa_client.authority.http_errors import HttpResponse
from apoa_client.authority.schemas import DoubledMember, strict_json, validator
from apoa_client.authority.transport import Authorization, Call, Transport
from apoa_client.errors import ApoaError
from apoa_client.messages import Message, literal, msg
from apoa_client.ports.authority import Status
from apoa_client.report.kinds import State

MAX_RECORDED_BYTES = 4_000
"""The most of a body that is recorded."""

_SHOWN_HEADERS = frozenset(
    {"allow", "content-encoding", "content-type", "date", "etag", "location", "retry-after", "www-authenticate"}
)
"""The headers of an answer that are recorded: those that the contract or a check reads."""
_MASK = "***"
_TOKEN = re.compile(rb'("access_token"\s*:\s*)"(?:[^"\\]|\\.)*"')


class _Ended(Exception):
    """A check ended early, for the reason in `message`. It returns when the server passes."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.template)
        self.message = message


class Failed(_Ended):
    """The server breaks the contract."""


class Skipped(_Ended):
    """The check cannot be done here."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request or an answer as it is shown: its first line, its headers, and the beginning of its body."""

    line: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer, which took `seconds`; `problem` says why there is no answer."""

    request: Recorded
    answer: Recorded | None = None
    problem: Message | None = None
    seconds: float = 0.0


class NoAnswer(Failed):
    """No answer came that can be read. `error` says why."""

    def __init__(self, error: ApoaError) -> None:
        super().__init__(msg("No answer came: {problem}", problem=error.message))
        self.error = error


class Connection:
    """Sends requests through `transport`. Safe to use from several threads. `monotonic` returns seconds."""

    def __init__(self, transport: Transport, monotonic: Callable[[], float]) -> None:
        self._transport = transport
        self.monotonic = monotonic
        self._began = monotonic()
        self._lock = threading.Lock()
        self._exchanges: list[Exchange] = []

    @property
    def age(self) -> timedelta:
        """How long ago the test began."""
        return timedelta(seconds=self.monotonic() - self._began)

    @property
    def count(self) -> int:
        """How many requests were sent so far."""
        return len(self._exchanges)

    def since(self, count: int) -> list[Exchange]:
        """Return the exchanges after the first `count`."""
        return self._exchanges[count:]

    def send(
        self,
        method: str,
        path: str,
        authorization: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes | None = None,
    ) -> HttpResponse:
        """Send one request and return its answer, whatever the status. Raises `NoAnswer`."""
        shown = dict(headers)
        if authorization is not None:
            shown["Authorization"] = f"{authorization.partition(' ')[0]} {_MASK}"
        request = Recorded(f"{method} {path}", shown, _shown_body(body or b"", headers.get("Content-Encoding", "")))
        begun = self.monotonic()
        try:
            response = self._transport.exchange(Call(method, path, Authorization(authorization), dict(headers), body))
        except ApoaError as exc:
            self._record(Exchange(request, problem=exc.message, seconds=self.monotonic() - begun))
            raise NoAnswer(exc) from None
        # requests has decompressed the body.
        headers = {name: value for name, value in response.headers.items() if name in _SHOWN_HEADERS}
        answer = Recorded(f"HTTP {response.status}", headers, _shown_body(response.body))
        self._record(Exchange(request, answer, seconds=self.monotonic() - begun))
        return response

    def _record(self, exchange: Exchange) -> None:
        with self._lock:
            self._exchanges.append(exchange)


def _shown_body(body: bytes, encoding: str = "") -> str:
    """Return the beginning of a body as text, without a token; the length of a body that is not text."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        encoding = encoding or "binary"
    if encoding:
        return f"[{encoding}: {len(body)} bytes]"
    beginning = _TOKEN.sub(rb'\1"***"', body)[:MAX_RECORDED_BYTES].decode("utf-8", "ignore")
    return beginning if len(body) <= MAX_RECORDED_BYTES else f"{beginning} … [{len(body)} bytes]"


Json = dict[str, Any]

_JSON, _PROBLEM = "application/json", "application/problem+json"
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
        raise Failed(msg("{part} is {value}, not {expected}.", part=what, value=shown(got), expected=shown(expected)))


def expect_json(response: HttpResponse, schema: str) -> Json:
    """Return the JSON of a 200 that is valid for the contract's `schema`."""
    expect_status(response, HTTPStatus.OK)
    return json_of(response, schema)


def expect_problem(response: HttpResponse, *statuses: HTTPStatus) -> None:
    """Check that the answer is a problem of one of these statuses (RFC 9457)."""
    expect_status(response, *statuses)
    expect_equal("status", json_of(response, "Problem", _PROBLEM)["status"], response.status)


def expect_status(response: HttpResponse, *statuses: HTTPStatus) -> None:
    """Fail unless the answer has one of these statuses."""
    if response.status not in statuses:
        expected = " / ".join(str(each.value) for each in statuses)
        raise Failed(msg("The status is {status}, not {expected}.", status=response.status, expected=expected))


def json_of(response: HttpResponse, schema: str, media_type: str = _JSON) -> Json:
    """Return the JSON of an answer that is valid for the contract's `schema`, whatever the status."""
    if response.media_type != media_type:
        got = shown(response.media_type)
        raise Failed(msg("The content type is {type}, not {expected}.", type=got, expected=media_type))
    try:
        value = strict_json(response.body)
    except DoubledMember as exc:
        name = shown(exc.name)
        raise Failed(
            msg("The answer has the member {name} twice in one object (RFC 8259 section 4).", name=name)
        ) from None
    except (ValueError, RecursionError):
        raise Failed(msg("The body is not JSON in UTF-8.")) from None
    for error in validator(schema).iter_errors(value):
        detail = f"{error.instance!r} is not allowed here" if error.validator == "const" else str(error.message)
        raise Failed(
            msg(
                "The answer is not a valid {schema} of the contract at {place}: {detail}",
                schema=schema,
                place=".".join(map(str, error.absolute_path)) or "body",
                detail=shown(detail),
            )
        )
    found: Json = value
    return found


def shown(value: object) -> Message:
    """Return a value as it is shown: the beginning of a long one."""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    return literal(text if len(text) <= _MAX_DETAIL else f"{text[:_MAX_DETAIL]}…")


def expect_results(response: HttpResponse, reports: Sequence[Mapping[str, Any]], schema: str) -> list[Json]:
    """Return the results of a call: one for each report, in the order sent."""
    results: list[Json] = expect_json(response, schema)["results"]
    if len(results) != len(reports):
        raise Failed(msg("Reports sent: {reports}; results: {results}.", reports=len(reports), results=len(results)))
    for number, (result, report) in enumerate(zip(results, reports, strict=True), 1):
        if result["id"] != report["id"]:
            raise Failed(
                msg(
                    "Result {number} of {count} is of {id}, not of {expected}.",
                    number=number,
                    count=len(results),
                    id=shown(result["id"]),
                    expected=shown(report["id"]),
                )
            )
    return results


def state_of(result: Mapping[str, Any]) -> State:
    """Return the state that a report with this result gets."""
    return Status(result["status"]).state


def need_verdict(result: Mapping[str, Any]) -> None:
    """Skip the check if the server has not decided about a report."""
    undecided = state_of(result) in {State.PENDING, State.QUEUED}
    need(not undecided, msg("The server has not decided: the report is {status}.", status=str(result["status"])))


def expect_same_receipt(receipt: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Fail unless both are one receipt. A server may say more in one place than in another."""
    known = ("number", "issued_at", "sha256")
    expect_equal("receipt", {name: receipt[name] for name in known}, {name: expected[name] for name in known})


def expect_receipt(result: Mapping[str, Any], expected: Mapping[str, Any] | None = None) -> Json:
    """Return the receipt of a result; fail if it has none, or another than `expected`. Needs a verdict."""
    need_verdict(result)
    receipt = result["receipt"]
    if receipt is None:
        raise Failed(msg("The result has no receipt; its status is {status}.", status=str(result["status"])))
    if expected is not None:
        expect_same_receipt(receipt, expected)
    found: Json = receipt
    return found


def expect_accepted(result: Mapping[str, Any]) -> None:
    """Fail unless a report was accepted, or is pending, as where people decide. Skip the check if it is deferred."""
    if state_of(result) is State.QUEUED:
        need_verdict(result)
    if result["status"] not in {"accepted", "pending"}:
        found = ", ".join(f"{each['field'] or '-'} {each['code']}" for each in result["errors"])
        raise Failed(msg("A good report is {status} ({errors}).", status=str(result["status"]), errors=found or "-"))


def expect_rejected(result: Mapping[str, Any], expected: str = "") -> None:
    """Fail unless a report was rejected, with an error of this code, or of this field and code. Needs a verdict."""
    need_verdict(result)
    status = str(result["status"])
    expect(status == "rejected", msg("The report is {status}, not rejected.", status=status))
    errors = [f"{each['field'] or '-'} {each['code']}" for each in result["errors"]]
    found = any(f" {each}".endswith(f" {expected}") for each in errors)
    expect(
        found or not expected,
        msg("The errors are {found}, without {expected}.", found=shown(", ".join(errors)), expected=expected),
    )
