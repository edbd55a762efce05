"""An authority in memory, behind the port: small, independent of the sandbox and of HTTP, and as unlucky as it is told.

It keeps what it acquired, so that a test asserts on what arrived and not on which calls were made. Misfortunes are
written in the words of the sandbox's fault scripts: ``simulator.script("503=5,lost,pending*2,token:401")``.
"""

import json
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apoa_client.errors import (
    AccountSuspended,
    ApoaError,
    AuthorityBusy,
    CallRefused,
    NotTheAuthority,
    TimedOut,
    TooLarge,
    UnknownOutcome,
    WrongPassword,
)
from apoa_client.messages import literal, msg
from apoa_client.ports import Meta, Status, Verdict
from apoa_client.report.findings import Finding
from apoa_client.report.kinds import Receipt

DAWN = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

_REFUSED: dict[str, type[ApoaError]] = {
    "400": CallRefused,
    "401": WrongPassword,
    "403": AccountSuspended,
    "413": TooLarge,
    "500": UnknownOutcome,
    "502": UnknownOutcome,
    "504": UnknownOutcome,
    "drop": UnknownOutcome,
    "portal": NotTheAuthority,
    "redirect": NotTheAuthority,
}
_SPOILT: dict[str, type[ApoaError]] = {
    "lost": UnknownOutcome,
    "truncated": NotTheAuthority,
    "empty": NotTheAuthority,
    "huge": NotTheAuthority,
    "foreign-ids": NotTheAuthority,
    "short-list": NotTheAuthority,
    "unknown-status": NotTheAuthority,
}
_VERDICTS = {"pending", "reject", "duplicate", "defer"}
_KNOWN = _REFUSED.keys() | _SPOILT.keys() | _VERDICTS | {"ok", "429", "503", "slow"}
_ROUTES = {"reports", "token", "meta", "result", "codes"}


@dataclass(frozen=True)
class Step:
    name: str = "ok"
    amount: float | None = None


@dataclass
class Kept:
    """What is known of one report."""

    content: dict[str, Any]
    verdict: Verdict


