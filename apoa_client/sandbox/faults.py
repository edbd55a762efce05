"""Faults of the sandbox: which steps there are, how a script is parsed, and how a step is carried out.

A script is a list of steps with commas between them. Each call uses one step; after the last one all calls work, unless
the page has turned a fault on. A step applies to ``POST /reports`` unless it starts with a route:
``503=5,lost,pending*2,token:401``.
"""

import json
import re
import socket
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import NoReturn

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from apoa_client.errors import UsageProblem
from apoa_client.messages import N_, msg
from apoa_client.ports.authority import Status
from apoa_client.sandbox.validation import Refusal

MAX_REPEATS = 10_000
MAX_SECONDS = 3_600
REDIRECT_TARGET = "https://login.hotel.invalid/"
"""A name that never resolves (RFC 2606 §2), so that following the redirect always fails."""

_STEP = re.compile(r"(?:([a-z]+):)?([a-z0-9-]+)(?:=([0-9]{1,5}(?:\.[0-9]+)?))?(?:\*([0-9]{1,9}))?", re.ASCII)
_HTTP_ERRORS = frozenset({"400", "401", "403", "413", "429", "500", "502", "503", "504"})
_MAY_HAVE_SECONDS = frozenset({"429", "503", "slow", "defer"})
_NEED_SECONDS = frozenset({"slow", "defer"})
_LINE = frozenset({"ok", "drop", "lost", "slow", "portal", "redirect", "truncated", "empty", "huge"})
_STATUSES = {
    "pending": Status.PENDING,
    "reject": Status.REJECTED,
    "duplicate": Status.DUPLICATE,
    "defer": Status.DEFERRED,
}
_HUGE = 1 << 20
_PORTAL = """<!DOCTYPE html>
<html lang="en"><head><title>Hotel Wi-Fi</title></head>
<body><h1>Welcome to our Wi-Fi</h1><form method="post"><input name="room"><button>Connect</button></form></body></html>
"""


class Route(StrEnum):
    """The calls that a step can apply to."""

    REPORTS = "reports"
    TOKEN = "token"  # noqa: S105  the name of a route
    META = "meta"
    RESULT = "result"
    CODES = "codes"
    PHOTO = "photo"


POSSIBLE: dict[str, frozenset[str]] = {
    Route.REPORTS: _HTTP_ERRORS | _LINE | _STATUSES.keys(),
    Route.RESULT: _HTTP_ERRORS | _LINE | _STATUSES.keys(),
    Route.TOKEN: _HTTP_ERRORS | _LINE,
    Route.META: _HTTP_ERRORS | _LINE,
    Route.CODES: _HTTP_ERRORS | _LINE,
    Route.PHOTO: _HTTP_ERRORS | _LINE | {"409"},
}
"""The steps of each call."""

_PENDING_ROUTES = frozenset({Route.REPORTS, Route.RESULT})
"""While the page has turned `pending` on, the authority does not decide when it is asked either."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fault. `amount` is seconds, for the steps that have them."""

    name: str
    amount: float | None = None

    @property
    def status(self) -> Status:
        """The verdict of a valid report in this call."""
        return _STATUSES.get(self.name, Status.ACCEPTED)

    @property
    def seconds(self) -> int:
        """`amount` in whole seconds, for headers and results."""
        return int(self.amount or 0)


OK = Step("ok")


@dataclass(frozen=True, slots=True)
class Switch:
    """A fault of ``POST /reports`` that is on. `once`: it turns itself off when a call has used it."""

    step: Step
    once: bool


