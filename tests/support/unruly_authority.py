"""A training authority over HTTP that misbehaves at random until `calm` is called."""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import cycle
from typing import Any, cast

from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from apoa_client.sandbox.faults import OK, Faults, Route, Step
from apoa_client.sandbox.server import SandboxServer
from apoa_client.sandbox.service import Service

LINE = ("drop", "lost", "portal", "redirect", "truncated", "empty", "huge", "500", "502", "504")
"""Faults of the line and of the whole server."""
STEPS: dict[str, tuple[Step, ...]] = {
    Route.REPORTS: (
        *map(Step, LINE),
        *(Step("400"), Step("413"), Step("429", 1), Step("503"), Step("503", 1), Step("slow", 0.2), Step("defer", 1)),
        Step("pending"),
    ),
    Route.META: (*map(Step, LINE), Step("503"), Step("slow", 0.2)),
    Route.RESULT: (*map(Step, LINE), Step("pending"), Step("defer", 1)),
    Route.TOKEN: tuple(map(Step, LINE)),
    Route.PHOTO: (*map(Step, LINE), Step("403"), Step("429", 1), Step("503"), Step("503", 1), Step("slow", 0.2)),
}
"""Without those that suspend sending until a user logs in, and those that refuse a report or a photo for good."""

LISTS: dict[str, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]] = {
    "short-list": lambda results: results[:-1],
    "shuffled-list": lambda results: [*reversed(results), *results],
    "foreign-ids": lambda results: [{**each, "id": f"00000000-0000-4000-8000-{each['id'][-12:]}"} for each in results],
}
"""What becomes of a list of results."""

POISONS = ("unknown status", "long receipt number", "errors: null", "HTML 403", "HTML 404")
"""What one report makes of every answer in which it is."""
_EVERY = 10
"""One report of so many is poisoned."""
_HTML = "<!DOCTYPE html><title>Proxy</title><p>No.</p>"


class UnrulyAuthority(SandboxServer):
    """A `SandboxServer` that follows the contract before `misbehave` and after `calm_down`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.faults_done: Counter[str] = Counter()
        self._chance: random.Random | None = None
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()

    def misbehave(self, chance: random.Random) -> None:
        """Begin with the faults."""
        self._chance = chance

    def calm_down(self) -> None:
        """End all faults."""
        self._chance = None

    def happens(self, probability: float) -> bool:
        """Whether something happens this time."""
        with self._lock:
            return self._chance is not None and self._chance.random() < probability

    def poison_of(self, report_id: str) -> str | None:
        """What this report makes of answers; the same each time."""
        with self._lock:
            number = self._seen.setdefault(report_id, len(self._seen))
            poisoned = self._chance is not None and number % _EVERY == 0
            return POISONS[number // _EVERY % len(POISONS)] if poisoned else None

    def _service(self) -> Service:
        service = replace(super()._service(), faults=_RandomFaults(self))
        return cast("Service", _UnrulyService(service, self))


class _RandomFaults(Faults):
    """Each step in turn, at random times."""

    def __init__(self, authority: UnrulyAuthority) -> None:
        super().__init__()
        self._authority = authority
        self._steps = {route: cycle(steps) for route, steps in STEPS.items()}

    def next(self, route: str) -> Step:
        if route not in STEPS or not self._authority.happens(0.4 if route == Route.REPORTS else 0.1):
            return OK
        step = next(self._steps[route])
        self._authority.faults_done[f"{route}: {step.name}"] += 1
        return step


class _UnrulyService:
    """The service, with wrong results in its answers."""

    def __init__(self, service: Service, authority: UnrulyAuthority) -> None:
        self._inner = service
        self._authority = authority
        self._lists = cycle(LISTS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ.pop("HTTP_ACCEPT_ENCODING", None)  # so that the answer can be read here
        response = Response(*run_wsgi_app(self._inner, environ))
        value = _json_of(response)
        if "results" in value:
            response = self._altered_list(response, value)
        elif "warnings" in value:
            response = self._altered_result(response, value)
        return response(environ, start_response)

    def _altered_list(self, response: Response, value: Mapping[str, Any]) -> Response:
        found = [self._authority.poison_of(each["id"]) for each in value["results"]]
        self._authority.faults_done["answers about reports"] += 1
        self._authority.faults_done.update(filter(None, found))
        html = next((poison for poison in found if poison is not None and poison.startswith("HTML")), None)
        if html is not None:
            return Response(_HTML, int(html.split()[1]), mimetype="text/html")
        results = [_poisoned(each, poison) for each, poison in zip(value["results"], found, strict=True)]
        if self._authority.happens(0.1):
            fault = next(self._lists)
            self._authority.faults_done[f"reports: {fault}"] += 1
            results = LISTS[fault](results)
        response.set_data(json.dumps({**value, "results": results}))
        return response

    def _altered_result(self, response: Response, value: Mapping[str, Any]) -> Response:
        """Answers to a question about one report: every second poison is there, too."""
        poison = self._authority.poison_of(value["id"])
        if poison is None or value["id"][-1] in "02468ace":
            return response
        self._authority.faults_done[f"{poison}, asked again"] += 1
        if poison.startswith("HTML"):
            return Response(_HTML, int(poison.split()[1]), mimetype="text/html")
        response.set_data(json.dumps(_poisoned(value, poison)))
        return response


def _json_of(response: Response) -> Mapping[str, Any]:
    try:
        value = json.loads(response.get_data())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _poisoned(result: Mapping[str, Any], poison: str | None) -> dict[str, Any]:
    if poison == "unknown status":
        return {**result, "status": "archived"}
    if poison == "long receipt number" and result["receipt"] is not None:
        return {**result, "receipt": {**result["receipt"], "number": "9" * 101}}
    if poison == "errors: null":
        return {**result, "errors": None}
    return dict(result)
