"""Faults that the page turns on and off, and how the steps of a fault script are applied.

Faults are applied before the call is processed, in its results, and in its response.
"""

import json
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import NoReturn

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from apoa_client.messages import N_
from apoa_client.sandbox.decisions import Result
from apoa_client.sandbox.faults import Route, Step
from apoa_client.sandbox.validation import Refusal

REDIRECT_TARGET = "https://login.hotel.invalid/"
"""A name that never resolves (RFC 2606 §2), so that following the redirect always fails."""

_HUGE = 1 << 20
_FOREIGN_ID = "00000000-0000-4000-8000-{:012x}"
_PORTAL = """<!DOCTYPE html>
<html lang="en"><head><title>Hotel Wi-Fi</title></head>
<body><h1>Welcome to our Wi-Fi</h1><form method="post"><input name="room"><button>Connect</button></form></body></html>
"""


def altered_results(step: Step, results: list[Result]) -> list[Result]:
    """The results of a call, broken as the step says."""
    if step.name == "foreign-ids":
        return [replace(result, id=_FOREIGN_ID.format(index)) for index, result in enumerate(results)]
    if step.name == "short-list":
        return results[:-1]
    if step.name == "shuffled-list":
        return [*reversed(results), *results]
    if step.name == "one-unreadable":
        return [*results[:-1], replace(results[-1], status="archived")]
    if step.name == "unknown-status":
        return [replace(result, status="archived") for result in results]
    return results


def respond_early(request: Request, step: Step, stopping: threading.Event) -> Response | None:
    """The response that the step gives before the call is processed, if any.

    Raises `Refusal`, or `ConnectionAbortedError` to hang up. `stopping` ends a slow step.
    """
    status = step.http_status
    if status is not None:
        headers = [("Retry-After", str(step.seconds))] if step.amount is not None else []
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append(("WWW-Authenticate", 'Bearer realm="apoa-training"'))
        raise Refusal(status, N_("The training script asks for this error."), (), tuple(headers))
    if step.name == "drop" or (step.name == "slow" and stopping.wait(step.amount)):
        hang_up(request)
    if step.name == "portal":
        return Response(_PORTAL, 200, mimetype="text/html")
    if step.name == "redirect":
        return Response(status=302, headers={"Location": REDIRECT_TARGET})
    return None


def altered_response(request: Request, step: Step, response: Response) -> Response:
    """The response to a processed call, broken as the step says. Raises `ConnectionAbortedError` to hang up."""
    if step.name == "lost":
        hang_up(request)
    body = response.get_data()
    if step.name == "truncated":
        response.set_data(body[: len(body) // 2])
    elif step.name == "empty":
        response.set_data(b"")
    elif step.name == "huge" and body:
        # The same JSON, longer than the contract lets a client read.
        response.set_data(json.dumps({**json.loads(body), "padding": " " * _HUGE}).encode())
    return response


def hang_up(request: Request) -> NoReturn:
    """Close the connection without a response, as a broken line does."""
    with suppress(HTTPException, OSError):
        request.get_data(cache=False)
    connection: socket.socket = request.environ["werkzeug.socket"]
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


_ROUTES = {
    "slow": {Route.REPORTS},
    "drop": {Route.REPORTS},
    "lost": {Route.REPORTS},
    "503": {Route.REPORTS},
    "portal": {Route.REPORTS},
    # While it is on, the authority does not decide when it is asked either.
    "pending": {Route.REPORTS, Route.RESULT},
    "reject": set(),
}
"""The calls to which each fault applies. `reject` applies to single reports."""

NAMES = tuple(_ROUTES)
"""The faults of the page, by the names of their steps."""

SECONDS = (5, 15, 30, 60)
"""How slow the page can make the authority."""
RETRY_AFTER_S = 30
"""The seconds after which a busy authority wants to be asked again."""

_ENDINGS = frozenset({"drop", "lost", "503", "portal"})
"""The faults of which a call can have only one: turning on one of them turns off the others."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A fault that is on. `once`: it turns itself off when it has been used."""

    step: Step
    once: bool


class Switches:
    """The faults that are on. Safe to use from several threads."""

    def __init__(self) -> None:
        self.changes = 0
        """How many changes there were."""
        self._lock = threading.Lock()
        self._on: dict[str, Switch] = {}

    def turn_on(self, switch: Switch) -> None:
        """Turn on a fault, or change how it is on."""
        with self._lock:
            if switch.step.name in _ENDINGS:
                self._on = {name: each for name, each in self._on.items() if name not in _ENDINGS}
            self._on[switch.step.name] = switch
            self.changes += 1

    def turn_off(self, name: str) -> None:
        """Turn off a fault, if it is on."""
        with self._lock:
            self.changes += self._on.pop(name, None) is not None

    def on(self) -> dict[str, Switch]:
        """Return the faults that are on, by their names."""
        with self._lock:
            return {name: self._on[name] for name in NAMES if name in self._on}

    def steps(self, route: str) -> list[Step]:
        """Return the steps for a call of this route, and turn off those that apply once."""
        used = [each for name, each in self.on().items() if route in _ROUTES[name]]
        return [each.step for each in used if self._use(each)]

    def refuse(self) -> bool:
        """Return whether a valid report is refused, and turn `reject` off if it applies once."""
        switch = self.on().get("reject")
        return switch is not None and self._use(switch)

    def _use(self, switch: Switch) -> bool:
        """Turn off a switch that applies once. Returns False if another call has used it in the meantime."""
        with self._lock:
            if self._on.get(switch.step.name) is not switch:
                return False
            if switch.once:
                del self._on[switch.step.name]
                self.changes += 1
        return True
