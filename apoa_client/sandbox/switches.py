"""Faults that the page turns on and off while the authority runs. They are steps, as in a fault script."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apoa_client.matching import fold
from apoa_client.sandbox.changes import Changes
from apoa_client.sandbox.faults import Route, Step
from apoa_client.sandbox.rules import member

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
    guest: str = field(default="", repr=False)
    """For `reject`: part of the name of the guest whose reports are refused; empty for every report."""


class Switches:
    """The faults that are on. Each change counts in `changes`. Safe to use from several threads."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._lock = threading.Lock()
        self._on: dict[str, Switch] = {}

    def turn_on(self, switch: Switch) -> None:
        """Turn on a fault, or change how it is on."""
        with self._lock:
            if switch.step.name in _ENDINGS:
                self._on = {name: each for name, each in self._on.items() if name not in _ENDINGS}
            self._on[switch.step.name] = switch
        self._changes.add()

    def turn_off(self, name: str) -> None:
        """Turn off a fault, if it is on."""
        with self._lock:
            was_on = self._on.pop(name, None) is not None
        if was_on:
            self._changes.add()

    def on(self) -> dict[str, Switch]:
        """Return the faults that are on, by their names."""
        with self._lock:
            return {name: self._on[name] for name in NAMES if name in self._on}

    def steps(self, route: str) -> list[Step]:
        """Return the steps for a call of this route, and turn off those that apply once."""
        used = [each for name, each in self.on().items() if route in _ROUTES[name]]
        return [each.step for each in used if self._use(each)]

    def refuse(self, report: Mapping[str, Any]) -> bool:
        """Return whether this valid report is refused, and turn `reject` off if it applies once."""
        switch = self.on().get("reject")
        return switch is not None and _is_of(switch.guest, report) and self._use(switch)

    def _use(self, switch: Switch) -> bool:
        """Turn off a switch that applies once. Returns False if another call has used it in the meantime."""
        with self._lock:
            if self._on.get(switch.step.name) is not switch:
                return False
            if switch.once:
                del self._on[switch.step.name]
        if switch.once:
            self._changes.add()
        return True


def _is_of(name: str, report: Mapping[str, Any]) -> bool:
    """Whether each word of `name` is in the guest's names, without case and accents."""
    names = [fold(str(member(report, "guest", part) or "")) for part in ("surname", "given_names")]
    return all(any(fold(word) in part for part in names) for word in name.split())