class Faults:
    """The unused steps of a script, and the fault that the page has turned on. Safe to use from several threads."""

    def __init__(self, script: str = "") -> None:
        self._lock = threading.Lock()
        self.switch: Switch | None = None
        self.changes = 0
        """How many changes of `switch` there were."""
        self._left: dict[str, deque[Step]] = {route: deque() for route in Route}
        for text in filter(None, (part.strip() for part in script.split(","))):
            route, step, times = _parse_step(text)
            self._left[route].extend([step] * times)

    def turn(self, switch: Switch | None) -> None:
        """Turn a fault on in place of the one that is on, or turn that one off."""
        with self._lock:
            self._turn(switch)

    def next(self, route: str) -> Step:
        """Take the next step of `route`, else the fault that is on; `OK` when none applies to that route."""
        with self._lock:
            left = self._left.get(route)
            if left:
                return left.popleft()
            switch = self.switch
            if switch is None or route not in (_PENDING_ROUTES if switch.step.name == "pending" else {Route.REPORTS}):
                return OK
            if switch.once:
                self._turn(None)
            return switch.step

    def _turn(self, switch: Switch | None) -> None:
        self.changes += switch != self.switch
        self.switch = switch


def _parse_step(text: str) -> tuple[str, Step, int]:
    match = _STEP.fullmatch(text)
    route, name, amount, times = match.groups() if match is not None else ("", "", None, None)
    route = Route.REPORTS if route is None else route
    seconds = None if amount is None else float(amount)
    if name not in POSSIBLE.get(route, ()) or not 1 <= int(times or 1) <= MAX_REPEATS:
        raise _unknown(text, route)
    if (name in _NEED_SECONDS) if seconds is None else (name not in _MAY_HAVE_SECONDS or seconds > MAX_SECONDS):
        raise _unknown(text, route)
    if seconds is not None and name != "slow" and not seconds.is_integer():
        raise _unknown(text, route)
    return route, Step(name, seconds), int(times or 1)


def _unknown(text: str, route: str) -> UsageProblem:
    route = route if route in POSSIBLE else Route.REPORTS
    return UsageProblem(
        msg("The fault script has an unknown step: {step}", step=text),
        msg(
            "Possible for {route}: {steps}. Write 429=SECONDS, 503=SECONDS, slow=SECONDS and defer=SECONDS; "
            "STEP*2 repeats a step; a route may come before it: {routes}.",
            route=str(route),
            steps=", ".join(sorted(POSSIBLE[route])),
            routes=", ".join(f"{each.value}:" for each in Route),
        ),
        name="bad_fault_script",
    )


def respond_early(request: Request, step: Step, stopping: threading.Event) -> Response | None:
    """The response that the step gives before the call is processed, if any.

    Raises `Refusal`, or `ConnectionAbortedError` to hang up. `stopping` ends a slow step.
    """
    if step.name.isdecimal():
        status = int(step.name)
        headers = [("Retry-After", str(step.seconds))] if step.amount is not None else []
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", 'Bearer realm="apoa-training"'))
        raise Refusal(status, N_("The training script asks for this error."), (), tuple(headers))
    if step.name == "drop" or (step.name == "slow" and stopping.wait(step.amount)):
        _hang_up(request)
    if step.name == "portal":
        return Response(_PORTAL, 200, mimetype="text/html")
    if step.name == "redirect":
        return Response(status=302, headers={"Location": REDIRECT_TARGET})
    return None


def altered_response(request: Request, step: Step, response: Response) -> Response:
    """The response to a processed call, broken as the step says. Raises `ConnectionAbortedError` to hang up."""
    if step.name == "lost":
        _hang_up(request)
    body = response.get_data()
    if step.name == "truncated":
        response.set_data(body[: len(body) // 2])
    elif step.name == "empty":
        response.set_data(b"")
    elif step.name == "huge" and body:
        # The same JSON, longer than the contract lets a client read.
        response.set_data(json.dumps({**json.loads(body), "padding": " " * _HUGE}).encode())
    return response


def _hang_up(request: Request) -> NoReturn:
    """Close the connection without a response, as a broken line does."""
    with suppress(HTTPException, OSError):
        request.get_data(cache=False)
    connection: socket.socket = request.environ["werkzeug.socket"]
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
