"""Fault scripts of the sandbox: which steps there are, and how a script is parsed. `fault_injection` carries them out.

A script is a list of steps with commas between them. Each call uses one step; after the last one all calls work. A
step applies to ``POST /reports`` unless it starts with a route: ``503=5,lost,pending*2,token:401``.
"""

import re
import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from apoa_client.errors import UsageProblem
from apoa_client.messages import msg
from apoa_client.ports.authority import Status

MAX_REPEATS = 10_000
MAX_SECONDS = 3_600

_STEP = re.compile(r"(?:(?P<route>[a-z]+):)?(?P<name>[a-z0-9-]+)(?:=(?P<amount>[0-9.]+))?(?:\*(?P<times>[0-9]+))?")

_HTTP_ERRORS = frozenset({"400", "401", "403", "413", "429", "500", "502", "503", "504"})
_WITH_RETRY_AFTER = frozenset({"429", "503"})
_NEED_AMOUNT = frozenset({"slow", "defer"})
_LINE = frozenset({"ok", "drop", "lost", "slow", "portal", "redirect", "truncated", "empty", "huge"})
_STATUSES = {
    "pending": Status.PENDING,
    "reject": Status.REJECTED,
    "duplicate": Status.DUPLICATE,
    "defer": Status.DEFERRED,
}
_VERDICTS = frozenset({*_STATUSES, "foreign-ids", "unknown-status"})


class Route(StrEnum):
    """The calls that a step can apply to."""

    REPORTS = "reports"
    TOKEN = "token"  # noqa: S105  the name of a route
    META = "meta"
    RESULT = "result"
    CODES = "codes"
    PHOTO = "photo"


POSSIBLE = {
    Route.REPORTS: _HTTP_ERRORS | _LINE | _VERDICTS | {"short-list", "shuffled-list", "one-unreadable"},
    Route.RESULT: _HTTP_ERRORS | _LINE | _VERDICTS,
    Route.TOKEN: _HTTP_ERRORS | _LINE,
    Route.META: _HTTP_ERRORS | _LINE,
    Route.CODES: _HTTP_ERRORS | _LINE,
    Route.PHOTO: _HTTP_ERRORS | _LINE | {"409"},
}
"""The steps of each call."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fault. `amount` is seconds, for the steps that have them."""

    name: str
    amount: float | None = None

    @property
    def http_status(self) -> int | None:
        """The status of an HTTP error step, or None for other steps."""
        return int(self.name) if self.name.isdecimal() else None

    @property
    def status(self) -> Status:
        """The verdict of a valid report in this call."""
        return _STATUSES.get(self.name, Status.ACCEPTED)

    @property
    def is_of_line(self) -> bool:
        """Whether the step is a fault of the line or of the whole server, and leaves each result as it is."""
        return self.name in _LINE or self.http_status is not None

    @property
    def seconds(self) -> int:
        """`amount` in whole seconds, for headers and results."""
        return int(self.amount or 0)


OK = Step("ok")


class Faults:
    """The unused steps of a script. Safe to use from several threads."""

    def __init__(self, script: str = "") -> None:
        self._lock = threading.Lock()
        self._left: dict[str, deque[Step]] = {route: deque() for route in Route}
        for text in filter(None, (part.strip() for part in script.split(","))):
            route, step, times = _parse_step(text)
            self._left[route].extend([step] * times)

    def next(self, route: str) -> Step:
        """Take the next step of `route`; `OK` when none is left, or when no step can apply to that route."""
        with self._lock:
            left = self._left.get(route)
            return left.popleft() if left else OK


def _parse_step(text: str) -> tuple[Route, Step, int]:
    match = _STEP.fullmatch(text)
    if match is None:
        raise _unknown(text, Route.REPORTS)
    try:
        route = Route(match["route"] or Route.REPORTS)
    except ValueError:
        raise _unknown(text, Route.REPORTS) from None
    times = int(match["times"] or 1)
    if match["name"] not in POSSIBLE[route] or not 1 <= times <= MAX_REPEATS:
        raise _unknown(text, route)
    return route, Step(match["name"], _parse_amount(text, route, match["name"], match["amount"])), times


def _parse_amount(text: str, route: Route, name: str, amount: str | None) -> float | None:
    if amount is None:
        if name in _NEED_AMOUNT:
            raise _unknown(text, route)
        return None
    if name not in _NEED_AMOUNT | _WITH_RETRY_AFTER:
        raise _unknown(text, route)
    try:
        seconds = float(amount)
    except ValueError:
        raise _unknown(text, route) from None
    if seconds > MAX_SECONDS or (name != "slow" and not seconds.is_integer()):
        raise _unknown(text, route)
    return seconds


def _unknown(text: str, route: Route) -> UsageProblem:
    return UsageProblem(
        msg("The fault script has an unknown step: {step}", step=text),
        msg(
            "Possible for {route}: {steps}. Write 429=SECONDS, 503=SECONDS, slow=SECONDS and defer=SECONDS; "
            "STEP*2 repeats a step; a route may come before it: {routes}.",
            route=route.value,
            steps=", ".join(sorted(POSSIBLE[route])),
            routes=", ".join(f"{each.value}:" for each in Route),
        ),
        name="bad_fault_script",
    )