class AuthoritySimulator:
    """`ports.Authority`. One 401 is answered with a fresh token, as the contract has it; two are a wrong password."""

    def __init__(
        self, *, now: datetime = DAWN, max_batch: int = 500, max_body_bytes: int = 1 << 20, patience_s: float = 5.0
    ) -> None:
        self.now = now
        self.max_batch = max_batch
        self.max_body_bytes = max_body_bytes
        self.patience_s = patience_s
        self.password_is_right = True
        self.acquired: dict[str, Receipt] = {}
        """The receipt of each report that was acquired, in the order of acquisition."""
        self.batches: list[list[str]] = []
        """The ids of every submission that came as far as the authority's door, lucky or not."""
        self.asked: list[str] = []
        """The ids whose verdict was asked for."""
        self.known: dict[str, Kept] = {}
        self._steps: dict[str, deque[Step]] = defaultdict(deque)
        self._has_token = False
        self._numbers = 0

    @property
    def order(self) -> list[str]:
        """Ids in the order in which they were acquired."""
        return list(self.acquired)

    @property
    def unused(self) -> dict[str, int]:
        """How many steps of the script are left, by route."""
        return {route: len(steps) for route, steps in self._steps.items() if steps}

    def script(self, text: str) -> None:
        """Add steps to the script."""
        for part in filter(None, (each.strip() for each in text.split(","))):
            head, _, times = part.partition("*")
            route, _, step = head.rpartition(":")
            name, _, amount = step.partition("=")
            assert name in _KNOWN, f"no such step: {part}"
            assert (route or "reports") in _ROUTES, f"no such route: {part}"
            self._steps[route or "reports"].extend([Step(name, float(amount) if amount else None)] * int(times or 1))

    def meta(self) -> Meta:
        step = self._begin("meta")
        self._end(step)
        return Meta(
            contract="1.0",
            environment="training",
            server_time=self.now,
            max_batch=self.max_batch,
            max_body_bytes=self.max_body_bytes,
            accepts_gzip=True,
            reporting_window_hours=24,
            property_id="P-1",
            property_name="Wisma Melati",
            property_office=None,
        )

    def submit(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        self.batches.append([each[0] for each in bodies])
        step = self._begin("reports")
        if len(bodies) > self.max_batch or sum(len(body) for _, body in bodies) > self.max_body_bytes:
            raise _error(TooLarge)
        verdicts = [self._receive(report_id, json.loads(body), step) for report_id, body in bodies]
        self._end(step)
        return verdicts

    def validate(self, bodies: Sequence[tuple[str, bytes]]) -> list[Verdict]:
        """What `submit` would answer; nothing is acquired, and no step of the script is used up."""
        kept = (dict(self.known), dict(self.acquired), self._numbers)
        verdicts = [self._receive(report_id, json.loads(body), Step()) for report_id, body in bodies]
        self.known, self.acquired, self._numbers = kept
        return [
            each if each.receipt in kept[1].values() else Verdict(each.id, each.status, None, each.errors)
            for each in verdicts
        ]

    def verdict(self, report_id: str) -> Verdict | None:
        self.asked.append(report_id)
        step = self._begin("result")
        kept = self.known.get(report_id)
        if kept is not None and step.name == "defer":
            return Verdict(report_id, Status.DEFERRED, retry_after=int(step.amount or 0))
        if kept is not None and kept.verdict.status is Status.PENDING:
            kept.verdict = self._judged(report_id, step)
        self._end(step)
        return kept.verdict if kept is not None else None

    def receipt(self, report_id: str) -> Receipt | None:
        self._begin("receipt")
        kept = self.known.get(report_id)
        return kept.verdict.receipt if kept is not None else None

    def receipt_pdf(self, report_id: str) -> bytes | None:
        return b"%PDF-1.7\n%%EOF\n" if self.receipt(report_id) is not None else None

    def _receive(self, report_id: str, report: dict[str, Any], step: Step) -> Verdict:
        kept = self.known.get(report_id)
        if kept is not None:
            return kept.verdict if kept.content == report else _rejected(report_id, "id", "id_conflict")
        if step.name == "defer":
            return Verdict(report_id, Status.DEFERRED, retry_after=int(step.amount or 0))
        verdict = self._out_of_order(report_id, report) or self._covered(report_id, report)
        self.known[report_id] = Kept(report, verdict or self._judged(report_id, step))
        return self.known[report_id].verdict

    def _judged(self, report_id: str, step: Step) -> Verdict:
        if step.name == "reject":
            return _rejected(report_id, "", "scripted")
        if step.name == "pending":
            return Verdict(report_id, Status.PENDING)
        self._numbers += 1
        self.acquired[report_id] = Receipt(f"SIM-{self._numbers:04}", self.now)
        status = Status.DUPLICATE if step.name == "duplicate" else Status.ACCEPTED
        return Verdict(report_id, status, self.acquired[report_id])

    def _out_of_order(self, report_id: str, report: dict[str, Any]) -> Verdict | None:
        if report["kind"] == "check_in" or any(
            each.content["stay_id"] == report["stay_id"] and each.content["kind"] == "check_in"
            for each in self.known.values()
            if each.verdict.status is not Status.REJECTED
        ):
            return None
        return _rejected(report_id, "stay_id", "unknown_stay")

    def _covered(self, report_id: str, report: dict[str, Any]) -> Verdict | None:
        """The same document and night of check-in, under another stay, is a duplicate."""
        if report["kind"] != "check_in":
            return None
        for other_id, other in self.known.items():
            same = other.content["kind"] == "check_in" and _who_and_when(other.content) == _who_and_when(report)
            if same and other_id in self.acquired and other.content["stay_id"] != report["stay_id"]:
                return Verdict(report_id, Status.DUPLICATE, self.acquired[other_id])
        return None

    def _begin(self, route: str) -> Step:
        """The call's step, when the call came as far as the authority; raises what comes of it otherwise."""
        self._log_in()
        step = self._next(route)
        if step.name == "401":
            self._has_token = False
            self._log_in()
            step = self._next(route)
        _refuse(step)
        return step

    def _log_in(self) -> None:
        if self._has_token:
            return
        step = self._next("token")
        _refuse(step)
        self._end(step)
        if not self.password_is_right:
            raise _error(WrongPassword)
        self._has_token = True

    def _next(self, route: str) -> Step:
        return self._steps[route].popleft() if self._steps[route] else Step()

    def _end(self, step: Step) -> None:
        """What becomes of an answer on its way back."""
        if step.name in _SPOILT:
            raise _error(_SPOILT[step.name])
        if step.name == "slow" and (step.amount or 0) >= self.patience_s:
            raise _error(TimedOut)


def _refuse(step: Step) -> None:
    if step.name == "429" or (step.name == "503" and step.amount is not None):
        wait = int(step.amount) if step.amount is not None else None
        raise AuthorityBusy(msg("The simulator is busy."), retry_after=wait)
    if step.name == "503":
        raise _error(UnknownOutcome)
    if step.name in _REFUSED:
        raise _error(_REFUSED[step.name])


def _error(kind: type[ApoaError]) -> ApoaError:
    return kind(msg("The simulator was told to fail."))


def _rejected(report_id: str, field: str, code: str) -> Verdict:
    return Verdict(report_id, Status.REJECTED, errors=(Finding(field, code, literal("No.")),))


def _who_and_when(report: dict[str, Any]) -> tuple[str, str]:
    return report["guest"]["document"]["number"], report["stay"]["check_in"][:10]
